"""The jobs of a study, read from its folder: the numbers of each, or why it has none.

.. code-block:: text

    ROOT/study.json                 what was planned, and what became of it; may be absent
    ROOT/jobs/ARM-nSIZE-seedS/      a run of train.py; a metrics.json makes it finished
    ROOT/cells/ARM-nSIZE-seedS/     the same, as earlier versions have written it

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
from latentq.report.finished import FinishedRun, finite, read_json, with_files
from latentq.study.arms import ARMS, EDITION
from latentq.study.jobs import EARLIER, FOLDER, Job

State = Literal["finished", "missing", "not estimable"]
Place = tuple[str, int, int]  # An arm, a number of images and a seed.

NAME = re.compile(r"(.+)-n([1-9]\d{0,8})-seed(0|[1-9]\d{0,9})")
ABSOLUTE = re.compile(r"(?<![\w.…/])/(?:[^\s/'\"]+/)+")
SCALE = ("data.name", "data.sha256", "features.name", "features.sha256", "n_samples")
LISTED = 3  # How many jobs a message names.


@dataclass(frozen=True)
class JobResult(Job):
    """A job with its run, which has a FID, or the reason why there is none."""

    state: State
    reason: str = ""
    run: FinishedRun | None = None

    def number(self, key: str) -> float | None:
        """Returns a finite number by its dotted path; a job without FID has none."""
        return None if self.run is None or self.state != "finished" else self.run.number(key)


@dataclass(frozen=True)
class Published:
    """What a published report says of its jobs, whose folders are not at hand.

    Arguments:
        facts: For each fact of provenance its values, and in how many jobs.
        commands: The command of each job, by its name; with several data sets as DATA/NAME.
        memorised: By which rule `memorisation.closer` was measured.
        pictures: The pictures of jobs as data URIs, by the name of the file and what it shows.
    """

    facts: Mapping[str, Mapping[str, int]]
    commands: Mapping[str, str]
    memorised: str
    pictures: Mapping[tuple[str, str], str]

    @property
    def split(self) -> str:
        """The images that all jobs are measured against."""
        against = next(iter(self.facts["Images against"]))
        return "validation" if against.endswith("validation") else "test"


@dataclass(frozen=True)
class StudyResults:
    """All jobs, by arm, number of images and seed, in the order of arms, images and seeds."""

    arms: Mapping[str, Mapping[int, Mapping[int, JobResult]]]
    options: Mapping[str, Any] = field(default_factory=dict)
    git_commit: str | None = None
    notes: tuple[str, ...] = ()
    published: Published | None = None
    edition: int = EDITION
    tuning: Mapping[str, Any] = field(default_factory=dict)

    @property
    def data(self) -> str:
        """The name of the data set; nothing where no job says it."""
        found = (run.get("data.name") for run in self.runs.values())
        return next((str(name) for name in found if name), "")

    @property
    def jobs(self) -> list[JobResult]:
        """The jobs in order."""
        folders = (at for sizes in self.arms.values() for at in sizes.values())
        return [job for at in folders for job in at.values()]

    @property
    def runs(self) -> dict[str, FinishedRun]:
        """The runs of the jobs that have one, by the names of the jobs."""
        return {job.name: job.run for job in self.jobs if job.run is not None}

    @property
    def sizes(self) -> list[int]:
        """The numbers of images, ascending."""
        return sorted({job.size for job in self.jobs})

    @property
    def seeds(self) -> list[int]:
        """The seeds, ascending."""
        return sorted({job.seed for job in self.jobs})

    def at(self, arm: str, size: int) -> list[JobResult]:
        """Returns the jobs of an arm at a number of images, by seed."""
        return list(self.arms.get(arm, {}).get(size, {}).values())

    def values(self, arm: str, size: int, key: str) -> dict[int, float]:
        """Returns the numbers that are there, by seed."""
        found = {job.seed: job.number(key) for job in self.at(arm, size)}
        return {seed: value for seed, value in found.items() if value is not None}

    def images(self, size: int) -> int:
        """Returns on how many images the jobs of a size were trained, the validation ones off."""
        at = {job.number("data.train") for job in self.jobs if job.size == size} - {None}
        trained = at.pop() if len(at) == 1 else None
        return size if trained is None else int(trained)


def without_folders(text: str) -> str:
    """Shortens absolute paths to their last part, so that no machine is told."""
    return ABSOLUTE.sub("…/", text)


def read_study(root: str | Path) -> StudyResults:
    """Reads a study.

    Arguments:
        root: Its folder.

    Raises:
        InputError: If there is no job in it, or jobs were measured on different scales.
    """
    root = Path(root)
    plan, notes = _read_plan(root / "study.json")
    listed = dict(_listed(plan))
    folders = dict(_folders(root / EARLIER)) | dict(_folders(root / FOLDER))
    if not any(arm in ARMS for arm, _, _ in folders):
        raise InputError(
            f"root: must be the folder of a study, with jobs/ARM-nSIZE-seedS in it, was {root}"
        )

    unknown = sorted({arm for arm, _, _ in (*listed, *folders) if arm not in ARMS})
    notes += [f"Arms that are not known, and left out: {', '.join(unknown)}."] if unknown else []
    places = [place for place in {**listed, **folders} if place[0] in ARMS]
    jobs = [_read_job(place, folders.get(place), listed.get(place, "")) for place in places]
    options, commit = plan.get("options"), plan.get("git_commit")
    study = StudyResults(
        sort_jobs(jobs),
        options if isinstance(options, dict) else {},
        commit if isinstance(commit, str) else None,
        tuple(notes),
        edition=_edition(plan),
        tuning=tuning if isinstance(tuning := plan.get("tuning"), dict) else {},
    )
    _check_scale(study)
    return study


def _edition(plan: Mapping[str, Any]) -> int:
    """Returns the edition of the protocol; plans did not name it in the first one."""
    if not plan:
        return EDITION
    return found if (found := plan.get("edition", 1)) in (1, EDITION) else EDITION


def sort_jobs(jobs: Iterable[JobResult]) -> dict[str, dict[int, dict[int, JobResult]]]:
    """Sorts jobs by arm, number of images and seed."""
    order = {arm: i for i, arm in enumerate(ARMS)}
    arms: dict[str, dict[int, dict[int, JobResult]]] = {}
    for job in sorted(jobs, key=lambda job: (order[job.arm], job.size, job.seed)):
        arms.setdefault(job.arm, {}).setdefault(job.size, {})[job.seed] = job
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
    return {}, ["study.json is damaged and was not used: jobs without a folder are not listed."]


def _whole(value: Any) -> int | None:  # noqa: ANN401
    """Returns a value of JSON as a whole number that is not negative, or `None`."""
    found = finite(value)
    return int(found) if found is not None and found >= 0 and found == int(found) else None


def _listed(plan: Mapping[str, Any]) -> Iterator[tuple[Place, str]]:
    """Yields the jobs that `study.json` lists, or else that its options ask for, with reasons."""
    jobs, options = plan.get(FOLDER, plan.get(EARLIER)), plan.get("options")
    if not isinstance(jobs, list) or not jobs:
        options = options if isinstance(options, dict) else {}
        axes = [options.get(key) for key in ("arms", "train_sizes", "seeds")]
        product = itertools.product(*(axis if isinstance(axis, list) else [] for axis in axes))
        jobs = [dict(zip(("arm", "size", "seed"), place, strict=True)) for place in product]
    for job in (job for job in jobs if isinstance(job, dict)):
        arm, size, seed = job.get("arm"), _whole(job.get("size")), _whole(job.get("seed"))
        if isinstance(arm, str) and size and seed is not None:
            reason = job.get("reason")
            yield (arm, size, seed), reason if isinstance(reason, str) else ""


def _folders(jobs: Path) -> Iterator[tuple[Place, Path]]:
    """Yields the folders of jobs."""
    for path in sorted(jobs.iterdir()) if jobs.is_dir() else []:
        if (found := NAME.fullmatch(path.name)) and path.is_dir():
            yield (found[1], int(found[2]), int(found[3])), path


def _read_job(place: Place, folder: Path | None, reason: str) -> JobResult:
    """Reads a job.

    Arguments:
        place: Its arm, number of images and seed.
        folder: Its folder, if there is one.
        reason: Why it is missing, if that was written down.
    """
    told = without_folders(" ".join(reason.split()))
    if folder is None:
        return JobResult(*place, "missing", told or "it was not run")
    try:
        metrics = read_json(folder / "metrics.json")
    except FileNotFoundError:
        return JobResult(*place, "missing", told or "it did not finish: there is no metrics.json")
    except (OSError, ValueError, RecursionError):
        metrics = None
    if not isinstance(metrics, dict):
        return JobResult(*place, "missing", "its metrics.json is damaged")

    run = with_files(folder, metrics)
    if (seed := run.number("seed")) not in (None, place[2]):
        return JobResult(*place, "missing", f"its metrics.json is of another seed, {seed:g}")
    fid = run.number("fid")
    if fid is None or fid <= 0:  # The endpoint is its logarithm.
        was = "there is no finite FID" if fid is None else f"FID was {fid:g}"
        return JobResult(*place, "not estimable", was, run)
    return JobResult(*place, "finished", "", run)


def _check_scale(study: StudyResults) -> None:
    """Raises `InputError` if the jobs were not measured with the same data and features."""
    for key in (*SCALE, "split"):
        kinds: dict[str, list[str]] = {}
        for name, run in study.runs.items():
            value = run.split if key == "split" else run.get(key)
            if value is not None:
                kinds.setdefault(str(value)[:40], []).append(name)
        if len(kinds) > 1:
            raise InputError(f"{key}: must be the same in all jobs, was {_told(kinds)}")


def _told(kinds: Mapping[str, list[str]]) -> str:
    """Says which value is in which jobs, of the rarest value first."""
    parts = []
    for value, names in sorted(kinds.items(), key=lambda item: (len(item[1]), item[0])):
        more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
        parts.append(f"{value} in {', '.join(names[:LISTED])}{more}")
    return "; ".join(parts)
