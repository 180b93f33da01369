"""The tables of a study: what is behind each of them as a frame, and how a page shows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from latentq.report.blocks import Table
from latentq.report.statistics import columns_of, read
from latentq.report.tables import Column, Row, frame_of, table_of
from latentq.report.wording import ABSENT, MISSING, count, interval, number, ratio_text
from latentq.study.arms import ARMS, Role
from latentq.study.report.findings import FLOORS, QUANTUM, Findings
from latentq.study.report.provenance import MEMORISED, memorised
from latentq.study.report.wording import images_text, p_text, percent, seeds_text
from latentq.study.verdict import Pairs

if TYPE_CHECKING:
    from latentq.report.tables import Frame

Frames = Mapping[str, "Frame"]
SCORES = {
    "fid": "FID ↓",
    "fid_infinity": "FID∞ ↓",
    "kid": "KID ↓",
    "precision": "Precision ↑",
    "recall": "Recall ↑",
    "density": "Density ↑",
    "coverage": "Coverage ↑",
    "class_distance": "Class distance ↓",
    "memorisation.closer": "Memorised",
}
MATCHING = {
    "parameters.total": "Weights",
    "parameters.prior": "Weights of the prior",
    "cpu_seconds.prior": "Training of the prior, CPU s",
    "iterations": "Iterations",
    "latent_freedom": "Latent degrees of freedom",
}
TRAINED = ("cpu_seconds.prior", "iterations")  # Of a prior that has parameters.
RAW = (
    *SCORES,
    *("fid_deviation", "fid_floor", "fid_reconstruction", "kid_std"),
    *("memorisation.generated", "memorisation.held_out"),
    *("parameters.encoder", "parameters.decoder", *MATCHING),
    *("wall_seconds.autoencoder", "wall_seconds.prior", "wall_seconds.evaluation"),
    *("data.train", "n_samples"),
)


def frames(findings: Findings) -> dict[str, Frame]:
    """Returns what is behind every figure and table, by name, without rounding."""
    return {
        "overall": frame_of(_overall(findings, size) for size in reversed(findings.study.sizes)),
        "verdicts": frame_of(_verdicts(findings)),
        "scores": frame_of(
            _scores(findings, arm, size)
            for size in reversed(findings.study.sizes)
            for arm in findings.all_arms
        ),
        "floors": frame_of(_floors(findings)),
        "matching": frame_of(_matching(findings, arm) for arm in findings.all_arms),
        "missing": frame_of(_missing(findings)),
        "jobs": frame_of(_jobs(findings)),
    }


def _name(arm: str) -> Row:
    """Returns what names an arm."""
    return {"arm": arm, "title": ARMS[arm].title, "role": ARMS[arm].role}


def _counts(findings: Findings, arm: str, size: int) -> Row:
    """Returns the numbers of images and seeds."""
    have, planned = findings.seeds(arm, size)
    images = findings.study.images(size)
    return {"size": size, "images": images, "seeds": have, "planned": planned}


def _ratio(pairs: Pairs) -> Row:
    """Returns the ratio of FIDs, quantum to an arm, and the ends of its interval."""
    low, high = pairs.interval or (None, None)
    common = len(pairs.seeds)
    return {"common_seeds": common, "ratio": pairs.ratio, "ratio_low": low, "ratio_high": high}


def _overall(findings: Findings, size: int) -> Row:
    """Returns the verdict over all matched arms at a number of images, and quantum's FID."""
    return {
        **_counts(findings, QUANTUM, size),
        "verdict": findings.judgement.overall[size],
        **columns_of("fid", findings.summary(QUANTUM, size, "fid")),
    }


def _verdicts(findings: Findings) -> list[Row]:
    """Returns the verdict on every matched arm at every number of images."""
    return [
        {
            **_name(result.arm),
            "size": result.size,
            "images": findings.study.images(result.size),
            **_ratio(result.pairs),
            "p": result.pairs.p,
            "p_adjusted": result.adjusted,
            "verdict": result.verdict,
        }
        for result in sorted(findings.judgement.results, key=lambda result: -result.size)
    ]


def _scores(findings: Findings, arm: str, size: int) -> Row:
    """Returns all scores of an arm at a number of images, and its FID against quantum's."""
    row: dict[str, Any] = {**_name(arm), **_counts(findings, arm, size)}
    for key in SCORES:
        row |= columns_of(key, findings.summary(arm, size, key))
    return {**row, **_ratio(findings.against(arm, size))}


def _floors(findings: Findings) -> list[Row]:
    """Returns the floors at the largest number of images."""
    size = findings.largest
    return [
        {"floor": key, "title": title, "size": size, "fid": findings.floor(key, size)}
        for key, title in FLOORS.items()
    ]


def _matching(findings: Findings, arm: str) -> Row:
    """Returns the size of an arm and the effort spent on it."""
    found = {key: findings.agreed(arm, findings.largest, key) for key in MATCHING}
    return {**_name(arm), **found, "prior_excess": findings.excess(arm)}


def _missing(findings: Findings) -> list[Row]:
    """Returns the jobs that have no FID, with the reason."""
    return [
        {
            **_name(job.arm),
            **{"size": job.size, "images": findings.study.images(job.size), "seed": job.seed},
            **{"state": job.state, "reason": job.reason},
        }
        for job in findings.study.jobs
        if job.state != "finished"
    ]


def _jobs(findings: Findings) -> list[Row]:
    """Returns the numbers of every job."""
    return [
        {
            **{"arm": job.arm, "size": job.size, "seed": job.seed},
            **{"state": job.state, "reason": job.reason},
            **{key: job.number(key) for key in RAW},
        }
        for job in findings.study.jobs
    ]


# --- How a page shows them


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


RATIO = Column("Quantum ÷ arm", "ratio", _write_ratio)


def overall_table(findings: Findings, found: Frames) -> Table:
    """Makes the table of the verdicts over all matched arms."""
    verdict = _text("Verdict over all matched arms", "verdict")
    fid = _mean(findings, "fid", "FID of quantum ↓")
    return table_of(found["overall"], [_images(findings), verdict, fid, SEEDS], strong={0})


def verdict_table(findings: Findings, found: Frames) -> Table:
    """Makes the table of the verdicts on every matched arm at every number of images."""
    names = [_text("Matched arm", "title"), _images(findings), _text("Verdict", "verdict")]
    return table_of(found["verdicts"], [*names, RATIO, ADJUSTED, COMMON])


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
    weights, prior, *rest = (_effort(key, title) for key, title in MATCHING.items())
    columns = [_text("Arm", "title"), weights, prior, EXCESS, *rest]
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


def missing_table(findings: Findings, found: Frames) -> Table | None:
    """Makes the table of the jobs that have no FID, or returns `None` if there is none."""
    seed = Column("Seed", "seed", lambda row: str(row["seed"]))
    rest = [seed, _text("State", "state"), _text("Reason", "reason")]
    columns = [_text("Arm", "title"), _images(findings), *rest]
    return None if found["missing"].empty else table_of(found["missing"], columns, numeric=False)
