"""Where the numbers of a study come from, and what they cannot say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from latentq.paths import NO_COMMIT
from latentq.report.blocks import Block, Code, Details, Paragraph, Table
from latentq.report.finished import STAGES, Run
from latentq.report.provenance import command, fact_text
from latentq.report.wording import MISSING, count, number
from latentq.study.report.findings import Findings
from latentq.study.results import JobResult, without_folders

TOLD = ("command", "git_commit")  # Of the environment, but told elsewhere.
MEMORISED = (
    "Memorised is the share of samples that lie closer to a training image than all but 1% of "
    "the model's reconstructions of held-out images do."
)


def runs(findings: Findings) -> list[tuple[JobResult, Run]]:
    """Returns the jobs that were run, with the run."""
    return [(job, job.run) for job in findings.study.jobs if job.run is not None]


def _facts(run: Run) -> dict[str, str]:
    """Returns what is known of where and on what a job was made."""
    facts = {
        "Data": run.get("data.name"),
        "Data, sha256": run.get("data.sha256"),
        "Images against": f"{count(run.number('data.test'))}, {run.split}",
        "Samples for the scores": count(run.number("n_samples")),
        "FID features": run.get("features.name"),
        "FID features, sha256": run.get("features.sha256"),
        "Commit of the jobs": run.get("git_commit") or NO_COMMIT,
    }
    told = {k: v for k, v in (run.environment or {}).items() if k not in TOLD}
    facts |= {key.replace("_", " ").capitalize(): fact_text(v) for key, v in told.items()}
    return {key: without_folders(str(text or MISSING)) for key, text in facts.items()}


def facts(findings: Findings) -> dict[str, dict[str, int]]:
    """Returns what is known of the jobs: for each fact its values, and in how many jobs."""
    if findings.study.published is not None:
        told = findings.study.published.facts.items()
        return {key: dict(Counter(values).most_common()) for key, values in told}
    found: dict[str, Counter[str]] = {}
    for _, run in runs(findings):
        for key, text in _facts(run).items():
            found.setdefault(key, Counter())[text] += 1
    return {key: dict(values.most_common()) for key, values in found.items()}


def commands(findings: Findings) -> dict[str, str]:
    """Returns the command of each job that was run, by its name."""
    if findings.study.published is not None:
        told_of = findings.study.published.commands
        return {c.name: told_of[c.name] for c in findings.study.jobs if c.name in told_of}
    return {job.name: without_folders(command(run)) for job, run in runs(findings)}


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
    return sum(run.number(key) or 0.0 for _, run in runs(findings) for key in keys)


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
    if any(run.get("data.name") == "digits" for _, run in runs(findings)):
        said.append("The digits are 8 x 8 pixels, made larger. They say nothing about MNIST.")
    return said
