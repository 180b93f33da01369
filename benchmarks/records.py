"""What a reader needs to judge a result: machine, versions and commit."""

import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from latentq.training.commit import git_commit

PACKAGES = (
    "torch",
    "numpy",
    "numba",
    "torchquantum",
    "PennyLane",
    "tensorcircuit-ng",
    "jax",
    "jaxlib",
    "optax",
    "POT",
    "scipy",
    "ott-jax",
)


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def cpu_model() -> str:
    """Returns the name of the processor."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def record(device: str) -> dict[str, Any]:
    """Returns the machine and the versions, without the name of the machine."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "git_commit": git_commit(),
        "cpu": cpu_model(),
        "device": device,
        "threads": 1,
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in PACKAGES},
    }
