r"""A QuDDPM for machines of today: few gates, and training with their errors.

Basis state :math:`k` has angles :math:`\theta_k` of its own. A machine knows :math:`k` before it
runs, as it prepares that state, so own angles cost no gate; they save the many layers that a
circuit needs which is the same for all :math:`k`. So the chain is one small QuDDPM for each cell
or class, see :meth:`NearTermQuDDPM.of_group`.

Training follows density matrices through depolarised gates, exactly, and compares them with pure
targets by the Wasserstein distance with the cost :math:`1 - \langle \psi | \rho | \psi \rangle`.
Samples are those of perfect gates, or of any errors by :meth:`NearTermQuDDPM.sample_noisy`.
"""

from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from latentq.diffusion.chain import Instrument
from latentq.diffusion.forward import Forward, Preparation
from latentq.diffusion.losses.transport import transport, wasserstein
from latentq.diffusion.measurement import (
    Particles,
    draw_uniforms,
    select_outcomes,
    uniform_particles,
)
from latentq.diffusion.noisy import NoisyChain, drawn_branches
from latentq.diffusion.quddpm import QuDDPM
from latentq.engine import fused, noise_aware, noisy
from latentq.engine.export import Program
from latentq.errors import InputError
from latentq.quantum.readout import density_matrices
from latentq.randomness import check_whole, chosen_generator, derive_generator, derive_seed


class NearTermQuDDPM(QuDDPM):
    r"""A QuDDPM with angles for each basis state, trained with the errors of its gates.

    Arguments:
        forward_process: The forward process; its terminal ensemble is `basis` or `product`.
        groups: The number of basis states that are used, :math:`G`, at most :math:`2^n`.
        gate_error: The probability of the depolarising channel after each CZ in training.
        init_scale: The scale :math:`s` of the first angles, uniform in :math:`[-s, s]`.
        generator: The source of the first angles, or
        seed: its seed.
        arguments: `ancillas`, `layers`, `axes`, `loss`, see :class:`~latentq.diffusion.QuDDPM`.

    Raises:
        InputError: If an argument is not as it must be, or the loss is another one than
            `wasserstein`.
    """

    linear = False

    def __init__(
        self,
        forward_process: Forward,
        groups: int,
        gate_error: float = 0.0,
        init_scale: float = 1.0,
        *,
        generator: torch.Generator | None = None,
        seed: int | None = None,
        **arguments: Any,  # noqa: ANN401
    ) -> None:
        generator = chosen_generator(generator, seed, "init", "prior")
        arguments = {"loss": "wasserstein", **arguments, "outcomes": "score"}
        super().__init__(forward_process, **arguments, generator=generator)

        if self.distance is not wasserstein:
            raise InputError("loss: must be wasserstein, which mixed states have")
        if not 1 <= check_whole(groups, "groups", 1) <= 2**forward_process.qubits:
            raise InputError(
                f"groups: must be from 1 to {2**forward_process.qubits}, was {groups}"
            )
        noisy.Noise(gate_error)
        self.groups, self.gate_error, self._given = groups, gate_error, arguments
        self.angles = nn.ParameterList(
            init_scale * (2 * torch.rand(groups, circuit.parameters, generator=generator) - 1)
            for circuit in self.circuits
        )

    def of_group(self, k: int) -> QuDDPM:
        """Returns the small QuDDPM of basis state k, with a copy of its angles."""
        if not 0 <= check_whole(k, "start") < self.groups:
            raise InputError(f"start: must be from 0 to {self.groups - 1}, was {k}")
        found = QuDDPM(self.forward_process, **self._given, seed=0)
        for own, angles in zip(found.angles, self.angles, strict=True):
            own.data = angles.data[k].clone()
        return found

    def check(self) -> None:
        """Checks that no step of any basis state loses or gains probability."""
        for k in range(self.groups):
            self.of_group(k).check()

    # --- States in training: one group after the other, as many of each

    def instruments(self, steps: list[int], batch: int) -> list[Instrument]:
        """Returns the maps of some steps on states that are ordered by group, as in training.

        Without errors they act on statevectors, else on what :meth:`lift` returns.
        """
        run = self._noisy_branches if self.gate_error else self._branches
        return [partial(run, t) for t in steps]

    def _branches(self, t: int, psi: Tensor) -> Tensor:
        blocks = psi.unflatten(0, (self.groups, -1))
        found = fused.branches(self.circuits[t], self.angles[t], blocks, self.ancillas[t])
        return found.flatten(0, 1)

    def _noisy_branches(self, t: int, r: Tensor) -> Tensor:
        blocks = r.unflatten(0, (self.groups, -1))
        found = noise_aware.branches(
            self.circuits[t], self.angles[t], blocks, self.ancillas[t], self.gate_error
        )
        return found.flatten(0, 1)

    def lift(self, psi: Tensor) -> Tensor:
        """Returns statevectors as Pauli coordinates, with shape (N, 4^n), if gates have errors."""
        return noisy.to_pauli(density_matrices(psi)).float() if self.gate_error else psi

    def advance(
        self, instrument: Instrument, particles: Particles, generator: torch.Generator
    ) -> Particles:
        """Applies one step to particles, and draws an outcome for each, see the base class."""
        if not self.gate_error:
            return super().advance(instrument, particles, generator)
        found = drawn_branches(instrument(particles.psi), self.uniforms(particles.psi, generator))
        p = found[:, 0].clamp_min(torch.finfo(found.dtype).tiny ** 0.5)
        return Particles(found / p[:, None], particles.weights * (p / p.detach()))

    def compare(
        self, particles: Particles, targets: Tensor, value: bool, groups: int = 1
    ) -> Tensor:
        """Returns the loss of an ensemble, see the base class.

        Raises:
            InputError: If the states have other groups than the angles.
        """
        if groups != self.groups:
            raise InputError(f"groups: must be {self.groups}, as many as angles, were {groups}")
        if not self.gate_error:
            return super().compare(particles, targets, value, groups)
        parts = (particles.psi, self.lift(targets), particles.weights)
        r, wanted, w = (x.unflatten(0, (groups, -1)) for x in parts)
        overlaps = r @ wanted.mT / 2**self.forward_process.qubits
        return transport(1 - overlaps, w / w.sum(dim=-1, keepdim=True)).mean()

    @torch.no_grad()
    def draw_inputs(
        self, n: int, generator: torch.Generator, t: int, start: Tensor | None = None
    ) -> Tensor:
        """Draws input states of a step, as the later steps leave them with their errors."""
        psi = self.forward_process.terminal_states(n, generator, start)
        found = uniform_particles(self.lift(psi))
        order = [*reversed(range(t + 1, self.steps))]
        for instrument in self.instruments(order, n):
            found = self.advance(instrument, found, generator)
        return found.psi

    # --- Samples: any basis states in any order

    def starts(self, n: int, generator: torch.Generator, start: Tensor | None) -> Tensor:
        """Returns basis states to start from, drawn if `None`, with shape (N)."""
        if start is not None:
            return start
        return torch.randint(self.groups, (n,), device=generator.device, generator=generator)

    @torch.no_grad()
    def sample_chain(
        self,
        n: int,
        generator: torch.Generator | None = None,
        stop: int = 0,
        start: Tensor | None = None,
        *,
        seed: int | None = None,
    ) -> Tensor:
        """Draws states along the generation by perfect gates, see the base class."""
        generator = chosen_generator(generator, seed, "sample", device=self.angles[0].device)
        if not 0 <= stop <= self.steps:
            raise InputError(f"stop: must be from 0 to {self.steps}, was {stop}")
        blocks, places = in_blocks(self.starts(n, generator, start), self.groups)
        chain = [self.forward_process.terminal_states(len(blocks), generator, blocks)]
        for t in reversed(range(stop, self.steps)):
            uniforms = draw_uniforms(chain[-1], generator)
            chain.append(select_outcomes(self._branches(t, chain[-1]), uniforms))
        return torch.stack(chain)[:, places]

    @torch.no_grad()
    def sample_noisy(
        self, n: int, noise: noisy.Noise, seed: int = 0, start: Tensor | None = None
    ) -> Tensor:
        """Draws generated states with errors, as density matrices of shape (N, d, d).

        Arguments:
            n: The number of states N.
            noise: The errors.
            seed: The seed of the draw.
            start: The basis states to start from, with shape (N); drawn if `None`.
        """
        start = self.starts(n, derive_generator(seed, "sample"), start)
        d = 2**self.forward_process.qubits
        found = torch.empty(n, d, d, dtype=torch.complex128)
        for k in start.unique().tolist():
            own = start == k
            chain = NoisyChain(self.of_group(k), noise)
            found[own] = chain.sample(int(own.sum()), derive_seed(seed, "group", k), start[own])
        return found

    # --- Circuits: those of one basis state

    def program(
        self,
        step: int | None = None,
        deferred: bool = True,
        *,
        seed: int = 0,
        start: int | None = None,
    ) -> Program:
        """Returns the operations of one generation, or of a step of basis state `start`."""
        if start is None:
            start = int(self.starts(1, derive_generator(seed, "sample"), None))
        return self.of_group(start).program(step, deferred, seed=seed, start=start)

    def write_program(
        self, made: Preparation | None, step: int | None = None, deferred: bool = True
    ) -> Program:
        """Returns the operations that follow a preparation, whose basis state has the angles."""
        if made is None:
            raise InputError("made: must be a preparation, as each basis state has own angles")
        return self.of_group(int(made.basis)).write_program(made, step, deferred)


def in_blocks(start: Tensor, groups: int) -> tuple[Tensor, Tensor]:
    """Orders basis states by group, and fills up with more of them until all have as many.

    Returns:
        The basis states with shape (G M), and the places of the given ones in them, (N).
    """
    counts = torch.bincount(start, minlength=groups)
    if len(counts) > groups:
        raise InputError(f"start: must be from 0 to {groups - 1}, was {int(start.max())}")
    most = int(counts.max())
    order = start.argsort(stable=True)
    within = (
        torch.arange(len(start), device=start.device) - (counts.cumsum(0) - counts)[start[order]]
    )
    places = torch.empty_like(start)
    places[order] = start[order] * most + within
    return torch.arange(groups, device=start.device).repeat_interleave(most), places
