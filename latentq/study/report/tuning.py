"""The log of the tuning as a page shows it: what each arm got, and what failed."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from latentq.errors import InputError
from latentq.report.blocks import Block, Details, Paragraph, Table
from latentq.report.tables import Column, frame_of, table_of
from latentq.report.wording import count, number
from latentq.study.arms import ARMS

if TYPE_CHECKING:
    from latentq.report.tables import Frame

NEEDED = ("data", "arm", "trial", "seed", "state", "fid", "settings", "chosen")
NOTE = (
    "Each arm had as many random trials, drawn from its table in latentq/study/spaces.py and "
    "measured against validation images of seeds that are used for nothing else. FID is the "
    "geometric mean over the seeds of a trial. A trial that failed has no number, and none of the "
    "trials is a default."
)
NONE = "No arm was tuned: all have their default settings."
Log = Sequence[Mapping[str, str]]


def read_log(folder: Path, data: Sequence[str]) -> list[dict[str, str]]:
    """Reads the logs of data sets, as far as there are any.

    Arguments:
        folder: The folder of the logs, or the data of a published report.
        data: The data sets.

    Raises:
        InputError: If a log has other columns.
    """
    published = folder / "tuning.csv"
    files = [published] if published.is_file() else [folder / f"{name}.csv" for name in data]
    rows = [row for path in files if path.is_file() for row in _rows(path)]
    return [row for row in rows if row["arm"] in ARMS]


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
        [[float(row["fid"] or 1), int(row["trial"]), row[key]] for row in rows for key in NEEDED]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"tuning: {path} must be a log of the tuning: {error}") from error
    return rows


def log_frame(rows: Log) -> Frame:
    """Returns the log as a frame, without rounding."""
    return frame_of(rows)


def _summary(arm: str, rows: Log) -> dict[str, Any]:
    """Returns what became of the trials of an arm."""
    trials: dict[str, list[Mapping[str, str]]] = {}
    for row in rows:
        trials.setdefault(row["trial"], []).append(row)
    whole = [of for of in trials.values() if all(row["state"] == "finished" for row in of)]
    means = [
        math.exp(math.fsum(math.log(float(row["fid"])) for row in of) / len(of)) for of in whole
    ]
    ordered = sorted(means)
    chosen = [row["settings"] for row in rows if row["chosen"] == "1"]
    return {
        **{"arm": arm, "title": ARMS[arm].title, "trials": len(trials)},
        "failed": len(trials) - len(whole),
        "best": ordered[0] if ordered else None,
        "median": ordered[len(ordered) // 2] if ordered else None,
        "worst": ordered[-1] if ordered else None,
        "settings": chosen[0] if chosen else "",
    }


def summaries(rows: Log) -> list[dict[str, Any]]:
    """Returns what became of the trials of each arm, in the order of the arms."""
    own = {arm: [row for row in rows if row["arm"] == arm] for arm in ARMS}
    return [_summary(arm, found) for arm, found in own.items() if found]


def tuning_blocks(rows: Log) -> list[Block]:
    """Makes the table of the trials of each arm, and the folded list of all of them."""
    if not rows:
        return [Paragraph(NONE)]
    columns = [
        Column("Arm", "title", lambda row: row["title"]),
        Column("Trials", "trials", lambda row: count(row["trials"])),
        Column("Failed", "failed", lambda row: count(row["failed"])),
        *(_fid(key) for key in ("best", "median", "worst")),
    ]
    found = summaries(rows)
    chosen = [[row["title"], row["settings"] or "no trial was finished"] for row in found]
    every = [
        [ARMS[r["arm"]].title, r["trial"], r["seed"], r["state"], _number(r), r["settings"]]
        for r in rows
    ]
    head = ["Arm", "Trial", "Seed", "State", "FID", "Settings"]
    return [
        table_of(frame_of(found), columns),
        Paragraph(NOTE, "note"),
        Details("Settings that were chosen", [Table(["Arm", "Settings"], chosen, numeric=False)]),
        Details("All trials", [Table(head, every, numeric=False)]),
    ]


def _fid(key: str) -> Column:
    return Column(f"{key.capitalize()} FID", key, lambda row: number(row[key]))


def _number(row: Mapping[str, str]) -> str:
    return number(float(row["fid"]) if row["state"] == "finished" else None)
