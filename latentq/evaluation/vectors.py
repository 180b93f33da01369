"""Sets of vectors that a measure compares, checked before numbers are made of them.

Linear algebra answers a NaN with another number, or ends the process without a word.
"""

import torch
from torch import Tensor

from latentq.errors import InputError, NumericalError

KINDS = (torch.float32, torch.float64)


def check_features(**sets: Tensor) -> None:
    """Checks sets of vectors that are to be compared, by their names.

    Raises:
        InputError: If one is no matrix of float32 or float64, or they differ in width.
        NumericalError: If a number is not finite.
    """
    first, width = "", 0
    for name, vectors in sets.items():
        _check(name, vectors)
        if first and vectors.shape[1] != width:
            raise InputError(
                f"{name}: must be {width} wide as {first} is, was {vectors.shape[1]} wide"
            )
        first, width = first or name, vectors.shape[1]


def _check(name: str, vectors: object) -> None:
    if not isinstance(vectors, Tensor):
        raise InputError(f"{name}: must be a tensor, was of type {type(vectors).__name__}")
    if vectors.dim() != 2 or vectors.shape[1] == 0:
        raise InputError(f"{name}: must have the shape (N, F), had {tuple(vectors.shape)}")
    if vectors.dtype not in KINDS:
        raise InputError(f"{name}: must be of float32 or float64, was of {vectors.dtype}")
    if not bool(torch.isfinite(vectors).all()):
        bad = int((~torch.isfinite(vectors)).any(dim=1).sum())
        raise NumericalError(f"{name}: must be finite, {bad} of {len(vectors)} rows were not")
