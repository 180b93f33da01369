"""The one exception that means "the user can mend this": a line for each mistake, exit code 2."""


class InputError(ValueError):
    """A wrong argument, file or option; or several of them, each said in one line.

    A message names the argument, what it must be, what it was, and what to do.

    Arguments:
        mistakes: The messages.
    """

    def __init__(self, *mistakes: str) -> None:
        super().__init__("; ".join(mistakes))

        self.mistakes = mistakes

    def lines(self) -> list[str]:
        """Returns a line for each mistake, in which every character can be printed."""
        return [_printable(" ".join(text.split())) for text in self.mistakes]


def _printable(text: str) -> str:
    """Escapes control characters and lone surrogates, which file names and options may hold."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
