"""Standard output and error, of which no command depends: what cannot be said stops no work."""

import errno
import io
import os
import sys
from typing import TextIO

STREAMS = (("stdin", 0, "r"), ("stdout", 1, "w"), ("stderr", 2, "w"))


def make_ready() -> None:
    """Sends closed streams nowhere, and writes `?` for what the encoding of the output lacks.

    The number of a closed stream would be that of the next file that is opened, which would then
    get what libraries print.
    """
    for _, number, _ in STREAMS:
        _occupy(number)
    for name, _, mode in STREAMS:
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            errors = "replace" if stream is sys.stdout else "backslashreplace"
            stream.reconfigure(errors=errors)


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
