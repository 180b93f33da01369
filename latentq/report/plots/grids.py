"""Grids of digits, white on dark, each drawn on an Axes that is given."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap

from latentq.errors import NumericalError
from latentq.report.plots.palette import DARK, DIGIT, LABEL, NIGHT

if TYPE_CHECKING:
    from torch import Tensor

GAP = 4  # Image pixels between two pairs of rows.
GUTTER = DARK.soft
DIGITS = LinearSegmentedColormap.from_list("digits", [NIGHT, DIGIT]).with_extremes(bad=GUTTER)


def mosaic(images: Tensor, columns: int) -> np.ndarray:
    r"""Returns images side by side, a pixel apart, with NaN where there is no image.

    Arguments:
        images: Images in :math:`[0, 1]`, with shape :math:`(N, 1, h, w)`; clipped outside.
        columns: The number of images in a row.

    Returns:
        One array, with shape :math:`(r (h + 1) + 1, c (w + 1) + 1)`.

    Raises:
        ValueError: If there is no image, or the shape is another.
        NumericalError: If a pixel is not finite.
    """
    if images.ndim != 4 or images.shape[1] != 1 or not len(images) or columns < 1:
        shape = tuple(images.shape)
        raise ValueError(f"images: must have shape (N, 1, h, w), was {shape}, columns {columns}")

    pixels = images.detach().cpu().numpy()[:, 0].astype(np.float64).clip(0, 1)
    if not np.isfinite(pixels).all():
        raise NumericalError("images: must be finite, had a pixel that is not")

    height, width = pixels.shape[1] + 1, pixels.shape[2] + 1
    canvas = np.full((math.ceil(len(pixels) / columns) * height + 1, columns * width + 1), np.nan)
    for i, image in enumerate(pixels):
        top, left = i // columns * height + 1, i % columns * width + 1
        canvas[top : top + height - 1, left : left + width - 1] = image
    return canvas


def _show(ax: Axes, canvas: np.ndarray, labels: Mapping[float, str] | None = None) -> None:
    """Shows a mosaic, with labels to its left at heights in pixels."""
    ax.imshow(canvas, cmap=DIGITS, vmin=0, vmax=1, interpolation="nearest")
    ax.tick_params(length=0, labelsize=13, labelcolor=LABEL, pad=6)
    ax.set_xticks([])
    ax.set_yticks(list(labels or {}), list((labels or {}).values()))
    ax.spines[:].set_visible(False)


def image_grid(ax: Axes, images: Tensor, columns: int) -> None:
    r"""Draws images as a grid, white on dark, in reading order.

    Arguments:
        ax: The Axes to draw on.
        images: Images in :math:`[0, 1]`, with shape :math:`(N, 1, 28, 28)`.
        columns: The number of images in a row.
    """
    _show(ax, mosaic(images, columns))


def chain_grid(ax: Axes, chain: Tensor) -> None:
    r"""Draws a decoded denoising chain: a column is a sample, a row is a step.

    Arguments:
        ax: The Axes to draw on.
        chain: The ensembles :math:`S_T, \ldots, S_0`, decoded, with shape
            :math:`(T + 1, N, 1, 28, 28)`. The rows are labelled in this order.
    """
    band = chain.shape[-2] + 1
    labels = {(row + 0.5) * band: f"$S_{{{t}}}$" for row, t in enumerate(range(len(chain))[::-1])}
    _show(ax, mosaic(chain.flatten(0, 1), chain.shape[1]), labels)


def reconstruction_grid(
    ax: Axes,
    originals: Tensor,
    reconstructions: Tensor,
    columns: int = 8,
    names: tuple[str, str] = ("input", "output"),
) -> None:
    r"""Draws images in rows, and below each row its reconstructions.

    Arguments:
        ax: The Axes to draw on.
        originals: Images in :math:`[0, 1]`, with shape :math:`(N, 1, 28, 28)`.
        reconstructions: Their reconstructions, with the same shape.
        columns: The number of images in a row.
        names: What the two rows are called.

    Raises:
        ValueError: If the shapes differ.
    """
    if originals.shape != reconstructions.shape:
        raise ValueError(
            f"reconstructions: must have the shape {tuple(originals.shape)} of the originals, "
            f"was {tuple(reconstructions.shape)}"
        )

    parts: list[np.ndarray] = []
    labels: dict[float, str] = {}
    for pair in zip(originals.split(columns), reconstructions.split(columns), strict=True):
        for name, images in zip(names, pair, strict=True):
            labels[sum(len(part) for part in parts) + (images.shape[-2] + 1) / 2] = name
            parts.append(mosaic(images, columns)[:-1])
        parts.append(np.full((GAP, parts[-1].shape[1]), np.nan))
    parts[-1] = parts[-1][:1]
    _show(ax, np.concatenate(parts), labels)
