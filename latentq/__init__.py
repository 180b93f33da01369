"""LatentQ: does a quantum latent help a generative model? The instrument that measures it."""

from typing import TYPE_CHECKING

from latentq.backend import import_matplotlib

if TYPE_CHECKING:
    from latentq.models.storage import load

__version__ = "0.1.0"
__all__ = ["load"]

import_matplotlib()


def __getattr__(name: str) -> object:
    # `load` imports torch, which takes seconds; `--help` and wrong options do without it.
    if name == "load":
        from latentq.models.storage import load

        return load

    raise AttributeError(f"module 'latentq' has no attribute {name!r}")
