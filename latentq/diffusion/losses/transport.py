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
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from latentq.errors import ConvergenceError, NumericalError
from latentq.quantum.states import fidelity, gram_fidelities

Array = np.ndarray[Any, np.dtype[np.float64]]

MANY, ROUNDS, SOFTNESS = 256, 30, 0.02  # from how many states, and how, Sinkhorn helps: measured
PIVOTS = 10**8  # of the simplex at most; 5,000 x 4,500 states take fewer than 200,000
TOLERANCE = 1e-9  # of what is not optimal in a transport, by the largest cost


def reduce_costs(cost: Tensor) -> Tensor:
    r"""Returns costs with the same best assignment, which is found sooner.

    .. math:: C'_{ij} = C_{ij} - u_i - v_j, \quad u_i = \min_j (C_{ij} - v_j)

    Potentials change the cost of all assignments alike. With those of an entropic transport, by a
    few rounds of Sinkhorn's algorithm, most states have a partner at almost no cost.

    Arguments:
        cost: The costs :math:`C`, at least 0, with shape :math:`(N, N)`.

    References:
        Peyre and Cuturi (2019), Computational Optimal Transport, sections 2.5 and 4.2.
    """
    softness = SOFTNESS * float(cost.amax()) or 1.0  # If all are 0, so are the potentials.
    kernel = (cost / -softness).float().exp()
    transposed, v = kernel.T.contiguous(), kernel.new_ones(len(kernel))
    for _ in range(ROUNDS):
        v = 1 / (transposed @ (1 / (kernel @ v)))
    reduced = cost - softness * v.to(cost).log()
    return reduced - reduced.amin(dim=1, keepdim=True)


def assign(cost: Tensor) -> tuple[Tensor, Tensor]:
    """Returns the rows and the columns of the assignment of least cost.

    Arguments:
        cost: The costs, at least 0, with shape (N, N).

    Raises:
        NumericalError: If a cost is not finite.
    """
    cost = cost.detach().double().cpu()
    _check_finite(cost.numpy())
    rows, columns = linear_sum_assignment(reduce_costs(cost) if len(cost) >= MANY else cost)
    return torch.from_numpy(rows), torch.from_numpy(columns)


def _are_equal(weights: Tensor | None) -> bool:
    """Returns whether weights are all the same, and constants."""
    return weights is None or (not weights.requires_grad and bool((weights == weights[0]).all()))


def _check_finite(cost: Array) -> None:
    # The sum is not finite if a number is not, and takes one pass.
    if not math.isfinite(cost.sum()):
        raise NumericalError("cost: must be finite, had a number that is not")


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
    _check_finite(arrays[2])

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
    # In numpy, as a training solves a hundred small transports in each iteration.
    slack, mass, scale = cost - u[:, None] - v, source.sum(), np.abs(cost).max()
    moved = np.abs(plan.sum(axis=1) - source).max(), np.abs(plan.sum(axis=0) - target).max()
    off = max(-slack.min(), np.vdot(plan, slack) / mass, scale * max(moved) / mass)
    if not off <= TOLERANCE * scale:
        raise ConvergenceError(
            f"transport: the solution is not optimal, it is off by {off / scale:.2g} of the "
            f"largest cost, at most {TOLERANCE:g} is allowed"
        )


def transport(cost: Tensor, weights: Tensor | None = None) -> Tensor:
    r"""Returns the least cost of carrying one ensemble to another.

    .. math:: W = \min_{\pi \geq 0} \sum_{ij} \pi_{ij} C_{ij}, \quad
        \sum_j \pi_{ij} = w_i, \; \sum_i \pi_{ij} = 1 / M

    The transport is solved exactly. By the envelope theorem its gradient is the plan with
    respect to the cost and the dual potential with respect to the weights, up to a constant:
    changes of the weights that keep their sum do not see it. Between as many states of equal
    weights, which have no gradient, it is an assignment, which is found sooner.

    Arguments:
        cost: The costs :math:`C`, with shape :math:`(N, M)`.
        weights: The weights :math:`w` of the first ensemble, with shape :math:`(N)`; uniform if
            `None`.

    Raises:
        NumericalError: If a cost or a weight is not finite, or a weight is negative.
        ConvergenceError: If the solver stopped before the optimum.
    """
    n, m = cost.shape
    if n == m and _are_equal(weights):
        return cost[assign(cost)].mean() * (1 if weights is None else weights.sum())

    w = cost.new_full((n,), 1 / n) if weights is None else weights
    source = w.detach().double().cpu()
    target = source.new_full((m,), float(source.numpy().sum()) / m)
    plan, u, _ = optimal_transport(cost.detach().double().cpu(), source, target)
    return (plan.to(cost) * cost).sum() + ((w - w.detach()) * u.to(cost)).sum()


def wasserstein(phi: Tensor, psi: Tensor, weights: Tensor | None = None) -> Tensor:
    r"""Returns the Wasserstein distance with cost :math:`1 - F`, see :func:`transport`.

    Arguments:
        phi: The states of the model, with shape :math:`(N, d)`.
        psi: The target states, with shape :math:`(M, d)`, equally weighted.
        weights: The weights of the model's states, with shape :math:`(N)`; uniform if `None`.
    """
    if len(phi) == len(psi) and _are_equal(weights):
        # Only the pairs that are carried have a gradient.
        with torch.no_grad():
            rows, columns = assign(1 - gram_fidelities(phi, psi))
        costs = 1 - fidelity(phi[rows], psi[columns])
        return costs.mean() * (1 if weights is None else weights.sum())
    return transport(1 - gram_fidelities(phi, psi), weights)
