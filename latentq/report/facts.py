"""What a comparison found, as numbers for JSON."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from latentq.report.finished import PARTS, STAGES, FinishedRun, Group, Replicates
from latentq.report.grouping import DATA
from latentq.report.statistics import RATIO_MARGIN, Comparison, Summary
from latentq.report.wording import comparisons

SCORES = (
    *("fid", "fid_reconstruction", "fid_terminal", "fid_haar", "fid_inception", "fid_floor"),
    *("kid", "precision", "recall", "coverage", "label_accuracy"),
    *("mmd.undenoised", "mmd.forward_end"),
)


def summary_facts(found: Summary | None) -> dict[str, Any] | None:
    """Returns a mean with its interval."""
    if found is None:
        return None
    low, high = found.ends or (None, None)
    told = {"mean": found.mean, "low": low, "high": high, "n": len(found.values)}
    return {**told, "note": found.note} if found.note else told


def comparison_facts(result: Comparison) -> dict[str, Any]:
    """Returns a comparison; `inside` is whether the interval is inside the margin."""
    ratio, verdict = result.ratio, result.verdict
    low, high = (ratio and ratio.ends) or (None, None)
    return {
        "pairing": result.pairing,
        "seeds": result.seeds,
        "ratio": None if ratio is None else ratio.mean,
        **{"ratio_low": low, "ratio_high": high},
        "margin": [math.exp(-RATIO_MARGIN), math.exp(RATIO_MARGIN)],
        "inside": None if verdict is None else verdict.inside,
        "verdict": None if verdict is None else verdict.side,
    }


def _run(run: FinishedRun, folder: str) -> dict[str, Any]:
    """Returns a run."""
    return {
        "folder": folder,
        "seed": run.seed,
        "scores": {key: run.number(key) for key in (*SCORES, "kid_std")},
        "mmd_steps": run.mmd_steps(),
        "parameters": {part: run.number(f"parameters.{part}") for part in PARTS},
        "wall_seconds": {stage: run.number(f"wall_seconds.{stage}") for stage in STAGES},
        "git_commit": run.get("git_commit"),
        "fid_inception_reason": run.get("fid_inception_reason"),
    }


def _arm(arm: Replicates, names: Mapping[Path, str]) -> dict[str, Any]:
    """Returns an arm with its runs."""
    return {
        **{"model": arm.model, "label": arm.label, "name": arm.name},
        "scores": {key: summary_facts(arm.summary(key)) for key in SCORES},
        "runs": [_run(run, names[run.path]) for run in arm.runs],
    }


def group_facts(group: Group, names: Mapping[Path, str]) -> dict[str, Any]:
    """Returns a group with its arms and what they are compared in.

    Arguments:
        group: The group.
        names: How the folders of runs are named.
    """
    run = group.runs[0]
    return {
        "data": {key: run.get(f"data.{key}") for key in DATA},
        "features": {key: run.get(f"features.{key}") for key in ("name", "sha256")},
        "n_samples": run.number("n_samples"),
        "arms": [_arm(arm, names) for arm in group.arms],
        "comparisons": [
            {"score": "fid", "first": one.label, "second": two.label, **comparison_facts(result)}
            for one, two, result in comparisons(group)
        ],
    }
