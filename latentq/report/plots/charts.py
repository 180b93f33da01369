"""Charts of FIDs and of training losses, each drawn on an Axes that is given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator


@dataclass(frozen=True)
class Theme:
    """The colours of a chart, one per model, told apart by the colour-blind (Okabe and Ito)."""

    page: str
    ink: str
    muted: str
    line: str
    models: Mapping[str, str]


LIGHT = Theme(
    page="#ffffff",
    ink="#1f242c",
    muted="#5d6673",
    line="#d9dde3",
    models={"quantum": "#0072b2", "classical": "#d55e00", "latent_diffusion": "#009e73"},
)
DARK = Theme(
    page="#14171c",
    ink="#e4e7eb",
    muted="#9aa3af",
    line="#363d48",
    models={"quantum": "#56b4e9", "classical": "#f0a04b", "latent_diffusion": "#3fc79a"},
)


@dataclass(frozen=True)
class FidRow:
    """One dot of the FID chart, with the ends of its interval where there is one."""

    label: str
    value: float
    ends: tuple[float, float] | None = None
    model: str = ""
    filled: bool = True


@dataclass(frozen=True)
class Curve:
    """The loss of one run against the step of its training."""

    label: str
    model: str
    steps: Sequence[float]
    losses: Sequence[float]


def fid_bars(
    ax: Axes, rows: Sequence[FidRow], floor: float | None = None, theme: Theme = LIGHT
) -> None:
    """Draws FIDs as dots on a logarithmic axis, with intervals and the floor as a dashed line.

    Dots and not bars, as a logarithmic axis has no zero for a bar to stand on. A row with a
    value that is not positive has no place on the axis, and is written without a dot.

    Arguments:
        ax: The Axes to draw on.
        rows: The dots, from top to bottom.
        floor: The FID of real images against real images.
        theme: The colours.
    """
    shown = [row for row in rows if row.value > 0]
    values = [row.value for row in shown] + [row.ends[1] for row in shown if row.ends]
    low, high = min(values, default=1) / 1.7, max(values, default=10)
    ax.set(
        xscale="log", xlim=(low, high * (high / low) ** 0.2), ylim=(max(1, len(rows)) - 0.5, -0.65)
    )
    for y, row in enumerate(rows):
        if floor is not None and floor > 0:  # A dash in each row, clear of the labels.
            ax.plot([floor, floor], [y - 0.1, y + 0.42], color=theme.muted, linewidth=1, zorder=1)
        _draw_fid(ax, y, row, low, theme)
    subs = (1.0,) if high > 30 * low else (1.0, 2.0, 5.0)
    ax.xaxis.set_major_locator(LogLocator(subs=subs))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,g}"))
    ax.set_yticks([])
    _style(ax, "FID, logarithmic; lower is better", theme)


def _draw_fid(ax: Axes, y: int, row: FidRow, left: float, theme: Theme) -> None:
    """Draws one row of the FID chart: a guide, its label above, the interval, dot and value."""
    colour = theme.models.get(row.model, theme.muted)
    label: dict[str, Any] = {"textcoords": "offset points", "fontsize": 10, "parse_math": False}
    text = row.label if row.value > 0 else f"{row.label}: {row.value:g}, not on this axis"
    ax.annotate(text, (left, y), (2, 8), color=theme.ink, **label)
    if row.value <= 0:
        return
    ax.plot([left, row.value], [y, y], color=theme.line, linewidth=1, zorder=0)
    if row.ends is not None:
        ax.plot(
            [max(row.ends[0], left), row.ends[1]], [y, y], color=colour, linewidth=3, alpha=0.45
        )
    fill = colour if row.filled else theme.page
    ax.plot(row.value, y, "o", markersize=7.5, color=colour, markerfacecolor=fill, zorder=3)
    value = f"{row.value:,.{0 if row.value >= 100 else 1 if row.value >= 10 else 2}f}"
    end = max(row.value, *(row.ends or (0,)))
    ax.annotate(value, (end, y), (9, 0), va="center", color=theme.ink, weight="bold", **label)


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
    _style(ax, "step", theme)


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


def _style(ax: Axes, label: str, theme: Theme) -> None:
    """Removes what is not needed of an Axes, and colours the rest."""
    ax.patch.set_alpha(0)
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.spines["bottom"].set_color(theme.line)
    ax.tick_params(which="both", colors=theme.muted, labelsize=9, length=0, pad=5)
    ax.set_xlabel(label, color=theme.muted, fontsize=9.5, loc="left")
