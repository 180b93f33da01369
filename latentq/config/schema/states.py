"""Models whose latents are quantum states, and the phases that train a prior of them."""

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Le
from pydantic import Field

from latentq.config.fields import Count, Folder, Positive, Settings, Share, Size
from latentq.config.schema.groups import groups_start_in_basis_states, states_of_all_groups
from latentq.config.schema.run import GenerativeSettings, Networks
from latentq.config.schema.values import Relations, Values, relation
from latentq.errors import shown


class StateNetworks(Networks):
    """The section `model` where latents are states."""

    latent_noise: Share = Field(
        0.15, le=10, description="noise on the states while the autoencoder is trained"
    )


class StatePrior(Settings):
    """The section `prior` where latents are states."""

    qubits: Count = Field(4, le=6, description="qubits of a latent state")


class StateSettings(GenerativeSettings):
    """What a run of a model with latent states can be told."""

    latent: ClassVar[str | None] = "states"

    model: StateNetworks = StateNetworks()
    autoencoder: Folder | None = Field(
        None, description="a run or checkpoint of this seed whose autoencoder is used as it is"
    )
    prior: StatePrior = StatePrior()


@relation("prior.strength", "prior.steps")
def strengths_of_all_steps(values: Values) -> Iterator[str]:
    """The strengths are the first and the last one, or those of all steps."""
    strength, steps = values["prior.strength"], values["prior.steps"]
    if len(strength) not in (2, steps):
        yield f"prior.strength: must be a list of 2 or {steps} numbers, was {shown(strength)}"


class EnsemblePrior(StatePrior):
    """The section `prior` of a chain: its forward process and terminal ensemble."""

    relations: ClassVar[Relations] = (strengths_of_all_steps,)

    steps: Count = Field(5, le=100, description="steps of the chain")
    strength: list[Annotated[float, Ge(0), Le(100)]] = Field(
        [0.1, 2.0], description="h_1 and h_T of the scrambling, or one number for each step"
    )
    terminal: Literal["basis", "product", "zero", "haar"] = Field(
        "basis", description="terminal ensemble"
    )
    terminal_strength: Share = Field(
        1.5, le=100, description="scrambling strength of the basis and product ensembles"
    )


class Phases(Settings):
    """The section `denoising` of every prior that is trained by iterations."""

    iterations_per_epoch: Size = Field(1000, le=10**7, description="iterations of each epoch")
    epochs: Size = Field(15, le=10**5, description="epochs")
    lr: Positive = Field(0.01, le=10, description="largest learning rate of these")


class ChainPhases(Phases):
    """The section `denoising` of a chain that is trained on ensembles of states."""

    relations: ClassVar[Relations] = (groups_start_in_basis_states, states_of_all_groups)

    cells: bool = Field(
        True, description="whether basis state k generates the k-th of 2^qubits cells of states"
    )
    iterations_per_epoch: Size = Field(100, le=10**7, description="iterations of each epoch")
    epochs: Size = Field(30, le=10**5, description="epochs of all steps together")
    single_steps: bool = Field(
        True, description="whether every step is trained alone for an epoch before"
    )
    input_batch_size: Count = Field(
        1024, le=10**5, description="input states of a step trained alone"
    )
    start_batch_size: Count = Field(
        1024, le=10**5, description="terminal states; exact outcomes branch each of them"
    )
    target_batch_size: Count = Field(1024, le=10**5, description="target states of a loss")
    intermediate_weight: Share = Field(
        0.05, le=1000, description="weight of the loss of every step but the last"
    )
    lr_single_step: Positive = Field(
        0.03, le=10, description="largest learning rate of steps alone"
    )
    lr: Positive = Field(0.03, le=10, description="largest learning rate of all steps")
