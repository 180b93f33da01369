"""The numbers of the report: intervals against scipy, verdicts, averages, damage."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from latentq.errors import InputError
from latentq.report.finished import FinishedRun, find_runs, load_run
from latentq.report.grouping import bare_name, group_runs, settings
from latentq.report.images import read_losses
from latentq.report.statistics import (
    Judged,
    Side,
    Summary,
    compare,
    judge_interval,
    judge_ratio,
    scale_of,
    summarize,
)
from latentq.report.wording import group_titles, interval, number
from tests.fake_runs import make_run, metrics, run_of


def spread(values: Sequence[float]) -> Summary:
    found = summarize(values)
    assert found is not None
    return found


@pytest.mark.parametrize("values", [(1.0, 2.0), (97.2, 88.1, 105.9), (0.1, 0.4, 0.2, 0.9, 0.3)])
def test_interval_is_that_of_scipy(values: tuple[float, ...]) -> None:
    found = spread(values)
    expected = stats.t.interval(
        0.95, len(values) - 1, loc=sum(values) / len(values), scale=stats.sem(values)
    )

    assert found.ends == pytest.approx(expected, rel=1e-12)
    assert spread(values[:1]).ends is None
    assert summarize([]) is None
    assert spread([3.0, 3.0]).ends == (3.0, 3.0)


def test_geometric_mean_has_the_interval_of_the_logarithms() -> None:
    values = [88.1, 97.2, 140.3]
    found = summarize(values, "ratio")
    logs = [math.log(x) for x in values]
    low, high = stats.t.interval(0.95, 2, loc=np.mean(logs), scale=stats.sem(logs))

    assert found is not None and found.ends is not None
    assert found.ends == pytest.approx((math.exp(low), math.exp(high)))
    assert found.mean == pytest.approx(stats.gmean(values))
    tripled = summarize([3 * x for x in values], "ratio")
    assert tripled is not None and tripled.ends is not None
    assert tripled.ends == pytest.approx([3 * end for end in found.ends])
    # By hand: the logarithms 0 and 2 have the t-interval 1 +- 12.706.
    by_hand = summarize([1.0, math.exp(2)], "ratio")
    assert by_hand is not None and by_hand.ends is not None
    assert [math.log(end) for end in by_hand.ends] == pytest.approx([-11.706, 13.706], abs=1e-3)


def test_wide_spreads_leave_positive_numbers_positive() -> None:
    """Raw t-intervals of these are 51 +- 55, and -0.00024 to 0.00058."""
    fid = summarize([31.0, 76.0, 46.0], "ratio")
    recall = summarize([0.0, 0.0005, 0.0], "share")

    assert fid is not None and fid.ends is not None and 10 < fid.ends[0] < 31
    assert recall is not None and recall.ends is not None
    assert 0 < recall.ends[0] < recall.mean < recall.ends[1] < 0.1
    assert recall.mean == pytest.approx(0.0005 / 3)


def test_share_has_the_interval_of_its_logit() -> None:
    values = [0.9, 0.95, 0.97]
    found, mirrored = summarize(values, "share"), summarize([1 - x for x in values], "share")
    mean, error = 0.94, stats.sem(values)
    half = 4.302653 * error / (mean * (1 - mean))
    logits = [math.log(mean / (1 - mean)) + sign * half for sign in (-1, 1)]

    assert found is not None and mirrored is not None and mirrored.ends is not None
    assert found.mean == pytest.approx(mean)
    assert found.ends == pytest.approx([1 / (1 + math.exp(-x)) for x in logits], rel=1e-6)
    assert found.ends == pytest.approx([1 - end for end in reversed(mirrored.ends)])


@given(st.lists(st.floats(0, 1), min_size=2, max_size=6))
def test_intervals_of_shares_stay_inside(values: list[float]) -> None:
    found = summarize(values, "share")

    assert found is not None
    low, high = found.ends or (found.mean, found.mean)
    assert 0 <= low <= found.mean + 1e-12 and found.mean - 1e-12 <= high <= 1


def test_exact_zeros_are_said() -> None:
    assert interval(summarize([0.0, 0.0, 0.0], "share")) == "0 (all seeds alike)"
    assert interval(summarize([1.0, 1.0], "share")) == "1.00 (all seeds alike)"
    zero = summarize([0.0, 3.0, 6.0], "ratio")
    assert zero is not None and zero.mean == 3.0
    assert zero.ends == pytest.approx(stats.t.interval(0.95, 2, loc=3, scale=math.sqrt(3)))
    assert interval(zero) == "3.0 [\N{MINUS SIGN}4.5, 10.5] (arithmetic mean)"
    kid = summarize([-0.1, 0.3], "ratio")  # An unbiased estimate may be negative.
    assert kid is not None and kid.mean == pytest.approx(0.1) and kid.note == "arithmetic mean"
    assert summarize([7.0], "ratio") == Summary(7.0, None, (7.0,))
    assert summarize([0.0], "share") == Summary(0.0, None, (0.0,))


def test_every_score_has_the_scale_that_it_needs() -> None:
    assert {scale_of(key) for key in ("fid", "fid_haar", "kid", "density", "mmd.undenoised")} == {
        "ratio"
    }
    shares = ("precision", "recall", "coverage", "class_distance", "label_accuracy")
    assert {scale_of(key) for key in (*shares, "memorisation.closer")} == {"share"}
    assert scale_of("iterations") == "signed"


@pytest.mark.parametrize(
    ("ends", "side", "inside"),
    [
        ((0.1, 0.9), "higher", False),
        ((-0.9, -0.1), "lower", False),
        ((0.1, 0.2), "higher", True),  # A difference that is shown, and small.
        ((-0.2, -0.1), "lower", True),
        ((-0.2, 0.2), "no difference", True),
        ((-0.2, 0.21), "not enough data", False),  # It contains 0, which is no evidence.
        ((-0.21, 0.2), "not enough data", False),
        ((0.0, 0.1), "no difference", True),
        (None, "not enough data", False),
    ],
)
def test_the_one_verdict(ends: tuple[float, float] | None, side: Side, inside: bool) -> None:
    assert judge_interval(ends, 0.2) == Judged(side, inside)


def test_ratios_are_judged_by_their_logarithm() -> None:
    assert judge_ratio(Summary(1.0, (0.81, 1.24))) == Judged("no difference", True)
    assert judge_ratio(Summary(1.0, (0.79, 1.24))) == Judged("not enough data", False)
    assert judge_ratio(Summary(1.0, (0.81, 1.26))) == Judged("not enough data", False)
    assert judge_ratio(Summary(0.9, (0.81, 0.99))) == Judged("lower", True)
    assert judge_ratio(Summary(2.0, (1.5, 2.5))) == Judged("higher", False)
    assert judge_ratio(Summary(1.0, None)) == judge_ratio(None)


def test_paired_comparison_uses_ratios_at_equal_seeds() -> None:
    # Seeds vary by a factor of three, the models by 2%: only a paired comparison can see that.
    first = {0: 100.0, 1: 200.0, 2: 300.5, 7: 9000.0}
    second = {2: 306.0, 1: 204.0, 0: 102.5, 8: 0.0}
    found, back = compare(first, second), compare(second, first)
    logs = [[math.log(x) for x in (a, b, c)] for a, b, c in ((100, 200, 300.5), (102.5, 204, 306))]
    expected = stats.ttest_rel(*logs).confidence_interval(0.95)

    assert (found.pairing, found.verdict) == ("paired", Judged("lower", True))
    assert back.verdict == Judged("higher", True)
    assert found.ratio is not None and found.ratio.ends is not None
    assert found.ratio.ends == pytest.approx((math.exp(expected.low), math.exp(expected.high)))
    assert back.ratio is not None and back.ratio.ends is not None
    assert back.ratio.ends == pytest.approx([1 / end for end in reversed(found.ratio.ends)])
    assert found.ratio.mean == pytest.approx(
        ((100 / 102.5) * (200 / 204) * (300.5 / 306)) ** (1 / 3)
    )
    assert found.seeds == ([0, 1, 2], [0, 1, 2])


def test_a_wide_interval_is_no_equality() -> None:
    assert compare({0: 1.0, 1: 5.0}, {0: 2.0, 1: 3.0}).verdict == Judged("not enough data", False)
    assert compare({0: 1.0, 1: 1.0}, {0: 1.0, 1: 1.0}).verdict == Judged("no difference", True)


def test_unpaired_comparison_has_the_interval_of_welch() -> None:
    first, second = {0: 10.0, 1: 11.0, 2: 12.5}, {3: 19.0, 4: 26.0}
    logs = [[math.log(x) for x in values.values()] for values in (first, second)]
    expected = stats.ttest_ind(*logs, equal_var=False).confidence_interval(0.95)
    found = compare(first, second)

    assert found.pairing == "unpaired" and found.ratio is not None
    assert found.ratio.ends == pytest.approx((math.exp(expected.low), math.exp(expected.high)))
    assert found.verdict == Judged("not enough data", False)
    assert compare({0: 1.0, 1: 1.0}, {2: 2.0, 3: 2.0}).verdict == Judged("lower", False)


def test_single_missing_and_zero_values_have_no_verdict() -> None:
    single = compare({0: 1.0}, {0: 2.0, 1: 2.1})
    assert single.pairing == "single" and single.verdict is None
    assert single.ratio is not None and single.ratio.ends is None
    assert compare({0: 1.0}, {}).pairing == "missing"
    assert compare({0: 1.0}, {0: 2.0}).verdict is compare({}, {}).verdict is None
    zero = compare({0: 1.0, 1: 0.0}, {0: 2.0, 1: 2.0})
    assert (zero.pairing, zero.ratio, zero.verdict) == ("zero", None, None)


def test_numbers() -> None:
    assert [number(x) for x in (None, 0, 7.6, 1992, 0.3812, -12.34)] == [
        *("missing", "0", "7.60", "1,992", "0.381", "\N{MINUS SIGN}12.3")
    ]
    assert interval(summarize([90.0, 100.0])) == "95 [31, 159]"
    assert interval(summarize([16.1, 19.7, 17.8], "ratio")) == "17.8 [13.9, 22.9]"
    assert interval(summarize([0.5]), runs=3) == "0.500 (1 of 3 seeds)"
    assert interval(summarize([0.1, 0.1, 0.1])) == "0.100 [0.100, 0.100]"


@pytest.mark.parametrize(
    "change",
    [
        {"data": {"name": "digits"}},
        {"features": {"name": "small CNN", "sha256": "ee"}},
        {"n_samples": 500},
        {"data": {"name": "mnist", "sha256": "aa", "train": 55000, "test": 10000, "limit": 64}},
    ],
)
def test_incomparable_runs_are_not_mixed(change: dict[str, Any]) -> None:
    groups = group_runs([run_of(), run_of("classical"), run_of(seed=1, path="b", **change)])

    assert sorted(len(group.runs) for group in groups) == [1, 2]


def test_arms_hold_seeds_of_one_setting() -> None:
    runs = [run_of(seed=s, path=f"q{s}", name=f"deep-seed{s}") for s in (2, 0, 1)]
    other = [run_of(seed=3, path="x", name="wide-seed3"), run_of(seed=1, path="z", name="deep-1")]
    (group,) = group_runs([*runs, *other])

    assert [arm.seeds for arm in group.arms] == [[0, 1, 2], [1], [3], []]
    assert len({arm.label for arm in group.arms}) == 4
    assert group.arms[3].model == "classical"


def test_arms_are_told_apart_by_their_configuration() -> None:
    configs = {0: "lr: 0.1", 1: "lr: 0.1", 2: "lr: 0.2"}
    runs = [
        FinishedRun(
            Path(f"q{seed}"), metrics(seed=seed), None, f"{text}\nseed: {seed}\nthreads: {seed}\n"
        )
        for seed, text in configs.items()
    ]
    again = FinishedRun(Path("q0-2"), metrics(name="again"), None, "lr: 0.1\nrun: {name: again}\n")
    (group,) = group_runs([*runs, again])

    assert [arm.seeds for arm in group.arms[:3]] == [[0, 1], [0], [2]]
    assert [arm.label for arm in group.arms[:2]] == ["quantum (q0)", "quantum (again)"]
    assert settings(again) == {"lr": "0.1"}
    assert settings(FinishedRun(Path(), metrics(), None, "a: [")) == {}


def test_name_without_its_seed() -> None:
    names = [
        "deep-mnist-seed3",
        "deep_s3",
        "seed=3/deep",
        "L13",
        "steps3",
        "mnist-3",
        "a-seed3-3",
    ]
    bare = [bare_name(run_of(seed=3, name=name)) for name in names]

    assert bare == ["deep-mnist", "deep", "deep", "L13", "steps3", "mnist", "a-3"]


def test_groups_have_titles_of_their_own() -> None:
    other = {"name": "small CNN", "sha256": "ee" * 32}
    groups = group_runs(
        [run_of(), run_of(path="b", features=other), run_of(path="c", n_samples=9)]
    )

    assert sorted(group_titles(groups)) == [
        "MNIST, 10,000 samples, features eeeeeeee",
        "MNIST, 10,000 samples, features ffffffff",
        "MNIST, 9 samples",
    ]


def test_huge_numbers_are_missing() -> None:
    run = run_of(fid=10**400, kid=math.inf)

    assert run.number("fid") is run.number("kid") is run.number("fid.x") is None


def test_curves_skip_what_is_not_a_number(tmp_path: Path) -> None:
    assert read_losses(load_run(make_run(tmp_path / "q"))) == {"prior": ([0.0], [4.0])}


@pytest.mark.parametrize(
    "content",
    [
        *("", "[]", "{}", '{"model": 3}', "\udcff", '{"model": "quantum", "fid": "low"}'),
        *('{"model": "quantum", "seed": 0.5}', '{"model": "quantum", "mmd": {"steps": 3}}'),
        *('{"model": "quantum", "name": ["a"]}', '{"model": "quantum", "fid": true}'),
    ],
)
def test_damaged_metrics_are_an_input_error(content: str, tmp_path: Path) -> None:
    run = make_run(tmp_path / "q")
    (run / "metrics.json").write_bytes(content.encode(errors="surrogateescape"))
    with pytest.raises(InputError, match=r"metrics\.json: damaged") as caught:
        find_runs([tmp_path])

    assert "\n" not in str(caught.value)
