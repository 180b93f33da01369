"""The statements of arXiv 2512.06695 and of its digest, each with the verdict of the numbers."""

from collections.abc import Mapping

from latentq.experiments.improved.models import MODELS
from latentq.experiments.improved.statistics import factor, slope_text
from latentq.experiments.improved.strength import TARGETS
from latentq.experiments.improved.theorem_claims import first_theorem, second_theorem
from latentq.experiments.improved.verdicts import (
    FLAT,
    NEAR,
    TWICE,
    decay,
    flatness,
    larger,
    order,
    side,
)
from latentq.experiments.record import Claim, Row, Tables, pick
from latentq.experiments.verdicts import RATIO, Verdict, above, higher, small
from latentq.report.statistics import Judged, Side, Summary, read
from latentq.report.wording import interval, number

NATS = 0.5  # Of a fall of KL: the paper shows it fall by more than one.
LESS: Mapping[Side, Verdict] = {
    "lower": "confirmed",
    "higher": "refuted",
    "no difference": "not enough data",
    "not enough data": "not enough data",
}
PUBLISHED = (0.3, 0.4)
GOOD = {
    "kl": ("KL", -1),
    "mmd_unbiased": ("MMD (unbiased)", -1),
    "mmd_ladder": ("MMD with the ladder of powers", -1),
    "best_fidelity": ("best fidelity", 1),
}  # What samples are judged by, and whether more is better.


def sizes(tables: Tables) -> list[Claim]:
    """Judges how gradients fall with the number of qubits."""
    slope = {
        (row["model"], row["of"]): read(row, "slope") for row in tables["slopes"]
    }  # fmt: skip
    last = tables["ratios"][-1]
    ratio, n = read(last, "log2_ratio"), last["qubits"]
    of = tables["slopes"][0]
    where = f"{of['from']} to {of['to']} qubits"
    text = {
        name: f"{where}: norm over all cycles {slope_text(slope[name, 'norm'])}, derivative by "
        f"one angle {slope_text(slope[name, 'derivative'])}"
        for name in MODELS
    }
    return [
        Claim(
            "With Haar inputs the norm of the gradient falls as 2⁻ⁿ in all training cycles",
            text["original"],
            decay(slope["original", "norm"]),
            f"±{NEAR} bits per qubit: with 4 qubits 2ⁿ + 1 is that far from 2ⁿ",
        ),
        Claim(
            "The gradients of the improved model do not fall exponentially",
            text["improved"],
            flatness(slope["improved", "norm"]),
            f"a loss of {FLAT} bits per qubit, a quarter of that of the original model",
        ),
        Claim(
            "The gradients of the improved model are orders of magnitude larger: 100 times and up",
            f"at {n} qubits {factor(ratio)} times the norm of the original model's",
            larger(ratio),
            "none: 100 times or not",
        ),
    ]


def cause(tables: Tables) -> Claim:
    """Judges which of the two changes matters."""
    slope = {(row["inputs"], row["angles"]): read(row, "slope") for row in tables["remedies"]}
    # Small angles do not help with Haar inputs, and normal ones do no harm with bounded inputs.
    inputs, angles = (flatness(slope[key]) for key in (("haar", "small"), ("zero", "normal")))
    verdict: Verdict = "not enough data"
    if inputs == "confirmed":
        verdict = "refuted"
    elif inputs == "refuted" and angles != "not enough data":
        verdict = "confirmed" if angles == "confirmed" else "corrected"
    names = {"haar": "Haar", "zero": "bounded", "normal": "N(0, 1)", "small": "small"}
    text = "; ".join(
        f"{names[a]} inputs with {names[b]} angles {slope_text(value)}"
        for (a, b), value in slope.items()
    )
    return Claim(
        "The plateau is one of the inputs, not of the first angles",
        text,
        verdict,
        f"a loss of {FLAT} bits per qubit, as above, tells a plateau",
    )


def diffusion(tables: Tables) -> list[Claim]:
    """Judges whether the published distance from Haar states is far enough."""
    claims = []
    words = {"schedule": "S of the schedule", "data": "the data"}
    n = tables["strength"][0]["qubits"]
    for target in TARGETS:
        row = pick(tables["thresholds"], target=target)[0]
        verdict: Verdict = "cannot be compared"
        text = "the gradient does not cross the threshold"
        if row["threshold"] is not None:
            value = read(row, "threshold")
            verdict = LESS[above(value.ends, PUBLISHED[0]).side]
            text = (
                f"threshold {interval(value)} at {n} qubits ({row['found']} of {row['seeds']} "
                "seeds cross it)"
            )
        claims.append(
            Claim(
                "An MMD to Haar states of 0.3 to 0.4 is far enough: the threshold, where half of "
                f"the bits are lost, is below it (targets: {words[target]})",
                text,
                verdict,
                "none: below it or not",
            )
        )
    return claims


def quality(tables: Tables) -> list[Claim]:
    """Judges the quality of what is generated."""
    fall = {name: read(pick(tables["path"], model=name, step=0)[0], "fall") for name in MODELS}
    falls = {name: order(of, NATS) for name, of in fall.items()}
    verdict: Verdict = "not enough data"
    if falls["improved"].side == "lower":
        verdict = "refuted"
    elif falls["improved"].side == "no difference":
        verdict = "no difference"
    elif falls["improved"].side == "higher" and falls["original"].side != "not enough data":
        verdict = "confirmed" if falls["original"].inside else "corrected"
    rows = {row["states"]: row for row in tables["quality"]}
    n = tables["scales"][0]["qubits"]  # both at the size of the option `quality`
    weak = above(read(rows["improved"], "best_fidelity").ends, 0.9)
    return [
        Claim(
            "The KL divergence falls with the improved model and stays flat with the original",
            f"at {n} qubits, where the paper has 10, it falls from the terminal ensemble to the "
            f"generated one by {interval(fall['improved'])} nats (improved) and "
            f"{interval(fall['original'])} (original)",
            verdict,
            f"{NATS} nats: the paper shows a fall of more than one",
        ),
        better(tables, "original", "The improved model generates better samples"),
        better(
            tables,
            "improved, undenoised",
            "Its samples are better than the terminal ensemble, which is near a state of the "
            "family to begin with",
        ),
        Claim(
            "The final sample quality is still weak",
            f"best fidelity {interval(read(rows['improved'], 'best_fidelity'))}, of Haar states "
            f"{interval(read(rows['Haar states'], 'best_fidelity'))}; superposition "
            f"{interval(read(rows['improved'], 'superposition'))}, in the family "
            f"{interval(read(rows['the family'], 'superposition'))}",
            LESS[weak.side],
            "none: weak is a best fidelity below 0.9",
        ),
    ]


def better(tables: Tables, other: str, statement: str) -> Claim:
    """Judges whether the improved model's states are better than others."""
    rows = {row["states"]: row for row in tables["quality"]}
    change = {row["measure"]: row for row in pick(tables["comparisons"], against=other)}
    gains = {
        key: factor(read(change[key], "log2_ratio"))
        for key in GOOD
        if change[key]["log2_ratio"] is not None
    }
    judged = [gain(change[key], sign) for key, (_, sign) in GOOD.items()]
    text = "; ".join(
        f"{name} {interval(read(rows['improved'], key))} against "
        f"{interval(read(rows[other], key))}, ratio {gains.get(key, 'none')}"
        for key, (name, _) in GOOD.items()
    )
    return Claim(statement, f"{text}{small(judged)}", higher(judged), RATIO)


def gain(row: Row, sign: int) -> Judged:
    """Judges whether a measure is better, which is `higher`; more is better if the sign is 1."""
    if row["log2_ratio"] is None:  # A value was not positive: there is no ratio.
        return Judged("not enough data", False)
    found = order(read(row, "log2_ratio"), TWICE)
    turned: dict[Side, Side] = {"higher": "lower", "lower": "higher"}
    return found if sign > 0 else Judged(turned.get(found.side, found.side), found.inside)


def cascade(tables: Tables) -> list[Claim]:
    """Judges whether a plateau is handed on along the chain."""
    n = max(row["qubits"] for row in tables["handed"])
    rows = pick(tables["handed"], model="original", qubits=n)
    end = rows[-1]
    lost, since = read(end, "log2_lost"), read(end, "log2_since_first")
    passed = pick(tables["chain"], model="original", qubits=n, step=0)[0]
    return [
        Claim(
            "A step that fails hands Haar-like states on, and the plateau cascades",
            f"original, {n} qubits, before the training of the last step: inputs from the forward "
            f"process would have a gradient {factor(lost)} times as large as those handed on; "
            f"MMD to Haar of what is generated {interval(read(passed, 'trained'))}, of the data "
            f"{number(passed['forward'])}",
            side(lost, above="confirmed", below="refuted", margin=TWICE),
            RATIO,
        ),
        Claim(
            "In the original model the gradient decays along the chain, from step T - 1 to 0",
            f"{n} qubits: at the start of the last cycle {factor(since)} times that of the first",
            side(since, above="refuted", below="confirmed", margin=TWICE),
            RATIO,
        ),
    ]


def scales(tables: Tables) -> Claim:
    """Judges whether the scale 1 / L is needed."""
    rows = {row["scale"]: row for row in tables["scales"]}
    more = {name: read(rows[name], "log2_more") for name in ("L^-1/2", "pi")}
    turned = [Summary(-v.mean, v.ends and (-v.ends[1], -v.ends[0])) for v in more.values()]
    text = "; ".join(f"s = {name}: {factor(value)}" for name, value in more.items())
    ended = "; ".join(f"{name} {interval(read(row, 'kl'))}" for name, row in rows.items())
    n = rows["pi"]["qubits"]
    return Claim(
        "First angles of scale 1/L are needed to keep the gradient",
        f"norm before the first cycle against s = 1/L at {n} qubits: {text}. KL after training: "
        f"{ended}",
        higher([order(value, TWICE) for value in turned]),  # Of s = 1/L against the others.
        RATIO,
    )


def claims(tables: Tables) -> list[Claim]:
    """Returns the statements with their verdicts."""
    return [
        *sizes(tables),
        cause(tables),
        *diffusion(tables),
        *quality(tables),
        *cascade(tables),
        scales(tables),
        *first_theorem(tables),
        second_theorem(tables),
    ]
