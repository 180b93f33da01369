r"""The published training step as one node of the graph: sampled outcomes and the loss `mmd1`.

At a few qubits most of its time is spent on what happens between operations. As one node, with
the gradient made of the same pieces as elsewhere, less does: see docs/performance.md.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from latentq.diffusion.losses.mmd import mean_difference, mmd1, squared_norm
from latentq.diffusion.measurement import (
    Selection,
    as_states,
    pull_selection,
    select_branches,
    select_outcomes,
)
from latentq.engine import fused
from latentq.engine.circuits import Circuit


class _SampledDistance(torch.autograd.Function):
    """Circuit, measurement and distance of mean states, for states with shape (B, d)."""

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401
        angles: Tensor,
        execution: fused.Compiled | fused.Direct,
        psi: Tensor,
        uniforms: Tensor,
        targets: Tensor,
    ) -> Tensor:
        branches = execution.branches(psi)
        selection = select_branches(branches, uniforms)
        difference = mean_difference(as_states(selection.psi), targets)
        ctx.execution, ctx.outcomes = execution, branches.shape[1]
        ctx.save_for_backward(psi, angles, difference, *selection)
        return squared_norm(difference)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> Any:  # noqa: ANN401
        psi, _, difference, *selected = ctx.saved_tensors
        selection = Selection(*selected)
        by_state = torch.mm(as_states(selection.psi), difference.mT).mul_(4 / len(psi))
        by_branch = pull_selection(
            selection, by_state, torch.zeros_like(selection.p), ctx.outcomes
        )
        by_angles = ctx.execution.pull_back(psi, by_branch)
        return by_angles.mul_(grad), None, None, None, None


def sampled_distance(
    circuit: Circuit,
    angles: Tensor,
    psi: Tensor,
    uniforms: Tensor,
    targets: Tensor,
    ancillas: int,
) -> Tensor:
    r"""Returns :math:`D_1` between the states that sampled outcomes leave and targets.

    Arguments:
        circuit: The circuit on ancillas and data, ancillas first.
        angles: The angles in radians, with shape :math:`(P)`.
        psi: Statevectors of the data, with shape :math:`(B, d)`; no gradient is taken by
            them.
        uniforms: Numbers in :math:`[0, 1)` that decide the outcomes, with shape :math:`(B)`.
        targets: Target states, with shape :math:`(M, d)`.
        ancillas: The number of ancillas.

    References:
        Zhang et al. (2024), Phys. Rev. Lett. 132, 100602.
    """
    if fused.uses_loops(circuit, psi) and len(psi) + len(targets) >= psi.shape[-1]:
        execution = fused.execution(circuit, angles.detach(), ancillas, len(psi))
        return _SampledDistance.apply(angles, execution, psi, uniforms, targets)

    branches = fused.branches(circuit, angles, psi.detach(), ancillas)
    return mmd1(select_outcomes(branches, uniforms), targets)
