"""The report on a study as a document: its sections in order, from the verdict to its limits."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from latentq.report.blocks import Block, Bullets, Details, Document, Paragraph, Section
from latentq.report.comparison import DIGITS
from latentq.report.pages import write_report
from latentq.study.arms import Role
from latentq.study.jobs import EARLIER, FOLDER
from latentq.study.published import is_published, read_published
from latentq.study.report.findings import Findings, find
from latentq.study.report.frames import Frames, frames, frames_of_all
from latentq.study.report.images import (
    efficiency_picture,
    forest_picture,
    pictures,
    ratio_picture,
)
from latentq.study.report.price import CLAIM, price_of, price_text
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
    matching_table,
    missing_table,
    others_table,
    overall_table,
    scores_table,
    verdict_table,
)
from latentq.study.report.tuning import Log, log_frame, read_log, tuning_blocks
from latentq.study.report.wording import (
    efficiency,
    headline,
    images_text,
    ratios,
    rule,
    verdict_title,
    warnings,
)
from latentq.study.results import StudyResults, read_study

TITLE = "LatentQ: quantum against classical priors"
TUNING = "docs/results/tuning"
RATIOS = (
    "Ratios of FIDs at equal seeds with their 95% t-intervals on a logarithmic axis, at the "
    "largest number of images."
)
RECALLS = (
    "Recall is compared by the difference, quantum minus arm; above 0 quantum is better. Both "
    "p-values are adjusted together."
)
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
    "time of one thread, which depends on the machine and on how an arm is implemented. Free "
    "reals are weights without those that do nothing; it is they that are matched. Stages are the "
    "autoencoder, and a prior where it is trained or fitted."
)


OTHERS: tuple[Role, ...] = ("classical", "control")


def make_document(
    findings: Sequence[Findings], found: Sequence[Frames], log: Log = ()
) -> Document:
    """Makes the report.

    Arguments:
        findings: The study of each data set, with its verdicts.
        found: What is behind the tables of each.
        log: The log of the tuning.
    """
    first = findings[0].study.edition == 1
    each = list(zip(findings, found, strict=True))
    parts = [part for of in each for part in _verdicts(*of).items()]
    parts += [part for of in each for part in _sections(*of).items()]
    if not first:
        parts += [
            ("Tuning", tuning_blocks(log)),
            ("Kind of claim, and its price", _claim(findings)),
        ]
    parts += [
        ("Provenance", provenance(findings)),
        ("What this study cannot say", [Bullets(limits(findings))]),
    ]
    said = [text for of in findings for text in (headline(of), f"{of.prefix}{efficiency(of)}")]
    return Document(
        f"{TITLE}, first edition of the study" if first else TITLE,
        said,
        _remarks(findings),
        [Section(title, blocks, level=2) for title, blocks in parts],
        verdict_title(findings),
        script=True,
    )


def _remarks(findings: Sequence[Findings]) -> list[Block]:
    """Says how the rule was applied, and what has to be known to read the result."""
    told: dict[str, list[str]] = {}
    for of in findings:
        for text in warnings(of):
            told.setdefault(text, []).append(of.prefix)
    warned: list[Block] = [
        # What holds for all data sets is told once.
        Paragraph(text if len(names) == len(findings) else f"{names[0]}{text}", "warning")
        for text, names in told.items()
    ]
    if any(run.digits for of in findings for run in of.study.runs.values()):
        warned.insert(0, Paragraph(DIGITS, "warning"))
    return [Paragraph(rule(findings), "note"), *warned]


def _verdicts(findings: Findings, found: Frames) -> dict[str, list[Block]]:
    """Makes the blocks on the verdicts of a data set."""
    first = findings.study.edition == 1
    picture = None if first else ratio_picture(findings, found)
    drawn: list[Block] = [picture, Paragraph(RATIOS, "note")] if picture else []
    return {
        f"{findings.prefix}Verdict for every number of images": [
            overall_table(findings, found),
            *drawn,
            verdict_table(findings, found),
            Paragraph(VERDICTS if first else f"{VERDICTS} {RECALLS}", "note"),
        ]
    }


def _sections(findings: Findings, found: Frames) -> dict[str, list[Block]]:
    """Makes the blocks of every section of a data set; a page leaves out one without blocks."""
    largest = images_text(findings.study, findings.largest)
    curves = efficiency_picture(findings, found)
    chains = pictures(findings, "samples_chain.png", missing=False)
    missing = missing_table(findings, found)
    note = Paragraph(UNADJUSTED, "note")
    others: dict[str, list[Block]] = {
        role: [others_table(findings, found, role), note] if findings.arms(role) else []
        for role in OTHERS
    }
    sections: dict[str, list[Block]] = {
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
    }
    return {f"{findings.prefix}{title}": blocks for title, blocks in sections.items()}


def _claim(findings: Sequence[Findings]) -> list[Block]:
    """Says which kind of claim could be made, and what it would cost on a machine."""
    price = next((found for of in findings if (found := price_of(of))), None)
    return [Paragraph(CLAIM), *([Paragraph(price_text(price))] if price else [])]


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


def _facts(findings: Sequence[Findings]) -> dict[str, Any]:
    """Returns what the JSON file holds besides the tables; the same jobs give the same bytes."""
    study, price = findings[0].study, price_of(findings[0])
    return {
        "edition": study.edition,
        "verdict": verdict_title(findings).lower(),
        "headline": " ".join(headline(of) for of in findings),
        "ratios": " ".join(f"{of.prefix}{ratios(of)}" for of in findings),
        "sample_efficiency": " ".join(efficiency(of) for of in findings),
        "rule": rule(findings),
        "warnings": [text for of in findings for text in warnings(of)],
        "provenance": facts(findings),
        "seconds": seconds(findings),
        "options": options(findings),
        "commands": commands(findings),
        "memorised": memorised(findings[0]),
        "git_commit": study.git_commit,
        "tuning_settings": study.tuning,
        "shots": price.shots if price else None,
    }


def _read(root: Path) -> list[StudyResults]:
    """Reads a study from the folders of its jobs, or else from its published report."""
    kept = any((root / name).is_dir() for name in (FOLDER, EARLIER))
    return read_published(root) if is_published(root) and not kept else [read_study(root)]


def build(
    roots: str | Path | Sequence[str | Path], out: str | Path, tuning: str | Path = TUNING
) -> list[str]:
    """Writes the report on a study.

    Arguments:
        roots: The folder of the study, or one for each data set, or that of a published report.
        out: The folder to write to.
        tuning: The folder of the logs of the tuning.

    Returns:
        The verdict and its sentences.

    Raises:
        InputError: If the jobs cannot be read or compared, or the report cannot be written.
    """
    listed = [roots] if isinstance(roots, str | Path) else roots
    studies = [study for root in listed for study in _read(Path(root))]
    findings = find(studies)
    # A published report has the log that it was written with.
    published = studies[0].published is not None
    folder = Path(listed[0]) / "data" if published else Path(tuning)
    second = studies[0].edition > 1
    log = read_log(folder, [study.data for study in studies]) if second else []
    document = make_document(findings, [frames(of) for of in findings], log)
    tables = frames_of_all(findings)
    if second:
        tables["tuning"] = log_frame(log)
    write_report(Path(out), document, _facts(findings), tables)
    return [document.verdict, *document.headlines]
