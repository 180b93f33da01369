r"""Quantum models with one thing exchanged: MLPs for circuits, a trace for the measurement.

Everything else is that of :class:`latentq.model.LatentQ`: autoencoder, terminal ensemble, cells,
losses, trainer. Other controls need no class, only other settings: see `latentq.study.arms`.
"""

import math
from functools import partial
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from latentq.diffusion import Chain, ForwardProcess, QuDDPM
from latentq.diffusion.chain import Instrument
from latentq.encoding import amplitude_encode
from latentq.generative import Labels
from latentq.model import LatentQ
from latentq.states import gram_fidelities
from latentq.transport import transport


class PerceptronChain(Chain):
    r"""A chain whose steps are small MLPs on the reals of a state, and toss one fair coin each.

    .. math:: \psi \to \frac{x + f_t(x, c)}{\| \cdot \|}, \qquad
        x = (\mathrm{Re} \, \psi, \mathrm{Im} \, \psi), \quad c = \pm 1

    The coin gives a step as much chance as one measured ancilla; its two outcomes have the
    probability 1/2 each, whatever the parameters.

    Arguments:
        forward_process: The forward process.
        width: The number of hidden units of a step.
        loss: The name of the loss.
        generator: The source of the initial weights.
    """

    def __init__(
        self,
        forward_process: ForwardProcess,
        width: int,
        loss: str = "wasserstein",
        *,
        generator: torch.Generator,
    ) -> None:
        super().__init__(forward_process, loss, "sampled")

        reals = 2 * 2**forward_process.qubits
        self.networks = nn.ModuleList(
            nn.Sequential(
                nn.Linear(reals + 1, width), nn.SiLU(), nn.Linear(width, reals, bias=False)
            )
            for _ in range(forward_process.steps)
        )
        for parameter in self.networks.parameters():
            bound = 1 / math.sqrt(parameter.shape[-1])
            nn.init.uniform_(parameter, -bound, bound, generator=generator)

    def instruments(self, steps: list[int], batch: int) -> list[Instrument]:
        """Returns the maps of some steps, see the base class."""
        return [partial(_toss, self.networks[t]) for t in steps]


def _toss(network: nn.Module, psi: Tensor) -> Tensor:
    """Returns the two branches of a coin, with shape (B, 2, d)."""
    reals = torch.cat((psi.real, psi.imag), dim=-1)
    inputs = [functional.pad(reals, (0, 1), value=side) for side in (-1.0, 1.0)]
    branches = [amplitude_encode(reals + network(x)) for x in inputs]
    return torch.stack(branches, dim=1) / math.sqrt(2)


class Perceptrons(LatentQ):
    """The quantum model with an MLP in the place of every circuit."""

    chain = PerceptronChain


class TracedChain(QuDDPM):
    r"""A QuDDPM whose ancillas are traced out: nobody reads the outcomes, states become mixed.

    .. math:: \rho \to \sum_m K_m \rho K_m^\dagger

    A mixed state is kept as vectors :math:`\phi_k` with
    :math:`\rho = \sum_k | \phi_k \rangle \langle \phi_k |`; each step multiplies their number by
    :math:`2^{n_A}`. The loss is the Wasserstein distance to pure targets with the cost
    :math:`1 - \langle \psi | \rho | \psi \rangle`, the fidelity of a mixed state with a pure one.
    """

    def mixed_chain(
        self, n: int, generator: torch.Generator, stop: int = 0, start: Tensor | None = None
    ) -> list[Tensor]:
        r"""Draws starts and follows their mixed states, each of shape :math:`(N, K, d)`.

        Arguments:
            n: The number of starts :math:`N`.
            generator: The source of randomness; only the starts are random.
            stop: The step to stop at.
            start: The basis states to start from, see :meth:`sample_chain`.
        """
        chain = [self.forward_process.terminal_states(n, generator, start)[:, None]]
        order = [*reversed(range(stop, self.steps))]
        for instrument in self.instruments(order, n) if order else []:
            chain.append(trace_out(instrument, chain[-1]))
        return chain

    @torch.no_grad()
    def draw_inputs(
        self, n: int, generator: torch.Generator, t: int, start: Tensor | None = None
    ) -> Tensor:
        """Draws mixed input states of a step, see the base class."""
        return self.mixed_chain(n, generator, t + 1, start)[-1]

    def step_loss(
        self,
        t: int,
        inputs: Tensor,
        targets: Tensor,
        generator: torch.Generator,
        value: bool = True,
        groups: int = 1,
    ) -> Tensor:
        r"""Returns the loss of a step on mixed inputs of shape :math:`(N, K, d)`."""
        (instrument,) = self.instruments([t], len(inputs))
        return _mixed_distance(trace_out(instrument, inputs), targets, groups)

    def chain_losses(
        self,
        inputs: Tensor,
        targets: list[Tensor],
        generator: torch.Generator,
        value: bool = True,
        groups: int = 1,
        last: bool = False,
    ) -> list[Tensor]:
        """Returns the losses of all steps of one chain of mixed states, see the base class."""
        rho, losses = inputs[:, None], []
        order = [*reversed(range(self.steps))]
        for t, instrument in zip(order, self.instruments(order, len(inputs)), strict=True):
            rho = trace_out(instrument, rho)
            if not (last and t):
                losses.append(_mixed_distance(rho, targets[t], groups))

        return losses[::-1]


def trace_out(instrument: Instrument, rho: Tensor) -> Tensor:
    r"""Applies an instrument to mixed states and forgets the outcome.

    Arguments:
        instrument: The instrument.
        rho: Mixed states as vectors :math:`\phi_k`, with shape :math:`(N, K, d)`.

    Returns:
        The vectors :math:`K_m \phi_k`, with shape :math:`(N, K M, d)`.
    """
    return instrument(rho.flatten(0, 1)).unflatten(0, rho.shape[:2]).flatten(1, 2)


def _mixed_distance(rho: Tensor, targets: Tensor, groups: int) -> Tensor:
    parts = []
    for mixed, pure in zip(rho.chunk(groups), targets.chunk(groups), strict=True):
        overlaps = gram_fidelities(mixed.flatten(0, 1), pure)
        parts.append(transport(1 - overlaps.unflatten(0, mixed.shape[:2]).sum(dim=1)))
    return torch.stack(parts).mean()


class Traced(LatentQ):
    """The quantum model with its ancillas traced out; the decoder sees mixed states."""

    chain = TracedChain

    @torch.no_grad()
    def sample_chain(self, n: int, seed: int = 0, label: Labels = None) -> Tensor:
        r"""Draws the mixed states of a generation, with shape :math:`(T + 1, N, K, 16)`.

        States of fewer than :math:`K` vectors are filled up with zeros.

        Arguments:
            n: The number of states :math:`N`.
            seed: The seed of the draw.
            label: The classes, see :meth:`labels`.
        """
        prior = cast(TracedChain, self.prior)
        chain = prior.mixed_chain(n, self.generator(seed), start=self.labels(n, seed, label))
        most = chain[-1].shape[1]
        return torch.stack([functional.pad(rho, (0, 0, 0, most - rho.shape[1])) for rho in chain])
