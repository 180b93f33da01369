"""Where a model is from: what built it, and the folder that it was loaded from."""

from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import nn

from latentq.errors import InputError

ATTRIBUTE = "_latentq_origin"


@dataclass(frozen=True)
class Origin:
    """Where a model is from.

    Arguments:
        kind: The name that its class is registered by.
        arguments: The arguments that built it.
        notes: The facts that were saved with it.
        folder: The folder that it was loaded from; `None` if it was not.
        sha256: That of its weights in this folder.
    """

    kind: str
    arguments: dict[str, Any]
    notes: dict[str, Any] = field(default_factory=dict)
    folder: Path | None = None
    sha256: str = ""


def remember(model: nn.Module, origin: Origin) -> nn.Module:
    """Writes down where a model is from, and returns the model."""
    setattr(model, ATTRIBUTE, deepcopy(origin))
    return model


def origin_of(model: object) -> Origin:
    """Returns where a model is from.

    Raises:
        InputError: If it was neither loaded nor built by its kind.
    """
    found = getattr(model, ATTRIBUTE, None)
    if not isinstance(found, Origin):
        raise InputError(
            f"save: the arguments of this {type(model).__qualname__} are not known; load it with "
            "latentq.load, or build it with latentq.models.storage.build"
        )
    return found
