r"""Numbers over seeds with their 95% intervals, each on its own scale, and the one verdict.

.. math:: \bar{y} \pm t_{0.975, n - 1} \, \frac{s}{\sqrt{n}}

is the t-interval of values :math:`y`. On the scale `ratio`, of positive numbers such as FID,
:math:`y` is the logarithm, so that the exponentials are a geometric mean and an interval above
0. On the scale `share`, of numbers from 0 to 1 such as recall, the mean :math:`m` is the
arithmetic one, and the ends are those of its logit by the delta method,

.. math:: \mathrm{logit} \, m \pm t_{0.975, n - 1} \, \frac{s}{m (1 - m) \sqrt{n}} .

Values of exactly 0 or 1 are values like others there; if all are the same one of the two, there
is no interval. `signed` numbers have the t-interval itself. One seed gives no interval. On the
scale `ratio` a value that is not positive has no logarithm: then the arithmetic mean and the
t-interval are given, and the text says so.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar

Scale = Literal["ratio", "share", "signed"]
Side = Literal["lower", "higher", "no difference", "not enough data"]
Ends = tuple[float, float]
Seed = TypeVar("Seed", bound=int | None)
Key = TypeVar("Key")

LEVEL = 0.95
RATIO_MARGIN = math.log(1.25)  # Of a difference of logarithms: a ratio from 0.8 to 1.25.
ARITHMETIC = "arithmetic mean"  # Of what has no geometric one.
# The scale of each measured number. A KID is an unbiased estimate: that of a model as good as
# the data is negative half of the time, and then its scale is the raw one, see above.
SCALES: dict[str, Scale] = {
    **dict.fromkeys(("fid", "fid_infinity", "fid_inception", "fid_floor"), "ratio"),
    **dict.fromkeys(("fid_reconstruction", "fid_terminal", "fid_haar", "kid"), "ratio"),
    **dict.fromkeys(("density", "mmd", "cpu_seconds.prior"), "ratio"),
    **dict.fromkeys(("precision", "recall", "coverage", "class_distance"), "share"),
    **dict.fromkeys(("label_accuracy", "memorisation.closer"), "share"),
}


@dataclass(frozen=True)
class Summary:
    """A mean, the ends of its interval (`None` where there is none), the values, and a remark."""

    mean: float
    ends: Ends | None
    values: tuple[float, ...] = ()
    note: str = ""

    @property
    def half(self) -> float | None:
        """Half of the width of the interval."""
        return None if self.ends is None else (self.ends[1] - self.ends[0]) / 2

    def times(self, factor: float) -> "Summary":
        """Returns the summary of all values times a positive factor."""
        ends = None if self.ends is None else (factor * self.ends[0], factor * self.ends[1])
        values = tuple(factor * value for value in self.values)
        return replace(self, mean=factor * self.mean, ends=ends, values=values)


def columns_of(name: str, found: Summary | None) -> dict[str, float | None]:
    """Returns a mean and the ends of its interval as three columns of a table."""
    low, high = (found and found.ends) or (None, None)
    return {name: None if found is None else found.mean, f"{name}_low": low, f"{name}_high": high}


def read(row: Mapping[str, Any], name: str) -> Summary:
    """Returns what :func:`columns_of` has written of a mean that is there."""
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    return Summary(row[name], None if low is None or high is None else (low, high))


def around(mean: float, half: float | None) -> Summary:
    """Returns a mean with an interval of a given half width, if there is one."""
    return Summary(mean, None if half is None else (mean - half, mean + half))


def scale_of(key: str) -> Scale:
    """Returns the scale of a measured number by its name; the MMDs of all steps have one."""
    return SCALES.get("mmd" if key.startswith("mmd.") else key, "signed")


def t_quantile(freedom: float) -> float:
    """Returns the two-sided quantile of Student's t at :data:`LEVEL`."""
    from scipy.stats import t  # Slow to import, and of no use to a single seed.

    return float(t.ppf((1 + LEVEL) / 2, freedom))


def deviation(values: Sequence[float]) -> float:
    """Returns the standard deviation of two or more values, without bias in its square."""
    mean = math.fsum(values) / len(values)
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))


def summarize(values: Iterable[float], scale: Scale = "signed") -> Summary | None:
    """Returns the mean and the interval of some values, or `None` if there are none.

    Arguments:
        values: The values.
        scale: Their scale, see above.
    """
    values = tuple(values)
    if not values:
        return None
    if scale == "ratio" and min(values) > 0:
        return _geometric(values)
    if scale == "share" and min(values) >= 0 and max(values) <= 1:
        return _share(values)
    found = _arithmetic(values)
    return found if scale == "signed" else replace(found, note=ARITHMETIC)


def _arithmetic(values: tuple[float, ...]) -> Summary:
    """Returns the arithmetic mean and the t-interval of some values."""
    n, mean = len(values), math.fsum(values) / len(values)
    if n == 1:
        return Summary(mean, None, values)
    half = t_quantile(n - 1) * deviation(values) / math.sqrt(n)
    return Summary(mean, (mean - half, mean + half), values)


def _geometric(values: tuple[float, ...]) -> Summary:
    """Returns the geometric mean of positive values, with the exponentials of the ends."""
    found = _arithmetic(tuple(math.log(value) for value in values))
    if found.ends is None:
        return Summary(values[0], None, values)
    low, high = found.ends
    return Summary(exp(found.mean), (exp(low), exp(high)), values)


def _share(values: tuple[float, ...]) -> Summary:
    """Returns the mean of values from 0 to 1, with an interval that stays inside."""
    found = _arithmetic(values)
    inside = found.mean * (1 - found.mean)
    if found.half is None or inside <= 0:
        return Summary(found.mean, None, values, "" if found.half is None else "all seeds alike")
    middle, half = math.log(found.mean / (1 - found.mean)), found.half / inside
    return Summary(found.mean, (logistic(middle - half), logistic(middle + half)), values)


def exp(value: float) -> float:
    """Returns the exponential, and the largest of numbers where it is too large for one."""
    return math.exp(min(value, 709.0))


def logistic(value: float) -> float:
    """Returns the number between 0 and 1 that has a logit."""
    return 1 / (1 + exp(-value))


@dataclass(frozen=True)
class Judged:
    """A verdict, and whether the whole interval is inside of the margin."""

    side: Side
    inside: bool


def judge_interval(ends: Ends | None, margin: float) -> Judged:
    """Says on which side of 0 a difference is, if any: the one rule of all pages.

    It is `lower` or `higher` if the interval leaves 0 out, be it ever so small; there is `no
    difference` only if the whole interval is inside of the margin; and otherwise there is `not
    enough data`, as a wide interval is no evidence of equality.

    Arguments:
        ends: The interval of the difference, or of the logarithm of a ratio; `None` without one.
        margin: The largest difference that counts as none, 0 or more.
    """
    if ends is None:
        return Judged("not enough data", False)
    inside = max(abs(ends[0]), abs(ends[1])) <= margin
    if ends[0] > 0 or ends[1] < 0:
        return Judged("higher" if ends[0] > 0 else "lower", inside)
    return Judged("no difference" if inside else "not enough data", inside)


def judge_ratio(ratio: Summary | None, margin: float = RATIO_MARGIN) -> Judged:
    """Applies :func:`judge_interval` to the logarithm of a ratio with a positive interval."""
    if ratio is None or ratio.ends is None or ratio.ends[0] <= 0:
        return Judged("not enough data", False)
    return judge_interval((math.log(ratio.ends[0]), math.log(ratio.ends[1])), margin)


@dataclass(frozen=True)
class Comparison:
    """A first arm against a second one, by the ratio of two positive numbers.

    `pairing` is `paired`, `unpaired`, `single` (an arm has one seed), `zero` (a value is not
    positive) or `missing`; `verdict` is said of the first arm, or `None` without an interval.
    """

    pairing: str
    first: Summary | None
    second: Summary | None
    seeds: tuple[Sequence[int | None], Sequence[int | None]] = ((), ())
    ratio: Summary | None = None
    verdict: Judged | None = None


def compare(first: Mapping[Seed, float], second: Mapping[Seed, float]) -> Comparison:
    """Compares the values of two arms on the scale `ratio`, which are given by seed.

    With two or more seeds in common, only these count, so that no means over unequal sets of
    seeds are compared. The margin is :data:`RATIO_MARGIN`, as in the study.
    """
    common = [seed for seed in first if seed is not None and seed in second]
    if len(common) > 1:
        first = {seed: first[seed] for seed in common}
        second = {seed: second[seed] for seed in common}
    one, two = (summarize(values.values(), "ratio") for values in (first, second))
    seeds = (list(first), list(second))
    if one is None or two is None:
        return Comparison("missing", one, two, seeds)
    if min((*one.values, *two.values)) <= 0:
        return Comparison("zero", one, two, seeds)
    if one.ends is None or two.ends is None:
        return Comparison("single", one, two, seeds, Summary(one.mean / two.mean, None))

    paired = len(common) > 1
    ratio = ratio_of(first, second) if paired else _unpaired(one.values, two.values)
    kind = "paired" if paired else "unpaired"
    return Comparison(kind, one, two, seeds, ratio, judge_ratio(ratio))


def ratio_of(first: Mapping[Seed, float], second: Mapping[Seed, float]) -> Summary | None:
    """Returns the ratio of positive values at equal seeds: geometric mean and interval."""
    return summarize((first[seed] / second[seed] for seed in first if seed in second), "ratio")


def _unpaired(first: Sequence[float], second: Sequence[float]) -> Summary:
    """Returns the ratio of geometric means of different seeds, with Welch's interval."""
    logs = [[math.log(value) for value in values] for values in (first, second)]
    gap = math.fsum(logs[0]) / len(first) - math.fsum(logs[1]) / len(second)
    if all(min(of) == max(of) for of in logs):
        return Summary(exp(gap), (exp(gap), exp(gap)))

    from scipy.stats import ttest_ind

    low, high = ttest_ind(*logs, equal_var=False).confidence_interval(LEVEL)
    return Summary(exp(gap), (exp(low), exp(high)))


def holm(p_values: Mapping[Key, float]) -> dict[Key, float]:
    r"""Adjusts p-values by Holm's method.

    With :math:`p_{(1)} \le \ldots \le p_{(m)}`,

    .. math:: \tilde{p}_{(i)} = \max_{j \le i} \min(1, (m - j + 1) \, p_{(j)}).

    References:
        Holm (1979), A simple sequentially rejective multiple test procedure.
    """
    adjusted: dict[Key, float] = {}
    largest = 0.0
    for i, key in enumerate(sorted(p_values, key=lambda key: p_values[key])):
        largest = max(largest, min(1.0, (len(p_values) - i) * p_values[key]))
        adjusted[key] = largest
    return {key: adjusted[key] for key in p_values}
