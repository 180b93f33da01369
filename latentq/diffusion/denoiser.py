r"""The backward process: :math:`T` circuits with measured ancillas.

At every step fresh ancillas in :math:`| 0 \rangle` join the data, a parameterised circuit
:math:`U_t` acts, and the ancillas are measured in Z. Every outcome is kept. Outcome :math:`m` has
the Born probability and leaves the state

.. math:: p_m = \| K_m \psi \|^2, \qquad \psi_m = K_m \psi / \sqrt{p_m}.

References:
    Zhang et al. (2024), Phys. Rev. Lett. 132, 100602.
"""

from functools import partial
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from latentq.diffusion.chain import Chain, Instrument, Outcomes, check_name
from latentq.diffusion.forward import ForwardProcess
from latentq.diffusion.mmd import mmd1
from latentq.diffusion.published import sampled_distance
from latentq.engine import circuits, fused
from latentq.errors import InputError
from latentq.randomness import check_whole

Engine = Literal["fused", "torchquantum"]
Initial = Literal["uniform", "normal"]


def _first_angles(init: Initial, number: int, generator: torch.Generator) -> Tensor:
    if init == "normal":
        return torch.randn(number, generator=generator, dtype=torch.float32)
    return 2 * torch.rand(number, generator=generator, dtype=torch.float32) - 1


class QuDDPM(Chain):
    r"""A quantum denoising diffusion model with :math:`T` measured-ancilla circuits.

    Arguments:
        forward_process: The forward process, with its terminal ensemble.
        ancillas: The number of ancillas :math:`n_A` of a step.
        layers: The number of layers :math:`L` of a circuit, or one number for each of the steps
            :math:`0 \dots T - 1`.
        loss: The name of the loss, a key of :data:`latentq.diffusion.mmd.LOSSES`.
        outcomes: Whether outcomes are `sampled`, kept as `exact` branches, or sampled with their
            `score` in training.
        engine: The engine that executes the circuits.
        init_scale: The scale :math:`s` of the first angles.
        init: Their distribution: `uniform` in :math:`[-s, s]`, or `normal` with deviation
            :math:`s`, which is the published one with :math:`s = 1`.
        axes: The axes of the rotations.
        entangled: Whether the circuits have CZ gates.

    Raises:
        InputError: If `layers` has numbers for more or fewer steps than there are, a number or
            name is none of those allowed, or there is no ancilla where the terminal ensemble is
            `haar`: unitary circuits leave it as it is.
    """

    linear = True

    def __init__(
        self,
        forward_process: ForwardProcess,
        ancillas: int = 1,
        layers: int | tuple[int, ...] = 24,
        loss: str = "mmdk",
        outcomes: Outcomes = "exact",
        engine: Engine = "fused",
        init_scale: float = 1.0,
        axes: tuple[circuits.Axis, ...] = ("rx", "ry"),
        entangled: bool = True,
        init: Initial = "uniform",
        *,
        generator: torch.Generator,
    ) -> None:
        super().__init__(forward_process, loss, outcomes)

        check_whole(ancillas, "ancillas")
        check_name(engine, "engine", get_args(Engine))
        check_name(init, "init", get_args(Initial))
        if not ancillas and forward_process.terminal == "haar":
            raise InputError(
                "ancillas: must be at least 1 for the terminal ensemble haar, was 0; without a "
                "measurement nothing can be learned"
            )
        self.ancillas = ancillas
        self.engine = engine
        depths = layers if isinstance(layers, tuple) else (layers,) * forward_process.steps
        if len(depths) != forward_process.steps:
            raise InputError(f"layers: must be of {forward_process.steps} steps, was {layers}")
        depths = tuple(check_whole(depth, "layers", 1) for depth in depths)
        self.circuits = tuple(
            circuits.denoising_circuit(forward_process.qubits + ancillas, depth, axes, entangled)
            for depth in depths
        )
        self.angles = nn.ParameterList(
            init_scale * _first_angles(init, circuit.parameters, generator)
            for circuit in self.circuits
        )

    def instruments(self, steps: list[int], batch: int) -> list[Instrument]:
        r"""Returns the maps :math:`\psi \mapsto (K_m \psi)_m` of some steps."""
        found = [self.circuits[t] for t in steps]
        if self.engine == "fused" and all(
            fused.compiles(circuit, self.ancillas, batch) for circuit in found
        ):
            return [partial(fused.apply_kraus, kraus) for kraus in self._kraus(steps)]

        engine = fused if self.engine == "fused" else circuits
        return [
            partial(engine.branches, circuit, self.angles[t], ancillas=self.ancillas)
            for t, circuit in zip(steps, found, strict=True)
        ]

    def _kraus(self, steps: list[int]) -> list[Tensor]:
        found = {self.circuits[t] for t in steps}
        if len(found) == 1:
            angles = torch.stack([self.angles[t] for t in steps])
            return [*fused.kraus(found.pop(), angles, self.ancillas)]

        return [fused.kraus(self.circuits[t], self.angles[t], self.ancillas) for t in steps]

    def step_loss(
        self,
        t: int,
        inputs: Tensor,
        targets: Tensor,
        generator: torch.Generator,
        value: bool = True,
        groups: int = 1,
    ) -> Tensor:
        r"""Returns the loss of step :math:`t` alone, see the base class."""
        published = self.outcomes == "sampled" and self.distance is mmd1 and groups == 1
        if self.engine == "fused" and published:
            uniforms = self.uniforms(inputs, generator)
            return sampled_distance(
                self.circuits[t], self.angles[t], inputs, uniforms, targets, self.ancillas
            )
        return super().step_loss(t, inputs, targets, generator, value, groups)
