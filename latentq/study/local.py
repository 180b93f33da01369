"""Runs cells as processes of this machine, each with one thread and a log of its own.

A process ends with the one that started it, however that ends, see `guard.py`.
"""

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from latentq.study.jobs import Cell, Study, read_metrics
from latentq.study.schedule import Outcome

GUARD = Path(__file__).with_name("guard.py")
ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "MKL", "OPENBLAS", "NUMBA")}
DATA_ROOT = "LATENTQ_DATA_ROOT"
POLL_SECONDS = 0.1


@dataclass(frozen=True)
class Task:
    """What it takes to run a cell, here or on another machine.

    Arguments:
        command: Its command line.
        directory: Where to run it.
        folder: Its run folder, which is deleted before.
        log: The file to which its output is added.
        environment: Variables that it gets in addition.
    """

    command: tuple[str, ...]
    directory: Path
    folder: Path
    log: Path
    environment: dict[str, str]


def task_of(study: Study, cell: Cell) -> Task:
    """Returns the task of a cell."""
    here = Path.cwd()
    data = {DATA_ROOT: os.environ[DATA_ROOT]} if DATA_ROOT in os.environ else {}
    return Task(
        command=tuple(study.command(cell)),
        directory=here,
        folder=here / study.folder(cell),
        log=here / study.log(cell),
        environment={**ONE_THREAD, **data},
    )


class Attempt:
    """A process that runs a task; what an earlier one left in the run folder is deleted.

    Raises:
        OSError: If the folder or the log cannot be written, or the command is not there.
    """

    def __init__(self, task: Task) -> None:
        self.task, self._begin = task, time.monotonic()
        if task.folder.exists():
            shutil.rmtree(task.folder)
        task.log.parent.mkdir(parents=True, exist_ok=True)
        with task.log.open("ab") as log:
            self._offset = log.tell()
            # A group of its own, so that Ctrl-C reaches the runner alone.
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(GUARD), *task.command],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=task.directory,
                env={**os.environ, **task.environment},
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    def poll(self) -> Outcome | None:
        """Returns how it ended, or `None` while it runs."""
        return None if self._process.poll() is None else self._outcome()

    def wait(self) -> Outcome:
        """Waits for its end and returns how it ended."""
        self._process.wait()
        return self._outcome()

    def kill(self) -> None:
        """Kills the process; the end of its input kills all that it started."""
        self._process.kill()
        self._process.wait()
        self._close_input()

    def _close_input(self) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()

    def _outcome(self) -> Outcome:
        self._close_input()
        seconds = time.monotonic() - self._begin
        if self._process.returncode:
            return Outcome(seconds, f"exit code {self._process.returncode}: {self._last_line()}")
        if read_metrics(self.task.folder) is None:
            return Outcome(seconds, f"it left no valid metrics.json: {self._last_line()}")
        return Outcome(seconds)

    def _last_line(self) -> str:
        with self.task.log.open("rb") as log:
            log.seek(self._offset)
            text = log.read().decode(errors="replace").strip()
        return text.splitlines()[-1].strip() if text else "nothing was printed"


def execute(task: Task) -> Outcome:
    """Runs a task to its end."""
    try:
        return Attempt(task).wait()
    except OSError as error:
        return Outcome(0.0, str(error))


class LocalEngine:
    """Runs cells as processes of this machine.

    Arguments:
        study: The study that they are of.
        capacity: How many run at once.
    """

    def __init__(self, study: Study, capacity: int) -> None:
        self.study, self.capacity = study, capacity
        self._running: dict[Cell, Attempt] = {}
        self._failed: list[tuple[Cell, Outcome]] = []

    def submit(self, cell: Cell) -> None:
        """Starts the process of a cell."""
        try:
            self._running[cell] = Attempt(task_of(self.study, cell))
        except OSError as error:
            self._failed.append((cell, Outcome(0.0, str(error))))

    def wait(self) -> tuple[Cell, Outcome]:
        """Waits until one of the processes has ended."""
        while not self._failed:
            for cell, attempt in self._running.items():
                if (outcome := attempt.poll()) is not None:
                    del self._running[cell]
                    return cell, outcome
            time.sleep(POLL_SECONDS)
        return self._failed.pop()

    def close(self) -> None:
        """Kills the processes that still run."""
        while self._running:
            self._running.popitem()[1].kill()
