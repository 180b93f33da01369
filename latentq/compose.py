"""Composes a configuration from `configs/` and the command line, by Hydra."""

import itertools
import re
from pathlib import Path
from typing import Any, cast

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException, OverrideParseException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from latentq.config import Config, validate
from latentq.errors import InputError
from latentq.rules import RULES, nearest

FLAGS_WITH_VALUE = ("--config-name", "-cn", "--cfg", "-c", "--package", "-p", "--info", "-i")
CONFIGS = Path(__file__).parent.parent / "configs"


def _explain(error: Exception) -> str:
    """Turns Hydra's message into one line that names the nearest key or option."""
    text = " ".join(str(error).split())
    key = re.search(r"Could not override '([^']+)'|Key '([^']+)' is not in struct", text)
    if key:
        name = key.group(1) or key.group(2)
        if name in RULES:
            return f"{name}: this model has no such key"
        return f"{name}: there is no such key{nearest(name, list(RULES))}"

    option = re.search(r"Could not find '(\w+)/([^']*)'", text)
    if option:
        group, name = option.groups()
        known = sorted(p.stem for p in (CONFIGS / group).glob("*.yaml"))
        return f"{group}: must be one of {', '.join(known)}, was {name!r}{nearest(name, known)}"

    if isinstance(error, OverrideParseException):
        return f"{error.override}: must be an option of the form key=value, see configs/"

    return text


def load_config(overrides: list[str], name: str = "train") -> Config:
    """Composes and checks the configuration of `configs/` with overrides `key=value`.

    Raises:
        InputError: If an override is malformed, or a key or value is wrong.
    """
    GlobalHydra.instance().clear()
    try:
        with initialize_config_dir(str(CONFIGS), version_base="1.3"):
            composed = compose(name, overrides=overrides)
            config = OmegaConf.to_container(composed, resolve=True)
    except (HydraException, OmegaConfBaseException) as error:
        raise InputError(_explain(error)) from error

    settings = cast(Config, config)
    settings.pop("hydra", None)
    return validate(settings)


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
        InputError: If an override is not of the form `key=value`.
    """
    try:
        parsed = OverridesParser.create().parse_overrides(overrides)
    except HydraException as error:
        raise InputError(_explain(error)) from error

    choices: list[list[Any]] = [
        [f"{o.get_key_element()}={v}" for v in o.sweep_string_iterator()]
        if o.is_sweep_override()
        else [o.input_line]
        for o in parsed
    ]
    return [list(combination) for combination in itertools.product(*choices)]


def check_command_line(arguments: list[str]) -> None:
    """Checks every configuration that a command line asks for, before the first is run.

    Raises:
        InputError: If an override is malformed, or a key or value is wrong.
    """
    overrides, name = split_arguments(arguments)
    if {"-m", "--multirun"} & set(arguments):
        for combination in expand_sweep(overrides):
            load_config(combination, name)
    else:
        load_config(overrides, name)
