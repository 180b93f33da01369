r"""Resampling: a state between a training state and one of its nearest neighbours.

.. math:: \psi = \frac{(1 - u) \, \psi_i + u \, e^{i \alpha} \psi_j}{\| \cdot \|}, \qquad
    u \sim U[0, 1], \quad j \in \text{neighbours of } i,

with the phase :math:`\alpha` that makes the overlap positive. It has no parameters and keeps all
training states: it shows what memory without a model reaches.

References:
    SMOTE: Synthetic Minority Over-sampling Technique (Chawla et al., 2002), arXiv 1106.1813.
"""

import torch
from torch import Tensor, nn

from latentq.errors import InputError
from latentq.models.generative import CHUNK, Labels
from latentq.models.states import FittedModel
from latentq.quantum.states import gram_fidelities, normalize


class Memory(nn.Module):
    """The training states, as pairs of reals."""

    reals: Tensor

    def __init__(self, dimension: int) -> None:
        super().__init__()

        self.register_buffer("reals", torch.zeros(0, dimension, 2))

    @property
    def states(self) -> Tensor:
        """The states, with shape (N, d)."""
        return torch.view_as_complex(self.reals)

    def _load_from_state_dict(self, state: dict[str, Tensor], prefix: str, *rest: object) -> None:
        # The number of states is that of the training images, which the model does not know.
        self.reals = torch.zeros_like(state[f"{prefix}reals"])
        super()._load_from_state_dict(state, prefix, *rest)


class NeighboursModel(FittedModel):
    """The autoencoder of the quantum model with resampled training states.

    Arguments:
        channels: The number of channels of the networks.
        neighbours: The number of nearest neighbours to choose from.
        qubits: The number of qubits.
        seed: The seed of the initial weights.
        latent_noise: The noise on the states while the autoencoder is trained.
    """

    prior: Memory

    def __init__(
        self,
        channels: int,
        neighbours: int = 5,
        qubits: int = 4,
        seed: int = 0,
        *,
        latent_noise: float = 0.0,
    ) -> None:
        super().__init__(
            channels, Memory(2**qubits), seed, qubits=qubits, latent_noise=latent_noise
        )

        self.neighbours = neighbours

    def fit(self, latents: Tensor, seed: int) -> None:
        """Keeps the training states, see the base class.

        Raises:
            InputError: If there are no more of them than neighbours.
        """
        if len(latents) <= self.neighbours:
            raise InputError(
                f"prior.neighbours: must be fewer than the {len(latents)} training images, "
                f"was {self.neighbours}"
            )
        self.prior.reals = torch.view_as_real(latents).clone()

    @torch.no_grad()
    def sample_states(self, n: int, seed: int = 0, label: Labels = None) -> Tensor:
        """Draws states between neighbours, with shape (N, 16), see the base class."""
        self.labels(n, seed, label)
        states, generator = self.prior.states, self.generator(seed)
        device = states.device
        first = torch.randint(len(states), (n,), generator=generator, device=device)
        rank = torch.randint(self.neighbours, (n,), generator=generator, device=device)
        u = torch.rand(n, generator=generator, device=device, dtype=states.real.dtype)
        second = torch.cat([self._neighbours(part) for part in first.split(CHUNK)])
        return between(states[first], states[second.gather(1, rank[:, None])[:, 0]], u)

    def _neighbours(self, index: Tensor) -> Tensor:
        """Returns the nearest other states of some, nearest first, with shape (B, k)."""
        fidelities = gram_fidelities(self.prior.states[index], self.prior.states)
        fidelities[torch.arange(len(index), device=index.device), index] = -1
        return fidelities.topk(self.neighbours, dim=1).indices


def between(phi: Tensor, psi: Tensor, u: Tensor) -> Tensor:
    r"""Returns the states at a fraction of the way from one to another, whatever their phases.

    Arguments:
        phi: Unit statevectors, with shape :math:`(N, d)`.
        psi: Unit statevectors, with shape :math:`(N, d)`.
        u: The fractions :math:`u` in :math:`[0, 1]`, with shape :math:`(N)`.
    """
    phase = torch.angle((psi.conj() * phi).sum(dim=-1))
    turned = psi * torch.polar(torch.ones_like(phase), phase)[:, None]
    return normalize((1 - u)[:, None] * phi + u[:, None] * turned)
