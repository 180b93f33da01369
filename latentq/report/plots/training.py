"""Charts of training losses, each drawn on an Axes that is given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from latentq.report.plots.curves import finish, label_decades, shades, style_axes
from latentq.report.plots.files import Figure
from latentq.report.plots.palette import LIGHT, Theme


@dataclass(frozen=True)
class Curve:
    """The loss of one run against the step of its training."""

    label: str
    model: str
    steps: Sequence[float]
    losses: Sequence[float]


def training_curve(ax: Axes, curves: Sequence[Curve], title: str, theme: Theme = LIGHT) -> None:
    """Draws the losses of one stage of training, a line for each run.

    Arguments:
        ax: The Axes to draw on.
        curves: The lines; those of one label look the same, and are named once in a legend.
        title: The title.
        theme: The colours.
    """
    styles = _line_styles(curves)
    for i, curve in enumerate(curves):
        named = curve.label not in [other.label for other in curves[:i]]
        line = {"linestyle": styles[curve.label], "linewidth": 1.3}
        line["marker"] = "o" if len(curve.steps) == 1 else ""  # A point alone is no line.
        line["color"] = theme.models.get(curve.model, theme.muted)
        ax.plot(curve.steps, curve.losses, label=curve.label if named else None, **line)
    ax.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    losses = [loss for curve in curves for loss in curve.losses]
    if losses and min(losses) > 0 and max(losses) > 20 * min(losses):
        ax.set_yscale("log")
        ax.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        ax.yaxis.set_minor_locator(NullLocator())
        ax.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:,g}"))
    ax.set_title(title, loc="left", fontsize=11, color=theme.ink, parse_math=False)
    ax.grid(axis="y", color=theme.line, linewidth=0.7)
    style_axes(ax, theme)
    ax.set_xlabel("step", color=theme.muted, fontsize=9.5, loc="left")


def _line_styles(curves: Sequence[Curve]) -> dict[str, Any]:
    """Gives each label a line style that tells it from the other labels of its model."""
    styles: dict[str, Any] = {}
    labels: dict[str, list[str]] = {}
    for curve in curves:
        if curve.label not in styles:
            same = labels.setdefault(curve.model, [])
            styles[curve.label] = ("-", (0, (5, 2)), (0, (1, 1)))[len(same) % 3]
            same.append(curve.label)
    return styles


def training_chart(
    stages: Mapping[str, Sequence[Curve]], width: float = 7.6, theme: Theme = LIGHT
) -> Figure:
    """Makes a transparent figure with a panel for each stage, stacked if it is narrow.

    Arguments:
        stages: The curves of each stage, by its name.
        width: The width in inches.
        theme: The colours.
    """
    stacked = width < 5
    shape = (len(stages), 1) if stacked else (1, len(stages))
    figure = Figure((width, 2.9 * shape[0]), facecolor="none", layout="constrained")
    panels = figure.subplots(*shape, squeeze=False).flat
    for ax, (stage, curves) in zip(panels, stages.items(), strict=True):
        training_curve(ax, curves, stage, theme)
        ax.legend(frameon=False, fontsize=9, labelcolor=theme.ink, loc="upper right")
    return figure


def history_chart(
    history: Sequence[Mapping[str, float]], width: float = 7.6, theme: Theme = LIGHT
) -> Figure:
    """Makes a figure of the losses that :func:`latentq.fit` returns, a line for each step.

    Arguments:
        history: The history.
        width: The width in inches.
        theme: The colours.
    """
    figure = Figure((width, 2.9), facecolor=theme.page, layout="constrained")
    ax = figure.subplots()
    names = {key for row in history for key in row if key.startswith("loss_")}
    steps = sorted(int(name.removeprefix("loss_")) for name in names)
    for t, colour in zip(steps, shades(len(steps)), strict=True):
        rows = [row for row in history if f"loss_{t}" in row]
        x, y = [row["iteration"] for row in rows], [row[f"loss_{t}"] for row in rows]
        ax.plot(x, y, ".-", color=colour, label=f"step {t}", markersize=4, linewidth=1.2)
    ax.grid(axis="y", color=theme.line, linewidth=0.7)
    finish(ax, "loss of each step", "iteration", "", theme)
    if min(row[name] for row in history for name in names & row.keys()) > 0:
        ax.set_yscale("log")
        label_decades(ax.yaxis)
    return figure
