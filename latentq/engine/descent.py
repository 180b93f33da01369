"""The loop of all trainings that are not Lightning's: a gradient and a step, again and again."""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor


def descend(
    optimizer: torch.optim.Optimizer,
    loss: Callable[[int], Tensor],
    steps: Iterable[int],
    *,
    rate: Callable[[int], float] | None = None,
    note: Callable[[int], None] | None = None,
) -> None:
    """Lowers a loss.

    Arguments:
        optimizer: The optimiser, with what is trained and its settings.
        loss: Returns the loss of a step, given its number.
        steps: The numbers of the steps.
        rate: Returns the learning rate of a step; that of the optimiser if `None`.
        note: What is called when the gradient of a step is there, before it is taken.
    """
    for step in steps:
        if rate is not None:
            for group in optimizer.param_groups:
                group["lr"] = rate(step)
        optimizer.zero_grad()
        loss(step).backward()
        if note is not None:
            note(step)
        optimizer.step()
    optimizer.zero_grad()
