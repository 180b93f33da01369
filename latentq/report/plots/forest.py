"""The chart of FIDs as dots with intervals, in groups, and what it shares with the other one.

Dots and not bars, as a logarithmic axis has no zero for a bar to stand on.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes

from latentq.report.plots.curves import log_ticks, style_axes
from latentq.report.plots.files import Figure
from latentq.report.plots.palette import LIGHT, Theme
from latentq.report.statistics import RATIO_MARGIN

MARKERS = {"quantum": "o", "matched": "s", "classical": "D", "control": "^"}
STACKED = 5  # Inches; a narrower chart has its labels above the dots, and a legend.
GUTTER = 2.75  # Inches for the labels to the left of a wide chart.
REACH = 4  # How far an axis goes beyond the means for the end of an interval.


@dataclass(frozen=True)
class Dot:
    """A mean with the ends of its interval; `value` is `None` where it is missing.

    `role` is a key of :attr:`latentq.report.plots.palette.Theme.roles`.
    """

    label: str
    role: str
    value: float | None
    ends: tuple[float, float] | None = None


def log_limits(
    values: Sequence[float], ends: Iterable[tuple[float, float] | None]
) -> tuple[float, float]:
    """Returns the ends of a logarithmic axis, which cuts intervals that reach very far."""
    low, high = min(values, default=1.0), max(values, default=10.0)
    found = [pair for pair in ends if pair is not None]
    bottom = max(low / REACH, min((pair[0] for pair in found), default=low))
    top = min(high * REACH, max((pair[1] for pair in found), default=high))
    return min(low, bottom) / 1.25, max(high, top) * 1.25


def _number(value: float) -> str:
    """Writes a FID."""
    return f"{value:,.{0 if value >= 100 else 1 if value >= 10 else 2}f}"


def forest(
    ax: Axes,
    groups: Mapping[str, Sequence[Dot]],
    floors: Mapping[str, float],
    theme: Theme = LIGHT,
    above: bool = False,
) -> None:
    """Draws means with intervals on a logarithmic axis, under a heading for each group.

    Arguments:
        ax: The Axes to draw on; its y axis is in rows, with two rows at the top for the floors.
        groups: The dots by heading, from top to bottom.
        floors: The positive FIDs that no model can be expected to go below, by name, as lines.
        theme: The colours.
        above: Whether labels stand above the dots, and not to the left of the axis.
    """
    dots = [dot for group in groups.values() for dot in group]
    values = [dot.value for dot in dots if dot.value is not None and dot.value > 0]
    low, high = log_limits([*values, *floors.values()], [dot.ends for dot in dots])
    rows = len(dots) + len(groups)
    right = high * (high / low) ** 0.14  # Room for the numbers.
    ax.set(xscale="log", xlim=(low, right), ylim=(rows - 0.3, -len(floors) - 0.6))
    y = 0
    spans: list[tuple[float, float]] = []
    for heading, group in groups.items():
        role = group[0].role if group else ""
        _heading(ax, y, heading, role, theme, above)
        for i, dot in enumerate(group, start=1):
            _draw_dot(ax, y + i, dot, theme, above)
        # Labels above the dots are left free.
        spans += [(y + i - 0.15, y + i + 0.3) for i in range(1, len(group) + 1)]
        y += 1 + len(group)
    # The lowest on top, so that its line passes to the left of the other names.
    for i, (name, level) in enumerate(sorted(floors.items(), key=lambda item: item[1])):
        top = i - len(floors) - 0.35
        _draw_floor(ax, level, [(top, top + 0.7), *spans] if above else [(top, rows - 0.3)], theme)
        note = f"{name}, {_number(level)}"
        _write(ax, note, (level, top + 0.35), (5, 0), color=theme.muted, fontsize=9)
    log_ticks(ax.xaxis, low, high)
    ax.set_yticks([])
    style_axes(ax, theme)
    ax.set_xlabel("FID, logarithmic; lower is better", color=theme.muted, fontsize=9.5, loc="left")


def _write(
    ax: Axes,
    text: str,
    at: tuple[float, float],
    shift: tuple[float, float],
    **style: Any,  # noqa: ANN401
) -> None:
    """Writes at a place, moved by some points."""
    style = {"fontsize": 9.5, "va": "center", "parse_math": False, **style}
    ax.annotate(text, at, shift, textcoords="offset points", **style)


def _label(ax: Axes, text: str, y: float, above: bool, **style: Any) -> None:  # noqa: ANN401
    """Writes to the left of the axis, or above a row at its left end."""
    shift = (0.0, 11.0) if above else (-GUTTER * 72, 0.0)
    _write(ax, text, (0, y), shift, xycoords=("axes fraction", "data"), **style)


def _heading(ax: Axes, y: float, text: str, role: str, theme: Theme, above: bool) -> None:
    """Writes the heading of a group, in the colour of its role."""
    colour = theme.roles.get(role, theme.ink)
    style: dict[str, Any] = {"weight": "bold", "color": colour}
    _label(ax, text, y + (0.4 if above else 0.1), above, **style)


def _draw_dot(ax: Axes, y: float, dot: Dot, theme: Theme, above: bool) -> None:
    """Draws one row: a guide, its label, the interval, the dot and the value."""
    colour = theme.roles.get(dot.role, theme.muted)
    _label(ax, dot.label, y, above, color=theme.ink)
    left, right = ax.get_xlim()
    if dot.value is None or dot.value <= 0:
        # To the right of the lowest floor, whose line stands near the left end.
        text = "missing" if dot.value is None else f"{dot.value:g}, not on this axis"
        _write(ax, text, (left, y), (26, 0), color=theme.muted, style="italic")
        return

    ax.plot([left, dot.value], [y, y], color=theme.line, linewidth=0.8, zorder=0)
    end = dot.value
    if dot.ends is not None:
        ends = max(dot.ends[0], left), min(dot.ends[1], right)
        ax.plot(ends, [y, y], color=colour, linewidth=3, alpha=0.45, solid_capstyle="butt")
        end = max(end, ends[1])
    ax.plot(dot.value, y, MARKERS.get(dot.role, "o"), markersize=6.5, color=colour, zorder=3)
    _write(ax, _number(dot.value), (end, y), (8, 0), color=theme.ink, weight="bold")


def _draw_floor(
    ax: Axes, level: float, spans: Sequence[tuple[float, float]], theme: Theme
) -> None:
    """Draws a floor as a dashed line over some heights."""
    for span in spans:
        ax.plot([level, level], span, color=theme.muted, linewidth=0.9, linestyle=(0, (4, 3)))


def forest_chart(
    groups: Mapping[str, Sequence[Dot]],
    floors: Mapping[str, float],
    width: float = 7.6,
    theme: Theme = LIGHT,
) -> Figure:
    """Makes a transparent figure with the FIDs of all groups, labels above the dots if narrow.

    Arguments:
        groups: The dots by heading, from top to bottom.
        floors: The floors by name.
        width: The width in inches.
        theme: The colours.
    """
    above = width < STACKED
    rows = sum(1 + len(group) for group in groups.values()) + len(floors) + 0.3
    height = 0.6 + (0.44 if above else 0.25) * rows
    figure = Figure(figsize=(width, height), facecolor="none")
    left = 0.02 if above else GUTTER + 0.05
    ax = figure.add_axes(
        (left / width, 0.55 / height, 1 - (left + 0.25) / width, 1 - 0.6 / height)
    )
    forest(ax, groups, floors, theme, above)
    return figure


def ratio_chart(dots: Sequence[Dot], width: float = 7.6, theme: Theme = LIGHT) -> Figure:
    """Makes a transparent figure of ratios on a logarithmic axis, with the margin around 1.

    Arguments:
        dots: The ratios with their intervals, from top to bottom.
        width: The width in inches.
        theme: The colours.
    """
    figure = forest_chart({"Quantum ÷ arm": dots}, {"equal": 1.0}, width, theme)
    (ax,) = figure.axes
    low, high = (math.exp(sign * RATIO_MARGIN) for sign in (-1, 1))
    ax.axvspan(low, high, color=theme.line, alpha=0.5, linewidth=0, zorder=-1)
    ax.set_xlabel("FID, quantum ÷ arm; shaded: no difference", loc="left")
    return figure
