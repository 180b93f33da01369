"""A study read from its published report, where the folders of its jobs are not at hand.

.. code-block:: text

    ROOT/data/jobs.csv     the numbers of every job, as the report has used them; in earlier
                           reports it is data/cells.csv, and there is one data set
    ROOT/data/tuning.csv   the trials of the tuning, if there was one
    ROOT/report.json       where they come from: facts, options, commands, commit
    ROOT/report.html       the pictures of jobs, which are carried over
"""

from __future__ import annotations

import csv
import html
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast, get_args

from latentq.errors import InputError
from latentq.report.finished import FinishedRun, read_json
from latentq.study.arms import ARMS
from latentq.study.results import JobResult, Published, State, StudyResults, sort_jobs

JOBS, CELLS = "data/jobs.csv", "data/cells.csv"
FACTS, PAGE = "report.json", "report.html"
# What had no text of its own in reports of that time.
EARLIER = (
    "Memorised was measured by an earlier rule, threshold from held-out images, first 1,000: the "
    "share of samples that lie closer to a training image than all but 1% of the first 1,000 "
    "held-out images do. 3.4% of reconstructions of held-out images do so too: 1% is not what a "
    "decoder without any memory would have, and the column is no evidence of copies."
)
SECTIONS = {"Samples": "samples.png", "Denoising chains": "samples_chain.png"}
IMAGE = re.compile(r'<img src="(data:image/png;base64,[^"]+)" alt="([^"]*)"')


def is_published(root: Path) -> bool:
    """Returns whether a folder holds the published report of a study."""
    return _numbers(root).is_file() and (root / FACTS).is_file()


def _numbers(root: Path) -> Path:
    """Returns the file with the numbers of the jobs, which earlier reports called cells."""
    return root / (JOBS if (root / JOBS).is_file() else CELLS)


def read_published(root: Path) -> list[StudyResults]:
    """Reads a study from its published report, one for each data set.

    Arguments:
        root: The folder of the report.

    Raises:
        InputError: If a file of it cannot be read, or is no report on a study.
    """
    try:
        facts = read_json(root / FACTS)
        rows = list(csv.DictReader(_numbers(root).read_text(encoding="utf-8").splitlines()))
        published = _published(root, facts)
        studies: dict[str, list[JobResult]] = {}
        for row in rows:
            # Earlier reports are of one data set, and their rows do not name it.
            data = row.get("data") or next(iter(published.facts["Data"]))
            studies.setdefault(data, []).append(_job(row, data, published.split))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        why = str(error).splitlines()[0][:80] if str(error) else type(error).__name__
        raise InputError(
            f"root: {root / JOBS} and {FACTS} must be those of a report on a study, and cannot "
            f"be read: {why}"
        ) from error
    if not studies:
        raise InputError(f"root: {root / JOBS} must have a row for each job, and has none")
    options, commit = facts.get("options"), facts.get("git_commit")
    kept = options if isinstance(options, dict) else {}
    return [
        StudyResults(
            sort_jobs(jobs),
            kept,
            commit,
            published=published,
            edition=facts.get("edition", 1),
            tuning=facts.get("tuning_settings", {}),
        )
        for jobs in studies.values()
    ]


def _published(root: Path, facts: Mapping[str, Any]) -> Published:
    """Returns what a report says of its jobs beside their numbers."""
    return Published(
        # What earlier reports called cells are jobs.
        facts={
            key.removesuffix(" of the cells"): told for key, told in facts["provenance"].items()
        },
        commands=facts.get("commands", {}),
        memorised=facts.get("memorised", EARLIER),
        pictures=_pictures(root / PAGE),
    )


def _job(row: Mapping[str, str], data: str, split: str) -> JobResult:
    """Returns a job from its row, of a data set and measured on a split of it."""
    arm, state = row["arm"], row["state"]
    if arm not in ARMS or state not in get_args(State):
        raise ValueError(f"no job is of the arm {arm} and the state {state}")
    seed = int(row["seed"])
    metrics: dict[str, Any] = {"seed": seed, "data": {"name": data}, "split": split}
    for key, text in row.items():
        if text and key not in ("data", "arm", "size", "seed", "state", "reason"):
            _put(metrics, key.split("."), float(text))
    run = None if state == "missing" else FinishedRun(Path(), metrics)
    return JobResult(arm, int(row["size"]), seed, cast(State, state), row["reason"], run)


def _put(metrics: dict[str, Any], path: list[str], value: float) -> None:
    """Puts a number at its place in nested objects."""
    for part in path[:-1]:
        metrics = metrics.setdefault(part, {})
    metrics[path[-1]] = value


def _pictures(page: Path) -> dict[tuple[str, str], str]:
    """Returns the pictures of jobs in a page, by the name of their file and what they show."""
    found: dict[tuple[str, str], str] = {}
    text = page.read_text(encoding="utf-8") if page.is_file() else ""
    for part in text.split("<h2>")[1:]:
        # A title may begin with the data set, as in "MNIST: Samples, 54,000 images".
        title = part.partition("</h2>")[0].rpartition(": ")[2].partition(",")[0]
        if title in SECTIONS:
            for uri, alt in IMAGE.findall(part):
                found[SECTIONS[title], html.unescape(alt)] = uri
    return found
