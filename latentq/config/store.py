"""What models are told by default, put where Hydra finds it, and listed by `--help`."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from textwrap import fill
from typing import Any

from hydra.core.config_store import ConfigStore
from omegaconf import MISSING

from latentq.config import registry
from latentq.config.commands import wrapped
from latentq.config.fields import fields, listing
from latentq.config.schema.data import SOURCES, DataSettings
from latentq.config.schema.run import RunSettings
from latentq.config.schema.values import defaults, nested

DEFAULT, KIND = "quantum", "model.kind"
WIDTH = 99
# What `--config-name debug` sets: a run of seconds that touches every stage.
DEBUG = {
    "data": {"limit": 512, "validation": 256},
    "images": {"epochs": 1},
    "metrics": {"samples": 200},
}
DEBUG_PHASES = {"denoising": {"iterations_per_epoch": 4, "epochs": 1}}
HYDRA = {
    "job": {"name": "train"},
    "output_subdir": None,
    "run": {"dir": "."},
    "sweep": {"dir": "${run.root}", "subdir": "."},
}


@contextmanager
def stored(models: Iterable[str]) -> Iterator[None]:
    """Puts what models are told by default where Hydra finds it, and takes it away again."""
    place = ConfigStore.instance()
    before = place.repo
    place.repo = {**before, **{group: {} for group in ("model", "data", "small")}}
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
        if {"denoising.iterations_per_epoch", "denoising.epochs"} <= {
            key for key, _ in fields(schema)
        }:
            place.store(name, DEBUG_PHASES, group="small")


def _defaults(name: str, schema: type[RunSettings]) -> dict[str, Any]:
    """Returns what a model is told by default, `???` where it must be given, without its data."""
    found = {**{key: MISSING for key, _ in fields(schema)}, **defaults(schema)}
    return nested({k: v for k, v in found.items() if not k.startswith("data.")} | {KIND: name})


def usage(name: str, about: str) -> str:
    """Returns the help on training a model, with all keys of its runs.

    Arguments:
        name: The name of the model.
        about: What comes before the models and the keys.

    Raises:
        InputError: If there is no such model.
    """
    schema = registry.find(name).settings
    title = (schema.__doc__ or "").partition("\n")[0]
    names = fill(f"The models are {', '.join(registry.names())}.", WIDTH)
    told = fill(f"The keys of model={name}. {title}", WIDTH)
    lines = [line for line in listing(schema) if not line.startswith(f"  {KIND}=")]
    return "\n".join([about, names, "", told, "", *wrapped(lines)])
