r"""Quantum models with one thing removed: interference between steps, or the measurement.

Everything else is that of :class:`latentq.models.hybrid.LatentQ`: autoencoder, terminal ensemble,
cells, losses, trainer. Other controls need no class, only other settings: see
`latentq.study.arms`. Other steps in the place of circuits are in :mod:`baselines.chains`.
"""

from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from baselines.mixed import mixed_mmdk
from baselines.steps import without_interference
from latentq.diffusion import Chain, Forward, Particles, QuDDPM
from latentq.diffusion.chain import Instrument, Outcomes
from latentq.diffusion.losses import Loss
from latentq.diffusion.losses.transport import transport, wasserstein
from latentq.errors import InputError
from latentq.models.hybrid import LatentQ
from latentq.quantum.states import gram_fidelities


class DephasedChain(Chain):
    r"""The circuits of a QuDDPM with a drawn basis state before each, so that none interferes.

    .. math:: \rho \to \sum_m K_m \, \mathrm{diag}(\rho) \, K_m^\dagger

    What is off the diagonal of the state is removed before each step, so that the chain is a
    Markov chain on :math:`2^n` basis states, whose last step gives one of
    :math:`2^n 2^{n_A}` fixed states. The circuits are those of the quantum model.

    Arguments:
        forward_process: The forward process.
        loss: The name of the loss.
        outcomes: What becomes of the outcomes in training, see :class:`latentq.diffusion.Chain`.
        arguments: The other arguments of :class:`~latentq.diffusion.QuDDPM`.
    """

    linear = True

    def __init__(
        self,
        forward_process: Forward,
        loss: str | Loss = "wasserstein",
        outcomes: Outcomes = "score",
        **arguments: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(forward_process, loss, outcomes)

        self.measured = QuDDPM(forward_process, loss=loss, outcomes=outcomes, **arguments)
        self.spread = self.measured.spread

    def instruments(self, steps: list[int], batch: int) -> list[Instrument]:
        """Returns the maps of some steps, see the base class."""
        size, device = 2**self.forward_process.qubits, next(self.parameters()).device
        basis = torch.eye(size, dtype=torch.complex64, device=device)
        found = self.measured.instruments(steps, batch)
        return [partial(without_interference, instrument(basis)) for instrument in found]


class Dephased(LatentQ):
    """The quantum model with interference between its steps switched off."""

    chain = DephasedChain


class TracedChain(QuDDPM):
    r"""A QuDDPM whose ancillas are traced out: nobody reads the outcomes, states become mixed.

    .. math:: \rho \to \sum_m K_m \rho K_m^\dagger

    A mixed state is kept as vectors :math:`\phi_k` with
    :math:`\rho = \sum_k | \phi_k \rangle \langle \phi_k |`; each step multiplies their number by
    :math:`2^{n_A}`. The loss is the Wasserstein distance to pure targets with the cost
    :math:`1 - \langle \psi | \rho | \psi \rangle`, the fidelity of a mixed state with a pure one.

    Arguments:
        forward_process: The forward process.
        arguments: The other arguments of :class:`~latentq.diffusion.QuDDPM`.

    Raises:
        InputError: If the loss is another one.
    """

    pure = False

    def __init__(self, forward_process: Forward, **arguments: Any) -> None:  # noqa: ANN401
        super().__init__(forward_process, **arguments)

        if self.distance is not wasserstein:
            raise InputError("loss: must be wasserstein where ancillas are traced out")

    def lift(self, psi: Tensor) -> Tensor:
        r"""Returns pure states as mixed ones of one vector, with shape :math:`(N, 1, d)`."""
        return psi[:, None]

    def move(self, instrument: Instrument, psi: Tensor, generator: torch.Generator) -> Tensor:
        """Applies one step to mixed states, without a draw."""
        return trace_out(instrument, psi)

    def advance(
        self, instrument: Instrument, particles: Particles, generator: torch.Generator
    ) -> Particles:
        """Applies one step to equally weighted mixed states, as in generation."""
        return Particles(self.move(instrument, particles.psi, generator), particles.weights)

    def stack(self, chain: list[Tensor]) -> Tensor:
        r"""Returns the ensembles with shape :math:`(T - s + 1, N, K, d)`.

        States of fewer than :math:`K` vectors are filled up with zeros.
        """
        most = chain[-1].shape[1]
        return torch.stack([functional.pad(rho, (0, 0, 0, most - rho.shape[1])) for rho in chain])

    def discrepancy(self, psi: Tensor, phi: Tensor) -> float:
        """Returns the MMD of two ensembles, see :func:`~baselines.mixed.mixed_mmdk`."""
        lifted = (x if x.dim() == 3 else self.lift(x) for x in (psi, phi))
        return mixed_mmdk(*lifted)

    def compare(
        self, particles: Particles, targets: Tensor, value: bool, groups: int = 1
    ) -> Tensor:
        """Returns the loss of mixed states, which have no weights, see the base class."""
        mixed, pure = (x.unflatten(0, (groups, -1)) for x in (particles.psi, targets))
        overlaps = gram_fidelities(mixed.flatten(1, 2), pure)
        return transport(1 - overlaps.unflatten(1, mixed.shape[1:3]).sum(dim=2)).mean()


def trace_out(instrument: Instrument, rho: Tensor) -> Tensor:
    r"""Applies an instrument to mixed states and forgets the outcome.

    Arguments:
        instrument: The instrument.
        rho: Mixed states as vectors :math:`\phi_k`, with shape :math:`(N, K, d)`.

    Returns:
        The vectors :math:`K_m \phi_k`, with shape :math:`(N, K M, d)`.
    """
    return instrument(rho.flatten(0, 1)).unflatten(0, rho.shape[:2]).flatten(1, 2)


class Traced(LatentQ):
    """The quantum model with its ancillas traced out; the decoder sees mixed states."""

    chain = TracedChain
