r"""Means over seeds, their t-intervals, and the verdict on a difference.

.. math:: \bar{x} \pm t_{0.975, n - 1} \, \frac{s}{\sqrt{n}}

With two or more seeds in common, two models are compared by the interval of the mean of the
differences at equal seeds: there is no difference if it contains 0. Otherwise there is none if
the two intervals overlap, which is stricter than a test. One seed gives no interval.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

LEVEL = 0.95
Seed = TypeVar("Seed", bound=int | None)


@dataclass(frozen=True)
class Summary:
    """A mean, the half width of its interval (`None` with one value), and the values."""

    mean: float
    half: float | None
    values: tuple[float, ...]

    @property
    def ends(self) -> tuple[float, float] | None:
        """The ends of the interval."""
        return None if self.half is None else (self.mean - self.half, self.mean + self.half)


def summarize(values: Iterable[float]) -> Summary | None:
    """Returns the mean and the t-interval of some values, or `None` if there are none."""
    values = tuple(values)
    n = len(values)
    if n == 0:
        return None

    mean = math.fsum(values) / n
    if n == 1:
        return Summary(mean, None, values)

    from scipy.stats import t  # Slow to import, and of no use to a single seed.

    deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (n - 1))
    half = float(t.ppf((1 + LEVEL) / 2, n - 1)) * deviation / math.sqrt(n)
    return Summary(mean, half, values)


@dataclass(frozen=True)
class Comparison:
    """A first arm against a second one.

    `pairing` is `paired`, `unpaired`, `single` (an arm has one seed) or `missing`; `verdict` is
    `lower`, `higher` or `no difference`, said of the first arm, or `None` without intervals.
    """

    pairing: str
    first: Summary | None
    second: Summary | None
    seeds: tuple[Sequence[int | None], Sequence[int | None]] = ((), ())
    ratio: float | None = None
    difference: Summary | None = None
    verdict: str | None = None


def compare(first: Mapping[Seed, float], second: Mapping[Seed, float]) -> Comparison:
    """Compares the values of two arms, which are given by seed.

    With two or more seeds in common, only these count, so that no means over unequal sets of
    seeds are compared.
    """
    common = [seed for seed in first if seed is not None and seed in second]
    if len(common) > 1:
        first = {seed: first[seed] for seed in common}
        second = {seed: second[seed] for seed in common}
    one, two = summarize(first.values()), summarize(second.values())
    seeds = (list(first), list(second))
    if one is None or two is None:
        return Comparison("missing", one, two, seeds)

    ratio = one.mean / two.mean if two.mean > 0 else None
    if one.ends is None or two.ends is None:
        return Comparison("single", one, two, seeds, ratio)
    if len(common) > 1:
        difference = summarize(first[seed] - second[seed] for seed in common)
        verdict = _verdict(difference)
        return Comparison("paired", one, two, seeds, ratio, difference, verdict)

    verdict = _verdict(one, two)
    return Comparison("unpaired", one, two, seeds, ratio, None, verdict)


def _verdict(first: Summary | None, second: Summary | None = None) -> str:
    """Says on which side of a second interval, or of 0, a first one lies; touching is overlap."""
    low, high = (first and first.ends) or (-math.inf, math.inf)
    bottom, top = (second and second.ends) or (0.0, 0.0)
    if high < bottom:
        return "lower"
    return "higher" if low > top else "no difference"
