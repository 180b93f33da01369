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


def _floor(dtype: torch.dtype) -> float:
    # A branch of probability zero has no state; a least one keeps its gradient finite.
    return torch.finfo(dtype).tiny ** 0.5


def _reals(psi: Tensor) -> Tensor:
    return torch.view_as_real(psi.resolve_conj()).flatten(-2).contiguous()


class _Normalize(torch.autograd.Function):
    r"""Splits branches of shape (N, d) into unit states and probabilities.

    With gradients :math:`g, h` by :math:`\psi = \phi / \sqrt{p}` and :math:`p`, that by
    :math:`\phi` is :math:`(g - \psi \, \mathrm{Re} \langle \psi | g \rangle) / \sqrt{p}
    + 2 h \phi`.
    """

    @staticmethod
    def forward(ctx: Any, branches: Tensor) -> tuple[Tensor, Tensor]:  # noqa: ANN401
        reals, floor = _reals(branches), _floor(branches.real.dtype)
        if native.runs_on(reals):
            psi, p = torch.empty_like(reals), torch.empty_like(reals[:, 0])
            native.normalize(reals.numpy(), floor, psi.numpy(), p.numpy())
        else:
            p = reals.square().sum(dim=-1).clamp_min(floor)
            psi = reals * p.rsqrt()[:, None]
        ctx.save_for_backward(psi, p)
        return torch.view_as_complex(psi.unflatten(-1, (-1, 2))), p

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_psi: Tensor, grad_p: Tensor) -> Tensor:  # noqa: ANN401
        (psi, p), grad = ctx.saved_tensors, _reals(grad_psi)
        if native.runs_on(psi):
            result = torch.empty_like(psi)
            native.pull_norm(*(x.numpy() for x in (psi, p, grad, grad_p, result)))
        else:
            along = (grad * psi).sum(dim=-1)
            factor = 2 * grad_p * p.sqrt() - along * p.rsqrt()
            result = grad * p.rsqrt()[:, None] + psi * factor[:, None]
        return torch.view_as_complex(result.unflatten(-1, (-1, 2)))


def keep_outcomes(branches: Tensor, weights: Tensor) -> Particles:
    r"""Returns every outcome of a measurement as a particle of weight :math:`w_i p_m`.

    Arguments:
        branches: Unnormalised branches :math:`K_m \psi_i`, with shape :math:`(N, M, d)`.
        weights: The weights :math:`w_i` before the measurement, with shape :math:`(N)`.
    """
    psi, p = _Normalize.apply(branches.flatten(0, 1))
    return Particles(psi, weights.repeat_interleave(branches.shape[1]) * p)


def select_outcomes(branches: Tensor, uniforms: Tensor) -> Tensor:
    r"""Takes one outcome for each state by inverting its cumulative distribution.

    Arguments:
        branches: Unnormalised branches :math:`K_m \psi_i`, with shape :math:`(N, M, d)`.
        uniforms: Numbers in :math:`[0, 1)` that decide the outcomes, with shape :math:`(N)`.

    Returns:
        The states after the measurement, with shape :math:`(N, d)`. Their gradient ignores how
        the outcome depends on the branches.
    """
    outcomes, fixed = branches.shape[1], branches.detach().resolve_conj()
    uniforms = uniforms.to(branches.real)
    if native.runs_on(branches):
        rows = torch.empty(len(branches), dtype=torch.int64)
        native.choose(fixed.numpy(), uniforms.numpy(), rows.numpy())
    else:
        cumulative = torch.view_as_real(fixed).square().sum(dim=(-2, -1)).cumsum(dim=-1)
        below = cumulative[:, :-1] <= uniforms[:, None] * cumulative[:, -1:]
        starts = torch.arange(len(branches), device=branches.device) * outcomes
        rows = starts + below.sum(dim=-1)
    return _Normalize.apply(branches.flatten(0, 1).index_select(0, rows))[0]


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
