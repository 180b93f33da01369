"""What the small command-line tools share: `key=value` arguments, one-line errors, exit codes."""

import sys
from collections.abc import Callable, Iterable, Sequence
from textwrap import TextWrapper
from typing import TypeVar

from latentq.config import output
from latentq.config.fields import Settings, fields, from_words, listing
from latentq.config.versions import check_surroundings
from latentq.errors import LONGEST, InputError, NumericalError, RunError, printable

S = TypeVar("S", bound=Settings)
WIDTH = 99

OUT_OF_MEMORY = (
    "memory: there was not enough of it; lower what the run takes at once, such as "
    "images.batch_size, denoising.start_batch_size or n, or use device=cpu"
)
MACHINE, USER, INTERRUPTED, NO_READER = 1, 2, 130, 141  # The last two are 128 + the signal.


def read_options(words: Sequence[str], schema: type[S]) -> S:
    """Reads and checks the options of a command.

    Arguments:
        words: The command line, `key=value` each.
        schema: What options there are.

    Raises:
        InputError: If keys are unknown or missing, or values wrong; it lists all mistakes.
    """
    known = ", ".join(key for key, _ in fields(schema))
    of = f" with a key of {known}" if known else "; there are no options"
    mistakes = [f"{word[:LONGEST]}: must be key=value{of}" for word in words if "=" not in word]
    given = dict(word.split("=", 1) for word in words if "=" in word)
    try:
        options = from_words(schema, given)
    except InputError as error:
        raise InputError(*mistakes, *error.mistakes) from error
    if mistakes:
        raise InputError(*mistakes)
    return options


def wrapped(lines: Iterable[str]) -> list[str]:
    """Returns the lines of a help, broken where they are too long."""
    wrap = TextWrapper(
        WIDTH, subsequent_indent=" " * 6, break_long_words=False, break_on_hyphens=False
    )
    return [wrap.fill(line) for line in lines]


def help_of(usage: str | None, schema: type[Settings] | None) -> str:
    """Returns what `--help` prints: how a command is used, and a list of its options."""
    lines = listing(schema) if schema else []
    if not lines:
        return usage or ""
    head = [(usage or "").rstrip("\n"), "", "Options, with their defaults:", ""]
    return "\n".join([*head, *wrapped(lines)])


def _is_out_of_memory(error: Exception) -> bool:
    # torch.OutOfMemoryError by its name, as importing torch takes seconds.
    named = type(error).__name__ == "OutOfMemoryError" or "can't allocate memory" in str(error)
    return isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and named)


def is_explained(error: Exception) -> bool:
    """Whether :func:`complain` can say what happened, so that no traceback is wanted."""
    if isinstance(error, BrokenPipeError):
        return False
    ours = isinstance(error, (InputError, RunError, NumericalError))
    return ours or isinstance(error, OSError) or _is_out_of_memory(error)


def complain(error: Exception) -> int:
    """Prints why there is no result, a line for each mistake, and returns the exit code.

    It is 2 for what the user can mend, and 1 for what went wrong in a run or in the machine.
    """
    if isinstance(error, InputError):
        lines = error.lines()
    elif isinstance(error, OSError):
        lines = [f"{error.filename or 'a file'}: {error.strerror or error}"]
    elif _is_out_of_memory(error):
        lines = [OUT_OF_MEMORY]
    else:
        lines = [str(error)]
    for line in lines:
        print(f"error: {printable(' '.join(line.split()))}", file=sys.stderr)
    return USER if isinstance(error, InputError) else MACHINE


def run_command(
    command: Callable[[list[str]], object],
    usage: str | None,
    schema: type[Settings] | None = None,
) -> int:
    """Runs a command on `sys.argv` and returns its exit code.

    It is 2 for a mistake of the user, 1 where the machine refused something, 130 after Ctrl-C
    and 141 where nobody reads the output any more, as in `| head -1`. None of them is told by a
    traceback.

    Arguments:
        command: What is called with the words of the command line.
        usage: How it is used, for `--help`.
        schema: Its options, which `--help` lists.
    """
    output.make_ready()
    try:
        return _run(command, help_of(usage, schema))
    except BrokenPipeError:
        output.forget(sys.stdout)
        return NO_READER
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    except Exception as error:
        if not is_explained(error):
            raise
        return complain(error)


def _run(command: Callable[[list[str]], object], usage: str) -> int:
    if {"--help", "-h"} & set(sys.argv[1:]):
        print(usage)
    else:
        try:
            check_surroundings()
            command(sys.argv[1:])
        except InputError as error:
            sys.stdout.flush()
            return complain(error)
    sys.stdout.flush()
    return 0
