"""Views of quantum states on Axes that are given: matrices, Wigner functions, information."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.colors import hsv_to_rgb
from matplotlib.patches import Rectangle

from latentq.report.plots.curves import style_axes
from latentq.report.plots.palette import LIGHT, Theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.image import AxesImage
    from torch import Tensor

LARGEST = 0.95  # The side of the largest square of a Hinton diagram, in cells.
SMALLEST = 0.02  # A square with a smaller side is left out: nobody sees it.
THICKEST = 14.0  # The width of an edge of two bits, in points.
THINNEST = 0.1  # An edge that is thinner is left out.


def phase_colours(values: np.ndarray) -> np.ndarray:
    """Returns colours whose hue is the phase: red for positive reals, cyan for negative ones.

    Arguments:
        values: Complex numbers, with shape :math:`(*)`.

    Returns:
        Red, green and blue in [0, 1], with shape :math:`(*, 3)`.
    """
    hue = np.angle(values) / (2 * math.pi) % 1
    return hsv_to_rgb(np.stack([hue, np.full(hue.shape, 0.75), np.full(hue.shape, 0.85)], -1))


def phase_wheel(ax: Axes, theme: Theme = LIGHT) -> None:
    """Draws the key of the phases: a ring with the hue of each, counter-clockwise from the right.

    Arguments:
        ax: The Axes to draw on.
        theme: The colours.
    """
    grid = np.linspace(-1.5, 1.5, 301)
    points = grid[None, :] + 1j * grid[:, None]
    radius = np.abs(points)
    ring = ((radius > 0.6) & (radius < 1))[..., None]
    ax.imshow(
        np.concatenate([phase_colours(points), ring], axis=-1),
        origin="lower",
        extent=(-1.5, 1.5, -1.5, 1.5),
    )
    places = {"0": (1.25, 0), "π/2": (0, 1.25), "π": (-1.25, 0), "\N{MINUS SIGN}π/2": (0, -1.25)}
    for name, (x, y) in places.items():
        ax.text(x, y, name, ha="center", va="center", color=theme.ink, fontsize=9)
    ax.text(0, 0, "phase", ha="center", va="center", color=theme.muted, fontsize=9)
    ax.set_axis_off()


def amplitude_bars(ax: Axes, psi: Tensor, theme: Theme = LIGHT) -> None:
    """Draws a state as bars: their heights are probabilities, their colours phases.

    Arguments:
        ax: The Axes to draw on.
        psi: A statevector, with shape (2^n).
        theme: The colours.
    """
    values = psi.detach().cpu().numpy()
    qubits = len(values).bit_length() - 1
    names = [f"{place:0{qubits}b}" for place in range(len(values))]
    ax.bar(names, np.abs(values) ** 2, color=phase_colours(values))
    style_axes(ax, theme)
    ax.tick_params(axis="x", labelrotation=90 if qubits > 3 else 0)
    ax.set_ylabel("probability", color=theme.muted, fontsize=9)


def _basis_axes(ax: Axes, size: int, theme: Theme) -> None:
    """Labels rows and columns by basis states, four of them where there are more."""
    qubits = size.bit_length() - 1
    places = range(0, size, max(1, size // 4))
    names = [f"{place:0{qubits}b}" for place in places]
    ax.set_xticks(places, names)
    ax.set_yticks(places, names)
    ax.tick_params(colors=theme.muted, labelsize=8, length=0)
    ax.spines[:].set_color(theme.line)
    ax.set_aspect("equal")


def density_map(
    ax: Axes, rho: Tensor, most: float | None = None, theme: Theme = LIGHT
) -> AxesImage:
    """Draws the magnitudes of a density matrix, dark for large ones.

    Arguments:
        ax: The Axes to draw on.
        rho: The matrix, with shape (d, d).
        most: The magnitude of the darkest colour; the largest one of the matrix if `None`.
        theme: The colours.
    """
    shown = ax.imshow(rho.abs().numpy(), cmap="Blues", vmin=0, vmax=most)
    _basis_axes(ax, len(rho), theme)
    return shown


def hinton(ax: Axes, matrix: Tensor, most: float | None = None, theme: Theme = LIGHT) -> None:
    """Draws a square for each entry: its area is the magnitude, its hue the phase.

    Arguments:
        ax: The Axes to draw on.
        matrix: A complex matrix, with shape (d, d).
        most: The magnitude that fills a cell; the largest one of the matrix if `None`.
        theme: The colours.
    """
    values = matrix.numpy()
    largest = float(np.abs(values).max()) if most is None else most
    sides = LARGEST * np.sqrt(np.abs(values) / max(largest, np.finfo(float).tiny))
    colours = phase_colours(values)
    for row, column in np.argwhere(sides > SMALLEST):
        side = sides[row, column]
        corner = (column - side / 2, row - side / 2)
        ax.add_patch(Rectangle(corner, side, side, color=colours[row, column], linewidth=0))
    ax.set(xlim=(-0.5, len(values) - 0.5), ylim=(len(values) - 0.5, -0.5))
    _basis_axes(ax, len(values), theme)


def wigner_map(
    ax: Axes, values: Tensor, most: float | None = None, theme: Theme = LIGHT
) -> AxesImage:
    """Draws a Wigner function: blue for positive cells, red for negative ones, white for none.

    Arguments:
        ax: The Axes to draw on.
        values: The function, rows q and columns p, with shape (2^n, 2^n).
        most: The magnitude of the darkest colours; the largest one of the function if `None`.
        theme: The colours.
    """
    most = float(values.abs().max()) if most is None else most
    shown = ax.imshow(values.numpy(), cmap="RdBu", vmin=-most, vmax=most)
    _basis_axes(ax, len(values), theme)
    ax.set_xlabel("p", color=theme.ink, labelpad=1)
    ax.set_ylabel("q", color=theme.ink, labelpad=1)
    return shown


def information_matrix(
    ax: Axes, information: Tensor, most: float = 2.0, theme: Theme = LIGHT
) -> AxesImage:
    """Draws the mutual information of pairs of qubits as a heat map with its numbers.

    Arguments:
        ax: The Axes to draw on.
        information: The mutual information in bits, with shape (n, n).
        most: The information of the darkest colour, in bits.
        theme: The colours.
    """
    values = information.numpy()
    off = np.ma.masked_array(values, np.eye(len(values), dtype=bool))  # Nothing of a qubit alone.
    shown = ax.imshow(off, cmap="Blues", vmin=0, vmax=most)
    for i, j in combinations(range(len(values)), 2):
        colour = "white" if values[i, j] > 0.6 * most else theme.ink
        for x, y in ((i, j), (j, i)):
            ax.text(
                x, y, f"{values[i, j]:.2f}", ha="center", va="center", color=colour, fontsize=9
            )
    ax.set_xticks(range(len(values)))
    ax.set_yticks(range(len(values)))
    ax.tick_params(colors=theme.muted, labelsize=9, length=0)
    ax.spines[:].set_color(theme.line)
    return shown


def information_graph(ax: Axes, information: Tensor, theme: Theme = LIGHT) -> None:
    """Draws the qubits on a circle, with edges as thick as their mutual information is large.

    Qubit 0 is at the top, the others follow clockwise; the thickest edge has another colour.

    Arguments:
        ax: The Axes to draw on.
        information: The mutual information in bits, with shape (n, n).
        theme: The colours.
    """
    n = len(information)
    angles = np.pi / 2 - 2 * np.pi * np.arange(n) / n
    x, y = np.cos(angles), np.sin(angles)
    pairs = sorted(combinations(range(n), 2), key=lambda pair: float(information[pair]))
    for i, j in pairs:
        width = THICKEST * float(information[i, j]) / 2
        if width > THINNEST:
            colour = theme.models["classical" if (i, j) == pairs[-1] else "quantum"]
            ax.plot([x[i], x[j]], [y[i], y[j]], color=colour, linewidth=width, zorder=1)
    ax.scatter(x, y, s=220, color=theme.muted, zorder=2)
    for i in range(n):
        ax.text(x[i], y[i], str(i), ha="center", va="center", color="white", fontsize=9)
    ax.set(xlim=(-1.35, 1.35), ylim=(-1.35, 1.35), aspect="equal")
    ax.set_axis_off()


def schmidt_bars(
    ax: Axes, spectrum: Tensor, reference: Sequence[float] = (), theme: Theme = LIGHT
) -> None:
    """Draws a Schmidt spectrum as bars with their numbers, and dashes for a reference.

    Arguments:
        ax: The Axes to draw on.
        spectrum: The squared coefficients, largest first, with shape (K).
        reference: The spectrum to compare with, such as that of Haar states; none if empty.
        theme: The colours.
    """
    places = range(1, len(spectrum) + 1)
    heights = spectrum.tolist()
    ax.bar(places, heights, width=0.7, color=theme.models["quantum"])
    for place, height in zip(places if reference else (), reference, strict=True):
        ax.plot([place - 0.42, place + 0.42], [height, height], color=theme.models["classical"])
    tops = [max(pair) for pair in zip(heights, reference or heights, strict=True)]
    for place, height, top in zip(places, heights, tops, strict=True):
        ax.annotate(
            f"{height:.2f}", (place, top), (0, 2), textcoords="offset points", ha="center",
            fontsize=8, color=theme.ink,
        )  # fmt: skip
    ax.set_ylim(0, 1.1)
    ax.set_xticks(places)
    ax.tick_params(colors=theme.muted, labelsize=8, length=0)
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["bottom", "left"]].set_color(theme.line)
