"""How the loops are compiled: at their first call, and kept on disk where that is possible.

numba unpickles what it has kept, and believes it. Here each file of the cache ends in the sha256
of what is before, and holds only for these very sources: what is damaged, cut off or of other
sources is compiled anew. A cache that cannot be written is done without.
"""

import contextlib
import hashlib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

import llvmlite
import numba
import numpy as np
from numba.core.caching import FunctionCache, IndexDataCacheFile
from numba.core.dispatcher import Dispatcher

Array = np.ndarray

# Sums may be reordered for vector registers; NaN and infinity keep their meaning.
FASTMATH = {"reassoc", "contract", "arcp", "nsz"}


# A call that is not inlined is bound to another copy of the function where it was just compiled
# than where it is read from disk, and copies differ in the order of their sums.
OPTIONS: dict[str, Any] = {"fastmath": FASTMATH, "nogil": True, "forceinline": True}
DIGEST = 32  # Bytes of a sha256.


def compiled(function: Callable, fastmath: set[str] = FASTMATH) -> Callable:
    """Returns a function that is compiled at its first call."""
    result = numba.njit(**{**OPTIONS, "fastmath": fastmath})(function)
    if isinstance(result, Dispatcher):  # With NUMBA_DISABLE_JIT nothing is compiled.
        with contextlib.suppress(RuntimeError, OSError):  # No folder can be written.
            vars(result)["_cache"] = SparingCache(function)
    return result


def compiled_for_finite(function: Callable) -> Callable:
    """Returns a function, compiled alike, whose numbers are never NaN: so minima are vectors."""
    return compiled(function, FASTMATH | {"nnan"})


def compiled_in_order(function: Callable) -> Callable:
    """Returns a function, compiled alike, whose sums are taken in the order in which they stand.

    So its results do not depend on how the loops around it become vectors.
    """
    return compiled(function, {"contract"})


@cache
def source_stamp() -> str:
    """Returns the sha256 of all that the machine code follows from, but for the processor."""
    sources = sorted(Path(__file__).parent.glob("*.py"))
    parts = [path.read_bytes() for path in sources]
    parts += [module.__version__.encode() for module in (numba, np, llvmlite)]
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()


def is_whole(path: str) -> bool:
    """Returns whether a file of the cache ends in the sha256 of what is before."""
    try:
        content = Path(path).read_bytes()
    except OSError:
        return False
    return hashlib.sha256(content[:-DIGEST]).digest() == content[-DIGEST:]


class SealedFiles(IndexDataCacheFile):
    """The files of a function in the cache; what follows a pickle, its reader leaves alone."""

    def _load_index(self) -> dict[Any, str]:
        return super()._load_index() if is_whole(self._index_path) else {}

    def _load_data(self, name: str) -> Any:  # noqa: ANN401
        if not is_whole(self._data_path(name)):
            raise FileNotFoundError(name)
        return super()._load_data(name)

    @contextlib.contextmanager
    def _open_for_write(self, filepath: str) -> Iterator[BinaryIO]:
        with super()._open_for_write(filepath) as file:
            yield file
            file.flush()
            content = Path(file.name).read_bytes()
            file.write(hashlib.sha256(content).digest())


class SparingCache(FunctionCache):
    """The cache of a function, of which anything may fail: then the function is compiled."""

    def __init__(self, function: Callable) -> None:
        super().__init__(function)

        self._cache_file = SealedFiles(
            cache_path=self._cache_path,
            filename_base=self._impl.filename_base,
            source_stamp=source_stamp(),
        )

    def load_overload(self, sig: Any, target_context: Any) -> Any:  # noqa: ANN401
        """Returns what was compiled before, or `None`."""
        with contextlib.suppress(Exception):
            return super().load_overload(sig, target_context)
        return None

    def save_overload(self, sig: Any, data: Any) -> None:  # noqa: ANN401
        """Keeps what was compiled, if that is possible."""
        with contextlib.suppress(Exception):
            super().save_overload(sig, data)
