"""The report on a study as a document: its sections in order, from the verdict to its limits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from latentq.report.blocks import Block, Bullets, Details, Document, Paragraph, Section
from latentq.report.comparison import DIGITS
from latentq.report.pages import write_report
from latentq.study.arms import Role
from latentq.study.jobs import EARLIER, FOLDER
from latentq.study.published import is_published, read_published
from latentq.study.report.findings import Findings, find
from latentq.study.report.images import efficiency_picture, forest_picture, pictures
from latentq.study.report.provenance import (
    commands,
    facts,
    limits,
    memorised,
    options,
    provenance,
    seconds,
)
from latentq.study.report.tables import (
    Frames,
    frames,
    matching_table,
    missing_table,
    others_table,
    overall_table,
    scores_table,
    verdict_table,
)
from latentq.study.report.wording import (
    efficiency,
    headline,
    images_text,
    rule,
    verdict_title,
    warnings,
)
from latentq.study.results import StudyResults, read_study

TITLE = "LatentQ: quantum against classical priors"
VERDICTS = (
    "Quantum ÷ arm is the ratio of FIDs at equal seeds with its 95% t-interval; below 1 quantum "
    "is better. p is adjusted by Holm's method over all rows that have one. Images are those to "
    "train on, without those for validation."
)
FOREST = (
    "Geometric means over seeds with the 95% t-intervals of the logarithms; one that leaves the "
    "axis is cut there. Dashed lines: "
    "real training images, and reconstructions by the decoder that all arms but the VAEs share, "
    "both against test images."
)
CURVES = (
    "Geometric means over seeds with the 95% t-intervals of the logarithms, of the quantum arm, "
    "the matched arms and two other classical models; the controls are left out."
)
CHAINS = "From the noise at the top to the samples at the bottom, a row for each step."
UNADJUSTED = (
    "Takes no part in the verdict. Quantum ÷ arm is the ratio of FIDs at equal seeds with its 95% "
    "t-interval, not adjusted for the number of arms; below 1 quantum is better."
)
SCORES = (
    "Means over seeds with 95% intervals; without brackets of a single seed. FID, FID∞, KID and "
    "density have geometric means with the t-intervals of their logarithms (an arithmetic one "
    "where a value is not positive, which is said), the others, which lie between 0 and 1, "
    "arithmetic means with intervals that stay inside. ↓ lower is better, ↑ higher is better. "
    "FID∞ is FID at infinitely many samples."
)
MATCHING = (
    "Matched arms have as many prior parameters as the circuits, within 2%. Seconds are CPU "
    "time of one thread, which depends on the machine and on how an arm is implemented."
)


OTHERS: tuple[Role, ...] = ("classical", "control")


def make_document(findings: Findings, found: Frames) -> Document:
    """Makes the report.

    Arguments:
        findings: The study with its verdicts.
        found: What is behind the tables.
    """
    sections = _sections(findings, found).items()
    return Document(
        TITLE,
        [headline(findings), efficiency(findings)],
        _remarks(findings),
        [Section(title, blocks, level=2) for title, blocks in sections],
        verdict_title(findings),
        script=True,
    )


def _remarks(findings: Findings) -> list[Block]:
    """Says how the rule was applied, and what has to be known to read the result."""
    warned = [Paragraph(text, "warning") for text in warnings(findings)]
    if any(run.digits for run in findings.study.runs.values()):
        warned.insert(0, Paragraph(DIGITS, "warning"))
    return [Paragraph(rule(findings), "note"), *warned]


def _sections(findings: Findings, found: Frames) -> dict[str, list[Block]]:
    """Makes the blocks of every section; a page leaves out one without blocks."""
    largest = images_text(findings.study, findings.largest)
    curves = efficiency_picture(found)
    chains = pictures(findings, "samples_chain.png", missing=False)
    missing = missing_table(findings, found)
    note = Paragraph(UNADJUSTED, "note")
    others: dict[str, list[Block]] = {
        role: [others_table(findings, found, role), note] if findings.arms(role) else []
        for role in OTHERS
    }
    return {
        "Verdict for every number of images": [
            overall_table(findings, found),
            verdict_table(findings, found),
            Paragraph(VERDICTS, "note"),
        ],
        f"FID of all arms, {largest} images": [
            forest_picture(findings, found),
            Paragraph(FOREST, "note"),
        ],
        "FID against the number of images": [curves, Paragraph(CURVES, "note")] if curves else [],
        f"Samples, {largest} images": pictures(findings, "samples.png", missing=True),
        "Denoising chains": [Paragraph(CHAINS, "note"), *chains] if chains else [],
        f"Other classical models, {largest} images": others["classical"],
        f"Controls: what each part does, {largest} images": others["control"],
        f"All scores, {largest} images": _scores(findings, found),
        "What was matched": [matching_table(found), Paragraph(MATCHING, "note")],
        "Missing jobs": [missing or Paragraph("None: every job has a FID.")],
        "Provenance": provenance(findings),
        "What this study cannot say": [Bullets(limits(findings))],
    }


def _scores(findings: Findings, found: Frames) -> list[Block]:
    """Makes the tables of all scores; those of smaller numbers of images are folded away."""
    study = findings.study
    smaller = [size for size in reversed(study.sizes) if size != findings.largest]
    return [
        scores_table(findings, found, findings.largest),
        Paragraph(f"{SCORES} {memorised(findings)}", "note"),
        *(
            Details(f"{images_text(study, size)} images", [scores_table(findings, found, size)])
            for size in smaller
        ),
    ]


def _facts(findings: Findings) -> dict[str, Any]:
    """Returns what the JSON file holds besides the tables; the same jobs give the same bytes."""
    return {
        "verdict": verdict_title(findings).lower(),
        "headline": headline(findings),
        "sample_efficiency": efficiency(findings),
        "rule": rule(findings),
        "warnings": warnings(findings),
        "provenance": facts(findings),
        "seconds": seconds(findings),
        "options": options(findings),
        "commands": commands(findings),
        "memorised": memorised(findings),
        "git_commit": findings.study.git_commit,
    }


def _read(root: Path) -> StudyResults:
    """Reads a study from the folders of its jobs, or else from its published report."""
    kept = any((root / name).is_dir() for name in (FOLDER, EARLIER))
    return read_published(root) if is_published(root) and not kept else read_study(root)


def build(root: str | Path, out: str | Path) -> list[str]:
    """Writes the report on a study.

    Arguments:
        root: The folder of the study, or of its published report.
        out: The folder to write to.

    Returns:
        The verdict and its sentences.

    Raises:
        InputError: If the jobs cannot be read or compared, or the report cannot be written.
    """
    findings = find(_read(Path(root)))
    found = frames(findings)
    document = make_document(findings, found)
    write_report(Path(out), document, _facts(findings), found)
    return [document.verdict, *document.headlines]
