"""What runs of chains can be told whose circuits are exchanged for other steps, or changed."""

from collections.abc import Iterator
from typing import Annotated, ClassVar

from annotated_types import Ge, Le
from pydantic import Field

from latentq.config.fields import Count, Positive, Share
from latentq.config.schema.quantum import (
    ChainSettings,
    CircuitPhases,
    CircuitSettings,
    QuantumSettings,
    ancillas_of,
)
from latentq.config.schema.states import EnsemblePrior
from latentq.config.schema.values import Relation, Relations, Values, flat, relation
from latentq.errors import shown

Number = Annotated[int, Ge(1), Le(256)]


def numbers_of_all_steps(key: str) -> Relation:
    """Relates a list of numbers to the steps: there is one for each."""

    def check(values: Values) -> Iterator[str]:
        numbers, steps = values[key], values["prior.steps"]
        if isinstance(numbers, list) and len(numbers) != steps:
            yield f"{key}: must be one number or {steps}, one for each step, was {shown(numbers)}"

    return Relation((key, "prior.steps"), check)


@relation("prior.effects", "prior.qubits")
def effects_are_complete(values: Values) -> Iterator[str]:
    """Outcomes of rank one that are complete are at least as many as the dimension."""
    effects, least = values["prior.effects"], 2 ** values["prior.qubits"]
    if min(effects if isinstance(effects, list) else [effects]) < least:
        yield (
            f"prior.effects: must be at least {least} where "
            f"prior.qubits={values['prior.qubits']}, was {shown(effects)}"
        )


class StepPrior(EnsemblePrior):
    """The section `prior` of a chain without circuits: it starts and ends as the circuits do."""

    terminal_strength: Share = Field(
        0.25, le=100, description="scrambling strength of the basis ensemble"
    )
    spread: Share = Field(
        0.38, le=10, description="strength of the random unitaries after the last step"
    )


class PerceptronPrior(StepPrior):
    """The section `prior` of a chain of MLPs."""

    width: Count = Field(
        13, le=4096, description="hidden units; 13 are 858 parameters for each step, 4,290 in all"
    )
    shared: bool = Field(
        False, description="whether all steps have one network; 60 units are 4,260 parameters"
    )


class MapPhases(CircuitPhases):
    """The section `denoising` of a chain without circuits: that of circuits, at smaller rates."""

    lr_single_step: Positive = Field(
        0.01, le=10, description="largest learning rate of steps alone"
    )
    lr: Positive = Field(0.01, le=10, description="largest learning rate of all steps")


class PerceptronPhases(MapPhases):
    """The section `denoising` of a chain of MLPs."""

    lr_single_step: Positive = Field(
        0.003, le=10, description="largest learning rate of steps alone"
    )
    lr: Positive = Field(0.003, le=10, description="largest learning rate of all steps")


class PerceptronsSettings(ChainSettings):
    """The quantum model with a small MLP in the place of every circuit, as many parameters."""

    prior: PerceptronPrior = PerceptronPrior()
    denoising: PerceptronPhases = PerceptronPhases()


class IsometryPrior(StepPrior):
    """The section `prior` of a chain of isometries."""

    relations: ClassVar[Relations] = (numbers_of_all_steps("prior.branches"),)

    branches: Number | list[Number] = Field(
        [3, 2, 2, 2, 2], description="of each step, or a list: that of step 0 comes first"
    )


class IsometriesSettings(ChainSettings):
    """The quantum model with a free isometry in the place of every circuit, as many reals."""

    prior: IsometryPrior = IsometryPrior()
    denoising: MapPhases = MapPhases()


class LinearPrior(StepPrior):
    """The section `prior` of a chain of linear maps."""

    relations: ClassVar[Relations] = (numbers_of_all_steps("prior.maps"),)

    maps: Number | list[Number] = Field(
        2, description="maps of each step, or a list: that of step 0 comes first"
    )
    rank: Number = Field(7, description="rank of the difference of two; 7 are 4,300 free reals")


class LinearSettings(ChainSettings):
    """The quantum model with linear maps and a fair coin in the place of every circuit."""

    prior: LinearPrior = LinearPrior()
    denoising: MapPhases = MapPhases()


class BranchesPrior(LinearPrior):
    """The section `prior` of a chain of linear maps with learnt weights."""

    maps: Number | list[Number] = Field(
        3, description="maps of each step, or a list: that of step 0 comes first"
    )
    rank: Number = Field(3, description="rank of the difference of two; 3 are 4,300 free reals")


class BranchesSettings(ChainSettings):
    """The quantum model with linear maps of learnt weights in the place of every circuit."""

    prior: BranchesPrior = BranchesPrior()
    denoising: MapPhases = MapPhases()


class PreparePrior(StepPrior):
    """The section `prior` of a chain that measures and prepares."""

    relations: ClassVar[Relations] = (numbers_of_all_steps("prior.effects"), effects_are_complete)

    effects: Number | list[Number] = Field(
        [28, 16, 16, 16, 16], description="outcomes of each step, or a list: step 0 comes first"
    )


class PrepareSettings(ChainSettings):
    """The quantum model whose every step measures and prepares, as many free reals."""

    prior: PreparePrior = PreparePrior()
    denoising: MapPhases = MapPhases()


@relation("outcomes")
def outcomes_are_drawn(values: Values) -> Iterator[str]:
    """Basis states that are drawn before each step would branch 2^qubits times as often."""
    if values["outcomes"] == "exact":
        yield "outcomes: must be score or sampled where interference is off, was exact"


class DephasedSettings(QuantumSettings):
    """The quantum model with interference between its steps switched off."""

    relations: ClassVar[Relations] = (outcomes_are_drawn,)


@relation("loss")
def loss_of_mixed_states(values: Values) -> Iterator[str]:
    """Mixed states have a Wasserstein distance alone."""
    if values["loss"] != "wasserstein":
        yield f"loss: must be wasserstein where ancillas are traced out, was {values['loss']}"


class TracedPhases(CircuitPhases):
    """The section `denoising` of traced ancillas: fewer states, each of which is many vectors."""

    start_batch_size: Count = Field(256, le=10**5, description="terminal states")
    target_batch_size: Count = Field(256, le=10**5, description="target states of a loss")


class TracedSettings(CircuitSettings):
    """The quantum model with its ancillas traced out, so that its states become mixed."""

    relations: ClassVar[Relations] = (loss_of_mixed_states,)

    denoising: TracedPhases = TracedPhases()

    def vectors(self) -> float:
        """Returns how many vectors a state has at the end of the chain."""
        return 2.0 ** sum(ancillas_of(flat(type(self), self.model_dump())))
