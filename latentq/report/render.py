"""The three files of a report: made in memory, then written all or none."""

import base64
import hashlib
import json
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from latentq.errors import InputError
from latentq.report.blocks import Document
from latentq.report.document import make_document, run_names
from latentq.report.finished import PARTS, STAGES, Arm, Group, find_runs
from latentq.report.grouping import DATA, group_runs
from latentq.report.markdown import markdown
from latentq.report.statistics import RATIO_MARGIN, Comparison, Summary, scale_of, summarize
from latentq.report.wording import comparisons, headlines

SCORES = (
    *("fid", "fid_reconstruction", "fid_terminal", "fid_haar", "fid_inception", "fid_floor"),
    *("kid", "precision", "recall", "label_accuracy", "mmd.undenoised", "mmd.forward_end"),
)


def html(document: Document) -> str:
    """Writes a report as one HTML file that asks for nothing from outside."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    script = environment.get_template("page.js.j2").render()
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return environment.get_template("report.html.j2").render(
        document=document, script=Markup(script), digest=digest
    )


def summary_facts(found: Summary | None) -> dict[str, Any] | None:
    """Returns a mean with its interval, for JSON."""
    if found is None:
        return None
    low, high = found.ends or (None, None)
    told = {"mean": found.mean, "low": low, "high": high, "n": len(found.values)}
    return {**told, "note": found.note} if found.note else told


def comparison_facts(result: Comparison) -> dict[str, Any]:
    """Returns a comparison, for JSON; `inside` is whether the interval is inside the margin."""
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


def _arm(arm: Arm, names: Mapping[Path, str]) -> dict[str, Any]:
    """Returns an arm, for JSON."""
    steps = [run.mmd_steps() for run in arm.runs]
    return {
        "model": arm.model,
        "label": arm.label,
        "name": arm.name,
        "scores": {
            key: summary_facts(summarize(arm.values(key).values(), scale_of(key)))
            for key in SCORES
        },
        "runs": [
            {
                "folder": names[run.path],
                "seed": run.seed,
                "scores": {key: run.number(key) for key in (*SCORES, "kid_std")},
                "mmd_steps": steps[i],
                "parameters": {part: run.number(f"parameters.{part}") for part in PARTS},
                "wall_seconds": {stage: run.number(f"wall_seconds.{stage}") for stage in STAGES},
                "git_commit": run.get("git_commit"),
                "fid_inception_reason": run.get("fid_inception_reason"),
            }
            for i, run in enumerate(arm.runs)
        ],
    }


def _group(group: Group, names: Mapping[Path, str]) -> dict[str, Any]:
    """Returns a group, for JSON."""
    run = group.runs[0]
    return {
        "data": {key: run.get(f"data.{key}") for key in DATA},
        "features": {key: run.get(f"features.{key}") for key in ("name", "sha256")},
        "n_samples": run.number("n_samples"),
        "arms": [_arm(arm, names) for arm in group.arms],
        "comparisons": [
            {
                "score": "fid",
                "first": one.label,
                "second": two.label,
                **comparison_facts(result),
            }
            for one, two, result in comparisons(group)
        ],
    }


def clean(value: Any) -> Any:  # noqa: ANN401
    """Replaces numbers that JSON does not know by `None`."""
    if isinstance(value, dict):
        return {key: clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [clean(item) for item in value]
    return None if isinstance(value, float) and value - value != 0 else value


def write_files(out: Path, files: Mapping[str, str]) -> None:
    """Writes files into a folder, which is made if need be: all of them, or none.

    Raises:
        InputError: If that is not possible.
    """
    beside = {n: (out / n).with_name(f".{Path(n).name}.{os.getpid()}.tmp") for n in files}
    for name in files:
        if (out / name).is_dir():
            raise InputError(f"out: cannot write {out / name}, as it is a folder")

    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            beside[name].parent.mkdir(exist_ok=True)
            beside[name].write_bytes(text.encode("utf-8", errors="replace"))
        for name in files:
            os.replace(beside[name], out / name)
    except OSError as error:
        raise InputError(f"out: cannot write to {out}: {error.strerror}") from error
    finally:
        for path in beside.values():
            if path.exists():
                path.unlink()


def build(folders: Sequence[str | Path], out: str | Path | None = None) -> tuple[Path, list[str]]:
    """Writes the report on some runs.

    Arguments:
        folders: Run folders, or folders that hold run folders.
        out: The folder to write to; by default `report` in the folder that holds all the runs.

    Returns:
        The folder that was written to, and the results in a sentence each.

    Raises:
        InputError: If a folder is wrong, a run is damaged, or the report cannot be written.
    """
    runs, unfinished = find_runs(folders)
    base = Path(os.path.commonpath([run.path.parent for run in runs]))
    out = base / "report" if out is None else Path(out)
    groups = group_runs(runs)
    document = make_document(groups, unfinished, base)
    names = run_names(runs, base)
    facts = {
        "headlines": headlines(groups),
        "groups": [_group(group, names) for group in groups],
        "unfinished": [path.name for path in unfinished],
    }
    text = json.dumps(clean(facts), indent=2, sort_keys=True, allow_nan=False, ensure_ascii=False)
    files = {"report.html": html(document), "report.md": markdown(document, out.resolve())}
    write_files(out, {**files, "report.json": text + "\n"})
    return out, headlines(groups)
