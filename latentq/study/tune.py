"""Tunes every arm with as many random trials, and writes down all of them and what was chosen.

    python -m latentq.study.tune
    python -m latentq.study.tune arms=quantum,linear trials=12 seeds=20,21 train_sizes=54000

The trials of an arm are drawn from its table in `latentq/study/spaces.py`, and measured on the
validation images of seeds that no study uses. A trial is a job of `python -m latentq.study`, so
the same command goes on after an interruption. Of an arm the trial with the least geometric mean
of FID is chosen; one with a seed that failed is not. All trials go to OUT/DATA.csv, and what was
chosen to the file that the study reads, see `latentq/study/tuned.py`.

The exit code is 0 if all trials are finished, 1 if some are missing, 2 for a wrong option, and
130 or 143 after SIGINT or SIGTERM.
"""

import json
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, cast

from annotated_types import Le
from pydantic import Field

from latentq import paths
from latentq.config.commands import read_options, run_command
from latentq.config.compose import load_config
from latentq.config.config import Config
from latentq.config.fields import Count, Folder
from latentq.config.marks import Commas, OneOf
from latentq.errors import InputError
from latentq.study.__main__ import carry_out
from latentq.study.arms import ARMS, QUANTUM
from latentq.study.jobs import LARGEST, TRAIN, Job, StudyFolder, plan, read_metrics
from latentq.study.kept import SPREAD
from latentq.study.options import RunnerOptions, Seeds, Sizes
from latentq.study.spaces import FIXED, SPACES, Drawn, draw
from latentq.study.tuned import FILE, Tuned, write_tuned
from latentq.training.commit import git_commit

LEAST = 12  # Trials; with fewer the tuning says little.
SPREAD_STATES = 20_000  # As many as codebooks are fitted to.
VALIDATION = "metrics.split=validation"
SCORES = ("fid", "precision", "recall")
TunedArms = Annotated[tuple[Annotated[str, OneOf(SPACES)], ...], Commas(SPACES, once=True)]


class Options(RunnerOptions):
    """What is tuned."""

    arms: TunedArms = Field(default_factory=lambda: (*SPACES,), description="the arms")
    trials: Annotated[Count, Le(1000)] = Field(LEAST, description="trials of each arm")
    seeds: Seeds = Field((20,), description="seeds that no study uses")
    train_sizes: Sizes = Field((LARGEST,), description="the number of training images, one")
    root: Folder = Field("tuning", description="the folder of the trials")
    out: Folder = Field("docs/results/tuning", description="the folder of the log")
    write: Folder = Field(str(FILE), description="the file that the study reads")


@dataclass(frozen=True)
class Trial:
    """A trial of an arm, with some number of images and some seeds."""

    arm: str
    number: int
    size: int
    seeds: tuple[int, ...]

    @property
    def drawn(self) -> Drawn:
        """The settings by key."""
        return draw(self.arm, self.number)

    @property
    def jobs(self) -> list[Job]:
        """Its jobs, one for each seed."""
        return [Job(trial_name(self.arm, self.number), self.size, seed) for seed in self.seeds]


def trial_name(arm: str, number: int) -> str:
    """Returns the name of a trial as an arm."""
    return f"{arm}-trial{number:02d}"


def add_trials(arms: Sequence[str], trials: int) -> dict[str, Drawn]:
    """Makes an arm of each trial, and returns its settings by its name."""
    found = {}
    for arm in arms:
        for number in range(trials):
            name = trial_name(arm, number)
            found[name] = draw(arm, number)
            title = f"{ARMS[arm].title}, trial {number}"
            ARMS[name] = replace(ARMS[arm], title=title, role="classical", editions=())
    return found


def in_turn(jobs: Sequence[Job]) -> list[Job]:
    """Orders the jobs of trials so that all arms have had as many when a tuning is stopped."""

    def number(job: Job) -> int:
        return int(tail) if (tail := job.arm.rpartition("-trial")[2]).isdigit() else -1

    return sorted(jobs, key=number)


def log_rows(folder: StudyFolder, trials: Sequence[Trial]) -> list[dict[str, Any]]:
    """Lists the jobs of all trials, with what they measured, or that they failed."""
    rows = []
    for trial in trials:
        settings = " ".join(f"{key}={value}" for key, value in trial.drawn.items())
        for job in trial.jobs:
            metrics = read_metrics(folder.result(job)) if folder.is_finished(job) else None
            fid = None if metrics is None else metrics["fid"]
            state = "missing" if metrics is None else "finished" if fid else "not estimable"
            told = {key: (metrics or {}).get(key) if fid else None for key in SCORES}
            seconds = (metrics or {}).get("cpu_seconds", {}).get("prior")
            rows.append(
                {
                    **{"data": folder.data, "size": job.size, "arm": trial.arm},
                    **{"trial": trial.number, "seed": job.seed, "state": state},
                    **{**told, "cpu_seconds": seconds, "settings": settings},
                }
            )
    return rows


def choose(trials: Sequence[Trial], rows: Sequence[Mapping[str, Any]]) -> dict[str, Trial]:
    """Returns the chosen trial of each arm, of arms that have one.

    Arguments:
        trials: The trials.
        rows: Their jobs, see :func:`log_rows`.
    """
    best: dict[str, tuple[float, Trial]] = {}
    for trial in trials:
        own = [r for r in rows if (r["arm"], r["trial"]) == (trial.arm, trial.number)]
        fids = [row["fid"] for row in own if row["state"] == "finished"]
        if not own or len(fids) < len(own):
            continue
        mean = math.fsum(math.log(fid) for fid in fids) / len(fids)
        if trial.arm not in best or mean < best[trial.arm][0]:
            best[trial.arm] = mean, trial
    return {arm: trial for arm, (_, trial) in best.items()}


def measured_spread(folder: StudyFolder, trial: Trial) -> float:
    """Returns the spread of what the circuits of a trial generate, the mean over its seeds.

    Arguments:
        folder: Where the jobs are.
        trial: The trial of the quantum arm.
    """
    found = [note_spread(folder, job) for job in trial.jobs]
    return math.fsum(found) / len(found)


def note_spread(folder: StudyFolder, job: Job) -> float:
    """Returns the spread of what the circuits of a job generate, which is measured once.

    It is written beside the metrics, so that it outlives the weights.
    """
    path = folder.result(job) / SPREAD
    if path.is_file():
        return float(json.loads(path.read_text())["spread"])

    from latentq.evaluation.spread import spread_of_states
    from latentq.models import storage
    from latentq.models.states import StateModel

    model = cast(StateModel, storage.load(folder.folder(job)))
    states = model.eval().sample_states(SPREAD_STATES, job.seed)
    words = dict(word.split("=", 1) for word in ARMS[FIXED].overrides)
    spread = spread_of_states(states, int(words["prior.centres"]), job.seed)
    paths.write_atomically(path, json.dumps({"spread": spread}).encode())
    return spread


def tune(
    arguments: list[str],
    train: tuple[str, ...] = TRAIN,
    load: Callable[[list[str]], Config] = load_config,
) -> int:
    """Runs the trials, writes the log and what was chosen, and returns the exit code.

    Arguments:
        arguments: The options.
        train: What Python is called with to run a job, before the overrides.
        load: Composes the configuration that the program has with some overrides.

    Raises:
        InputError: If an option is wrong, the folder is in use, or it holds a finished job of
            another configuration.
    """
    options = read_options(arguments, Options)
    if len(options.train_sizes) != 1:
        raise InputError(f"train_sizes: must be one number, was {len(options.train_sizes)}")
    drawn = add_trials(options.arms, options.trials)
    settings = (VALIDATION, *options.settings)
    keep = None if options.keep is None else Path(options.keep)
    this = StudyFolder(Path(options.root), settings, train, load, drawn, options.data, keep)

    def finished(job: Job) -> None:
        if job.arm.startswith(f"{QUANTUM}-trial"):
            note_spread(this, job)

    jobs = in_turn(plan([*drawn], options.seeds, options.train_sizes))
    code = carry_out(options, this, jobs, finished)
    if code < 2:
        conclude(options, this)
    return code


def conclude(options: Options, folder: StudyFolder) -> None:
    """Writes the log of all trials, and the settings of the chosen ones."""
    (size,) = options.train_sizes
    trials = [
        Trial(arm, number, size, options.seeds)
        for arm in options.arms
        for number in range(options.trials)
    ]
    rows = log_rows(folder, trials)
    chosen = choose(trials, rows)
    arms = {arm: dict(trial.drawn) for arm, trial in chosen.items()}
    if QUANTUM in chosen:
        arms[FIXED] = {"prior.spread": f"{measured_spread(folder, chosen[QUANTUM]):.3g}"}
    write_log(Path(options.out) / f"{options.data}.csv", rows, chosen)
    found = Tuned(
        data=options.data,
        size=size,
        seeds=[*options.seeds],
        trials=options.trials,
        git_commit=git_commit(),
        arms=arms,
        failed=[arm for arm in options.arms if arm not in chosen],
    )
    write_tuned(found, Path(options.write))
    for arm in options.arms:
        told = f"trial {chosen[arm].number}" if arm in chosen else "no trial was finished"
        print(f"{arm}: {told}")
    print(f"log: {options.out}/{options.data}.csv, settings: {options.write}")


def write_log(path: Path, rows: Sequence[Mapping[str, Any]], chosen: Mapping[str, Trial]) -> None:
    """Writes the log of all trials, which says of each whether it was chosen."""
    from latentq.report.tables import csv_text, frame_of

    marked = [
        {**row, "chosen": int(row["arm"] in chosen and chosen[row["arm"]].number == row["trial"])}
        for row in rows
    ]
    paths.write_atomically(path, csv_text(frame_of(marked)).encode())


def main(**program: Any) -> int:  # noqa: ANN401
    """Runs the command line and returns the exit code; a program may stand in for `train.py`."""
    codes = [0]
    code = run_command(lambda words: codes.append(tune(words, **program)), __doc__, Options)
    return code or codes[-1]


if __name__ == "__main__":
    sys.exit(main())
