r"""The gates of all layers of a circuit at once: SU(2) matrices, their products, diagonals.

A product of rotations is kept as a unit quaternion :math:`(w, x, y, z)`,

.. math:: U = w - i (x X + y Y + z Z), \qquad
    R_P(\theta) = \cos(\theta / 2) - i \sin(\theta / 2) P,

since :math:`-iX, -iY, -iZ` multiply as the quaternion units do. One more rotation then costs
four real multiplications instead of a product of complex matrices.
"""

import torch
from torch import Tensor

from latentq.engine.circuits import Axis, Circuit
from latentq.engine.fused.constants import constant

# Left multiplication by a unit: components and signs of e (w, x, y, z).
UNIT_PRODUCTS: dict[Axis, tuple[list[int], list[float]]] = {
    "rx": ([1, 0, 3, 2], [-1.0, 1.0, -1.0, 1.0]),
    "ry": ([2, 3, 0, 1], [-1.0, 1.0, 1.0, -1.0]),
    "rz": ([3, 2, 1, 0], [-1.0, -1.0, 1.0, 1.0]),
}
UNITS: dict[Axis, int] = {"rx": 1, "ry": 2, "rz": 3}
# Real and imaginary parts of the entries 00, 01, 10, 11 of the matrix of a quaternion.
ENTRIES = [0, 3, 2, 1, 2, 1, 0, 3]
ENTRY_SIGNS = [1.0, -1.0, -1.0, -1.0, 1.0, -1.0, 1.0, 1.0]


@constant
def _unit_product(axis: Axis, like: torch.dtype, device: torch.device) -> tuple[Tensor, Tensor]:
    places, signs = UNIT_PRODUCTS[axis]
    return torch.tensor(places, device=device), torch.tensor(signs, dtype=like, device=device)


@constant
def _entries(like: torch.dtype, device: torch.device) -> tuple[Tensor, Tensor]:
    return torch.tensor(ENTRIES, device=device), torch.tensor(
        ENTRY_SIGNS, dtype=like, device=device
    )


def quaternions(circuit: Circuit, angles: Tensor) -> Tensor:
    r"""Returns the quaternions :math:`(w, x, y, z)` of :math:`\prod_P R_P(\theta_{l P q})`.

    Arguments:
        circuit: The circuit.
        angles: The angles of its rotations in radians, with shape :math:`(*, L, A, n)`.

    Returns:
        The quaternions of all layers and qubits, with shape :math:`(*, L, n, 4)`.
    """
    half = 0.5 * angles[..., None]
    cosines, sines = half.cos().unbind(dim=-3), half.sin().unbind(dim=-3)
    nothing = torch.zeros_like(cosines[0])
    parts = [cosines[0], nothing, nothing, nothing]
    parts[UNITS[circuit.axes[0]]] = sines[0]
    q = torch.cat(parts, dim=-1)
    for axis, cos, sin in zip(circuit.axes[1:], cosines[1:], sines[1:], strict=True):
        places, signs = _unit_product(axis, angles.dtype, angles.device)
        q = cos * q + sin * signs * q[..., places]

    return q


def layer_rotations(circuit: Circuit, angles: Tensor) -> Tensor:
    r"""Returns the single-qubit matrices :math:`\prod_P R_P(\theta_{l P q})` of all layers.

    .. math:: U = \begin{pmatrix} w - i z & -y - i x \\ y - i x & w + i z \end{pmatrix}

    Arguments:
        circuit: The circuit.
        angles: The angles of its rotations in radians, with shape :math:`(*, L, A, n)`.

    Returns:
        The matrices, with shape :math:`(*, L, n, 2, 2)`.
    """
    places, signs = _entries(angles.dtype, angles.device)
    entries = quaternions(circuit, angles)[..., places] * signs
    return torch.view_as_complex(entries.unflatten(-1, (2, 2, 2)))


@constant
def parity_sum(qubits: int, pairs: tuple[tuple[int, int], ...]) -> Tensor:
    r"""Returns the diagonal :math:`\sum_{(i, j)} z_i z_j` over pairs, with shape :math:`(2^n)`."""
    index = torch.arange(2**qubits)
    z = [1.0 - 2.0 * (index >> (qubits - 1 - q) & 1) for q in range(qubits)]
    return sum((z[i] * z[j] for i, j in pairs), torch.zeros(2**qubits))


@constant
def cz_signs(qubits: int, pairs: tuple[tuple[int, int], ...]) -> Tensor:
    r"""Returns the diagonal of a product of CZ gates, with shape :math:`(2^n)`."""
    index = torch.arange(2**qubits)
    bit = [index >> (qubits - 1 - q) & 1 for q in range(qubits)]
    return 1.0 - 2.0 * (sum((bit[i] & bit[j] for i, j in pairs), 0 * index) % 2)


@constant
def cnot_sources(qubits: int, pairs: tuple[tuple[int, int], ...]) -> Tensor:
    r"""Returns where each amplitude comes from under CNOT gates, one after the other.

    Arguments:
        qubits: The number of qubits :math:`n`.
        pairs: The controls and targets.

    Returns:
        Places :math:`s`, with shape :math:`(2^n)`, such that the gates take :math:`\psi_i` to
        :math:`\psi_{s_i}`.
    """
    index = torch.arange(2**qubits)
    for control, target in reversed(pairs):
        index = index ^ ((index >> (qubits - 1 - control) & 1) << (qubits - 1 - target))
    return index


def entangler_diagonal(circuit: Circuit, shared: Tensor | None, like: Tensor) -> Tensor:
    r"""Returns the diagonals :math:`D(g_l)` of the entanglers of all layers.

    Arguments:
        circuit: The circuit.
        shared: The shared angles :math:`g_l` in radians, with shape :math:`(*, L)`, or `None`.
        like: A tensor with the precision and device wanted.

    Returns:
        The complex diagonals, with shape :math:`(*, L, 2^n)`, or the signs :math:`\pm 1`, with
        shape :math:`(2^n)`, if the entangler has no angle.
    """
    if shared is None:
        return cz_signs(circuit.qubits, circuit.pairs).to(like.device, like.dtype.to_real())

    phase = -0.5 * shared[..., None] * parity_sum(circuit.qubits, circuit.pairs).to(shared)
    return torch.polar(torch.ones_like(phase), phase)


def kronecker(matrices: Tensor) -> Tensor:
    r"""Returns the products :math:`M_0 \otimes M_1 \otimes \dots`, the first most significant.

    Arguments:
        matrices: The factors, with shape :math:`(*, n, 2, 2)`.

    Returns:
        The products, with shape :math:`(*, 2^n, 2^n)`.
    """
    n = matrices.shape[-3]
    if n == 1:
        return matrices.squeeze(-3)

    left, right = (
        kronecker(matrices[..., : n // 2, :, :]),
        kronecker(matrices[..., n // 2 :, :, :]),
    )
    product = left[..., :, None, :, None] * right[..., None, :, None, :]
    return product.flatten(-2).flatten(-3, -2)
