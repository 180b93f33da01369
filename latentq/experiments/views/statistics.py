"""Means over draws, shares of them, and correlations, with their intervals and as text."""

import math

import torch
from torch import Tensor

from latentq.report.statistics import Summary, summarize
from latentq.report.wording import interval


def mean(values: Tensor) -> Summary:
    """Returns the mean of numbers with its t-interval.

    Arguments:
        values: At least two numbers, with shape (D).
    """
    found = summarize(values.double().tolist())
    assert found is not None
    return found


def said(values: Tensor, scale: float = 1.0) -> str:
    """Writes the mean of numbers with its t-interval, perhaps in percent."""
    return interval(mean(scale * values.double()))


def side(values: Tensor) -> str:
    """Says whether the mean of numbers is `above` or `below` 0, or `at` it within its interval."""
    low, high = mean(values).ends or (-math.inf, math.inf)
    return "above" if low > 0 else "below" if high < 0 else "at"


def share(hits: Tensor) -> tuple[str, float, float]:
    """Writes the share of what is true, and returns the ends of its Wilson interval.

    Arguments:
        hits: True or false, with shape (D).
    """
    from scipy.stats import binomtest  # Slow to import.

    count, total = int(hits.sum()), hits.numel()
    ends = binomtest(count, total).proportion_ci(method="wilson")
    text = f"{count} of {total} ({100 * ends.low:.0f} to {100 * ends.high:.0f}%)"
    return text, float(ends.low), float(ends.high)


def correlation(one: Tensor, two: Tensor) -> Tensor:
    """Returns the correlation over pairs of two mutual informations, with shape (D).

    Arguments:
        one: The information of the pairs, with shape (D, P).
        two: Another, of the same shape.
    """
    one, two = (x - x.mean(dim=-1, keepdim=True) for x in (one, two))
    return torch.cosine_similarity(one, two, dim=-1)
