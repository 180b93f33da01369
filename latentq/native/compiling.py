"""How the loops are compiled: at their first call, and kept on disk where that is possible."""

from collections.abc import Callable
from typing import Any

import numba
import numpy as np

Array = np.ndarray

# Sums may be reordered for vector registers; NaN and infinity keep their meaning.
FASTMATH = {"reassoc", "contract", "arcp", "nsz"}


# A call that is not inlined is bound to another copy of the function where it was just compiled
# than where it is read from disk, and copies differ in the order of their sums.
OPTIONS: dict[str, Any] = {"fastmath": FASTMATH, "nogil": True, "forceinline": True}


def compiled(function: Callable) -> Callable:
    """Returns a function that is compiled at its first call."""
    try:
        return numba.njit(**OPTIONS, cache=True)(function)
    except RuntimeError:  # no folder for the cache can be written
        return numba.njit(**OPTIONS)(function)
