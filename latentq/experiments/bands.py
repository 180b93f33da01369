"""Means with intervals: as bands of a curve, and as bars of a point."""

from collections.abc import Iterable, Sequence

from latentq.report.statistics import Scale, Summary, summarize

Ends = tuple[list[float], list[float]]


def mean_of(values: Iterable[float], scale: Scale = "signed") -> Summary:
    """Returns the mean of one value or more on their scale, with its interval."""
    found = summarize(values, scale)
    assert found is not None
    return found


def bounded(values: Iterable[float], top: float) -> Summary:
    """Returns the mean of values from 0 to `top`, with an interval that stays there."""
    # Rounding may leave a value beyond a bound.
    return mean_of((min(1.0, max(0.0, value / top)) for value in values), "share").times(top)


def band(found: Sequence[Summary]) -> Ends:
    """Returns the lower and the upper ends of intervals; the mean where there is none."""
    ends = [summary.ends or (summary.mean, summary.mean) for summary in found]
    return [low for low, _ in ends], [high for _, high in ends]


def bars(found: Sequence[Summary]) -> Ends:
    """Returns how far intervals reach below and above their means."""
    means = [summary.mean for summary in found]
    low, high = band(found)
    return (
        [mean - end for mean, end in zip(means, low, strict=True)],
        [end - mean for mean, end in zip(means, high, strict=True)],
    )
