"""The tables of one group of runs, and the rows that its FID chart shares with them."""

from dataclasses import dataclass

from latentq.report.blocks import Paragraph, Table
from latentq.report.finished import MODELS, PARTS, Group, Replicates
from latentq.report.statistics import Summary, scale_of, summarize
from latentq.report.wording import (
    ABSENT,
    MISSING,
    count,
    decimals,
    floor_text,
    interval,
    number,
    step,
)

FLOOR = "Real train against real test (floor)"
INTERVALS = (
    "Over seeds FID and KID have geometric means with the 95% t-interval of their logarithms, an "
    "arithmetic one where a value is not positive, which is said; shares have means with a 95% "
    "interval that stays between 0 and 1. "
)
SCORES = {
    "kid": "KID ↓", "precision": "Precision ↑", "recall": "Recall ↑", "coverage": "Coverage ↑",
}  # fmt: skip


@dataclass(frozen=True)
class ScoreRow:
    """A row of the FID table: what it is, an arm, and the key of the FID in `metrics.json`."""

    what: str
    arm: Replicates
    key: str

    @property
    def label(self) -> str:
        """The name of the row."""
        return f"{self.what}, {self.arm.label}"

    @property
    def summary(self) -> Summary | None:
        """The FID over the seeds of the arm."""
        return self.arm.summary(self.key)


def entries(group: Group) -> list[ScoreRow]:
    """Returns the rows of the FID table of a group below the floor, the best ones first."""
    quantum = [arm for arm in group.arms if arm.model == "quantum"]
    return [
        *(ScoreRow("Reconstruction", a, "fid_reconstruction") for a in group.arms),
        *(ScoreRow("Samples", a, "fid") for a in group.arms),
        *(ScoreRow("Undenoised terminal states", a, "fid_terminal") for a in quantum),
        *(ScoreRow("Haar states, decoded", a, "fid_haar") for a in quantum),
    ]


def has_inception(group: Group) -> bool:
    """Returns whether any run has a FID in Inception features."""
    return any(run.number("fid_inception") is not None for run in group.runs)


def has_classes(group: Group) -> bool:
    """Returns whether the classifier behind FID knows the classes of the data, in any run."""
    return any(run.metrics.get("class_counts", []) is not None for run in group.runs)


def fid_table(group: Group) -> Table:
    """Makes the table of FIDs, with KID, precision, recall and coverage of the samples."""
    scores = {**({"fid_inception": "FID, Inception ↓"} if has_inception(group) else {}), **SCORES}
    if group.runs[0].conditional and has_classes(group):
        scores["label_accuracy"] = "Label accuracy ↑"
    blank = [ABSENT] * len(scores)
    rows = [[FLOOR, floor_text(group), *blank]]
    strong = set()
    for entry in entries(group):
        runs = len(entry.arm.runs)
        samples = entry.key == "fid"
        cells = [_cell(entry.arm, key) for key in scores] if samples else blank
        if samples:
            strong.add(len(rows))
        rows.append([entry.label, interval(entry.summary, runs), *cells])
    return Table(["", "FID ↓", *scores.values()], rows, strong=frozenset(strong))


def _cell(arm: Replicates, key: str) -> str:
    """Writes the mean of a number over the seeds of an arm."""
    text = interval(arm.summary(key), len(arm.runs))
    deviation = arm.runs[0].number("kid_std") if len(arm.runs) == 1 and key == "kid" else None
    if deviation is None or text == MISSING:
        return text
    if deviation <= 1e-9 * abs(max(arm.values(key).values())):  # Rounding.
        return f"{text} (sd 0)"
    return f"{text} (sd {number(deviation, decimals(deviation, 2))})"


def fid_notes(group: Group) -> list[Paragraph]:
    """Says how to read the FID table."""
    repeated = any(len(arm.runs) > 1 for arm in group.arms)
    single = any(len(arm.runs) == 1 for arm in group.arms)
    text = "↓ lower is better, ↑ higher is better. "
    if repeated:
        text += INTERVALS
    if single:
        text += (
            "A number without brackets is of a single seed; sd is KID's own, over subsets of "
            "images. "
        )
    text += f"“{ABSENT}” is not measured for that row; “{MISSING}” should be there and is not."
    notes = [Paragraph(text, "note")]
    if not has_inception(group):
        reasons = dict.fromkeys(run.get("fid_inception_reason") for run in group.runs)
        why = "; ".join(reason for reason in reasons if reason) or "no reason was recorded"
        notes.append(Paragraph(f"There is no FID in Inception features: {why}", "note"))
    return notes


def mmd_table(group: Group) -> Table | None:
    """Makes the table of the MMD of every step, or returns `None` if no model has steps."""
    arms = [arm for arm in group.arms if arm.model == "quantum" and arm.runs]
    if not arms:
        return None

    steps = max(len(run.mmd_steps()) for arm in arms for run in arm.runs)
    losses = [dict.fromkeys(run.get("mmd.loss") or MISSING for run in arm.runs) for arm in arms]
    rows = [
        ["Kernel or loss", *(", ".join(names) for names in losses)],
        [f"{step(steps)}, forward end", *(_cell(arm, "mmd.forward_end") for arm in arms)],
        *([step(t), *(_step_cell(arm, t) for arm in arms)] for t in reversed(range(steps))),
        [f"{step(0)}, undenoised", *(_cell(arm, "mmd.undenoised") for arm in arms)],
    ]
    return Table(["MMD of", *(arm.label for arm in arms)], rows)


def _step_cell(arm: Replicates, t: int) -> str:
    """Writes the mean of the MMD at one step over the seeds of an arm."""
    found = [run.mmd_steps()[t] for run in arm.runs if t < len(run.mmd_steps())]
    there = [value for value in found if value is not None]
    return interval(summarize(there, scale_of("mmd.steps")), len(arm.runs))


def _parameters(arm: Replicates, group: Group, part: str) -> float | None:
    """Returns the size of a part of a model, from its runs or from what another one says."""
    own = [run.number(f"parameters.{part}") for run in arm.runs]
    told = [run.number(f"parameters_by_model.{arm.model}.{part}") for run in group.runs]
    return next((value for value in (*own, *told) if value is not None), None)


def total_sizes(group: Group) -> dict[str, float]:
    """Returns the number of trained parameters of each arm, by its label, where it is known."""
    sizes = {arm.label: _parameters(arm, group, "total") for arm in group.arms}
    return {label: size for label, size in sizes.items() if size is not None}


def parameter_table(group: Group) -> Table:
    """Makes the table of the numbers of trained parameters, side by side."""
    arms = group.arms
    pair = [next(arm for arm in arms if arm.model == model) for model in MODELS]
    rows = []
    for part in PARTS:
        sizes = [_parameters(arm, group, part) for arm in arms]
        one, two = (_parameters(arm, group, part) for arm in pair)
        ratio = number(one / two) if one is not None and two else ABSENT
        rows.append([part, *(count(size) for size in sizes), ratio])
    return Table(["", *(arm.label for arm in arms), "Ratio, quantum : VAE"], rows)
