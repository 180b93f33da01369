"""The jobs of the study: which there are, the command that runs each, and which are finished."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from latentq.config import registry
from latentq.config.compose import load_config
from latentq.config.config import Config
from latentq.config.schema.quantum import ChainSettings
from latentq.config.words import override
from latentq.errors import InputError
from latentq.paths import TRAIN
from latentq.study.arms import ARMS, EPOCHS, QUANTUM
from latentq.study.structures import structure_of

# All training images of MNIST: those of the validation split are among them, but not trained on.
ALL = 60_000
LARGEST = 54_000
# Few images shall not mean few iterations, so an epoch has a number of them.
ITERATIONS = ("images.iterations_per_epoch=250",)
COMMON = (f"denoising.epochs={EPOCHS}",)
FOLDER, EARLIER = "jobs", "cells"  # Of the run folders, now and in earlier versions.


@dataclass(frozen=True)
class Job:
    """One arm, one number of training images, one seed."""

    arm: str
    size: int
    seed: int

    @property
    def name(self) -> str:
        """What logs and the progress call it."""
        return f"{self.arm}-n{self.size}-seed{self.seed}"

    @property
    def base(self) -> "Job | None":
        """The job whose autoencoder it uses."""
        base = ARMS[self.arm].base
        return None if base is None else replace(self, arm=base)


def plan(arms: Sequence[str], seeds: Sequence[int], sizes: Sequence[int]) -> list[Job]:
    """Lists the jobs in the order in which they are to begin.

    All jobs of a seed come before those of the next, so that an aborted study has whole seeds;
    within a seed, all of a number of images, so that few autoencoders are needed again; and of
    these, those that others wait for come first, whether they were asked for or not.

    Arguments:
        arms: The arms, keys of :data:`latentq.study.arms.ARMS`.
        seeds: The seeds.
        sizes: The numbers of training images.
    """
    bases = [base for base in (ARMS[arm].base for arm in arms) if base is not None]
    jobs = [
        Job(arm, size, seed)
        for seed in seeds
        for size in sizes
        for group in (bases, arms)
        for arm in group
    ]
    return list(dict.fromkeys(jobs))


def _fitting(overrides: Sequence[str], arm: str) -> list[str]:
    """Leaves out the settings of the denoising for arms that have no chain."""
    denoised = is_chain(arm)
    return [word for word in overrides if denoised or not word.startswith("denoising.")]


def is_chain(arm: str) -> bool:
    """Whether an arm is a chain that is trained on ensembles of states."""
    words = dict(word.split("=", 1) for word in ARMS[arm].overrides)
    return issubclass(registry.find(words["model"]).settings, ChainSettings)


@dataclass(frozen=True)
class StudyFolder:
    """Where the jobs are, and what they have in common.

    Arguments:
        root: The folder of the study.
        settings: Further overrides of every job; they come last, so they win. Those that begin
            with `denoising.` are for the arms that are chains.
        train: What Python is called with to run a job, before the overrides.
        load: Composes the configuration that the program has with some overrides.
        tuned: The settings of arms that the tuning has found, by arm and key; they win over what
            an arm sets.
        data: The data set.
        keep: The folder where the small files of finished jobs are kept; `None` for none.
    """

    root: Path
    settings: tuple[str, ...] = ()
    train: tuple[str, ...] = TRAIN
    load: Callable[[list[str]], Config] = load_config
    tuned: Mapping[str, Mapping[str, str]] = field(default_factory=dict, compare=False)
    data: str = "mnist"
    keep: Path | None = None
    _composed: dict[tuple[str, int], Config] = field(default_factory=dict, compare=False)

    def folder(self, job: Job) -> Path:
        """Returns the run folder of a job; `train.py` wants digits to say so in its name."""
        name = job.name + ("-digits" if self.data == "digits" else "")
        # Earlier versions wrote to `cells`: what is finished there is not run again.
        earlier = self.root / EARLIER / name
        return earlier if read_metrics(earlier) is not None else self.root / FOLDER / name

    def kept(self, job: Job) -> Path | None:
        """Returns the folder with what is kept of a job, there or not; `None` if nothing is."""
        return None if self.keep is None else self.keep / FOLDER / job.name

    def result(self, job: Job) -> Path:
        """Returns the folder with the numbers of a job: its run folder, or what is kept of it."""
        folder, kept = self.folder(job), self.kept(job)
        return folder if kept is None or self.has_run(job) else kept

    def has_run(self, job: Job) -> bool:
        """Whether the run folder of a job is here with its metrics, and so with its weights."""
        return read_metrics(self.folder(job)) is not None

    def log(self, job: Job) -> Path:
        """Returns the file that gets what a job prints."""
        return self.root / "logs" / f"{job.name}.log"

    def overrides(self, job: Job) -> list[str]:
        """Returns the configuration of a job, as overrides; later ones win."""
        limit = [] if job.size == ALL else [f"data.limit={job.size}"]
        folder = self.folder(job)
        base = [] if job.base is None else [override("autoencoder", self.folder(job.base))]
        return [
            f"data={self.data}",
            *limit,
            *(ITERATIONS if job.size < LARGEST else ()),
            *_fitting(COMMON, job.arm),
            *self._own(job.arm),
            f"seed={job.seed}",
            override("run.root", folder.parent),
            override("run.name", folder.name),
            "threads=1",
            *base,
            *_fitting(self.settings, job.arm),
        ]

    def _own(self, arm: str) -> list[str]:
        """Returns what an arm sets; a control of quantum begins with quantum's settings."""
        found = {name: [f"{k}={v}" for k, v in of.items()] for name, of in self.tuned.items()}
        first, *others = ARMS[arm].overrides
        before = found.get(QUANTUM, []) if ARMS[arm].mirrors else []
        change = ARMS[arm].change
        if change is not None:
            circuits = structure_of(self.tuned.get(QUANTUM, {}))
            before = [*before, *change(circuits).overrides()]
        return [first, *before, *others, *found.get(arm, [])]

    def command(self, job: Job) -> list[str]:
        """Returns the command line of a job."""
        return [sys.executable, *self.train, *self.overrides(job)]

    def config(self, job: Job) -> Config:
        """Returns the configuration that the command of a job composes.

        Raises:
            InputError: If there is none; the message names the job.
        """
        # Composing takes a fifth of a second, and seeds differ in these keys alone.
        key = (job.arm, job.size)
        if key not in self._composed:
            try:
                self._composed[key] = self.load(self.overrides(job))
            except InputError as error:
                raise InputError(f"{job.name}: {error}") from error
        own: Config = {"seed": job.seed}
        if job.base is not None:
            own["autoencoder"] = str(self.folder(job.base))
        return {**self._composed[key], **own}

    def is_finished(self, job: Job) -> bool:
        """Whether a job was run to its end, with the configuration that it would have now.

        Raises:
            InputError: If it was run to its end with another one.
        """
        # This import takes seconds; mistakes on the command line are answered without it.
        from latentq.training import run_folder

        folder = self.result(job)
        if read_metrics(folder) is None or not (folder / run_folder.CONFIG).is_file():
            return False
        config = self.config(job)
        try:
            differ = run_folder.differences(folder, config)
        except (yaml.YAMLError, TypeError, ValueError):
            return False
        if differ:
            raise InputError(
                f"root: {job.name} was run with another configuration ({differ[0]}); "
                "use another root="
            )
        return True


def read_metrics(folder: Path) -> dict[str, Any] | None:
    """Reads the `metrics.json` of a run folder; `None` if it is absent, damaged or no JSON.

    NaN and infinity are no JSON. A `fid` of null is: it could not be estimated.
    """

    def refuse(constant: str) -> None:
        raise ValueError(constant)

    try:
        metrics = json.loads((folder / "metrics.json").read_text(), parse_constant=refuse)
    except (OSError, ValueError):
        return None
    return metrics if isinstance(metrics, dict) and "fid" in metrics else None
