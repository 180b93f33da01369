"""LatentQ: does a quantum latent help a generative model? The instrument that measures it."""

from latentq.storage import load

__version__ = "0.1.0"
__all__ = ["load"]
