"""The rule of the verdict: each branch and its boundaries, against scipy and closed forms."""

import math
import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from latentq.report.statistics import holm
from latentq.study.verdict import (
    MARGIN,
    RECALL,
    RECALL_MARGIN,
    Compared,
    Judgement,
    Numbers,
    Pairs,
    Verdict,
    combine,
    decide,
    decide_all,
    judge,
    pair,
)

Q, A = "quantum", "arm"
MIRROR = {
    "quantum better": "classical better",
    "classical better": "quantum better",
    "trade-off": "trade-off",
    "no difference": "no difference",
    "not enough data": "not enough data",
}


def by_seed(values: Sequence[float]) -> dict[int, float]:
    return dict(enumerate(values))


def by_fid(fids: Numbers, sizes: Sequence[int], matched: Sequence[str], quantum: str) -> Judgement:
    """Applies the rule of the first edition to one data set."""
    (found,) = judge([Compared({"fid": fids}, sizes, matched)], quantum, edition=1)
    return found


def test_pairs_are_those_of_scipy() -> None:
    first, second = [20.0, 25.0, 31.0, 28.0], [24.0, 26.0, 40.0, 30.0]
    # Seeds in another order, and one that only the second arm has.
    found = pair(by_seed(first), {9: 1e6, **dict(reversed(by_seed(second).items()))})
    test = stats.ttest_rel([math.log(x) for x in first], [math.log(x) for x in second])
    ends = test.confidence_interval(0.95)

    assert found.seeds == (0, 1, 2, 3)
    assert found.p == pytest.approx(test.pvalue, rel=1e-12)
    assert found.interval == pytest.approx((math.exp(ends.low), math.exp(ends.high)), rel=1e-12)
    product = (20 / 24) * (25 / 26) * (31 / 40) * (28 / 30)
    assert found.ratio == pytest.approx(product ** (1 / 4), rel=1e-12)


def test_few_seeds_have_no_p_value() -> None:
    none, one, two = (pair(by_seed([1.0] * n), by_seed([2.0, 3.0][:n])) for n in (0, 1, 2))

    assert (none.ratio, none.interval, none.p) == (None, None, None)
    assert (one.ratio, one.interval, one.p) == (0.5, None, None)
    assert two.ratio == pytest.approx(1 / math.sqrt(6))
    assert two.interval is not None and two.p is None
    assert all(decide(found, None) == "not enough data" for found in (none, one, two))


def test_differences_without_variance() -> None:
    # Equal but for rounding: log(20) - log(10) is not log(6) - log(3) to the last bit.
    half = pair(by_seed([10.0, 3.0, 7.0]), by_seed([20.0, 6.0, 14.0]))
    same = pair(by_seed([10.0, 3.0, 7.0]), by_seed([10.0, 3.0, 7.0]))

    assert (half.p, same.p) == (0.0, 1.0)
    assert half.interval == pytest.approx((0.5, 0.5))
    assert decide(half, half.p) == "quantum better"
    assert decide(same, same.p) == "no difference"


def test_holm_against_a_textbook_example() -> None:
    # Four p-values, 0.005 < 0.01 < 0.03 < 0.04, times 4, 3, 2 and 1, and never falling.
    found = holm({"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.005})

    assert found == pytest.approx({"a": 0.03, "b": 0.06, "c": 0.06, "d": 0.02})
    assert list(found) == ["a", "b", "c", "d"]
    assert holm({"a": 0.6, "b": 0.7}) == {"a": 1.0, "b": 1.0}
    assert holm({}) == {}


def pairs_with(low: float, high: float) -> Pairs:
    """Three differences of logarithms whose t-interval has these ends."""
    middle, half = (low + high) / 2, (high - low) / 2
    step = half * math.sqrt(3) / stats.t.ppf(0.975, 2)
    logs = [middle - step, middle, middle + step]
    return pair(by_seed([math.exp(x) for x in logs]), by_seed([1.0] * 3))


@pytest.mark.parametrize(
    ("low", "high", "adjusted", "verdict"),
    [
        (-0.5, -0.1, 0.0499, "quantum better"),
        (-0.1, -0.01, 0.0499, "quantum better"),  # Within the margin, but significant.
        (0.1, 0.5, 0.0499, "classical better"),
        (-0.2, -0.1, 0.05, "no difference"),  # Not below 0.05.
        (-0.5, -0.1, 0.05, "not enough data"),
        (-MARGIN + 1e-9, MARGIN - 1e-9, 0.9, "no difference"),
        (-MARGIN - 1e-9, 0.1, 0.9, "not enough data"),
        (-0.1, MARGIN + 1e-9, 0.9, "not enough data"),
    ],
)
def test_rule_for_one_arm(low: float, high: float, adjusted: float, verdict: Verdict) -> None:
    assert decide(pairs_with(low, high), adjusted) == verdict


def test_margin_is_from_08_to_125() -> None:
    ends = math.exp(-MARGIN), math.exp(MARGIN)

    assert ends == pytest.approx((0.8, 1.25), rel=1e-15)


@pytest.mark.parametrize(
    ("verdicts", "overall"),
    [
        (["quantum better", "quantum better"], "quantum better"),
        (["quantum better", "no difference"], "no difference"),
        (["no difference", "no difference"], "no difference"),
        (["quantum better", "not enough data"], "not enough data"),
        (["no difference", "not enough data"], "not enough data"),
        (["classical better", "quantum better"], "classical better"),
        (["not enough data", "classical better"], "classical better"),
        (["trade-off", "classical better"], "classical better"),
        (["trade-off", "quantum better"], "trade-off"),
        (["trade-off", "no difference"], "trade-off"),
        (["trade-off", "not enough data"], "not enough data"),
        ([], "not enough data"),
    ],
)
def test_rule_over_all_arms(verdicts: list[Verdict], overall: Verdict) -> None:
    assert decide_all(verdicts) == decide_all(verdicts[::-1]) == overall


def test_missing_arm_is_not_enough_data() -> None:
    found = by_fid({Q: {1: by_seed([1.0, 1.1, 1.2])}}, [1], [A], Q)

    assert [result.verdict for result in found.results] == ["not enough data"]
    assert found.headline == "not enough data"


def test_p_values_of_all_sizes_are_adjusted_together() -> None:
    fids = {
        Q: {n: by_seed([20.0, 21.0, 22.5]) for n in (10, 100)},
        A: {10: by_seed([22.0, 22.5, 24.9]), 100: by_seed([20.1, 20.8, 22.8])},
        "few": {10: by_seed([30.0, 31.0])},
    }
    found = by_fid(fids, [10, 100], [A, "few"], Q)
    p = {(r.arm, r.size): (r.pairs.p, r.adjusted) for r in found.results}
    small, large = p[A, 10], p[A, 100]
    assert small[0] is not None and large[0] is not None

    assert 0.0 < small[0] < large[0] < 1.0
    assert small[1] == pytest.approx(2 * small[0])  # Two tests, as one has too few seeds.
    assert large[1] == pytest.approx(large[0])
    assert p["few", 10] == p["few", 100] == (None, None)


def test_fewer_images_need_a_verdict_at_a_smaller_number() -> None:
    better, worse = by_seed([1.0, 1.01, 1.02]), by_seed([5.0, 5.1, 5.3])
    fids = {Q: {1: better, 2: worse, 3: better}, A: {1: worse, 2: better, 3: worse}}
    found = by_fid(fids, [3, 1, 2], [A], Q)

    assert found.overall == {1: "quantum better", 2: "classical better", 3: "quantum better"}
    assert (found.headline, found.fewer_images) == ("quantum better", [1])
    assert [result.size for result in found.at(2)] == [2]


FIDS = st.lists(st.floats(1e-3, 1e4), min_size=0, max_size=6)


@given(st.lists(FIDS, min_size=2, max_size=4), st.randoms(use_true_random=False))
@settings(deadline=None)
def test_order_of_arms_does_not_matter(arms: list[list[float]], order: random.Random) -> None:
    names = [f"arm{i}" for i in range(1, len(arms))]
    fids = {name: {1: by_seed(v)} for name, v in zip([Q, *names], arms, strict=True)}
    mixed = list(names)
    order.shuffle(mixed)
    one, two = (by_fid(fids, [1], matched, Q) for matched in (names, mixed))

    assert one.overall == two.overall
    assert {r.arm: r for r in one.results} == {r.arm: r for r in two.results}


@given(FIDS, FIDS)
@settings(deadline=None)
def test_swapping_both_arms_mirrors_the_verdict(first: list[float], second: list[float]) -> None:
    fids = {Q: {1: by_seed(first)}, A: {1: by_seed(second)}}
    (one,), (two,) = by_fid(fids, [1], [A], Q).results, by_fid(fids, [1], [Q], A).results

    assert two.verdict == MIRROR[one.verdict]
    if one.pairs.ratio is not None and two.pairs.ratio is not None:
        assert one.pairs.ratio * two.pairs.ratio == pytest.approx(1)
    assert one.adjusted == pytest.approx(two.adjusted)


# --- Two endpoints

LOW, HIGH = [10.0, 10.3, 9.8, 10.1, 10.2], [20.0, 20.5, 19.7, 20.3, 20.1]
MUCH, LITTLE = [0.40, 0.41, 0.39, 0.42, 0.40], [0.20, 0.21, 0.22, 0.20, 0.19]
ALIKE = [0.41, 0.40, 0.40, 0.41, 0.41]
WILD = [0.1, 0.7, 0.2, 0.8, 0.4]


def planted(
    fids: tuple[list[float], list[float]], recalls: tuple[list[float], list[float]]
) -> Judgement:
    """Judges a study of one number of images with values of quantum and of one arm."""
    numbers = {
        key: {Q: {1: by_seed(of[0])}, A: {1: by_seed(of[1])}}
        for key, of in (("fid", fids), ("recall", recalls))
    }
    (found,) = judge([Compared(numbers, [1], [A])], Q)
    return found


@pytest.mark.parametrize(
    ("fids", "recalls", "verdict"),
    [
        ((LOW, HIGH), (MUCH, LITTLE), "quantum better"),
        ((LOW, HIGH), (MUCH, ALIKE), "quantum better"),
        ((LOW, HIGH), (LITTLE, MUCH), "trade-off"),  # A better FID, but a worse recall.
        ((HIGH, LOW), (MUCH, LITTLE), "trade-off"),
        ((LOW, HIGH), (MUCH, WILD), "not enough data"),  # Not shown to be no worse.
        ((LOW, [10.1, 10.2, 9.9, 10.2, 10.1]), (MUCH, LITTLE), "quantum better"),
        ((HIGH, LOW), (MUCH, ALIKE), "classical better"),
        ((HIGH, LOW), (LITTLE, MUCH), "classical better"),
        ((LOW, [10.1, 10.2, 9.9, 10.2, 10.1]), (MUCH, ALIKE), "no difference"),
        ((LOW, HIGH), (MUCH, []), "not enough data"),
    ],
)
def test_better_is_better_in_one_and_not_worse_in_the_other(
    fids: tuple[list[float], list[float]],
    recalls: tuple[list[float], list[float]],
    verdict: Verdict,
) -> None:
    found, other = planted(fids, recalls), planted(fids[::-1], recalls[::-1])

    assert found.headline == found.results[0].verdict == verdict
    assert other.headline == MIRROR[verdict]
    (first,) = judge(
        [Compared({"fid": {Q: {1: by_seed(fids[0])}, A: {1: by_seed(fids[1])}}}, [1], [A])], Q, 1
    )
    assert first.results[0].endpoints.keys() == {"fid"}


@pytest.mark.parametrize(
    ("verdicts", "found"),
    [
        (["quantum better", "no difference"], "quantum better"),
        (["no difference", "classical better"], "classical better"),
        (["quantum better", "classical better"], "trade-off"),
        (["quantum better", "not enough data"], "not enough data"),
        (["no difference", "no difference"], "no difference"),
        (["classical better"], "classical better"),
        ([], "not enough data"),
    ],
)
def test_rule_over_the_endpoints(verdicts: list[Verdict], found: Verdict) -> None:
    assert combine(verdicts) == combine(verdicts[::-1]) == found


def test_recall_is_compared_by_differences() -> None:
    found = pair(by_seed(MUCH), by_seed(LITTLE), RECALL)
    test = stats.ttest_rel(MUCH, LITTLE)
    ends = test.confidence_interval(0.95)
    assert found.difference is not None and found.difference.ends is not None

    assert found.p == pytest.approx(test.pvalue, rel=1e-9)
    assert found.difference.mean == pytest.approx(0.2, abs=1e-9)
    assert found.difference.ends == pytest.approx((ends.low, ends.high))
    assert decide(found, 0.01, RECALL) == "quantum better"  # More is better.
    zero = pair(by_seed([0.0] * 3), by_seed([0.0] * 3), RECALL)
    assert (zero.p, decide(zero, 1.0, RECALL)) == (1.0, "no difference")
    edges = [RECALL_MARGIN * x for x in (0.99, 1.01)]
    wide = [pair(by_seed([e] * 3), by_seed([0.0] * 3), RECALL) for e in edges]
    assert [decide(p, 0.9, RECALL) for p in wide] == ["no difference", "not enough data"]


def test_p_values_of_all_endpoints_and_data_sets_are_adjusted_together() -> None:
    numbers = [
        {
            "fid": {Q: {1: by_seed(LOW)}, A: {1: by_seed([x * k for x in WILD])}},
            "recall": {Q: {1: by_seed(MUCH)}, A: {1: by_seed([x / k for x in WILD])}},
        }
        for k in (30.0, 40.0)
    ]
    both = judge([Compared(n, [1], [A]) for n in numbers], Q)
    tested = [t for found in both for r in found.results for t in r.endpoints.values()]
    raw = {i: t.pairs.p for i, t in enumerate(tested) if t.pairs.p is not None}

    assert len(raw) == 4 and len({*raw.values()}) == 4
    assert {i: tested[i].adjusted for i in raw} == pytest.approx(holm(raw))
    least = min(raw, key=lambda i: raw[i])
    assert tested[least].adjusted == pytest.approx(4 * raw[least])
