"""What the figures of the improved model are drawn with."""

from collections.abc import Sequence
from typing import Any

from latentq import plots
from latentq.experiments.improved.statistics import Row

BLUE, ORANGE, GREEN = (plots.LIGHT.models[k] for k in ("quantum", "classical", "latent_diffusion"))
COLOURS = {"improved": BLUE, "original": ORANGE}
GREY = plots.LIGHT.muted


def grid(rows: int, columns: int, **options: Any) -> tuple[plots.Figure, Any]:  # noqa: ANN401
    """Returns a figure of Axes of a common size, and these with shape (rows, columns)."""
    size = (3.7 * columns + 0.3, 3.1 * rows + 0.3)
    made = plots.Figure(figsize=size, dpi=150, layout="constrained")
    return made, made.subplots(rows, columns, squeeze=False, **options)


def below(made: plots.Figure, ax: Any, columns: int = 4) -> None:  # noqa: ANN401
    """Puts the legend of one Axes below all."""
    made.legend(
        *ax.get_legend_handles_labels(), loc="outside lower center", ncols=columns,
        frameon=False, fontsize=8,
    )  # fmt: skip


def bits(ax: Any, rows: Sequence[Row], x: str, y: str, **style: Any) -> None:  # noqa: ANN401
    """Draws sizes that are given as binary logarithms, with their intervals."""
    places, middle = [row[x] for row in rows], [2 ** row[y] for row in rows]
    plots.curve(ax, places, middle, **style)
    half = [row[f"{y}_half"] or 0.0 for row in rows]
    low, high = ([m * 2 ** (sign * h) for m, h in zip(middle, half, strict=True)]
                 for sign in (-1, 1))  # fmt: skip
    ax.fill_between(places, low, high, color=style["colour"], alpha=0.2, linewidth=0)
    ax.set_yscale("log")


def plain(ax: Any, rows: Sequence[Row], x: str, y: str, **style: Any) -> None:  # noqa: ANN401
    """Draws means with their intervals."""
    half = [row[f"{y}_half"] or 0.0 for row in rows]
    plots.curve(ax, [row[x] for row in rows], [row[y] for row in rows], half, **style)


def steps(ax: Any, rows: Sequence[Row]) -> None:  # noqa: ANN401
    """Numbers the steps of an axis in the order of generation, at most about ten of them."""
    most = max(row["step"] for row in rows)
    ax.set_xlim(most + 0.3, -0.3)
    ax.set_xticks(range(0, most + 1, 1 + most // 10))
