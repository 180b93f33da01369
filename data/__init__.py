"""Data modules: MNIST with its official split, and scikit-learn's small digits."""

from data.module import ImageData, load_data, open_data

__all__ = ["ImageData", "load_data", "open_data"]
