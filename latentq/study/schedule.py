"""Which job runs when, whatever runs it: readiness, second attempts, and what has become of each.

A job is ready when the job whose autoencoder it uses is finished. One that fails is run once
more, and is then missing, as are those that wait for it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, Protocol

from latentq.study.jobs import Job

ATTEMPTS = 2
State = Literal["waiting", "running", "finished", "missing"]


@dataclass(frozen=True)
class JobOutcome:
    """How a run of a job ended.

    Arguments:
        seconds: How long it took.
        reason: Why it failed; `None` if it did not.
    """

    seconds: float
    reason: str | None = None


class Engine(Protocol):
    """Runs jobs, some of them at once."""

    @property
    def capacity(self) -> int:
        """How many jobs it runs at once, at least 1."""

    def submit(self, job: Job) -> None:
        """Begins to run a job."""

    def wait(self) -> tuple[Job, JobOutcome]:
        """Waits until one of the jobs has ended."""

    def close(self) -> None:
        """Ends the jobs that still run; nothing of them is left behind."""


@dataclass
class JobRecord:
    """What has become of a job: `seconds` and `reason` are those of its last attempt."""

    state: State = "waiting"
    reason: str | None = None
    seconds: float | None = None
    attempts: int = 0


class Schedule:
    """The jobs of a study in their order, and the record of each.

    Arguments:
        jobs: All jobs, in the order in which they are to begin; what a job waits for is among
            them.
        finished: The records of jobs that were finished before.
    """

    def __init__(self, jobs: Iterable[Job], finished: dict[Job, JobRecord]) -> None:
        self.records = {job: finished.get(job, JobRecord()) for job in jobs}

    def count(self, *states: State) -> int:
        """Counts the jobs in some states."""
        return sum(record.state in states for record in self.records.values())

    def next(self) -> Job | None:
        """Returns the first job that is ready, if there is one."""
        for job, record in self.records.items():
            base = job.base
            ready = base is None or self.records[base].state == "finished"
            if record.state == "waiting" and ready:
                return job
        return None

    def start(self, job: Job) -> None:
        """Notes that a job runs."""
        record = self.records[job]
        record.state, record.attempts = "running", record.attempts + 1

    def end(self, job: Job, outcome: JobOutcome) -> None:
        """Notes how a job ended: it is finished, waits for another attempt, or is missing."""
        record = self.records[job]
        record.reason, record.seconds = outcome.reason, outcome.seconds
        if outcome.reason is None:
            record.state = "finished"
        elif record.attempts < ATTEMPTS:
            record.state = "waiting"
        else:
            record.state = "missing"
            self._give_up_dependants(job)

    def _give_up_dependants(self, job: Job) -> None:
        for other, record in self.records.items():
            if other.base == job and record.state == "waiting":
                record.state, record.reason = "missing", f"{job.name}, which it needs, is missing"
                self._give_up_dependants(other)

    def seconds_left(self, workers: int) -> float | None:
        """Estimates how long the rest takes; `None` before the first job is finished.

        A job is expected to take the mean of the finished ones of its arm and size, or else of
        all of them.
        """
        known: dict[tuple[str, int], list[float]] = {}
        for job, record in self.records.items():
            if record.state == "finished" and record.seconds is not None:
                known.setdefault((job.arm, job.size), []).append(record.seconds)
        everything = [seconds for group in known.values() for seconds in group]
        if not everything:
            return None
        groups = [
            known.get((job.arm, job.size), everything)
            for job, record in self.records.items()
            if record.state in ("waiting", "running")
        ]
        return sum(sum(group) / len(group) for group in groups) / workers


def run(
    schedule: Schedule,
    engine: Engine,
    changed: Callable[[Job], None],
    fault: Callable[[Job], str | None] = lambda job: None,
) -> None:
    """Runs all jobs that are not finished.

    Arguments:
        schedule: The jobs.
        engine: What runs them.
        changed: Is called with a job when it begins and when it ends.
        fault: Says what is wrong with a job that has ended well, if anything is.
    """
    while schedule.count("waiting", "running"):
        while schedule.count("running") < engine.capacity and (job := schedule.next()):
            schedule.start(job)
            engine.submit(job)
            changed(job)
        job, outcome = engine.wait()
        if outcome.reason is None:
            outcome = JobOutcome(outcome.seconds, fault(job))
        schedule.end(job, outcome)
        changed(job)
