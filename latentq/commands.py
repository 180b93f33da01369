"""What the small command-line tools share: `key=value` arguments, one-line errors, exit codes."""

import sys
from collections.abc import Callable, Mapping
from typing import Any

from latentq.errors import InputError
from latentq.rules import Rule, nearest


def parse_options(
    arguments: list[str], rules: Mapping[str, Rule], defaults: Mapping[str, Any]
) -> dict[str, Any]:
    """Reads `key=value` arguments and checks them.

    Arguments:
        arguments: The arguments of the command line.
        rules: What each value must be.
        defaults: The values of keys that are not given; a key without one is required.

    Raises:
        InputError: If a key is unknown or missing, or a value is wrong.
    """
    options = dict(defaults)
    for argument in arguments:
        key, separator, text = argument.partition("=")
        if not separator:
            raise InputError(f"{argument}: must be key=value with a key of {', '.join(rules)}")
        if key not in rules:
            raise InputError(f"{key}: there is no such option{nearest(key, list(rules))}")
        options[key] = _convert(key, text, rules[key])

    missing = [key for key in rules if key not in options]
    if missing:
        raise InputError(f"{missing[0]}: must be given, as {missing[0]}=...")
    return options


def _convert(key: str, text: str, rule: Rule) -> Any:  # noqa: ANN401
    value: Any = text
    try:
        if rule.kind in (int, float):
            value = rule.kind(text)
    except ValueError:
        pass
    if not rule.accepts(value):
        raise InputError(f"{key}: must be {rule.describe()}, was {text!r}")
    return value


def run_command(command: Callable[[list[str]], object], usage: str | None) -> int:
    """Runs a command on `sys.argv` and returns its exit code: 2 for a mistake of the user."""
    if {"--help", "-h"} & set(sys.argv[1:]):
        print(usage)
        return 0
    try:
        command(sys.argv[1:])
    except InputError as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    return 0
