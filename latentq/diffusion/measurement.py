r"""The measurement of the ancillas: every outcome kept as a weighted particle, or one drawn.

A branch :math:`\phi_m = K_m \psi` has the Born probability :math:`p_m = \| \phi_m \|^2` and leaves
the state :math:`\psi_m = \phi_m / \sqrt{p_m}`.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from latentq import native


class Particles(NamedTuple):
    """Weighted states: `psi` with shape (N, d) and `weights` with shape (N) that sum to one."""

    psi: Tensor
    weights: Tensor


def uniform_particles(psi: Tensor) -> Particles:
    """Returns equally weighted particles."""
    return Particles(psi, psi.real.new_full((len(psi),), 1 / len(psi)))


def _reals(psi: Tensor) -> Tensor:
    return torch.view_as_real(psi.resolve_conj()).flatten(-2).contiguous()


def _states(reals: Tensor) -> Tensor:
    return torch.view_as_complex(reals.unflatten(-1, (-1, 2)))


class _Select(torch.autograd.Function):
    r"""Selects one of :math:`M` branches for each state, and returns its state and probability.

    With gradients :math:`g, h` by :math:`\psi = \phi / \sqrt{p}` and :math:`p`, that by
    :math:`\phi` is :math:`(g - \psi \, \mathrm{Re} \langle \psi | g \rangle) / \sqrt{p}
    + 2 h \phi`. Branches that are not selected have none.
    """

    @staticmethod
    def forward(ctx: Any, branches: Tensor, uniforms: Tensor) -> tuple[Tensor, Tensor]:  # noqa: ANN401
        reals, uniforms = _reals(branches), uniforms.to(branches.real.dtype)
        # A branch of probability zero has no state; a least one keeps its gradient finite.
        floor = torch.finfo(reals.dtype).tiny ** 0.5
        if native.runs_on(reals):
            psi, p = torch.empty_like(reals[:, 0]), torch.empty_like(uniforms)
            rows = torch.empty(len(p), dtype=torch.int64)
            arrays = (x.numpy() for x in (reals, uniforms, rows, psi, p))
            native.select(*arrays, floor)
        else:
            weights = reals.square().sum(dim=-1)
            cumulative = weights.cumsum(dim=-1)
            rows = (cumulative[:, :-1] <= uniforms[:, None] * cumulative[:, -1:]).sum(dim=-1)
            places = torch.arange(len(rows), device=rows.device)
            p = weights[places, rows].clamp_min(floor)
            psi = reals[places, rows] * p.rsqrt()[:, None]
        ctx.shape = reals.shape
        ctx.save_for_backward(rows, psi, p)
        return _states(psi), p

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_psi: Tensor, grad_p: Tensor) -> Any:  # noqa: ANN401
        rows, psi, p = ctx.saved_tensors
        grad, result = _reals(grad_psi), psi.new_zeros(ctx.shape)
        if native.runs_on(psi):
            native.pull_select(*(x.numpy() for x in (psi, p, grad, grad_p, rows, result)))
        else:
            along = (grad * psi).sum(dim=-1)
            factor = 2 * grad_p * p.sqrt() - along * p.rsqrt()
            places = torch.arange(len(rows), device=rows.device)
            result[places, rows] = grad * p.rsqrt()[:, None] + psi * factor[:, None]
        return _states(result), None


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
    r"""Takes one outcome for each state by inverting its cumulative distribution.

    Arguments:
        branches: Unnormalised branches :math:`K_m \psi_i`, with shape :math:`(N, M, d)`.
        uniforms: Numbers in :math:`[0, 1)` that decide the outcomes, with shape :math:`(N)`.

    Returns:
        The states after the measurement, with shape :math:`(N, d)`. Their gradient ignores how
        the outcome depends on the branches.
    """
    return _Select.apply(branches, uniforms)[0]


def draw_outcomes(branches: Tensor, generator: torch.Generator) -> Tensor:
    r"""Draws one outcome for each state by the Born rule.

    Arguments:
        branches: Unnormalised branches :math:`K_m \psi_i`, with shape :math:`(N, M, d)`.
        generator: The source of randomness.

    Returns:
        The states after the measurement, with shape :math:`(N, d)`, see :func:`select_outcomes`.
    """
    uniforms = torch.rand(len(branches), generator=generator, device=branches.device)
    return select_outcomes(branches, uniforms)
