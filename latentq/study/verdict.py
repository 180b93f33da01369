r"""The rule of the verdict, as `docs/protocol.md` states it.

At equal seeds :math:`s`, with a quantum arm :math:`q` and another arm :math:`a`,

.. math:: d_s = \log \mathrm{FID}_{q, s} - \log \mathrm{FID}_{a, s},

the ratio of FIDs is :math:`\exp \bar{d}` with the exponentials of the ends of the t-interval of
:math:`\bar{d}`, and the p-value is that of the two-sided t-test of :math:`\bar{d} = 0`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from latentq.report.statistics import RATIO_MARGIN, Summary, exp, holm, judge_interval, summarize

Verdict = Literal["quantum better", "classical better", "no difference", "not enough data"]
Fids = Mapping[str, Mapping[int, Mapping[int, float]]]  # By arm, number of images and seed.

LEVEL = 0.05
SEEDS = 3  # With fewer there is no test.
MARGIN = RATIO_MARGIN
EXACT = 1e-12  # Differences of logarithms that are equal but for rounding.


@dataclass(frozen=True)
class Pairs:
    """Two arms at their common seeds: the mean difference of log FID, and its p-value.

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
class Result:
    """The verdict on one arm at one number of images; `adjusted` is the p-value after Holm."""

    arm: str
    size: int
    pairs: Pairs
    adjusted: float | None
    verdict: Verdict


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


def pair(first: Mapping[int, float], second: Mapping[int, float]) -> Pairs:
    """Compares the FIDs of two arms at equal seeds.

    Arguments:
        first: The FIDs of the first arm by seed, all positive.
        second: Those of the second arm.
    """
    seeds = tuple(sorted(first.keys() & second.keys()))
    logs = [(math.log(first[seed]), math.log(second[seed])) for seed in seeds]
    differences = summarize(one - two for one, two in logs)
    return Pairs(seeds, differences, _p_value(logs) if len(seeds) >= SEEDS else None)


def _p_value(logs: Sequence[tuple[float, float]]) -> float:
    """Returns the two-sided p-value; without variance the limit of the test, 0 or 1."""
    differences = [one - two for one, two in logs]
    if max(differences) - min(differences) <= EXACT:
        return 1.0 if abs(differences[0]) <= EXACT else 0.0

    from scipy.stats import ttest_rel  # Slow to import.

    return float(ttest_rel(*zip(*logs, strict=True)).pvalue)


def decide(pairs: Pairs, adjusted: float | None) -> Verdict:
    """Applies steps 2 to 6 of the rule to one arm at one number of images."""
    found = pairs.difference
    if len(pairs.seeds) < SEEDS or found is None or found.ends is None or adjusted is None:
        return "not enough data"
    if adjusted < LEVEL:
        return "quantum better" if found.mean < 0 else "classical better"
    # Holm's p-value has said that no side is shown to be better, whatever one interval says.
    return "no difference" if judge_interval(found.ends, MARGIN).inside else "not enough data"


def decide_all(verdicts: Sequence[Verdict]) -> Verdict:
    """Applies the rule over all matched arms at one number of images; a missing one counts."""
    if "classical better" in verdicts:
        return "classical better"
    if not verdicts or "not enough data" in verdicts:
        return "not enough data"
    return "no difference" if "no difference" in verdicts else "quantum better"


def judge(fids: Fids, sizes: Sequence[int], matched: Sequence[str], quantum: str) -> Judgement:
    """Applies the rule to a study.

    Arguments:
        fids: The FIDs by arm, number of images and seed, all positive.
        sizes: All numbers of images.
        matched: The arms that the quantum arm is tested against.
        quantum: The quantum arm.
    """

    def at(arm: str, size: int) -> Mapping[int, float]:
        return fids.get(arm, {}).get(size, {})

    pairs = {
        (arm, size): pair(at(quantum, size), at(arm, size)) for size in sizes for arm in matched
    }
    adjusted = holm({key: found.p for key, found in pairs.items() if found.p is not None})
    results = tuple(
        Result(*key, found, adjusted.get(key), decide(found, adjusted.get(key)))
        for key, found in pairs.items()
    )
    overall = {size: decide_all([r.verdict for r in results if r.size == size]) for size in sizes}
    return Judgement(results, overall)
