r"""The chain of a quantum prior on a machine with errors: exact density matrices.

The states of a chain are then mixed. An outcome :math:`m` has the probability
:math:`\mathrm{Tr} \, \Phi_m(\rho)` and leaves :math:`\Phi_m(\rho)`, normalised, where
:math:`\Phi_m` are the channels of :func:`latentq.engine.noisy.instrument`.
"""

import torch
from torch import Tensor

from latentq.diffusion.forward import ForwardProcess
from latentq.diffusion.measurement import draw_uniforms
from latentq.diffusion.quddpm import QuDDPM
from latentq.engine import noisy
from latentq.errors import InputError
from latentq.quantum.states import turn_randomly
from latentq.randomness import check_whole, derive_generator


class NoisyChain:
    """The steps of a prior compiled with noise, once for all samples.

    Arguments:
        prior: The prior.
        noise: The errors.

    Raises:
        InputError: If its terminal states are not those of a
            :class:`~latentq.diffusion.ForwardProcess`.
    """

    def __init__(self, prior: QuDDPM, noise: noisy.Noise) -> None:
        if not isinstance(prior.forward_process, ForwardProcess):
            kind = type(prior.forward_process).__name__
            raise InputError(f"prior: must begin with a ForwardProcess, began with a {kind}")
        self.process, self.noise = prior.forward_process, noise
        self.spread = prior.spread
        self.instruments = [
            noisy.instrument(circuit, angles.cpu(), ancillas, noise)
            for circuit, angles, ancillas in zip(
                prior.circuits, prior.angles, prior.ancillas, strict=True
            )
        ]

    def terminal(self, n: int, generator: torch.Generator, start: Tensor | None = None) -> Tensor:
        """Draws terminal states that noisy gates make, as Pauli coordinates of shape (N, 4^n)."""
        made = self.process.preparation(n, generator, start)
        basis = torch.eye(2**self.process.qubits, dtype=torch.complex128)
        states = noisy.to_pauli(torch.diag_embed(basis))[made.basis]
        return noisy.evolve(made.circuit, made.angles, states, self.noise)

    def step(self, t: int, r: Tensor, generator: torch.Generator) -> Tensor:
        """Takes states through a step, and draws an outcome for each, with shape (N, 4^n)."""
        return select(
            torch.einsum("mij,nj->nmi", self.instruments[t], r), draw_uniforms(r, generator)
        )

    def sample(self, n: int, seed: int = 0, start: Tensor | None = None) -> Tensor:
        r"""Draws generated states, as density matrices of shape :math:`(N, d, d)`, complex128.

        Without noise they are the states of :meth:`latentq.diffusion.QuDDPM.sample_chain` with
        the same seed.

        Arguments:
            n: The number of states :math:`N`.
            seed: The seed of the draw.
            start: The basis states to start from, with shape :math:`(N)`; drawn if `None`.

        Raises:
            InputError: If there is no such number, seed or start.
        """
        generator = derive_generator(seed, "sample")
        r = self.terminal(check_whole(n, "n", 1), generator, start)
        for t in reversed(range(len(self.instruments))):
            r = self.step(t, r, generator)
        return turn_randomly(noisy.from_pauli(r), self.spread, generator, mixed=True)


def select(branches: Tensor, uniforms: Tensor) -> Tensor:
    """Takes one outcome for each state by its probability, and normalises what it leaves.

    Arguments:
        branches: Pauli coordinates of unnormalised states, with shape (N, M, 4^n).
        uniforms: Numbers in [0, 1), with shape (N).
    """
    found = drawn_branches(branches, uniforms)
    return found / found[:, :1]


def drawn_branches(branches: Tensor, uniforms: Tensor) -> Tensor:
    """Takes one outcome for each state by its probability, see :func:`select`.

    Returns:
        The branches as they are, with shape (N, 4^n): their first coordinate is the probability.
    """
    p = branches[..., 0].detach().clamp_min(0)
    cumulative = p.cumsum(dim=-1)
    rows = (cumulative[:, :-1] <= uniforms.to(p)[:, None] * cumulative[:, -1:]).sum(dim=-1)
    return branches[torch.arange(len(rows), device=rows.device), rows]
