"""Overrides `key=value` of a command line, one by one: what they mean, and what is wrong."""

import itertools
import math
import re
from collections.abc import Iterator, Sequence

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException

from latentq.config import registry
from latentq.config.config import LISTED, is_key, is_text, unknown_key
from latentq.config.schema.data import SOURCES
from latentq.config.words import override as written
from latentq.errors import LONGEST, InputError, nearest, shown

GROUPS = ("model", "data")
MAX_SWEEP = 1000
PLUGIN = "plugin"


def _known(group: str) -> list[str]:
    """Returns the options of a group."""
    return registry.names() if group == "model" else sorted(SOURCES)


def _is_known(group: str, name: str) -> bool:
    return registry.has(name) if group == "model" else name in SOURCES


def option_mistake(group: str, name: str, known: Sequence[str] = ()) -> str:
    """Says that a group has no such option, and which is nearest."""
    known = known or _known(group)
    return f"{group}: must be one of {', '.join(known)}, was {shown(name)}{nearest(name, known)}"


def _override_mistake(override: Override) -> str | None:
    """Says what is wrong with an override by itself: its key, or the name of its group."""
    key, value = override.key_or_group, override.value()
    if "_target_" in f"{key}{value}" or key.startswith("hydra.searchpath"):
        return f"{key}: a configuration never brings code or configurations from elsewhere"
    named = key in GROUPS and not isinstance(value, dict)
    if named and not override.is_sweep_override():
        names = value if isinstance(value, list) else [value]
        wrong = [name for name in names if not _is_known(key, str(name))]
        return option_mistake(key, str(wrong[0])) if wrong else None
    if key.startswith("hydra") or "/" in key or "@" in key:
        return None
    if override.is_delete():
        return f"{key}: must be given"
    return None if is_key(re.sub(r"(\.\d+)+$", "", key)) else unknown_key(key)


def load_plugins_of(words: list[str]) -> None:
    """Imports the modules that a command line names by `plugin=`, which register models.

    Raises:
        InputError: If one cannot be imported.
    """
    parser = OverridesParser.create()
    for word in words:
        if word.startswith(f"{PLUGIN}="):
            value = parser.parse_override(as_meant(word, parser)).value()
            registry.load_plugins(None if value is None else str(value))


def as_meant(word: str, parser: OverridesParser, sweep: bool = False) -> str:
    """Quotes the value of an override that is text, where Hydra would read something else.

    Arguments:
        word: The override, such as `run.root=/tmp/a(b)`, `run.name=2024` or `data.root=/a,b`.
        parser: Hydra's parser.
        sweep: Whether several values with commas between them are a sweep.
    """
    key, separator, text = word.partition("=")
    if not separator or not is_text(key):
        return word
    try:
        override = parser.parse_override(word)
        value = override.value()
    except HydraException:
        return written(key, text)
    if override.is_sweep_override():
        return word if sweep and key != PLUGIN else written(key, text)
    return word if value is None or isinstance(value, str) else written(key, text)


def fit_words(words: list[str]) -> list[str]:
    """Returns a command line in which Hydra reads texts as they are meant."""
    parser, sweep = OverridesParser.create(), is_sweep(words)
    return [as_meant(word, parser, sweep) for word in words]


def is_sweep(words: list[str]) -> bool:
    """Returns whether a command line asks for several runs."""
    return bool({"-m", "--multirun"} & set(words))


def parse_overrides(words: list[str], sweep: bool = False) -> tuple[list[Override], list[str]]:
    """Parses overrides one by one, and returns those that are fine and what is wrong elsewhere."""
    parser, fine, mistakes = OverridesParser.create(), [], []
    for word in words:
        try:
            override = parser.parse_override(as_meant(word, parser, sweep))
            mistake = _override_mistake(override)
        except (HydraException, OmegaConfBaseException, ValueError, RecursionError):
            mistake = f"{word[:LONGEST]}: must be an option of the form key=value{LISTED}"
        if mistake:
            mistakes.append(mistake)
        else:
            fine.append(override)
    return fine, mistakes


def expand_sweep(overrides: list[str]) -> list[list[str]]:
    """Returns the combinations of a sweep, as in `model=quantum,classical seed=0,1`.

    Raises:
        InputError: If an override is not of the form `key=value`, or they are too many.
    """
    parsed, mistakes = parse_overrides(overrides, sweep=True)
    if mistakes:
        raise InputError(*mistakes)

    choices = [list(itertools.islice(_choices(o), MAX_SWEEP + 1)) for o in parsed]
    if math.prod(map(len, choices)) > MAX_SWEEP:
        raise InputError(f"-m: at most {MAX_SWEEP} runs can be asked for at once")
    return [list(combination) for combination in itertools.product(*choices)]


def _choices(override: Override) -> Iterator[str]:
    if not override.is_sweep_override():
        yield override.input_line or ""
        return
    for value in override.sweep_string_iterator():
        yield f"{override.get_key_element()}={value}"
