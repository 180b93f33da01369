"""Finished run folders, found, read and checked."""

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from latentq.config import registry
from latentq.errors import InputError
from latentq.paths import TRAINING
from latentq.report.statistics import Summary, scale_of, summarize

MODELS = ("quantum", "classical")
STAGES = ("autoencoder", "prior", "evaluation")
PARTS = ("encoder", "decoder", "prior", "total")

NUMBERS = (
    *("fid", "fid_reconstruction", "fid_floor", "fid_terminal", "fid_haar", "fid_inception"),
    *("kid", "kid_std", "precision", "recall", "coverage", "label_accuracy"),
    *("n_samples", "seed"),
    *(f"{clock}_seconds.{stage}" for clock in ("wall", "cpu") for stage in STAGES),
    *(f"parameters.{part}" for part in PARTS),
    *("features.test_accuracy", "mmd.undenoised", "mmd.forward_end"),
)
TEXTS = (
    *("name", "git_commit", "fid_inception_reason", "mmd.loss"),
    *("data.name", "data.sha256", "features.name", "features.sha256"),
)


def title_of(model: str) -> str:
    """Returns what a reader calls a model; its name where nobody has registered it."""
    return registry.find(model).title if registry.has(model) else model


def is_compared(model: str) -> bool:
    """Whether runs of a model can be compared: a classifier generates nothing."""
    return not (registry.has(model) and registry.find(model).classifier)


def finite(value: Any) -> float | None:  # noqa: ANN401
    """Returns a value of JSON as a number, or `None` if it is not a finite one."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None

    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None


@dataclass(frozen=True)
class FinishedRun:
    """A finished run: its folder and what is in `metrics.json` and beside it."""

    path: Path
    metrics: dict[str, Any]
    environment: dict[str, Any] | None = None
    config: str | None = None

    @property
    def model(self) -> str:
        """The model, as in `train.py model=...`."""
        return self.metrics["model"]

    @property
    def seed(self) -> int | None:
        """The seed."""
        return self.metrics.get("seed")

    @property
    def conditional(self) -> bool:
        """Whether the model was given the class of what it generates."""
        return self.metrics.get("conditional") is True

    @property
    def split(self) -> str:
        """The images that the run was measured against, `test` or `validation`."""
        return "validation" if self.metrics.get("split") == "validation" else "test"

    @property
    def digits(self) -> bool:
        """Whether the data is the small `digits` set, and not MNIST."""
        return self.get("data.name") == "digits"

    def get(self, key: str) -> Any:  # noqa: ANN401
        """Returns a value by its dotted path, or `None` if it is not there."""
        value: Any = self.metrics
        for part in key.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        return value

    def number(self, key: str) -> float | None:
        """Returns a finite number by its dotted path, or `None`."""
        return finite(self.get(key))

    def mmd_steps(self) -> list[float | None]:
        """Returns the MMDs at the steps :math:`S_0, S_1, ...`."""
        return [finite(value) for value in self.get("mmd.steps") or []]


@dataclass
class Replicates:
    """The runs of one model that differ in nothing but the seed, in the order of the seeds."""

    model: str
    name: str = ""
    runs: list[FinishedRun] = field(default_factory=list)
    label: str = ""

    @property
    def seeds(self) -> list[int | None]:
        """The seeds of the runs."""
        return [run.seed for run in self.runs]

    def values(self, key: str) -> dict[int | None, float]:
        """Returns the numbers that are there, by seed."""
        found = {run.seed: run.number(key) for run in self.runs}
        return {seed: value for seed, value in found.items() if value is not None}

    def summary(self, key: str) -> Summary | None:
        """Returns the mean of a number over the seeds, with its interval."""
        return summarize(self.values(key).values(), scale_of(key))


@dataclass(frozen=True)
class Group:
    """Arms whose numbers are on one scale; an arm of `MODELS` without runs is there, empty."""

    arms: list[Replicates]

    @property
    def runs(self) -> list[FinishedRun]:
        """All runs, arm by arm."""
        return [run for arm in self.arms for run in arm.runs]

    @property
    def digits(self) -> bool:
        """Whether the data is the small `digits` set, and not MNIST."""
        return self.runs[0].digits


def read_json(path: Path) -> Any:  # noqa: ANN401
    """Reads JSON, with `null` for NaN, which is no JSON but is written by some."""
    return json.loads(path.read_bytes(), parse_constant=lambda _: None)


def _check(metrics: Any, path: Path) -> None:  # noqa: ANN401
    """Raises `InputError` if a value of `metrics.json` is not what it has to be."""
    if not isinstance(metrics, dict) or not isinstance(metrics.get("model"), str):
        raise InputError(f"{path}: damaged, must be an object with a model; evaluate it again")

    run = FinishedRun(path, metrics)
    seed, steps = run.seed, run.get("mmd.steps")
    for key in (*NUMBERS, *TEXTS):
        value, kind = run.get(key), "text" if key in TEXTS else "a number"
        right = isinstance(value, str if key in TEXTS else int | float)
        if value is not None and (isinstance(value, bool) or not right):
            was = repr(value)[:40]
            raise InputError(f"{path}: damaged, {key} must be {kind} or null, was {was}")
    if not isinstance(seed, int | None) or not isinstance(steps, list | None):
        raise InputError(f"{path}: damaged, seed must be an integer and mmd.steps a list")


def load_run(path: Path) -> FinishedRun:
    """Reads a finished run.

    Arguments:
        path: The run folder.

    Raises:
        InputError: If `metrics.json` cannot be read or is damaged. Other files may be missing.
    """
    try:
        metrics = read_json(path / "metrics.json")
    except (OSError, ValueError, RecursionError) as error:
        why = str(error).splitlines()[0][:80]
        raise InputError(f"{path / 'metrics.json'}: damaged, cannot be read: {why}") from error

    _check(metrics, path / "metrics.json")
    return with_files(path, metrics)


def with_files(path: Path, metrics: dict[str, Any]) -> FinishedRun:
    """Returns a run with what is beside its `metrics.json`, where it can be read."""
    try:
        environment = read_json(path / "environment.json")
    except (OSError, ValueError, RecursionError):
        environment = None
    try:
        config = (path / "config.yaml").read_text(encoding="utf-8", errors="replace")
    except OSError:
        config = None
    return FinishedRun(
        path, metrics, environment if isinstance(environment, dict) else None, config
    )


def find_runs(folders: Iterable[str | Path]) -> tuple[list[FinishedRun], list[Path]]:
    """Reads the runs in some folders.

    Arguments:
        folders: FinishedRun folders, or folders that hold run folders.

    Returns:
        The finished runs of generative models, by path, each once; and the folders of runs that
        are not finished.

    Raises:
        InputError: If a folder is not there, holds no finished run, or a run is damaged.
    """
    runs: dict[Path, FinishedRun] = {}
    unfinished: set[Path] = set()
    for folder in map(Path, folders):
        if not folder.is_dir():
            raise InputError(f"{folder}: no such folder; give run folders or a folder of them")

        here = folder.resolve()
        inside = [here] if (here / "metrics.json").is_file() else _subfolders(here)
        found = {path for path in inside if (path / "metrics.json").is_file()}
        runs |= {path: load_run(path) for path in found}
        if not any(is_compared(runs[path].model) for path in found):
            raise InputError(
                f"{folder}: no finished run of a generative model, as there is no metrics.json "
                f"of one in it or one level down; make one with: {TRAINING} model=quantum"
            )

        unfinished |= {p for p in inside if p not in found and (p / "config.yaml").is_file()}

    compared = [runs[path] for path in sorted(runs) if is_compared(runs[path].model)]
    return compared, sorted(unfinished)


def _subfolders(folder: Path) -> list[Path]:
    """Returns the folders in a folder."""
    try:
        return [path for path in folder.iterdir() if path.is_dir()]
    except OSError as error:
        raise InputError(f"{folder}: cannot be read: {error.strerror}") from error
