"""Composes a configuration from the schemas of the models and the command line, by Hydra."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import cast

from hydra import compose, initialize_config_module
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import MISSING, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from latentq.config.config import Config, is_key, unknown_key, validate
from latentq.config.memory import check_room
from latentq.config.overrides import (
    expand_sweep,
    is_sweep,
    load_plugins_of,
    option_mistake,
    parse_overrides,
)
from latentq.config.store import stored
from latentq.config.versions import check_engine, check_python, check_surroundings
from latentq.errors import InputError

FLAGS_WITH_VALUE = ("--config-name", "-cn", "--cfg", "-c", "--package", "-p", "--info", "-i")
# They take configurations from elsewhere, or unpickle a job.
REFUSED = ("--config-dir", "-cd", "--config-path", "-cp", "--experimental-rerun")
CONFIGURATIONS = ("debug", "train")


def _explain(error: Exception) -> tuple[str, str]:
    """Returns the key that an exception of Hydra is about, if known, and the mistake in a line."""
    text = " ".join(str(error).split())
    key = re.search(r"Could not override '([^']+)'|Key '([^']+)' is not in struct", text)
    if key:
        name = key.group(1) or key.group(2)
        return name, f"{name}: this model has no such key" if is_key(name) else unknown_key(name)

    option = re.search(r"Could not find '([\w/]+)/([^']*)'", text)
    if option:
        return option.group(1), option_mistake(*option.groups())

    key = re.search(r" full_key: (\S+)", text)
    named = f"{key.group(1)}: " if key else ""
    return key.group(1) if key else "", named + re.sub(r" (full_key|object_type).*$", "", text)


def _compose(name: str, overrides: list[Override]) -> tuple[Config | None, list[str]]:
    """Composes what can be composed: an override that Hydra refuses is noted and left out."""
    mistakes: list[str] = []
    while True:
        try:
            composed = compose(name, overrides=[o.input_line or "" for o in overrides])
            return _given(cast(Config, OmegaConf.to_container(composed, resolve=True))), mistakes
        except (HydraException, OmegaConfBaseException, RecursionError, ValueError) as error:
            key, mistake = _explain(error)
            mistakes.append(mistake)
            rest = [o for o in overrides if o.key_or_group != key]
        if len(rest) == len(overrides):
            return None, mistakes
        overrides = rest


def _given(config: Config) -> Config:
    """Leaves out what is still to be given, so that it is told like every other mistake."""
    return {
        key: _given(value) if isinstance(value, dict) else value
        for key, value in config.items()
        if value != MISSING
    }


@contextmanager
def _own_hydra() -> Iterator[None]:
    """Composes by a Hydra of its own, and gives it back to a program that uses it too."""
    before = GlobalHydra.instance().hydra
    GlobalHydra.instance().clear()
    try:
        # Named here, Hydra need not read the source of every caller to find it out.
        with initialize_config_module("latentq.config", version_base="1.3"):
            yield
    finally:
        GlobalHydra.instance().hydra = before  # It is another instance by now.


def load_config(overrides: list[str], name: str = "train") -> Config:
    """Composes and checks the default configuration of a model with overrides `key=value`.

    Raises:
        InputError: If overrides are malformed, or keys or values wrong; it lists all mistakes.
    """
    if name.removesuffix(".yaml") not in CONFIGURATIONS:
        raise InputError(option_mistake("--config-name", name, CONFIGURATIONS))
    load_plugins_of(overrides)
    fine, mistakes = parse_overrides(overrides)
    wrong_model = any(mistake.startswith("model: ") for mistake in mistakes)
    with stored(_models(fine)), _own_hydra():
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


def _models(overrides: Iterable[Override]) -> list[str]:
    """Returns the models that overrides name."""
    values = [o.value() for o in overrides if o.key_or_group == "model"]
    return [value for value in values if isinstance(value, str)]


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


def check_command_line(arguments: list[str]) -> set[str]:
    """Checks every configuration that a command line asks for, and returns the models it names.

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
            raise InputError(f"{flag}: is not supported; configurations are those of LatentQ")
    overrides, name = split_arguments(arguments)
    load_plugins_of(overrides)
    kinds = set()
    sweep = is_sweep(arguments)
    mistakes: dict[str, None] = {}
    for combination in expand_sweep(overrides) if sweep else [overrides]:
        try:
            config = load_config(combination, name)
            kinds.add(config["model"]["kind"])
            check_engine(config.get("engine"))
            check_room(config)
        except InputError as error:
            mistakes |= dict.fromkeys(error.mistakes)
    if mistakes:
        raise InputError(*mistakes)
    return kinds
