"""The figures of the original tasks: errors by way of training, and what was generated."""

from collections.abc import Mapping, Sequence
from typing import Any

from latentq.experiments.quddpm.claims import NAMES, best, of, ways
from latentq.experiments.quddpm.tasks import TASKS
from latentq.experiments.record import Picture, Row
from latentq.report import plots

BLUE, ORANGE = plots.LIGHT.models["quantum"], plots.LIGHT.models["classical"]
SHOWN = {
    "fidelity": "fidelity with |0…0⟩",
    "magnetisation": "magnetisation",
    "circle": "|⟨Y⟩|",
    "noise": "probability of |00⟩",
}


def draw_errors(ax: Any, rows: Sequence[Row], name: str) -> None:  # noqa: ANN401
    """Draws the error of each way, every seed a point, beside the published one."""
    task = TASKS[name]
    names = ways(rows, name)
    for place, way in enumerate(names):
        found = of(rows, name, way, task.measure)
        assert found is not None
        ax.plot(found.values, [place] * len(found.values), "o", color=BLUE, alpha=0.5,
                markersize=5, mew=0)  # fmt: skip
        ax.plot([found.mean], [place], "|", color=BLUE, markersize=13, mew=2)
    data = of(rows, name, "data", task.measure)
    assert data is not None
    ax.axvline(data.mean, color=plots.LIGHT.muted, linestyle="--", linewidth=1, label="new data")
    ax.axvline(task.error, color=ORANGE, linewidth=1.2, label="published")
    ax.set_xscale("log")
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(names) - 0.5, -0.5)
    plots.finish(ax, task.title, NAMES[task.measure], "", legend=False)
    plots.label_decades(ax.xaxis)
    ax.grid(axis="y", color=plots.LIGHT.line, linewidth=0.6)
    ax.set_axisbelow(True)


def errors_figure(rows: Sequence[Row], tasks: Sequence[str]) -> Picture:
    """Draws the errors of all tasks."""
    figure = plots.Figure(figsize=(9.4, 2.9 * -(-len(tasks) // 2) + 0.4), dpi=150,
                          layout="constrained")  # fmt: skip
    axes = figure.subplots(-(-len(tasks) // 2), 2, squeeze=False).flatten()
    for ax, name in zip(axes, tasks, strict=False):
        draw_errors(ax, rows, name)
    for ax in axes[len(tasks) :]:
        ax.set_visible(False)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2,
                  frameon=False, fontsize=8)  # fmt: skip
    return Picture(
        "Error on test states by way of training: points are seeds, bars their geometric means. "
        "Left of the dashed line no model can be, but by chance: it is the error of new data. "
        "*One key* is no "
        "test: the numbers that decide outcomes are those of the training.",
        figure,
    )


def histogram(rows: Sequence[Row], name: str, way: str) -> list[float]:
    """Returns the histogram of a way, averaged over seeds."""
    found = [row["histogram"] for row in rows if row["task"] == name and row["way"] == way]
    return [sum(column) / len(found) for column in zip(*found, strict=True)]


def draw_states(ax: Any, rows: Sequence[Row], name: str) -> None:  # noqa: ANN401
    """Draws the histograms of data, and of what was generated."""
    task = TASKS[name]
    styles: Mapping[str, Any] = {
        "data": {"color": plots.LIGHT.muted, "fill": True, "alpha": 0.3, "linewidth": 0},
        "published": {"color": ORANGE, "linewidth": 1.4},
        best(rows, name)[0]: {"color": BLUE, "linewidth": 1.4},
    }
    for way, style in styles.items():
        if any(row["task"] == name and row["way"] == way for row in rows):
            bars = histogram(rows, name, way)
            edges = [k / len(bars) for k in range(len(bars) + 1)]
            ax.stairs(bars, edges, label=way, **style)
    plots.finish(ax, task.title, SHOWN[task.observable or name], "share of states")


def states_figure(rows: Sequence[Row], tasks: Sequence[str]) -> Picture:
    """Draws what was generated in all tasks."""
    figure = plots.Figure(figsize=(9.4, 2.6 * -(-len(tasks) // 2)), dpi=150, layout="constrained")
    axes = figure.subplots(-(-len(tasks) // 2), 2, squeeze=False).flatten()
    for ax, name in zip(axes, tasks, strict=False):
        draw_states(ax, rows, name)
    for ax in axes[len(tasks) :]:
        ax.set_visible(False)
    return Picture(
        "What was generated, averaged over seeds: by the published recipe and by the best way of "
        "training, beside the data.",
        figure,
    )


def draw_of_tables(rows: Sequence[Row]) -> dict[str, Picture]:
    """Returns by name the figures that need no histograms."""
    return {"errors": errors_figure(rows, [name for name in TASKS if ways(rows, name)])}


def draw(rows: Sequence[Row]) -> dict[str, Picture]:
    """Returns all figures by name."""
    tasks = [name for name in TASKS if ways(rows, name)]
    return {**draw_of_tables(rows), "states": states_figure(rows, tasks)}
