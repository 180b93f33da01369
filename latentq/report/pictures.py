"""The pictures of the runs, and the charts of a group, inlined as data URIs."""

import base64
import csv
from collections.abc import Callable, Sequence
from pathlib import Path

from latentq.report.blocks import Block, Details, Picture, Pictures
from latentq.report.finished import Arm, Group, Run, finite
from latentq.report.plots import (
    DARK,
    LIGHT,
    Curve,
    FidRow,
    Figure,
    Theme,
    fid_chart,
    figure_bytes,
    training_chart,
)
from latentq.report.tables import FLOOR, entries
from latentq.report.wording import floor_text, floor_value, seeds

PNG = b"\x89PNG\r\n\x1a\n"
WIDE, NARROW = 7.6, 3.7  # Inches, of the charts for a page and for a telephone.
SMALL = "(max-width: 640px)"
NIGHT = "(prefers-color-scheme: dark)"
POINTS = 200  # A longer curve is averaged over blocks of steps.


def _uri(content: bytes, kind: str) -> str:
    """Returns a file as a data URI."""
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


def file_picture(path: Path, alt: str) -> Picture:
    """Returns a PNG as a picture, which is missing if the file is not there or no PNG."""
    try:
        content = path.read_bytes()
    except OSError:
        return Picture(alt)
    if not content.startswith(PNG):
        return Picture(alt)
    return Picture(alt, _uri(content, "png"), (), path)


def _pair(group: Group, seed: int | None, name: str, what: str) -> Pictures:
    """Returns one picture of every arm at one seed."""
    items = []
    for arm in group.arms:
        alt = f"{what}, {arm.label}, {seeds([seed])}"
        run = next((run for run in arm.runs if run.seed == seed), None)
        items.append(Picture(alt) if run is None else file_picture(run.path / name, alt))
    return Pictures(items)


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
    first = _pair(group, order[0], name, what)
    rest = [
        Details(f"{what}, {seeds([seed])}", [_pair(group, seed, name, what)]) for seed in order[1:]
    ]
    return [first, *rest]


def chains(group: Group) -> list[Block]:
    """Returns the denoising chains of the quantum runs; all but the first are folded away."""
    found = [
        file_picture(
            run.path / "samples_chain.png", f"Denoising chain, {arm.label}, {seeds([run.seed])}"
        )
        for arm in group.arms
        if arm.model == "quantum"
        for run in arm.runs
    ]
    rest = [Details(picture.alt, [Pictures([picture])]) for picture in found[1:]]
    return [Pictures(found[:1]), *rest] if found else []


def chart(draw: Callable[[float, Theme], Figure], alt: str) -> Pictures:
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
    return Pictures([Picture(alt, uri(WIDE, LIGHT), sources)])


def fid_picture(group: Group) -> Pictures:
    """Draws the FIDs of a group, without those that are missing."""
    floor = floor_value(group)
    rows = [] if floor is None else [FidRow(FLOOR, floor, filled=False)]
    for entry in entries(group):
        if (found := entry.summary) is not None:
            model, samples = entry.arm.model, entry.key == "fid"
            rows.append(FidRow(entry.label, found.mean, found.ends, model, samples))
    alt = f"FIDs of the table on a logarithmic axis; the floor is {floor_text(group)}"
    return chart(lambda width, theme: fid_chart(rows, floor, width, theme), alt)


def read_losses(run: Run) -> dict[str, tuple[list[float], list[float]]]:
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


def _curves(arm: Arm) -> list[tuple[str, Curve]]:
    """Returns the stage and the curve of every run of an arm."""
    return [
        (stage, Curve(arm.label, arm.model, _thin(steps), _thin(losses)))
        for run in arm.runs
        for stage, (steps, losses) in read_losses(run).items()
    ]


def training_picture(group: Group) -> Pictures:
    """Draws the losses of a group, a panel for each stage and a line for each run."""
    stages: dict[str, list[Curve]] = {}
    for stage, curve in (found for arm in group.arms for found in _curves(arm)):
        stages.setdefault(stage, []).append(curve)
    alt = "Loss against step for each stage of training"
    if not stages:
        return Pictures([Picture(alt)])
    return chart(lambda width, theme: training_chart(stages, width, theme), alt)
