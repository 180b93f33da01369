"""The figures of the improved model."""

from typing import Any

from latentq.experiments.bands import bars
from latentq.experiments.improved.charts import (
    BLUE,
    COLOURS,
    GREEN,
    GREY,
    ORANGE,
    below,
    bits,
    grid,
    plain,
    sizes,
    steps,
)
from latentq.experiments.improved.models import MODELS
from latentq.experiments.improved.strength import TARGETS
from latentq.experiments.improved.theorems import KINDS, SETS
from latentq.experiments.record import Picture, Tables, pick
from latentq.report import plots
from latentq.report.statistics import read

SYMBOLS = {"1/L": "1/L", "L^-1/2": "1/√L", "pi": "π"}


def by_qubits(tables: Tables) -> Picture:
    """Draws gradients against the number of qubits, trained and by remedy."""
    made, axes = grid(1, 2, sharey=True)
    n = [row["qubits"] for row in tables["ratios"]]
    for name, colour in COLOURS.items():
        rows = pick(tables["sizes"], model=name)
        bits(axes[0][0], rows, "qubits", "log2_norm", label=name, colour=colour)
    start = 2 ** pick(tables["sizes"], model="original")[0]["log2_norm"]
    guide = {"color": GREY, "linewidth": 1, "linestyle": "-.", "label": "2⁻ⁿ"}
    axes[0][0].plot(n, [start * 2.0 ** (n[0] - k) for k in n], **guide)
    plots.finish(axes[0][0], "All training cycles", "qubits", "norm of the gradient")
    for inputs, colour, word in (("zero", BLUE, "bounded"), ("haar", ORANGE, "Haar")):
        for angles, line, init in (("small", "-", "±1/L"), ("normal", "--", "N(0, 1)")):
            rows = pick(tables["remedies"], inputs=inputs, angles=angles)
            style = {"label": f"{word} inputs, {init}", "colour": colour, "line": line}
            bits(axes[0][1], rows, "qubits", "log2_norm", **style)
    plots.finish(axes[0][1], "First cycle, untrained", "qubits", "")
    for ax in axes[0]:
        ax.set_xticks(n)
    return Picture(
        "Left: the norm of the gradient over all cycles against the number of qubits, with 95% "
        "intervals over seeds. Right: before the first cycle, for both inputs and both kinds of "
        "first angles, with the same targets.",
        made,
    )


def along_training(tables: Tables) -> Picture:
    """Draws gradients along training, a panel for each number of qubits."""
    n = [row["qubits"] for row in tables["ratios"]]
    made, axes = grid(1, len(n), sharey=True)
    last = max(row["step"] for row in tables["curves"])
    for ax, size in zip(axes[0], n, strict=True):
        for name, colour in COLOURS.items():
            rows = [
                {**row, "cycle": last - row["step"] + row["place"]}
                for row in pick(tables["curves"], model=name, qubits=size)
            ]
            bits(ax, rows, "cycle", "log2_norm", label=name, colour=colour, marker="")
        ax.set_xticks(range(last + 2))
        y = "norm of the gradient" if size == n[0] else ""
        plots.finish(
            ax, f"{size} qubit{'s' if size > 1 else ''}", "cycles trained", y, legend=False
        )
    below(made, axes[0][0])
    return Picture(
        f"The norm of the gradient along the {last + 1} cycles, which train the steps "
        f"{last} to 0 one after the other; geometric mean with 95% intervals over seeds.",
        made,
    )


def by_strength(tables: Tables) -> Picture:
    """Draws gradients against the distance of the end from Haar states."""
    made, axes = grid(1, 2, sharey=True)
    titles = {"schedule": "Targets of the schedule", "data": "Targets are the data"}
    for ax, target in zip(axes[0], TARGETS, strict=True):
        rows = pick(tables["strength"], target=target)
        floor, others = rows[0], rows[1:]
        bits(ax, others, "distance", "log2_norm", label="scrambled zeros", colour=BLUE)
        plots.level(ax, 2 ** floor["log2_norm"], "Haar inputs")
        found = pick(tables["thresholds"], target=target)[0]
        if found["threshold"] is not None:
            ax.axvline(found["threshold"], color=ORANGE, linewidth=1.2, label="threshold")
        ax.axvspan(0.3, 0.4, color=GREEN, alpha=0.15, linewidth=0, label="published")
        ax.set_xscale("log")
        y = "norm of the gradient" if target == TARGETS[0] else ""
        plots.finish(ax, titles[target], "MMD of the end to Haar states", y, legend=False)
    below(made, axes[0][0])
    n = tables["strength"][0]["qubits"]
    return Picture(
        f"The gradient before the first cycle at {n} qubits, with small first angles, against "
        "how far the terminal ensemble is from Haar states. The threshold is where half of the "
        "bits between the right end and Haar inputs are lost.",
        made,
    )


def of_samples(tables: Tables) -> Picture:
    """Draws histograms of the best fidelity, and the divergence along the generation."""
    made, axes = grid(1, 2)
    ax = axes[0][0]
    styles = {
        "original": {"color": ORANGE},
        "improved": {"color": BLUE},
        "improved, undenoised": {"color": BLUE, "linestyle": ":"},
        "Haar states": {"color": GREY, "linestyle": ":"},
    }
    for name, style in styles.items():
        rows = pick(tables["histogram"], states=name)
        edges = [row["low"] for row in rows] + [rows[-1]["high"]]
        ax.stairs([row["share"] for row in rows], edges, label=name, linewidth=1.4, **style)
    plots.finish(ax, "Best fidelity with the family", "fidelity", "share of states", legend=False)
    ax = axes[0][1]
    for name, colour in COLOURS.items():
        plain(ax, pick(tables["path"], model=name), "step", "kl", label=name, colour=colour)
    floor = pick(tables["quality"], states="Haar states")[0]["kl"]
    plots.level(ax, floor, "Haar states")
    ax.set_ylim(bottom=0)
    steps(ax, tables["path"])
    title = "Divergence along the generation"
    plots.finish(ax, title, "ensemble of step", "KL in nats", legend=False)
    below(made, axes[0][0])
    return Picture(
        "Left: the largest fidelity of generated states with an extended GHZ state. Right: the KL "
        "divergence of the family's mean probabilities from the model's, from the terminal "
        "ensemble to the generated one, with 95% intervals over seeds.",
        made,
    )


def along_chain(tables: Tables) -> Picture:
    """Draws distances from Haar states and gradients along the chain."""
    n = max(row["qubits"] for row in tables["chain"])
    made, axes = grid(2, 2, sharey="row", sharex=True)
    for column, name in enumerate(MODELS):
        ax, rows = axes[0][column], pick(tables["chain"], model=name, qubits=n)
        plain(ax, rows, "step", "trained", label="after training", colour=BLUE)
        plain(ax, rows, "step", "untrained", label="untrained", colour=ORANGE, line="--")
        forward = [row["forward"] for row in rows]
        plots.curve(ax, [r["step"] for r in rows], forward, label="forward", colour=GREY, line=":")
        ax.set_yscale("symlog", linthresh=1e-3)
        ax.set_ylim(bottom=0)
        y = "MMD to Haar states" if not column else ""
        plots.finish(ax, f"{name}, {n} qubits", "", y, legend=not column)
        ax, rows = axes[1][column], pick(tables["handed"], model=name, qubits=n)
        bits(ax, rows, "step", "log2_handed", label="inputs handed on", colour=BLUE)
        style = {"label": "inputs from the forward process", "colour": GREEN, "line": "--"}
        bits(ax, rows, "step", "log2_ideal", **style)
        y = "norm of the gradient" if not column else ""
        plots.finish(ax, "", "step", y, legend=not column)
    steps(axes[1][0], tables["chain"])
    return Picture(
        f"Along the chain of {n} qubits, in the order of generation. Above: the distance of the "
        "ensembles from Haar states, without bias. Below: the gradient of each step before its "
        "training, on what the trained steps hand on, and on states of the forward process.",
        made,
    )


def by_layer(tables: Tables) -> Picture:
    """Draws derivatives by layer for each step."""
    n = max(row["qubits"] for row in tables["layers"])
    made, axes = grid(1, 2, sharey=True)
    order = sorted({row["step"] for row in tables["layers"]}, reverse=True)
    for ax, name in zip(axes[0], MODELS, strict=True):
        for step, colour in zip(order, plots.shades(len(order)), strict=True):
            rows = pick(tables["layers"], model=name, qubits=n, step=step)
            rows = [{**row, "number": row["layer"] + 1} for row in rows]
            bits(ax, rows, "number", "log2_derivative", label=f"step {step}", colour=colour)
        ax.set_xticks(sorted({row["layer"] + 1 for row in tables["layers"]}))
        y = "root mean square of a derivative" if name == MODELS[0] else ""
        plots.finish(ax, f"{name}, {n} qubits", "layer", y, legend=False)
    below(made, axes[0][0], 8)
    return Picture(
        f"The size of derivatives by layer and step at {n} qubits, before the training of the "
        "step, with 95% intervals over seeds.",
        made,
    )


def by_scale(tables: Tables) -> Picture:
    """Draws gradients and results by the scale of the first angles."""
    made, axes = grid(1, 3)
    rows = tables["scales"]
    places = range(len(rows))
    titles = {
        "log2_first": ("Before the first cycle", "norm of the gradient"),
        "log2_norm": ("All training cycles", "norm of the gradient"),
        "kl": ("After training", "KL in nats"),
    }
    for ax, (key, (title, y)) in zip(axes[0], titles.items(), strict=True):
        found = [read(row, key) if key == "kl" else sizes(read(row, key)) for row in rows]
        ax.errorbar(
            places,
            [size.mean for size in found],
            bars(found),
            fmt="o",
            color=BLUE,
            capsize=3,
            markersize=5,
        )
        ax.set_xticks(places, [f"s = {SYMBOLS[row['scale']]}" for row in rows])
        ax.set_ylim(bottom=0)
        ax.set_xlim(-0.5, len(rows) - 0.5)
        plots.finish(ax, title, "", y, legend=False)
    return Picture(
        f"The improved model at {rows[0]['qubits']} qubits with first angles uniform in "
        "[-s, s], with 95% intervals over seeds.",
        made,
    )


def of_theorems(tables: Tables) -> Picture:
    """Draws variances for Haar inputs, and mean squares for small angles, beside the bounds."""
    made, axes = grid(1, 3)
    for ax, states in zip(axes[0], SETS, strict=False):
        for kind, colour in zip(KINDS, (BLUE, GREEN, ORANGE), strict=True):
            rows = pick(tables["variances"], targets=kind, states=states)
            n = [row["qubits"] for row in rows]
            values = [row["variance"] for row in rows]
            plots.curve(ax, n, values, label=f"targets: {kind}", colour=colour)
        for bound, line, words in (
            ("linear_bound", "--", "8 / (N (4ⁿ - 1))"),
            ("printed_bound", ":", "8 / (N⁴ (4ⁿ - 1)), printed"),
        ):
            ax.plot(n, [row[bound] for row in rows], line, color="black", linewidth=1, label=words)
        ax.set_yscale("log")
        ax.set_xticks(n)
        plots.finish(ax, f"Theorem 1, N = {states} inputs", "qubits", "variance", legend=False)
    draw_bound(axes[0][2], tables)
    below(made, axes[0][0], 3)
    return Picture(
        "Theorem 1: the variance of a derivative for Haar inputs, and two bounds. Theorem 2: the "
        "mean squared derivative at angles in [-s, s] by the number of layers; dotted, the first "
        "term of the bound, which is a sampling error.",
        made,
    )


def draw_bound(ax: Any, tables: Tables) -> None:  # noqa: ANN401
    """Draws what is known of the lower bound beside the measurement."""
    most = max(row["states"] for row in tables["bounds"])
    colours = {"1/L": BLUE, "L^-1/2": GREEN, "pi": ORANGE}
    for scale, colour in colours.items():
        rows = pick(tables["bounds"], states=most, scale=scale)
        x = [row["layers"] for row in rows]
        values = [row["measured"] for row in rows]
        plots.curve(ax, x, values, label=f"s = {SYMBOLS[scale]}", colour=colour)
        printed = [row["printed_term"] for row in rows]
        ax.plot(x, printed, ":", color=colour, linewidth=1.2)
    ax.set_yscale("log")
    ax.set_xscale("log", base=2)
    ax.set_xticks(x, [str(k) for k in x])
    n = tables["bounds"][0]["qubits"]
    plots.finish(ax, f"Theorem 2, {n} qubits, {most} states", "layers", "mean square")


def pictures(tables: Tables) -> dict[str, Picture]:
    """Returns the figures by name."""
    return {
        "gradients": by_qubits(tables),
        "training": along_training(tables),
        "ablation": by_strength(tables),
        "samples": of_samples(tables),
        "cascade": along_chain(tables),
        "depth": by_layer(tables),
        "initial": by_scale(tables),
        "theorems": of_theorems(tables),
    }
