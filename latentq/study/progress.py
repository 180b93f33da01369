"""How far a study is: a bar on a terminal, and otherwise one line for each job that ended."""

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from latentq.study.jobs import Job
from latentq.study.schedule import Engine, Schedule


def duration(seconds: float) -> str:
    """Returns a duration in the unit that suits it."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


class Display:
    """Shows how far a study is.

    Arguments:
        schedule: Its jobs.
        engine: What runs them.
        console: Where to show it.
    """

    def __init__(self, schedule: Schedule, engine: Engine, console: Console) -> None:
        self.schedule, self.engine, self.console = schedule, engine, console
        self.bar = Progress(
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self.task = self.bar.add_task(self._summary(), total=len(schedule.records))

    def __enter__(self) -> "Display":
        self.bar.start()
        self._refresh()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.bar.stop()

    def changed(self, job: Job) -> None:
        """Shows that a job has begun or ended."""
        state = self.schedule.records[job].state
        failed = state in ("waiting", "missing")
        if failed or (state == "finished" and not self.console.is_terminal):
            self.console.print(self.line(job), markup=False, highlight=False, soft_wrap=True)
        self._refresh()

    def line(self, job: Job) -> str:
        """Says in one line how a job ended, and about how long the others take."""
        record = self.schedule.records[job]
        ended = {
            "finished": f"done in {duration(record.seconds or 0.0)}",
            "missing": f"is missing: {record.reason}",
        }.get(record.state, f"failed, it runs again: {record.reason}")
        counted = f"[{self._over()}/{len(self.schedule.records)}]"
        return ", ".join([f"{counted} {job.name} {ended}", *self._left()])

    def _over(self) -> int:
        return self.schedule.count("finished", "missing")

    def _left(self) -> list[str]:
        seconds = self.schedule.seconds_left(self.engine.capacity)
        return [f"about {duration(seconds)} left"] if seconds else []

    def _summary(self) -> str:
        counts = [f"{self.schedule.count(s)} {s}" for s in ("finished", "running", "missing")]
        return ", ".join([*counts, *self._left()])

    def _refresh(self) -> None:
        self.bar.update(self.task, completed=self._over(), description=self._summary())
