"""The configuration, checked as a whole before anything else happens.

A mistake is answered with the key, what it must be, what it was, and the nearest name that exists.
"""

import re
from collections.abc import Iterator
from typing import Any

from latentq.config.relations import check_relations
from latentq.config.rules import (
    AUTO,
    CLASSES,
    COMMON,
    FEATURES,
    KEYS_OF,
    KINDS,
    RULES,
    expand_home,
)
from latentq.errors import LONGEST, InputError, nearest, shown
from latentq.paths import TRAINING

Config = dict[str, Any]
LISTED = f"; `{TRAINING} --cfg job` lists all keys"


def leaves(config: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:  # noqa: ANN401
    """Lists the leaves of a nested configuration as dotted keys and values."""
    items = config.items() if isinstance(config, dict) else enumerate(config)
    for key, value in items:
        name = f"{prefix}{key}"
        if isinstance(value, (dict, list)):
            yield from leaves(value, f"{name}.")
        else:
            yield name, value


def _name(key: str) -> str:
    """Returns the name of the rule of a leaf; layers may be one number or a list."""
    name = re.sub(r"\.\d+$", ".*", key)
    return "prior.layers" if name == "prior.layers.*" else name


def _wrong_values(config: Config) -> dict[str, str]:
    """Says what is wrong with each value by itself, by its key."""
    wrong = {}
    for key, value in leaves(config):
        rule = RULES.get(_name(key))
        if rule is None:
            wrong[key] = unknown_key(key)
        elif not rule.accepts(value):
            hint = nearest(value, rule.choices) if isinstance(value, str) else ""
            wrong[key] = f"{key}: must be {rule.describe()}, was {shown(value)}{hint}"
    return wrong


def unknown_key(key: str) -> str:
    """Says that there is no such key, and where the keys are listed."""
    return f"{key[:LONGEST]}: there is no such key{nearest(key, RULES) or LISTED}"


def _wrong_keys(config: Config) -> dict[str, str]:
    """Says which keys a kind of model lacks or has too many, if it is a kind of model."""
    model = config.get("model")
    kind = model.get("kind") if isinstance(model, dict) else None
    if kind not in KINDS:
        return {} if kind is not None else {"model.kind": "model.kind: must be given"}
    wanted = {k for k in RULES if k.startswith((*COMMON, *KEYS_OF[kind]))}
    present = {_name(key) for key, _ in leaves(config)} & RULES.keys()
    missing = {k.removesuffix(".*") for k in wanted - present}
    return {k: f"{k}: must be given for model={kind}" for k in sorted(missing)} | {
        k: f"{k}: a model={kind} has no such key" for k in sorted(present - wanted)
    }


def _with_homes(config: Config) -> Config:
    """Returns a configuration with the home folder where a path begins with `~`."""
    found = dict(config)
    for name in (key for key, rule in RULES.items() if rule.path):
        section, _, key = name.rpartition(".")
        inner = found.get(section) if section else found
        if isinstance(inner, dict) and key in inner:
            changed = {**inner, key: expand_home(inner[key])}
            found = {**found, section: changed} if section else changed
    return found


def _with_features(config: Config) -> Config:
    """Returns a configuration with the classifier of its data in the place of `auto`."""
    metrics, name = config["metrics"], config["data"]["name"]
    if metrics["features"] != AUTO or name not in FEATURES:
        return config
    return {**config, "metrics": {**metrics, "features": FEATURES[name]}}


def validate(config: Config) -> Config:
    """Checks a configuration as a whole and returns it.

    In what is returned, `~` in paths and the `auto` of `metrics.features` are put into full.

    Raises:
        InputError: If keys or values are wrong, or do not fit together; it lists all mistakes.
    """
    wrong = {**_wrong_values(config), **_wrong_keys(config)}
    mistakes = [*wrong.values(), *check_relations(config, {_name(key) for key in wrong})]
    if mistakes:
        raise InputError(*mistakes)

    return _with_features(_with_homes(config))


def arguments_of(config: Config, classes: int = CLASSES) -> dict[str, Any]:
    """Returns the arguments that build the model of a configuration.

    Arguments:
        config: The configuration.
        classes: The number of classes of the data, which a conditional model has to know. Ten
            are the default of every model, and are not written down.
    """
    model = {k: v for k, v in config["model"].items() if k != "kind"}
    if model.get("conditional") and classes != CLASSES:
        model["classes"] = classes
    kind, seed, prior = config["model"]["kind"], config["seed"], dict(config.get("prior", {}))
    if kind in ("quantum", "traced", "perceptrons"):
        prior |= {k: config[k] for k in ("loss", "outcomes", "engine") if k in config}
        return {**model, "prior": prior, "seed": seed}
    if "qubits" in prior:
        model["qubits"] = prior.pop("qubits")
    if kind in ("latent_diffusion", "vae_diffusion"):
        return {**model, "prior": prior, "seed": seed}
    if kind == "ensemble":
        prior["terminal_noise"] = prior.pop("noise")

    return {**model, **prior, "seed": seed}
