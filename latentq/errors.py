"""The exceptions that are printed as lines, without a traceback."""


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
