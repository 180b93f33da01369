"""The report on a study as a document: its sections in order, from the verdict to its limits."""

from __future__ import annotations

from latentq.report.blocks import Block, Bullets, Details, Document, Paragraph, Section
from latentq.report.document import DIGITS
from latentq.study.report.figures import chains, efficiency_picture, forest_picture, samples
from latentq.study.report.findings import Findings
from latentq.study.report.provenance import limits, memorised, provenance
from latentq.study.report.tables import (
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


def make_document(findings: Findings) -> Document:
    """Makes the report."""
    sections = [
        Section(title, blocks, level=2) for title, blocks in _sections(findings).items() if blocks
    ]
    said = [headline(findings), efficiency(findings)]
    verdict = verdict_title(findings)
    return Document(TITLE, said, _remarks(findings), sections, verdict, script=True)


def _remarks(findings: Findings) -> list[Block]:
    """Says how the rule was applied, and what has to be known to read the result."""
    warned = [Paragraph(text, "warning") for text in warnings(findings)]
    digits = {job.run.get("data.name") for job in findings.study.jobs if job.run is not None}
    if "digits" in digits:
        warned.insert(0, Paragraph(DIGITS, "warning"))
    return [Paragraph(rule(findings), "note"), *warned]


def _sections(findings: Findings) -> dict[str, list[Block]]:
    """Makes the blocks of every section; one without blocks is left out."""
    largest = images_text(findings.study, findings.largest)
    curves = efficiency_picture(findings)
    shown = chains(findings)
    missing = missing_table(findings)
    return {
        "Verdict for every number of images": [
            overall_table(findings),
            verdict_table(findings),
            Paragraph(VERDICTS, "note"),
        ],
        f"FID of all arms, {largest} images": [
            forest_picture(findings),
            Paragraph(FOREST, "note"),
        ],
        "FID against the number of images": [curves, Paragraph(CURVES, "note")] if curves else [],
        f"Samples, {largest} images": samples(findings),
        "Denoising chains": [Paragraph(CHAINS, "note"), *shown] if shown else [],
        **_other_arms(findings, largest),
        f"All scores, {largest} images": _scores(findings),
        "What was matched": [matching_table(findings), Paragraph(MATCHING, "note")],
        "Missing jobs": [missing or Paragraph("None: every job has a FID.")],
        "Provenance": provenance(findings),
        "What this study cannot say": [Bullets(limits(findings))],
    }


def _other_arms(findings: Findings, largest: str) -> dict[str, list[Block]]:
    """Makes the sections on arms that take no part in the verdict."""
    note = Paragraph(UNADJUSTED, "note")
    found: dict[str, list[Block]] = {}
    if findings.arms("classical"):
        found[f"Other classical models, {largest} images"] = [
            others_table(findings, "classical"),
            note,
        ]
    if findings.arms("control"):
        found[f"Controls: what each part does, {largest} images"] = [
            others_table(findings, "control"),
            note,
        ]
    return found


def _scores(findings: Findings) -> list[Block]:
    """Makes the tables of all scores; those of smaller numbers of images are folded away."""
    study = findings.study
    smaller = [size for size in reversed(study.sizes) if size != findings.largest]
    return [
        scores_table(findings, findings.largest),
        Paragraph(f"{SCORES} {memorised(findings)}", "note"),
        *(
            Details(f"{images_text(study, size)} images", [scores_table(findings, size)])
            for size in smaller
        ),
    ]
