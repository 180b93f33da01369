r"""Circuits with measured ancillas: compiled to Kraus matrices, or run on the batch itself."""

import torch
from torch import Tensor

from latentq.circuits import Circuit
from latentq.fused.evolution import evolve

GATE = 6  # measured, forwards and backwards: see docs/performance.md


def kraus(circuit: Circuit, angles: Tensor, ancillas: int) -> Tensor:
    r"""Compiles a circuit with measured ancillas to its Kraus matrices.

    Arguments:
        circuit: The circuit :math:`U` on ancillas and data, ancillas first.
        angles: The angles in radians, with shape :math:`(*, P)`, float32 or float64.
        ancillas: The number of ancillas :math:`n_A`.

    Returns:
        The matrices :math:`K_m`, with shape :math:`(*, 2^{n_A}, d, d)`.
    """
    dimension = 2 ** (circuit.qubits - ancillas)
    basis = torch.eye(
        dimension, 2**circuit.qubits, dtype=angles.dtype.to_complex(), device=angles.device
    )
    columns = evolve(circuit, angles.reshape(-1, angles.shape[-1]), basis[None]).mT
    return columns.reshape(*angles.shape[:-1], 2**ancillas, dimension, dimension)


def apply_kraus(matrices: Tensor, psi: Tensor) -> Tensor:
    r"""Returns the unnormalised branches :math:`\phi_m = K_m \psi`.

    Arguments:
        matrices: The Kraus matrices, with shape :math:`(*, M, d, d)`.
        psi: Statevectors, with shape :math:`(*, B, d)`.

    Returns:
        The branches, with shape :math:`(*, B, M, d)`.
    """
    return (psi @ matrices.flatten(-3, -2).mT).unflatten(-1, matrices.shape[-3:-1])


def compiles(circuit: Circuit, ancillas: int, batch: int) -> bool:
    r"""Returns whether Kraus matrices are cheaper than running the circuit on a batch.

    In units of one multiplication of a matrix product, a gate of the circuit costs
    :data:`GATE` for each amplitude. Compiling takes :math:`2^n` basis states through :math:`L n`
    gates and the batch through one matrix product, running takes the batch through the gates.

    Arguments:
        circuit: The circuit, ancillas included.
        ancillas: The number of ancillas :math:`n_A`.
        batch: The number of states :math:`B`.
    """
    dimension = 2 ** (circuit.qubits - ancillas)
    gates = GATE * circuit.layers * circuit.qubits
    return dimension * (gates + batch) < batch * gates


def branches(circuit: Circuit, angles: Tensor, psi: Tensor, ancillas: int) -> Tensor:
    r"""Returns the unnormalised states that the outcomes of an ancilla measurement leave.

    .. math:: \phi_m = ( \langle m | \otimes 1 ) \, U \, ( | 0 \rangle \otimes \psi )

    Arguments:
        circuit: The circuit :math:`U` on ancillas and data, ancillas first.
        angles: The angles in radians, with shape :math:`(P)`, or :math:`(S, P)` for several
            circuits.
        psi: Statevectors of the data, with shape :math:`(B, d)` or :math:`(S, B, d)`.
        ancillas: The number of ancillas :math:`n_A`.

    Returns:
        The branches :math:`\phi_m`, with shape :math:`(B, 2^{n_A}, d)` or
        :math:`(S, B, 2^{n_A}, d)`.
    """
    if compiles(circuit, ancillas, psi.shape[-2]):
        return apply_kraus(kraus(circuit, angles, ancillas), psi)

    outcomes = 2**ancillas
    joint = torch.nn.functional.pad(psi, (0, (outcomes - 1) * psi.shape[-1]))
    if angles.dim() == 1:
        return evolve(circuit, angles[None], joint[None])[0].unflatten(-1, (outcomes, -1))

    return evolve(circuit, angles, joint).unflatten(-1, (outcomes, -1))
