"""What the options of the small commands may be."""

import math
import os
from dataclasses import dataclass
from typing import Any

from latentq.errors import LONGEST


@dataclass(frozen=True)
class Rule:
    """What a value must be: a type, and a range, a list of choices, or a length.

    Arguments:
        kind: The type.
        low: The smallest number allowed.
        high: The largest number allowed.
        choices: The values allowed.
        optional: Whether null is allowed.
        above: Whether `low` itself is not allowed.
        plain: Whether the text must be the name of a file, without a folder.
        path: Whether the text is the path of a file or folder.
    """

    kind: type
    low: float = -math.inf
    high: float = math.inf
    choices: tuple[str, ...] = ()
    optional: bool = False
    above: bool = False
    plain: bool = False
    path: bool = False

    def describe(self) -> str:
        """Says what the value must be."""
        null = " or null" if self.optional else ""
        if self.choices:
            return f"one of {', '.join(self.choices)}{null}"
        if self.plain:
            return f"a name of at most {LONGEST} bytes without / or \\{null}"
        if self.path:
            return f"a path{null}"
        if self.kind in (bool, str):
            return {bool: "true or false", str: "text"}[self.kind] + null
        name = "an integer" if self.kind is int else "a number"
        low = f"above {self.low:g}" if self.above else f"at least {self.low:g}"
        high = f" and at most {self.high:.12g}" if self.high < math.inf else ""
        return f"{name}, {low}{high}{null}"

    def accepts(self, value: Any) -> bool:  # noqa: ANN401
        """Whether a value is allowed."""
        if value is None:
            return self.optional
        if isinstance(value, bool) and self.kind is not bool:
            return False
        if not isinstance(value, (int, float) if self.kind is float else self.kind):
            return False
        if self.choices:
            return value in self.choices
        if isinstance(value, str):
            named = _is_name(value) if self.plain else _is_path(value) if self.path else True
            return "\0" not in value and named
        if isinstance(value, (int, float)):
            low = value > self.low if self.above else value >= self.low
            return low and value <= self.high and abs(value) < math.inf
        return True


def _is_name(text: str) -> bool:
    """Whether a text is the name of a file or folder in another one, on any system."""
    named = text not in ("", ".", "..") and not set(text) & set("/\\")
    return named and text.isprintable() and len(text.encode()) <= LONGEST


def _is_path(text: str) -> bool:
    """Whether a text can be a path, and be written down as one."""
    try:
        return bool(text.encode())
    except UnicodeEncodeError:  # Bytes that are no text in the encoding of this system.
        return False


def expand_home(value: Any) -> Any:  # noqa: ANN401
    """Puts the home folder in the place of the `~` that a path begins with.

    A shell does so at the beginning of a word only, and not in `key=~/folder`.
    """
    return os.path.expanduser(value) if isinstance(value, str) else value
