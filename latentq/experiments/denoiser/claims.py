"""The log's statements on its denoiser, beside what was measured."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from latentq.experiments.denoiser.options import Options
from latentq.experiments.denoiser.runs import (
    TrainedDenoiser,
    layers_for,
    over_guess,
    ratio,
    recipe_of,
    spread,
)
from latentq.experiments.record import Claim
from latentq.experiments.verdicts import EXACT, RATIO, Verdict, above, equal, higher, within
from latentq.report.statistics import Ends, Summary, holm, judge_ratio, logistic, read
from latentq.report.wording import interval, listed, number

PARAMETERS = {4: 84, 6: 126, 8: 216}
GUESSES = {4: 0.063, 6: 0.016, 8: 0.004, 10: 0.001}
STAGES = {2: 0.301, 4: 0.209, 6: 0.286, 8: 0.205, 10: 0.172, 12: 0.103}
UNSEEN = {2: 0.065, 6: 0.052, 12: 0.060}
RATIOS = {4: 1.14, 6: 1.25, 8: 1.0, 10: 1.2}
GRADIENT = 0.004
LEVEL = 0.05
Sizes = Mapping[int, Mapping[str, TrainedDenoiser]]  # By qubits and by name of the rate.


def against_chance(outcomes: Sequence[TrainedDenoiser]) -> list[tuple[float, float]]:
    """Tests whether fidelities of states held out are those of a guess, one size after another.

    Returns:
        For each size p, of a two-sided t-test over seeds, and p adjusted after Holm.
    """
    from scipy.stats import ttest_1samp

    found = [float(ttest_1samp(o.held_out.double().numpy(), o.chance).pvalue) for o in outcomes]
    return list(zip(found, holm(dict(enumerate(found))).values(), strict=True))


def run_ends(values: Tensor) -> Ends:
    r"""Returns the ends of the interval in which a further single run is expected, to 95%.

    They are those of a t-interval of the logit that is wider by the factor :math:`\sqrt{n + 1}`.

    Arguments:
        values: Fidelities by seed, with shape (n), two or more.
    """
    found = spread(values, "share")
    if found.ends is None:
        return found.mean, found.mean
    middle, low, high = (math.log(x / (1 - x)) for x in (found.mean, *found.ends))
    wider = (len(values) + 1) ** 0.5
    return logistic(middle + wider * (low - middle)), logistic(middle + wider * (high - middle))


def simple_claims(options: Options, gradients: Sequence[Mapping[str, Any]]) -> list[Claim]:
    """Settles counts, chance, and gradients."""
    counts = {n: recipe_of(options, n).circuit.parameters for n in PARAMETERS}
    guesses = all(abs(2.0**-n - g) < 0.501e-3 for n, g in GUESSES.items())
    worst = max(row["difference"] for row in gradients)
    evaluations = listed(row["evaluations"] for row in gradients)
    claims = [
        Claim(
            "The denoiser has 84, 126 and 216 parameters for 4, 6 and 8 qubits",
            f"3nL with L = {listed(layers_for(n) for n in PARAMETERS)}: {listed(counts.values())}",
            "confirmed" if counts == PARAMETERS else "corrected",
            EXACT,
        ),
        Claim(
            "The fidelity of a guess is 0.063, 0.016, 0.004 and 0.001 for 4, 6, 8 and 10 qubits",
            f"1/2ⁿ: {listed(number(2.0**-n) for n in GUESSES)}",
            "confirmed" if guesses else "corrected",
            "±0.0005: the log has three decimals",
        ),
        Claim(
            "The parameter-shift rule is exact, from two circuits for each parameter",
            f"at most {number(worst)} from the derivative by one backward pass, "
            f"with {evaluations} circuits for each gradient",
            "confirmed" if worst < 1e-10 else "refuted",
            "10⁻¹⁰, which is rounding",
        ),
    ]
    for row in (row for row in gradients if row["qubits"] == 8):
        size = read(row, "mean_absolute")
        claims.append(
            Claim(
                f"With 8 qubits a derivative is typically {GRADIENT}",
                f"mean absolute value {interval(size)} at random angles",
                within(size.ends, GRADIENT - 0.0005, GRADIENT + 0.0005),
                "0.0035 to 0.0045: what is written as 0.004",
            )
        )
    return claims


def single_runs(
    statement: str, log: Mapping[int, float], outcome: TrainedDenoiser, values: Tensor
) -> list[Claim]:
    """Asks whether the log's numbers by depth, of one run, are such as runs here give."""
    depths = [d for d in log if d in outcome.recipe.depths]
    if not depths:
        return []
    by_depth = {d: values[:, outcome.recipe.depths.index(d)] for d in depths}
    ends = {d: run_ends(of) for d, of in by_depth.items()}
    outside = [d for d in depths if not ends[d][0] <= log[d] <= ends[d][1]]
    near = all(0.8 * log[d] <= ends[d][0] and ends[d][1] <= 1.25 * log[d] for d in depths)
    where = (
        f"outside what one run gives at depth {listed(outside)}"
        if outside
        else "all as one run may give, which goes from "
        + listed(f"{number(low)} to {number(high)}" for low, high in ends.values())
    )
    ours = listed(interval(spread(of, "share")) for of in by_depth.values())
    verdict: Verdict = "corrected" if outside else "confirmed" if near else "not enough data"
    return [
        Claim(
            f"{statement}: {listed(log[d] for d in depths)}",
            f"{ours} ({outcome.name}); {where}",
            verdict,
            f"{RATIO}, for all that one run may give: the log's numbers are of one run",
        )
    ]


def stage_claims(rates: Mapping[str, TrainedDenoiser]) -> list[Claim]:
    """Settles what happens within and between stages, with 4 qubits."""
    low = list(rates.values())[-1]
    depths = f"depth {listed(low.recipe.depths)}"
    unseen = low.history.held_out[..., -1]
    return [
        *single_runs(f"Maximum training fidelity of 4 qubits at {depths}", STAGES, low, low.best),
        *single_runs("Fidelity of 50 states held out, 4 qubits", UNSEEN, low, unseen),
        *depth_claims(rates),
        *learning_claims(rates),
    ]


def depth_claims(rates: Mapping[str, TrainedDenoiser]) -> list[Claim]:
    """Settles how fidelities depend on the depth of the scrambler."""
    low = list(rates.values())[-1]
    falls = {k: ratio(o.best[:, 0], o.best[:, -1]) for k, o in rates.items()}
    ends = {k: o.history.held_out[..., -1] for k, o in rates.items()}
    flat = {k: ratio(found[:, 0], found[:, -1]) for k, found in ends.items()}
    claims = [
        Claim(
            "The maximum training fidelity falls from the first stage to the last, 0.301 to 0.103",
            f"first by last stage {by_rate(falls)}",
            higher([judge_ratio(fall) for fall in falls.values()]),
            RATIO,
        ),
        Claim(
            "The fidelity of states held out does not depend on the depth trained at",
            f"first by last stage {by_rate(flat)}",
            equal([judge_ratio(of) for of in flat.values()]),
            RATIO,
        ),
    ]
    if len(low.recipe.depths) > 2:
        apart, third = ratio(low.best[:, 2], low.best[:, 1]), low.best[:, 2] > low.best[:, 1]
        claims.append(
            Claim(
                "The third stage beats the second (0.286, 0.209) by the draw of its scrambler",
                f"third by second {interval(apart)}; it is higher in {int(third.sum())} of "
                f"{len(third)} runs",
                equal([judge_ratio(apart)]),
                f"{RATIO}: on average the two are alike",
            )
        )
    return claims


def learning_claims(rates: Mapping[str, TrainedDenoiser]) -> list[Claim]:
    """Settles what is learned in a stage, how fast, and what is left of it in the next."""
    gap = {k: ratio(o.best.mean(dim=1), o.held_out) for k, o in rates.items()}
    early = {k: spread(o.early) for k, o in rates.items()}
    starts = {k: over_guess(o.starts, o.chance) for k, o in rates.items()}
    five = {within(found.ends, 4.0, 6.25) for found in gap.values()}
    return [
        Claim(
            "Training fidelity is about 5 times that of states held out: it does not generalise",
            f"{by_rate(gap)} times",
            next(v for v in ("not enough data", "corrected", "confirmed") if v in five),
            "4 to 6.25 times, which is 5 by the ratio from 0.8 to 1.25 of the study",
        ),
        Claim(
            "Most of the gain of a stage is in its first 30 epochs of 100",
            f"share {by_rate(early)}",
            higher([above(found.ends, 0.5) for found in early.values()]),
            "none: most is more than half",
        ),
        Claim(
            "At each new stage what was learned is lost completely",
            f"the first fidelity of a stage is {by_rate(starts)} times that of a guess",
            equal([judge_ratio(found) for found in starts.values()]),
            RATIO,
        ),
    ]


def by_rate(found: Mapping[str, Summary]) -> str:
    """Writes a number for each learning rate."""
    return " and ".join(f"{interval(value)} ({rate})" for rate, value in found.items())


def chance_claims(sizes: Sizes) -> list[Claim]:
    """Settles whether states held out are denoised better than by a guess, for each size."""
    claims = []
    rates = next(iter(sizes.values()))
    tests = {rate: against_chance([of[rate] for of in sizes.values()]) for rate in rates}
    for i, (qubits, of) in enumerate(sizes.items()):
        if qubits not in RATIOS:
            continue
        over = {rate: over_guess(o.held_out, o.chance) for rate, o in of.items()}
        ps = {rate: tests[rate][i][1] for rate in of}
        beyond = [ps[rate] < LEVEL and above(over[rate].ends, 1).side == "higher" for rate in of]
        text = " and ".join(
            f"{interval(over[rate])} times ({rate}, p = {number(ps[rate])})" for rate in of
        )
        what, verdict, margin = chance_verdict(qubits, list(over.values()), beyond)
        claims.append(
            Claim(
                f"The fidelity of states held out {what}, {qubits} qubits",
                f"{text} at the end of stages; p after Holm over {len(sizes)} sizes",
                verdict,
                margin,
            )
        )
    return claims


def chance_verdict(
    qubits: int, over: Sequence[Summary], beyond: Sequence[bool]
) -> tuple[str, Verdict, str]:
    """Returns what the log says of a size, the verdict, and the margin.

    Arguments:
        qubits: The number of qubits.
        over: The fidelities over that of a guess, at each learning rate.
        beyond: Whether each is above that of a guess by the test.
    """
    if qubits in (8, 10):
        found = equal([judge_ratio(ratio) for ratio in over])
        shown: Verdict = "corrected" if any(beyond) and found != "confirmed" else found
        return "cannot be told from a guess", shown, RATIO
    claimed = RATIOS[qubits]
    low, high = 1 + (claimed - 1) / 2, 1 + 1.5 * (claimed - 1)
    each = {within(ratio.ends, low, high) for ratio in over}
    verdict: Verdict = "not enough data" if "not enough data" in each else "corrected"
    return (
        f"is {claimed:g} times that of a guess",
        "confirmed" if "confirmed" in each else verdict,
        f"{low:g} to {high:g} times at one of the rates: half of what is claimed above a guess",
    )


def maximum_claim(sizes: Sizes) -> Claim:
    """Settles how much of the log's maximum over epochs is selection."""
    parts, judged = [], []
    for qubits, of in sizes.items():
        best, other = list(of.values())[-1].maximum
        chance = 2.0**-qubits
        parts.append(
            f"{qubits} qubits: {interval(over_guess(best, chance))}, "
            f"others {interval(over_guess(other, chance))}"
        )
        judged.append(judge_ratio(ratio(other, best)))
    rate = list(next(iter(sizes.values())))[-1]
    return Claim(
        "The maximum over epochs on the same 50 states measures what was learned",
        f"maximum over a guess, and other states at that epoch ({rate}), {'; '.join(parts)}",
        equal(judged, "refuted"),
        f"{RATIO}, of other states to the same",
    )
