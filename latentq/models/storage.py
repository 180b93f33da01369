"""Trained models on disk: a folder with `config.json` and `weights.safetensors`.

Weights are safetensors, the description is JSON; nothing is ever unpickled. The description
names the registered kind of the model, its arguments, and the sha256 of the weights.
"""

import errno
import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor, nn

from latentq.config import registry
from latentq.config.config import check_arguments
from latentq.config.fields import is_module
from latentq.config.renamed import current_arguments
from latentq.engine.process import own_defaults
from latentq.errors import LONGEST, CheckpointError, InputError, NumericalError, shown
from latentq.models.origin import Origin, remember
from latentq.models.shipped import CONFIG, WEIGHTS, find_model
from latentq.paths import write_atomically
from latentq.randomness import derive_seed

FORMAT = 2  # Format 1 has other names of arguments, and is read as well.
FIELDS = {"kind": str, "arguments": dict, "sha256": str, "notes": dict}
UNFIT = (RuntimeError, SafetensorError, LookupError, TypeError, ArithmeticError, ValueError)
# What a prior is made of besides its weights.
UNWEIGHTED = ("forward_process", "circuits", "distance", "outcomes", "engine")
ADVICE = "register a model that builds it, see latentq.register"
LARGEST, LARGEST_CONFIG = 2**31, 2**20  # Bytes.


def not_finite(tensors: Mapping[str, Tensor]) -> str | None:
    """Returns the name of the first tensor that has a NaN or an infinity, if there is one."""
    return next((k for k, v in tensors.items() if not bool(torch.isfinite(v).all())), None)


def build(kind: str, arguments: dict[str, Any]) -> nn.Module:
    """Builds a model of a kind from its arguments.

    Errors of the class of the model itself are passed on as they are.

    Arguments:
        kind: The name that the model is registered by, see :func:`latentq.register`.
        arguments: The arguments of its class.

    Raises:
        InputError: If there is no such kind, an argument is not as it must be, or a module of the
            caller has the name of a package of LatentQ.
    """
    entry = registry.find(kind, "kind")
    try:
        check_arguments(kind, arguments)
    except InputError as error:
        raise _unfit(kind, error) from error
    with own_defaults():
        return remember(entry.load()(**arguments), Origin(kind, arguments))


def _unfit(kind: str, error: Exception) -> InputError:
    return InputError(f"config: does not fit a {kind} model: {error}")


def build_seeded(kind: str, arguments: dict[str, Any], seed: int) -> nn.Module:
    """Builds a model whose weights follow from a seed, also where its class takes none."""
    with own_defaults():
        torch.manual_seed(derive_seed(seed, "init", kind))
        return build(kind, arguments)


def save(
    model: nn.Module,
    folder: str | Path,
    kind: str,
    arguments: dict[str, Any],
    notes: dict[str, Any] | None = None,
) -> None:
    """Saves a model, so that :func:`load` gives it back.

    Arguments:
        model: The model.
        folder: The folder to write to; it is made if it does not exist.
        kind: The name that the model is registered by.
        arguments: The arguments that built it.
        notes: Facts to keep with it, such as the data and the commit.

    Raises:
        InputError: If the arguments cannot be written down, or build another model.
    """
    _check_described(model, kind, arguments)
    weights = weights_of(model)
    description = {
        "format": FORMAT,
        "kind": kind,
        "arguments": arguments,
        "sha256": hashlib.sha256(weights).hexdigest(),
        "notes": notes or {},
    }
    if plugin := registry.find(kind, "kind").plugin:
        description["plugin"] = plugin
    folder = Path(folder)
    write_atomically(folder / WEIGHTS, weights)
    write_atomically(folder / CONFIG, (json.dumps(description, indent=2) + "\n").encode())


def weights_of(model: nn.Module) -> bytes:
    """Returns the weights of a model as the content of a file."""
    tensors = {k: v.detach().cpu().contiguous() for k, v in model.state_dict().items()}
    return save_tensors(tensors)


def _check_described(model: nn.Module, kind: str, arguments: dict[str, Any]) -> None:
    """Raises `InputError` if a model has what its arguments do not say, such as an own circuit."""
    try:
        json.dumps(arguments)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"save: the arguments cannot be written down, {error}; {ADVICE}"
        ) from error
    built = build(kind, arguments)
    if type(built) is not type(model):
        names = [type(found).__qualname__ for found in (built, model)]
        raise InputError(f"save: a {kind} model is a {names[0]}, was a {names[1]}; {ADVICE}")
    parts = dict(model.named_modules())
    for place, module in built.named_modules():
        for name in UNWEIGHTED:
            if getattr(module, name, None) != getattr(parts.get(place), name, None):
                raise InputError(f"save: its arguments do not say {place}.{name}; {ADVICE}")


def read_file(path: Path, limit: int = LARGEST) -> bytes:
    """Reads a regular file, but no more of it than a file of its kind can have.

    Raises:
        OSError: If it cannot be read; what is no regular file, such as a pipe, is not there.
        ValueError: If it is larger, or there can be no such path.
    """
    if not path.is_file():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
    with path.open("rb") as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise ValueError(f"it has more than {limit} bytes")
    return content


def describe(path: str | Path) -> tuple[Path, dict[str, Any]]:
    """Reads the description of a saved model.

    Arguments:
        path: The folder of a model, a run folder, or a name, see :func:`load`.

    Returns:
        The folder of the model, and its description.

    Raises:
        CheckpointError: If there is no model, or its description is damaged or of a newer
            format.
    """
    folder = find_model(path)
    try:
        content = read_file(folder / CONFIG, LARGEST_CONFIG)
    except (OSError, ValueError) as error:
        raise CheckpointError(f"checkpoint: {folder / CONFIG} cannot be read: {error}") from error
    try:
        description = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"checkpoint: {folder / CONFIG} is damaged: {error}") from error

    _check_description(description, folder / CONFIG)
    if description["format"] == 1:
        arguments = current_arguments(description["arguments"])
        description = {**description, "format": FORMAT, "arguments": arguments}
    return folder, {"notes": {}, **description}


def _check_description(description: object, path: Path) -> None:
    if not isinstance(description, dict):
        raise CheckpointError(f"checkpoint: {path} does not describe a model")
    found = {"notes": {}, **description}
    wrong = [key for key, kind in FIELDS.items() if not isinstance(found.get(key), kind)]
    if wrong:
        raise CheckpointError(
            f"checkpoint: {path} does not describe a model, {wrong[0]} is missing or wrong"
        )
    # True is 1, but no format.
    if type(found.get("format")) is not int or found["format"] not in (1, FORMAT):
        raise CheckpointError(
            f"checkpoint: format must be {FORMAT}, was {shown(found.get('format'))}; "
            "it needs another version of LatentQ"
        )


def load(path: str | Path, device: str = "cpu") -> nn.Module:
    """Loads a trained model, ready to sample.

    A path comes first: `quantum` is the folder of this name if there is a model in it, and else
    the model of this name that comes with LatentQ.

    Arguments:
        path: The folder of a model, a run folder with a folder `model` in it, or the name of a
            model that comes with LatentQ, such as `quantum`; `checkpoints/quantum` is the same.
        device: The device to put it on.

    Raises:
        CheckpointError: If there is no model, or a file of it is damaged or does not fit.
        InputError: If its arguments do not build a model, or there is no such device.
    """
    _check_device(device)
    folder, description = describe(path)
    weights = folder / WEIGHTS
    try:
        content = read_file(weights)
    except (OSError, ValueError) as error:
        raise CheckpointError(f"checkpoint: {weights} cannot be read: {error}") from error

    if hashlib.sha256(content).hexdigest() != description["sha256"]:
        raise CheckpointError(
            f"checkpoint: {weights} is damaged, its sha256 is not the one in {CONFIG}"
        )
    _check_registered(description)
    model = _rebuild(description["kind"], description["arguments"])
    _put_weights(model, content, weights)
    kind, arguments, notes = (description[key] for key in ("kind", "arguments", "notes"))
    remember(model, Origin(kind, arguments, notes, folder, description["sha256"]))
    return model.to(torch.device(device)).eval()


def _check_registered(description: Mapping[str, Any]) -> None:
    """Raises `InputError` if nobody has registered the kind of a model.

    A module that a file names is not imported: nothing that is read can run code.
    """
    kind, plugin = description["kind"], description.get("plugin")
    if plugin is None or registry.has(kind):
        return
    if not isinstance(plugin, str) or not is_module(plugin) or not kind.isprintable():
        raise InputError(f"plugin: must be the name of a module, was {shown(plugin)}")
    raise InputError(
        f"kind: {kind[:LONGEST]} is not registered; import the module that registers it "
        f"({plugin}), or give plugin={plugin}"
    )


def _check_device(device: str) -> None:
    """Raises `InputError` if nothing can be put on a device."""
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        why = str(error).splitlines()[0]
        raise InputError(f"device: must be one that torch sees, was {device}: {why}") from error


def _rebuild(kind: str, arguments: dict[str, Any]) -> nn.Module:
    """Builds a model from arguments that anybody may have written into its description."""
    try:
        return build(kind, arguments)
    except InputError:
        raise
    except UNFIT as error:
        raise _unfit(kind, error) from error


def _put_weights(model: nn.Module, content: bytes, path: Path) -> None:
    """Gives a model the weights of a file, if they are the right ones and finite.

    Raises:
        CheckpointError: If not; the message names the first tensor that differs.
    """
    try:
        tensors = load_tensors(content)
    except UNFIT as error:
        raise _misfit(path, error) from error
    if different := _first_difference(model.state_dict(), tensors):
        raise CheckpointError(f"checkpoint: {path} does not fit its config, {different}")
    try:
        model.load_state_dict(tensors, strict=True)
    except RuntimeError as error:
        raise _misfit(path, error) from error
    for module in model.modules():
        if callable(check := getattr(module, "check", None)):
            try:
                check()
            except NumericalError as error:
                raise _misfit(path, error) from error


def _misfit(path: Path, error: Exception) -> CheckpointError:
    # torch says in the second line what does not fit.
    why = (str(error).splitlines()[:2] or [type(error).__name__])[-1].strip()
    return CheckpointError(f"checkpoint: {path} does not fit its config, {why}")


def _first_difference(wanted: Mapping[str, Tensor], found: Mapping[str, Tensor]) -> str:
    """Says which tensor is missing, too many, of another type, or not finite."""
    for name in sorted(wanted.keys() ^ found.keys()):
        return f"{name[:LONGEST]} is {'missing' if name in wanted else 'not of this model'}"
    for name, tensor in found.items():
        if tensor.dtype != wanted[name].dtype:
            return f"{name} must be {wanted[name].dtype}, was {tensor.dtype}"
    bad = not_finite(found)
    return f"{bad} has a number that is not finite" if bad else ""
