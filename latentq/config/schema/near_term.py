"""The near-term model: few gates, own angles for each cell or class, errors in training."""

import math
from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field

from latentq.config.fields import Count, Positive, Share, Size
from latentq.config.schema.needs import FLOAT, Need
from latentq.config.schema.quantum import (
    ChainSettings,
    Layers,
    QuantumNetworks,
    basis_states_of_all_classes,
    settings_of_local_words,
)
from latentq.config.schema.states import ChainPhases, EnsemblePrior
from latentq.config.schema.values import Relations, Values, relation
from latentq.errors import shown


@relation("denoising.cells", "model.conditional")
def angles_belong_to_groups(values: Values) -> Iterator[str]:
    """Each cell or class has its own angles, so there must be some."""
    if not values["denoising.cells"] and not values["model.conditional"]:
        yield "denoising.cells: must be true where model.conditional=false, was false"


@relation("prior.layers", "prior.steps")
def layers_of_all_steps(values: Values) -> Iterator[str]:
    """The circuits have one number of layers, or one for each step."""
    layers, steps = values["prior.layers"], values["prior.steps"]
    if isinstance(layers, list) and len(layers) != steps:
        yield (
            f"prior.layers: must be one number or {steps}, one for each step, was {shown(layers)}"
        )


class NearTermPrior(EnsemblePrior):
    """The section `prior` of the near-term model."""

    relations: ClassVar[Relations] = (layers_of_all_steps,)

    ancillas: Count = Field(1, le=4, description="measured ancillas of each step")
    layers: Layers | list[Layers] = Field(
        [2, 2, 1, 1, 1], description="of each step, or a list: U_0, which gives the data, first"
    )
    axes: list[Literal["rx", "ry", "rz"]] = Field(
        ["rx", "ry"], min_length=1, max_length=9, description="rotations of a layer"
    )
    init_scale: Share = Field(3.1416, le=math.tau, description="angles start uniform in [-s, s]")
    terminal: Literal["basis", "product"] = Field(
        "product", description="terminal ensemble; product needs no two-qubit gate"
    )
    terminal_strength: Share = Field(2.0, le=100, description="its scrambling strength")
    gate_error: Share = Field(
        0.003, le=1, description="depolarising of each CZ while the prior is trained"
    )


class NearTermPhases(ChainPhases):
    """The section `denoising` of the near-term model."""

    epochs: Size = Field(
        10, le=10**5, description="epochs of all steps together, after one for each alone"
    )
    intermediate_weight: Share = Field(
        0.0, le=1000, description="weight of the loss of every step but the last"
    )
    lr_single_step: Positive = Field(0.1, le=10, description="largest rate of steps alone")
    lr: Positive = Field(0.05, le=10, description="largest learning rate of all steps")


class NearTermSettings(ChainSettings):
    """A quantum model for machines of today: 28 CZ, trained with the errors of its gates."""

    relations: ClassVar[Relations] = (
        basis_states_of_all_classes,
        angles_belong_to_groups,
        settings_of_local_words,
    )

    model: QuantumNetworks = QuantumNetworks()
    loss: Literal["wasserstein"] = Field("wasserstein", description="the loss of mixed states")
    prior: NearTermPrior = NearTermPrior()
    denoising: NearTermPhases = NearTermPhases()

    def needs(self) -> Iterator[Need]:
        """Estimates what a run takes, see the base class."""
        yield from super().needs()
        prior, layers = self.prior, self.prior.layers
        total = sum(layers) if isinstance(layers, list) else layers * prior.steps
        coordinates = 4.0 ** (prior.qubits + prior.ancillas)
        size = 4 * total * self.states() * coordinates * FLOAT
        keys = ("denoising.start_batch_size", "prior.qubits", "prior.ancillas", "prior.layers")
        yield Need("the density matrices", size, keys)
