r"""Weighted sums of a kernel on pairs of states, with a gradient that costs no more memory.

The MMD needs :math:`\Sigma = \sum_{ij} w_i v_j \, k(F_{ij})` with
:math:`F_{ij} = |\langle \psi_j | \phi_i \rangle|^2`. With real vectors
:math:`A = (\mathrm{Re} \, \phi, \mathrm{Im} \, \phi)`, :math:`B` alike for :math:`\psi`, and
:math:`\tilde{B} = (-\mathrm{Im} \, \psi, \mathrm{Re} \, \psi)`,

.. math:: F = (A B^T)^2 + (A \tilde{B}^T)^2, \qquad
    \partial \Sigma / \partial A = 2 \, [ (C \circ A B^T) B + (C \circ A \tilde{B}^T) \tilde{B} ],
    \qquad C_{ij} = w_i v_j k'(F_{ij}),

element-wise squares. Value and gradient are made together, one block of rows after the other,
so that no :math:`N \times M` matrix is stored and each block stays in the processor's cache.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

BLOCK = 64


def power_ladder(fidelities: Tensor, rungs: int = 5) -> tuple[Tensor, Tensor]:
    r"""Returns the kernel :math:`k(F) = \frac{1}{R} \sum_{r=0}^{R-1} F^{2^r}` and its derivative.

    It is a mean of positive definite kernels, 1 at :math:`F = 1` and 0 at :math:`F = 0`. The
    derivative is :math:`k' = \frac{1}{R} \sum_r 2^r F^{2^r - 1}`.

    Arguments:
        fidelities: Fidelities, with shape :math:`(*)`.
        rungs: The number of powers :math:`R`; five gives :math:`F` to :math:`F^{16}`.

    Returns:
        The kernel and its derivative, each with shape :math:`(*)`.
    """
    value, power = fidelities.clone(), fidelities
    slope = torch.ones_like(fidelities)
    product = torch.ones_like(fidelities)
    for rung in range(1, rungs):
        product = product.mul_(power)
        power = power.square()
        value += power
        slope.add_(product, alpha=2**rung)

    return value.div_(rungs), slope.div_(rungs)


def as_reals(psi: Tensor) -> Tensor:
    r"""Returns :math:`(\mathrm{Re} \, \psi, \mathrm{Im} \, \psi)`, with shape :math:`(*, 2 d)`."""
    return torch.cat((psi.real, psi.imag), dim=-1)


def turned(reals: Tensor) -> Tensor:
    r"""Returns the reals of :math:`i \psi`, that is, :math:`(-\mathrm{Im}, \mathrm{Re})`."""
    real, imag = reals.chunk(2, dim=-1)
    return torch.cat((-imag, real), dim=-1)


class _LadderSum(torch.autograd.Function):
    """The weighted kernel sum; its gradients are made in the forward pass and kept."""

    @staticmethod
    def forward(ctx: Any, a: Tensor, w: Tensor, b: Tensor, v: Tensor) -> Tensor:  # noqa: ANN401
        b_turned, total = turned(b), a.new_zeros(())
        grads = [torch.zeros_like(x) for x in (a, w, b, v)]
        for start in range(0, len(a), BLOCK):
            rows = slice(start, start + BLOCK)
            real, imag = a[rows] @ b.mT, a[rows] @ b_turned.mT
            value, slope = power_ladder(real.square().addcmul_(imag, imag))
            by_row = value @ v
            total += by_row @ w[rows]
            if any(ctx.needs_input_grad):
                slope.mul_(2 * v)
                real.mul_(slope)
                imag.mul_(slope)
                grads[0][rows] = (real @ b + imag @ b_turned) * w[rows, None]
                grads[1][rows] = by_row
            if any(ctx.needs_input_grad[2:]):
                scaled = a[rows] * w[rows, None]
                grads[2] += real.mT @ scaled - imag.mT @ turned(scaled)
                grads[3] += w[rows] @ value
        ctx.save_for_backward(*grads)
        return total

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> Any:  # noqa: ANN401
        return tuple(
            grad * saved if wanted else None
            for saved, wanted in zip(ctx.saved_tensors, ctx.needs_input_grad, strict=True)
        )


def ladder_sum(phi: Tensor, w: Tensor, psi: Tensor, v: Tensor) -> Tensor:
    r"""Returns :math:`\sum_{ij} w_i v_j \, k(F_{ij})` with the ladder of powers as kernel.

    Arguments:
        phi: Unit statevectors, with shape :math:`(N, d)`.
        w: Their weights, with shape :math:`(N)`.
        psi: Unit statevectors, with shape :math:`(M, d)`.
        v: Their weights, with shape :math:`(M)`.

    Returns:
        The sum, a scalar. It is differentiable once: a gradient penalty cannot be built on it.
    """
    return _LadderSum.apply(as_reals(phi), w, as_reals(psi), v)
