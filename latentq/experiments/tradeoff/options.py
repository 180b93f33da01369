"""The options of the experiment."""

from typing import Annotated

from annotated_types import Ge, Le
from pydantic import Field

from latentq.config.fields import Folder
from latentq.config.marks import Commas
from latentq.config.schema.data import AUTO
from latentq.experiments.record import SeededOptions

Centres = Annotated[int, Ge(1), Le(10_000)]
Spread = Annotated[float, Ge(0), Le(10)]


class Options(SeededOptions):
    """What is compared."""

    checkpoint: Folder = Field(
        "checkpoints/quantum", description="an unconditional quantum model, whose states are data"
    )
    quantum: Annotated[tuple[Folder, ...], Commas()] = Field(
        ("checkpoints/quantum",), description="quantum models with the same autoencoder"
    )
    names: Annotated[tuple[str, ...], Commas()] | None = Field(
        None, description="what to call them; null: as their folders"
    )
    others: Annotated[tuple[Folder, ...], Commas()] | None = Field(
        None, description="other priors with the same autoencoder, such as a latent diffusion"
    )
    vae: Folder | None = Field("checkpoints/classical", description="a VAE; null: none")
    features: Folder = Field(AUTO, description="the classifier; auto is that of the data")
    centres: Annotated[tuple[Centres, ...], Commas()] = Field(
        (16, 32, 65, 130, 260, 520), description="the sizes of codebooks"
    )
    noises: Annotated[tuple[Spread, ...], Commas()] = Field(
        (0.0, 0.15, 0.3, 0.45, 0.6), description="the noise of codebooks"
    )
    spreads: Annotated[tuple[Spread, ...], Commas()] = Field(
        (0.0, 0.1, 0.2, 0.3, 0.38, 0.45, 0.5), description="the spread of quantum priors"
    )
    components: Annotated[tuple[Centres, ...], Commas()] = Field(
        (1, 10, 100), description="the components of Gaussian mixtures"
    )
