"""The one loop of gradient descent, against steps that are made by hand."""

import pytest
import torch
from torch import Tensor

from latentq.engine.descent import descend


def test_steps_follow_the_gradient_at_the_rate_of_each() -> None:
    """x^2 has the gradient 2 x: a step of rate r multiplies x by 1 - 2 r."""
    x = torch.tensor(1.0, dtype=torch.float64, requires_grad=True)
    rates, gradients, seen = {3: 0.1, 4: 0.25, 6: 0.4}, [], []

    def loss(step: int) -> Tensor:
        seen.append(step)
        return x.square()

    def note(step: int) -> None:
        assert x.grad is not None
        gradients.append((step, x.grad.item(), x.item()))

    descend(torch.optim.SGD([x], lr=9.0), loss, iter(rates), rate=rates.__getitem__, note=note)

    assert seen == [3, 4, 6]
    assert gradients == [(3, 2, 1), (4, pytest.approx(1.6), 0.8), (6, pytest.approx(0.8), 0.4)]
    assert x.item() == pytest.approx(0.4 * 0.2) and x.grad is None


def test_the_rate_of_the_optimizer_is_kept_where_none_is_given() -> None:
    x = torch.tensor(1.0, requires_grad=True)
    descend(torch.optim.SGD([x], lr=0.25), lambda _: x.square(), range(2))

    assert x.item() == 0.25
