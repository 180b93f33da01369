"""The charts of the study, and the pictures of its jobs, inlined."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from latentq.report.blocks import Block, Gallery, Image, Paragraph
from latentq.report.images import chart, file_image, folded
from latentq.report.plots import Dot, Line, efficiency_chart, forest_chart, ratio_chart
from latentq.report.statistics import read
from latentq.report.wording import number
from latentq.study.arms import ARMS
from latentq.study.report.findings import ROLES, Findings, headline_arms
from latentq.study.report.frames import Frames
from latentq.study.report.wording import images_text

CARRIED = (
    "Carried over from the report that was written beside the jobs: their pictures are in no "
    "other place, and are not made again from the numbers."
)
PICTURED = 3  # Seeds; the pictures of others stay in the folders of the jobs.


def dots(findings: Findings, found: Frames) -> dict[str, list[Dot]]:
    """Returns the rows of the chart of all arms, by the title of their role, the best first."""
    rows = found["scores"]
    rows = rows[rows["size"] == findings.largest]
    order = rows["fid"].map(lambda fid: (fid is None, fid or 0.0)).sort_values(kind="stable")
    groups: dict[str, list[Dot]] = {title: [] for title in ROLES.values()}
    for row in rows.loc[order.index].to_dict("records"):
        dot = Dot(row["title"], row["role"], row["fid"], read(row, "fid").ends)
        groups[ROLES[row["role"]]].append(dot)
    return {title: group for title, group in groups.items() if group}


def lines(findings: Findings, found: Frames) -> list[Line]:
    """Returns the lines of the chart of FID against the number of images."""
    rows = found["scores"]
    rows = rows[rows["fid"].notna()]
    made = []
    for arm in headline_arms(findings.study.edition):
        own = rows[rows["arm"] == arm][::-1]  # Few images first.
        ends = [read(row, "fid").ends for row in own.to_dict("records")]
        line = Line(ARMS[arm].title, ARMS[arm].role, [*own["images"]], [*own["fid"]], ends)
        made += [line] if ends else []
    return made


def forest_picture(findings: Findings, found: Frames) -> Gallery:
    """Draws the FIDs of all arms at the largest number of images."""
    groups = dots(findings, found)
    floors = found["floors"].dropna(subset="fid")
    levels = dict(zip(floors["title"], floors["fid"], strict=True))
    shown = [dot for group in groups.values() for dot in group if dot.value is not None]
    told = "; ".join(f"{dot.label} {number(dot.value)}" for dot in shown)
    alt = f"Mean FIDs on a logarithmic axis: {told}"
    return chart(lambda width, theme: forest_chart(groups, levels, width, theme), alt)


def ratio_picture(findings: Findings, found: Frames) -> Gallery | None:
    """Draws the ratios of FIDs at the largest number of images on a logarithmic axis."""
    rows = found["verdicts"]
    rows = rows[(rows["size"] == findings.largest) & rows["ratio"].notna()]
    made = [
        Dot(row["title"], row["role"], row["ratio"], read(row, "ratio").ends)
        for row in rows.to_dict("records")
    ]
    if not made:
        return None
    told = "; ".join(f"{dot.label} {number(dot.value)}" for dot in made)
    alt = f"Ratio of the FID of quantum to that of each matched arm, logarithmic: {told}"
    return chart(lambda width, theme: ratio_chart(made, width, theme), alt)


def efficiency_picture(findings: Findings, found: Frames) -> Gallery | None:
    """Draws FID against the number of images, if there is more than one."""
    made = lines(findings, found)
    if not any(len(line.images) > 1 for line in made):
        return None
    names = "; ".join(line.label for line in made)
    alt = f"FID against the number of training images, both logarithmic, of {names}"
    return chart(lambda width, theme: efficiency_chart(made, width, theme), alt)


def _pictures(findings: Findings, arms: Sequence[str], seed: int, name: str) -> list[Image]:
    """Returns one picture of each arm at one seed and the largest number of images."""
    published = findings.study.published
    found = []
    for arm in arms:
        alt = f"{findings.prefix}{ARMS[arm].title}, seed {seed}"
        jobs = {job.seed: job for job in findings.study.at(arm, findings.largest)}
        run = jobs[seed].run if seed in jobs else None
        if published is not None:
            uri = published.pictures.get((name, alt))
            found.append(Image(alt, uri, (), Path(name), linked=False))
        else:
            found.append(Image(alt) if run is None else file_image(run.path / name, alt, False))
    return found


def pictures(findings: Findings, name: str, missing: bool) -> list[Block]:
    """Shows a picture of the first arms side by side, at equal seeds.

    Arguments:
        findings: The study.
        name: The name of the file in a run folder.
        missing: Whether a picture that is not there is shown as missing, or is left out.
    """
    size = images_text(findings.study, findings.largest)
    rows = []
    for seed in findings.study.seeds[:PICTURED]:
        row = _pictures(findings, headline_arms(findings.study.edition), seed, name)
        row = [image for image in row if missing or image.uri is not None]
        rows += [(f"Seed {seed}, {size} images", row)] if row else []
    carried = [Paragraph(CARRIED, "note")] if findings.study.published is not None else []
    return [*carried, *folded(rows)] if rows else []
