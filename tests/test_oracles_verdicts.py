"""The one verdict and its statements, by intervals of which the answer is known."""

import math
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from scipy.stats import t as student

from latentq.experiments.bands import bars, bounded, mean_of
from latentq.experiments.improved.claims import gain
from latentq.experiments.improved.statistics import crossing
from latentq.experiments.improved.theorem_claims import first_theorem, second_theorem
from latentq.experiments.improved.verdicts import decay, flatness, larger, side
from latentq.experiments.latent import claims as latent
from latentq.experiments.latent.measures import Ensemble
from latentq.experiments.verdicts import above, equal, higher, of_logs, small, within
from latentq.report.statistics import (
    Judged,
    Summary,
    columns_of,
    compare,
    judge_interval,
    judge_ratio,
    ratio_of,
    read,
    summarize,
)

UP, UP_INSIDE = Judged("higher", False), Judged("higher", True)
DOWN, DOWN_INSIDE = Judged("lower", False), Judged("lower", True)
SAME, OPEN = Judged("no difference", True), Judged("not enough data", False)


def wide(low: float, high: float) -> Summary:
    return Summary((low + high) / 2, (low, high))


@pytest.mark.parametrize(
    ("ends", "found"),
    [
        ((0.1, 0.3), UP),
        ((0.05, 0.15), UP_INSIDE),
        ((-0.3, -0.1), DOWN),
        ((-0.15, -0.05), DOWN_INSIDE),
        ((-0.19, 0.19), SAME),
        ((-0.25, 0.1), OPEN),
        ((-0.1, 0.25), OPEN),
        ((0.0, 0.3), OPEN),
        ((0.0, 0.19), SAME),
    ],
)
def test_sides_and_margin_of_an_interval(ends: tuple[float, float], found: Judged) -> None:
    assert judge_interval(ends, 0.2) == found
    assert judge_interval((-ends[1], -ends[0]), 0.2).inside == found.inside
    assert judge_interval(None, 0.2) == OPEN
    assert judge_ratio(wide(*map(math.exp, ends)), 0.2).side == found.side


def test_a_ratio_of_five_quarters_is_the_margin() -> None:
    assert judge_ratio(wide(0.81, 1.24)) == SAME
    assert judge_ratio(wide(0.79, 1.24)) == judge_ratio(wide(0.81, 1.26)) == OPEN


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        ([UP, UP_INSIDE], "confirmed"),
        ([UP, SAME], "corrected"),
        ([UP, DOWN], "corrected"),
        ([DOWN, SAME], "refuted"),
        ([DOWN, DOWN], "refuted"),
        ([SAME, SAME], "no difference"),
        ([SAME, OPEN], "not enough data"),
        ([], "not enough data"),
    ],
)
def test_what_is_said_to_be_higher(found: list[Judged], verdict: str) -> None:
    assert higher(found) == verdict


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        ([SAME, UP_INSIDE, DOWN_INSIDE], "confirmed"),
        ([SAME, OPEN], "not enough data"),
        ([UP_INSIDE, OPEN], "not enough data"),
        ([SAME, UP], "refuted"),
        ([], "not enough data"),
    ],
)
def test_what_is_said_to_be_equal(found: list[Judged], verdict: str) -> None:
    assert equal(found, "refuted") == verdict


@pytest.mark.parametrize(
    ("ends", "verdict"),
    [
        ((0.35, 0.45), "confirmed"),
        ((0.301, 0.499), "confirmed"),
        ((0.25, 0.45), "not enough data"),
        ((0.35, 0.55), "not enough data"),
        ((0.51, 0.6), "corrected"),
        ((0.1, 0.29), "corrected"),
        (None, "not enough data"),
    ],
)
def test_what_is_said_to_be_in_a_range(ends: tuple[float, float] | None, verdict: str) -> None:
    assert within(ends, 0.3, 0.5) == verdict


def test_levels_and_logarithms() -> None:
    assert above((0.6, 0.7), 0.5) == UP and above((0.3, 0.4), 0.5) == DOWN
    assert above((0.4, 0.6), 0.5) == OPEN and above(None, 0.5) == OPEN
    assert of_logs(Summary(3.0, (2.0, 4.0))) == Summary(8.0, (4.0, 16.0))
    assert of_logs(Summary(3.0, None)) == Summary(8.0, None) and of_logs(None) is None


def test_small_differences_are_told() -> None:
    assert small([UP, SAME]) == small([OPEN]) == small([]) == ""
    assert small([UP_INSIDE, SAME]) == "; shown, but inside of the margin"
    assert small([UP_INSIDE, DOWN]) == "; shown, but in part inside of the margin"


# --- Statistics


def test_seeds_in_common_are_compared() -> None:
    """Seeds differ by a factor of 100, which pairs do not see."""
    first, second = {0: 2.0, 1: 210.0, 7: 1e9}, {0: 1.0, 1: 100.0, 8: 1e-9}
    found = compare(first, second)

    assert found.pairing == "paired" and found.ratio == ratio_of(first, second)
    assert found.ratio is not None and found.ratio.mean == pytest.approx(4.2**0.5)
    assert found.first is not None and found.first.mean == pytest.approx(420**0.5)
    assert found.verdict is not None and found.verdict.side == "higher"


def test_unequal_numbers_and_variances_are_welch_s() -> None:
    logs = [[1.0, 1.0, 4.0], [0.1, 0.2, 0.3, 0.4, 0.2, 0.6]]
    arms = [{10 * k + i: math.exp(x) for i, x in enumerate(of)} for k, of in enumerate(logs)]
    parts = [3.0 / 3, 0.032 / 6]
    freedom = sum(parts) ** 2 / (parts[0] ** 2 / 2 + parts[1] ** 2 / 5)
    half = student.ppf(0.975, freedom) * sum(parts) ** 0.5
    found = compare(*arms).ratio

    assert found is not None and found.ends is not None
    assert [math.log(x) for x in (found.mean, *found.ends)] == pytest.approx(
        [1.7, 1.7 - half, 1.7 + half]
    )


def test_intervals_are_of_their_scales() -> None:
    values = (0.1, 0.2, 0.6)
    error = student.ppf(0.975, 2) * (0.14 / 2 / 3) ** 0.5
    signed, share = summarize(values), summarize(values, "share")
    logit = math.log(0.3 / 0.7)
    ends = [logit + s * error / (0.3 * 0.7) for s in (-1, 1)]

    assert signed is not None and signed.ends == pytest.approx((0.3 - error, 0.3 + error))
    assert share is not None and share.mean == pytest.approx(0.3)
    assert share.ends == pytest.approx([1 / (1 + math.exp(-x)) for x in ends])
    ratio = summarize(values, "ratio")
    assert ratio is not None and ratio.mean == pytest.approx(0.012 ** (1 / 3))
    assert share.times(2).ends == pytest.approx([2 * x for x in share.ends or ()])


def test_cells_hold_a_mean_and_its_ends() -> None:
    found = bounded([1.0, 2.0, 1.5], 2.0)
    row: dict[str, Any] = columns_of("x", found)

    assert found.mean == pytest.approx(1.5)
    assert found.ends is not None and 0 < found.ends[0] < 1.5 < found.ends[1] < 2
    assert row == {"x": found.mean, "x_low": found.ends[0], "x_high": found.ends[1]}
    assert read(row, "x") == Summary(found.mean, found.ends)
    assert bars([wide(1.0, 2.0), Summary(3.0, None)]) == ([0.5, 0.0], [0.5, 0.0])
    assert mean_of([4.0, 1.0], "ratio").mean == pytest.approx(2)


# --- The improved model


def test_sizes_in_bits() -> None:
    assert [decay(wide(*of)) for of in ((-1.1, -0.9), (-0.6, -0.4), (0.1, 0.2), (-1, 0.1))] == [
        *("confirmed", "corrected", "refuted", "not enough data")
    ]
    assert [flatness(wide(*of)) for of in ((-0.2, 0.1), (-0.6, -0.4), (-0.4, 0.1))] == [
        *("confirmed", "refuted", "not enough data")
    ]
    assert [larger(wide(*of)) for of in ((7.0, 8.0), (1.0, 2.0), (-2.0, -1.0), (6.0, 8.0))] == [
        *("confirmed", "corrected", "refuted", "not enough data")
    ]
    assert side(wide(1.0, 2.0), above="confirmed", below="refuted") == "confirmed"
    assert side(wide(-2.0, -1.0), above="confirmed", below="refuted") == "refuted"


def bound(low: float, high: float, **more: float) -> dict[str, Any]:
    """A variance of gradients, of which the theorems say 1, and our reading 3."""
    row = {"targets": "one", "qubits": 2, "states": 10, "variance": 1.0, "closed_form": None}
    return {**row, "low": low, "high": high, "printed_bound": 1.0, "linear_bound": 3.0, **more}


@pytest.mark.parametrize(
    ("ends", "verdicts"),
    [
        ((0.5, 0.9), ("confirmed", "confirmed")),
        ((0.5, 2.0), ("not enough data", "confirmed")),
        ((2.0, 2.5), ("refuted", "confirmed")),
        ((2.0, 4.0), ("refuted", "not enough data")),
        ((4.0, 5.0), ("refuted", "refuted")),
    ],
)
def test_an_upper_bound_is_judged_by_whole_intervals(
    ends: tuple[float, float], verdicts: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("latentq.experiments.improved.theorem_claims.exponents", lambda *_: (0, 0))
    found = first_theorem({"variances": [bound(0.1, 0.2), bound(*ends)]})

    assert tuple(claim.verdict for claim in found) == verdicts


@pytest.mark.parametrize(
    ("ends", "verdict"),
    [((1.5, 2.0), "confirmed"), ((0.5, 2.0), "not enough data"), ((0.5, 0.9), "refuted")],
)
def test_a_lower_bound_is_judged_where_it_is_stated(
    ends: tuple[float, float], verdict: str
) -> None:
    more: Any = {"printed_term": 1.0, "completed": 1.0, "completed_by_angle": 1.0}
    rows = [
        {**bound(1.5, 2.0, **more), "scale": "1/L"},
        {**bound(*ends, **more), "scale": "1/L"},
        {**bound(0.5, 2.0, **more), "scale": "pi"},
    ]
    zero = [{"states": 1, **columns_of("gradient_squared", wide(0.0, 1.0))}] * 2

    assert second_theorem({"bounds": rows, "zero": zero}).verdict == verdict


def test_a_crossing_is_in_proportion() -> None:
    """A quarter of the way from 1 to 16 on a logarithmic axis."""
    assert crossing([1.0, 16.0], [0.0, 4.0], 1.0) == pytest.approx(2)
    assert crossing([1.0, 16.0, 32.0], [4.0, 0.0, 1.0], 1.0) == pytest.approx(8)
    assert crossing([1.0, 16.0], [0.0, 4.0], 5.0) is None


def test_less_of_a_divergence_is_better() -> None:
    row = columns_of("log2_ratio", wide(1.0, 2.0))

    assert gain(row, 1) == UP and gain(row, -1) == DOWN
    assert gain(columns_of("log2_ratio", wide(-0.2, -0.1)), -1) == UP_INSIDE
    assert gain({"log2_ratio": None}, 1) == OPEN


# --- Latents


@pytest.mark.parametrize(
    ("ends", "verdict"),
    [((0.6, 0.7), "confirmed"), ((0.4, 0.6), "not enough data"), ((0.3, 0.4), "refuted")],
)
def test_a_pattern_is_the_same_by_the_whole_interval(
    ends: tuple[float, float], verdict: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(latent, "by_digit", lambda found, name: torch.arange(6.0).view(2, 3))
    monkeypatch.setattr(latent, "correlation_ends", lambda *_: ends)

    assert latent.pairs(None).verdict == verdict  # type: ignore[arg-type]


def test_structure_is_more_than_a_small_difference() -> None:
    found = [latent.differs(one) for one in (UP, DOWN, UP_INSIDE, SAME, OPEN)]

    assert found == ["confirmed", "confirmed", "corrected", "no difference", "not enough data"]


@pytest.mark.parametrize(("deviation", "found"), [(0.1, UP), (1.0, UP_INSIDE)])
def test_margins_are_in_standard_deviations(deviation: float, found: Judged) -> None:
    """States that are 0.05 bits above Haar states, against a fifth of the deviation."""
    values = 1.05 + 0.01 * torch.linspace(-1, 1, 50)
    made: Any = SimpleNamespace(ensembles={"S0": Ensemble({"half_entropy": values}, None)}, page=1)

    assert latent.from_page(made, "S0", deviation) == found
