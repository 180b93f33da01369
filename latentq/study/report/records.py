"""What is behind each figure and table, as flat rows: for CSV and JSON, without rounding."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence

from latentq.report.statistics import Summary
from latentq.study.arms import ARMS, Role
from latentq.study.report.findings import FLOORS, ROLES, Findings, headline_arms
from latentq.study.verdict import Pairs

Value = float | int | str | None
Record = Mapping[str, Value]

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
RAW = (
    *SCORES,
    *("fid_deviation", "fid_floor", "fid_reconstruction", "kid_std"),
    *("memorisation.generated", "memorisation.held_out"),
    *("parameters.encoder", "parameters.decoder", *MATCHING),
    *("wall_seconds.autoencoder", "wall_seconds.prior", "wall_seconds.evaluation"),
    *("data.train", "n_samples"),
)


def _name(arm: str) -> dict[str, Value]:
    """Returns what names an arm."""
    return {"arm": arm, "title": ARMS[arm].title, "role": ARMS[arm].role}


def _mean(key: str, summary: Summary | None) -> dict[str, Value]:
    """Returns a mean and the ends of its interval, both on the scale of the number."""
    low, high = (summary and summary.ends) or (None, None)
    mean = None if summary is None else summary.mean
    return {key: mean, f"{key}_low": low, f"{key}_high": high}


def _ratio(pairs: Pairs) -> dict[str, Value]:
    """Returns the ratio of FIDs, quantum to an arm, and the ends of its interval."""
    low, high = pairs.interval or (None, None)
    common = len(pairs.seeds)
    return {"common_seeds": common, "ratio": pairs.ratio, "ratio_low": low, "ratio_high": high}


def _counts(findings: Findings, arm: str, size: int) -> dict[str, Value]:
    """Returns the numbers of images and seeds."""
    have, planned = findings.seeds(arm, size)
    images = findings.study.images(size)
    return {"size": size, "images": images, "seeds": have, "planned": planned}


def overall(findings: Findings) -> list[Record]:
    """Returns the verdict over all matched arms, by number of images."""
    study = findings.study
    return [
        {"size": size, "images": study.images(size), "verdict": verdict}
        for size, verdict in sorted(findings.judgement.overall.items(), reverse=True)
    ]


def verdicts(findings: Findings) -> list[Record]:
    """Returns the verdict on every matched arm at every number of images."""
    ordered = sorted(findings.judgement.results, key=lambda result: -result.size)
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
        for result in ordered
    ]


def forest(findings: Findings) -> list[Record]:
    """Returns the FIDs of all arms at the largest number of images, the best of a role first."""
    size = findings.largest
    rows: list[Record] = []
    for role in ROLES:
        found = [
            {
                **_name(arm),
                **_counts(findings, arm, size),
                **_mean("fid", findings.summary(arm, size, "fid")),
            }
            for arm in findings.arms(role)
        ]
        rows += sorted(found, key=lambda row: (row["fid"] is None, row["fid"] or 0.0))
    return rows


def floors(findings: Findings) -> list[Record]:
    """Returns the floors at the largest number of images."""
    size = findings.largest
    found = [(key, title, findings.floor(key, size)) for key, title in FLOORS.items()]
    return [{"floor": key, "title": title, "size": size, "fid": fid} for key, title, fid in found]


def efficiency(findings: Findings) -> list[Record]:
    """Returns the FIDs of the first arms at every number of images."""
    return [
        {**_name(arm), **_counts(findings, arm, size), **_mean("fid", summary)}
        for arm in headline_arms()
        for size in findings.study.sizes
        if (summary := findings.summary(arm, size, "fid")) is not None
    ]


def others(findings: Findings, role: Role) -> list[Record]:
    """Returns the arms of a role that take no part in the verdict, against quantum."""
    size = findings.largest
    return [
        {
            **_name(arm),
            **_counts(findings, arm, size),
            **_mean("fid", findings.summary(arm, size, "fid")),
            **_ratio(findings.against(arm, size)),
            **_mean("precision", findings.summary(arm, size, "precision")),
            **_mean("recall", findings.summary(arm, size, "recall")),
        }
        for arm in findings.arms(role)
    ]


def scores(findings: Findings) -> list[Record]:
    """Returns all scores of all arms at all numbers of images."""
    rows: list[Record] = []
    for size in reversed(findings.study.sizes):
        for arm in findings.all_arms:
            row: dict[str, Value] = {**_name(arm), **_counts(findings, arm, size)}
            for key in SCORES:
                row |= _mean(key, findings.summary(arm, size, key))
            rows.append(row)
    return rows


def matching(findings: Findings) -> list[Record]:
    """Returns the sizes of all arms and the effort spent on them."""
    size = findings.largest
    return [
        {
            **_name(arm),
            **{key: findings.agreed(arm, size, key) for key in MATCHING},
            "prior_excess": findings.excess(arm),
        }
        for arm in findings.all_arms
    ]


def missing(findings: Findings) -> list[Record]:
    """Returns the jobs that have no FID, with the reason."""
    return [
        {
            **_name(job.arm),
            "size": job.size,
            "images": findings.study.images(job.size),
            "seed": job.seed,
            "state": job.state,
            "reason": job.reason,
        }
        for job in findings.study.jobs
        if job.state != "finished"
    ]


def jobs(findings: Findings) -> list[Record]:
    """Returns the numbers of every job."""
    return [
        {
            **{"arm": job.arm, "size": job.size, "seed": job.seed},
            **{"state": job.state, "reason": job.reason},
            **{key: job.number(key) for key in RAW},
        }
        for job in findings.study.jobs
    ]


def all_records(findings: Findings) -> dict[str, list[Record]]:
    """Returns what is behind every figure and table, by name."""
    return {
        "overall": overall(findings),
        "verdicts": verdicts(findings),
        "forest": forest(findings),
        "floors": floors(findings),
        "efficiency": efficiency(findings),
        "classical": others(findings, "classical"),
        "controls": others(findings, "control"),
        "scores": scores(findings),
        "matching": matching(findings),
        "missing": missing(findings),
        "jobs": jobs(findings),
    }


def csv_text(records: Sequence[Record]) -> str:
    """Writes records as CSV; what is missing is empty."""
    buffer = io.StringIO()
    if records:
        writer = csv.DictWriter(buffer, list(records[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(records)
    return buffer.getvalue()
