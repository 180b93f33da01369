"""Where the numbers of a group come from, and what they cannot say."""

import shlex
from collections.abc import Sequence
from typing import Any

from latentq.paths import NO_COMMIT
from latentq.report.blocks import Block, Code, Details, Paragraph, Table
from latentq.report.finished import STAGES, FinishedRun, Group
from latentq.report.grouping import settings
from latentq.report.scores import total_sizes
from latentq.report.tables import frame_of
from latentq.report.wording import ABSENT, MISSING, count, listed, number

TOLD = ("command", "git_commit")  # Of the environment, but told elsewhere.
COUNTS = ("train", "validation", "test")


def fact_text(value: Any) -> str:  # noqa: ANN401
    """Writes a value of `environment.json`; of a mapping, such as versions, names and values."""
    if isinstance(value, dict):
        return ", ".join(f"{name} {fact_text(item)}" for name, item in value.items())
    return "none" if value is None else str(value)


def run_facts(run: FinishedRun, images: str, against: str = "Images") -> dict[str, str]:
    """Returns what is known of where and on what a run was made, but for its command.

    Arguments:
        run: The run.
        images: How many images there were.
        against: What these are called.
    """
    accuracy = run.number("features.test_accuracy")
    facts = {
        "Data": run.get("data.name"),
        "Data, sha256": run.get("data.sha256"),
        against: images,
        "Samples for the scores": count(run.number("n_samples")),
        "FID features": run.get("features.name"),
        "FID features, sha256": run.get("features.sha256"),
        "FID features, test accuracy": None if accuracy is None else number(accuracy, 4),
        "Commit": run.get("git_commit") or NO_COMMIT,
    }
    environment = {"environment": MISSING} if run.environment is None else run.environment
    told = {key: fact_text(value) for key, value in environment.items() if key not in TOLD}
    facts |= {key.replace("_", " ").capitalize(): text for key, text in told.items()}
    return {key: text or MISSING for key, text in facts.items()}


def _images(run: FinishedRun) -> str:
    """Writes how many images a run had."""
    parts = [f"{part} {count(run.number(f'data.{part}'))}" for part in COUNTS]
    if (limit := run.number("data.limit")) is not None:
        parts.append(f"limited to {count(limit)}")
    return ", ".join(parts)


def command(run: FinishedRun) -> str:
    """Returns the command that made a run."""
    value = (run.environment or {}).get("command")
    if isinstance(value, list):
        return shlex.join(map(str, value))
    return str(value) if value else MISSING


def provenance(group: Group, names: Sequence[str]) -> list[Block]:
    """Makes the blocks on provenance: what all runs share, what differs, time and commands.

    Arguments:
        group: The runs.
        names: The folder of each run, as it is to be named.
    """
    facts = frame_of(run_facts(run, _images(run)) for run in group.runs).fillna(MISSING)
    same = facts.nunique() == 1
    named = list(zip(names, group.runs, strict=True))
    rows = [
        [name, str(run.get("name") or MISSING), MISSING if run.seed is None else str(run.seed)]
        + [seconds(run, stage) for stage in STAGES]
        + list(facts.loc[i, ~same])
        for i, (name, run) in enumerate(named)
    ]
    head = ["Run", "Name", "Seed", *map(str.capitalize, STAGES), *facts.columns[~same]]
    commands = "\n".join(f"{name}: {command(run)}" for name, run in named)
    return [
        Paragraph("The same for all runs of this section:", "note"),
        Table(["", "Value"], list(facts.loc[0, same].items()), numeric=False),
        Paragraph("Each run, with the wall time of its stages:", "note"),
        Table(head, rows, numeric=False),
        Paragraph("Commands:", "note"),
        Code(commands),
        Details("Settings that differ between models", [settings_table(group)]),
        *(Details(f"Configuration of {n}", [Code(r.config or MISSING)]) for n, r in named),
    ]


def seconds(run: FinishedRun, stage: str) -> str:
    """Writes the wall time of a stage of a run, which has no such stage if nothing is trained."""
    value = run.number(f"wall_seconds.{stage}")
    if not value and run.number(f"parameters.{stage}") == 0:
        return ABSENT
    return MISSING if value is None else f"{number(value, 0 if value >= 10 else 1)} s"


def settings_table(group: Group) -> Table:
    """Makes the table of the settings in which the arms of a group differ."""
    arms = [arm for arm in group.arms if arm.runs]
    chosen = [settings(arm.runs[0]) for arm in arms]
    keys = dict.fromkeys(key for found in chosen for key in found)
    rows = [[key, *(found.get(key, ABSENT) for found in chosen)] for key in keys]
    differ = [row for row in rows if len(set(row[1:])) > 1]
    return Table(["Setting", *(arm.label for arm in arms)], differ, numeric=False)


def _unequal(group: Group) -> str:
    """Says that the models of a group differ in size by more than a tenth, if they do."""
    sizes = total_sizes(group)
    if len(sizes) < 2 or max(sizes.values()) <= 1.1 * min(sizes.values()):
        return ""
    told = listed(f"{label} {count(size)}" for label, size in sizes.items())
    return f"The models are not of one size. Trained parameters: {told}."


def limits(groups: Sequence[Group]) -> list[str]:
    """Says what the comparison cannot say, given what was run."""
    runs = [run for group in groups for run in group.runs]
    most = max(len(arm.runs) for group in groups for arm in group.arms)
    said = [
        "FID is measured in the features of one small classifier, named under provenance. Its "
        "scale is its own: numbers compare within one table, not with FIDs published elsewhere.",
        "FID depends on the number of samples. Read every FID against the floor, which is real "
        "images against real images, and not against 0.",
        "The decoder dominates the FID of a hybrid. The models have autoencoders of their own, "
        "so a difference between samples is not one of the priors alone: see the rows on "
        "reconstruction. One frozen autoencoder under all priors would separate the two.",
        "Equal parameters are neither equal training nor equal tuning: see the wall times and the "
        "configurations.",
        "Four qubits are 16 amplitudes, simulated exactly, without the noise of a device. No "
        "result here is evidence of a quantum advantage, or against one at a larger size.",
    ]
    said += [_unequal(group) for group in groups if _unequal(group)]
    if most == 1:
        said.append("Every model has one seed: chance in the training is not measured at all.")
    else:
        said.append(
            f"Intervals are over at most {most} seeds. They hold chance in the training, and not "
            "the choice of data, of settings or of the feature network."
        )
    if any(group.digits for group in groups):
        said.append("The digits are 8 x 8 pixels, made larger. They say nothing about MNIST.")
    if any(run.number("data.limit") is not None for run in runs):
        said.append("Some runs saw a part of the data only. They are a check, not a result.")
    return said
