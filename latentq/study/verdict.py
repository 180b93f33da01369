r"""The rule of the verdict, as `docs/protocol.md` states it.

At equal seeds :math:`s`, with a quantum arm :math:`q` and another arm :math:`a`, the endpoints are

.. math:: d_s = \log \mathrm{FID}_{q, s} - \log \mathrm{FID}_{a, s}, \qquad
    e_s = \mathrm{recall}_{q, s} - \mathrm{recall}_{a, s}.

Each has the t-interval of its mean and the p-value of the two-sided t-test of mean 0. An arm is
better only if it is better in one endpoint and not worse in the other. The first edition of the
protocol had the first endpoint alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from latentq.report.statistics import RATIO_MARGIN, Summary, exp, holm, judge_interval, summarize

Verdict = Literal[
    "quantum better", "classical better", "trade-off", "no difference", "not enough data"
]
Numbers = Mapping[str, Mapping[int, Mapping[int, float]]]  # By arm, number of images and seed.

LEVEL = 0.05
SEEDS = 3  # With fewer there is no test.
MARGIN = RATIO_MARGIN
RECALL_MARGIN = 0.05
EXACT = 1e-12  # Differences that are equal but for rounding.


@dataclass(frozen=True)
class Endpoint:
    """A number that decides.

    Arguments:
        key: Its key in `metrics.json`.
        logarithm: Whether its logarithm is compared, so that differences are ratios.
        lower: Whether less is better.
        margin: The largest difference that counts as none.
    """

    key: str
    logarithm: bool
    lower: bool
    margin: float


FID = Endpoint("fid", logarithm=True, lower=True, margin=MARGIN)
RECALL = Endpoint("recall", logarithm=False, lower=False, margin=RECALL_MARGIN)
ENDPOINTS: dict[int, tuple[Endpoint, ...]] = {1: (FID,), 2: (FID, RECALL)}  # By edition.


@dataclass(frozen=True)
class Pairs:
    """Two arms at their common seeds: the mean difference of an endpoint, and its p-value.

    Below three seeds there is no p-value, and below two no interval.
    """

    seeds: tuple[int, ...]
    difference: Summary | None
    p: float | None

    @property
    def ratio(self) -> float | None:
        """The ratio of the FIDs, first to second: their geometric mean over the seeds."""
        return None if self.difference is None else exp(self.difference.mean)

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95% interval of the ratio."""
        if self.difference is None or self.difference.ends is None:
            return None
        low, high = self.difference.ends
        return exp(low), exp(high)


@dataclass(frozen=True)
class Tested:
    """One endpoint of an arm at one number of images; `adjusted` is the p-value after Holm."""

    pairs: Pairs
    adjusted: float | None
    verdict: Verdict


@dataclass(frozen=True)
class Result:
    """The verdict on one arm at one number of images, and the endpoints it stands on, by key."""

    arm: str
    size: int
    endpoints: Mapping[str, Tested]
    verdict: Verdict

    @property
    def pairs(self) -> Pairs:
        """The differences of log FID."""
        return self.endpoints[FID.key].pairs

    @property
    def adjusted(self) -> float | None:
        """The p-value of log FID after Holm."""
        return self.endpoints[FID.key].adjusted


@dataclass(frozen=True)
class Judgement:
    """The verdicts on all matched arms, and over all of them, by number of images."""

    results: tuple[Result, ...]
    overall: Mapping[int, Verdict]

    def at(self, size: int) -> list[Result]:
        """Returns the results at one number of images."""
        return [result for result in self.results if result.size == size]

    @property
    def headline(self) -> Verdict:
        """The verdict at the largest number of images."""
        return self.overall[max(self.overall)]

    @property
    def fewer_images(self) -> list[int]:
        """The smaller numbers of images at which quantum is better than every matched arm."""
        largest = max(self.overall)
        return [
            size
            for size, verdict in sorted(self.overall.items())
            if size < largest and verdict == "quantum better"
        ]


@dataclass(frozen=True)
class Compared:
    """What is judged on one data set.

    Arguments:
        numbers: The values of each endpoint by its key: by arm, number of images and seed.
        sizes: All numbers of images.
        matched: The arms that the quantum arm is tested against.
    """

    numbers: Mapping[str, Numbers]
    sizes: Sequence[int]
    matched: Sequence[str]

    def at(self, endpoint: Endpoint, arm: str, size: int) -> Mapping[int, float]:
        """Returns the values of an endpoint of an arm at a number of images, by seed."""
        return self.numbers.get(endpoint.key, {}).get(arm, {}).get(size, {})


def pair(
    first: Mapping[int, float], second: Mapping[int, float], endpoint: Endpoint = FID
) -> Pairs:
    """Compares an endpoint of two arms at equal seeds.

    Arguments:
        first: The values of the first arm by seed, all positive where logarithms are compared.
        second: Those of the second arm.
        endpoint: The endpoint.
    """
    seeds = tuple(sorted(first.keys() & second.keys()))
    found = [(first[seed], second[seed]) for seed in seeds]
    if endpoint.logarithm:
        found = [(math.log(one), math.log(two)) for one, two in found]
    differences = summarize(one - two for one, two in found)
    return Pairs(seeds, differences, _p_value(found) if len(seeds) >= SEEDS else None)


def _p_value(values: Sequence[tuple[float, float]]) -> float:
    """Returns the two-sided p-value; without variance the limit of the test, 0 or 1."""
    differences = [one - two for one, two in values]
    if max(differences) - min(differences) <= EXACT:
        return 1.0 if abs(differences[0]) <= EXACT else 0.0

    from scipy.stats import ttest_rel  # Slow to import.

    return float(ttest_rel(*zip(*values, strict=True)).pvalue)


def decide(pairs: Pairs, adjusted: float | None, endpoint: Endpoint = FID) -> Verdict:
    """Applies the rule to one endpoint of one arm at one number of images."""
    found = pairs.difference
    if len(pairs.seeds) < SEEDS or found is None or found.ends is None or adjusted is None:
        return "not enough data"
    if adjusted < LEVEL:
        mean = found.mean if endpoint.lower else -found.mean
        return "quantum better" if mean < 0 else "classical better"
    # Holm's p-value has said that no side is shown to be better, whatever one interval says.
    inside = judge_interval(found.ends, endpoint.margin).inside
    return "no difference" if inside else "not enough data"


def combine(verdicts: Sequence[Verdict]) -> Verdict:
    """Applies the rule to the endpoints of one arm: better is better in one, and worse in none.

    What is better in one endpoint and worse in the other is a trade-off; with an endpoint that
    has not enough data nothing is shown.
    """
    if {"quantum better", "classical better"} <= {*verdicts}:
        return "trade-off"
    if not verdicts or "not enough data" in verdicts:
        return "not enough data"
    return next((found for found in verdicts if found != "no difference"), "no difference")


def decide_all(verdicts: Sequence[Verdict]) -> Verdict:
    """Applies the rule over all matched arms at one number of images; a missing one counts."""
    if "classical better" in verdicts:
        return "classical better"
    if not verdicts or "not enough data" in verdicts:
        return "not enough data"
    if "trade-off" in verdicts:
        return "trade-off"
    return "no difference" if "no difference" in verdicts else "quantum better"


def judge(compared: Sequence[Compared], quantum: str, edition: int = 2) -> list[Judgement]:
    """Applies the rule to one or more data sets, whose p-values are adjusted together.

    Arguments:
        compared: What is judged on each data set.
        quantum: The quantum arm.
        edition: The edition of the protocol, which says what the endpoints are.
    """
    endpoints = ENDPOINTS[edition]
    pairs = {
        (i, arm, size, endpoint): pair(
            of.at(endpoint, quantum, size), of.at(endpoint, arm, size), endpoint
        )
        for i, of in enumerate(compared)
        for size in of.sizes
        for arm in of.matched
        for endpoint in endpoints
    }
    adjusted = holm({key: found.p for key, found in pairs.items() if found.p is not None})

    def result(i: int, arm: str, size: int) -> Result:
        tested = {}
        for endpoint in endpoints:
            key = (i, arm, size, endpoint)
            p = adjusted.get(key)
            tested[endpoint.key] = Tested(pairs[key], p, decide(pairs[key], p, endpoint))
        return Result(arm, size, tested, combine([t.verdict for t in tested.values()]))

    found = []
    for i, of in enumerate(compared):
        results = tuple(result(i, arm, size) for size in of.sizes for arm in of.matched)
        overall = {n: decide_all([r.verdict for r in results if r.size == n]) for n in of.sizes}
        found.append(Judgement(results, overall))
    return found
