r"""Optimal transport between ensembles of states, and the Wasserstein distance of pure ones.

References:
    Zhang et al. (2024), Phys. Rev. Lett. 132, 100602; Peyre and Cuturi (2019), Computational
    Optimal Transport.
"""

import numpy as np
import ot
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from latentq.states import fidelity, gram_fidelities

MANY, ROUNDS, SOFTNESS = 256, 30, 0.02  # from how many states, and how, Sinkhorn helps: measured


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
    """
    cost = cost.detach().double().cpu()
    rows, columns = linear_sum_assignment(reduce_costs(cost) if len(cost) >= MANY else cost)
    return torch.from_numpy(rows), torch.from_numpy(columns)


def _are_equal(weights: Tensor | None) -> bool:
    """Returns whether weights are all the same, and constants."""
    return weights is None or (not weights.requires_grad and bool((weights == weights[0]).all()))


def transport(cost: Tensor, weights: Tensor | None = None) -> Tensor:
    r"""Returns the least cost of carrying one ensemble to another.

    .. math:: W = \min_{\pi \geq 0} \sum_{ij} \pi_{ij} C_{ij}, \quad
        \sum_j \pi_{ij} = w_i, \; \sum_i \pi_{ij} = 1 / M

    The transport is solved exactly. By the envelope theorem its gradient is the plan with
    respect to the cost and the dual potential with respect to the weights. Between as many states
    of equal weights, which have no gradient, it is an assignment, which is found sooner.

    Arguments:
        cost: The costs :math:`C`, with shape :math:`(N, M)`.
        weights: The weights :math:`w` of the first ensemble, with shape :math:`(N)`; uniform if
            `None`.
    """
    n, m = cost.shape
    if n == m and _are_equal(weights):
        return cost[assign(cost)].mean() * (1 if weights is None else weights.sum())

    w = cost.new_full((n,), 1 / n) if weights is None else weights
    source = w.detach().double().cpu().numpy()
    target = np.full(m, source.sum() / m)
    plan, log = ot.emd(source, target, cost.detach().double().cpu().numpy(), log=True)
    plan, dual = torch.as_tensor(plan).to(cost), torch.as_tensor(log["u"]).to(cost)
    return (plan * cost).sum() + ((w - w.detach()) * dual).sum()


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
