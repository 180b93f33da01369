"""The quantum model: circuits with measured ancillas, trained on ensembles of states."""

import math
from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Le
from pydantic import Field

from latentq.config.fields import Count, Positive, Share, Size
from latentq.config.schema.groups import classes_of, groups_of
from latentq.config.schema.needs import COMPLEX, DOUBLE, FLOAT, Need, chain_need
from latentq.config.schema.states import (
    ChainPhases,
    EnsemblePrior,
    StateNetworks,
    StateSettings,
)
from latentq.config.schema.values import Relations, Values, flat, relation
from latentq.errors import shown

MAX_PARTICLES = 2**15
Ancillas = Annotated[int, Ge(0), Le(4)]
Layers = Annotated[int, Ge(1), Le(1000)]
Scale = Annotated[float, Ge(0), Le(math.tau)]


@relation("model.conditional", "prior.qubits")
def basis_states_of_all_classes(values: Values) -> Iterator[str]:
    """Every class starts in a basis state of its own."""
    qubits, classes = values["prior.qubits"], classes_of(values)
    if values["model.conditional"] and 2**qubits < classes:
        yield (
            f"model.conditional: needs a basis state for each of {classes} classes, "
            f"prior.qubits={qubits} has {2**qubits}"
        )


OF_STEPS = ("prior.ancillas", "prior.layers", "prior.init_scale")


@relation(*OF_STEPS, "prior.steps")
def values_of_all_steps(values: Values) -> Iterator[str]:
    """What is said of the circuits is one value, or a list for U_0 and the steps before it."""
    steps = values["prior.steps"]
    for key in OF_STEPS:
        if isinstance(found := values[key], list) and not 1 <= len(found) <= steps:
            yield (
                f"{key}: must be one number or a list of 1 to {steps}, as prior.steps={steps}, "
                f"was {shown(found)}"
            )


def of_all_steps(found: int | list[int], steps: int) -> list[int]:
    """Returns the number of each step; the last one that is given holds for the steps after it."""
    given = found if isinstance(found, list) else [found]
    return [*given, *given[-1:] * (steps - len(given))]


def ancillas_of(values: Values) -> list[int]:
    """Returns the number of ancillas of each step."""
    return of_all_steps(values["prior.ancillas"], values["prior.steps"])


@relation("prior.ancillas", "prior.terminal")
def haar_states_need_ancillas(values: Values) -> Iterator[str]:
    """Unitary circuits leave Haar states as they are."""
    ancillas = values["prior.ancillas"]
    used = any(ancillas) if isinstance(ancillas, list) else ancillas
    if not used and values["prior.terminal"] == "haar":
        yield (
            "prior.ancillas: must be at least 1 where prior.terminal=haar, was 0; without a "
            "measurement Haar states stay Haar states, and nothing can be learned"
        )


@relation(
    *(
        "outcomes",
        "prior.ancillas",
        "prior.steps",
        "denoising.start_batch_size",
        "denoising.epochs",
    )
)
def particles_in_bounds(values: Values) -> Iterator[str]:
    """Exact outcomes branch every terminal state in every step."""
    starts, epochs = values["denoising.start_batch_size"], values["denoising.epochs"]
    branches = sum(ancillas_of(values))
    particles = starts * 2.0**branches
    if values["outcomes"] == "exact" and epochs and particles > MAX_PARTICLES:
        yield (
            f"denoising.start_batch_size: {starts} states with 2^{branches} exact branches each "
            f"are {particles:.3g} particles, at most {MAX_PARTICLES} are allowed; lower "
            "denoising.start_batch_size or prior.ancillas, or set outcomes=score"
        )


class ConditionalNetworks(StateNetworks):
    """The section `model` of a chain that can be given the class."""

    conditional: bool = Field(False, description="whether class y starts in basis state y")


class QuantumNetworks(ConditionalNetworks):
    """The section `model` of a quantum model, whose decoder may read less of a state."""

    coordinates: Literal["all", "local"] = Field(
        "all", description="what the decoder reads; local: Pauli words of one and two qubits"
    )


@relation("model.coordinates", "prior.qubits")
def settings_of_local_words(values: Values) -> Iterator[str]:
    """Nine settings measure all words of two qubits out of four, and no more."""
    if values["model.coordinates"] == "local" and values["prior.qubits"] > 4:
        yield (
            f"model.coordinates: local needs prior.qubits at most 4, was {values['prior.qubits']}"
        )


class CircuitPrior(EnsemblePrior):
    """The section `prior` of the quantum model."""

    relations: ClassVar[Relations] = (values_of_all_steps, haar_states_need_ancillas)

    ancillas: Ancillas | list[Ancillas] = Field(
        [3, 1],
        description="measured ancillas of each step, or a list: U_0, which gives the data, comes "
        "first, and the last number holds for all steps after it",
    )
    layers: Layers | list[Layers] = Field(
        [274, 12], description="layers of each step, or a list as for the ancillas"
    )
    axes: list[Literal["rx", "ry", "rz"]] = Field(
        ["rx", "ry"], min_length=1, max_length=9, description="rotations of a layer"
    )
    entangled: bool = Field(True, description="whether layers have CZ gates")
    init_scale: Scale | list[Scale] = Field(
        [3.1416, 0.5], description="angles start uniform in [-s, s]; a list as for the ancillas"
    )
    terminal_strength: Share = Field(
        0.25, le=100, description="scrambling strength of the basis ensemble"
    )
    spread: Share = Field(
        0.38, le=10, description="strength of the random unitaries after the last step"
    )


class CircuitPhases(ChainPhases):
    """The section `denoising` of the quantum model: all states in one transport, the end alone."""

    cells: bool = Field(
        False, description="whether basis state k generates the k-th of 2^qubits cells of states"
    )
    epochs: Size = Field(16, le=10**5, description="epochs of all steps together")
    start_batch_size: Count = Field(
        2048, le=10**5, description="terminal states; exact outcomes branch each of them"
    )
    target_batch_size: Count = Field(2048, le=10**5, description="target states of a loss")
    single_steps: bool = Field(
        False, description="whether every step is trained alone for an epoch before"
    )
    intermediate_weight: Share = Field(
        0.0, le=1000, description="weight of the loss of every step but the last"
    )
    lr: Positive = Field(0.02, le=10, description="largest learning rate of all steps")


class ChainSettings(StateSettings):
    """What a run of a model with a denoising chain can be told."""

    loss: Literal["mmd1", "mmdk", "mmdg", "mmd_transport", "wasserstein"] = Field(
        "wasserstein",
        description="the loss between ensembles of states; mmd_transport is mmdg with a tenth of "
        "wasserstein",
    )
    prior: EnsemblePrior = EnsemblePrior()
    denoising: ChainPhases = ChainPhases()

    @classmethod
    def argument(cls, key: str) -> str:
        """Returns which argument a key is: the prior and its loss are in a dictionary."""
        if key in ("loss", "outcomes", "engine"):
            return f"prior.{key}"
        return key if key.startswith("prior.") else super().argument(key)

    def needs(self) -> Iterator[Need]:
        """Estimates what a run takes, see the base class."""
        yield from super().needs()
        yield chain_need(self.prior.steps, self.prior.qubits, self.vectors())
        yield self._loss_need()

    def vectors(self) -> float:
        """Returns how many vectors a state has at the end of the chain."""
        return 1.0

    def states(self) -> float:
        """Returns how many states a loss is of."""
        return float(max(self.denoising.start_batch_size, self.denoising.input_batch_size))

    def _loss_need(self) -> Need:
        vectors, states = self.vectors(), self.states()
        # A vector is compared with the targets of its own group.
        _, groups = groups_of(flat(type(self), self.model_dump()))
        compared = vectors / groups if vectors > 1 else 1.0
        # Complex overlaps, fidelities and their gradient, and the costs and the plan in double.
        each = compared * (2 * COMPLEX + 2 * FLOAT) + 5 * DOUBLE
        kept = 4 * states * self.prior.steps * 2**self.prior.qubits * vectors * COMPLEX
        keys = ("denoising.start_batch_size", "denoising.target_batch_size")
        return Need("the loss", states * self.denoising.target_batch_size * each + kept, keys)


class CircuitSettings(ChainSettings):
    """What a run of a model with circuits can be told."""

    relations: ClassVar[Relations] = (basis_states_of_all_classes,)

    model: ConditionalNetworks = ConditionalNetworks()
    engine: Literal["fused", "torchquantum"] = Field("fused", description="what runs circuits")
    outcomes: Literal["exact", "score", "sampled"] = Field(
        "score",
        description="score: sampled, with the gradient of p; exact: all; sampled: as published",
    )
    prior: CircuitPrior = CircuitPrior()
    denoising: CircuitPhases = CircuitPhases()

    def needs(self) -> Iterator[Need]:
        """Estimates what a run takes, see the base class."""
        yield from super().needs()
        yield self._circuit_need()

    def states(self) -> float:
        """Returns how many states a loss is of; exact outcomes branch each of them."""
        ancillas = ancillas_of(flat(type(self), self.model_dump()))
        branched = sum(ancillas) if self.denoising.epochs else max(ancillas)
        return super().states() * (2.0**branched if self.outcomes == "exact" else 1.0)

    def _circuit_need(self) -> Need:
        prior, layers = self.prior, self.prior.layers
        ancillas = ancillas_of(flat(type(self), self.model_dump()))
        rows, columns = 2 ** (prior.qubits + max(ancillas)), 2**prior.qubits
        keys = ("prior.layers", "prior.qubits", "prior.ancillas")
        if self.engine != "torchquantum":
            # The matrix of a step is taken apart on the way back, not kept layer by layer.
            size = 32 * prior.steps * rows * columns * COMPLEX
            return Need("the circuits", size, keys[1:])
        total = sum(layers) if isinstance(layers, list) else layers * prior.steps
        gates = total * 3 * (prior.qubits + max(ancillas))
        states = max(self.denoising.start_batch_size, self.denoising.input_batch_size)
        size = gates * states * rows * COMPLEX
        return Need("the circuits", size, (*keys, "denoising.start_batch_size"))


class QuantumSettings(CircuitSettings):
    """The hybrid model: CNN encoder, 4-qubit states, QuDDPM prior, mirrored CNN decoder."""

    relations: ClassVar[Relations] = (particles_in_bounds, settings_of_local_words)

    model: QuantumNetworks = QuantumNetworks()
