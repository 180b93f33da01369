"""Composes a configuration from `latentq/configs/` and the command line, by Hydra."""

import itertools
import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from latentq.config.config import Config, unknown_key, validate
from latentq.config.memory import check_room
from latentq.config.rules import RULES
from latentq.config.versions import check_engine, check_python, check_surroundings
from latentq.config.words import override as written
from latentq.errors import LONGEST, InputError, nearest, shown
from latentq.paths import CONFIGS

FLAGS_WITH_VALUE = ("--config-name", "-cn", "--cfg", "-c", "--package", "-p", "--info", "-i")
# They take configurations from elsewhere, or unpickle a job.
REFUSED = ("--config-dir", "-cd", "--config-path", "-cp", "--experimental-rerun")
GROUPS = ("model", "data")
MAX_SWEEP = 1000
TEXTS = {key for key, rule in RULES.items() if rule.kind is str and not rule.choices}


def _known(group: str) -> list[str]:
    """Returns the options of a group, or with an empty name those of `--config-name`."""
    return sorted(path.stem for path in (CONFIGS / group).glob("*.yaml"))


def _option_mistake(group: str, name: str) -> str:
    hint = nearest(name, _known(group))
    return f"{group}: must be one of {', '.join(_known(group))}, was {shown(name)}{hint}"


def _override_mistake(override: Override) -> str | None:
    """Says what is wrong with an override by itself: its key, or the name of its group."""
    key, value = override.key_or_group, override.value()
    if "_target_" in f"{key}{value}" or key.startswith("hydra.searchpath"):
        return f"{key}: a configuration never brings code or configurations from elsewhere"
    if key in GROUPS and not isinstance(value, dict) and not override.is_sweep_override():
        names = value if isinstance(value, list) else [value]
        wrong = [name for name in names if name not in _known(key)]
        return _option_mistake(key, str(wrong[0])) if wrong else None
    if key.startswith("hydra") or "/" in key or "@" in key:
        return None
    sections = {rule[:end] for rule in RULES for end in range(len(rule)) if rule[end] == "."}
    if key in sections or re.sub(r"(\.\d+)+$", "", key) in (*RULES, *sections):
        return None
    return unknown_key(key)


def as_meant(word: str, parser: OverridesParser, sweep: bool = False) -> str:
    """Quotes the value of an override that is text, where Hydra would read something else.

    Arguments:
        word: The override, such as `run.root=/tmp/a(b)`, `run.name=2024` or `data.root=/a,b`.
        parser: Hydra's parser.
        sweep: Whether several values with commas between them are a sweep.
    """
    key, separator, text = word.partition("=")
    if key not in TEXTS or not separator:
        return word
    try:
        override = parser.parse_override(word)
        value = override.value()
    except HydraException:
        return written(key, text)
    if override.is_sweep_override():
        return word if sweep else written(key, text)
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
            mistake = (
                f"{word[:LONGEST]}: must be an option of the form key=value, see latentq/configs/"
            )
        if mistake:
            mistakes.append(mistake)
        else:
            fine.append(override)
    return fine, mistakes


def _explain(error: Exception) -> tuple[str, str]:
    """Returns the key that an exception of Hydra is about, if known, and the mistake in a line."""
    text = " ".join(str(error).split())
    key = re.search(r"Could not override '([^']+)'|Key '([^']+)' is not in struct", text)
    if key:
        name = key.group(1) or key.group(2)
        fine = name in RULES
        return name, f"{name}: this model has no such key" if fine else unknown_key(name)

    option = re.search(r"Could not find '([\w/]+)/([^']*)'", text)
    if option:
        return option.group(1), _option_mistake(*option.groups())

    key = re.search(r" full_key: (\S+)", text)
    named = f"{key.group(1)}: " if key else ""
    return key.group(1) if key else "", named + re.sub(r" (full_key|object_type).*$", "", text)


def _compose(name: str, overrides: list[Override]) -> tuple[Config | None, list[str]]:
    """Composes what can be composed: an override that Hydra refuses is noted and left out."""
    mistakes: list[str] = []
    while True:
        try:
            composed = compose(name, overrides=[o.input_line or "" for o in overrides])
            return cast(Config, OmegaConf.to_container(composed, resolve=True)), mistakes
        except (HydraException, OmegaConfBaseException, RecursionError, ValueError) as error:
            key, mistake = _explain(error)
            mistakes.append(mistake)
            rest = [o for o in overrides if o.key_or_group != key]
        if len(rest) == len(overrides):
            return None, mistakes
        overrides = rest


@contextmanager
def _own_hydra() -> Iterator[None]:
    """Composes from `latentq/configs/`, and gives Hydra back to a program that uses it too."""
    before = GlobalHydra.instance().hydra
    GlobalHydra.instance().clear()
    try:
        with initialize_config_dir(str(CONFIGS), version_base="1.3"):
            yield
    finally:
        GlobalHydra.instance().hydra = before  # It is another instance by now.


def load_config(overrides: list[str], name: str = "train") -> Config:
    """Composes and checks the configuration of `latentq/configs/` with overrides `key=value`.

    Raises:
        InputError: If overrides are malformed, or keys or values wrong; it lists all mistakes.
    """
    if name.removesuffix(".yaml") not in _known(""):
        raise InputError("--config-name" + _option_mistake("", name))
    fine, mistakes = parse_overrides(overrides)
    wrong_model = any(mistake.startswith("model: ") for mistake in mistakes)
    with _own_hydra():
        config, refused = _compose(name, fine)
    try:
        config = validate(_own(config)) if config else None
    except InputError as error:
        refused += error.mistakes
    # What the wrong model would have had, nobody knows.
    mistakes += [m for m in refused if not (wrong_model and "model" in m.partition(":")[2])]
    if mistakes or config is None:
        raise InputError(*mistakes)
    return config


def _own(config: Config) -> Config:
    return {key: value for key, value in config.items() if key != "hydra"}


def split_arguments(arguments: list[str]) -> tuple[list[str], str]:
    """Splits a command line of Hydra into its overrides and the name of its configuration.

    A word without `=` is an override too, a malformed one, unless it is the value of a flag.
    """
    overrides, name, words = [], "train", iter(arguments)
    for word in words:
        flag, _, value = word.partition("=")
        if not flag.startswith("-"):
            overrides.append(word)
        elif flag in FLAGS_WITH_VALUE:
            value = value or next(words, "")
            name = value if flag in ("--config-name", "-cn") else name

    return overrides, name


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


def check_command_line(arguments: list[str]) -> None:
    """Checks every configuration that a command line asks for, before the first is run.

    Raises:
        InputError: If Python or the system is not one that LatentQ runs on, overrides are
            malformed, keys or values wrong, or a run would take more memory than there is; it
            lists all mistakes.
    """
    check_python()
    check_surroundings()
    for word in arguments:
        flag = word.partition("=")[0]
        # Hydra also takes the beginning of a flag, and the value of a short one right behind it.
        begins = len(flag) > 2 and any(known.startswith(flag) for known in REFUSED)
        if begins or word.startswith(REFUSED):
            raise InputError(f"{flag}: is not supported; configurations are in latentq/configs/")
    overrides, name = split_arguments(arguments)
    sweep = is_sweep(arguments)
    mistakes: dict[str, None] = {}
    for combination in expand_sweep(overrides) if sweep else [overrides]:
        try:
            config = load_config(combination, name)
            check_engine(config.get("engine"))
            check_room(config)
        except InputError as error:
            mistakes |= dict.fromkeys(error.mistakes)
    if mistakes:
        raise InputError(*mistakes)
