"""The configuration, checked as a whole before anything else happens.

A mistake is answered with the key, what it must be, what it was, and the nearest name that exists.
"""

import re
from collections.abc import Iterator
from typing import Any

from latentq.errors import InputError
from latentq.rules import CLASSES, COMMON, KEYS_OF, MAX_PARTICLES, RULES, nearest

Config = dict[str, Any]


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


def _check_values(config: Config) -> Iterator[str]:
    for key, value in leaves(config):
        rule = RULES.get(_name(key))
        if rule is None:
            yield f"{key}: there is no such key{nearest(key, list(RULES))}"
        elif not rule.accepts(value):
            hint = nearest(value, rule.choices) if isinstance(value, str) else ""
            yield f"{key}: must be {rule.describe()}, was {value!r}{hint}"


def _check_keys(config: Config) -> Iterator[str]:
    kind = config.get("model", {}).get("kind")
    wanted = {k for k in RULES if k.startswith((*COMMON, *KEYS_OF.get(kind, ())))}
    present = {_name(key) for key, _ in leaves(config)}
    for key in sorted(wanted - present):
        yield f"{key.removesuffix('.*')}: must be given for model={kind}"
    for key in sorted(present - wanted):
        yield f"{key}: a model={kind} has no such key"


def _check_relations(config: Config) -> Iterator[str]:
    prior, kind = config.get("prior", {}), config["model"]["kind"]
    layers, steps = prior.get("layers"), prior.get("steps")
    for key, number in (("axes", range(1, 10)), ("strength", (2, steps))):
        if key in prior and (not isinstance(prior[key], list) or len(prior[key]) not in number):
            lengths = f" of 2 or {steps} numbers" if key == "strength" else ""
            yield f"prior.{key}: must be a list{lengths}, was {prior[key]!r}"
    if isinstance(layers, list) and len(layers) != steps:
        yield f"prior.layers: must be one number or {steps}, one for each step, was {layers!r}"
    if kind == "traced" and config["loss"] != "wasserstein":
        yield f"loss: must be wasserstein where ancillas are traced out, was {config['loss']}"
    if kind in ("quantum", "traced", "perceptrons"):
        yield from _check_groups(config)
    if kind == "quantum":
        yield from _check_particles(config)
        if not prior["ancillas"] and prior["terminal"] == "haar":
            yield (
                "prior.ancillas: must be at least 1 where prior.terminal=haar, was 0; without a "
                "measurement Haar states stay Haar states, and nothing can be learned"
            )


def _check_particles(config: Config) -> Iterator[str]:
    starts = config["denoising"]["starts"]
    branches = config["prior"]["ancillas"] * config["prior"]["steps"]
    particles = starts * 2.0**branches
    exact = config["outcomes"] == "exact" and config["denoising"]["together"]
    if exact and particles > MAX_PARTICLES:
        yield (
            f"denoising.starts: {starts} states with 2^{branches} exact branches each are "
            f"{particles:.3g} particles, at most {MAX_PARTICLES} are allowed; lower "
            "denoising.starts or prior.ancillas, or set outcomes=score"
        )


def _check_groups(config: Config) -> Iterator[str]:
    prior, conditional = config["prior"], config["model"].get("conditional")
    if (conditional or config["denoising"]["cells"]) and prior["terminal"] != "basis":
        key = "model.conditional" if conditional else "denoising.cells"
        yield f"{key}: needs prior.terminal=basis, was {prior['terminal']}; set it to false"
    if conditional and 2 ** prior["qubits"] < CLASSES:
        yield (
            f"model.conditional: needs a basis state for each of {CLASSES} classes, "
            f"prior.qubits was {prior['qubits']}"
        )


def validate(config: Config) -> Config:
    """Checks a configuration as a whole and returns it.

    Raises:
        InputError: If a key or value is wrong; all mistakes are listed in one line.
    """
    mistakes = list(_check_values(config)) or list(_check_keys(config))
    mistakes = mistakes or list(_check_relations(config))
    if mistakes:
        raise InputError("; ".join(mistakes))

    return config


def arguments_of(config: Config) -> dict[str, Any]:
    """Returns the arguments that build the model of a configuration."""
    model = {k: v for k, v in config["model"].items() if k != "kind"}
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
