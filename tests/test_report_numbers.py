"""The numbers of the report: intervals against scipy, verdicts, averages, damage."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from scipy import stats

from latentq.errors import InputError
from latentq.report.grouping import bare_name, group_runs, settings
from latentq.report.pictures import read_losses
from latentq.report.runs import Run, find_runs, load_run
from latentq.report.statistics import Summary, compare, summarize
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


def test_paired_comparison_uses_differences_at_equal_seeds() -> None:
    # Seeds vary by 100, the models by 2: only a paired comparison can see that.
    first = {0: 100.0, 1: 200.0, 2: 300.5, 7: 9000.0}
    second = {2: 302.0, 1: 202.0, 0: 102.0, 8: 0.0}
    found = compare(first, second)
    expected = stats.ttest_rel([100, 200, 300.5], [102, 202, 302]).confidence_interval(0.95)

    assert (found.pairing, found.verdict) == ("paired", "lower")
    assert found.difference is not None
    assert found.difference.ends == pytest.approx((expected.low, expected.high))
    assert found.seeds == ([0, 1, 2], [0, 1, 2])
    assert compare(second, first).verdict == "higher"
    assert found.ratio == pytest.approx(600.5 / 606)


def test_difference_that_may_be_zero_is_none() -> None:
    assert compare({0: 1.0, 1: 5.0}, {0: 2.0, 1: 3.0}).verdict == "no difference"
    assert compare({0: 1.0, 1: 1.0}, {0: 1.0, 1: 1.0}).verdict == "no difference"


def test_unpaired_comparison_asks_for_disjoint_intervals() -> None:
    half = spread([0.0, 1.0]).half
    assert half is not None
    touching = {2: 2 * half, 3: 2 * half + 1}
    apart = {2: 2 * half + 0.01, 3: 2 * half + 1.01}

    assert compare({0: 0.0, 1: 1.0}, apart).verdict == "lower"
    assert compare(apart, {0: 0.0, 1: 1.0}).verdict == "higher"
    overlapping = {seed: value - 0.02 for seed, value in touching.items()}
    assert compare({0: 0.0, 1: 1.0}, overlapping).verdict == "no difference"
    assert compare({0: 0.0, 1: 1.0}, overlapping).pairing == "unpaired"


def test_single_and_missing_seeds_have_no_verdict() -> None:
    assert compare({0: 1.0}, {0: 2.0, 1: 2.1}).pairing == "single"
    assert compare({0: 1.0}, {}).pairing == "missing"
    assert compare({0: 1.0}, {0: 2.0}).verdict is compare({}, {}).verdict is None


def test_numbers() -> None:
    assert [number(x) for x in (None, 0, 7.6, 1992, 0.3812, -12.34)] == [
        *("missing", "0", "7.60", "1,992", "0.381", "\N{MINUS SIGN}12.3")
    ]
    assert interval(summarize([90.0, 100.0])) == "95 ± 64"
    assert interval(summarize([0.5]), runs=3) == "0.500 (1 of 3 seeds)"
    assert interval(summarize([0.1, 0.1, 0.1])) == "0.100 ± 0"


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
        Run(Path(f"q{seed}"), metrics(seed=seed), None, f"{text}\nseed: {seed}\nthreads: {seed}\n")
        for seed, text in configs.items()
    ]
    again = Run(Path("q0-2"), metrics(name="again"), None, "lr: 0.1\nrun: {name: again}\n")
    (group,) = group_runs([*runs, again])

    assert [arm.seeds for arm in group.arms[:3]] == [[0, 1], [0], [2]]
    assert [arm.label for arm in group.arms[:2]] == ["quantum (q0)", "quantum (again)"]
    assert settings(again) == {"lr": "0.1"}
    assert settings(Run(Path(), metrics(), None, "a: [")) == {}


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
