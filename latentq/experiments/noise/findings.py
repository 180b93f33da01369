"""What the scrambling of random circuits says of the research log: claims, figures, summary."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from latentq import plots
from latentq.entanglement import page_entropy
from latentq.experiments.record import Claim, Picture, Record, Verdict
from latentq.experiments.saturation import SATURATED, crossing, slope
from latentq.otoc import haar_decay
from latentq.report.wording import interval, number

Row = Mapping[str, Any]
CLAIMED_DEPTHS = {4: 5, 8: 13, 12: 19, 16: 25}
CLAIMED_SLOPE, SIMPLE_SLOPE = 1.5, 0.5
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
        # The log counts whole layers: its depth fits if the crossing lies in the layer before.
        fits = row["high"] > claimed - 1 and row["low"] <= claimed
        ends = f"{row['low']:.1f} to {row['high']:.1f}"
        ours = f"{row['depth']}; crosses at {row['crossing']:.1f} ({ends})"
        statement = f"{row['qubits']} qubits: OTOC decay exceeds 90% at depth {claimed}"
        claims.append(Claim(statement, ours, "confirmed" if fits else "corrected"))
    return claims


def slope_claims(saturation: Sequence[Row], strings: Sequence[Row]) -> list[Claim]:
    """Compares the growth of the saturation depth with size."""
    found = slope({row["qubits"]: row["crossing"] for row in saturation})
    if found is None or found.ends is None:
        return []
    low, high = found.ends
    listed = slope({n: float(depth) for n, depth in CLAIMED_DEPTHS.items()})
    verdict: Verdict = "confirmed" if low <= CLAIMED_SLOPE <= high else "corrected"
    others = [
        f"{pattern} {interval(slope(pattern_crossings(strings, pattern)))}"
        for pattern in ("brickwork", "ladder")
    ]
    return [
        Claim(
            f"the saturation depth grows by about {CLAIMED_SLOPE} a qubit",
            f"{interval(found)}; the log's own four depths give {interval(listed)}",
            verdict,
        ),
        Claim(
            f"the simple estimate of {SIMPLE_SLOPE} a qubit is wrong",
            f"it depends on what a layer is: staggered {interval(found)}, {', '.join(others)}",
            "corrected",
        ),
    ]


def level_claims(rows: Sequence[Row]) -> list[Claim]:
    """Compares where decay and entropy of 4 qubits end with the log."""
    four = of_size(rows, 4)
    if not four:
        return []
    last, page = four[-1], page_entropy(4, 2)
    at = crossing(np.array([row["entropy"] for row in four]), PAGE_SHARE * page)
    low, high = (last["decay"] + sign * last["decay_half"] for sign in (-1, 1))
    reached = f"reached at depth {at:.1f}" if at == at else "not reached"
    return [
        Claim(
            f"4 qubits: the decay saturates at {CLAIMED_DECAY}",
            f"{number(last['decay'])} ± {number(last['decay_half'], 3)} at depth {last['depth']}; "
            f"Haar {haar_decay(4):.4f}",
            "confirmed" if low <= CLAIMED_DECAY <= high else "corrected",
        ),
        Claim(
            f"the Page value of 4 qubits is {CLAIMED_PAGE} bits",
            f"{page:.3f} bits, and 2 at most; {page_entropy(8, 4):.3f} is that of 8 qubits",
            "confirmed" if abs(page - CLAIMED_PAGE) < 0.005 else "refuted",
        ),
        Claim(
            f"4 qubits: the entropy is at 99% of Page's value by depth {PAGE_DEPTH}",
            f"{reached}, with {four[min(PAGE_DEPTH, len(four) - 1)]['entropy'] / page:.1%} at "
            f"depth {PAGE_DEPTH}",
            "confirmed" if at <= PAGE_DEPTH else "corrected",
        ),
    ]


def decay_figure(rows: Sequence[Row], strings: Sequence[Row]) -> plots.Figure:
    """Draws decay and entropy against depth, a curve for each size."""
    figure = plots.Figure(figsize=(9.6, 4), dpi=150, layout="constrained")
    left, right = figure.subplots(1, 2)
    sizes = list(dict.fromkeys(row["qubits"] for row in rows))
    for n, colour in zip(sizes, plots.shades(len(sizes)), strict=True):
        chosen = of_size(rows, n)
        depth = [row["depth"] for row in chosen]
        exact = [row for row in of_size(strings, n) if row["pattern"] == "staggered"]
        decay, half = ([row[k] for row in chosen] for k in ("decay", "decay_half"))
        plots.curve(left, depth, decay, half, label=str(n), colour=colour, marker="")
        left.plot(depth, [row["decay"] for row in exact], ".", color=colour, markersize=3)
        page = page_entropy(n, n // 2)
        entropy, half = ([row[k] / page for row in chosen] for k in ("entropy", "entropy_half"))
        plots.curve(right, depth, entropy, half, label=str(n), colour=colour, marker="")
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
            value, half = ([row[f"distance_{k}{e}"] for row in chosen] for e in ("", "_half"))
            plots.curve(ax, depth, value, half, label=str(n), colour=colour, marker="")
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
        f"a distance to Haar states of {number(after['distance_1'])} ± "
        f"{number(after['distance_1_half'])} there, in units of Haar's own mean, while F² sees "
        f"{number(after['distance_2'])}."
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
