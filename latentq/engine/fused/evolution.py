r"""A circuit on a batch of states, with a backward pass of its own."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from latentq.engine import native
from latentq.engine.circuits import Circuit
from latentq.engine.fused.gates import (
    UNITS,
    cnot_sources,
    cz_signs,
    entangler_diagonal,
    layer_rotations,
    parity_sum,
)
from latentq.engine.fused.matrices import MatrixEvolution

Backend = Literal["loops", "matrices"]
LOOPS = 13  # up to so many qubits loops are faster, measured: see docs/performance.md


@cache
def _constants(circuit: Circuit, dtype: torch.dtype) -> tuple[np.ndarray, np.ndarray]:
    """Returns the axes by number, and the signs of the entangler."""
    signs = cz_signs(circuit.qubits, circuit.pairs).to(dtype).numpy()
    return np.array([UNITS[axis] - 1 for axis in circuit.axes]), signs


def uses_loops(circuit: Circuit, like: Tensor) -> bool:
    """Returns whether circuits are run by loops, for a tensor's device, where not told how."""
    diagonal = not circuit.shares_angle and circuit.entangler != "cnot"
    return native.runs_on(like) and diagonal and circuit.qubits <= LOOPS


class Loops:
    """Circuits run by :mod:`latentq.engine.native`, for CPUs and entanglers without angle.

    Backwards, states and gradients go back through the layers together, which are unitary: no
    state between the layers is kept.

    Arguments:
        circuit: The circuit.
        angles: The angles in radians, with shape :math:`(S, P)`.
    """

    def __init__(self, circuit: Circuit, angles: Tensor) -> None:
        shape = (len(angles), circuit.layers, len(circuit.axes), circuit.qubits)
        self.shape = angles.shape
        self.angles = angles.detach().contiguous().view(shape).numpy()
        self.constants = _constants(circuit, angles.dtype)

    def run(self, psi: Tensor) -> Tensor:
        """Returns the states at the end of contiguous ones with shape (S, C, D)."""
        result = torch.empty_like(psi)
        native.evolve(self.angles, *self.constants, psi.numpy(), result.numpy())
        return result

    def pull_back(self, psi: Tensor, grad: Tensor) -> tuple[Tensor, Tensor]:
        """Returns the gradients by states and angles, given states and gradient at the end."""
        by_psi, by_angles = torch.empty_like(psi), np.empty_like(self.angles)
        native.pull_back(
            self.angles, *self.constants, psi.numpy(), grad.numpy(), by_psi.numpy(), by_angles
        )
        return by_psi, torch.from_numpy(by_angles).view(self.shape)


class _LoopEvolution(torch.autograd.Function):
    """A circuit by loops, on states of shape (S, C, D) with angles of shape (S, P)."""

    @staticmethod
    def forward(ctx: Any, circuit: Circuit, angles: Tensor, psi: Tensor) -> Tensor:  # noqa: ANN401
        ctx.loops = Loops(circuit, angles)
        result = ctx.loops.run(psi)
        # The loops share the memory of the angles: saved, a change of them is noticed.
        ctx.save_for_backward(result, angles)
        return result

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> Any:  # noqa: ANN401
        psi, _ = ctx.saved_tensors
        by_psi, by_angles = ctx.loops.pull_back(psi, grad.resolve_conj().contiguous())
        return None, by_angles, by_psi


def evolve(
    circuit: Circuit, angles: Tensor, psi: Tensor, backend: Backend | None = None
) -> Tensor:
    r"""Applies circuits to states that share them.

    Arguments:
        circuit: The circuit :math:`U`.
        angles: The angles in radians, with shape :math:`(S, P)`: one circuit for each of
            :math:`S` batches, such as the steps of a chain, seeds or classes.
        psi: Statevectors, with shape :math:`(S, B, 2^n)`, or :math:`(1, B, 2^n)` where all
            circuits act on the same states; complex64 or complex128 as the angles.
        backend: `loops`, for CPUs and circuits whose entangler has no angle, or `matrices`, for
            all; if `None`, loops where they are possible and faster.

    Returns:
        The states :math:`U_s \psi_{s b}`, with shape :math:`(S, B, 2^n)`. They are
        differentiable once.

    Raises:
        ValueError: If a shape, a type or the backend does not fit.
    """
    rotations, shared = circuit.split(angles)
    if psi.shape[-1] != 2**circuit.qubits:
        raise ValueError(f"psi: must have {2**circuit.qubits} entries, had {psi.shape[-1]}")
    if psi.dtype != angles.dtype.to_complex():
        raise ValueError(f"psi: must be {angles.dtype.to_complex()}, was {psi.dtype}")

    if circuit.entangler == "cnot":
        return _through_cnots(partial(evolve, backend=backend), circuit, angles, psi)

    psi = psi.expand(len(angles), -1, -1).resolve_conj().contiguous()
    if backend == "loops" and not (native.runs_on(psi) and shared is None):
        raise ValueError("backend: loops need a CPU and an entangler without an angle")
    if backend == "loops" or (backend is None and uses_loops(circuit, psi)):
        return _LoopEvolution.apply(circuit, angles, psi)

    return MatrixEvolution.apply(circuit, rotations, shared, psi)


def _through_cnots(
    through: Callable[[Circuit, Tensor, Tensor], Tensor],
    circuit: Circuit,
    angles: Tensor,
    psi: Tensor,
) -> Tensor:
    """Takes states through the columns of rotations of a circuit, and permutes after each."""
    column = replace(circuit, layers=1, entangler="cz", pairs=())
    sources = cnot_sources(circuit.qubits, circuit.pairs).to(psi.device)
    for layer in angles.unflatten(-1, (circuit.layers, -1)).unbind(dim=-2):
        psi = through(column, layer, psi)[..., sources]

    return psi


def run(circuit: Circuit, angles: Tensor, psi: Tensor) -> Tensor:
    r"""Applies a circuit to states.

    Arguments:
        circuit: The circuit :math:`U`.
        angles: The angles in radians, with shape :math:`(P)`, or :math:`(B, P)` where each
            state has a circuit of its own.
        psi: Statevectors, with shape :math:`(B, 2^n)`, complex64 or complex128.

    Returns:
        The states :math:`U \psi`, with shape :math:`(B, 2^n)`.
    """
    if angles.dim() == 1:
        return evolve(circuit, angles[None], psi[None])[0]

    return run_each(circuit, angles, psi)


def run_each(circuit: Circuit, angles: Tensor, psi: Tensor) -> Tensor:
    r"""Applies a circuit to states, each with angles of its own.

    Arguments:
        circuit: The circuit :math:`U`.
        angles: The angles in radians, with shape :math:`(B, P)`.
        psi: Statevectors, with shape :math:`(B, 2^n)`, complex64 or complex128.

    Returns:
        The states :math:`U_b \psi_b`, with shape :math:`(B, 2^n)`.
    """
    rotations, shared = circuit.split(angles)
    if circuit.entangler == "cnot":
        return _through_cnots(run_each, circuit, angles, psi)

    recorded = torch.is_grad_enabled() and (angles.requires_grad or psi.requires_grad)
    if native.runs_on(psi) and not recorded:
        return _run_each_by_loops(circuit, rotations, shared, psi)

    matrices = layer_rotations(circuit, rotations)
    diagonals = entangler_diagonal(circuit, shared, psi)
    for layer in range(circuit.layers):
        for qubit in range(circuit.qubits):
            axes = psi.reshape(len(psi), 2**qubit, 2, -1)
            psi = torch.einsum("...xy,...ayb->...axb", matrices[..., layer, qubit, :, :], axes)
        diagonal = diagonals if shared is None else diagonals[..., layer, :]
        psi = diagonal * psi.reshape(len(psi), -1)

    return psi


def _run_each_by_loops(
    circuit: Circuit, rotations: Tensor, shared: Tensor | None, psi: Tensor
) -> Tensor:
    psi = psi.detach().resolve_conj().contiguous()
    result, (axes, diagonal) = torch.empty_like(psi), _constants(circuit, rotations.dtype)
    if shared is None:
        shared = rotations.new_empty(0, 0)
    else:
        diagonal = parity_sum(circuit.qubits, circuit.pairs).to(rotations).numpy()
    arrays = (x.detach().contiguous().numpy() for x in (rotations, shared))
    native.evolve_each(*arrays, axes, diagonal, psi.numpy(), result.numpy())
    return result
