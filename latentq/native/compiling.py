"""How the loops are compiled: at their first call, and kept on disk where that is possible."""

from collections.abc import Callable

import numba
import numpy as np

Array = np.ndarray

# Sums may be reordered for vector registers; NaN and infinity keep their meaning.
FASTMATH = {"reassoc", "contract", "arcp", "nsz"}


def compiled(function: Callable) -> Callable:
    """Returns a function that is compiled at its first call."""
    try:
        return numba.njit(fastmath=FASTMATH, nogil=True, cache=True)(function)
    except RuntimeError:  # no folder for the cache can be written
        return numba.njit(fastmath=FASTMATH, nogil=True)(function)
