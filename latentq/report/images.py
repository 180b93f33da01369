"""The pictures of runs, and charts for light and dark pages, inlined as data URIs."""

import base64
import csv
from collections.abc import Callable, Sequence
from pathlib import Path

from latentq.report.blocks import Block, Details, Gallery, Image
from latentq.report.finished import FinishedRun, Group, Replicates, finite
from latentq.report.plots import (
    DARK,
    LIGHT,
    Curve,
    Dot,
    Figure,
    Theme,
    figure_bytes,
    forest_chart,
    training_chart,
)
from latentq.report.scores import entries
from latentq.report.wording import floor_text, floor_value, seeds

PNG = b"\x89PNG\r\n\x1a\n"
WIDE, NARROW = 7.6, 3.7  # Inches, of the charts for a page and for a telephone.
SMALL = "(max-width: 640px)"
NIGHT = "(prefers-color-scheme: dark)"
POINTS = 200  # A longer curve is averaged over blocks of steps.
ROLES = {"quantum": "quantum", "classical": "matched", "latent_diffusion": "classical"}


def _uri(content: bytes, kind: str) -> str:
    """Returns a file as a data URI."""
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


def file_image(path: Path, alt: str, linked: bool = True) -> Image:
    """Returns a PNG as a picture, which is missing if the file is not there or no PNG."""
    try:
        content = path.read_bytes()
    except OSError:
        content = b""
    return Image(alt, _uri(content, "png"), (), path, linked) if content[:8] == PNG else Image(alt)


def chart(draw: Callable[[float, Theme], Figure], alt: str) -> Gallery:
    """Draws a chart for wide and narrow, light and dark pages.

    Arguments:
        draw: Makes the figure, given a width and a theme.
        alt: What the chart shows.
    """

    def uri(width: float, theme: Theme) -> str:
        return _uri(figure_bytes(draw(width, theme), "svg"), "svg+xml")

    sources = (
        (f"{NIGHT} and {SMALL}", uri(NARROW, DARK)),
        (SMALL, uri(NARROW, LIGHT)),
        (NIGHT, uri(WIDE, DARK)),
    )
    return Gallery([Image(alt, uri(WIDE, LIGHT), sources)])


def folded(found: Sequence[tuple[str, Sequence[Image]]]) -> list[Block]:
    """Shows the first pictures, and folds the others away under their titles."""
    first = [Gallery(items) for _, items in found[:1]]
    return [*first, *(Details(title, [Gallery(items)]) for title, items in found[1:])]


def _row(group: Group, seed: int | None, name: str, what: str) -> list[Image]:
    """Returns one picture of every arm at one seed."""
    images = []
    for arm in group.arms:
        alt = f"{what}, {arm.label}, {seeds([seed])}"
        run = next((run for run in arm.runs if run.seed == seed), None)
        images.append(Image(alt) if run is None else file_image(run.path / name, alt))
    return images


def grids(group: Group, name: str, what: str) -> list[Block]:
    """Returns one picture of every arm at equal seeds; all seeds but the first are folded away.

    Arguments:
        group: The runs.
        name: The name of the file in a run folder.
        what: What it shows.
    """
    found = {run.seed for run in group.runs}
    shared = [s for s in found if all(s in arm.seeds for arm in group.arms if arm.runs)]
    order = sorted(found, key=lambda seed: (seed not in shared, seed is None, seed or 0))
    return folded([(f"{what}, {seeds([s])}", _row(group, s, name, what)) for s in order])


def chains(group: Group) -> list[Block]:
    """Returns the denoising chains of the quantum runs; all but the first are folded away."""
    quantum = [(arm, run) for arm in group.arms if arm.model == "quantum" for run in arm.runs]
    found = []
    for arm, run in quantum:
        alt = f"Denoising chain, {arm.label}, {seeds([run.seed])}"
        found.append((alt, [file_image(run.path / "samples_chain.png", alt)]))
    return folded(found)


def fid_chart(group: Group) -> Gallery:
    """Draws the FIDs of a group, arm by arm."""
    floor, rows = floor_value(group), entries(group)
    dots: dict[str, list[Dot]] = {}
    for row in rows:
        found, role = row.summary, ROLES.get(row.arm.model, "control")
        value, ends = (None, None) if found is None else (found.mean, found.ends)
        dots.setdefault(row.arm.label, []).append(Dot(row.what, role, value, ends))
    floors = {"real images": floor} if floor is not None and floor > 0 else {}
    alt = f"FIDs of the table on a logarithmic axis; the floor is {floor_text(group)}"
    return chart(lambda width, theme: forest_chart(dots, floors, width, theme), alt)


def read_losses(run: FinishedRun) -> dict[str, tuple[list[float], list[float]]]:
    """Reads steps and losses of each stage from `metrics.csv`; what is unreadable is left out."""
    try:
        text = (run.path / "metrics.csv").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}

    stages: dict[str, tuple[list[float], list[float]]] = {}
    for row in csv.DictReader(text.splitlines()):
        step, loss = _float(row.get("step")), _float(row.get("loss"))
        if row.get("stage") and step is not None and loss is not None:
            steps, losses = stages.setdefault(row["stage"], ([], []))
            steps.append(step)
            losses.append(loss)
    return stages


def _float(text: str | None) -> float | None:
    """Reads a finite number, or returns `None`."""
    try:
        return finite(float(text or ""))
    except ValueError:
        return None


def _thin(values: Sequence[float]) -> list[float]:
    """Averages neighbours, so that at most `POINTS` points remain."""
    block = -(-len(values) // POINTS)
    parts = [values[i : i + block] for i in range(0, len(values), max(1, block))]
    return [sum(part) / len(part) for part in parts]


def _curves(arm: Replicates) -> list[tuple[str, Curve]]:
    """Returns the stage and the curve of every run of an arm."""
    return [
        (stage, Curve(arm.label, arm.model, _thin(steps), _thin(losses)))
        for run in arm.runs
        for stage, (steps, losses) in read_losses(run).items()
    ]


def loss_chart(group: Group) -> Gallery:
    """Draws the losses of a group, a panel for each stage and a line for each run."""
    stages: dict[str, list[Curve]] = {}
    for stage, curve in (found for arm in group.arms for found in _curves(arm)):
        stages.setdefault(stage, []).append(curve)
    alt = "Loss against step for each stage of training"
    if not stages:
        return Gallery([Image(alt)])
    return chart(lambda width, theme: training_chart(stages, width, theme), alt)
