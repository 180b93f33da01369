"""Runs the study: every arm with every seed and number of training images, each a job.

    python -m latentq.study
    python -m latentq.study arms=quantum,vae seeds=3 settings="denoising.iterations_per_epoch=50"
    python -m latentq.study data=fashion train_sizes=1000,54000 root=study/fashion

A job is a process of `train.py` with one thread; its run folder is ROOT/jobs/ARM-nSIZE-seedS
and its output goes to ROOT/logs. An arm that uses the autoencoder of another one waits for it.
Finished jobs are skipped, so that the same command goes on after an interruption; a job that
failed twice is missing. ROOT/study.json says what has become of each job of the last call.

With `keep=FOLDER` the small files of each finished job are copied there. They can be committed,
and the same command goes on from them where the run folders are gone. An autoencoder that jobs
still need is then trained again; if it is not the same one, it is missing, and so are they.

Those settings that begin with `denoising.` go to the arms that are chains only. What
`python -m latentq.study.tune` has found for an arm is among its settings.
Models of your own, of the modules that `plugin` names, are further arms.

The exit code is 0 if all jobs are finished, 1 if some are missing, 2 for a wrong option, and
130 or 143 after SIGINT or SIGTERM.
"""

import json
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

from rich.console import Console

from latentq.config.commands import read_options, run_command
from latentq.config.compose import load_config
from latentq.config.config import Config
from latentq.errors import InputError
from latentq.study.arms import EDITION
from latentq.study.jobs import EARLIER, FOLDER, TRAIN, Job, StudyFolder, plan
from latentq.study.kept import difference, is_pictured, keep, keep_plan
from latentq.study.local import LocalEngine
from latentq.study.options import Options, RunnerOptions, cpus
from latentq.study.progress import Display
from latentq.study.schedule import Engine, JobRecord, Schedule, run
from latentq.study.tuned import read_tuned
from latentq.training.commit import git_commit
from latentq.training.locks import lock

RESULT = "study.json"


@contextmanager
def locked(root: Path) -> Iterator[None]:
    """Makes the folder of a study and keeps other runners out of it.

    Raises:
        InputError: If another runner is in it, or it cannot be written.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        file = (root / ".lock").open("w")
    except OSError as error:
        raise InputError(f"root: must be a writable folder, was {root}: {error}") from error
    with file:
        if not lock(file.fileno(), root):
            raise InputError(
                f"root: another runner is at work in {root}; wait for it or use another root="
            )
        yield


@contextmanager
def interruptible() -> Iterator[list[int]]:
    """Turns the first SIGINT or SIGTERM into KeyboardInterrupt, and yields those received."""
    received: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        received.append(number)
        if len(received) == 1:
            raise KeyboardInterrupt

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def make_engine(options: RunnerOptions, study: StudyFolder) -> Engine:
    """Returns what runs the jobs."""
    if options.engine == "local":
        return LocalEngine(study, options.workers or cpus())
    from latentq.study.cluster import RayEngine

    return RayEngine(study, options.address, options.workers)


def finished_before(study: StudyFolder, jobs: list[Job]) -> dict[Job, JobRecord]:
    """Returns the records of the jobs that are finished already.

    One of which others need the autoencoder is not, where its run folder is gone.

    Raises:
        InputError: If one was run with another configuration.
    """
    known = _known_rows(study.root) or _known_rows(study.keep)
    records = {}
    for job in jobs:
        if study.is_finished(job):
            seconds, attempts = known.get(job.name, (None, 0))
            records[job] = JobRecord("finished", None, seconds, attempts)
    needed = {job.base for job in jobs if job not in records}
    return {
        job: found for job, found in records.items() if job not in needed or study.has_run(job)
    }


def _known_rows(root: Path | None) -> dict[str, tuple[Any, Any]]:
    """Returns seconds and attempts of the jobs that `study.json` lists; nothing if it cannot."""
    try:
        found = json.loads(((root or Path()) / RESULT).read_text())
        rows = found.get(FOLDER, found.get(EARLIER))
        return {row["name"]: (row["seconds"], row["attempts"]) for row in rows}
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}


def describe(schedule: Schedule) -> list[dict[str, Any]]:
    """Lists the jobs for `study.json`: what is not finished is missing, whatever the reason."""
    rows = []
    for job, record in schedule.records.items():
        if record.state in ("waiting", "running"):
            record = replace(record, state="missing", reason=record.reason or "not run to its end")
        rows.append({"name": job.name, **asdict(job), **asdict(record)})
    return rows


def work(
    options: RunnerOptions,
    study: StudyFolder,
    jobs: list[Job],
    engine: Engine,
    finished: Callable[[Job], None],
) -> int:
    """Runs the jobs that are not finished, and returns the exit code."""
    from latentq.training import run_folder

    told = {
        "edition": EDITION,
        "options": options.model_dump(mode="json"),
        "tuning": read_tuned().model_dump(),
        "git_commit": git_commit(),
    }
    schedule = Schedule(jobs, finished_before(study, jobs))

    def save() -> None:
        content = {**told, FOLDER: describe(schedule)}
        run_folder.write_json(study.root / RESULT, content)
        keep_plan(study, content)

    def changed(job: Job) -> None:
        if schedule.records[job].state == "finished":
            finished(job)
            keep(study, job, is_pictured(job, jobs[0].seed))
        if schedule.records[job].state != "running":
            save()
        display.changed(job)

    print(f"{schedule.count('finished')} of {len(jobs)} jobs are finished already", flush=True)
    save()
    with Display(schedule, engine, Console()) as display:
        run(schedule, engine, changed, partial(difference, study))
    missing = {c: r for c, r in schedule.records.items() if r.state == "missing"}
    for job, record in missing.items():
        print(f"missing: {job.name}: {record.reason}")
    print(f"{schedule.count('finished')} of {len(jobs)} jobs are finished, see {study.root}")
    return 1 if missing else 0


def study(
    arguments: list[str],
    train: tuple[str, ...] = TRAIN,
    load: Callable[[list[str]], Config] = load_config,
) -> int:
    """Runs the study and returns the exit code.

    Arguments:
        arguments: The options.
        train: What Python is called with to run a job, before the overrides.
        load: Composes the configuration that the program has with some overrides.

    Raises:
        InputError: If an option is wrong, the folder is in use, or it holds a finished job of
            another configuration.
    """
    options = read_options(arguments, Options)
    jobs = plan(options.arms, options.seeds, options.train_sizes)
    tuned = read_tuned().arms
    root = Path(options.root)
    keep_in = None if options.keep is None else Path(options.keep)
    this = StudyFolder(
        root, options.settings, train, load, tuned=tuned, data=options.data, keep=keep_in
    )
    return carry_out(options, this, jobs)


def carry_out(
    options: RunnerOptions,
    this: StudyFolder,
    jobs: list[Job],
    finished: Callable[[Job], None] = lambda job: None,
) -> int:
    """Runs the jobs of a folder that are not finished, and returns the exit code.

    Arguments:
        options: The options.
        this: The folder.
        jobs: The jobs.
        finished: Is called with each job that was run to its end, before it is kept.

    Raises:
        InputError: If a job has no configuration, the folder is in use, or it holds a finished
            job of another configuration.
    """
    # One job of each arm tells whether its overrides and the settings compose.
    for job in {job.arm: job for job in reversed(jobs)}.values():
        this.config(job)
    engine = make_engine(options, this)
    with interruptible() as received:
        try:
            with locked(this.root), closing(engine):
                return work(options, this, jobs, engine, finished)
        except KeyboardInterrupt:
            print("stopped; the same command goes on", file=sys.stderr)
            return 128 + received[0]


def main(**program: Any) -> int:  # noqa: ANN401
    """Runs the command line and returns the exit code; a program may stand in for `train.py`."""
    codes = [0]
    code = run_command(lambda words: codes.append(study(words, **program)), __doc__, Options)
    return code or codes[-1]


if __name__ == "__main__":
    sys.exit(main())
