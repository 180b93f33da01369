"""The options of the study: arms, seeds, sizes and settings as they stand on the command line."""

import importlib.util
import os
import shlex
from typing import Annotated, Literal

from annotated_types import Ge, Le
from pydantic import AfterValidator, BeforeValidator, Field

from latentq.config.fields import Folder, Plugins, Seed, Settings, Text
from latentq.config.marks import Commas, Must, OneOf
from latentq.errors import InputError
from latentq.study.arms import ARMS, EditionArms, add_plugins, of_edition
from latentq.study.jobs import ALL, LARGEST

SMALLEST = 10
MOST_SEEDS = 1000
# What tells one job from another, and where it writes: the study sets these itself.
OWN = (
    *("seed", "autoencoder", "model", "model.kind", "resume", "plugin"),
    *("data", "data.name", "data.limit"),
)


def _number_of_seeds(value: object) -> object:
    """Makes a list of a number of seeds; `3,` is seed 3 alone."""
    if not isinstance(value, str) or not (value.isascii() and value.isdecimal()):
        return value.removesuffix(",") if isinstance(value, str) else value
    if not 1 <= int(value) <= MOST_SEEDS:
        raise ValueError
    return tuple(range(int(value)))


def _size(number: int) -> int:
    if not (SMALLEST <= number <= LARGEST or number == ALL):
        raise ValueError
    return number


def _settings(text: object) -> object:
    if not isinstance(text, str):
        return text
    try:
        words = shlex.split(text)
    except ValueError:
        raise InputError(f"settings: must have its quotes in pairs, was {text!r}") from None
    for word in words:
        key, separator, _ = word.partition("=")
        if not separator or not key[:1].isalpha():
            raise InputError(f"settings: must be key=value with spaces between, was {word!r}")
        if key in OWN or key.startswith("run."):
            raise InputError(f"settings: {key} is what the study sets for each job")
    return tuple(words)


def _engine(name: str) -> str:
    if name == "ray" and importlib.util.find_spec("ray") is None:
        raise InputError("engine: ray is not installed; pip install -r requirements-ray.txt")
    return name


def _with_arms(plugin: str) -> str:
    add_plugins(plugin)
    return plugin


# Of earlier editions an arm can be named; all are those of today.
Arms = Annotated[tuple[Annotated[str, OneOf(ARMS)], ...], Commas(EditionArms(), once=True)]
Seeds = Annotated[
    tuple[Seed, ...],
    Commas(once=True),
    BeforeValidator(_number_of_seeds),
    Must(f"a number of seeds up to {MOST_SEEDS}, or a list like 0,3,7, none twice"),
]
Sizes = Annotated[
    tuple[
        Annotated[
            int,
            AfterValidator(_size),
            Must(f"from {SMALLEST} to {LARGEST}, or {ALL} for all but the validation split"),
        ],
        ...,
    ],
    Commas(once=True),
]


class RunnerOptions(Settings):
    """What is run, and by what."""

    # Read first, as models of your own are arms as well.
    plugin: Annotated[Plugins, AfterValidator(_with_arms)] | None = Field(
        None, description="modules that register models of your own, which are further arms"
    )
    data: Literal["mnist", "fashion", "digits"] = Field(
        "mnist", description="the data set; each of these has a classifier behind FID"
    )
    engine: Annotated[Literal["local", "ray"], AfterValidator(_engine)] = Field(
        "local", description="what runs the jobs; ray needs requirements-ray.txt and a cluster"
    )
    workers: Annotated[int, Ge(1), Le(10_000)] | None = Field(
        None, description="jobs at a time; null: as many as there are CPUs"
    )
    address: Text = Field("auto", description="the cluster, whose nodes see the same files")
    keep: Folder | None = Field(
        None,
        description="a folder for the small files of finished jobs, to commit and to go on from",
    )
    settings: Annotated[
        tuple[str, ...], BeforeValidator(_settings), Must("key=value with spaces between")
    ] = Field((), description="overrides of every job, which win over what an arm sets")


class Options(RunnerOptions):
    """What was asked for."""

    arms: Arms = Field(
        default_factory=lambda: (*of_edition(),), description="the models and controls"
    )
    seeds: Seeds = Field((5, 6, 7, 8, 9), description="the seeds")
    train_sizes: Sizes = Field(
        (300, 1000, 10_000, LARGEST), description="the numbers of training images"
    )
    root: Folder = Field("study", description="the folder of the study")


def cpus() -> int:
    """Returns how many CPUs this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
