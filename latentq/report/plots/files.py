"""Figures made to measure, and written so that the same input gives the same bytes."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib
from matplotlib import figure as figures
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg

from latentq.paths import write_atomically
from latentq.report.plots.grids import GAP, GUTTER, chain_grid, image_grid, reconstruction_grid
from latentq.report.plots.palette import LABEL, LIGHT

if TYPE_CHECKING:
    from torch import Tensor

DPI = 100
SCALE = 3  # Screen pixels per image pixel: a digit is 84 pixels wide.
NO_DATES = {"png": {"Software": None}, "svg": {"Date": None, "Creator": None}}


class Figure(figures.Figure):
    """A figure that a notebook shows at the end of a cell, without the state of pyplot."""

    def _repr_png_(self) -> bytes:
        """Returns what a notebook shows: on a white page where the figure is transparent."""
        clear = self.get_facecolor() == (0, 0, 0, 0)
        return figure_bytes(self, "png", LIGHT.page if clear else None)


def figure_bytes(figure: figures.Figure, kind: str, page: str | None = None) -> bytes:
    """Returns a figure as a file, without a date, version or random name in it.

    Arguments:
        figure: The figure.
        kind: Either `"png"` or `"svg"`.
        page: The colour behind it; its own one if `None`.
    """
    buffer = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "latentq", "svg.fonttype": "path"}):
        figure.savefig(
            buffer,
            format=kind,
            dpi=figure.dpi,
            facecolor=figure.get_facecolor() if page is None else page,
            metadata=NO_DATES[kind],
        )
    return buffer.getvalue()


def save_figure(figure: figures.Figure, path: Path | str) -> None:
    """Writes a figure as PNG or SVG, by its suffix, whole or not at all.

    Raises:
        ValueError: If the suffix is another.
        OSError: If the file cannot be written; one that was there before is left as it was.
    """
    path = Path(path)
    kind = path.suffix.removeprefix(".")
    if kind not in NO_DATES:
        raise ValueError(f"path: must end in .png or .svg, was {path.name}")

    write_atomically(path, figure_bytes(figure, kind))


def _grid_figure(
    draw: Callable[[Axes], None], rows: int, columns: int, title: str, labels: int = 0
) -> Figure:
    """Makes a figure in which a grid has exactly `SCALE` screen pixels per image pixel.

    Arguments:
        draw: Draws the grid on an Axes.
        rows: The height of the grid in image pixels.
        columns: The width of the grid in image pixels.
        title: The title; long ones are wrapped.
        labels: The room for row labels, in screen pixels.
    """
    margin = 2 * SCALE
    height, grid = rows * SCALE, columns * SCALE
    width = grid + labels + 2 * margin
    lines = textwrap.wrap(title, max(12, width // 10))
    head = 24 * len(lines) + 14 if lines else margin
    total = height + head + margin

    figure = Figure(figsize=(width / DPI, total / DPI), dpi=DPI, facecolor=GUTTER)
    FigureCanvasAgg(figure)
    left, bottom = (margin + labels) / width, margin / total
    draw(figure.add_axes((left, bottom, grid / width, height / total)))
    for i, line in enumerate(lines):
        at = (margin + SCALE) / width, 1 - (24 * i + 12) / total
        figure.text(*at, line, va="top", fontsize=13, color=LABEL, parse_math=False)
    return figure


def samples_figure(images: Tensor, title: str, columns: int = 8) -> Figure:
    r"""Makes a grid of samples.

    Arguments:
        images: Images in :math:`[0, 1]`, with shape :math:`(N, 1, 28, 28)`; 64 look well.
        title: The title, which says which data it is where that is not MNIST.
        columns: The number of images in a row.
    """
    columns = max(1, min(columns, len(images)))
    rows = -(-len(images) // columns)
    height, width = images.shape[-2] + 1, images.shape[-1] + 1
    return _grid_figure(
        lambda ax: image_grid(ax, images, columns), rows * height + 1, columns * width + 1, title
    )


def save_samples(images: Tensor, path: Path | str, title: str, columns: int = 8) -> None:
    """Writes the grid of :func:`samples_figure` as a PNG."""
    save_figure(samples_figure(images, title, columns), path)


def chain_figure(chain: Tensor, title: str) -> Figure:
    r"""Makes a picture of a decoded denoising chain, a row for each of the steps.

    Arguments:
        chain: The ensembles :math:`S_T, \ldots, S_0`, decoded, with shape
            :math:`(T + 1, N, 1, 28, 28)`; :math:`N` of 8 to 12 looks well.
        title: The title, which says which data it is where that is not MNIST.
    """
    steps, samples, _, height, width = chain.shape
    return _grid_figure(
        lambda ax: chain_grid(ax, chain),
        steps * (height + 1) + 1,
        samples * (width + 1) + 1,
        title,
        labels=36,
    )


def save_chain(chain: Tensor, path: Path | str, title: str) -> None:
    """Writes the picture of :func:`chain_figure` as a PNG."""
    save_figure(chain_figure(chain, title), path)


def reconstructions_figure(
    originals: Tensor, reconstructions: Tensor, title: str, columns: int = 8
) -> Figure:
    r"""Makes a grid of images and their reconstructions, in pairs of rows.

    Arguments:
        originals: Images in :math:`[0, 1]`, with shape :math:`(N, 1, 28, 28)`; 16 or 24 look well.
        reconstructions: Their reconstructions, with the same shape.
        title: The title, which says which data it is where that is not MNIST.
        columns: The number of images in a row.
    """
    columns = max(1, min(columns, len(originals)))
    rows = 2 * -(-len(originals) // columns)
    height, width = originals.shape[-2] + 1, originals.shape[-1] + 1
    return _grid_figure(
        lambda ax: reconstruction_grid(ax, originals, reconstructions, columns),
        rows * height + 1 + (rows // 2 - 1) * GAP,
        columns * width + 1,
        title,
        labels=64,
    )


def save_reconstructions(
    originals: Tensor, reconstructions: Tensor, path: Path | str, title: str, columns: int = 8
) -> None:
    """Writes the grid of :func:`reconstructions_figure` as a PNG."""
    save_figure(reconstructions_figure(originals, reconstructions, title, columns), path)
