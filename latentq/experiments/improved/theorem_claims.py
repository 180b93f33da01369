"""The two theorems of arXiv 2512.06695, with the verdicts of the measured gradients."""

from collections.abc import Mapping

from latentq.experiments.improved.theorems import KINDS, SETS, exponents
from latentq.experiments.record import Claim, Tables, pick
from latentq.experiments.verdicts import Verdict
from latentq.report.statistics import read
from latentq.report.wording import interval, number

# Whether a bound holds in all settings, and whether it is broken in any.
BOUND: Mapping[tuple[bool, bool], Verdict] = {
    (True, False): "confirmed",
    (False, True): "refuted",
    (False, False): "not enough data",
}


def first_theorem(tables: Tables) -> list[Claim]:
    """Judges the bound for Haar inputs in two forms."""
    rows = tables["variances"]
    printed = sum(row["low"] > row["printed_bound"] for row in rows)
    linear = sum(row["high"] <= row["linear_bound"] for row in rows)
    closed = [row for row in rows if row["closed_form"] is not None]
    inside = sum(row["low"] <= row["closed_form"] <= row["high"] for row in closed)
    worst = max(row["variance"] / row["printed_bound"] for row in rows)
    powers = {kind: exponents([dict(row) for row in rows], kind) for kind in KINDS}
    text = "; ".join(
        f"{kind}: N to the power {number(power)}, {number(slope)} bits per qubit"
        for kind, (power, slope) in powers.items()
    )
    return [
        Claim(
            "Theorem 1: Var ≤ 8 / (N⁴ (2²ⁿ - 1)) for N Haar inputs",
            f"above it in {printed} of {len(rows)} settings, up to {number(worst)} times",
            BOUND[all(row["high"] <= row["printed_bound"] for row in rows), printed > 0],
            "none: a bound holds or not; above it are intervals that are so as a whole",
        ),
        Claim(
            "For N Haar inputs Var ≤ 8 / (N (4ⁿ - 1)), our reading",
            f"below it in {linear} of {len(rows)} settings. Targets are {text}; "
            f"2 / (N M (d + 1)²), exact for M Haar targets, is in {inside} of {len(closed)} "
            f"intervals ({' and '.join(str(s) for s in SETS)} states)",
            BOUND[linear == len(rows), any(row["low"] > row["linear_bound"] for row in rows)],
            "none: a bound holds or not; below it are intervals that are so as a whole",
        ),
    ]


def second_theorem(tables: Tables) -> Claim:
    """Judges the lower bound, as far as it is known."""
    rows = pick(tables["bounds"], scale="1/L")
    others = pick(tables["bounds"], scale="pi")
    holds = sum(row["low"] >= row["printed_term"] for row in rows)
    fails = sum(row["high"] < row["printed_term"] for row in others)
    completed = sum(row["high"] < row["completed"] for row in rows)
    by_angle = sum(row["high"] < row["completed_by_angle"] for row in rows)
    n = rows[0]["qubits"]
    few, many = (
        f"{interval(read(row, 'gradient_squared'))} with {row['states']} states"
        for row in (tables["zero"][0], tables["zero"][-1])
    )
    return Claim(
        "Theorem 2: the mean squared derivative is at least (∂f at 0)² ∏(½ + sin 2s / 4s) + …",
        f"s = 1/L, {n} qubits: the first term is below what is measured in {holds} of {len(rows)} "
        f"settings, at s = π it is above in {fails} of {len(others)}. (∂f at 0)² is "
        f"{few}, {many}, and 0 for mean states, "
        "which are diagonal: it is a sampling error, and what bounds is the second term, of which "
        "only H² is known. Our completion of it is above what is measured in "
        f"{completed} of {len(rows)} with a factor for each layer, in {by_angle} with one for "
        "each angle",
        BOUND[holds == len(rows), any(row["high"] < row["printed_term"] for row in rows)],
        "none: a bound holds or not; it does in a setting whose whole interval is above it",
    )
