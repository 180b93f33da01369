"""Standard output and error, of which no command depends: what cannot be said stops no work."""

import errno
import io
import os
import sys
from typing import Any, TextIO

WRITERS = (io.BufferedWriter, io.FileIO)
STREAMS = (("stdin", 0, "r"), ("stdout", 1, "w"), ("stderr", 2, "w"))


def make_ready() -> None:
    """Sends closed streams nowhere, and writes `?` for what the encoding of the output lacks.

    The number of a closed stream would be that of the next file that is opened, which would then
    get what libraries print. What a full disk does not take of the output is lost.
    """
    for _, number, _ in STREAMS:
        _occupy(number)
    for name, _, mode in STREAMS:
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115
    for name, errors in (("stdout", "replace"), ("stderr", "backslashreplace")):
        stream = getattr(sys, name)
        if stream is getattr(sys, f"__{name}__") and isinstance(stream.buffer, WRITERS):
            setattr(sys, name, _sparing(stream, errors))
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=errors)


class _Sparing(io.FileIO):
    """A stream whose lines are lost where they cannot be written, unless its reader has gone."""

    def write(self, content: Any) -> int:  # noqa: ANN401
        try:
            return super().write(content) or 0
        except BrokenPipeError:
            raise
        except OSError:
            return len(content)


def _sparing(stream: io.TextIOWrapper, errors: str) -> io.TextIOWrapper:
    raw = _Sparing(stream.fileno(), "w", closefd=False)
    # With PYTHONUNBUFFERED there is nothing between the text and the file.
    whole = raw if isinstance(stream.buffer, io.FileIO) else io.BufferedWriter(raw)
    return io.TextIOWrapper(
        whole,
        encoding=stream.encoding,
        errors=errors,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


def _occupy(number: int) -> None:
    try:
        os.fstat(number)
    except OSError as error:
        if error.errno != errno.EBADF:
            raise
        place = os.open(os.devnull, os.O_RDWR)
        if place != number:
            os.dup2(place, number)
            os.close(place)
        os.set_inheritable(number, True)


def forget(stream: TextIO) -> None:
    """Sends what is still to be written nowhere, so that Python does not fail on it at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
