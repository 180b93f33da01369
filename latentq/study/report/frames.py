"""What is behind each table and figure of a study, as frames, without rounding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from latentq.report.statistics import columns_of
from latentq.report.tables import Row, frame_of
from latentq.study.arms import ARMS
from latentq.study.report.findings import FLOORS, QUANTUM, Findings
from latentq.study.verdict import FID, RECALL, Pairs, Result

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
    "prior_freedom": "Free reals of the prior",
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


def frames_of_all(findings: Sequence[Findings]) -> dict[str, Frame]:
    """Returns what is behind the figures and tables of all data sets, which rows name."""
    each = [(of.study.data, frames(of)) for of in findings]
    return {
        name: frame_of(
            {"data": data, **row} for data, found in each for row in found[name].to_dict("records")
        )
        for name in each[0][1]
    }


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
            **_recall(result),
            "verdict": result.verdict,
        }
        for result in sorted(findings.judgement.results, key=lambda result: -result.size)
    ]


def _recall(result: Result) -> Row:
    """Returns the difference of recalls and what was said of each endpoint, if there are two."""
    tested = result.endpoints.get(RECALL.key)
    if tested is None:
        return {}
    return {
        **columns_of("recall_difference", tested.pairs.difference),
        "recall_p": tested.pairs.p,
        "recall_p_adjusted": tested.adjusted,
        "fid_verdict": result.endpoints[FID.key].verdict,
        "recall_verdict": tested.verdict,
    }


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
    found["prior_freedom"] = findings.freedom(arm)
    stages = 1 + bool(found["parameters.prior"]) if found["parameters.total"] else None
    told = {"prior_excess": findings.excess(arm), "stages": stages}
    return {**_name(arm), **found, **told, "trials": findings.trials(arm)}


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
