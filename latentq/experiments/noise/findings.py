"""What the scrambling of random circuits says of the research log: claims, figures, summary."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from latentq.experiments.record import Claim, Picture, Record, Row
from latentq.experiments.saturation import SATURATED, crossing, slope
from latentq.experiments.verdicts import Verdict, above, within
from latentq.quantum.entanglement import page_entropy
from latentq.quantum.otoc import haar_decay
from latentq.report import plots
from latentq.report.statistics import Ends, Side, read
from latentq.report.wording import interval, number

CLAIMED_DEPTHS = {4: 5, 8: 13, 12: 19, 16: 25}
CLAIMED_SLOPE, SIMPLE_SLOPE, SLACK = 1.5, 0.5, 0.25
PASSED: Mapping[Side, Verdict] = {
    "higher": "confirmed",
    "lower": "corrected",
    "no difference": "not enough data",
    "not enough data": "not enough data",
}
CLAIMED_DECAY, CLAIMED_PAGE, PAGE_DEPTH, PAGE_SHARE = 0.95, 3.28, 6, 0.99


def of_size(rows: Iterable[Row], qubits: int) -> list[Row]:
    """Returns the rows of one size."""
    return [row for row in rows if row["qubits"] == qubits]


def pattern_crossings(strings: Sequence[Row], pattern: str) -> dict[int, float]:
    """Returns where the average over circuits of a pattern saturates, for each size."""
    chosen = [row for row in strings if row["pattern"] == pattern]
    sizes = dict.fromkeys(row["qubits"] for row in chosen)
    decay = {n: np.array([row["decay"] for row in of_size(chosen, n)]) for n in sizes}
    return {n: crossing(values, SATURATED) for n, values in decay.items()}


def depth_claims(saturation: Sequence[Row]) -> list[Claim]:
    """Compares the saturation depths with those of the log."""
    claims = []
    for row in saturation:
        if row["qubits"] not in CLAIMED_DEPTHS:
            continue
        claimed = CLAIMED_DEPTHS[row["qubits"]]
        ends = f"[{row['low']:.1f}, {row['high']:.1f}]"
        ours = f"{row['depth']}; crosses at {row['crossing']:.1f} {ends}"
        statement = f"{row['qubits']} qubits: OTOC decay exceeds 90% at depth {claimed}"
        margin = f"a crossing from {claimed - 1} to {claimed}, as the log counts whole layers"
        verdict = within((row["low"], row["high"]), claimed - 1, claimed)
        claims.append(Claim(statement, ours, verdict, margin))
    return claims


def slope_claims(saturation: Sequence[Row], strings: Sequence[Row]) -> list[Claim]:
    """Compares the growth of the saturation depth with size."""
    found = slope({row["qubits"]: row["crossing"] for row in saturation})
    if found is None or found.ends is None:
        return []
    listed = slope({n: float(depth) for n, depth in CLAIMED_DEPTHS.items()})
    others = {p: slope(pattern_crossings(strings, p)) for p in ("brickwork", "ladder")}
    all_of = {"staggered": found, **{p: s for p, s in others.items() if s is not None}}
    texts = [f"{pattern} {interval(of)}" for pattern, of in all_of.items()]
    return [
        Claim(
            f"the saturation depth grows by about {CLAIMED_SLOPE} a qubit",
            f"{interval(found)}; the log's own four depths give {interval(listed)}",
            within(found.ends, CLAIMED_SLOPE - SLACK, CLAIMED_SLOPE + SLACK),
            f"±{SLACK}: “about” is read as nearer to {CLAIMED_SLOPE} than to 1 or 2",
        ),
        Claim(
            f"the simple estimate of {SIMPLE_SLOPE} a qubit is wrong",
            f"it depends on what a layer is: {', '.join(texts)}",
            wrong([of.ends for of in all_of.values()]),
            f"±{SLACK}, as for the slope above",
        ),
    ]


def wrong(slopes: Sequence[Ends | None]) -> Verdict:
    """Says whether the simple estimate is wrong for all layers, for some, or for none."""
    low, high = SIMPLE_SLOPE - SLACK, SIMPLE_SLOPE + SLACK
    found = {within(ends, low, high, otherwise="refuted") for ends in slopes}
    if "not enough data" in found:
        return "not enough data"
    if found == {"refuted"}:
        return "confirmed"
    return "corrected" if "refuted" in found else "refuted"


def level_claims(rows: Sequence[Row]) -> list[Claim]:
    """Compares where decay and entropy of 4 qubits end with the log."""
    four = of_size(rows, 4)
    if not four:
        return []
    last, page = four[-1], page_entropy(4, 2)
    at = crossing(np.array([row["entropy"] for row in four]), PAGE_SHARE * page)
    early = read(four[min(PAGE_DEPTH, len(four) - 1)], "entropy").times(100 / page)
    reached = f"reached at depth {at:.1f}" if at == at else "not reached"
    return [
        Claim(
            f"4 qubits: the decay saturates at {CLAIMED_DECAY}",
            f"{interval(read(last, 'decay'))} at depth {last['depth']}; Haar {haar_decay(4):.4f}",
            within(read(last, "decay").ends, CLAIMED_DECAY - 0.005, CLAIMED_DECAY + 0.005),
            "±0.005: the log has two decimals",
        ),
        Claim(
            f"the Page value of 4 qubits is {CLAIMED_PAGE} bits",
            f"{page:.3f} bits, and 2 at most; {page_entropy(8, 4):.3f} is that of 8 qubits",
            "confirmed" if abs(page - CLAIMED_PAGE) < 0.005 else "refuted",
            "±0.005: the log has two decimals",
        ),
        Claim(
            f"4 qubits: the entropy is at 99% of Page's value by depth {PAGE_DEPTH}",
            f"{reached}, with {interval(early)}% at depth {PAGE_DEPTH}",
            PASSED[above(early.ends, 100 * PAGE_SHARE).side],
            "none: a level is passed or not",
        ),
    ]


def columns(
    rows: Sequence[Row], name: str, unit: float = 1.0
) -> tuple[list[float], tuple[list[float], list[float]]]:
    """Returns means by row in some unit, and the lower and upper ends of their intervals."""
    mean, low, high = ([row[name + end] / unit for row in rows] for end in ("", "_low", "_high"))
    return mean, (low, high)


def decay_figure(rows: Sequence[Row], strings: Sequence[Row]) -> plots.Figure:
    """Draws decay and entropy against depth, a curve for each size."""
    figure = plots.Figure(figsize=(9.6, 4), dpi=150, layout="constrained")
    left, right = figure.subplots(1, 2)
    sizes = list(dict.fromkeys(row["qubits"] for row in rows))
    for n, colour in zip(sizes, plots.shades(len(sizes)), strict=True):
        chosen = of_size(rows, n)
        depth = [row["depth"] for row in chosen]
        exact = [row for row in of_size(strings, n) if row["pattern"] == "staggered"]
        decay, ends = columns(chosen, "decay")
        plots.curve(left, depth, decay, ends, label=str(n), colour=colour, marker="")
        left.plot(depth, [row["decay"] for row in exact], ".", color=colour, markersize=3)
        page = page_entropy(n, n // 2)
        entropy, ends = columns(chosen, "entropy", page)
        plots.curve(right, depth, entropy, ends, label=str(n), colour=colour, marker="")
    plots.level(left, SATURATED, "saturated")
    plots.level(right, 1.0, "Page")
    plots.finish(left, "Correlators", "depth in layers", r"decay $1 - F$")
    plots.finish(right, "Half-chain entropy", "depth in layers", "in units of Page's value")
    left.get_legend().set_title("qubits", {"size": 8})
    right.get_legend().remove()
    return figure


def distance_figure(rows: Sequence[Row]) -> plots.Figure:
    """Draws the distance to Haar states for both kernels against depth."""
    figure = plots.Figure(figsize=(9.6, 4), dpi=150, layout="constrained")
    sizes = list(dict.fromkeys(row["qubits"] for row in rows))
    for ax, k in zip(figure.subplots(1, 2, sharey=True), (1, 2), strict=True):
        for n, colour in zip(sizes, plots.shades(len(sizes)), strict=True):
            chosen = of_size(rows, n)
            depth = [row["depth"] for row in chosen]
            value, ends = columns(chosen, f"distance_{k}")
            plots.curve(ax, depth, value, ends, label=str(n), colour=colour, marker="")
        ax.set_yscale("symlog", linthresh=0.1)
        title = "Kernel $F$" if k == 1 else "Kernel $F^2$"
        plots.finish(ax, title, "depth in layers", "MMD² to Haar, in units of Haar's own mean")
        ax.get_legend().set_title("qubits", {"size": 8})
    return figure


def saturation_figure(saturation: Sequence[Row], strings: Sequence[Row]) -> plots.Figure:
    """Draws saturation depths against size, ours for each pattern and those of the log."""
    figure = plots.Figure(figsize=(6.4, 4), dpi=150, layout="constrained")
    ax = figure.subplots()
    colours = dict(zip(("staggered", "brickwork", "ladder"), plots.shades(3)[::-1], strict=True))
    for pattern, colour in colours.items():
        found = pattern_crossings(strings, pattern)
        name = f"{pattern}, average"
        plots.curve(ax, list(found), list(found.values()), label=name, colour=colour, marker="")
    at = [row["crossing"] for row in saturation]
    bars = [[row["crossing"] - row["low"], row["high"] - row["crossing"]] for row in saturation]
    sizes = [row["qubits"] for row in saturation]
    ax.errorbar(
        sizes, at, np.array(bars).T, fmt="o", color=colours["staggered"], markersize=4,
        label="staggered, circuits",
    )  # fmt: skip
    claimed = list(CLAIMED_DEPTHS.values())
    ax.plot(list(CLAIMED_DEPTHS), claimed, "x", color=plots.LIGHT.models["classical"], label="log")
    ax.set_xticks(sizes)
    plots.finish(ax, "Where the decay passes 90%", "qubits", "depth in layers")
    return figure


def summary(rows: Sequence[Row], saturation: Sequence[Row], strings: Sequence[Row]) -> str:
    """Says what was measured, and what came out."""
    found = slope({row["qubits"]: row["crossing"] for row in saturation})
    at = ", ".join(f"{row['crossing']:.1f} ({row['qubits']})" for row in saturation)
    largest = max(row["qubits"] for row in rows)
    after = of_size(rows, largest)[1]
    exact = {
        (row["qubits"], row["depth"]): row["decay"]
        for row in strings
        if row["pattern"] == "staggered"
    }
    apart = max(abs(row["decay"] - exact[row["qubits"], row["depth"]]) for row in rows)
    growth = f" It grows by {interval(found)} a qubit." if found else ""
    return (
        "A layer turns each qubit by RZ RY RZ with random angles and joins every other pair of "
        "neighbours by a CNOT; the log does not say what its layer is, and of the three that "
        "were tried this one comes nearest to its depths. The mean decay of the correlators "
        f"passes 90% at depth {at} (qubits in brackets).{growth} Single circuits were run on "
        "products of Pauli eigenstates; the average over all circuits, by Pauli strings, has no "
        f"circuit in it, and the two differ by at most {apart:.3f}. A single layer takes the "
        f"mean state of {largest} qubits to the maximally mixed one: the kernel F of QuDDPM sees "
        f"a distance to Haar states of {interval(read(after, 'distance_1'))} there, "
        f"in units of Haar's own mean, while F² sees {number(after['distance_2'])}."
    )


def describe(rows: Sequence[Row], saturation: Sequence[Row], strings: Sequence[Row]) -> Record:
    """Returns the record.

    Arguments:
        rows: Means by size and depth.
        saturation: Saturation depths by size.
        strings: Averages over all circuits by pattern, size and depth.
    """
    claims = [
        *depth_claims(saturation),
        *slope_claims(saturation, strings),
        *level_claims(rows),
    ]
    pictures = {
        "noise": Picture(
            "Left: decay of the correlators, with 95% bands over circuits; dots are the average "
            "over all circuits. Right: entanglement entropy of half the chain.",
            decay_figure(rows, strings),
        ),
        "saturation": Picture(
            "Saturation depth against size, for three readings of a layer, and the log's.",
            saturation_figure(saturation, strings),
        ),
        "distance": Picture(
            "Distance of scrambled |0...0> to Haar states, for the kernels F and F².",
            distance_figure(rows),
        ),
    }
    tables = {"means": rows, "saturation": saturation, "averages": strings}
    return Record(summary(rows, saturation, strings), claims, tables, pictures)
