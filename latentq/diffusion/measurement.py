r"""The measurement of the ancillas: every outcome kept as a weighted particle, or one drawn.

A branch :math:`\phi_m = K_m \psi` has the Born probability :math:`p_m = \| \phi_m \|^2` and leaves
the state :math:`\psi_m = \phi_m / \sqrt{p_m}`.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from latentq.engine import native


class Particles(NamedTuple):
    """Weighted states: `psi` with shape (N, d) and `weights` with shape (N) that sum to one."""

    psi: Tensor
    weights: Tensor


def uniform_particles(psi: Tensor) -> Particles:
    """Returns equally weighted particles."""
    return Particles(psi, psi.real.new_full((len(psi),), 1 / len(psi)))


class Selection(NamedTuple):
    """Outcomes with shape (N), reals of their states, shape (N, 2 d), probabilities, shape (N)."""

    rows: Tensor
    psi: Tensor
    p: Tensor


def _reals(psi: Tensor) -> Tensor:
    return torch.view_as_real(psi.resolve_conj()).flatten(-2).contiguous()


def as_states(reals: Tensor) -> Tensor:
    """Returns the states of reals in which real and imaginary parts take turns."""
    return torch.view_as_complex(reals.unflatten(-1, (-1, 2)))


def select_branches(branches: Tensor, uniforms: Tensor) -> Selection:
    r"""Selects one branch for each state and normalises it, without a graph.

    Arguments:
        branches: Unnormalised branches, with shape :math:`(N, M, d)`.
        uniforms: Numbers in :math:`[0, 1)` that decide the outcomes, with shape :math:`(N)`.
    """
    reals, uniforms = _reals(branches), uniforms.to(branches.real.dtype)
    # A branch of probability zero has no state; a least one keeps its gradient finite.
    floor = torch.finfo(reals.dtype).tiny ** 0.5
    if native.runs_on(reals):
        rows = torch.empty(len(reals), dtype=torch.int64)
        result = Selection(rows, torch.empty_like(reals[:, 0]), torch.empty_like(uniforms))
        native.select(reals.numpy(), uniforms.numpy(), *(x.numpy() for x in result), floor)
        return result

    weights = reals.square().sum(dim=-1)
    cumulative = weights.cumsum(dim=-1)
    rows = (cumulative[:, :-1] <= uniforms[:, None] * cumulative[:, -1:]).sum(dim=-1)
    places = torch.arange(len(rows), device=rows.device)
    p = weights[places, rows].clamp_min(floor)
    return Selection(rows, reals[places, rows] * p.rsqrt()[:, None], p)


def pull_selection(
    selection: Selection, grad_psi: Tensor, grad_p: Tensor, outcomes: int
) -> Tensor:
    r"""Takes a gradient back through :func:`select_branches`.

    With gradients :math:`g, h` by :math:`\psi = \phi / \sqrt{p}` and :math:`p`, that by
    :math:`\phi` is :math:`(g - \psi \, \mathrm{Re} \langle \psi | g \rangle) / \sqrt{p}
    + 2 h \phi`. Branches that are not selected have none.

    Arguments:
        selection: What was selected.
        grad_psi: The gradient by the states, with shape :math:`(N, d)`.
        grad_p: The gradient by the probabilities, with shape :math:`(N)`.
        outcomes: The number of outcomes :math:`M`.

    Returns:
        The gradient by the branches, with shape :math:`(N, M, d)`.
    """
    rows, psi, p = selection
    grad, result = _reals(grad_psi), psi.new_zeros(len(psi), outcomes, psi.shape[1])
    if native.runs_on(psi):
        native.pull_select(*(x.numpy() for x in (psi, p, grad, grad_p, rows, result)))
    else:
        along = (grad * psi).sum(dim=-1)
        factor = 2 * grad_p * p.sqrt() - along * p.rsqrt()
        places = torch.arange(len(rows), device=rows.device)
        result[places, rows] = grad * p.rsqrt()[:, None] + psi * factor[:, None]
    return as_states(result)


class _Select(torch.autograd.Function):
    """Selects one of M branches for each state, and returns its state and probability."""

    @staticmethod
    def forward(ctx: Any, branches: Tensor, uniforms: Tensor) -> tuple[Tensor, Tensor]:  # noqa: ANN401
        selection = select_branches(branches, uniforms)
        ctx.outcomes = branches.shape[1]
        ctx.save_for_backward(*selection)
        return as_states(selection.psi), selection.p

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_psi: Tensor, grad_p: Tensor) -> Any:  # noqa: ANN401
        selection = Selection(*ctx.saved_tensors)
        return pull_selection(selection, grad_psi, grad_p, ctx.outcomes), None


def keep_outcomes(branches: Tensor, weights: Tensor) -> Particles:
    r"""Returns every outcome of a measurement as a particle of weight :math:`w_i p_m`.

    Arguments:
        branches: Unnormalised branches :math:`K_m \psi_i`, with shape :math:`(N, M, d)`.
        weights: The weights :math:`w_i` before the measurement, with shape :math:`(N)`.
    """
    weights = weights.repeat_interleave(branches.shape[1])
    psi, p = _Select.apply(branches.flatten(0, 1)[:, None], torch.zeros_like(weights))
    return Particles(psi, weights * p)


def select_outcomes(branches: Tensor, uniforms: Tensor) -> Tensor:
    r"""Takes one outcome for each state, by the Born rule if the numbers are uniform.

    Arguments:
        branches: Unnormalised branches :math:`K_m \psi_i`, with shape :math:`(N, M, d)`.
        uniforms: Numbers in :math:`[0, 1)` that decide the outcomes, with shape :math:`(N)`.

    Returns:
        The states after the measurement, with shape :math:`(N, d)`. Their gradient ignores how
        the outcome depends on the branches.
    """
    return _Select.apply(branches, uniforms)[0]


def score_outcomes(branches: Tensor, weights: Tensor, uniforms: Tensor) -> Particles:
    r"""Draws one outcome for each state and keeps the gradient of its probability in the weight.

    .. math:: w_i \to w_i \, p_m / \bar{p}_m,

    where :math:`\bar{p}_m` is :math:`p_m` taken as a constant. The value of a weight does not
    change; its gradient is the score :math:`w_i \nabla \log p_m`, which makes the gradient of an
    expectation over outcomes unbiased.

    Arguments:
        branches: Unnormalised branches :math:`K_m \psi_i`, with shape :math:`(N, M, d)`.
        weights: The weights :math:`w_i` before the measurement, with shape :math:`(N)`.
        uniforms: Numbers in :math:`[0, 1)` that decide the outcomes, with shape :math:`(N)`.

    References:
        DiCE: The Infinitely Differentiable Monte Carlo Estimator (Foerster et al., 2018),
        arXiv 1802.05098.
    """
    psi, p = _Select.apply(branches, uniforms)
    return Particles(psi, weights * (p / p.detach()))


def draw_uniforms(psi: Tensor, generator: torch.Generator) -> Tensor:
    """Draws the numbers in [0, 1) that decide the outcomes of N states, with shape (N)."""
    return torch.rand(len(psi), generator=generator, device=psi.device, dtype=torch.float32)
