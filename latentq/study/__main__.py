"""Runs the study: every arm with every seed and number of training images, each a cell.

    python -m latentq.study [arms=quantum,vae|all] [seeds=5] [train_sizes=300,1000,10000,60000]
                            [engine=local|ray] [workers=N] [address=auto] [root=study]
                            [settings="key=value key=value"] [plugin=my_module]

A cell is a process of `train.py` with one thread; its run folder is ROOT/cells/ARM-nSIZE-seedS
and its output goes to ROOT/logs. An arm that uses the autoencoder of another one waits for it.
Finished cells are skipped, so that the same command goes on after an interruption; a cell that
failed twice is missing. ROOT/study.json says what has become of each cell of the last call.

seeds is a number of seeds, or a list: 0,3,7. The size 60000 stands for all images but those of
the validation split. settings are further overrides of every cell (those of `denoising.` only of
the arms that have them); they win over what an arm sets itself. workers is by default the number
of CPUs. engine=ray needs requirements-ray.txt and a running cluster, at address, whose nodes see
the same files. plugin is a module that registers models of your own; each is one more arm.

The exit code is 0 if all cells are finished, 1 if some are missing, 2 for a wrong option, and
130 or 143 after SIGINT or SIGTERM.
"""

import json
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from types import FrameType
from typing import Any

from rich.console import Console

from latentq.config.commands import run_command
from latentq.config.compose import load_config
from latentq.config.config import Config
from latentq.errors import InputError
from latentq.study.jobs import TRAIN, Cell, Study, plan
from latentq.study.local import LocalEngine
from latentq.study.options import Options, cpus, read_options
from latentq.study.progress import Display
from latentq.study.schedule import Engine, Record, Schedule, run
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


def make_engine(options: Options, study: Study) -> Engine:
    """Returns what runs the cells."""
    if options.engine == "local":
        return LocalEngine(study, options.workers or cpus())
    from latentq.study.cluster import RayEngine

    return RayEngine(study, options.address, options.workers)


def finished_before(study: Study, cells: list[Cell]) -> dict[Cell, Record]:
    """Returns the records of the cells that are finished already.

    Raises:
        InputError: If one was run with another configuration.
    """
    try:
        rows = json.loads((study.root / RESULT).read_text())["cells"]
        known = {row["name"]: (row["seconds"], row["attempts"]) for row in rows}
    except (OSError, ValueError, TypeError, KeyError):
        known = {}
    records = {}
    for cell in cells:
        if study.is_finished(cell):
            seconds, attempts = known.get(cell.name, (None, 0))
            records[cell] = Record("finished", None, seconds, attempts)
    return records


def describe(schedule: Schedule) -> list[dict[str, Any]]:
    """Lists the cells for `study.json`: what is not finished is missing, whatever the reason."""
    rows = []
    for cell, record in schedule.records.items():
        if record.state in ("waiting", "running"):
            record = replace(record, state="missing", reason=record.reason or "not run to its end")
        rows.append({"name": cell.name, **asdict(cell), **asdict(record)})
    return rows


def work(options: Options, study: Study, cells: list[Cell], engine: Engine) -> int:
    """Runs the cells that are not finished, and returns the exit code."""
    from latentq.training import run_folder

    commit = git_commit()
    shown = {key: str(v) if isinstance(v, Path) else v for key, v in vars(options).items()}
    schedule = Schedule(cells, finished_before(study, cells))

    def save() -> None:
        content = {"options": shown, "git_commit": commit, "cells": describe(schedule)}
        run_folder.write_json(study.root / RESULT, content)

    def changed(cell: Cell) -> None:
        if schedule.records[cell].state != "running":
            save()
        display.changed(cell)

    print(f"{schedule.count('finished')} of {len(cells)} cells are finished already", flush=True)
    save()
    with Display(schedule, engine, Console()) as display:
        run(schedule, engine, changed)
    missing = {c: r for c, r in schedule.records.items() if r.state == "missing"}
    for cell, record in missing.items():
        print(f"missing: {cell.name}: {record.reason}")
    print(f"{schedule.count('finished')} of {len(cells)} cells are finished, see {study.root}")
    return 1 if missing else 0


def study(
    arguments: list[str],
    train: tuple[str, ...] = TRAIN,
    load: Callable[[list[str]], Config] = load_config,
) -> int:
    """Runs the study and returns the exit code.

    Arguments:
        arguments: The options.
        train: What Python is called with to run a cell, before the overrides.
        load: Composes the configuration that the program has with some overrides.

    Raises:
        InputError: If an option is wrong, the folder is in use, or it holds a finished cell of
            another configuration.
    """
    options = read_options(arguments)
    cells = plan(options.arms, options.seeds, options.train_sizes)
    this = Study(options.root, options.settings, train, load)
    # One cell of each arm tells whether its overrides and the settings compose.
    for cell in {cell.arm: cell for cell in reversed(cells)}.values():
        this.config(cell)
    engine = make_engine(options, this)
    with interruptible() as received:
        try:
            with locked(options.root), closing(engine):
                return work(options, this, cells, engine)
        except KeyboardInterrupt:
            print("stopped; the same command goes on", file=sys.stderr)
            return 128 + received[0]


def main(**program: Any) -> int:  # noqa: ANN401
    """Runs the command line and returns the exit code; a program may stand in for `train.py`."""
    codes = [0]
    return run_command(lambda words: codes.append(study(words, **program)), __doc__) or codes[-1]


if __name__ == "__main__":
    sys.exit(main())
