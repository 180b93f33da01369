"""The chart of FID against the number of images to train on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator

from latentq.report.plots.curves import log_ticks, style_axes
from latentq.report.plots.files import Figure
from latentq.report.plots.forest import MARKERS, STACKED, log_limits
from latentq.report.plots.palette import LIGHT, Theme

DASHES: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (1, 1)))


@dataclass(frozen=True)
class Line:
    """The FIDs of an arm against the number of images, with the ends of the intervals."""

    label: str
    role: str
    images: Sequence[float]
    values: Sequence[float]
    ends: Sequence[tuple[float, float] | None]


def efficiency(ax: Axes, lines: Sequence[Line], theme: Theme = LIGHT, labels: bool = True) -> None:
    """Draws FID against the number of images, both logarithmic, a line for each arm.

    Arguments:
        ax: The Axes to draw on.
        lines: The lines; those of one role share a colour, and differ in their dashes.
        theme: The colours.
        labels: Whether each line is named at its end.
    """
    values = [value for line in lines for value in line.values]
    low, high = log_limits(values, [ends for line in lines for ends in line.ends])
    ax.set(xscale="log", yscale="log", ylim=(low, high))
    roles: dict[str, int] = {}
    for line in lines:
        number = roles[line.role] = roles.get(line.role, -1) + 1
        _draw_line(ax, line, number, theme, low)
    images = sorted({n for line in lines for n in line.images})
    ax.set_xticks(images, [f"{n:,g}" for n in images])
    ax.xaxis.set_minor_locator(NullLocator())
    ax.margins(x=0.05)
    log_ticks(ax.yaxis, low, high, room=500)
    ax.grid(axis="y", color=theme.line, linewidth=0.7)
    style_axes(ax, theme)
    style: dict[str, Any] = {"color": theme.muted, "fontsize": 9.5}
    ax.set_xlabel("images to train on", loc="left", **style)
    ax.set_title("FID; lower is better", loc="left", **style)
    if labels:
        _label_ends(ax, [line for line in lines if line.values], theme)


def _draw_line(ax: Axes, line: Line, number: int, theme: Theme, bottom: float) -> None:
    """Draws one line with the intervals of its points; the first of a role has filled markers."""
    colour = theme.roles.get(line.role, theme.muted)
    for n, ends in zip(line.images, line.ends, strict=True):
        if ends is not None:
            span = [max(ends[0], bottom), ends[1]]
            ax.plot([n, n], span, color=colour, linewidth=2.2, alpha=0.35)
    ax.plot(
        line.images,
        line.values,
        color=colour,
        linewidth=2 if line.role == "quantum" else 1.4,
        linestyle=DASHES[number % len(DASHES)],
        marker=MARKERS.get(line.role, "o"),
        markersize=5.5,
        markerfacecolor=colour if number == 0 else (theme.page if number == 1 else theme.line),
        label=line.label,
        zorder=4 if line.role == "quantum" else 3,
    )


def spread(places: Sequence[float], gap: float) -> list[float]:
    """Moves places apart until neighbours are a gap from each other, in the same order.

    Those that collide are moved as one block around their mean.

    Arguments:
        places: Where labels would stand.
        gap: The least distance between two.
    """
    order = sorted(range(len(places)), key=lambda i: places[i])
    blocks: list[list[int]] = []
    for i in order:
        blocks.append([i])
        while len(blocks) > 1 and _start(blocks[-1], places, gap) < gap + _end(
            blocks[-2], places, gap
        ):
            last = blocks.pop()
            blocks[-1] += last
    moved = dict.fromkeys(order, 0.0)
    for block in blocks:
        for k, i in enumerate(block):
            moved[i] = _start(block, places, gap) + k * gap
    return [moved[i] for i in range(len(places))]


def _start(block: Sequence[int], places: Sequence[float], gap: float) -> float:
    """Returns where the first label of a block stands."""
    return sum(places[i] for i in block) / len(block) - gap * (len(block) - 1) / 2


def _end(block: Sequence[int], places: Sequence[float], gap: float) -> float:
    """Returns where the last label of a block stands."""
    return _start(block, places, gap) + gap * (len(block) - 1)


def _label_ends(ax: Axes, lines: Sequence[Line], theme: Theme) -> None:
    """Names every line at its right end, without overlap."""
    height = ax.get_position().height * ax.figure.get_figure(root=True).get_size_inches()[1]
    ends = [ax.transData.transform((line.images[-1], line.values[-1])) for line in lines]
    heights = [ax.transAxes.inverted().transform(end)[1] for end in ends]
    for line, end, y in zip(lines, heights, spread(heights, 0.19 / height), strict=True):
        colour = theme.roles.get(line.role, theme.muted)
        ax.plot(
            [1.0, 1.03], [end, y], transform=ax.transAxes, color=theme.line, clip_on=False,
            linewidth=0.8,
        )  # fmt: skip
        ax.text(
            1.04, y, line.label, transform=ax.transAxes, color=colour, fontsize=9.5, va="center",
            parse_math=False, weight="bold" if line.role == "quantum" else "normal",
        )  # fmt: skip


def efficiency_chart(lines: Sequence[Line], width: float = 7.6, theme: Theme = LIGHT) -> Figure:
    """Makes a transparent figure of FID against the number of images, with a legend if narrow.

    Arguments:
        lines: The lines.
        width: The width in inches.
        theme: The colours.
    """
    narrow = width < STACKED
    below = 0.55 + (0.2 * len(lines) + 0.15 if narrow else 0)
    height = 3.1 + below + 0.3
    right = 0.1 if narrow else 2.7
    figure = Figure(figsize=(width, height), facecolor="none")
    ax = figure.add_axes(
        (0.45 / width, below / height, 1 - (0.45 + right) / width, 3.1 / height)
    )  # fmt: skip
    efficiency(ax, lines, theme, labels=not narrow)
    if narrow:
        box = (0.0, -0.5 / 3.1)
        legend: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": box, "frameon": False}
        ax.legend(fontsize=9, labelcolor=theme.ink, handlelength=3.2, **legend)
    return figure
