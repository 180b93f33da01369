"""LatentQ: does a quantum latent help a generative model? The instrument that measures it."""

import importlib
from typing import TYPE_CHECKING

from latentq.config.backend import import_matplotlib

if TYPE_CHECKING:
    from latentq.config.registry import register
    from latentq.diffusion import losses  # noqa: F401  # not one of `__all__`
    from latentq.diffusion.fit import fit
    from latentq.diffusion.forward import ForwardProcess
    from latentq.diffusion.quddpm import QuDDPM
    from latentq.engine.circuits import Circuit
    from latentq.evaluation.sets import evaluate, evaluate_states
    from latentq.models.storage import load
    from latentq.quantum import readout  # noqa: F401  # not one of `__all__`

__version__ = "0.1.0"
__all__ = [
    "Circuit",
    "ForwardProcess",
    "QuDDPM",
    "evaluate",
    "evaluate_states",
    "fit",
    "load",
    "register",
]

# They import torch, which takes seconds; `--help` and wrong options do without it.
_DOORS = {
    "Circuit": "latentq.engine.circuits",
    "ForwardProcess": "latentq.diffusion.forward",
    "QuDDPM": "latentq.diffusion.quddpm",
    "evaluate": "latentq.evaluation.sets",
    "evaluate_states": "latentq.evaluation.sets",
    "fit": "latentq.diffusion.fit",
    "load": "latentq.models.storage",
    "register": "latentq.config.registry",
}

_MODULES = {"losses": "latentq.diffusion.losses", "readout": "latentq.quantum.readout"}

import_matplotlib()


def __getattr__(name: str) -> object:
    if name in _MODULES:
        return importlib.import_module(_MODULES[name])
    if name in _DOORS:
        return getattr(importlib.import_module(_DOORS[name]), name)

    raise AttributeError(f"module 'latentq' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_DOORS, *_MODULES})
