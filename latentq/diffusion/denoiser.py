r"""The backward process: :math:`T` circuits with measured ancillas, and the losses they train on.

Step :math:`t` maps :math:`S_{t+1}` to :math:`S_t`: fresh ancillas in :math:`| 0 \rangle` join
the data, a parameterised circuit :math:`U_t` acts, and the ancillas are measured in Z. Every
outcome is kept. Outcome :math:`m` has the Born probability and leaves the state

.. math:: p_m = \| K_m \psi \|^2, \qquad \psi_m = K_m \psi / \sqrt{p_m}.

Training compares the outputs of a step with :math:`S_t` by a loss of :mod:`latentq.mmd`, either

- on one drawn outcome per state, as published (`outcomes="sampled"`). The gradient then ignores
  how :math:`p_m` depends on the angles; or
- on all outcomes as particles with weights :math:`p_m` (`outcomes="exact"`), whose loss and
  gradient are exact; or
- on one drawn outcome per state whose weight carries the gradient of :math:`p_m`
  (`outcomes="score"`), which costs as much as the first and does not ignore the probabilities.

References:
    Zhang et al. (2024), Phys. Rev. Lett. 132, 100602.
"""

from collections.abc import Callable
from functools import partial
from typing import Literal

import torch
from torch import Tensor, nn

from latentq import circuits, fused
from latentq.diffusion.forward import ForwardProcess
from latentq.diffusion.measurement import (
    Particles,
    draw_outcomes,
    draw_uniforms,
    keep_outcomes,
    score_outcomes,
    uniform_particles,
)
from latentq.diffusion.published import sampled_distance
from latentq.mmd import LOSSES, mmd1, mmdk

Engine = Literal["fused", "torchquantum"]
Outcomes = Literal["sampled", "exact", "score"]
Instrument = Callable[[Tensor], Tensor]


class QuDDPM(nn.Module):
    r"""A quantum denoising diffusion model with :math:`T` measured-ancilla circuits.

    Arguments:
        forward_process: The forward process, with its terminal ensemble.
        ancillas: The number of ancillas :math:`n_A` of a step.
        layers: The number of layers :math:`L` of a circuit, or one number for each of the steps
            :math:`0 \dots T - 1`.
        loss: The name of the loss, a key of :data:`latentq.mmd.LOSSES`.
        outcomes: Whether outcomes are `sampled`, kept as `exact` branches, or sampled with their
            `score` in training.
        engine: The engine that executes the circuits.
        init_scale: The angles start uniform in :math:`[-s, s]`.
        axes: The axes of the rotations.
        entangled: Whether the circuits have CZ gates.

    Raises:
        ValueError: If `layers` has numbers for more or fewer steps than there are.
    """

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
        *,
        generator: torch.Generator,
    ) -> None:
        super().__init__()

        self.forward_process = forward_process
        self.ancillas = ancillas
        self.distance = LOSSES[loss]
        self.outcomes = outcomes
        self.engine = engine
        depths = layers if isinstance(layers, tuple) else (layers,) * forward_process.steps
        if len(depths) != forward_process.steps:
            raise ValueError(f"layers: must be of {forward_process.steps} steps, was {layers}")
        self.circuits = tuple(
            circuits.denoising_circuit(forward_process.qubits + ancillas, depth, axes, entangled)
            for depth in depths
        )
        self.angles = nn.ParameterList(
            init_scale * (2 * torch.rand(circuit.parameters, generator=generator) - 1)
            for circuit in self.circuits
        )

    @property
    def steps(self) -> int:
        """The number of steps T."""
        return self.forward_process.steps

    def instruments(self, steps: list[int], batch: int) -> list[Instrument]:
        r"""Returns the maps :math:`\psi \mapsto (K_m \psi)_m` of some steps.

        Each takes statevectors of shape :math:`(B, d)` to branches of shape :math:`(B, M, d)`.

        Arguments:
            steps: The steps.
            batch: The number of states they will be applied to at least.
        """
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

    @torch.no_grad()
    def sample_chain(
        self,
        n: int,
        generator: torch.Generator,
        stop: int = 0,
        start: Tensor | None = None,
    ) -> Tensor:
        r"""Draws states along the generation, with shape :math:`(T - s + 1, N, d)`.

        Arguments:
            n: The number of states :math:`N`.
            generator: The source of randomness.
            stop: The step :math:`s` to stop at; 0 runs to the data end.
            start: The basis states to start from, with shape :math:`(N)`, see
                :meth:`~latentq.diffusion.ForwardProcess.terminal_states`.

        Returns:
            The ensembles from the terminal one to the generated :math:`S_s`.

        Raises:
            ValueError: If there is no such step.
        """
        if not 0 <= stop <= self.steps:
            raise ValueError(f"stop: must be from 0 to {self.steps}, was {stop}")
        chain = [self.forward_process.terminal_states(n, generator, start)]
        order = [*reversed(range(stop, self.steps))]
        for instrument in self.instruments(order, n) if order else []:
            chain.append(draw_outcomes(instrument(chain[-1]), generator))

        return torch.stack(chain)

    def advance(
        self, instrument: Instrument, particles: Particles, generator: torch.Generator
    ) -> Particles:
        """Applies one step to particles, with outcomes sampled or kept as configured."""
        branches = instrument(particles.psi)
        if self.outcomes == "sampled":
            return Particles(draw_outcomes(branches, generator), particles.weights)
        if self.outcomes == "score":
            return score_outcomes(branches, particles.weights, generator)

        return keep_outcomes(branches, particles.weights)

    def _distance(
        self, particles: Particles, targets: Tensor, value: bool, groups: int = 1
    ) -> Tensor:
        distance = partial(mmdk, constant=value) if self.distance is mmdk else self.distance
        blocks = zip(
            *(x.chunk(groups) for x in (particles.psi, targets, particles.weights)), strict=True
        )
        # The sum of weights is a constant whose gradient would only add variance.
        parts = [distance(psi, wanted, w / w.sum()) for psi, wanted, w in blocks]
        return torch.stack(parts).mean()

    def step_loss(
        self,
        t: int,
        inputs: Tensor,
        targets: Tensor,
        generator: torch.Generator,
        value: bool = True,
        groups: int = 1,
    ) -> Tensor:
        r"""Returns the loss of step :math:`t` alone, :math:`D(U_t(S_{t+1}), S_t)`.

        Arguments:
            t: The step, from :math:`T - 1` down to 0.
            inputs: Its input states, with shape :math:`(N, d)`.
            targets: States of :math:`S_t`, with shape :math:`(M, d)`.
            generator: The source of randomness, used for sampled outcomes.
            value: Whether the value matters, or only the gradient by the angles.
            groups: The number of groups; inputs and targets hold one after the other, and the
                loss is the mean over the groups.
        """
        published = self.outcomes == "sampled" and self.distance is mmd1 and groups == 1
        if self.engine == "fused" and published:
            uniforms = draw_uniforms(inputs, generator)
            return sampled_distance(
                self.circuits[t], self.angles[t], inputs, uniforms, targets, self.ancillas
            )
        (instrument,) = self.instruments([t], len(inputs))
        particles = self.advance(instrument, uniform_particles(inputs), generator)
        return self._distance(particles, targets, value, groups)

    def chain_losses(
        self,
        inputs: Tensor,
        targets: list[Tensor],
        generator: torch.Generator,
        value: bool = True,
        groups: int = 1,
    ) -> list[Tensor]:
        r"""Returns the losses of all steps of one chain, :math:`D(P_t, S_t)`.

        Arguments:
            inputs: States of the terminal ensemble, with shape :math:`(N, d)`. With exact
                outcomes they become :math:`N 2^{n_A T}` particles.
            targets: States of :math:`S_0 \dots S_{T-1}`, each with shape :math:`(M, d)`.
            generator: The source of randomness, used for sampled outcomes.
            value: Whether the value matters, or only the gradient by the angles.
            groups: The number of groups, see :meth:`step_loss`.

        Returns:
            The losses of the steps :math:`0 \dots T - 1`, differentiable end to end.
        """
        particles, losses = uniform_particles(inputs), []
        order = [*reversed(range(self.steps))]
        for t, instrument in zip(order, self.instruments(order, len(inputs)), strict=True):
            particles = self.advance(instrument, particles, generator)
            losses.append(self._distance(particles, targets[t], value, groups))

        return losses[::-1]
