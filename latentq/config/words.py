"""Words of command lines that mean what they say, for Hydra's grammar and for a shell."""

import os
import re
import shlex
from collections.abc import Iterable, Sequence

PROGRAM = "latentq"  # Its commands are called `latentq NAME`, see `latentq/__main__.py`.
# What Hydra reads as it stands: no number, no list, and nothing that begins a function or a quote.
_PLAIN = re.compile(r"(?!(?:true|false|null|inf|nan)$)[a-z_/][a-z0-9_./-]*", re.IGNORECASE)


def override(key: str, text: object) -> str:
    """Returns the override that gives a key this very text, whatever characters are in it."""
    value = str(text)
    if _PLAIN.fullmatch(value):
        return f"{key}={value}"
    # A dollar before a brace would be a reference to another key.
    value = re.sub(r"(\\*)\$\{", lambda found: found[1] * 2 + r"\${", value)
    # Of backslashes, Hydra reads those before a quote, which ends the word or is in it.
    quote = "'" if '"' in value else '"'
    value = re.sub(rf"(\\+)({quote}|\Z)", r"\1\1\2", value).replace(quote, f"\\{quote}")
    return f"{key}={quote}{value}{quote}"


def pasted(words: Iterable[str], encoding: str | None = None) -> str:
    """Writes a command line on one line, so that it can be pasted into a shell.

    Arguments:
        words: The words.
        encoding: What the line is written in; any character can be if `None`.
    """
    return " ".join(_quoted(word, encoding or "utf-8") for word in words)


def command_line(arguments: Sequence[str]) -> str:
    """Writes the command of a process, so that it can be pasted into a shell.

    Arguments:
        arguments: Its `sys.argv`.
    """
    name, *words = arguments
    program = name.split() if name.startswith(f"{PROGRAM} ") else ["python", name]
    return pasted([*program, *words])


def _quoted(word: str, encoding: str) -> str:
    if word.isprintable() and word.encode(encoding, "ignore").decode(encoding) == word:
        return shlex.quote(word)
    # Line breaks and what is not in the encoding, as bash, zsh and ksh read them.
    known = {ord(c): c for c in map(chr, range(32, 127)) if c not in "\\'"}
    return "$'" + "".join(known.get(b, f"\\{b:03o}") for b in os.fsencode(word)) + "'"
