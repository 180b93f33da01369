r"""The losses of a chain: by name, or a function of your own.

A loss is `loss(phi, psi, weights=None)`, a scalar: how far the states `phi` of the model, with
shape :math:`(N, d)` and weights of shape :math:`(N)` that sum to one, are from the targets `psi`,
with shape :math:`(M, d)`. It has a gradient by `phi`, by the weights, or both.
"""

from functools import partial

import torch
from torch import Tensor

from latentq.diffusion.losses.mmd import (
    DISTANCES,
    LOSSES,
    WITH_CONSTANT,
    Loss,
    mmd1,
    mmd_transport,
    mmdg,
    mmdk,
)
from latentq.diffusion.losses.transport import wasserstein
from latentq.errors import InputError

__all__ = [
    "DISTANCES",
    "LOSSES",
    "WITH_CONSTANT",
    "Loss",
    "chosen_loss",
    "mmd1",
    "mmd_transport",
    "mmdg",
    "mmdk",
    "wasserstein",
    "with_value",
]


def chosen_loss(loss: str | Loss) -> Loss:
    """Returns a loss by its name, or a function of somebody else's, which is then checked.

    Arguments:
        loss: A key of :data:`LOSSES`, or a function.

    Raises:
        InputError: If it is neither.
    """
    if isinstance(loss, str) and loss in LOSSES:
        return LOSSES[loss]
    if not callable(loss):
        raise InputError(
            f"loss: must be one of {', '.join(LOSSES)}, was {loss!r}; or give a function "
            "(phi, psi, weights=None) that returns a scalar"
        )
    return loss if loss in LOSSES.values() else partial(_checked, loss)


def with_value(loss: Loss, value: bool) -> Loss:
    """Returns a loss that leaves out what has no gradient by the angles, if it has such a part.

    Arguments:
        loss: The loss.
        value: Whether its value matters, or only the gradient.
    """
    return partial(loss, value=value) if loss in WITH_CONSTANT else loss


def _checked(loss: Loss, phi: Tensor, psi: Tensor, weights: Tensor | None = None) -> Tensor:
    """Returns the value of somebody else's loss; its own errors keep their traceback."""
    value: object = loss(phi, psi, weights)
    if not isinstance(value, Tensor):
        raise InputError(
            f"loss: must return a scalar tensor, returned an object of type {type(value).__name__}"
        )
    if value.dim() or not value.is_floating_point():
        raise InputError(
            f"loss: must return a real scalar tensor, of shape (), returned {value.dtype} of "
            f"shape {tuple(value.shape)}"
        )
    trained = phi.requires_grad or (weights is not None and weights.requires_grad)
    if torch.is_grad_enabled() and trained and not value.requires_grad:
        raise InputError(
            "loss: must have a gradient by phi or weights, returned a constant; do not detach them"
        )
    return value
