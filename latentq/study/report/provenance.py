"""Where the numbers of a study come from, and what they cannot say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from latentq.paths import NO_COMMIT
from latentq.report.blocks import Block, Code, Details, Paragraph, Table
from latentq.report.finished import STAGES, FinishedRun
from latentq.report.provenance import command, fact_text, run_facts
from latentq.report.tables import frame_of
from latentq.report.wording import count, number
from latentq.study.report.findings import Findings
from latentq.study.results import without_folders

AGAINST = "Images against"
MEMORISED = (
    "Memorised is the share of samples that lie closer to a training image than all but 1% of "
    "the model's reconstructions of held-out images do."
)


def _facts(run: FinishedRun) -> dict[str, str]:
    """Returns what is known of where and on what a job was made."""
    found = run_facts(run, f"{count(run.number('data.test'))}, {run.split}", AGAINST)
    return {key: without_folders(text) for key, text in found.items()}


def facts(findings: Findings) -> dict[str, dict[str, int]]:
    """Returns what is known of the jobs: for each fact its values, and in how many jobs."""
    published = findings.study.published
    if published is not None:
        counts = {key: Counter(values) for key, values in published.facts.items()}
    else:
        found = frame_of(_facts(run) for run in findings.study.runs.values())
        counts = {str(key): Counter(found[key].dropna()) for key in found}
    return {key: dict(values.most_common()) for key, values in counts.items()}


def commands(findings: Findings) -> dict[str, str]:
    """Returns the command of each job that was run, by its name."""
    study = findings.study
    if study.published is None:
        return {name: without_folders(command(run)) for name, run in study.runs.items()}
    told = study.published.commands
    return {job.name: told[job.name] for job in study.jobs if job.name in told}


def options(findings: Findings) -> dict[str, str]:
    """Returns the options of the study as text, by their names."""
    found = sorted(findings.study.options.items())
    return {str(key): _option(value) for key, value in found}


def memorised(findings: Findings) -> str:
    """Says by which rule the share of memorised samples was measured."""
    published = findings.study.published
    return MEMORISED if published is None else published.memorised


def seconds(findings: Findings) -> float:
    """Returns the wall time of all stages of all jobs together."""
    keys = [f"wall_seconds.{stage}" for stage in STAGES]
    runs = findings.study.runs.values()
    return sum(run.number(key) or 0.0 for run in runs for key in keys)


def provenance(findings: Findings) -> list[Block]:
    """Makes the blocks on provenance: what the jobs share, how long they took, the commands."""
    study = findings.study
    rows = [[key, _told(values)] for key, values in facts(findings).items()]
    total = seconds(findings)
    rows += [
        ["Commit of the study", study.git_commit or NO_COMMIT],
        ["Jobs", f"{sum(c.state == 'finished' for c in study.jobs)} of {len(study.jobs)}"],
        ["Wall time of all jobs", f"{count(total)} s, {number(total / 3600)} hours"],
    ]
    chosen = [[key, value] for key, value in options(findings).items()]
    lines = [f"{name}: {line}" for name, line in commands(findings).items()]
    blocks: list[Block] = [Table(["", "Value"], rows, numeric=False)]
    if chosen:
        blocks += [
            Paragraph("The options of the study:", "note"),
            Table(["Option", "Value"], chosen, numeric=False),
        ]
    return [*blocks, Details("Command of every job", [Code("\n".join(lines))])]


def _told(values: Mapping[str, int]) -> str:
    """Writes the values of a fact; where there are several, in how many jobs each is."""
    if len(values) == 1:
        return next(iter(values))
    return "; ".join(f"{text} ({n} job{'s' if n > 1 else ''})" for text, n in values.items())


def _option(value: object) -> str:
    """Writes an option of the study."""
    text = ", ".join(map(str, value)) if isinstance(value, list) else fact_text(value)
    return without_folders(text)


def limits(findings: Findings) -> list[str]:
    """Says what the study cannot say, given what was run."""
    study = findings.study
    most = max(findings.seeds(arm, size)[0] for arm in findings.all_arms for size in study.sizes)
    said = [
        "One data set, one decoder, and four qubits, which are 16 amplitudes, simulated without "
        "noise. No result here is evidence of a quantum advantage, or against one at a larger "
        "size.",
        "FID in the features of one small classifier rewards clean samples more than varied ones; "
        "therefore recall and coverage stand beside it. Its scale is its own: numbers compare "
        "within this report, not with FIDs published elsewhere.",
        "FID depends on the number of samples. Read it against the floors, and not against 0.",
        "Equal parameters are neither equal time nor equal tuning. Settings were chosen on "
        "validation images, those of the quantum arm with more effort than those of others.",
        f"Intervals are over {most} seeds at the most. They hold chance in split, training and "
        "sampling, and not the choice of data, of settings or of the feature network.",
        "Only the verdicts on matched arms are adjusted for their number. The intervals of other "
        "arms are not: of twenty, one is expected to miss.",
    ]
    if any(run.digits for run in study.runs.values()):
        said.append("The digits are 8 x 8 pixels, made larger. They say nothing about MNIST.")
    return said
