"""The one exception that means "the user can mend this": printed as one line, exit code 2."""


class InputError(ValueError):
    """A wrong argument, file or option, said in one line.

    The message names the argument, what it must be, what it was, and what to do.
    """
