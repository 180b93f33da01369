"""The comparison of finished runs: its sections in order, from the result to its limits."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from latentq.report.blocks import Block, Bullets, Document, Paragraph, Section
from latentq.report.facts import group_facts
from latentq.report.finished import FinishedRun, Group, find_runs
from latentq.report.grouping import group_runs
from latentq.report.images import chains, fid_chart, grids, loss_chart
from latentq.report.pages import write_report
from latentq.report.provenance import limits, provenance
from latentq.report.scores import fid_notes, fid_table, mmd_table, parameter_table
from latentq.report.wording import MISSING, floor_text, group_titles, headlines

DIGITS = (
    "These runs are on the small digits of scikit-learn, 8 x 8 pixels made larger, and not on "
    "MNIST. They show that the programs work; their numbers say nothing about MNIST."
)
MMD = (
    "The distance of every generated ensemble from the forward ensemble of the same step. The "
    "forward end is that of the last forward ensemble from the terminal one, where the sampling "
    "starts; undenoised is that of the terminal ensemble from the data, which the chain has to "
    "improve on."
)
LOSSES = (
    "A line for each run; long ones are averaged over blocks of steps. The losses of different "
    "models are different quantities: compare their shapes, not their heights."
)


def run_names(runs: Sequence[FinishedRun], base: Path) -> dict[Path, str]:
    """Names each run by its folder, as seen from a common one."""
    return {run.path: Path(os.path.relpath(run.path, base)).as_posix() for run in runs}


def make_document(groups: Sequence[Group], unfinished: Sequence[Path], base: Path) -> Document:
    """Makes the report.

    Arguments:
        groups: The runs.
        unfinished: The folders of runs that are not finished.
        base: The folder from which runs are named.
    """
    names = run_names([run for group in groups for run in group.runs], base)
    sections: list[Section] = []
    for group, title in zip(groups, group_titles(groups), strict=True):
        warned = [Paragraph(DIGITS, "warning")] if group.digits and len(groups) > 1 else []
        sections.append(Section(title, [*warned, *_introduction(group)], level=2))
        sections += _sections(group, names)
    sections.append(Section("What this comparison cannot say", [Bullets(limits(groups))], level=2))
    title = "LatentQ: quantum against classical"
    return Document(title, headlines(groups), _remarks(groups, unfinished), sections)


def _remarks(groups: Sequence[Group], unfinished: Sequence[Path]) -> list[Block]:
    """Says, right below the result, what has to be known to read it."""
    remarks: list[Block] = []
    if len(groups) == 1 and groups[0].digits:
        remarks.append(Paragraph(DIGITS, "warning"))
    if len(groups) > 1:
        text = (
            "The runs differ in data, features, samples or what the models are told: they are not "
            "compared with each other, and each kind has its own section."
        )
        remarks.append(Paragraph(text))
    elif (floor := floor_text(groups[0])) != MISSING:
        text = f"Lower is better. Real images against real images have a FID of {floor}."
        remarks.append(Paragraph(text))
    if unfinished:
        left = ", ".join(path.name for path in unfinished)
        remarks.append(Paragraph(f"Not finished, and left out: {left}.", "warning"))
    return remarks


def _sections(group: Group, names: dict[Path, str]) -> list[Section]:
    """Makes the sections of one group."""
    mmd = mmd_table(group)
    return [
        Section("FID and other scores", [fid_table(group), *fid_notes(group)]),
        Section("FID chart", [fid_chart(group)]),
        Section("Samples", grids(group, "samples.png", "Samples")),
        Section("Reconstructions", grids(group, "reconstructions.png", "Reconstructions")),
        Section("Denoising chain", chains(group)),
        Section("MMD of every step", [mmd, Paragraph(MMD, "note")] if mmd else []),
        Section("Training", [loss_chart(group), Paragraph(LOSSES, "note")]),
        Section("Trained parameters", [parameter_table(group)]),
        Section("Provenance", provenance(group, [names[run.path] for run in group.runs])),
    ]


def _introduction(group: Group) -> list[Block]:
    """Says in which features FID is measured, and with which weights."""
    run = group.runs[0]
    sha256 = run.get("features.sha256")
    hashed = f" (sha256 {sha256[:12]})" if sha256 else ""
    text = f"FID in the features of {run.get('features.name') or MISSING}{hashed}."
    return [Paragraph(text)]


def build(folders: Sequence[str | Path], out: str | Path | None = None) -> tuple[Path, list[str]]:
    """Writes the report on some runs.

    Arguments:
        folders: Run folders, or folders that hold run folders.
        out: The folder to write to; by default `report` in the folder that holds all the runs.

    Returns:
        The folder that was written to, and the results in a sentence each.

    Raises:
        InputError: If a folder is wrong, a run is damaged, or the report cannot be written.
    """
    runs, unfinished = find_runs(folders)
    base = Path(os.path.commonpath([run.path.parent for run in runs]))
    out = base / "report" if out is None else Path(out)
    groups, names = group_runs(runs), run_names(runs, base)
    facts = {
        "headlines": headlines(groups),
        "groups": [group_facts(group, names) for group in groups],
        "unfinished": [path.name for path in unfinished],
    }
    write_report(out, make_document(groups, unfinished, base), facts)
    return out, headlines(groups)
