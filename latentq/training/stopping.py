"""Ctrl-C and SIGTERM: obeyed at the next step boundary in training, and at once elsewhere."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stopped(BaseException):
    """A signal asked the process to stop.

    It is no `Exception`, so that nothing on its way takes it for an error to recover from.

    Arguments:
        number: The number of the signal.
        where: What had been reached, for the message.

    `resume` is the option that goes on with the run, as it is pasted into a shell.
    """

    def __init__(self, number: int, where: str = "") -> None:
        super().__init__(number, where)
        self.number, self.where, self.resume = number, where, ""

    @property
    def code(self) -> int:
        """The exit code of a process that a signal ends."""
        return 128 + self.number

    def __str__(self) -> str:
        name = signal.Signals(self.number).name
        hint = f"; continue with the same options and {self.resume}" if self.resume else ""
        return f"stopped by {name}{self.where}{hint}"


@dataclass
class _State:
    received: int | None = None
    deferred: bool = False
    handling: bool = False


_state = _State()


def _receive(number: int, frame: FrameType | None) -> None:
    if _state.received is not None:
        os._exit(128 + number)
    _state.received = number
    if not _state.deferred:
        raise Stopped(number)


@contextmanager
def handling() -> Iterator[None]:
    """Handles Ctrl-C and SIGTERM by :class:`Stopped`; a second signal ends the process at once."""
    before = {number: signal.signal(number, _receive) for number in SIGNALS}
    _state.received, _state.deferred, _state.handling = None, False, True
    try:
        yield
    finally:
        _state.received, _state.handling = None, False
        for number, handler in before.items():
            signal.signal(number, handler)


def take_over() -> None:
    """Takes the signals again from a library that has put its own handlers in the place."""
    if _state.handling:
        for number in SIGNALS:
            signal.signal(number, _receive)


@contextmanager
def deferred() -> Iterator[None]:
    """Makes signals only noted, for :func:`requested`; the end of the block obeys them."""
    _state.deferred = True
    try:
        yield
    finally:
        _state.deferred = False
    if _state.received is not None:
        raise Stopped(_state.received)


def requested() -> int | None:
    """Returns the number of the signal that was received, if there was one."""
    return _state.received if _state.deferred else None
