"""What runs of the baselines can be told, built from the sections of the quantum model."""

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field

from latentq.config.fields import Count, Folder, Settings, Share
from latentq.config.schema.data import too_few
from latentq.config.schema.needs import Need, chain_need, fit_need, network_need
from latentq.config.schema.run import GenerativeSettings, Networks
from latentq.config.schema.states import Phases, StatePrior, StateSettings
from latentq.config.schema.values import Relation, Relations, Values


def fitted_to_images(key: str, more: int = 0) -> Relation:
    """Relates a number of parts to the training images: each part needs one."""

    def check(values: Values) -> Iterator[str]:
        yield from too_few(key, values[key] + more, values)

    return Relation((key,), check)


# --- VAEs


class VAENetworks(Networks):
    """The section `model` of a VAE."""

    latent: Count = Field(16, le=1024, description="real latent variables")
    lift: Count = Field(
        256, le=4096, description="width before the decoder, that of the 256 density coordinates"
    )


class ConditionalVAENetworks(VAENetworks):
    """The section `model` of a VAE that can be given the class."""

    conditional: bool = Field(False, description="whether it is given the class")


class VAESettings(GenerativeSettings):
    """A VAE of the same size: the same encoder and decoder, a real latent, a normal prior."""

    latent: ClassVar[str | None] = "vae"

    model: ConditionalVAENetworks = ConditionalVAENetworks()


class VAEMixturePrior(Settings):
    """The section `prior` of a VAE whose prior is fitted."""

    relations: ClassVar[Relations] = (fitted_to_images("prior.components"),)

    components: Count = Field(
        71, le=10_000, description="components with variances; 71 are 4,330 free reals"
    )
    fitted: Count = Field(
        20_000, le=60_000, description="posterior means that it is fitted to at most"
    )


class WideVAENetworks(VAENetworks):
    """The section `model` of a VAE with the degrees of freedom of four qubits."""

    latent: Count = Field(30, le=1024, description="real latent variables")


class VAEMixtureSettings(GenerativeSettings):
    """The VAE with a Gaussian mixture, fitted to its posterior means, as its prior."""

    latent: ClassVar[str | None] = "vae"

    model: WideVAENetworks = WideVAENetworks()
    autoencoder: Folder | None = Field(
        None, description="a VAE of this seed that is used as it is"
    )
    prior: VAEMixturePrior = VAEMixturePrior()

    def needs(self) -> Iterator[Need]:
        """Estimates what a run takes, see the base class."""
        yield from super().needs()
        parts, latent = self.prior.components, self.model.latent
        yield fit_need(self.prior.fitted, parts, latent, "prior.components")


# --- Classical diffusion


class DiffusionPrior(Settings):
    """The section `prior` of a classical diffusion."""

    steps: Count = Field(5, le=100, description="steps of the diffusion")
    width: Count = Field(49, le=4096, description="hidden units; 49 are 4,328 parameters")
    depth: Count = Field(2, le=16, description="hidden layers")


class DiffusionPhases(Phases):
    """The section `denoising` of a classical diffusion."""

    batch_size: Count = Field(1024, le=10**5, description="latents of an iteration")


class VAEDiffusionSettings(GenerativeSettings):
    """The VAE with a classical diffusion of its posterior means as its prior."""

    latent: ClassVar[str | None] = "vae"

    model: VAENetworks = VAENetworks()
    autoencoder: Folder | None = Field(
        None, description="a VAE of this seed that is used as it is"
    )
    prior: DiffusionPrior = DiffusionPrior()
    denoising: DiffusionPhases = DiffusionPhases()

    @classmethod
    def argument(cls, key: str) -> str:
        """Returns which argument a key is: those of the prior are in a dictionary."""
        return key if key.startswith("prior.") else super().argument(key)

    def needs(self) -> Iterator[Need]:
        """Estimates what a run takes, see the base class."""
        yield from super().needs()
        yield network_need(self.denoising.batch_size, self.prior.width, self.prior.depth)


class StateDiffusionPrior(StatePrior):
    """The section `prior` of a classical diffusion of states."""

    steps: Count = Field(5, le=100, description="steps of the diffusion")
    width: Count = Field(39, le=4096, description="hidden units; 39 are 4,322 parameters")
    depth: Count = Field(2, le=16, description="hidden layers")
    cells: bool = Field(
        False, description="whether it is given one of 2^qubits cells of the latent states"
    )
    spread: Share = Field(
        0.0, le=10, description="strength of the random unitaries that turn what it draws"
    )


class StateDiffusionPhases(DiffusionPhases):
    """The section `denoising` of a classical diffusion of states."""

    loss: Literal["prediction", "transport"] = Field(
        "prediction", description="the error of the prediction, or the loss of the circuits"
    )


class StateDiffusionSettings(StateSettings):
    """A classical diffusion in the latent space of the quantum model, with as many parameters."""

    prior: StateDiffusionPrior = StateDiffusionPrior()
    denoising: StateDiffusionPhases = StateDiffusionPhases()

    @classmethod
    def argument(cls, key: str) -> str:
        """Returns which argument a key is: those of the network are in a dictionary."""
        inside = key.startswith("prior.") and key != "prior.qubits"
        return key if inside else super().argument(key)

    def needs(self) -> Iterator[Need]:
        """Estimates what a run takes, see the base class."""
        yield from super().needs()
        yield chain_need(self.prior.steps, self.prior.qubits)
        yield network_need(self.denoising.batch_size, self.prior.width, self.prior.depth)


# --- Fitted priors


class MixturePrior(StatePrior):
    """The section `prior` of a mixture."""

    relations: ClassVar[Relations] = (fitted_to_images("prior.components"),)

    components: Count = Field(10, le=10_000, description="components with full covariances")
    fitted: Count = Field(20_000, le=60_000, description="states that it is fitted to at most")


class MixtureSettings(StateSettings):
    """A Gaussian mixture in the latent space of the quantum model."""

    prior: MixturePrior = MixturePrior()

    def needs(self) -> Iterator[Need]:
        """Estimates what a run takes, see the base class."""
        yield from super().needs()
        reals = 2 * 2**self.prior.qubits
        parts = self.prior.components
        yield fit_need(self.prior.fitted, parts, reals, "prior.components", matrices=True)


class CodebookPrior(StatePrior):
    """The section `prior` of a codebook."""

    relations: ClassVar[Relations] = (fitted_to_images("prior.centres"),)

    centres: Count = Field(
        130, le=10_000, description="states; 130 are 4,290 parameters with their weights"
    )
    spread: Share = Field(0.45, le=10, description="noise on the states that are drawn")
    fitted: Count = Field(
        20_000, le=60_000, description="states that the centres are fitted to at most"
    )


class CodebookSettings(StateSettings):
    """A few states with noise, in the latent space of the quantum model, as many parameters."""

    prior: CodebookPrior = CodebookPrior()

    def needs(self) -> Iterator[Need]:
        """Estimates what a run takes, see the base class."""
        yield from super().needs()
        reals = 2 * 2**self.prior.qubits
        yield fit_need(self.prior.fitted, self.prior.centres, reals, "prior.centres")


class NeighboursPrior(StatePrior):
    """The section `prior` of resampled training states."""

    relations: ClassVar[Relations] = (fitted_to_images("prior.neighbours", more=1),)

    neighbours: Count = Field(5, le=1000, description="nearest neighbours to choose from")


class NeighboursSettings(StateSettings):
    """States between training states and their nearest neighbours."""

    prior: NeighboursPrior = NeighboursPrior()


class EnsembleChoice(StatePrior):
    """The section `prior` of a fixed ensemble."""

    ensemble: Literal["haar", "terminal", "mean"] = Field(
        "haar", description="Haar states, the terminal ensemble, or the mean state of the images"
    )
    terminal_strength: Share = Field(
        1.5, le=100, description="scrambling strength of the terminal ensemble"
    )


class EnsembleSettings(StateSettings):
    """A fixed ensemble of states, decoded: what there is without a trained prior."""

    prior: EnsembleChoice = EnsembleChoice()
