"""Keys and arguments that had other names before, and the reading of what was written then."""

from collections.abc import Mapping
from typing import Any

KEYS = {
    "images.batches": "images.iterations_per_epoch",
    "model.noise": "model.latent_noise",
    "prior.noise": "prior.terminal_strength",
    "denoising.iterations": "denoising.iterations_per_epoch",
    "denoising.together": "denoising.epochs",
    "denoising.lr_alone": "denoising.lr_single_step",
    "denoising.lr_together": "denoising.lr",
    "denoising.inputs": "denoising.input_batch_size",
    "denoising.starts": "denoising.start_batch_size",
    "denoising.targets": "denoising.target_batch_size",
    "denoising.batch": "denoising.batch_size",
}
# Of the classes of models; an argument in a dictionary has a dot.
ARGUMENTS = {
    "noise": "latent_noise",
    "terminal_noise": "terminal_strength",
    "prior.noise": "prior.terminal_strength",
}


def current_name(key: str) -> str:
    """Returns what a key of a configuration is called now."""
    return KEYS.get(key, key)


def current_config(content: object) -> Any:  # noqa: ANN401
    """Returns a configuration as it is written now, in whichever version it was written.

    Arguments:
        content: The configuration; what is none is returned as it is.
    """
    return _renamed(content, KEYS) if isinstance(content, dict) else content


def current_arguments(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the arguments of a saved model of format 1 as those of format 2."""
    return _renamed(arguments, ARGUMENTS)


def _renamed(content: Mapping[str, Any], names: Mapping[str, str], at: str = "") -> dict[str, Any]:
    found = {}
    for key, value in content.items():
        name = names.get(f"{at}{key}", f"{at}{key}").removeprefix(at)
        found[name] = _renamed(value, names, f"{key}.") if isinstance(value, dict) else value
    return found
