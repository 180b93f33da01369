"""The options of the study: arms, seeds, sizes and settings as they stand on the command line."""

import importlib.util
import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from latentq.config.commands import parse_options
from latentq.config.rules import Rule
from latentq.errors import InputError, nearest
from latentq.study.arms import ARMS, add_plugins
from latentq.study.jobs import ALL, LARGEST

RULES = {
    "arms": Rule(str),
    "seeds": Rule(str),
    "train_sizes": Rule(str),
    "engine": Rule(str, choices=("local", "ray")),
    "workers": Rule(int, low=1, high=10_000, optional=True),
    "address": Rule(str),
    "root": Rule(str, path=True),
    "settings": Rule(str),
    "plugin": Rule(str, optional=True),
}
DEFAULTS: dict[str, Any] = {
    "arms": "all",
    "seeds": "5",
    "train_sizes": "300,1000,10000,60000",
    "engine": "local",
    "workers": None,
    "address": "auto",
    "root": "study",
    "settings": "",
    "plugin": None,
}
SMALLEST = 10
MOST_SEEDS = 1000
# What tells one cell from another, and where it writes: the study sets these itself.
OWN = ("seed", "autoencoder", "model", "model.kind", "data.limit", "resume", "plugin")


@dataclass(frozen=True)
class Options:
    """What was asked for, checked; `workers` of `None` leaves the number to the engine."""

    arms: tuple[str, ...]
    seeds: tuple[int, ...]
    train_sizes: tuple[int, ...]
    engine: str
    workers: int | None
    address: str
    root: Path
    settings: tuple[str, ...]


def read_options(arguments: list[str]) -> Options:
    """Reads the options of the command line.

    Raises:
        InputError: If one is wrong; the message names it.
    """
    words = parse_options(arguments, RULES, DEFAULTS)
    add_plugins(words["plugin"])
    if words["engine"] == "ray" and importlib.util.find_spec("ray") is None:
        raise InputError("engine: ray is not installed; pip install -r requirements-ray.txt")
    return Options(
        arms=_arms(words["arms"]),
        seeds=_seeds(words["seeds"]),
        train_sizes=_sizes(words["train_sizes"]),
        engine=words["engine"],
        workers=words["workers"],
        address=words["address"],
        root=Path(words["root"]),
        settings=_settings(words["settings"]),
    )


def cpus() -> int:
    """Returns how many CPUs this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _once(key: str, values: Sequence[Any]) -> tuple[Any, ...]:
    twice = [value for value in values if values.count(value) > 1]
    if twice:
        raise InputError(f"{key}: must name each once, was {twice[0]} twice")
    return tuple(values)


def _arms(text: str) -> tuple[str, ...]:
    names = list(ARMS) if text == "all" else text.split(",")
    for name in names:
        if name not in ARMS:
            raise InputError(
                f"arms: must be all or of {', '.join(ARMS)}, was {name!r}{nearest(name, ARMS)}"
            )
    return _once("arms", names)


def _is_number(word: str) -> bool:
    return word.isascii() and word.isdecimal()


def _seeds(text: str) -> tuple[int, ...]:
    """Reads a number of seeds, or seeds with commas between them; `3,` is seed 3 alone."""
    words = text.removesuffix(",").split(",")
    if not all(_is_number(word) for word in words):
        raise InputError(f"seeds: must be a number of seeds, or a list like 0,3,7, was {text!r}")
    numbers = [int(word) for word in words]
    if "," not in text:
        if not 1 <= numbers[0] <= MOST_SEEDS:
            raise InputError(f"seeds: must be from 1 to {MOST_SEEDS} seeds, was {text}")
        return tuple(range(numbers[0]))
    if max(numbers) >= 2**32:
        raise InputError(f"seeds: must be below 2^32, was {max(numbers)}")
    return _once("seeds", numbers)


def _sizes(text: str) -> tuple[int, ...]:
    words = text.split(",")
    for word in words:
        if not _is_number(word) or not (SMALLEST <= int(word) <= LARGEST or int(word) == ALL):
            raise InputError(
                f"train_sizes: must be from {SMALLEST} to {LARGEST}, or {ALL} for all, "
                f"was {word!r}"
            )
    return _once("train_sizes", [int(word) for word in words])


def _settings(text: str) -> tuple[str, ...]:
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise InputError(f"settings: must have its quotes in pairs, was {text!r}") from error
    for word in words:
        key, separator, value = word.partition("=")
        if not separator or not key[:1].isalpha():
            raise InputError(f"settings: must be key=value with spaces between, was {word!r}")
        if key in OWN or key.startswith("run."):
            raise InputError(f"settings: {key} is what the study sets for each cell")
        if key in ("data", "data.name") and value not in ("mnist", "digits"):
            raise InputError(f"settings: {key} must be mnist or digits, was {value!r}")
    return tuple(words)
