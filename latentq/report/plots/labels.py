"""Names beside points and curves, each at the nearest place where it covers nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, radians, sin
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.transforms import Bbox

from latentq.report.plots.palette import LIGHT, Theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ANGLES = (0, 180, 90, 270, 35, 325, 145, 215)  # the sides that are tried, in degrees
RADII = (7, 14, 22, 32, 45, 60)  # the distances, in points
NEAR = 14  # the distance from which on a line leads to the name, in points


@dataclass(frozen=True)
class Label:
    """A name of a point.

    Arguments:
        text: The name.
        x: The place of the point.
        y: The place of the point.
        colour: Its colour.
        strong: Whether it is bold.
        angle: The side that is tried first, in degrees from the right.
    """

    text: str
    x: float
    y: float
    colour: Any
    strong: bool = False
    angle: float = 0


def place_labels(
    ax: Axes,
    labels: Sequence[Label],
    points: Sequence[tuple[float, float]],
    theme: Theme = LIGHT,
    size: float = 8.5,
) -> None:
    """Writes names so that they cover neither points nor each other, the first ones nearest.

    The limits and the layout of the Axes must be final.

    Arguments:
        ax: The Axes.
        labels: The names.
        points: All points that are drawn, which names keep away from.
        theme: The colours.
        size: The size of the names in points.
    """
    figure = ax.figure.get_figure(root=True)
    assert figure is not None
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    renderer = canvas.get_renderer()
    scale, inside = figure.dpi / 72, ax.get_window_extent(renderer)
    dots = ax.transData.transform(np.asarray(points))
    taken: list[Bbox] = []
    for label in labels:
        text = ax.annotate(
            label.text, (label.x, label.y), (0, 0), textcoords="offset points", fontsize=size,
            color=label.colour, ha="center", va="center", parse_math=False,
            weight="bold" if label.strong else "normal",
        )  # fmt: skip
        extent = text.get_window_extent(renderer)
        wide = (extent.width, extent.height)
        centre = ax.transData.transform((label.x, label.y))
        offset = _free_place(centre, wide, label.angle, scale, inside, dots, taken)
        text.set_position(offset)
        box = _box(centre, offset, wide, scale)
        taken.append(box)
        edge = np.clip(centre, (box.x0, box.y0), (box.x1, box.y1))
        if np.hypot(*(edge - centre)) > NEAR * scale:
            _lead(ax, centre, edge, theme)


def _box(centre: Any, offset: tuple[float, float], size: Any, scale: float) -> Bbox:  # noqa: ANN401
    x, y = centre[0] + offset[0] * scale, centre[1] + offset[1] * scale
    return Bbox.from_bounds(x - size[0] / 2, y - size[1] / 2, *size)


def _free_place(
    centre: Any,  # noqa: ANN401
    size: tuple[float, float],
    first: float,
    scale: float,
    inside: Bbox,
    dots: Any,  # noqa: ANN401
    taken: Sequence[Bbox],
) -> tuple[float, float]:
    """Returns the offset, in points, at which a name of some size covers least."""
    best, least = (0.0, 0.0), float("inf")
    for radius in RADII:
        for angle in (first, *ANGLES):
            a = radians(angle)
            half = size[0] / 2 / scale, size[1] / 2 / scale
            offset = (cos(a) * (radius + half[0]), sin(a) * (radius + half[1]))
            box = _box(centre, offset, size, scale)
            covered = _covered(box, inside, dots, taken)
            if covered < least:
                best, least = offset, covered
        if least == 0:
            return best
    return best


def _covered(box: Bbox, inside: Bbox, dots: Any, taken: Sequence[Bbox]) -> float:  # noqa: ANN401
    """Returns how much a box covers: dots, other names, and what is outside of the Axes."""
    wide = box.padded(2)
    hits = ((dots > (wide.x0, wide.y0)) & (dots < (wide.x1, wide.y1))).all(axis=1).sum()
    outside = box.x0 < inside.x0 or box.x1 > inside.x1 or box.y0 < inside.y0 or box.y1 > inside.y1
    return float(hits) + 10 * sum(wide.overlaps(other) for other in taken) + 20 * outside


def _lead(ax: Axes, centre: Any, edge: Any, theme: Theme) -> None:  # noqa: ANN401
    """Draws a thin line from a point to its name, both in pixels."""
    x, y = ax.transData.inverted().transform([centre, edge]).T
    ax.plot(x, y, color=theme.muted, linewidth=0.6, zorder=1)
