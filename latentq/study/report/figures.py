"""The charts of the study, and the pictures of its jobs, inlined."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from latentq.report.blocks import Block, Details, Paragraph, Picture, Pictures
from latentq.report.pictures import chart, file_picture
from latentq.report.plots.efficiency import Line, efficiency_chart
from latentq.report.plots.study import Dot, forest_chart
from latentq.report.wording import number
from latentq.study.arms import ARMS
from latentq.study.report.findings import ROLES, Findings, headline_arms
from latentq.study.report.records import Record, Value, efficiency, floors, forest
from latentq.study.report.wording import images_text

CARRIED = (
    "Carried over from the report that was written beside the jobs: their pictures are in no "
    "other place, and are not made again from the numbers."
)
PICTURED = 3  # Seeds; the pictures of others stay in the folders of the jobs.


def _float(value: Value) -> float | None:
    """Returns the number in a record, or `None`."""
    return float(value) if isinstance(value, int | float) else None


def _ends(row: Record) -> tuple[float, float] | None:
    """Returns the interval of the FID in a record."""
    low, high = _float(row["fid_low"]), _float(row["fid_high"])
    return None if low is None or high is None else (low, high)


def dots(findings: Findings) -> dict[str, list[Dot]]:
    """Returns the rows of the chart of all arms, by the title of their role."""
    rows = forest(findings)
    groups = {
        title: [
            Dot(str(row["title"]), role, _float(row["fid"]), _ends(row))
            for row in rows
            if row["role"] == role
        ]
        for role, title in ROLES.items()
    }
    return {title: found for title, found in groups.items() if found}


def lines(findings: Findings) -> list[Line]:
    """Returns the lines of the chart of FID against the number of images."""
    found = []
    for arm in headline_arms():
        rows = [row for row in efficiency(findings) if row["arm"] == arm]
        points = [(_float(row["images"]), _float(row["fid"]), _ends(row)) for row in rows]
        kept = [(n, fid, ends) for n, fid, ends in points if n is not None and fid is not None]
        if kept:
            images, values, ends = zip(*kept, strict=True)
            found.append(Line(ARMS[arm].title, ARMS[arm].role, images, values, ends))
    return found


def forest_picture(findings: Findings) -> Pictures:
    """Draws the FIDs of all arms at the largest number of images."""
    groups = dots(findings)
    levels = {
        str(row["title"]): fid
        for row in floors(findings)
        if (fid := _float(row["fid"])) is not None
    }
    told = [
        f"{dot.label} {number(dot.value)}"
        for group in groups.values()
        for dot in group
        if dot.value is not None
    ]
    alt = f"Mean FIDs on a logarithmic axis: {'; '.join(told)}"
    return chart(lambda width, theme: forest_chart(groups, levels, width, theme), alt)


def efficiency_picture(findings: Findings) -> Pictures | None:
    """Draws FID against the number of images, if there is more than one."""
    found = lines(findings)
    if not any(len(line.images) > 1 for line in found):
        return None
    names = "; ".join(line.label for line in found)
    alt = f"FID against the number of training images, both logarithmic, of {names}"
    return chart(lambda width, theme: efficiency_chart(found, width, theme), alt)


def _pictures(findings: Findings, arms: Sequence[str], seed: int, name: str) -> list[Picture]:
    """Returns one picture of each arm at one seed and the largest number of images."""
    size = findings.largest
    found = []
    for arm in arms:
        alt = f"{ARMS[arm].title}, seed {seed}"
        jobs = {job.seed: job for job in findings.study.at(arm, size)}
        run = jobs[seed].run if seed in jobs else None
        picture = Picture(alt) if run is None else file_picture(run.path / name, alt)
        if findings.study.published is not None:
            uri = findings.study.published.pictures.get((name, alt))
            picture = Picture(alt, uri, (), Path(name))
        found.append(dataclasses.replace(picture, linked=False))
    return found


def _folded(findings: Findings, pictures: dict[int, list[Picture]]) -> list[Block]:
    """Shows the pictures of the first seed, and folds those of others away."""
    first, *rest = [Pictures(items) for items in pictures.values()]
    size = images_text(findings.study, findings.largest)
    carried = findings.study.published is not None
    return [
        *([Paragraph(CARRIED, "note")] if carried else []),
        first,
        *(
            Details(f"Seed {seed}, {size} images", [items])
            for seed, items in zip(list(pictures)[1:], rest, strict=True)
        ),
    ]


def samples(findings: Findings) -> list[Block]:
    """Shows samples of the first arms side by side, at equal seeds."""
    seeds = findings.study.seeds[:PICTURED]
    arms = headline_arms()
    return _folded(
        findings, {seed: _pictures(findings, arms, seed, "samples.png") for seed in seeds}
    )


def chains(findings: Findings) -> list[Block]:
    """Shows the denoising chains of the first arms that have one, at equal seeds."""
    found = {
        seed: [
            picture
            for picture in _pictures(findings, headline_arms(), seed, "samples_chain.png")
            if picture.uri is not None
        ]
        for seed in findings.study.seeds[:PICTURED]
    }
    kept = {seed: pictures for seed, pictures in found.items() if pictures}
    return _folded(findings, kept) if kept else []
