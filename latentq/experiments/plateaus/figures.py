"""The figures of the experiment on barren plateaus."""

from collections.abc import Sequence
from typing import Any

from latentq.experiments import bands
from latentq.experiments.record import Picture, Row, Tables, pick
from latentq.report import plots
from latentq.report.statistics import read

COLOURS = dict(
    zip(("global", "marginal", "marginal, then global"), plots.LIGHT.models.values(), strict=True)
)
MARKERS = {"global": "o", "marginal": "s"}
GREY = plots.LIGHT.muted


def figure(rows: int, columns: int, **options: Any) -> tuple[plots.Figure, Any]:  # noqa: ANN401
    """Returns a figure of Axes of a common size, and these with shape (rows, columns)."""
    size = (3.4 * columns + 0.4, 2.9 * rows + 0.3)
    made = plots.Figure(figsize=size, dpi=150, layout="constrained")
    return made, made.subplots(rows, columns, squeeze=False, **options)


def legend(made: plots.Figure, ax: Any, title: str | None = None) -> None:  # noqa: ANN401
    """Puts the legend of one Axes to the right of all."""
    handles, labels = ax.get_legend_handles_labels()
    made.legend(
        handles, labels, title=title, loc="outside right center", frameon=False, fontsize=8
    )


def band(ax: Any, rows: Sequence[Row], x: str, **style: Any) -> None:  # noqa: ANN401
    """Draws variances with their intervals."""
    places = [row[x] for row in rows]
    plots.curve(ax, places, [row["variance"] for row in rows], **style)
    ends = [[row[end] for row in rows] for end in ("low", "high")]
    ax.fill_between(places, *ends, color=style["colour"], alpha=0.2, linewidth=0)


def by_qubits(tables: Tables) -> Picture:
    """Draws variances against the number of qubits."""
    made, axes = figure(1, 2, sharey=True)
    depths = sorted({row["layers"] for row in tables["variances"]})
    for ax, source, title in zip(
        axes[0], ("haar", "zero"), ("Haar input and target", "Product input and target"),
        strict=True,
    ):  # fmt: skip
        for cost, colour in COLOURS.items():
            rows = pick(
                tables["variances"], inputs=source, targets=source, cost=cost, angle="middle"
            )
            for depth, line in ((depths[0], "--"), (depths[-1], "-")):
                chosen = [row for row in rows if row["layers"] == depth]
                if chosen:
                    label = f"{cost}, depth {depth}"
                    style = {"colour": colour, "marker": MARKERS[cost], "line": line}
                    band(ax, chosen, "qubits", label=label, **style)
            theory(ax, rows, cost)
        claimed(ax, tables)
        ax.set_yscale("log", base=2)
        y = "variance of a derivative" if source == "haar" else ""
        plots.finish(ax, title, "qubits", y, legend=False)
        ax.set_xticks(sorted({row["qubits"] for row in tables["variances"]}))
    legend(made, axes[0][0])
    return Picture(
        "Variance of the derivative by the angle in the middle, against the number of qubits, "
        "with 95% intervals. Dotted: theory for deep circuits; grey: the law 2⁻ⁿ that was "
        "claimed. The infidelity of a product circuit has rare large derivatives, so that at "
        "depth 1 its intervals are too narrow at many qubits; its law is 1/8 (3/8)ⁿ⁻¹.",
        made,
    )


def theory(ax: Any, rows: Sequence[Row], cost: str) -> None:  # noqa: ANN401
    """Draws the variances of deep circuits in theory."""
    values = {row["qubits"]: row["deep_theory"] for row in rows}
    if values:
        ax.plot(
            list(values), list(values.values()), color="black", linestyle=":", linewidth=1,
            label="theory, deep" if cost == "marginal" else None, zorder=3,
        )  # fmt: skip


def claimed(ax: Any, tables: Tables) -> None:  # noqa: ANN401
    """Draws the law that was claimed."""
    n = sorted({row["qubits"] for row in tables["variances"]})
    ax.plot(n, [2.0**-k for k in n], color=GREY, linewidth=1, linestyle="-.", label="2⁻ⁿ")


def by_depth(tables: Tables) -> Picture:
    """Draws variances against depth."""
    made, axes = figure(2, 3, sharey=True, sharex=True)
    sizes = sorted({row["qubits"] for row in tables["variances"]})
    depths = sorted({row["layers"] for row in tables["variances"]})
    columns = {
        ("haar", "haar"): "Haar to Haar",
        ("zero", "haar"): "product to Haar",
        ("zero", "zero"): "product to product",
    }
    for line, cost in zip(axes, ("global", "marginal"), strict=True):
        for ax, ((inputs, targets), title) in zip(line, columns.items(), strict=True):
            keys = {"inputs": inputs, "targets": targets, "cost": cost, "angle": "middle"}
            for n, colour in zip(sizes, plots.shades(len(sizes)), strict=True):
                rows = pick(tables["variances"], qubits=n, **keys)
                band(ax, rows, "layers", label=f"{n}", colour=colour)
                if rows:
                    value = rows[0]["deep_theory"]
                    ax.axhline(value, color=colour, linewidth=0.8, linestyle=":", zorder=0)
            ax.set_yscale("log", base=2)
            ax.set_xscale("log", base=2)
            x = "depth in layers" if cost == "marginal" else ""
            y = "variance" if inputs == targets == "haar" else ""
            plots.finish(ax, f"{cost}, {title}", x, y, legend=False)
            ax.set_xticks(depths, [str(depth) for depth in depths])
            ax.minorticks_off()
    legend(made, axes[0][0], "qubits")
    return Picture(
        "The same variances against depth. Dotted: theory for deep circuits, which for the "
        "global cost between Haar states is exact at every depth. The plateau of the marginal "
        "cost with product targets is of order 2⁻ⁿ / n, its plateau with Haar targets 4⁻ⁿ / n.",
        made,
    )


def training_curves(tables: Tables) -> Picture:
    """Draws fidelities against iterations."""
    sizes = sorted({row["qubits"] for row in tables["curves"]})
    tasks = {"shallow": "two layers", "deep": "n layers", "product": "to a product state"}
    made, axes = figure(len(tasks), len(sizes), sharex=True, sharey=True)
    for line, (task, words) in zip(axes, tasks.items(), strict=True):
        for ax, n in zip(line, sizes, strict=True):
            for cost, colour in COLOURS.items():
                rows = pick(tables["curves"], task=task, qubits=n, cost=cost)
                found = [read(row, "fidelity") for row in rows]
                places, means = [row["iteration"] for row in rows], [of.mean for of in found]
                plots.curve(
                    ax, places, means, bands.band(found), label=cost, colour=colour, marker=""
                )
            plots.level(ax, 2.0**-n, "chance")
            x = "iteration" if task == "product" else ""
            plots.finish(
                ax, f"{n} qubits, {words}", x, "fidelity" if n == sizes[0] else "", legend=False
            )
            ax.set_ylim(-0.03, 1.03)
    legend(made, axes[0][0])
    return Picture(
        "Fidelity with the target against iterations of Adam with exact gradients, by the cost "
        "that is trained on; mean over seeds with 95% intervals. All targets can be reached.",
        made,
    )


def blind_pairs(tables: Tables) -> Picture:
    """Draws the marginal cost of independent Haar states against the number of qubits."""
    made, axes = figure(1, 1)
    ax, rows = axes[0][0], tables["pairs"]
    n = [row["qubits"] for row in rows]
    plots.curve(ax, n, [1 - 2.0**-k for k in n], label="global", colour=COLOURS["global"])
    values = [row["marginal_cost"] for row in rows]
    plots.curve(ax, n, values, label="marginal", colour=COLOURS["marginal"], marker="s")
    ax.plot(
        n, [row["closed_form"] for row in rows], color="black", linestyle=":", linewidth=1,
        label="marginal, closed form", zorder=3,
    )  # fmt: skip
    ax.set_yscale("log", base=2)
    plots.finish(ax, "Independent Haar states", "qubits", "mean cost")
    ax.set_xticks(n)
    return Picture(
        "What the costs make of two independent Haar states: all their single qubits "
        "are nearly maximally mixed, and the closed form tends to 3/2 2⁻ⁿ.",
        made,
    )


def pictures(tables: Tables) -> dict[str, Picture]:
    """Returns the figures by name."""
    return {
        "variance": by_qubits(tables),
        "depth": by_depth(tables),
        "training": training_curves(tables),
        "blindness": blind_pairs(tables),
    }
