"""What the small command-line tools share: `key=value` arguments, one-line errors, exit codes."""

import sys
from collections.abc import Callable, Mapping
from typing import Any

from latentq.config import output
from latentq.config.rules import Rule, expand_home
from latentq.config.versions import check_surroundings
from latentq.errors import LONGEST, InputError, NumericalError, RunError, nearest, printable, shown

OUT_OF_MEMORY = (
    "memory: there was not enough of it; lower what the run takes at once, such as "
    "images.batch_size, denoising.starts or n, or use device=cpu"
)
MACHINE, USER, INTERRUPTED, NO_READER = 1, 2, 130, 141  # The last two are 128 + the signal.


def parse_options(
    arguments: list[str], rules: Mapping[str, Rule], defaults: Mapping[str, Any]
) -> dict[str, Any]:
    """Reads `key=value` arguments and checks them.

    Arguments:
        arguments: The arguments of the command line.
        rules: What each value must be.
        defaults: The values of keys that are not given; a key without one is required.

    Raises:
        InputError: If keys are unknown or missing, or values wrong; it lists all mistakes.
    """
    options, mistakes = dict(defaults), []
    for argument in arguments:
        key, separator, text = argument.partition("=")
        if key in rules and separator:
            options[key] = _convert(text, rules[key])
            mistakes += _mistake(key, text, options[key], rules[key])
        elif separator:
            mistakes.append(f"{key[:LONGEST]}: there is no such option{nearest(key, list(rules))}")
        else:
            keys = f" with a key of {', '.join(rules)}" if rules else "; there are no options"
            mistakes.append(f"{argument[:LONGEST]}: must be key=value{keys}")

    mistakes += [f"{key}: must be given, as {key}=..." for key in rules if key not in options]
    if mistakes:
        raise InputError(*mistakes)
    return options


def _convert(text: str, rule: Rule) -> Any:  # noqa: ANN401
    """Reads a number or a path where one is wanted; what is none stays text."""
    try:
        if rule.path:
            return expand_home(text)
        return rule.kind(text) if rule.kind in (int, float) else text
    except ValueError:
        return text


def _mistake(key: str, text: str, value: Any, rule: Rule) -> list[str]:  # noqa: ANN401
    return [] if rule.accepts(value) else [f"{key}: must be {rule.describe()}, was {shown(text)}"]


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


def run_command(command: Callable[[list[str]], object], usage: str | None) -> int:
    """Runs a command on `sys.argv` and returns its exit code.

    It is 2 for a mistake of the user, 1 where the machine refused something, 130 after Ctrl-C
    and 141 where nobody reads the output any more, as in `| head -1`. None of them is told by a
    traceback.
    """
    output.make_ready()
    try:
        return _run(command, usage)
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


def _run(command: Callable[[list[str]], object], usage: str | None) -> int:
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
