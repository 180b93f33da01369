r"""Ensembles of quantum states that QuDDPMs are trained to generate.

Each is a small class with the number of its qubits and :meth:`draw`, which returns unit
statevectors of shape :math:`(N, 2^n)`, complex64. The definitions are those of the original
paper and its published code, but for the extended GHZ states, which arXiv 2512.06695 does not
define: their family is our own reading.

References:
    Zhang et al. (2024), Phys. Rev. Lett. 132, 100602, and the authors' repository QuantGenMdl.
"""

import math
from dataclasses import dataclass
from functools import reduce
from typing import ClassVar, Protocol

import torch
from torch import Tensor

from latentq.quantum.states import normalize

C, R = torch.complex64, torch.float32


class Target(Protocol):
    """An ensemble of pure states."""

    @property
    def qubits(self) -> int:
        """The number of qubits."""

    def draw(self, n: int, generator: torch.Generator) -> Tensor:
        """Draws states, with shape (N, 2^n), complex64."""


@dataclass(frozen=True)
class Cluster:
    r"""States near :math:`| 0 \dots 0 \rangle`.

    .. math:: | \psi \rangle \propto | 0 \dots 0 \rangle + \epsilon \sum_{i > 0} (a_i + i b_i)
        | i \rangle, \qquad a_i, b_i \sim N(0, 1)

    Arguments:
        qubits: The number of qubits.
        scale: The scale :math:`\epsilon`: published are 0.08 for one qubit, 0.06 for two.
    """

    qubits: int = 1
    scale: float = 0.08

    def draw(self, n: int, generator: torch.Generator) -> Tensor:
        """Draws states, with shape (N, 2^n), complex64."""
        noise = torch.randn(n, 2**self.qubits, 2, dtype=R, generator=generator)
        psi = self.scale * torch.view_as_complex(noise)
        psi[:, 0] = 1
        return normalize(psi)


@dataclass(frozen=True)
class CorrelatedNoise:
    r"""A state of two qubits turned by correlated noise.

    .. math:: e^{-i \delta XX} | \phi \rangle \text{ with probability } p, \qquad
        e^{-i \delta ZZ} | \phi \rangle \text{ otherwise}, \qquad \delta \sim U[-\pi/3, \pi/3]

    Arguments:
        share: The probability :math:`p`.
        spread: The largest :math:`\delta`, in radians.
    """

    share: float = 0.8
    spread: float = math.pi / 3
    qubits: ClassVar[int] = 2
    weights: ClassVar[tuple[float, ...]] = (0.1, 0.55, 0.0, 0.35)
    phases: ClassVar[tuple[float, ...]] = (0.8, 1.7, 0.0, 2.4)

    def draw(self, n: int, generator: torch.Generator) -> Tensor:
        """Draws states, with shape (N, 4), complex64."""
        start = torch.polar(
            torch.tensor(self.weights, dtype=R).sqrt(), torch.tensor(self.phases, dtype=R)
        )
        flips = torch.rand(n, 1, dtype=R, generator=generator) < self.share
        delta = self.spread * (2 * torch.rand(n, 1, dtype=R, generator=generator) - 1)
        signs = torch.tensor([1.0, -1.0, -1.0, 1.0], dtype=R)
        turned = torch.where(flips, start.flip(0), signs * start)
        return delta.cos() * start - 1j * delta.sin() * turned


@dataclass(frozen=True)
class Circle:
    r"""Real states of one qubit, :math:`\cos\phi | 0 \rangle + \sin\phi | 1 \rangle`.

    The angle is uniform, so that the mean state is the maximally mixed one, which the kernel
    :math:`F` cannot tell from Haar states.
    """

    qubits: ClassVar[int] = 1

    def draw(self, n: int, generator: torch.Generator) -> Tensor:
        """Draws states, with shape (N, 2), complex64."""
        phi = math.tau * torch.rand(n, dtype=R, generator=generator)
        return torch.stack((phi.cos(), phi.sin()), dim=-1).to(C)


def _on(qubits: int, factors: dict[int, Tensor]) -> Tensor:
    """Returns a Kronecker product with the identity on the qubits that are not named."""
    one = torch.eye(2, dtype=torch.float64)
    return reduce(torch.kron, [factors.get(q, one) for q in range(qubits)])


def ising_hamiltonian(qubits: int) -> tuple[Tensor, Tensor]:
    r"""Returns the two parts of the transverse-field Ising Hamiltonian on an open chain.

    .. math:: H = - \sum_{q=0}^{n-2} Z_q Z_{q+1} - g \sum_{q=0}^{n-1} X_q

    Arguments:
        qubits: The number of qubits :math:`n`.

    Returns:
        The two sums with their signs, real, with shape :math:`(2^n, 2^n)`, float64.
    """
    z = torch.tensor([[1.0, 0.0], [0.0, -1.0]], dtype=torch.float64)
    x = torch.tensor([[0.0, 1.0], [1.0, 0.0]], dtype=torch.float64)
    bonds = [_on(qubits, {q: z, q + 1: z}) for q in range(qubits - 1)]
    zeros = torch.zeros(2**qubits, 2**qubits, dtype=torch.float64)
    return -sum(bonds, zeros), -sum((_on(qubits, {q: x}) for q in range(qubits)), zeros)


@dataclass(frozen=True)
class IsingGround:
    r"""Ground states of the transverse-field Ising chain in its ordered phase.

    The field :math:`g` is uniform. The ground state of a finite chain keeps the symmetry: it is
    near :math:`| 0 \dots 0 \rangle + | 1 \dots 1 \rangle`.

    Arguments:
        qubits: The number of qubits.
        field: The smallest and the largest :math:`g`.
    """

    qubits: int = 4
    field: tuple[float, float] = (0.2, 0.4)

    def draw(self, n: int, generator: torch.Generator) -> Tensor:
        """Draws states, with shape (N, 2^n), complex64."""
        low, high = self.field
        uniform = torch.rand(n, 1, 1, dtype=torch.float64, generator=generator)
        bonds, fields = ising_hamiltonian(self.qubits)
        _, vectors = torch.linalg.eigh(bonds + (low + (high - low) * uniform) * fields)
        return vectors[..., 0].to(C)


def magnetisation(psi: Tensor) -> Tensor:
    r"""Returns the mean size of the magnetisation, in :math:`[0, 1]`.

    .. math:: M = \sum_x | \psi_x |^2 \, \Big| \frac{1}{n} \sum_q (-1)^{x_q} \Big|

    Arguments:
        psi: Unit statevectors, with shape :math:`(*, 2^n)`.

    Returns:
        The magnetisation, with shape :math:`(*)`.
    """
    qubits = psi.shape[-1].bit_length() - 1
    index = torch.arange(psi.shape[-1])
    ones = sum((index >> q & 1 for q in range(qubits)), torch.zeros_like(index))
    return psi.abs().square() @ (1 - 2 * ones / qubits).abs().to(psi.real.dtype)


@dataclass(frozen=True)
class ExtendedGHZ:
    r"""Superpositions of :math:`| 0 \dots 0 \rangle` and :math:`| 1 \dots 1 \rangle`.

    .. math:: | \psi \rangle = \cos\alpha | 0 \dots 0 \rangle + e^{i \beta} \sin\alpha
        | 1 \dots 1 \rangle, \qquad \alpha \sim U[0, \pi/2], \; \beta \sim U[0, 2 \pi)

    Arguments:
        qubits: The number of qubits.
    """

    qubits: int = 4

    def draw(self, n: int, generator: torch.Generator) -> Tensor:
        """Draws states, with shape (N, 2^n), complex64."""
        alpha = math.pi / 2 * torch.rand(n, dtype=R, generator=generator)
        beta = math.tau * torch.rand(n, dtype=R, generator=generator)
        psi = torch.zeros(n, 2**self.qubits, dtype=C)
        psi[:, 0] = alpha.cos().to(C)
        psi[:, -1] += torch.polar(alpha.sin(), beta)
        return normalize(psi)
