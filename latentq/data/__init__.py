"""Data modules: MNIST with its official split, and scikit-learn's small digits."""

import latentq  # noqa: F401  # Before what imports matplotlib, see latentq/config/backend.py.
from latentq.data.module import ImageData, load_data, open_data

__all__ = ["ImageData", "load_data", "open_data"]
