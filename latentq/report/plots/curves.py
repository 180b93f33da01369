"""The style of an Axes, its ticks, and curves with bands, drawn on an Axes that is given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import matplotlib
import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator

from latentq.report.plots.palette import LIGHT, Theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis


def style_axes(ax: Axes, theme: Theme) -> None:
    """Removes what is not needed of an Axes, and colours the rest."""
    ax.patch.set_alpha(0)
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.spines["bottom"].set_color(theme.line)
    ax.tick_params(which="both", colors=theme.muted, labelsize=9, length=0, pad=5)


def log_ticks(axis: Any, low: float, high: float, room: float = 50) -> None:  # noqa: ANN401
    """Puts ticks on a logarithmic axis, more if it spans less than a factor of `room`."""
    axis.set_major_locator(LogLocator(subs=(1.0,) if high > room * low else (1.0, 2.0, 5.0)))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))


def shades(count: int) -> list[tuple[float, ...]]:
    """Returns colours for an ordered series, from light to dark, such as numbers of qubits."""
    return [tuple(c) for c in matplotlib.colormaps["viridis_r"](np.linspace(0.15, 0.95, count))]


def tints(colour: str, count: int) -> list[tuple[float, ...]]:
    """Returns tints of one colour for an ordered series, from light to the colour itself."""
    rgb = np.array(to_rgb(colour))
    return [tuple(1 - share * (1 - rgb)) for share in np.linspace(0.45, 1, count)]


def curve(
    ax: Axes,
    x: Sequence[float],
    mean: Sequence[float],
    ends: tuple[Sequence[float], Sequence[float]] | None = None,
    *,
    label: str,
    colour: Any,  # noqa: ANN401
    marker: str = "o",
    line: str = "-",
) -> None:
    """Draws a curve, with a band between the ends of the intervals where they are given.

    Arguments:
        ax: The Axes to draw on.
        x: The places.
        mean: The means.
        ends: The lower and the upper ends of their intervals.
        label: The name in the legend.
        colour: The colour.
        marker: The marker of the points; none if empty.
        line: The style of the line.
    """
    ax.plot(
        x, mean, label=label, color=colour, marker=marker, linestyle=line, markersize=3.5,
        linewidth=1.4,
    )  # fmt: skip
    if ends is not None:
        ax.fill_between(x, *ends, color=colour, alpha=0.2, linewidth=0)


def level(
    ax: Axes, value: float, text: str, theme: Theme = LIGHT, *, in_legend: bool = False
) -> None:
    """Draws a dashed horizontal line at a value, with its name above it, or in the legend."""
    label = text if in_legend else None
    ax.axhline(value, color=theme.muted, linewidth=1, linestyle="--", zorder=0, label=label)
    if in_legend:
        return
    ax.annotate(
        text, (1, value), (-2, 3), xycoords=("axes fraction", "data"), ha="right",
        textcoords="offset points", fontsize=8, color=theme.muted,
    )  # fmt: skip


def label_decades(axis: Axis) -> None:
    """Labels a logarithmic axis with as many plain numbers as there is room for.

    A view of less than a factor of five is widened at its upper end, so that two numbers fit.
    """
    low, high = axis.get_view_interval()
    high = max(high, 5 * low)
    axis.set_view_interval(low, high)
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 100 * low else (1,)))
    axis.set_major_formatter("{x:g}")
    axis.set_minor_formatter(NullFormatter())


def finish(
    ax: Axes, title: str, x: str, y: str, theme: Theme = LIGHT, legend: bool = True
) -> None:
    """Gives an Axes its title, the names of its axes, its style, and a legend."""
    style_axes(ax, theme)
    ax.set_title(title, loc="left", fontsize=10, color=theme.ink)
    ax.set_xlabel(x, color=theme.ink)
    ax.set_ylabel(y, color=theme.ink)
    if legend:
        ax.legend(frameon=False, fontsize=8, labelcolor=theme.ink)
