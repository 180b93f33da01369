"""Runs jobs as processes of this machine, each with one thread and a log of its own.

A process ends with the one that started it, however that ends, see `guard.py`.
"""

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from latentq.study.jobs import Job, StudyFolder, read_metrics
from latentq.study.schedule import JobOutcome

GUARD = Path(__file__).with_name("guard.py")
ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "MKL", "OPENBLAS", "NUMBA")}
DATA_ROOT = "LATENTQ_DATA_ROOT"
POLL_SECONDS = 0.1


@dataclass(frozen=True)
class Launch:
    """What it takes to run a job, here or on another machine.

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


def launch_of(study: StudyFolder, job: Job) -> Launch:
    """Returns what it takes to run a job."""
    here = Path.cwd()
    data = {DATA_ROOT: os.environ[DATA_ROOT]} if DATA_ROOT in os.environ else {}
    return Launch(
        command=tuple(study.command(job)),
        directory=here,
        folder=here / study.folder(job),
        log=here / study.log(job),
        environment={**ONE_THREAD, **data},
    )


class Attempt:
    """A process that runs a job; what an earlier one left in the run folder is deleted.

    Raises:
        OSError: If the folder or the log cannot be written, or the command is not there.
    """

    def __init__(self, launch: Launch) -> None:
        self.launch, self._begin = launch, time.monotonic()
        if launch.folder.exists():
            shutil.rmtree(launch.folder)
        launch.log.parent.mkdir(parents=True, exist_ok=True)
        with launch.log.open("ab") as log:
            self._offset = log.tell()
            # A group of its own, so that Ctrl-C reaches the runner alone.
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(GUARD), *launch.command],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=launch.directory,
                env={**os.environ, **launch.environment},
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    def poll(self) -> JobOutcome | None:
        """Returns how it ended, or `None` while it runs."""
        return None if self._process.poll() is None else self._outcome()

    def wait(self) -> JobOutcome:
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

    def _outcome(self) -> JobOutcome:
        self._close_input()
        seconds = time.monotonic() - self._begin
        if self._process.returncode:
            return JobOutcome(
                seconds, f"exit code {self._process.returncode}: {self._last_line()}"
            )
        if read_metrics(self.launch.folder) is None:
            return JobOutcome(seconds, f"it left no valid metrics.json: {self._last_line()}")
        return JobOutcome(seconds)

    def _last_line(self) -> str:
        with self.launch.log.open("rb") as log:
            log.seek(self._offset)
            text = log.read().decode(errors="replace").strip()
        return text.splitlines()[-1].strip() if text else "nothing was printed"


def execute(launch: Launch) -> JobOutcome:
    """Runs a job to its end."""
    try:
        return Attempt(launch).wait()
    except OSError as error:
        return JobOutcome(0.0, str(error))


class LocalEngine:
    """Runs jobs as processes of this machine.

    Arguments:
        study: The study that they are of.
        capacity: How many run at once.
    """

    def __init__(self, study: StudyFolder, capacity: int) -> None:
        self.study, self.capacity = study, capacity
        self._running: dict[Job, Attempt] = {}
        self._failed: list[tuple[Job, JobOutcome]] = []

    def submit(self, job: Job) -> None:
        """Starts the process of a job."""
        try:
            self._running[job] = Attempt(launch_of(self.study, job))
        except OSError as error:
            self._failed.append((job, JobOutcome(0.0, str(error))))

    def wait(self) -> tuple[Job, JobOutcome]:
        """Waits until one of the processes has ended."""
        while not self._failed:
            for job, attempt in self._running.items():
                if (outcome := attempt.poll()) is not None:
                    del self._running[job]
                    return job, outcome
            time.sleep(POLL_SECONDS)
        return self._failed.pop()

    def close(self) -> None:
        """Kills the processes that still run."""
        while self._running:
            self._running.popitem()[1].kill()
