"""Where the numbers of a study come from, and what they cannot say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

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


RECALL_TOO = "therefore recall decides with it."
EFFORT = {
    True: (
        "Equal parameters are neither equal time nor equal tuning. Settings were chosen on "
        "validation images, those of the quantum arm with more effort than those of others."
    ),
    False: (
        "Equal free reals are not equal time, and equal numbers of trials are not equal luck: "
        "the search spaces were written by the same authors, who know the quantum arm best."
    ),
}


def _facts(run: FinishedRun) -> dict[str, str]:
    """Returns what is known of where and on what a job was made."""
    found = run_facts(run, f"{count(run.number('data.test'))}, {run.split}", AGAINST)
    return {key: without_folders(text) for key, text in found.items()}


def facts(findings: Sequence[Findings]) -> dict[str, dict[str, int]]:
    """Returns what is known of the jobs: for each fact its values, and in how many jobs."""
    published = findings[0].study.published
    if published is not None:
        counts = {key: Counter(values) for key, values in published.facts.items()}
    else:
        runs = [run for of in findings for run in of.study.runs.values()]
        found = frame_of(_facts(run) for run in runs)
        counts = {str(key): Counter(found[key].dropna()) for key in found}
    # Ties by the alphabet, as JSON sorts them.
    return {
        key: dict(sorted(values.items(), key=lambda item: (-item[1], item[0])))
        for key, values in counts.items()
    }


def commands(findings: Sequence[Findings]) -> dict[str, str]:
    """Returns the command of each job that was run, by its name, with the data if they differ."""
    found: dict[str, str] = {}
    for of in findings:
        study, before = of.study, f"{of.study.data}/" if len(findings) > 1 else ""
        told: Mapping[str, str]
        if study.published is None:
            told = {
                f"{before}{name}": without_folders(command(run))
                for name, run in study.runs.items()
            }
        else:
            told = study.published.commands
        names = (f"{before}{job.name}" for job in study.jobs)
        found |= {name: told[name] for name in names if name in told}
    return found


def options(findings: Sequence[Findings]) -> dict[str, str]:
    """Returns the options of the studies as text, by their names; those that differ one by one."""
    found: dict[str, list[str]] = {}
    for of in findings:
        for key, value in sorted(of.study.options.items()):
            found.setdefault(str(key), []).append(_option(value))
    return {key: "; ".join(dict.fromkeys(values)) for key, values in found.items()}


def memorised(findings: Findings) -> str:
    """Says by which rule the share of memorised samples was measured."""
    published = findings.study.published
    return MEMORISED if published is None else published.memorised


def seconds(findings: Sequence[Findings]) -> float:
    """Returns the wall time of all stages of all jobs together."""
    keys = [f"wall_seconds.{stage}" for stage in STAGES]
    runs = [run for of in findings for run in of.study.runs.values()]
    return sum(run.number(key) or 0.0 for run in runs for key in keys)


def provenance(findings: Sequence[Findings]) -> list[Block]:
    """Makes the blocks on provenance: what the jobs share, how long they took, the commands."""
    jobs = [job for of in findings for job in of.study.jobs]
    commits = dict.fromkeys(of.study.git_commit or NO_COMMIT for of in findings)
    rows = [[key, _told(values)] for key, values in facts(findings).items()]
    total = seconds(findings)
    rows += [
        ["Commit of the study", ", ".join(commits)],
        ["Jobs", f"{sum(job.state == 'finished' for job in jobs)} of {len(jobs)}"],
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


def limits(findings: Sequence[Findings]) -> list[str]:
    """Says what the study cannot say, given what was run."""
    first = findings[0].study.edition == 1
    most = max(of.seeds(a, n)[0] for of in findings for a in of.all_arms for n in of.study.sizes)
    data = "One data set" if len(findings) == 1 else f"{len(findings)} data sets of one kind"
    said = [
        f"{data}, one decoder, and four qubits, which are 16 amplitudes, simulated without "
        "noise. No result here is evidence of a quantum advantage, or against one at a larger "
        "size.",
        "FID in the features of one small classifier rewards clean samples more than varied ones; "
        + ("therefore recall and coverage stand beside it." if first else RECALL_TOO)
        + " Its scale is its own: numbers compare "
        "within this report, not with FIDs published elsewhere.",
        "FID depends on the number of samples. Read it against the floors, and not against 0.",
        EFFORT[first],
        f"Intervals are over {most} seeds at the most. They hold chance in split, training and "
        "sampling, and not the choice of data, of settings or of the feature network.",
        "Only the verdicts on matched arms are adjusted for their number. The intervals of other "
        "arms are not: of twenty, one is expected to miss.",
    ]
    if any(run.digits for of in findings for run in of.study.runs.values()):
        said.append("The digits are 8 x 8 pixels, made larger. They say nothing about MNIST.")
    return said
