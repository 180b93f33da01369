"""Time against size, on logarithmic scales: the only part of the benchmarks that draws."""

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from benchmarks.engines import ENGINES, OURS
from benchmarks.suites import size_of_row
from latentq.report.plots import palette
from latentq.report.plots.curves import style_axes
from latentq.report.plots.palette import LIGHT

Row = dict[str, Any]
# The colours of Okabe and Ito, black for ours; a peer with Kraus matrices is a dashed line.
COLOURS = {
    "fused": palette.BLACK,
    "torchquantum": palette.VERMILLION,
    "tensorcircuit_jax": palette.BLUE,
    "tensorcircuit_torch": palette.SKY,
    "pennylane_jax": palette.GREEN,
    "pennylane_torch": palette.PURPLE,
}
LENT = "tensorcircuit_jax_kraus"  # The fastest of those stands for all, where they pay.
AXES = {"batch": "states in the batch", "qubits": "qubits, one of them an ancilla"}
SIZE, PANEL = (7.6, 4.2), (0.08, 0.12, 0.66, 0.78)
FONT = 9


def curve(rows: Sequence[Row], suite: str, key: str) -> tuple[list[int], list[float]]:
    """Returns sizes and milliseconds of the rows that an engine was timed in."""
    timed = [row for row in rows if "median" in row["engines"].get(key, {})]
    sizes = [size_of_row(suite, row) for row in timed]
    return sizes, [1e3 * row["engines"][key]["median"] for row in timed]


def draw_times(ax: Axes, rows: Sequence[Row], suite: str) -> None:
    """Draws the time of an iteration against size, a labelled line for each engine.

    Arguments:
        ax: The Axes to draw on.
        rows: The rows of the suite.
        suite: What the rows vary, `batch` or `qubits`.
    """
    ends: dict[str, tuple[int, float]] = {}
    for key, engine in ENGINES.items():
        sizes, times = curve(rows, suite, key)
        if sizes and (not engine.kraus or (key == LENT and 2 * len(sizes) > len(rows))):
            width = 2.4 if key == OURS.key else 1.5
            style = "--" if engine.kraus else "-"
            colour = COLOURS[key.removesuffix("_kraus")]
            ax.plot(sizes, times, style, color=colour, lw=width, marker="o", ms=3.5)
            ends[key] = (sizes[-1], times[-1])
    _scales(ax, rows, suite)
    _label_lines(ax, ends)


def _scales(ax: Axes, rows: Sequence[Row], suite: str) -> None:
    sizes = [size_of_row(suite, row) for row in rows]
    # Qubits are the logarithm of a size already.
    ax.set(xscale="log" if suite == "batch" else "linear", yscale="log")
    ax.xaxis.set_major_locator(FixedLocator(sizes))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:,g}"))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.grid(axis="y", color=LIGHT.line, linewidth=0.7)
    style_axes(ax, LIGHT)
    ax.set_xlabel(AXES[suite], color=LIGHT.muted, fontsize=9.5, loc="left")
    ax.set_title("ms per training iteration, one thread", loc="left", fontsize=11, color=LIGHT.ink)


def _label_lines(ax: Axes, ends: dict[str, tuple[int, float]]) -> None:
    """Names each line to the right of the Axes, from below, as close to its end as fits."""
    low, high = ax.get_ylim()
    gap = (high / low) ** (1.3 * FONT / 72 / (SIZE[1] * PANEL[3]))  # The height of a label.
    lowest = 0.0
    for key, (_, time) in sorted(ends.items(), key=lambda item: item[1][1]):
        lowest = max(time, lowest * gap)
        ax.annotate(
            ENGINES[key].label,
            xy=(1.02, lowest),
            xycoords=("axes fraction", "data"),
            color=COLOURS[key.removesuffix("_kraus")],
            fontsize=FONT,
            fontweight="bold" if key == OURS.key else "normal",
            va="center",
        )


def chart(rows: Sequence[Row], suite: str) -> Figure:
    """Makes the figure of a suite."""
    figure = Figure(SIZE, facecolor="white", dpi=150)
    ax = figure.add_axes(PANEL)
    draw_times(ax, rows, suite)
    return figure
