"""Property-based fuzzing: every input either works or is refused in printable lines.

A target makes inputs and tries them. An input is lost if it ends in another exception than
:class:`~latentq.errors.InputError`, takes longer than the deadline, is refused in a message that
cannot be printed as lines, or leaves a file behind though it was refused.
"""

import signal
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import SearchStrategy

from latentq.errors import InputError

DEADLINE_SECONDS = 30
LONGEST_LINE = 2000
KEPT = 5  # How many lost inputs of a target are told.

Attempt = Callable[[Any, Path], None]


@dataclass(frozen=True)
class Target:
    """A part of the program that reads what comes from outside.

    Arguments:
        name: Its name.
        inputs: The inputs.
        attempt: Tries one of them in a scratch folder.
        short: How many are tried in the test suite.
        share: The share of all inputs of the full form.
        prepare: Makes the scratch folder once.
        writes: Whether an input that works leaves files in the folder.
    """

    name: str
    inputs: SearchStrategy[Any]
    attempt: Attempt
    short: int
    share: float
    prepare: Callable[[Path], None] = lambda folder: None
    writes: bool = False


@dataclass
class Count:
    """What became of the inputs of a target."""

    worked: int = 0
    refused: int = 0
    lost: int = 0
    seconds: float = 0.0
    why: list[str] = field(default_factory=list)
    messages: Counter[str] = field(default_factory=Counter)

    @property
    def tried(self) -> int:
        """How many there were."""
        return self.worked + self.refused + self.lost


class HangError(Exception):
    """An input took longer than the deadline."""


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Interrupts what takes too long. It works in the main thread only."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise HangError(f"no answer after {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def tree(folder: Path) -> set[str]:
    """Returns the names of all that is in a folder."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def try_one(target: Target, example: object, folder: Path, count: Count) -> None:
    """Tries an input and counts what became of it.

    Raises:
        Exception: Whatever lost it.
    """
    before = tree(folder)
    try:
        with deadline(DEADLINE_SECONDS):
            target.attempt(example, folder)
    except InputError as error:
        _check_message(error)
        _check_tree(before, folder)
        count.refused += 1
        count.messages[type(error).__name__] += 1
        return
    if not target.writes:
        _check_tree(before, folder)
    count.worked += 1


def _check_message(error: InputError) -> None:
    lines = error.lines()
    assert lines, "refused without a reason"
    for line in lines:
        assert line and line.isprintable() and len(line) <= LONGEST_LINE, f"no line: {line!r}"


def _check_tree(before: set[str], folder: Path) -> None:
    left = tree(folder) ^ before
    assert not left, f"left behind or lost: {sorted(left)}"


def run(target: Target, n: int, folder: Path, number: int | None = None) -> Count:
    """Tries inputs of a target.

    Arguments:
        target: The target.
        n: How many.
        folder: A scratch folder.
        number: The seed; with one, a lost input is counted and does not end the run. Without,
            the inputs are always the same, and the first lost one is raised, made small.
    """
    target.prepare(folder)
    count, start = Count(), time.perf_counter()

    def body(example: object) -> None:
        try:
            try_one(target, example, folder, count)
        except Exception as error:
            if number is None:
                raise
            count.lost += 1
            if len(count.why) < KEPT:
                last = traceback.extract_tb(error.__traceback__)[-1]
                where = f"{Path(last.filename).name}:{last.lineno}"
                count.why.append(
                    f"{type(error).__name__} at {where}: {error} from {example!r}"[:900]
                )

    given(target.inputs)(_configured(body, n, number))()
    count.seconds = time.perf_counter() - start
    return count


def _configured(body: Callable[[object], None], n: int, number: int | None) -> Any:  # noqa: ANN401
    options: dict[str, Any] = {
        "max_examples": n,
        "deadline": None,
        "database": None,
        "derandomize": number is None,
        "suppress_health_check": list(HealthCheck),
        "report_multiple_bugs": False,
    }
    if number is not None:
        # Nothing ever fails, so there is nothing to make smaller.
        options["phases"] = [Phase.generate]
        body = seed(number)(body)
    return settings(**options)(body)
