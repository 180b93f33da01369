"""The statements of the research log on barren plateaus, each with the verdict of the numbers."""

from collections.abc import Mapping

from scipy.stats import f as f_distribution

from latentq.experiments.record import Claim, Row, Tables, pick
from latentq.experiments.verdicts import RATIO, Verdict, above, equal, higher, within
from latentq.report.statistics import Side, Summary, around, judge_interval, judge_ratio, read
from latentq.report.wording import interval, number

SLACK = 0.05  # A slope that is nearer than this to a law of many qubits agrees with it.
BELOW: Mapping[Side, Verdict] = {
    "lower": "confirmed",
    "higher": "refuted",
    "no difference": "not enough data",
    "not enough data": "not enough data",
}
TYPICAL = (0.0035, 0.0045)  # What is written as 0.004.


def agrees(slope: float, half: float, law: float, otherwise: Verdict = "corrected") -> Verdict:
    """Judges whether the whole interval of a slope is within :data:`SLACK` of a law."""
    return within((slope - half, slope + half), law - SLACK, law + SLACK, otherwise)


def law(fit: Row) -> Verdict:
    """Says whether a power fits better than an exponential, by the ratio of what they leave."""
    freedom = fit["sizes"] - 2
    limit = float(f_distribution.ppf(0.975, freedom, freedom))
    ratio = (1 - fit["r2"]) / max(1 - fit["power_r2"], 1e-12)
    if 1 / limit < ratio < limit:
        return "not enough data"
    return "confirmed" if ratio > 1 else "refuted"


def spread(low: float, high: float) -> str:
    """Writes the ends of an interval."""
    return f"[{number(low)}, {number(high)}]"


def fit_text(fit: Row) -> str:
    """Writes the slope of a fit."""
    return f"log₂ variance per qubit {interval(around(fit['slope'], fit['half']))}"


def fitted(tables: Tables, inputs: str, targets: str, cost: str, end: int) -> Row:
    """Returns the fit of the variance averaged over all angles, at the first or last depth."""
    keys = {"inputs": inputs, "targets": targets, "cost": cost, "angle": "all"}
    return pick(tables["fits"], **keys)[end]


def scaling(tables: Tables) -> list[Claim]:
    """Judges how the variance of the global cost falls with qubits and depth."""
    deep, shallow = (fitted(tables, "haar", "haar", "global", end) for end in (-1, 0))
    slope, half = deep["slope"], deep["half"]
    cost = [2 ** (-4 * s) for s in (slope, slope + half, slope - half)]
    halving = around(slope / 2, half / 2)
    theory = f"theory, 1 / (2 (d + 1)²): {number(deep['deep_theory_slope'])}"
    level = shallow["slope"] - shallow["half"], shallow["slope"] + shallow["half"]
    flat = judge_interval(level, SLACK)
    margin = f"±{SLACK} bits per qubit: with few qubits laws of many are off by as much"
    return [
        Claim(
            "The variance of a derivative of the global cost is of order 2⁻ⁿ: 4 to 8 qubits "
            "costs a factor of 16",
            f"{fit_text(deep)} ({theory}); four more qubits cost {number(cost[0])} "
            f"{spread(cost[1], cost[2])}",
            agrees(slope, half, -1),
            margin,
        ),
        Claim(
            "Each qubit cuts the gradient signal in half",
            f"log₂ of the root mean square per qubit {interval(halving)}: the size of a "
            "derivative, not its variance",
            agrees(slope / 2, half / 2, -1, "refuted"),
            margin,
        ),
        Claim(
            "In shallow circuits the variance follows the depth and not the number of qubits",
            f"global cost, Haar inputs and targets, depth {shallow['layers']}: "
            f"{fit_text(shallow)}",
            equal([flat], "refuted"),
            margin,
        ),
    ]


def typical(tables: Tables) -> list[Claim]:
    """Judges the size of a derivative at 8 qubits, and its noise."""
    rows = {row["states"]: row for row in tables["log"]}
    batch, (signal, one) = rows["10"], (rows["all"], rows["1"])
    said = [f"{number(r['typical'])} {spread(r['low'], r['high'])}" for r in (one, batch)]
    near = {within((r["low"], r["high"]), *TYPICAL) for r in (one, batch)}
    noise = max(batch["typical"] ** 2 - signal["typical"] ** 2, 0.0) ** 0.5
    ratio = signal_to_noise(signal, batch)
    return [
        Claim(
            f"At 8 qubits with {batch['angles']} angles the typical derivative is about 0.004",
            f"root mean square {said[0]} for one state, {said[1]} for the mean over 10 states",
            next(v for v in ("confirmed", "not enough data", "corrected") if v in near),
            "0.0035 to 0.0045, what is written as 0.004, for one of the two readings",
        ),
        Claim(
            "The signal-to-noise ratio of 10 states is below one",
            f"derivatives of the mean over all Haar states are {number(signal['typical'])}, "
            f"the noise of 10 fresh states is {number(noise)}: ratio {interval(ratio)}",
            BELOW[above(ratio.ends, 1).side],
            "none: below one or not",
        ),
    ]


def signal_to_noise(signal: Row, batch: Row) -> Summary:
    """Returns the ratio of a signal to the noise beside it, with ends that use those of both."""

    def over(size: float, whole: float) -> float:
        noise = max(whole**2 - size**2, 0.0) ** 0.5
        return size / noise if noise else float("inf")

    ends = over(signal["low"], batch["high"]), over(signal["high"], batch["low"])
    return Summary(over(signal["typical"], batch["typical"]), ends)


def remedy(tables: Tables) -> list[Claim]:
    """Judges whether the local cost has no plateau."""
    claims = []
    for inputs, targets, end, where in (
        ("haar", "haar", -1, "Haar inputs and targets"),
        ("zero", "zero", 0, "product inputs and targets, the shallowest circuit"),
        ("zero", "zero", -1, "product inputs and targets, the deepest circuit"),
    ):
        fit = fitted(tables, inputs, targets, "marginal", end)
        power = around(fit["power"], fit["power_half"])
        claims.append(
            Claim(
                "The variance of the single-qubit marginal cost falls as a power of n, not "
                f"exponentially ({where})",
                f"depth {fit['layers']}: {fit_text(fit)}, R² {fit['r2']:.4f}; as a power of n, "
                f"exponent {interval(power)}, R² {fit['power_r2']:.4f}",
                law(fit),
                "none: an F test at 5% of what the two fits leave",
            )
        )
    return claims


def compared(tables: Tables, task: str, qubits: int) -> tuple[Summary, Summary]:
    """Returns the fidelities that training by the global and by the marginal cost reached."""
    rows = pick(tables["ends"], task=task, qubits=qubits)
    return read(rows[0], "fidelity"), read(rows[1], "fidelity")


def training(tables: Tables) -> list[Claim]:
    """Judges what training by either cost reaches at 8 qubits, or at the most that there are."""
    sizes = sorted({row["qubits"] for row in tables["ends"]})
    n = 8 if 8 in sizes else sizes[-1]
    texts, signs = [], []
    for task in ("shallow", "deep", "product"):
        one, two = compared(tables, task, n)
        ratio = read(pick(tables["ends"], task=task, qubits=n)[1], "ratio")
        signs.append(judge_ratio(ratio))
        texts.append(f"{task} {interval(one)} against {interval(two)}, ratio {interval(ratio)}")
    deep, chance = compared(tables, "deep", n)[0], 2.0**-n
    trained = above(deep.ends, min(10 * chance, 0.5))
    return [
        Claim(
            "Local costs are necessary for 8 qubits and more",
            f"fidelity reached at {n} qubits by the global against the marginal cost in equal "
            f"iterations: {'; '.join(texts)}",
            higher(signs),
            f"{RATIO}, of the marginal to the global cost",
        ),
        Claim(
            "Training at 8 qubits fails, although the gradients are exact, as the landscape is "
            "flat",
            f"Adam with exact gradients of the global cost reaches a fidelity of "
            f"{interval(deep)} at {n} qubits and {n} layers, with a target that the circuit can "
            f"reach; chance is {number(chance)}",
            BELOW[trained.side],
            "none: it fails below ten times chance, or a half if that is less",
        ),
    ]


def blindness(tables: Tables) -> list[Claim]:
    """Judges what the marginal cost does not see."""
    pair = tables["pairs"][-1]
    n = max(row["qubits"] for row in tables["ends"])
    row = pick(tables["ends"], task="deep", qubits=n, cost="marginal")[0]
    reached, left = read(row, "fidelity"), read(row, "value")
    ends = (((pair["low"], pair["high"]), 0.1), (left.ends, 0.1), (reached.ends, 0.5))
    sides = {above(*of).side for of in ends}
    return [
        Claim(
            "Two states may agree on all single-qubit marginals and be very different",
            f"independent Haar states of {pair['qubits']} qubits, of fidelity near "
            f"{number(2.0 ** -pair['qubits'])}, have a mean marginal cost of "
            f"{number(pair['marginal_cost'])} {spread(pair['low'], pair['high'])}; training at "
            f"{n} qubits takes the marginal cost to {interval(left)} and the fidelity to "
            f"{interval(reached)}",
            BELOW["higher" if "higher" in sides else max(sides)],
            "costs below 0.1 and a fidelity below 0.5: far from 1 in both",
        )
    ]


def claims(tables: Tables) -> list[Claim]:
    """Returns the statements with their verdicts."""
    groups = (scaling, typical, remedy, training, blindness)
    return [claim for group in groups for claim in group(tables)]


def summary(tables: Tables) -> str:
    """Returns a paragraph on what came out."""
    flat, deep = (fitted(tables, "haar", "haar", "global", end) for end in (0, -1))
    local = fitted(tables, "haar", "haar", "marginal", -1)
    shallow, late = (fitted(tables, "zero", "zero", "marginal", end) for end in (0, -1))
    exact = pick(tables["variances"], inputs="haar", targets="haar", cost="global", angle="all")
    inside = sum(row["low"] <= row["deep_theory"] <= row["high"] for row in exact)
    right = sum(row["low"] <= row["closed_form"] <= row["high"] for row in tables["checks"])
    n = max(row["qubits"] for row in tables["ends"])
    one, two = compared(tables, "deep", n)
    return (
        f"Between Haar states the variance of the global cost loses {number(-flat['slope'])} "
        f"bits per qubit at depth {flat['layers']} and {number(-deep['slope'])} at depth "
        f"{deep['layers']}; 1 / (2 (d + 1)²), which is exact there at every depth, is in {inside} "
        f"of {len(exact)} intervals. The marginal cost loses {number(-local['slope'])} there. "
        f"Between product states it loses {number(-shallow['slope'])} bits per qubit at depth "
        f"{shallow['layers']} and {number(-late['slope'])} at depth {late['layers']}. In training "
        f"at {n} qubits and {n} layers the global cost reaches a fidelity of {interval(one)}, the "
        f"marginal cost {interval(two)}. Of the closed forms for single rotations {right} of "
        f"{len(tables['checks'])} are in the 95% interval measured."
    )
