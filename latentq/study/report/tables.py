"""The tables of a study as a page shows them."""

from __future__ import annotations

from latentq.report.blocks import Table
from latentq.report.statistics import read
from latentq.report.tables import Column, Row, table_of
from latentq.report.wording import ABSENT, MISSING, count, interval, number, ratio_text
from latentq.study.arms import Role
from latentq.study.report.findings import QUANTUM, Findings
from latentq.study.report.frames import MATCHING, SCORES, Frames
from latentq.study.report.provenance import MEMORISED, memorised
from latentq.study.report.wording import images_text, p_text, percent, seeds_text

TRAINED = ("cpu_seconds.prior", "iterations")  # Of a prior that has parameters.


def _text(head: str, key: str) -> Column:
    """Returns a column that shows its values as they are."""
    return Column(head, key, lambda row: str(row[key] or MISSING))


def _images(findings: Findings) -> Column:
    """Returns the column of numbers of images."""
    return Column("Images", "size", lambda row: images_text(findings.study, row["size"]))


def _mean(findings: Findings, key: str, head: str) -> Column:
    """Returns the column of the means of a number; one of fewer seeds than there are says so."""

    def write(row: Row) -> str:
        arm, size = row.get("arm", QUANTUM), row["size"]
        return interval(findings.summary(arm, size, key), row["seeds"])

    return Column(head, key, write)


SEEDS = Column("Seeds", "seeds", lambda row: seeds_text(row["seeds"], row["planned"]))
COMMON = Column("Seeds", "common_seeds", lambda row: count(row["common_seeds"]))
ADJUSTED = Column("Adjusted p", "p_adjusted", lambda row: p_text(row["p_adjusted"]))


def _write_ratio(row: Row) -> str:
    """Writes a ratio with its interval; quantum has none to itself."""
    if row["arm"] == QUANTUM:
        return ABSENT
    return ratio_text(None if row["ratio"] is None else read(row, "ratio"))


def _write_difference(row: Row) -> str:
    """Writes a difference of recalls with its interval."""
    key = "recall_difference"
    return interval(None if row[key] is None else read(row, key))


RATIO = Column("Quantum ÷ arm", "ratio", _write_ratio)
DIFFERENCE = Column("Recall, quantum \N{MINUS SIGN} arm", "recall_difference", _write_difference)
ADJUSTED_RECALL = Column(
    "Adjusted p, recall", "recall_p_adjusted", lambda row: p_text(row["recall_p_adjusted"])
)


def overall_table(findings: Findings, found: Frames) -> Table:
    """Makes the table of the verdicts over all matched arms."""
    verdict = _text("Verdict over all matched arms", "verdict")
    fid = _mean(findings, "fid", "FID of quantum ↓")
    return table_of(found["overall"], [_images(findings), verdict, fid, SEEDS], strong={0})


def verdict_table(findings: Findings, found: Frames) -> Table:
    """Makes the table of the verdicts on every matched arm at every number of images."""
    names = [_text("Matched arm", "title"), _images(findings), _text("Verdict", "verdict")]
    recall = [] if findings.study.edition == 1 else [DIFFERENCE, ADJUSTED_RECALL]
    return table_of(found["verdicts"], [*names, RATIO, ADJUSTED, *recall, COMMON])


def others_table(findings: Findings, found: Frames, role: Role) -> Table:
    """Makes the table of arms that take no part in the verdict, against quantum."""
    rows = found["scores"]
    rows = rows[(rows["size"] == findings.largest) & rows["role"].isin(["quantum", role])]
    what = "What is removed" if role == "control" else "Model"
    means = [_mean(findings, key, SCORES[key]) for key in ("fid", "precision", "recall")]
    return table_of(rows, [_text(what, "title"), SEEDS, means[0], RATIO, *means[1:]], strong={0})


def scores_table(findings: Findings, found: Frames, size: int) -> Table:
    """Makes the table of all scores of all arms at one number of images."""
    rows = found["scores"]
    rows = rows[(rows["size"] == size) & (rows["planned"] > 0)]
    earlier = memorised(findings) != MEMORISED
    titles = {**SCORES, **({"memorisation.closer": "Memorised, earlier rule"} if earlier else {})}
    means = [_mean(findings, key, title) for key, title in titles.items()]
    strong = [i for i, arm in enumerate(rows["arm"]) if arm == QUANTUM]
    return table_of(rows, [_text("Arm", "title"), SEEDS, *means], strong=strong)


def matching_table(found: Frames) -> Table:
    """Makes the table of the sizes of all arms and the effort spent on them."""
    weights, prior, free, *rest = (_effort(key, title) for key, title in MATCHING.items())
    columns = [_text("Arm", "title"), weights, prior, free, EXCESS, *rest, STAGES, TRIALS]
    return table_of(found["matching"], columns, strong={0})


def _effort(key: str, head: str) -> Column:
    """Returns the column of a size or an effort; a prior without parameters is not trained."""

    def write(row: Row) -> str:
        value = row[key]
        if row["parameters.prior"] == 0 and key in TRAINED and not value:
            return ABSENT
        if key == "cpu_seconds.prior" and value is not None:
            return number(value, 0 if value >= 10 else 1)
        return count(value)

    return Column(head, key, write)


def _write_excess(row: Row) -> str:
    """Writes how much larger the prior of an arm is than that of quantum."""
    absent = row["arm"] == QUANTUM or row["parameters.prior"] == 0
    return ABSENT if absent else percent(row["prior_excess"])


EXCESS = Column("Against quantum's", "prior_excess", _write_excess)
STAGES = Column("Stages", "stages", lambda row: count(row["stages"]))
TRIALS = Column("Tuning trials", "trials", lambda row: count(row["trials"] or None))


def missing_table(findings: Findings, found: Frames) -> Table | None:
    """Makes the table of the jobs that have no FID, or returns `None` if there is none."""
    seed = Column("Seed", "seed", lambda row: str(row["seed"]))
    rest = [seed, _text("State", "state"), _text("Reason", "reason")]
    columns = [_text("Arm", "title"), _images(findings), *rest]
    return None if found["missing"].empty else table_of(found["missing"], columns, numeric=False)
