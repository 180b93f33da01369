"""Run folders: how one is made, found again, kept to one process, and what it says of itself."""

import glob
import json
import math
import os
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch
import yaml

from latentq.config.config import Config, leaves
from latentq.config.renamed import current_config
from latentq.config.words import command_line, override, pasted
from latentq.errors import InputError
from latentq.paths import check_writable, write_atomically
from latentq.training.commit import git_commit
from latentq.training.locks import lock
from latentq.training.stopping import Stopped

METRICS, CONFIG, LOG, DATA = "metrics.json", "config.yaml", "metrics.csv", "data.json"
ENVIRONMENT, THEN = "environment.json", ", then "
LEFT_BEHIND = (".*.partial", ".*.tmp")  # by a process that was killed while it wrote
PACKAGES = (
    "torch",
    "torchvision",
    "torchquantum",
    "pytorch-lightning",
    "torchmetrics",
    "torch-fidelity",
    "scipy",
    "numpy",
    "scikit-learn",
    "hydra-core",
    "POT",
    "safetensors",
)


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Writes JSON atomically; a number that is not finite becomes null."""

    def clean(value: Any) -> Any:  # noqa: ANN401
        if isinstance(value, dict):
            return {k: clean(v) for k, v in value.items()}
        if isinstance(value, (list, tuple)):
            return [clean(v) for v in value]
        return None if isinstance(value, float) and not math.isfinite(value) else value

    text = json.dumps(clean(content), indent=2, allow_nan=False)
    write_atomically(path, (text + "\n").encode())


def package_versions() -> dict[str, str | None]:
    """Returns the installed versions of the packages that LatentQ stands on."""

    def find(name: str) -> str | None:
        try:
            return version(name)
        except PackageNotFoundError:
            return None

    return {name: find(name) for name in PACKAGES}


def environment() -> dict[str, Any]:
    """Returns what a reader needs to repeat a run: versions, machine and command."""
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": package_versions(),
        "cpu_count": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "cuda": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "command": command_line(sys.argv),
        "git_commit": git_commit(),
    }


def note_environment(folder: Path) -> str | None:
    """Writes `environment.json` of a run, and returns the commits of all code that it has run.

    A run that is resumed after an update was trained by both: `COMMIT, then COMMIT`.
    """
    path, found = folder / ENVIRONMENT, environment()
    try:
        before = json.loads(path.read_text())["git_commit"]
    except (OSError, ValueError, TypeError, KeyError):
        before = found["git_commit"]
    commits = dict.fromkeys([*(before or "unknown").split(THEN), found["git_commit"] or "unknown"])
    found["git_commit"] = None if [*commits] == ["unknown"] else THEN.join(commits)
    write_json(path, found)
    return found["git_commit"]


def is_finished(folder: Path) -> bool:
    """Whether a run folder holds the metrics of a finished run."""
    return (folder / METRICS).is_file()


def versions_of(root: Path, name: str) -> list[Path]:
    """Lists the run folders `name`, `name-2`, `name-3` ... that exist, oldest first."""

    def number(path: Path) -> int:
        tail = path.name[len(name) + 1 :]
        return int(tail) if tail.isdigit() else 1

    numbered = root.glob(f"{glob.escape(name)}-[0-9]*")
    return sorted((p for p in (root / name, *numbered) if p.is_dir()), key=number)


def new_run(root: Path, name: str) -> Path:
    """Makes a run folder that did not exist before: `name`, or else `name-2`, `name-3` ..."""
    check_writable(root, "run.root")
    number = 1
    while True:
        folder = root / (name if number == 1 else f"{name}-{number}")
        try:
            folder.mkdir()
            return folder
        except FileExistsError:
            number += 1


def find_run(resume: str, root: Path, name: str) -> Path:
    """Finds the run folder to resume.

    Arguments:
        resume: `last` for the newest unfinished run of that name, or a folder.
        root: The folder of run folders.
        name: The name of the run.

    Raises:
        InputError: If there is no such run, or it is finished.
    """
    if resume == "last":
        # A run that was killed before it had a configuration has nothing to go on from.
        begun = [p for p in versions_of(root, name) if (p / CONFIG).is_file()]
        open_runs = [p for p in begun if not is_finished(p)]
        if not open_runs:
            raise InputError(f"resume: there is no unfinished run {name} in {root}")
        return open_runs[-1]

    folder = Path(resume)
    if not (folder / CONFIG).is_file():
        raise InputError(f"resume: must be last or a run folder with {CONFIG}, was {resume}")
    if is_finished(folder):
        raise InputError(f"resume: {resume} is finished; start a new run instead")
    return folder


def decisive(config: Config) -> dict[str, Any]:
    """Returns the leaves of a configuration that matter for the results of its run."""
    where = ("data.root", "data.path", "data.download", "data.name")
    free = ("resume", "device", "plugin", "run.", *where)
    return {key: value for key, value in leaves(config) if not key.startswith(free)}


def data_of(folder: Path) -> dict[str, Any]:
    """Returns what identifies the data of a run, as far as it was noted.

    Raises:
        InputError: If the file that notes it is damaged.
    """
    path = folder / (DATA if (folder / DATA).is_file() else METRICS)
    if not path.is_file():
        return {}
    try:
        content = json.loads(path.read_text())
        return dict(content if path.name == DATA else content.get("data", {}))
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise InputError(f"run: {path} is damaged") from error


def differences(folder: Path, config: Config) -> list[str]:
    """Lists how the configuration of a run differs from another, where it matters for results.

    What `data=auto` came to is compared by its name, where the other configuration has one.

    Raises:
        InputError: If that of the run is damaged.
    """
    try:
        content = current_config(yaml.safe_load((folder / CONFIG).read_text()))
        before, named = decisive(content), content.get("data", {}).get("name")
    except (OSError, ValueError, AttributeError, TypeError, yaml.YAMLError) as error:
        raise InputError(f"run: {folder / CONFIG} is damaged or missing") from error
    now, wanted = decisive(config), config["data"]["name"]
    named = data_of(folder).get("name", named)
    if "auto" not in (named, wanted) and named is not None:
        before, now = {**before, "data.name": named}, {**now, "data.name": wanted}
    return [
        f"{key}: was {before.get(key)!r}, now {now.get(key)!r}"
        for key in sorted(before.keys() | now.keys())
        if before.get(key) != now.get(key)
    ]


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Keeps other processes out of a run folder, and clears what a killed one was writing.

    Raises:
        InputError: If another process is in it.
    """
    place = os.open(folder, os.O_RDONLY)
    try:
        if not lock(place, folder):
            raise InputError(f"run: {folder} is in use by another process")
        for pattern in LEFT_BEHIND:
            for path in folder.rglob(pattern):
                path.unlink(missing_ok=True)
        yield
    except Stopped as stop:
        stop.resume = pasted([override("resume", folder)], getattr(sys.stderr, "encoding", None))
        raise
    finally:
        os.close(place)
