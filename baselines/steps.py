r"""The steps that a chain can have in the place of circuits, each an instrument.

A step takes statevectors of shape (B, d) to branches :math:`\phi_m` of shape (B, M, d). Branch m
is taken with the probability :math:`\| \phi_m \|^2`. Every step says how many free reals it has:
those that change a branch by more than a global phase.
"""

import math
from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from latentq.engine.fused import apply_kraus
from latentq.quantum.states import haar_states, normalize


def _complex(*shape: int, scale: float, generator: torch.Generator) -> Tensor:
    """Draws complex normal numbers as pairs of reals, with shape (*, 2)."""
    return scale * torch.randn(*shape, 2, generator=generator)


class Step(nn.Module, ABC):
    """A step of a chain."""

    #: Whether its branches are linear in the state, so that it is checked on superpositions.
    linear = False

    @property
    @abstractmethod
    def freedom(self) -> int:
        """The number of free reals."""

    @abstractmethod
    def forward(self, psi: Tensor) -> Tensor:
        """Returns the branches of states of shape (B, d), with shape (B, M, d)."""


class IsometryStep(Step):
    r"""An instrument without a circuit: any :math:`K_m` with :math:`\sum_m K_m^\dagger K_m = 1`.

    The stacked :math:`K_m` are the orthonormal columns :math:`Q` of a trained matrix
    :math:`A = Q R` of shape :math:`(M d, d)`.

    Arguments:
        dimension: The dimension :math:`d`.
        branches: The number of branches :math:`M`.
        generator: The source of the first matrix.
    """

    linear = True

    def __init__(self, dimension: int, branches: int, generator: torch.Generator) -> None:
        super().__init__()

        rows = branches * dimension
        identity = torch.view_as_real(torch.eye(rows, dimension, dtype=torch.complex64))
        scale = 1 / math.sqrt(2 * rows)
        self.matrix = nn.Parameter(
            identity + _complex(rows, dimension, scale=scale, generator=generator)
        )

    @property
    def freedom(self) -> int:
        r"""The isometries have :math:`2 M d^2 - d^2` reals; M phases of branches do nothing."""
        rows, dimension, _ = self.matrix.shape
        return 2 * rows * dimension - dimension**2 - rows // dimension

    def kraus(self) -> Tensor:
        r"""Returns the matrices :math:`K_m`, with shape (M, d, d)."""
        dimension = self.matrix.shape[1]
        return torch.linalg.qr(torch.view_as_complex(self.matrix)).Q.unflatten(0, (-1, dimension))

    def forward(self, psi: Tensor) -> Tensor:
        """Returns the branches, see the base class."""
        return apply_kraus(self.kraus(), psi)


class MapStep(Step):
    r"""Linear maps, one of which is drawn, whatever the state.

    .. math:: \phi_m = \sqrt{w_m} \, \frac{A_m \psi}{\| A_m \psi \|}, \qquad
        A_0 = A, \quad A_m = A + U_m V_m^\dagger

    Arguments:
        dimension: The dimension :math:`d`.
        maps: The number of maps :math:`M`.
        rank: The rank of :math:`A_m - A`.
        learnt: Whether the weights :math:`w_m` are trained; else all are :math:`1 / M`.
        generator: The source of the first matrices.
    """

    def __init__(
        self, dimension: int, maps: int, rank: int, learnt: bool, generator: torch.Generator
    ) -> None:
        super().__init__()

        identity = torch.view_as_real(torch.eye(dimension, dtype=torch.complex64))
        scale, shape = 1 / math.sqrt(2 * dimension), (maps - 1, dimension, rank)
        self.shared = nn.Parameter(
            identity + _complex(dimension, dimension, scale=scale, generator=generator)
        )
        self.left = nn.Parameter(_complex(*shape, scale=scale**0.5, generator=generator))
        self.right = nn.Parameter(_complex(*shape, scale=scale**0.5, generator=generator))
        logits = torch.zeros(maps)
        self.logits = nn.Parameter(logits) if learnt else None

    @property
    def freedom(self) -> int:
        """A factor of all maps does nothing; a matrix of rank r has 2 r (2 d - r) reals."""
        others, dimension, rank, _ = self.left.shape
        each = 2 * rank * (2 * dimension - rank) + (self.logits is not None)
        return 2 * dimension**2 - 2 + others * each

    def weights(self) -> Tensor:
        """Returns the probabilities of the maps, with shape (M)."""
        count = 1 + len(self.left)
        if self.logits is None:
            return self.left.new_full((count,), 1 / count)
        return self.logits.softmax(dim=0)

    def forward(self, psi: Tensor) -> Tensor:
        """Returns the branches, see the base class."""
        shared, left, right = map(torch.view_as_complex, (self.shared, self.left, self.right))
        first = psi @ shared.mT
        others = torch.einsum("bj,mjr,mir->bmi", psi, right.conj(), left)
        moved = normalize(torch.cat((first[:, None], first[:, None] + others), dim=1))
        return moved * self.weights().sqrt()[:, None]


class PrepareStep(Step):
    r"""Measure and prepare: a measurement, then a fixed state for each outcome.

    .. math:: K_m = | \chi_m \rangle \langle e_m |, \qquad
        \sum_m | e_m \rangle \langle e_m | = 1

    It breaks all entanglement, and hands on nothing but the outcome :math:`m`.

    Arguments:
        dimension: The dimension :math:`d`.
        effects: The number of outcomes :math:`M`, at least :math:`d`.
        generator: The source of the first vectors.

    References:
        Horodecki, Shor and Ruskai (2003), arXiv quant-ph/0302031, theorem 4.
    """

    linear = True

    def __init__(self, dimension: int, effects: int, generator: torch.Generator) -> None:
        super().__init__()

        qubits = dimension.bit_length() - 1
        prepared = haar_states(effects, qubits=qubits, generator=generator)
        self.effects = nn.Parameter(_complex(effects, dimension, scale=1.0, generator=generator))
        self.prepared = nn.Parameter(torch.view_as_real(prepared).clone())

    @property
    def freedom(self) -> int:
        r"""Vectors :math:`e_m` of an isometry up to a phase each, and 2 d - 2 reals a state."""
        effects, dimension, _ = self.effects.shape
        return 2 * effects * dimension - dimension**2 - effects + effects * (2 * dimension - 2)

    def forward(self, psi: Tensor) -> Tensor:
        """Returns the branches, see the base class."""
        vectors = torch.linalg.qr(torch.view_as_complex(self.effects)).Q
        states = normalize(torch.view_as_complex(self.prepared))
        return (psi @ vectors.mT)[:, :, None] * states


def without_interference(columns: Tensor, psi: Tensor) -> Tensor:
    r"""Applies an instrument to states without what is off the diagonal of their matrix.

    .. math:: \phi_{k m} = \psi_k K_m | k \rangle, \qquad
        \sum_{k m} | \phi_{k m} \rangle \langle \phi_{k m} |
        = \sum_m K_m \Big( \sum_k | \psi_k |^2 | k \rangle \langle k | \Big) K_m^\dagger

    Arguments:
        columns: The vectors :math:`K_m | k \rangle`, with shape (d, M, d).
        psi: Statevectors, with shape (B, d).

    Returns:
        The branches, with shape (B, d M, d).
    """
    return (psi[:, :, None, None] * columns).flatten(1, 2)
