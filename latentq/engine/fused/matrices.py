r"""A circuit on a batch of states by a few matrix products a layer, for any device and entangler.

The qubits are cut into groups. The rotations of a layer on one group are a matrix, applied by one
matrix product that also turns the array: even layers find the group's index at the back and leave
it at the front, odd layers the other way round, so that nothing is ever copied to bring a qubit
into place. The diagonal entangler multiplies the amplitudes by signs or phases.

Backwards, the conjugate :math:`H` of the gradient obeys :math:`H_{in} = M^T H_{out}`. With
:math:`X, H` before the rotations of a layer and :math:`\sigma = X H^T`, reduced to one qubit,

.. math:: b_P = \tfrac{1}{2} \mathrm{Im} \, \mathrm{Tr} (P \sigma)

is the derivative by the angle of the first rotation if its axis is :math:`P`; each rotation that
has acted turns :math:`b` as it turns a Bloch vector. The :math:`X` are kept in the forward pass
if they take less than :data:`KEEP` bytes. Otherwise they are recomputed by undoing the layers,
which are unitary: memory then does not grow with depth.
"""

from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any, cast

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from latentq.engine.circuits import Circuit
from latentq.engine.fused.gates import entangler_diagonal, kronecker, layer_rotations, parity_sum
from latentq.engine.fused.gradients import angle_gradients, bloch_vectors

DENSE = 6  # up to so many qubits the rotations of a layer are one matrix
GROUP = 4  # beyond, a matrix takes so many qubits at most
KEEP = 2**28


@cache
def groups(qubits: int) -> tuple[slice, ...]:
    """Returns the qubits in consecutive groups of nearly equal size."""
    count = 1 if qubits <= DENSE else -(-qubits // GROUP)
    edges = [qubits * k // count for k in range(count + 1)]
    return tuple(slice(a, b) for a, b in pairwise(edges))


@dataclass(frozen=True)
class _Program:
    """The matrices of a circuit: of each group with shape (S, L, m, m), and its diagonal."""

    layers: int
    matrices: list[Tensor]
    diagonal: Tensor | None

    def steps(self) -> list[tuple[int, int]]:
        """Lists (layer, group) in the order in which they act."""
        order = range(len(self.matrices))
        return [(i, k) for i in range(self.layers) for k in (order if i % 2 else order[::-1])]

    def entangles(self, layer: int, group: int) -> bool:
        """Whether the diagonal follows, as the group is the last one of its layer."""
        last = len(self.matrices) - 1 if layer % 2 else 0
        return self.diagonal is not None and group == last

    def matrix(self, layer: int, group: int, like: Tensor) -> Tensor:
        """Returns the matrices of a group, repeated to the batch of a tensor."""
        matrix = self.matrices[group][:, layer]
        return matrix if len(matrix) == len(like) else matrix.repeat(2, 1, 1)

    def entangle(self, x: Tensor, layer: int) -> None:
        """Multiplies amplitudes by the diagonal, in place."""
        diagonal = cast(Tensor, self.diagonal)
        d = diagonal.shape[-1]
        if diagonal.is_complex():
            phases = diagonal[:, layer].repeat(len(x) // len(diagonal), 1)
            shape = (len(x), -1, d) if layer % 2 else (len(x), d, -1)
            x.view(shape).mul_(phases[:, None] if layer % 2 else phases[..., None])
        elif layer % 2:
            # Signs for real and imaginary parts in turn: an inner loop over two numbers is slow.
            torch.view_as_real(x).view(-1, 2 * d).mul_(diagonal.repeat_interleave(2))
        else:
            torch.view_as_real(x).view(len(x), d, -1).mul_(diagonal[:, None])


def _compile(circuit: Circuit, rotations: Tensor, shared: Tensor | None) -> _Program:
    factors = layer_rotations(circuit, rotations)
    diagonal = entangler_diagonal(circuit, shared, factors)
    matrices = [kronecker(factors[..., part, :, :]) for part in groups(circuit.qubits)]
    if shared is None and len(matrices) == 1:
        return _Program(circuit.layers, [matrices[0] * diagonal[:, None]], None)

    return _Program(circuit.layers, matrices, diagonal)


def _forth(x: Tensor, matrix: Tensor, layer: int) -> Tensor:
    """Applies the matrix of a group and turns the array: (S, R, m) to (S, m, R), or back."""
    m = matrix.shape[-1]
    if layer % 2:
        return torch.bmm(x.view(len(x), m, -1).mT, matrix.mT)
    return torch.bmm(matrix, x.view(len(x), -1, m).mT)


def _back(h: Tensor, matrix: Tensor, layer: int) -> Tensor:
    """Applies the transpose of the matrix and turns the array back."""
    m = matrix.shape[-1]
    if layer % 2:
        return torch.bmm(matrix.mT, h.view(len(h), -1, m).mT)
    return torch.bmm(h.view(len(h), m, -1).mT, matrix)


def _cross(x: Tensor, h: Tensor, m: int, layer: int) -> Tensor:
    """Returns the sum of X H^T over all but the index of a group, with shape (S, m, m)."""
    if layer % 2:
        return torch.bmm(x.view(len(x), m, -1), h.view(len(h), m, -1).mT)
    return torch.bmm(x.view(len(x), -1, m).mT, h.view(len(h), -1, m))


class _Pull:
    """The sums that the gradient needs, collected while going through the layers backwards.

    Arguments:
        program: The matrices of the circuit.
        h: The conjugate of the gradient at the end, laid out as the last layer leaves its array.
        x: The states at the end, alike.
        tape: The states before each step; none if they are to be recomputed.
    """

    def __init__(self, program: _Program, h: Tensor, x: Tensor, tape: list[Tensor]) -> None:
        self.program, self.size = program, len(h)
        self.tape = [*tape, x] if tape else []
        # Without a tape the states go back together with the gradient, by the same products.
        self.z = h.clone() if tape else torch.cat((h, x.conj()))
        self.sigma: list[list[Tensor]] = [[] for _ in program.matrices]
        self.overlaps: list[Tensor] = []
        for place, (layer, group) in reversed([*enumerate(program.steps())]):
            if program.entangles(layer, group):
                self._entangler(place, layer)
            self.z = _back(self.z, program.matrix(layer, group, self.z), layer)
            m = program.matrices[group].shape[-1]
            self.sigma[group].append(_cross(self._states(place), self.h, m, layer))

    @property
    def h(self) -> Tensor:
        return self.z[: self.size]

    def _states(self, place: int) -> Tensor:
        return self.tape[place] if self.tape else self.z[self.size :].conj()

    def _entangler(self, place: int, layer: int) -> None:
        diagonal = cast(Tensor, self.program.diagonal)
        if diagonal.is_complex():
            overlap = (self._states(place + 1).reshape(-1) * self.h.reshape(-1)).imag
            d = diagonal.shape[-1]
            by_index = overlap.view(self.size, -1, d).mT if layer % 2 else overlap
            self.overlaps.append(by_index.reshape(self.size, d, -1).sum(dim=-1))
        self.program.entangle(self.z, layer)


class MatrixEvolution(torch.autograd.Function):
    """The circuit on states of shape (S, C, D), with angles of shape (S, L, A, n) and (S, L)."""

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401
        circuit: Circuit,
        rotations: Tensor,
        shared: Tensor | None,
        psi: Tensor,
    ) -> Tensor:
        """Returns the states at the end, with shape (S, C, D)."""
        program = _compile(circuit, rotations, shared)
        steps, tape, x = program.steps(), [], psi
        keep = any(ctx.needs_input_grad) and (len(steps) * x.numel() * x.element_size() <= KEEP)
        for layer, group in steps:
            if keep:
                tape.append(x)
            x = _forth(x, program.matrices[group][:, layer], layer)
            if program.entangles(layer, group):
                program.entangle(x, layer)

        size, columns, d = psi.shape
        x = x.view(size, d, columns).mT if circuit.layers % 2 else x.view(psi.shape)
        ctx.circuit, ctx.program, ctx.tape = circuit, program, tape
        ctx.save_for_backward(rotations, x)
        return x

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> Any:  # noqa: ANN401
        """Returns the gradients by rotations, shared angles and states."""
        rotations, psi = ctx.saved_tensors
        circuit, h = ctx.circuit, grad.conj().resolve_conj()
        if circuit.layers % 2:
            h, psi = h.mT, psi.mT
        pull = _Pull(ctx.program, h.contiguous(), psi.contiguous(), ctx.tape)
        sums = [torch.stack(parts[::-1], dim=1) for parts in pull.sigma]
        bloch = torch.cat([bloch_vectors(part) for part in sums], dim=-2)
        twist = None
        if pull.overlaps:
            parity = parity_sum(circuit.qubits, circuit.pairs).to(rotations)
            twist = 0.5 * torch.stack(pull.overlaps[::-1], dim=1) @ parity
        psi_grad = pull.h.conj().view(grad.shape) if ctx.needs_input_grad[3] else None
        return None, angle_gradients(circuit, rotations, bloch), twist, psi_grad
