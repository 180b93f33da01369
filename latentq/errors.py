"""The exceptions that are printed as one line, without a traceback."""


class InputError(ValueError):
    """A wrong argument, file or option, which the user can mend: exit code 2.

    The message names the argument, what it must be, what it was, and what to do.
    """


class CheckpointError(InputError):
    """A saved state or model that is damaged, of another model, or of a newer format."""


class RunError(RuntimeError):
    """Something that ends a run which was asked for rightly: exit code 1."""


class NonFiniteError(RunError):
    """A loss, gradient, weight or image became NaN or infinite."""
