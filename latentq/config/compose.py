"""Composes a configuration from the schemas of the models and the command line, by Hydra."""

import itertools
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from textwrap import fill
from typing import Any, cast

from hydra import compose, initialize
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import MISSING, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from latentq.config import registry
from latentq.config.config import LISTED, Config, is_key, is_text, unknown_key, validate
from latentq.config.fields import fields, listing
from latentq.config.memory import check_room
from latentq.config.schema.data import SOURCES, DataSettings
from latentq.config.schema.run import RunSettings
from latentq.config.schema.values import defaults, nested
from latentq.config.versions import check_engine, check_python, check_surroundings
from latentq.config.words import override as written
from latentq.errors import LONGEST, InputError, nearest, shown

FLAGS_WITH_VALUE = ("--config-name", "-cn", "--cfg", "-c", "--package", "-p", "--info", "-i")
# They take configurations from elsewhere, or unpickle a job.
REFUSED = ("--config-dir", "-cd", "--config-path", "-cp", "--experimental-rerun")
GROUPS = ("model", "data")
DEFAULT, KIND = "quantum", "model.kind"
CONFIGURATIONS = ("debug", "train")
MAX_SWEEP = 1000
WIDTH = 99
PLUGIN = "plugin"
# What `--config-name debug` sets: a run of seconds that touches every stage.
DEBUG = {
    "data": {"limit": 512, "validation": 256},
    "images": {"epochs": 1},
    "metrics": {"samples": 200},
}
DEBUG_PHASES = {"denoising": {"iterations": 4, "together": 1}}
HYDRA = {
    "job": {"name": "train"},
    "output_subdir": None,
    "run": {"dir": "."},
    "sweep": {"dir": "${run.root}", "subdir": "."},
}


def _known(group: str) -> list[str]:
    """Returns the options of a group."""
    return registry.names() if group == "model" else sorted(SOURCES)


@contextmanager
def stored(models: Iterable[str]) -> Iterator[None]:
    """Puts what models are told by default where Hydra finds it, and takes it away again."""
    place = ConfigStore.instance()
    before = place.repo
    place.repo = {**before, **{group: {} for group in (*GROUPS, "small")}}
    try:
        _store(place, models)
        yield
    finally:
        place.repo = before


def _store(place: ConfigStore, models: Iterable[str]) -> None:
    groups = [{"model": DEFAULT}, {"data": "auto"}, "_self_"]
    quiet = [{f"override hydra/{name}": "none"} for name in ("job_logging", "hydra_logging")]
    place.store("train", {"defaults": [*groups, *quiet], "hydra": HYDRA})
    small = ["train", {"optional small@_global_": "${model}"}, "_self_"]
    place.store("debug", {"defaults": small, **DEBUG})
    for name in SOURCES:
        place.store(name, {**nested(defaults(DataSettings)), "name": name}, group="data")
    for name in {DEFAULT, *models}:
        schema = registry.find(name).settings
        place.store(name, _defaults(name, schema), group="model", package="_global_")
        if "denoising" in schema.model_fields:
            place.store(name, DEBUG_PHASES, group="small")


def _defaults(name: str, schema: type[RunSettings]) -> dict[str, Any]:
    """Returns what a model is told by default, `???` where it must be given, without its data."""
    found = {**{key: MISSING for key, _ in fields(schema)}, **defaults(schema)}
    return nested({k: v for k, v in found.items() if not k.startswith("data.")} | {KIND: name})


def usage(words: list[str], about: str) -> str:
    """Returns the help, with the keys of the model that a command line asks for.

    Arguments:
        words: The command line.
        about: What comes before the models and the keys.

    Raises:
        InputError: If there is no such model, or a plugin cannot be imported.
    """
    load_plugins_of(words)
    name = next((w.partition("=")[2] for w in words if w.startswith("model=")), DEFAULT)
    schema = registry.find(name).settings
    title = (schema.__doc__ or "").partition("\n")[0]
    names = fill(f"The models are {', '.join(registry.names())}.", WIDTH)
    lines = [line for line in listing(schema) if not line.startswith(f"  {KIND}=")]
    return "\n".join([about, f"{names}\n\nThe keys of model={name}. {title}", *lines])


def _is_known(group: str, name: str) -> bool:
    return registry.has(name) if group == "model" else name in SOURCES


def _option_mistake(group: str, name: str, known: Sequence[str] = ()) -> str:
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
        return _option_mistake(key, str(wrong[0])) if wrong else None
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


def _explain(error: Exception) -> tuple[str, str]:
    """Returns the key that an exception of Hydra is about, if known, and the mistake in a line."""
    text = " ".join(str(error).split())
    key = re.search(r"Could not override '([^']+)'|Key '([^']+)' is not in struct", text)
    if key:
        name = key.group(1) or key.group(2)
        return name, f"{name}: this model has no such key" if is_key(name) else unknown_key(name)

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
        with initialize(config_path=None, version_base="1.3"):
            yield
    finally:
        GlobalHydra.instance().hydra = before  # It is another instance by now.


def load_config(overrides: list[str], name: str = "train") -> Config:
    """Composes and checks the default configuration of a model with overrides `key=value`.

    Raises:
        InputError: If overrides are malformed, or keys or values wrong; it lists all mistakes.
    """
    if name.removesuffix(".yaml") not in CONFIGURATIONS:
        raise InputError(_option_mistake("--config-name", name, CONFIGURATIONS))
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
