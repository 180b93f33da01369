"""The cells of a study, read from its folder: the numbers of each, or why it has none.

.. code-block:: text

    ROOT/study.json                 what was planned, and what became of it; may be absent
    ROOT/cells/ARM-nSIZE-seedS/     a run of train.py; a metrics.json makes it finished

A folder counts for more than what `study.json` says of it, as that may be older.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from latentq.errors import InputError
from latentq.report.finished import Run, finite, read_json, with_files
from latentq.study.arms import ARMS

State = Literal["finished", "missing", "not estimable"]
Place = tuple[str, int, int]  # An arm, a number of images and a seed.

NAME = re.compile(r"(.+)-n([1-9]\d{0,8})-seed(0|[1-9]\d{0,9})")
ABSOLUTE = re.compile(r"(?<![\w.…/])/(?:[^\s/'\"]+/)+")
SCALE = ("data.name", "data.sha256", "features.name", "features.sha256", "n_samples")
LISTED = 3  # How many cells a message names.


@dataclass(frozen=True)
class Cell:
    """One arm, number of images and seed: a run with a FID, or the reason why there is none."""

    arm: str
    size: int
    seed: int
    state: State
    reason: str = ""
    run: Run | None = None

    @property
    def name(self) -> str:
        """The name of its folder."""
        return cell_name((self.arm, self.size, self.seed))

    def number(self, key: str) -> float | None:
        """Returns a finite number by its dotted path; a cell without FID has none."""
        return None if self.run is None or self.state != "finished" else self.run.number(key)


@dataclass(frozen=True)
class Published:
    """What a published report says of its cells, whose folders are not at hand.

    Arguments:
        facts: For each fact of provenance its values, and in how many cells.
        commands: The command of each cell.
        memorised: By which rule `memorisation.closer` was measured.
        pictures: The pictures of cells as data URIs, by the name of the file and what it shows.
    """

    facts: Mapping[str, Mapping[str, int]]
    commands: Mapping[str, str]
    memorised: str
    pictures: Mapping[tuple[str, str], str]

    @property
    def scale(self) -> dict[str, Any]:
        """The facts that decide what is said of all cells: the data, and the split."""
        against = next(iter(self.facts["Images against"]))
        split = "validation" if against.endswith("validation") else "test"
        return {"data": {"name": next(iter(self.facts["Data"]))}, "split": split}


@dataclass(frozen=True)
class Study:
    """All cells, by arm, number of images and seed, in the order of arms, images and seeds."""

    arms: Mapping[str, Mapping[int, Mapping[int, Cell]]]
    options: Mapping[str, Any] = field(default_factory=dict)
    git_commit: str | None = None
    notes: tuple[str, ...] = ()
    published: Published | None = None

    @property
    def cells(self) -> list[Cell]:
        """The cells in order."""
        folders = (at for sizes in self.arms.values() for at in sizes.values())
        return [cell for at in folders for cell in at.values()]

    @property
    def sizes(self) -> list[int]:
        """The numbers of images, ascending."""
        return sorted({cell.size for cell in self.cells})

    @property
    def seeds(self) -> list[int]:
        """The seeds, ascending."""
        return sorted({cell.seed for cell in self.cells})

    def at(self, arm: str, size: int) -> list[Cell]:
        """Returns the cells of an arm at a number of images, by seed."""
        return list(self.arms.get(arm, {}).get(size, {}).values())

    def values(self, arm: str, size: int, key: str) -> dict[int, float]:
        """Returns the numbers that are there, by seed."""
        found = {cell.seed: cell.number(key) for cell in self.at(arm, size)}
        return {seed: value for seed, value in found.items() if value is not None}

    def images(self, size: int) -> int:
        """Returns on how many images the cells of a size were trained, the validation ones off."""
        at = {cell.number("data.train") for cell in self.cells if cell.size == size} - {None}
        trained = at.pop() if len(at) == 1 else None
        return size if trained is None else int(trained)


def cell_name(place: Place) -> str:
    """Returns the name of the folder of a cell."""
    arm, size, seed = place
    return f"{arm}-n{size}-seed{seed}"


def without_folders(text: str) -> str:
    """Shortens absolute paths to their last part, so that no machine is told."""
    return ABSOLUTE.sub("…/", text)


def read_study(root: str | Path) -> Study:
    """Reads a study.

    Arguments:
        root: Its folder.

    Raises:
        InputError: If there is no cell in it, or cells were measured on different scales.
    """
    root = Path(root)
    plan, notes = _read_plan(root / "study.json")
    listed = dict(_listed(plan))
    folders = dict(_folders(root / "cells"))
    if not any(arm in ARMS for arm, _, _ in folders):
        raise InputError(
            f"root: must be the folder of a study, with cells/ARM-nSIZE-seedS in it, was {root}"
        )

    unknown = sorted({arm for arm, _, _ in (*listed, *folders) if arm not in ARMS})
    notes += [f"Arms that are not known, and left out: {', '.join(unknown)}."] if unknown else []
    places = [place for place in {**listed, **folders} if place[0] in ARMS]
    cells = [_read_cell(place, folders.get(place), listed.get(place, "")) for place in places]
    options, commit = plan.get("options"), plan.get("git_commit")
    study = Study(
        sort_cells(cells),
        options if isinstance(options, dict) else {},
        commit if isinstance(commit, str) else None,
        tuple(notes),
    )
    _check_scale(study)
    return study


def sort_cells(cells: Iterable[Cell]) -> dict[str, dict[int, dict[int, Cell]]]:
    """Sorts cells by arm, number of images and seed."""
    order = {arm: i for i, arm in enumerate(ARMS)}
    arms: dict[str, dict[int, dict[int, Cell]]] = {}
    for cell in sorted(cells, key=lambda cell: (order[cell.arm], cell.size, cell.seed)):
        arms.setdefault(cell.arm, {}).setdefault(cell.size, {})[cell.seed] = cell
    return arms


def _read_plan(path: Path) -> tuple[dict[str, Any], list[str]]:
    """Reads `study.json`, and says if there is one that cannot be read."""
    try:
        plan = read_json(path)
    except FileNotFoundError:
        return {}, []
    except (OSError, ValueError, RecursionError):
        plan = None
    if isinstance(plan, dict):
        return plan, []
    return {}, ["study.json is damaged and was not used: cells without a folder are not listed."]


def _whole(value: Any) -> int | None:  # noqa: ANN401
    """Returns a value of JSON as a whole number that is not negative, or `None`."""
    found = finite(value)
    return int(found) if found is not None and found >= 0 and found == int(found) else None


def _listed(plan: Mapping[str, Any]) -> Iterator[tuple[Place, str]]:
    """Yields the cells that `study.json` lists, or else that its options ask for, with reasons."""
    cells, options = plan.get("cells"), plan.get("options")
    if not isinstance(cells, list) or not cells:
        options = options if isinstance(options, dict) else {}
        axes = [options.get(key) for key in ("arms", "train_sizes", "seeds")]
        product = itertools.product(*(axis if isinstance(axis, list) else [] for axis in axes))
        cells = [dict(zip(("arm", "size", "seed"), place, strict=True)) for place in product]
    for cell in (cell for cell in cells if isinstance(cell, dict)):
        arm, size, seed = cell.get("arm"), _whole(cell.get("size")), _whole(cell.get("seed"))
        if isinstance(arm, str) and size and seed is not None:
            reason = cell.get("reason")
            yield (arm, size, seed), reason if isinstance(reason, str) else ""


def _folders(cells: Path) -> Iterator[tuple[Place, Path]]:
    """Yields the folders of cells."""
    for path in sorted(cells.iterdir()) if cells.is_dir() else []:
        if (found := NAME.fullmatch(path.name)) and path.is_dir():
            yield (found[1], int(found[2]), int(found[3])), path


def _read_cell(place: Place, folder: Path | None, reason: str) -> Cell:
    """Reads a cell.

    Arguments:
        place: Its arm, number of images and seed.
        folder: Its folder, if there is one.
        reason: Why it is missing, if that was written down.
    """
    told = without_folders(" ".join(reason.split()))
    if folder is None:
        return Cell(*place, "missing", told or "it was not run")
    try:
        metrics = read_json(folder / "metrics.json")
    except FileNotFoundError:
        return Cell(*place, "missing", told or "it did not finish: there is no metrics.json")
    except (OSError, ValueError, RecursionError):
        metrics = None
    if not isinstance(metrics, dict):
        return Cell(*place, "missing", "its metrics.json is damaged")

    run = with_files(folder, metrics)
    if (seed := run.number("seed")) not in (None, place[2]):
        return Cell(*place, "missing", f"its metrics.json is of another seed, {seed:g}")
    fid = run.number("fid")
    if fid is None or fid <= 0:  # The endpoint is its logarithm.
        was = "there is no finite FID" if fid is None else f"FID was {fid:g}"
        return Cell(*place, "not estimable", was, run)
    return Cell(*place, "finished", "", run)


def _check_scale(study: Study) -> None:
    """Raises `InputError` if the cells were not measured with the same data and features."""
    runs = {cell.name: cell.run for cell in study.cells if cell.run is not None}
    for key in (*SCALE, "split"):
        kinds: dict[str, list[str]] = {}
        for name, run in runs.items():
            value = run.split if key == "split" else run.get(key)
            if value is not None:
                kinds.setdefault(str(value)[:40], []).append(name)
        if len(kinds) > 1:
            raise InputError(f"{key}: must be the same in all cells, was {_told(kinds)}")


def _told(kinds: Mapping[str, list[str]]) -> str:
    """Says which value is in which cells, of the rarest value first."""
    parts = []
    for value, names in sorted(kinds.items(), key=lambda item: (len(item[1]), item[0])):
        more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
        parts.append(f"{value} in {', '.join(names[:LISTED])}{more}")
    return "; ".join(parts)
