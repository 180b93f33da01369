r"""The circuits of :mod:`latentq.circuits` as batched tensor operations.

Two ways to execute a :class:`~latentq.circuits.Circuit`:

- :func:`run` applies it to states layer by layer, each state with angles of its own if wanted;
- :func:`kraus` compiles it to matrices. With the ancillas in :math:`| 0 \rangle`, the first
  :math:`d = 2^n` columns of :math:`U` are :math:`2^{n_A}` Kraus matrices,

  .. math:: K_m = ( \langle m | \otimes 1 ) \, U \, ( | 0 \rangle \otimes 1 ), \qquad
      \sum_m K_m^\dagger K_m = 1,

  which are built once per iteration and applied to the whole batch with one matrix product.
"""

from functools import cache

import torch
from torch import Tensor

from latentq.circuits import Axis, Circuit


def rotation(axis: Axis, angle: Tensor) -> Tensor:
    r"""Returns the matrices :math:`R_P(\theta) = e^{-i \theta P / 2}`.

    Arguments:
        axis: The axis :math:`P`, one of `rx`, `ry`, `rz`.
        angle: The angles in radians, with shape :math:`(*)`.

    Returns:
        The matrices, with shape :math:`(*, 2, 2)`.
    """
    cos, sin, zero = torch.cos(angle / 2), torch.sin(angle / 2), torch.zeros_like(angle)
    if axis == "rx":
        real, imag = (cos, zero, zero, cos), (zero, -sin, -sin, zero)
    elif axis == "ry":
        real, imag = (cos, -sin, sin, cos), (zero, zero, zero, zero)
    else:
        real, imag = (cos, zero, zero, cos), (-sin, zero, zero, sin)

    matrix = torch.complex(torch.stack(real, dim=-1), torch.stack(imag, dim=-1))
    return matrix.unflatten(-1, (2, 2))


def layer_rotations(circuit: Circuit, angles: Tensor) -> Tensor:
    r"""Returns the single-qubit matrices :math:`\prod_P R_P(\theta_{l P q})` of all layers.

    Arguments:
        circuit: The circuit.
        angles: The angles of its rotations, with shape :math:`(*, L, A, n)`.

    Returns:
        The matrices, with shape :math:`(*, L, n, 2, 2)`.
    """
    matrix = rotation(circuit.axes[0], angles[..., 0, :])
    for column, axis in enumerate(circuit.axes[1:], start=1):
        matrix = rotation(axis, angles[..., column, :]) @ matrix

    return matrix


@cache
def parity_sum(qubits: int, pairs: tuple[tuple[int, int], ...]) -> Tensor:
    r"""Returns the diagonal :math:`\sum_{(i, j)} z_i z_j` over pairs, with shape :math:`(2^n)`."""
    index = torch.arange(2**qubits)
    z = [1.0 - 2.0 * (index >> (qubits - 1 - q) & 1) for q in range(qubits)]
    return sum((z[i] * z[j] for i, j in pairs), torch.zeros(2**qubits))


@cache
def cz_signs(qubits: int, pairs: tuple[tuple[int, int], ...]) -> Tensor:
    r"""Returns the diagonal of a product of CZ gates, with shape :math:`(2^n)`."""
    index = torch.arange(2**qubits)
    bit = [index >> (qubits - 1 - q) & 1 for q in range(qubits)]
    return 1.0 - 2.0 * (sum((bit[i] & bit[j] for i, j in pairs), 0 * index) % 2)


def entangler_diagonal(circuit: Circuit, shared: Tensor | None, like: Tensor) -> Tensor:
    r"""Returns the diagonals :math:`D(g_l)` of the entanglers of all layers.

    Arguments:
        circuit: The circuit.
        shared: The shared angles :math:`g_l` in radians, with shape :math:`(*, L)`, or `None`.
        like: A complex tensor with the type and device wanted.

    Returns:
        The diagonals, with shape :math:`(*, L, 2^n)`, or :math:`(L, 2^n)` without angles.
    """
    if shared is None:
        return cz_signs(circuit.qubits, circuit.pairs).to(like).expand(circuit.layers, -1)

    phase = -0.5 * shared[..., None] * parity_sum(circuit.qubits, circuit.pairs).to(shared)
    return torch.polar(torch.ones_like(phase), phase)


def run(circuit: Circuit, angles: Tensor, psi: Tensor) -> Tensor:
    r"""Applies a circuit to states, layer by layer.

    Arguments:
        circuit: The circuit :math:`U`.
        angles: The angles in radians, with shape :math:`(P)`, or :math:`(B, P)` where each
            state has a circuit of its own.
        psi: Statevectors, with shape :math:`(B, 2^n)`, complex64 or complex128.

    Returns:
        The states :math:`U \psi`, with shape :math:`(B, 2^n)`.
    """
    rotations, shared = circuit.split(angles)
    matrices = layer_rotations(circuit, rotations)
    diagonals = entangler_diagonal(circuit, shared, psi)
    for layer in range(circuit.layers):
        for qubit in range(circuit.qubits):
            axes = psi.reshape(len(psi), 2**qubit, 2, -1)
            psi = torch.einsum("...xy,...ayb->...axb", matrices[..., layer, qubit, :, :], axes)
        psi = diagonals[..., layer, :] * psi.reshape(len(psi), -1)

    return psi


def kronecker(matrices: Tensor) -> Tensor:
    r"""Returns the products :math:`M_0 \otimes M_1 \otimes \dots`, the first most significant.

    Arguments:
        matrices: The factors, with shape :math:`(*, n, 2, 2)`.

    Returns:
        The products, with shape :math:`(*, 2^n, 2^n)`.
    """
    product = matrices[..., 0, :, :]
    for factor in matrices.unbind(dim=-3)[1:]:
        product = torch.einsum("...ij,...kl->...ikjl", product, factor)
        product = product.flatten(-2).flatten(-3, -2)

    return product


def kraus(circuit: Circuit, angles: Tensor, ancillas: int) -> Tensor:
    r"""Compiles a circuit with measured ancillas to its Kraus matrices.

    Arguments:
        circuit: The circuit :math:`U` on ancillas and data, ancillas first.
        angles: The angles in radians, with shape :math:`(*, P)`, float32 or float64.
        ancillas: The number of ancillas :math:`n_A`.

    Returns:
        The matrices :math:`K_m`, with shape :math:`(*, 2^{n_A}, d, d)`.
    """
    rotations, shared = circuit.split(angles)
    layers = kronecker(layer_rotations(circuit, rotations))
    layers = entangler_diagonal(circuit, shared, layers)[..., None] * layers
    dimension = 2 ** (circuit.qubits - ancillas)
    first, *rest = layers.unbind(dim=-3)
    columns = first[..., :dimension]
    for layer in rest:
        columns = layer @ columns

    return columns.unflatten(-2, (2**ancillas, dimension))


def apply_kraus(matrices: Tensor, psi: Tensor) -> Tensor:
    r"""Returns the unnormalised branches :math:`\phi_m = K_m \psi`.

    Arguments:
        matrices: The Kraus matrices, with shape :math:`(M, d, d)`.
        psi: Statevectors, with shape :math:`(B, d)`.

    Returns:
        The branches, with shape :math:`(B, M, d)`.
    """
    return (psi @ matrices.flatten(0, 1).mT).unflatten(-1, matrices.shape[:2])
