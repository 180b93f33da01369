"""The log's statements on its denoiser, beside what was measured."""

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from latentq.experiments.denoiser.runs import Outcome, layers_for, recipe_of, spread
from latentq.experiments.record import Claim, Verdict
from latentq.report.statistics import Summary
from latentq.report.wording import interval, listed, number

PARAMETERS = {4: 84, 6: 126, 8: 216}
GUESSES = {4: 0.063, 6: 0.016, 8: 0.004, 10: 0.001}
STAGES = {2: 0.301, 4: 0.209, 6: 0.286, 8: 0.205, 10: 0.172, 12: 0.103}
UNSEEN = {2: 0.065, 6: 0.052, 12: 0.060}
RATIOS = {4: 1.14, 6: 1.25, 8: 1.0, 10: 1.2}
GRADIENT = 0.004
LEVEL = 0.05
Sizes = Mapping[int, Mapping[str, Outcome]]  # By qubits and by name of the rate.


def holm(values: Sequence[float]) -> list[float]:
    """Returns p values adjusted for their number after Holm, in the same order."""
    order = sorted(range(len(values)), key=lambda i: values[i])
    adjusted, largest = [0.0] * len(values), 0.0
    for rank, i in enumerate(order):
        largest = max(largest, min(1.0, (len(values) - rank) * values[i]))
        adjusted[i] = largest
    return adjusted


def against_chance(outcomes: Sequence[Outcome]) -> list[tuple[float, float]]:
    """Tests whether fidelities of states held out are those of a guess, one size after another.

    Returns:
        For each size p, of a two-sided t-test over seeds, and p adjusted after Holm.
    """
    from scipy.stats import ttest_1samp

    found = [float(ttest_1samp(o.held_out.double().numpy(), o.chance).pvalue) for o in outcomes]
    return list(zip(found, holm(found), strict=True))


def run_ends(values: Summary) -> tuple[float, float]:
    """Returns the ends of the interval in which a further single run is expected, to 95%."""
    half = (values.half or 0.0) * (len(values.values) + 1) ** 0.5
    return values.mean - half, values.mean + half


def side(values: Summary, level: float = 0.0) -> int:
    """Says whether an interval is above (1) or below (-1) a level, or holds it (0)."""
    low, high = values.ends or (level, level)
    return int(low > level) - int(high < level)


def judged(sides: Sequence[int]) -> Verdict:
    """Says of a statement of the form `this is higher` how it fared in several settings."""
    if all(s > 0 for s in sides):
        return "confirmed"
    if any(s > 0 for s in sides):
        return "corrected"
    return "refuted" if any(s < 0 for s in sides) else "no difference"


def simple_claims(
    options: Mapping[str, Any], gradients: Sequence[Mapping[str, Any]]
) -> list[Claim]:
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
        ),
        Claim(
            "The fidelity of a guess is 0.063, 0.016, 0.004 and 0.001 for 4, 6, 8 and 10 qubits",
            f"1/2ⁿ: {listed(number(2.0**-n) for n in GUESSES)}",
            "confirmed" if guesses else "corrected",
        ),
        Claim(
            "The parameter-shift rule is exact, from two circuits for each parameter",
            f"at most {number(worst)} from the derivative by one backward pass, "
            f"with {evaluations} circuits for each gradient",
            "confirmed" if worst < 1e-10 else "refuted",
        ),
    ]
    for row in (row for row in gradients if row["qubits"] == 8):
        size = Summary(row["mean_absolute"], row["mean_absolute_half"], ())
        claims.append(
            Claim(
                f"With 8 qubits a derivative is typically {GRADIENT}",
                f"mean absolute value {interval(size)} at random angles",
                "confirmed" if side(size, GRADIENT) == 0 else "corrected",
            )
        )
    return claims


def single_runs(
    statement: str, log: Mapping[int, float], outcome: Outcome, values: Tensor
) -> list[Claim]:
    """Asks whether the log's numbers by depth, of one run, are such as runs here give."""
    depths = [d for d in log if d in outcome.recipe.depths]
    if not depths:
        return []
    found = {d: spread(values[:, outcome.recipe.depths.index(d)]) for d in depths}
    ends = {d: run_ends(found[d]) for d in depths}
    outside = [d for d in depths if not ends[d][0] <= log[d] <= ends[d][1]]
    where = (
        f"outside what one run gives at depth {listed(outside)}"
        if outside
        else "all as one run gives"
    )
    ours = listed(interval(found[d]) for d in depths)
    verdict: Verdict = "corrected" if outside else "confirmed"
    ours = f"{ours} ({outcome.name}); {where}"
    return [Claim(f"{statement}: {listed(log[d] for d in depths)}", ours, verdict)]


def stage_claims(rates: Mapping[str, Outcome]) -> list[Claim]:
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


def depth_claims(rates: Mapping[str, Outcome]) -> list[Claim]:
    """Settles how fidelities depend on the depth of the scrambler."""
    low = list(rates.values())[-1]
    falls = {k: spread(o.best[:, 0] - o.best[:, -1]) for k, o in rates.items()}
    ends = {k: o.history.held_out[..., -1] for k, o in rates.items()}
    flat = {k: spread(found[:, 0] - found[:, -1]) for k, found in ends.items()}
    claims = [
        Claim(
            "The maximum training fidelity falls from the first stage to the last, 0.301 to 0.103",
            f"falls by {by_rate(falls)}",
            judged([side(s) for s in falls.values()]),
        ),
        Claim(
            "The fidelity of states held out does not depend on the depth trained at",
            f"first stage less last: {by_rate(flat)}",
            "confirmed" if not any(side(s) for s in flat.values()) else "corrected",
        ),
    ]
    if len(low.recipe.depths) > 2:
        apart = spread(low.best[:, 2] - low.best[:, 1])
        claims.append(
            Claim(
                "The third stage beats the second (0.286, 0.209) by the draw of its scrambler",
                f"third less second {interval(apart)}; it is higher in "
                f"{sum(v > 0 for v in apart.values)} of {len(apart.values)} runs",
                "confirmed" if side(apart) == 0 else "corrected",
            )
        )
    return claims


def learning_claims(rates: Mapping[str, Outcome]) -> list[Claim]:
    """Settles what is learned in a stage, how fast, and what is left of it in the next."""
    gap = {k: spread(o.best.mean(dim=1) / o.held_out) for k, o in rates.items()}
    early = {k: spread(o.early) for k, o in rates.items()}
    starts = {k: spread(o.starts / o.chance) for k, o in rates.items()}
    five = [bottom <= 5 <= top for bottom, top in map(run_ends, gap.values())]
    return [
        Claim(
            "Training fidelity is about 5 times that of states held out: it does not generalise",
            f"{by_rate(gap)} times",
            "confirmed" if all(five) else "corrected",
        ),
        Claim(
            "Most of the gain of a stage is in its first 30 epochs of 100",
            f"share {by_rate(early)}",
            judged([side(s, 0.5) for s in early.values()]),
        ),
        Claim(
            "At each new stage what was learned is lost completely",
            f"the first fidelity of a stage is {by_rate(starts)} times that of a guess",
            "confirmed" if not any(side(s, 1) for s in starts.values()) else "corrected",
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
        claimed = RATIOS[qubits]
        ratios = {rate: spread(o.held_out / o.chance) for rate, o in of.items()}
        ps = {rate: tests[rate][i][1] for rate in of}
        above = [ps[rate] < LEVEL and side(ratios[rate], 1) > 0 for rate in of]
        text = " and ".join(
            f"{interval(ratios[rate])} times ({rate}, p = {number(ps[rate])})" for rate in of
        )
        if qubits in (8, 10):
            what = "cannot be told from a guess"
            verdict: Verdict = "corrected" if any(above) else "confirmed"
        else:
            what = f"is {claimed:g} times that of a guess"
            near = any(low <= claimed <= high for low, high in map(run_ends, ratios.values()))
            verdict = "no difference" if not any(above) else "confirmed" if near else "corrected"
        claims.append(
            Claim(
                f"The fidelity of states held out {what}, {qubits} qubits",
                f"{text} at the end of stages; p after Holm over {len(sizes)} sizes",
                verdict,
            )
        )
    return claims


def maximum_claim(sizes: Sizes) -> Claim:
    """Settles how much of the log's maximum over epochs is selection."""
    parts, sides = [], []
    for qubits, of in sizes.items():
        best, other = list(of.values())[-1].maximum
        chance = 2.0**-qubits
        parts.append(
            f"{qubits} qubits: {interval(spread(best / chance))}, "
            f"others {interval(spread(other / chance))}"
        )
        sides.append(-side(spread(best - other)))
    rate = list(next(iter(sizes.values())))[-1]
    verdict = judged(sides)
    return Claim(
        "The maximum over epochs on the same 50 states measures what was learned",
        f"maximum over a guess, and other states at that epoch ({rate}), {'; '.join(parts)}",
        "confirmed" if verdict == "no difference" else verdict,
    )
