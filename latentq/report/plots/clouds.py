"""Ensembles of states as clouds of points, and a score against a size, on Axes that are given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.ticker import LogLocator

from latentq.report.plots.files import Figure
from latentq.report.plots.palette import LIGHT, Theme

if TYPE_CHECKING:
    from torch import Tensor


def cloud(ax: Axes, points: Tensor, reference: Tensor, title: str, theme: Theme = LIGHT) -> None:
    """Draws points of a generated ensemble over those of the data.

    Arguments:
        ax: The Axes to draw on.
        points: The generated points, with shape (N, 2).
        reference: The points of the data, with shape (M, 2).
        title: The title.
        theme: The colours.
    """
    for dots, colour, alpha in (
        (reference, theme.line, 1),
        (points, theme.models["quantum"], 0.5),
    ):
        x, y = dots.T.numpy()
        ax.scatter(x, y, s=3, color=colour, alpha=alpha, linewidths=0, rasterized=True)
    ax.set_title(title, fontsize=11, color=theme.ink)
    ax.set_xticks([])
    ax.set_yticks([])
    ax.set_aspect("equal")
    ax.spines[:].set_color(theme.line)


def cloud_figure(
    clouds: Sequence[Tensor], reference: Tensor, titles: Sequence[str], theme: Theme = LIGHT
) -> Figure:
    """Makes a figure with a cloud for each ensemble, side by side on the same scale.

    Arguments:
        clouds: The points of the ensembles, each with shape (N, 2).
        reference: The points of the data, with shape (M, 2).
        titles: The title of each.
        theme: The colours.
    """
    figure = Figure(
        figsize=(2.1 * len(clouds), 2.4), dpi=150, layout="constrained", facecolor=theme.page
    )
    FigureCanvasAgg(figure)
    axes = figure.subplots(1, len(clouds), sharex=True, sharey=True, squeeze=False)[0]
    for ax, points, title in zip(axes, clouds, titles, strict=True):
        cloud(ax, points, reference, title, theme)
    return figure


def size_curve(
    ax: Axes,
    scores: Mapping[int, Sequence[float]],
    marked: Mapping[str, tuple[int, Sequence[float]]],
    theme: Theme = LIGHT,
) -> None:
    """Draws FID against the number of circuit parameters: a dot for each seed, a line of means.

    Arguments:
        ax: The Axes to draw on.
        scores: The FIDs over seeds, by number of parameters.
        marked: Other circuits by name: their number of parameters and their FIDs over seeds.
        theme: The colours.
    """
    sizes = sorted(scores)
    means = [sum(scores[size]) / len(scores[size]) for size in sizes]
    color = theme.models["quantum"]
    ax.plot(sizes, means, color=color)
    for size, mean in zip(sizes, means, strict=True):
        ax.plot([size] * len(scores[size]), scores[size], ".", color=color)
        ax.annotate(f"{mean:.0f}", (size, mean), (6, 4), textcoords="offset points", fontsize=9)
    for name, (size, found) in marked.items():
        mean = sum(found) / len(found)
        ax.plot([size] * len(found), found, "x", color=theme.muted)
        label, place = f"{name}: {mean:.0f}", (-8, -4)
        ax.annotate(label, (size, mean), place, textcoords="offset points", fontsize=9, ha="right")
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xticks(sizes, [f"{size:,}" for size in sizes])
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.yaxis.set_major_formatter("{x:g}")
    ax.minorticks_off()
    ax.set_xlabel("circuit parameters", color=theme.ink)
    ax.set_ylabel("FID of samples", color=theme.ink)
    ax.spines[["top", "right"]].set_visible(False)
