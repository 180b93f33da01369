"""Which Python and which system LatentQ runs on, and what its engines need."""

import os
import sys
from importlib.util import find_spec

from latentq.errors import InputError

# The same bounds are in pyproject.toml: Hydra 1.3 does not run on Python 3.14.
FIRST_PYTHON, FIRST_OTHER_PYTHON = (3, 11), (3, 13)
# Lightning reads them when it is imported.
RANKS = ("RANK", "LOCAL_RANK", "SLURM_PROCID", "JSM_NAMESPACE_RANK")
# What torchquantum imports; its wheel does not declare the last three.
TORCHQUANTUM = (
    *("torchquantum", "torchpack", "qiskit", "dill", "pathos", "torchdiffeq", "opt_einsum"),
    *("pylatexenc", "qiskit_aer", "qiskit_ibm_runtime", "pkg_resources"),
)


def normal(name: str) -> str:
    """Returns the name of a package as the index compares it."""
    return name.lower().replace("_", "-").replace(".", "-")


def check_python(version: tuple[int, ...] = sys.version_info[:3]) -> None:
    """Refuses a Python that LatentQ does not run on.

    Raises:
        InputError: If it is too old or too new.
    """
    if not FIRST_PYTHON <= version[:2] < FIRST_OTHER_PYTHON:
        found = ".".join(map(str, version))
        last = f"{FIRST_OTHER_PYTHON[0]}.{FIRST_OTHER_PYTHON[1] - 1}"
        raise InputError(
            f"python: must be from {'.'.join(map(str, FIRST_PYTHON))} to {last}, was {found}; "
            "make setup PYTHON=python3.11"
        )


def check_surroundings() -> None:
    """Refuses a system that LatentQ does not run on, and ranks that Lightning could not read.

    Raises:
        InputError: If this is Windows, or a rank in the environment is no number.
    """
    if find_spec("fcntl") is None:
        raise InputError("system: LatentQ runs on Linux and macOS; on Windows, run it in WSL")
    for name in RANKS:
        if not os.environ.get(name, "0").isdecimal():
            raise InputError(
                f"{name}: must be a number or unset, was {os.environ[name]!r}; unset {name}"
            )


def missing_torchquantum() -> list[str]:
    """Returns which of the packages that torchquantum imports are not installed."""
    return [name for name in TORCHQUANTUM if find_spec(name) is None]


def check_engine(engine: str | None) -> None:
    """Refuses an engine whose packages are missing, before anything is trained.

    Raises:
        InputError: If it is torchquantum, and a part of it is not installed.
    """
    missing = missing_torchquantum() if engine == "torchquantum" else []
    if missing:
        raise InputError(
            f"engine: torchquantum needs {', '.join(missing)}, not installed here; run make "
            "setup, or use engine=fused"
        )
