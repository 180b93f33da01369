r"""Weighted sums of a kernel on pairs of states, with a gradient that costs no more memory.

The MMD needs :math:`\Sigma = \sum_{ij} w_i v_j \, k(F_{ij})` with
:math:`F_{ij} = |\langle \psi_j | \phi_i \rangle|^2`. With real vectors
:math:`A = (\mathrm{Re} \, \phi, \mathrm{Im} \, \phi)`, :math:`B` alike for :math:`\psi`, and
:math:`\tilde{B} = (-\mathrm{Im} \, \psi, \mathrm{Re} \, \psi)`,

.. math:: F = (A B^T)^2 + (A \tilde{B}^T)^2, \qquad
    \partial \Sigma / \partial A = 2 \, [ (C \circ A B^T) B + (C \circ A \tilde{B}^T) \tilde{B} ],
    \qquad C_{ij} = w_i v_j k'(F_{ij}),

element-wise squares. Value and gradient are made together, one block of pairs after the other,
so that no :math:`N \times M` matrix is stored and each block stays in the processor's cache.
The sum of an ensemble with itself takes each pair of blocks once. On a CPU the loops over a block
are those of :mod:`latentq.engine.native`.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from latentq.engine import native

RUNGS = 5  # the ladder has the powers F, F^2, F^4, F^8 and F^16
BLOCK = {True: 2**17, False: 2**24}  # pairs taken at a time by loops and by tensor operations
WIDTH = 0.2  # of the Gaussian kernel


def tensor_ladder(
    real: Tensor, imag: Tensor, u: Tensor, v: Tensor, rows: Tensor, columns: Tensor, wanted: bool
) -> None:
    r"""Does by tensor operations what :func:`latentq.engine.native.ladder` does by loops.

    The derivative is nested, :math:`h' = 1 + 2 F (1 + 2 F^2 (1 + 2 F^4 (1 + 2 F^8)))`.
    The arguments are the same.
    """
    powers = [torch.addcmul(real.square(), imag, imag)]
    for _ in range(RUNGS - 1):
        powers.append(powers[-1].square())
    value = sum(powers[1:], powers[0])
    rows += value @ v
    columns += u @ value
    if wanted:
        slope = torch.ones_like(value)
        for power in powers[-2::-1]:
            slope = 1 + 2 * power * slope
        real *= slope
        imag *= slope


def ladder(
    real: Tensor, imag: Tensor, u: Tensor, v: Tensor, rows: Tensor, columns: Tensor, wanted: bool
) -> None:
    """Does :func:`tensor_ladder` by loops where there are such for the device."""
    arguments = (real, imag, u, v, rows, columns)
    if native.runs_on(real):
        native.ladder(*(x.detach().numpy() for x in arguments), wanted)
    else:
        tensor_ladder(*arguments, wanted)


def gaussian(
    real: Tensor, imag: Tensor, u: Tensor, v: Tensor, rows: Tensor, columns: Tensor, wanted: bool
) -> None:
    r"""Does for :math:`h = e^{(F - 1) / \tau}` what :func:`tensor_ladder` does for the ladder."""
    value = torch.addcmul(real.square(), imag, imag).sub_(1).div_(WIDTH).exp_()
    rows += value @ v
    columns += u @ value
    if wanted:
        value /= WIDTH
        real *= value
        imag *= value


class Kernel(NamedTuple):
    """What sums :math:`h(F)` over a block, see :func:`tensor_ladder`; :math:`k = h / n`."""

    add: Callable[[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, bool], None]
    n: int


def as_reals(psi: Tensor) -> Tensor:
    r"""Returns :math:`(\mathrm{Re} \, \psi, \mathrm{Im} \, \psi)`, with shape :math:`(*, 2 d)`."""
    return torch.cat((psi.real, psi.imag), dim=-1)


def turned(reals: Tensor) -> Tensor:
    r"""Returns the reals of :math:`i \psi`, that is, :math:`(-\mathrm{Im}, \mathrm{Re})`."""
    real, imag = reals.chunk(2, dim=-1)
    return torch.cat((-imag, real), dim=-1)


class _Blocks:
    """Goes through the pairs of two ensembles block by block.

    Arguments:
        rows: The number of states on the left.
        columns: The number of states on the right.
        like: A tensor with the type and device wanted.
    """

    def __init__(self, rows: int, columns: int, like: Tensor) -> None:
        self.rows = rows
        self.size = min(rows, max(8, BLOCK[native.runs_on(like)] // max(1, columns)))
        self.overlaps = like.new_empty(2, self.size * columns)

    def __iter__(self) -> Iterator[slice]:
        starts = range(0, self.rows, self.size)
        return (slice(start, min(start + self.size, self.rows)) for start in starts)

    def overlap(self, a: Tensor, b: Tensor, b_turned: Tensor) -> tuple[Tensor, Tensor]:
        """Returns A B^T and A B~^T for some rows A, with shape (r, m)."""
        real, imag = (x[: len(a) * b.shape[1]].view(len(a), -1) for x in self.overlaps)
        return torch.mm(a, b, out=real), torch.mm(a, b_turned, out=imag)


def _both(real: Tensor, b: Tensor, imag: Tensor, b_turned: Tensor) -> Tensor:
    return torch.mm(real, b).addmm_(imag, b_turned)


class _Sum(torch.autograd.Function):
    """A scalar whose gradients are made with its value; subclasses make both."""

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> Any:  # noqa: ANN401
        grads = (
            grad * saved if wanted else None
            for saved, wanted in zip(ctx.saved_tensors, ctx.needs_input_grad[1:], strict=True)
        )
        return None, *grads


class _CrossSum(_Sum):
    """The sum over all pairs of two ensembles."""

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401
        kernel: Kernel,
        a: Tensor,
        w: Tensor,
        b: Tensor,
        v: Tensor,
    ) -> Tensor:
        blocks, b_turned, wanted = _Blocks(len(a), len(b), a), turned(b), ctx.needs_input_grad[1:]
        transposed = b.mT.contiguous(), b_turned.mT.contiguous()
        weighted = b * v[:, None], b_turned * v[:, None]
        grad_a, grad_w, grad_b, grad_v = (torch.zeros_like(x) for x in (a, w, b, v))
        for rows in blocks:
            real, imag = blocks.overlap(a[rows], *transposed)
            kernel.add(real, imag, w[rows], v, grad_w[rows], grad_v, any(wanted))
            if any(wanted):
                grad_a[rows] = _both(real, weighted[0], imag, weighted[1])
            if any(wanted[2:]):
                scaled = a[rows] * w[rows, None]
                grad_b += _both(real.mT, scaled, imag.mT, -turned(scaled))
        grads = grad_a * 2 * w[:, None], grad_w, grad_b * 2 * v[:, None], grad_v
        ctx.save_for_backward(*(g / kernel.n for g in grads))
        return grad_w @ w / kernel.n


class _OwnSum(_Sum):
    """The sum over all pairs of an ensemble with itself."""

    @staticmethod
    def forward(ctx: Any, kernel: Kernel, a: Tensor, w: Tensor) -> Tensor:  # noqa: ANN401
        blocks, a_turned, wanted = _Blocks(len(a), len(a), a), turned(a), any(ctx.needs_input_grad)
        transposed = a.mT.contiguous(), a_turned.mT.contiguous()
        weighted = a * w[:, None], a_turned * w[:, None]
        grad_a, by_row, by_column = torch.zeros_like(a), torch.zeros_like(w), torch.zeros_like(w)
        for rows in blocks:
            # Columns before this block have met its rows already, in the other role.
            rest, later, n = (
                slice(rows.start, None),
                slice(rows.stop, None),
                rows.stop - rows.start,
            )
            real, imag = blocks.overlap(a[rows], *(x[:, rest] for x in transposed))
            sums = torch.zeros_like(w[rest])
            kernel.add(real, imag, w[rows], w[rest], by_row[rows], sums, wanted)
            by_column[later] += sums[n:]
            if wanted:
                grad_a[rows] += _both(real, weighted[0][rest], imag, weighted[1][rest])
                real, imag = real[:, n:].mT, imag[:, n:].mT
                grad_a[later] += _both(real, weighted[0][rows], imag, -weighted[1][rows])
        sums = by_row + by_column
        ctx.save_for_backward(grad_a * (4 / kernel.n * w[:, None]), sums * (2 / kernel.n))
        return sums @ w / kernel.n


LADDER, GAUSSIAN = Kernel(ladder, RUNGS), Kernel(gaussian, 1)


def kernel_sum(kernel: Kernel, phi: Tensor, w: Tensor, psi: Tensor, v: Tensor) -> Tensor:
    r"""Returns :math:`\sum_{ij} w_i v_j \, k(F_{ij})`.

    Arguments:
        kernel: The kernel, :data:`LADDER` or :data:`GAUSSIAN`.
        phi: Unit statevectors, with shape :math:`(N, d)`.
        w: Their weights, with shape :math:`(N)`.
        psi: Unit statevectors, with shape :math:`(M, d)`.
        v: Their weights, with shape :math:`(M)`.

    Returns:
        The sum, a scalar. It is differentiable once: a gradient penalty cannot be built on it.
    """
    return _CrossSum.apply(kernel, as_reals(phi), w, as_reals(psi), v)


def kernel_own_sum(kernel: Kernel, phi: Tensor, w: Tensor) -> Tensor:
    r"""Returns :math:`\sum_{ij} w_i w_j \, k(F_{ij})`.

    Arguments:
        kernel: The kernel, :data:`LADDER` or :data:`GAUSSIAN`.
        phi: Unit statevectors, with shape :math:`(N, d)`.
        w: Their weights, with shape :math:`(N)`.

    Returns:
        The sum, a scalar, differentiable once.
    """
    return _OwnSum.apply(kernel, as_reals(phi), w)
