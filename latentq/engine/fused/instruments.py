r"""Circuits with measured ancillas: compiled to Kraus matrices, or run on the batch itself."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional

from latentq.engine.circuits import Circuit
from latentq.engine.fused.constants import constant
from latentq.engine.fused.evolution import Loops, evolve, uses_loops

GATE = 6  # measured, forwards and backwards: see docs/performance.md


@constant
def _basis(ancillas: int, qubits: int, like: torch.dtype, device: torch.device) -> Tensor:
    r"""Returns :math:`| 0 \rangle | j \rangle` for all data states, with shape (1, d, D)."""
    return torch.eye(2 ** (qubits - ancillas), 2**qubits, dtype=like, device=device)[None]


def _columns(circuit: Circuit, angles: Tensor, ancillas: int) -> Tensor:
    """Returns the first d columns of U as rows, with shape (*, d, D)."""
    basis = _basis(ancillas, circuit.qubits, angles.dtype.to_complex(), angles.device)
    columns = evolve(circuit, angles.reshape(-1, angles.shape[-1]), basis)
    return columns.reshape(*angles.shape[:-1], *basis.shape[1:])


def kraus(circuit: Circuit, angles: Tensor, ancillas: int) -> Tensor:
    r"""Compiles a circuit with measured ancillas to its Kraus matrices.

    Arguments:
        circuit: The circuit :math:`U` on ancillas and data, ancillas first.
        angles: The angles in radians, with shape :math:`(*, P)`, float32 or float64.
        ancillas: The number of ancillas :math:`n_A`.

    Returns:
        The matrices :math:`K_m`, with shape :math:`(*, 2^{n_A}, d, d)`.
    """
    return _columns(circuit, angles, ancillas).mT.unflatten(-2, (2**ancillas, -1))


def apply_kraus(matrices: Tensor, psi: Tensor) -> Tensor:
    r"""Returns the unnormalised branches :math:`\phi_m = K_m \psi`.

    Arguments:
        matrices: The Kraus matrices, with shape :math:`(*, M, d, d)`.
        psi: Statevectors, with shape :math:`(*, B, d)`.

    Returns:
        The branches, with shape :math:`(*, B, M, d)`.
    """
    return (psi @ matrices.flatten(-3, -2).mT).unflatten(-1, matrices.shape[-3:-1])


class Compiled:
    """A circuit compiled to Kraus matrices by loops, without a graph.

    Arguments:
        circuit: The circuit, ancillas included.
        angles: Its angles in radians, with shape (P).
        ancillas: The number of ancillas.
    """

    def __init__(self, circuit: Circuit, angles: Tensor, ancillas: int) -> None:
        basis = _basis(ancillas, circuit.qubits, angles.dtype.to_complex(), angles.device)
        self.loops, self.outcomes = Loops(circuit, angles[None]), 2**ancillas
        self.columns = self.loops.run(basis)

    def branches(self, psi: Tensor) -> Tensor:
        """Returns the branches of states, with shape (B, M, d)."""
        return torch.mm(psi, self.columns[0]).view(len(psi), self.outcomes, -1)

    def pull_back(self, psi: Tensor, grad: Tensor) -> Tensor:
        """Returns the gradient by the angles, given that by the branches."""
        by_columns = torch.mm(psi.mH, grad.view(len(psi), -1))
        return self.loops.pull_back(self.columns, by_columns[None])[1][0]

    def pull_to_states(self, grad: Tensor) -> Tensor:
        """Returns the gradient by the states, given that by the branches."""
        return torch.mm(grad.view(len(grad), -1), self.columns[0].mH)


class Direct:
    """A circuit run on the states themselves by loops, without a graph.

    Arguments:
        circuit: The circuit, ancillas included.
        angles: Its angles in radians, with shape (P).
        ancillas: The number of ancillas.
    """

    def __init__(self, circuit: Circuit, angles: Tensor, ancillas: int) -> None:
        self.loops, self.outcomes = Loops(circuit, angles[None]), 2**ancillas

    def branches(self, psi: Tensor) -> Tensor:
        """Returns the branches of states, with shape (B, M, d)."""
        joint = functional.pad(psi, (0, (self.outcomes - 1) * psi.shape[-1]))
        self.result = self.loops.run(joint[None])
        return self.result.view(len(psi), self.outcomes, -1)

    def pull_back(self, psi: Tensor, grad: Tensor) -> Tensor:
        """Returns the gradient by the angles, given that by the branches."""
        by_joint, by_angles = self.loops.pull_back(self.result, grad.view(self.result.shape))
        self.by_states = by_joint[0, :, : psi.shape[-1]]
        return by_angles[0]

    def pull_to_states(self, grad: Tensor) -> Tensor:
        """Returns the gradient by the states, which :meth:`pull_back` has made."""
        return self.by_states


class _Branches(torch.autograd.Function):
    """The branches of states of shape (B, d), as one node of the graph."""

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401
        circuit: Circuit,
        angles: Tensor,
        psi: Tensor,
        ancillas: int,
    ) -> Tensor:
        kind = Compiled if compiles(circuit, ancillas, len(psi)) else Direct
        ctx.execution = kind(circuit, angles, ancillas)
        ctx.save_for_backward(psi, angles)
        return ctx.execution.branches(psi)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> Any:  # noqa: ANN401
        (psi, _), grad = ctx.saved_tensors, grad.resolve_conj().contiguous()
        by_angles = ctx.execution.pull_back(psi, grad)
        by_psi = ctx.execution.pull_to_states(grad) if ctx.needs_input_grad[2] else None
        return None, by_angles, by_psi, None


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
    outcomes = 2**ancillas
    if angles.dim() == 1 and uses_loops(circuit, psi):
        return _Branches.apply(circuit, angles, psi, ancillas)
    if compiles(circuit, ancillas, psi.shape[-2]):
        return apply_kraus(kraus(circuit, angles, ancillas), psi)

    joint = functional.pad(psi, (0, (outcomes - 1) * psi.shape[-1]))
    if angles.dim() == 1:
        return evolve(circuit, angles[None], joint[None])[0].unflatten(-1, (outcomes, -1))

    return evolve(circuit, angles, joint).unflatten(-1, (outcomes, -1))
