r"""Assignments: the transports between as many states of equal weights on either side.

Of all plans between such ensembles one is a permutation. Its potentials are those of the
transport, so that the gradient by the weights comes with it.

References:
    Peyre and Cuturi (2019), Computational Optimal Transport, sections 2.3 and 2.5.
"""

import math
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from latentq.diffusion.losses.kernels import as_reals, turned
from latentq.engine import native
from latentq.errors import ConvergenceError, NumericalError

Array = np.ndarray[Any, np.dtype[Any]]

BLOCK = 128  # rows of costs that are made at a time
MANY = 256  # from so many states on, lists of cheap pairs are faster: measured
ROUNDS, SOFTNESS, WIDTH = 2, 0.03, 3.0  # of the first potentials, and of the lists: measured
TOLERANCE = 1e-9  # of what is not optimal in a transport, by the largest cost


class Assignment(NamedTuple):
    r"""The column of each row, with shape :math:`(*, N)`, and potentials alike, float64."""

    columns: Tensor
    u: Tensor
    v: Tensor


def check_finite(cost: Array) -> None:
    """Raises `NumericalError` if a cost is not finite."""
    # The sum is not finite if a number is not, and takes one pass.
    if not math.isfinite(cost.sum()):
        raise NumericalError("cost: must be finite, had a number that is not")


def check_excess(excess: float, cost: Array) -> None:
    """Raises `ConvergenceError` if a solution is off by more than rounding."""
    scale = max(cost.max(), -cost.min())
    if not excess <= TOLERANCE * scale:
        raise ConvergenceError(
            f"transport: the solution is not optimal, it is off by {excess / scale:.2g} of the "
            f"largest cost, at most {TOLERANCE:g} is allowed"
        )


def soft_potentials(cost: Tensor, softness: float) -> Tensor:
    r"""Returns potentials of the columns by a few rounds of Sinkhorn's algorithm, float64.

    .. math:: v_j = -\epsilon \log \sum_i e^{(u_i - C_{ij}) / \epsilon}

    With them most states have a partner at almost no cost, whatever is left to do.

    Arguments:
        cost: The costs :math:`C`, with shape :math:`(N, N)`.
        softness: The strength :math:`\epsilon` of the entropy.

    References:
        Peyre and Cuturi (2019), Computational Optimal Transport, section 4.2.
    """
    kernel = torch.sub(cost.amin(), cost).mul_(1 / softness).float().exp_()
    v = kernel.new_ones(len(kernel))
    for _ in range(ROUNDS):
        v = 1 / torch.mv(kernel.T, 1 / torch.mv(kernel, v))
    return softness * v.double().log()


def _assign_one(cost: Tensor, columns: Array, u: Array, v: Array) -> float:
    """Solves one large assignment, and returns its excess."""
    softness = SOFTNESS * float(cost.amax() - cost.amin()) or 1.0  # If all are the same, so be it.
    v[:] = soft_potentials(cost, softness).numpy()
    return native.assign_one(cost.numpy(), columns, u, v, WIDTH * softness)


def assign(cost: Tensor) -> Assignment:
    r"""Returns the assignments of least cost, and potentials that prove it.

    .. math:: \min_\pi \sum_i C_{i \pi(i)} = \max_{u_i + v_j \leq C_{ij}} \sum_i u_i + \sum_j v_j

    The potentials are those with :math:`\sum_i u_i = \sum_j v_j`.

    Arguments:
        cost: The costs :math:`C`, with shape :math:`(*, N, N)`.

    Raises:
        NumericalError: If a cost is not finite.
        ConvergenceError: If the solution is not optimal.
    """
    *shape, n, _ = cost.shape
    costs = cost.detach().cpu().reshape(-1, n, n)
    check_finite(costs.numpy())
    columns = np.empty(costs.shape[:2], np.int64)
    u, v, excess = np.empty(columns.shape), np.empty(columns.shape), np.empty(len(columns))
    if n < MANY:
        native.assign(costs.numpy(), columns, u, v, excess)
    else:
        excess[:] = [_assign_one(*parts) for parts in zip(costs, columns, u, v, strict=True)]
    check_excess(excess.max(), costs.numpy())
    shift = (v.mean(axis=1) - u.mean(axis=1))[:, None] / 2
    found = (torch.from_numpy(x).reshape(*shape, n) for x in (columns, u + shift, v - shift))
    return Assignment(*(x.to(cost.device) for x in found))


def infidelities(phi: Tensor, psi: Tensor) -> Tensor:
    r"""Returns :math:`1 - |\langle \phi_i | \psi_j \rangle|^2`, without a graph.

    Real and imaginary parts come from one real matrix product, a block of rows after the other,
    which stays in the cache.

    Arguments:
        phi: Statevectors, with shape :math:`(P, N, d)`.
        psi: Statevectors, with shape :math:`(P, M, d)`.
    """
    a, b, m = as_reals(phi), as_reals(psi), psi.shape[1]
    right, result = torch.cat((b, turned(b)), dim=1).mT.contiguous(), a.new_empty(*a.shape[:2], m)
    for rows, out in zip(a.split(BLOCK, dim=1), result.split(BLOCK, dim=1), strict=True):
        squares = (rows @ right).square_()
        torch.sub(1, squares[..., :m].add_(squares[..., m:]), out=out)
    return result


class _AssignedDistance(torch.autograd.Function):
    r"""The transport of equally weighted states, :math:`\sum_i w_i (1 - F_{i \pi(i)})`.

    With the overlaps :math:`o_i = \langle \phi_i | \psi_{\pi(i)} \rangle` its gradient by
    :math:`\phi_i` is :math:`-2 w_i \bar{o}_i \psi_{\pi(i)}`, that by :math:`\psi_{\pi(i)}` is
    :math:`-2 w_i o_i \phi_i`, and that by :math:`w_i` the potential :math:`u_i`. It takes states
    of shape (P, N, d) and weights of shape (P, N) to P distances.
    """

    @staticmethod
    def forward(ctx: Any, phi: Tensor, psi: Tensor, weights: Tensor) -> Tensor:  # noqa: ANN401
        cost = infidelities(phi, psi)
        columns, u, _ = assign(cost)
        ctx.save_for_backward(phi, psi, weights, columns, u.to(weights))
        return (weights * cost.gather(-1, columns[..., None])[..., 0]).sum(dim=-1)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> Any:  # noqa: ANN401
        phi, psi, weights, columns, u = ctx.saved_tensors
        first = len(psi[0]) * torch.arange(len(psi), device=psi.device)[:, None]
        places = (columns + first).flatten()
        paired = psi.flatten(0, 1)[places].view_as(phi)
        overlap = torch.linalg.vecdot(phi, paired)
        factor = (-2 * grad[..., None] * weights * overlap)[..., None]
        by_psi = None
        if ctx.needs_input_grad[1]:
            by_psi = torch.empty_like(psi)
            by_psi.view(-1, psi.shape[-1])[places] = (factor * phi).flatten(0, 1)
        return factor.conj() * paired, by_psi, grad[..., None] * u


def assigned_distance(phi: Tensor, psi: Tensor, weights: Tensor) -> Tensor:
    """Returns the transport with cost 1 - F between as many states of equal weights.

    Arguments:
        phi: Statevectors, with shape :math:`(*, N, d)`.
        psi: Statevectors, alike.
        weights: The weights of both, with shape :math:`(*, N)`, those of an ensemble all the same.

    Returns:
        The distances, with shape :math:`(*)`, differentiable once by all three.
    """
    n, d = phi.shape[-2:]
    states = (x.reshape(-1, n, d) for x in (phi, psi))
    return _AssignedDistance.apply(*states, weights.reshape(-1, n)).reshape(phi.shape[:-2])
