"""The exceptions that are printed as lines, without a traceback, and the words of these lines."""

import difflib
from collections.abc import Iterable

LONGEST = 200  # Most file systems take 255 bytes; a number and the suffix of a file are added.
SHOWN = 80  # More of a wrong value is not repeated.


class InputError(ValueError):
    """Wrong arguments, files or options, which the user can mend, each said in one line.

    The exit code is 2. A message names the argument, what it must be, what it was, and what to do.

    Arguments:
        mistakes: The messages.
    """

    def __init__(self, *mistakes: str) -> None:
        super().__init__("; ".join(mistakes))

        self.mistakes = mistakes

    def lines(self) -> list[str]:
        """Returns a line for each mistake, in which every character can be printed."""
        return [printable(" ".join(text.split())) for text in self.mistakes]


class CheckpointError(InputError):
    """A saved state or model that is damaged, of another model, or of a newer format."""


class RunError(RuntimeError):
    """Something that ends a run which was asked for rightly: exit code 1."""


class NumericalError(ValueError):
    """Numbers that are not as our mathematics needs them: exit code 1.

    They are found out in a calculation that was asked for rightly. What else is a `ValueError` is
    of other code, and keeps its traceback.
    """


class ConvergenceError(NumericalError):
    """A solver that stopped before its optimum."""


class NonFiniteError(RunError):
    """A loss, gradient, weight or image became NaN or infinite."""


def printable(text: str) -> str:
    """Escapes control characters and lone surrogates, which file names and options may hold."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def shown(value: object) -> str:
    """Writes a wrong value for a message, cut if it is long."""
    try:
        text = repr(value)
    except ValueError:  # An integer with more than 4,300 digits.
        return "a number of thousands of digits"
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


def nearest(word: str, words: Iterable[str]) -> str:
    """Returns a hint with the word that is closest to a misspelt one, or nothing.

    Of dotted keys the last parts are compared too, as in `train.lrr` for `images.lr`.
    """
    known, short = list(words), word[:LONGEST]
    match = difflib.get_close_matches(short, known, n=1, cutoff=0.5)
    if not match and "." in short:
        last = {key.removesuffix(".*").rpartition(".")[2]: key for key in reversed(known)}
        found = difflib.get_close_matches(short.rpartition(".")[2], list(last), n=1, cutoff=0.5)
        match = [last[name] for name in found]
    return f" (did you mean {match[0].removesuffix('.*')}?)" if match else ""
