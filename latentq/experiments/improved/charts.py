"""What the figures of the improved model are drawn with."""

from collections.abc import Sequence
from typing import Any

from latentq.experiments.bands import band
from latentq.experiments.record import Row
from latentq.experiments.verdicts import of_logs
from latentq.report import plots
from latentq.report.statistics import Summary, read

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


def sizes(logarithm: Summary) -> Summary:
    """Returns a size that is given as a binary logarithm."""
    found = of_logs(logarithm)
    assert found is not None
    return found


def bits(ax: Any, rows: Sequence[Row], x: str, y: str, **style: Any) -> None:  # noqa: ANN401
    """Draws sizes that are given as binary logarithms, with their intervals."""
    found = [sizes(read(row, y)) for row in rows]
    means = [size.mean for size in found]
    plots.curve(ax, [row[x] for row in rows], means, band(found), **style)
    ax.set_yscale("log")


def plain(ax: Any, rows: Sequence[Row], x: str, y: str, **style: Any) -> None:  # noqa: ANN401
    """Draws means with their intervals."""
    ends = band([read(row, y) for row in rows])
    plots.curve(ax, [row[x] for row in rows], [row[y] for row in rows], ends, **style)


def steps(ax: Any, rows: Sequence[Row]) -> None:  # noqa: ANN401
    """Numbers the steps of an axis in the order of generation, at most about ten of them."""
    most = max(row["step"] for row in rows)
    ax.set_xlim(most + 0.3, -0.3)
    ax.set_xticks(range(0, most + 1, 1 + most // 10))
