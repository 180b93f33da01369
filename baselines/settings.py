"""What runs of the baselines can be told, built from the sections of the quantum model."""

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field

from latentq.config.fields import Count, Folder, Positive, Settings, Share, Size
from latentq.config.schema.data import too_few
from latentq.config.schema.needs import Need, chain_need, fit_need, network_need
from latentq.config.schema.quantum import (
    Ancillas,
    ChainSettings,
    CircuitPhases,
    CircuitPrior,
    CircuitSettings,
    Layers,
    Scale,
    ancillas_of,
)
from latentq.config.schema.run import GenerativeSettings, Networks
from latentq.config.schema.states import (
    ChainPhases,
    EnsemblePrior,
    Phases,
    StatePrior,
    StateSettings,
)
from latentq.config.schema.values import Relation, Relations, Values, flat, relation


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


class StateDiffusionSettings(StateSettings):
    """A classical diffusion in the latent space of the quantum model, with as many parameters."""

    prior: StateDiffusionPrior = StateDiffusionPrior()
    denoising: DiffusionPhases = DiffusionPhases()

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


# --- The quantum model with one thing changed


class PerceptronPrior(EnsemblePrior):
    """The section `prior` of a chain of MLPs."""

    width: Count = Field(
        13, le=4096, description="hidden units; 13 are 858 parameters for each step, 4,290 in all"
    )


class PerceptronPhases(ChainPhases):
    """The section `denoising` of a chain of MLPs, which learn at smaller rates than angles."""

    lr_single_step: Positive = Field(
        0.003, le=10, description="largest learning rate of steps alone"
    )
    lr: Positive = Field(0.003, le=10, description="largest learning rate of all steps")


class PerceptronsSettings(ChainSettings):
    """The quantum model with a small MLP in the place of every circuit, as many parameters."""

    prior: PerceptronPrior = PerceptronPrior()
    denoising: PerceptronPhases = PerceptronPhases()


@relation("loss")
def loss_of_mixed_states(values: Values) -> Iterator[str]:
    """Mixed states have a Wasserstein distance alone."""
    if values["loss"] != "wasserstein":
        yield f"loss: must be wasserstein where ancillas are traced out, was {values['loss']}"


class TracedPrior(CircuitPrior):
    """The section `prior` of traced ancillas: one in each step, as every one doubles the vectors."""

    ancillas: Ancillas | list[Ancillas] = Field(
        1, description="traced ancillas of each step, or a list that begins with U_0"
    )
    layers: Layers | list[Layers] = Field(
        86, description="layers of each step, or a list that begins with U_0"
    )
    init_scale: Scale | list[Scale] = Field(3.1416, description="angles start uniform in [-s, s]")
    terminal_strength: Share = Field(
        1.5, le=100, description="scrambling strength of the basis ensemble"
    )
    spread: Share = Field(
        0.0, le=10, description="strength of the random unitaries after the last step"
    )


class TracedPhases(CircuitPhases):
    """The section `denoising` of traced ancillas: in cells, all steps compared."""

    cells: bool = Field(
        True, description="whether basis state k generates the k-th of 2^qubits cells of states"
    )
    epochs: Size = Field(30, le=10**5, description="epochs of all steps together")
    single_steps: bool = Field(
        True, description="whether every step is trained alone for an epoch before"
    )
    intermediate_weight: Share = Field(
        0.05, le=1000, description="weight of the loss of every step but the last"
    )
    lr: Positive = Field(0.03, le=10, description="largest learning rate of all steps")
    start_batch_size: Count = Field(1024, le=10**5, description="terminal states")
    target_batch_size: Count = Field(1024, le=10**5, description="target states of a loss")


class TracedSettings(CircuitSettings):
    """The quantum model with its ancillas traced out, so that its states become mixed."""

    relations: ClassVar[Relations] = (loss_of_mixed_states,)

    prior: TracedPrior = TracedPrior()
    denoising: TracedPhases = TracedPhases()

    def vectors(self) -> float:
        """Returns how many vectors a state has at the end of the chain."""
        return 2.0 ** sum(ancillas_of(flat(type(self), self.model_dump())))
