"""Means over draws, shares of them, and correlations, with their intervals and as text."""

import math

import torch
from torch import Tensor

from latentq.experiments.bands import bounded, mean_of
from latentq.report.statistics import Judged, Summary, judge_interval
from latentq.report.wording import interval

SHARES = (
    *("fidelity", "magnitudes", "phases", "spectrum", "purity", "half_purity"),
    *("magnitudes_at_equal_fidelity", "phases_at_equal_fidelity"),
    *("negative_share", "negative_share_least", "negative_share_most"),
)


def mean(values: Tensor) -> Summary:
    """Returns the mean of numbers with its t-interval.

    Arguments:
        values: At least two numbers, with shape (D).
    """
    return mean_of(values.double().tolist())


def summary_of(name: str, values: Tensor, half: int) -> Summary:
    """Returns the mean of a measure by its name, with an interval on its scale.

    Arguments:
        name: The name of the measure.
        values: The numbers, with shape (D).
        half: The number of qubits of a half, which is its entropy in bits at most.
    """
    tops = {**dict.fromkeys(SHARES, 1.0), "entropy": float(half), "information": 2.0}
    if name not in tops:  # Of any sign, or a mean over states that has an exact counterpart.
        return mean(values)
    return bounded(values.double().tolist(), tops[name])


def said(values: Tensor, scale: float = 1.0) -> str:
    """Writes the mean of numbers of any sign with its t-interval, perhaps in percent."""
    return interval(mean(scale * values.double()))


def told(values: Tensor, top: float = 1.0, scale: float = 1.0) -> str:
    """Writes the mean of numbers from 0 to `top` with its interval, perhaps in percent."""
    return interval(bounded(values.double().tolist(), top).times(scale))


def judged(values: Tensor, margin: float) -> Judged:
    """Judges the mean of differences by its t-interval."""
    return judge_interval(mean(values).ends, margin)


def ratio_of_means(one: Tensor, other: Tensor) -> Summary | None:
    r"""Returns the ratio of two means over equal draws with its interval, if both are positive.

    By the delta method, that of :math:`\log \bar{a} - \log \bar{b}` is the t-interval of
    :math:`a / \bar{a} - b / \bar{b}`, with values of 0 like others.
    """
    one, other = one.double(), other.double()
    if min(one.mean(), other.mean()) <= 0:
        return None
    middle = float(one.mean() / other.mean())
    half = mean(one / one.mean() - other / other.mean()).half
    assert half is not None
    return Summary(middle, (middle * math.exp(-half), middle * math.exp(half)))


def share(hits: Tensor) -> tuple[str, float, float]:
    """Writes the share of what is true, and returns the ends of its Wilson interval.

    Arguments:
        hits: True or false, with shape (D).
    """
    from scipy.stats import binomtest  # Slow to import.

    count, total = int(hits.sum()), hits.numel()
    ends = binomtest(count, total).proportion_ci(method="wilson")
    text = f"{count} of {total} [{100 * ends.low:.0f}%, {100 * ends.high:.0f}%]"
    return text, float(ends.low), float(ends.high)


def correlation(one: Tensor, two: Tensor) -> Tensor:
    """Returns the correlation over pairs of two mutual informations, with shape (D).

    Arguments:
        one: The information of the pairs, with shape (D, P).
        two: Another, of the same shape.
    """
    one, two = (x - x.mean(dim=-1, keepdim=True) for x in (one, two))
    return torch.cosine_similarity(one, two, dim=-1)
