"""The options of the experiment."""

from typing import Annotated

from pydantic import Field

from latentq.config.fields import Count, Folder
from latentq.config.marks import Commas
from latentq.config.schema.data import AUTO
from latentq.experiments.record import SeededOptions

Batch = Annotated[int, Field(ge=2, le=4096)]


class Options(SeededOptions):
    """What is measured."""

    checkpoint: Folder = Field(
        "checkpoints/quantum", description="an unconditional quantum model, whose states are data"
    )
    models: Annotated[tuple[Folder, ...], Commas()] = Field(
        ("checkpoints/quantum",), description="models of states with the same autoencoder"
    )
    names: Annotated[tuple[str, ...], Commas()] | None = Field(
        None, description="what to call them; null: as their folders"
    )
    features: Folder = Field(AUTO, description="the classifier; auto is that of the data")
    batches: Annotated[tuple[Batch, ...], Commas()] = Field(
        (64, 128, 256, 512, 1024, 2048), description="the states on either side of a loss"
    )
    cell: Batch = Field(64, description="the states on either side in each of 16 cells")
    draws: Count = Field(20, ge=2, le=1000, description="how often each loss is drawn")
