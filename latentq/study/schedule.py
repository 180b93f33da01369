"""Which cell runs when, whatever runs it: readiness, second attempts, and what has become of each.

A cell is ready when the cell whose autoencoder it uses is finished. One that fails is run once
more, and is then missing, as are those that wait for it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, Protocol

from latentq.study.jobs import Cell

ATTEMPTS = 2
State = Literal["waiting", "running", "finished", "missing"]


@dataclass(frozen=True)
class Outcome:
    """How a run of a cell ended.

    Arguments:
        seconds: How long it took.
        reason: Why it failed; `None` if it did not.
    """

    seconds: float
    reason: str | None = None


class Engine(Protocol):
    """Runs cells, some of them at once."""

    @property
    def capacity(self) -> int:
        """How many cells it runs at once, at least 1."""

    def submit(self, cell: Cell) -> None:
        """Begins to run a cell."""

    def wait(self) -> tuple[Cell, Outcome]:
        """Waits until one of the cells has ended."""

    def close(self) -> None:
        """Ends the cells that still run; nothing of them is left behind."""


@dataclass
class Record:
    """What has become of a cell: `seconds` and `reason` are those of its last attempt."""

    state: State = "waiting"
    reason: str | None = None
    seconds: float | None = None
    attempts: int = 0


class Schedule:
    """The cells of a study in their order, and the record of each.

    Arguments:
        cells: All cells, in the order in which they are to begin; what a cell waits for is among
            them.
        finished: The records of cells that were finished before.
    """

    def __init__(self, cells: Iterable[Cell], finished: dict[Cell, Record]) -> None:
        self.records = {cell: finished.get(cell, Record()) for cell in cells}

    def count(self, *states: State) -> int:
        """Counts the cells in some states."""
        return sum(record.state in states for record in self.records.values())

    def next(self) -> Cell | None:
        """Returns the first cell that is ready, if there is one."""
        for cell, record in self.records.items():
            base = cell.base
            ready = base is None or self.records[base].state == "finished"
            if record.state == "waiting" and ready:
                return cell
        return None

    def start(self, cell: Cell) -> None:
        """Notes that a cell runs."""
        record = self.records[cell]
        record.state, record.attempts = "running", record.attempts + 1

    def end(self, cell: Cell, outcome: Outcome) -> None:
        """Notes how a cell ended: it is finished, waits for another attempt, or is missing."""
        record = self.records[cell]
        record.reason, record.seconds = outcome.reason, outcome.seconds
        if outcome.reason is None:
            record.state = "finished"
        elif record.attempts < ATTEMPTS:
            record.state = "waiting"
        else:
            record.state = "missing"
            self._give_up_dependants(cell)

    def _give_up_dependants(self, cell: Cell) -> None:
        for other, record in self.records.items():
            if other.base == cell and record.state == "waiting":
                record.state, record.reason = "missing", f"{cell.name}, which it needs, is missing"
                self._give_up_dependants(other)

    def seconds_left(self, workers: int) -> float | None:
        """Estimates how long the rest takes; `None` before the first cell is finished.

        A cell is expected to take the mean of the finished ones of its arm and size, or else of
        all of them.
        """
        known: dict[tuple[str, int], list[float]] = {}
        for cell, record in self.records.items():
            if record.state == "finished" and record.seconds is not None:
                known.setdefault((cell.arm, cell.size), []).append(record.seconds)
        everything = [seconds for group in known.values() for seconds in group]
        if not everything:
            return None
        groups = [
            known.get((cell.arm, cell.size), everything)
            for cell, record in self.records.items()
            if record.state in ("waiting", "running")
        ]
        return sum(sum(group) / len(group) for group in groups) / workers


def run(schedule: Schedule, engine: Engine, changed: Callable[[Cell], None]) -> None:
    """Runs all cells that are not finished.

    Arguments:
        schedule: The cells.
        engine: What runs them.
        changed: Is called with a cell when it begins and when it ends.
    """
    while schedule.count("waiting", "running"):
        while schedule.count("running") < engine.capacity and (cell := schedule.next()):
            schedule.start(cell)
            engine.submit(cell)
            changed(cell)
        cell, outcome = engine.wait()
        schedule.end(cell, outcome)
        changed(cell)
