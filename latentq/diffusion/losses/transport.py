r"""Optimal transport between ensembles of states, and the Wasserstein distance of pure ones.

References:
    Zhang et al. (2024), Phys. Rev. Lett. 132, 100602; Peyre and Cuturi (2019), Computational
    Optimal Transport.
"""

import math
import warnings
from typing import Any, NamedTuple

import numpy as np
import ot
import torch
from torch import Tensor

from latentq.diffusion.losses.assignment import (
    assign,
    assigned_distance,
    check_excess,
    check_finite,
)
from latentq.errors import ConvergenceError, NumericalError
from latentq.quantum.states import gram_fidelities

Array = np.ndarray[Any, np.dtype[np.float64]]

PIVOTS = 10**8  # of the simplex at most; 5,000 x 4,500 states take fewer than 200,000


def _are_equal(weights: Tensor) -> bool:
    """Returns whether the weights of each ensemble are all the same, and above 0."""
    weights = weights.detach()
    least, most = (float(x) for x in weights[..., :1].aminmax())
    return least > 0 and most < math.inf and bool((weights == weights[..., :1]).all())


class Solution(NamedTuple):
    """An optimal plan with shape (N, M), and its potentials with shapes (N) and (M)."""

    plan: Tensor
    u: Tensor
    v: Tensor


def optimal_transport(cost: Tensor, source: Tensor, target: Tensor) -> Solution:
    r"""Solves a transport exactly, by the network simplex, and checks that it is optimal.

    .. math:: \min_{\pi \geq 0} \sum_{ij} \pi_{ij} C_{ij}
        = \max_{u_i + v_j \leq C_{ij}} \sum_i w_i u_i + \sum_j m_j v_j

    A plan and potentials that are feasible and have the same value are both optimal, whoever
    found them. The potentials are unique up to a constant at best; where a weight is 0 its
    potential is the largest feasible one, which is the derivative by a weight that grows.

    Arguments:
        cost: The costs :math:`C`, with shape :math:`(N, M)`, float64.
        source: The weights :math:`w`, at least 0, with shape :math:`(N)`, float64.
        target: The weights :math:`m` above 0, with shape :math:`(M)` and the same sum, float64.

    Returns:
        The plan and the potentials, in float64.

    Raises:
        NumericalError: If a number is not finite, or a weight is negative or all are 0.
        ConvergenceError: If the solver stopped before the optimum.

    References:
        Peyre and Cuturi (2019), Computational Optimal Transport, sections 2.5 and 3.5.
    """
    arrays = [x.numpy() for x in (source, target, cost)]
    if not arrays[0].min() >= 0 or not 0 < arrays[0].sum() < math.inf:
        raise NumericalError("weights: must be finite and at least 0, and not all of them 0")
    check_finite(arrays[2])

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # What it warns of is checked below.
        plan, log = ot.emd(*arrays, numItermax=PIVOTS, log=True)
    u, v = log["u"], log["v"]
    if log["result_code"] != 1:
        raise ConvergenceError(
            f"transport: the solver stopped before the optimum of {cost.shape[0]} x "
            f"{cost.shape[1]} states ({log['warning']})"
        )
    idle = arrays[0] == 0
    if idle.any():
        u[idle] = (arrays[2][idle] - v).min(axis=1)
    _check_optimal(plan, u, v, *arrays)
    return Solution(*(torch.from_numpy(x) for x in (plan, u, v)))


def _check_optimal(
    plan: Array, u: Array, v: Array, source: Array, target: Array, cost: Array
) -> None:
    """Checks that plan and potentials are feasible, and that nothing is carried at a loss."""
    slack, mass, scale = cost - u[:, None] - v, source.sum(), np.abs(cost).max()
    moved = np.abs(plan.sum(axis=1) - source).max(), np.abs(plan.sum(axis=0) - target).max()
    check_excess(max(-slack.min(), np.vdot(plan, slack) / mass, scale * max(moved) / mass), cost)


def _with_slope(value: Tensor, w: Tensor, u: Tensor) -> Tensor:
    """Returns a value with the gradient u by weights w."""
    return value + ((w - w.detach()) * u.to(value)).sum(dim=-1)


def transport(cost: Tensor, weights: Tensor | None = None) -> Tensor:
    r"""Returns the least cost of carrying one ensemble to another.

    .. math:: W = \min_{\pi \geq 0} \sum_{ij} \pi_{ij} C_{ij}, \quad
        \sum_j \pi_{ij} = w_i, \; \sum_i \pi_{ij} = 1 / M

    The transport is solved exactly. By the envelope theorem its gradient is the plan with
    respect to the cost and the dual potential with respect to the weights, up to a constant:
    changes of the weights that keep their sum do not see it. Between as many states of equal
    weights it is an assignment, which is found sooner; many potentials then belong to it, and
    each of them is a subgradient.

    Arguments:
        cost: The costs :math:`C`, with shape :math:`(*, N, M)`.
        weights: The weights :math:`w` of the first ensemble, with shape :math:`(*, N)`; uniform
            if `None`.

    Returns:
        The costs, with shape :math:`(*)`.

    Raises:
        NumericalError: If a cost or a weight is not finite, or a weight is negative.
        ConvergenceError: If the solver stopped before the optimum.
    """
    n, m = cost.shape[-2:]
    w = cost.new_full(cost.shape[:-1], 1 / n) if weights is None else weights
    if n == m and _are_equal(w):
        columns, u, _ = assign(cost)
        carried = (w.detach() * cost.gather(-1, columns[..., None])[..., 0]).sum(dim=-1)
        return _with_slope(carried, w, u)
    if cost.dim() > 2:
        return torch.stack([transport(*parts) for parts in zip(cost, w, strict=True)])

    source = w.detach().double().cpu()
    target = source.new_full((m,), float(source.numpy().sum()) / m)
    plan, u, _ = optimal_transport(cost.detach().double().cpu(), source, target)
    return _with_slope((plan.to(cost) * cost).sum(), w, u)


def wasserstein(phi: Tensor, psi: Tensor, weights: Tensor | None = None) -> Tensor:
    r"""Returns the Wasserstein distance with cost :math:`1 - F`, see :func:`transport`.

    Arguments:
        phi: The states of the model, with shape :math:`(*, N, d)`.
        psi: The target states, with shape :math:`(*, M, d)`, equally weighted.
        weights: The weights of the model's states, with shape :math:`(*, N)`; uniform if `None`.

    Returns:
        The distances, with shape :math:`(*)`.
    """
    n = phi.shape[-2]
    w = phi.real.new_full(phi.shape[:-1], 1 / n) if weights is None else weights
    if n == psi.shape[-2] and _are_equal(w):
        return assigned_distance(phi, psi, w)
    return transport(1 - gram_fidelities(phi, psi), w)
