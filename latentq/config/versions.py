"""Which versions LatentQ runs on, and which packages it refuses, each with its reason."""

import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Advisory:
    """Versions of a package that must not be installed.

    Arguments:
        package: The package.
        reason: Why, with the name of the advisory.
        below: All versions below this one, if not empty.
        exactly: Single versions.
        accepted: Why a version is used nevertheless, if not empty.
    """

    package: str
    reason: str
    below: str = ""
    exactly: tuple[str, ...] = ()
    accepted: str = ""

    def concerns(self, version: str) -> bool:
        """Whether a version is among them."""
        return version in self.exactly or bool(self.below and _key(version) < _key(self.below))


STOLEN = "this release stole credentials (GHSA-w37p-236h-pfx3)"
HYPERPARAMETERS = "hyperparameters of a checkpoint run code (CVE-2026-58659)"
ADVISORIES = (
    Advisory("lightning", STOLEN, exactly=("2.6.2", "2.6.3")),
    Advisory("pytorch-lightning", STOLEN, exactly=("2.6.2", "2.6.3")),
    Advisory("lightning", HYPERPARAMETERS, "2.6.6"),
    Advisory("pytorch-lightning", HYPERPARAMETERS, "2.6.6"),
    Advisory("torch", "weights_only can be got round (CVE-2025-32434, CVE-2026-24747)", "2.10"),
    Advisory("hydra-core", "instantiates dangerous targets", "1.3.6"),
    Advisory("jinja2", "a template can leave its sandbox (CVE-2025-27516)", "3.1.6"),
    Advisory("joblib", "runs code from an argument (CVE-2022-21797)", "1.2.0"),
    Advisory("pyyaml", "full_load runs code (CVE-2020-14343)", "5.4"),
    Advisory("pillow", "buffer overflow (CVE-2024-28219)", "10.3.0"),
    Advisory("requests", "sends .netrc credentials elsewhere (CVE-2024-47081)", "2.32.4"),
    Advisory("protobuf", "recursion without a limit (CVE-2025-4565)", "6.31.1"),
    Advisory("setuptools", "writes outside of its folder (CVE-2025-47273)", "78.1.1"),
    Advisory(
        "qiskit-terra",
        "a QPY file runs code (CVE-2025-2000)",
        "1.0",
        accepted="torchquantum 0.1.8 needs it; LatentQ reads no QPY file",
    ),
)


def _key(version: str) -> tuple[int, ...]:
    """Orders versions by their numbers; what follows, as in `1.2rc1` or `1.2+cpu`, is cut."""
    numbers = []
    for part in version.split("+")[0].split("."):
        digits = part[: len(part) - len(part.lstrip("0123456789"))]
        numbers.append(int(digits or 0))
        if digits != part:
            break
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def normal(name: str) -> str:
    """Returns the name of a package as the index compares it."""
    return name.lower().replace("_", "-").replace(".", "-")


def concerning(
    versions: Mapping[str, str], advisories: Iterable[Advisory] = ADVISORIES
) -> list[tuple[Advisory, str]]:
    """Returns the advisories that concern some versions, each with the version.

    Arguments:
        versions: The versions by package.
        advisories: The advisories.
    """
    known = {normal(name): version for name, version in versions.items()}
    found = ((advisory, known.get(normal(advisory.package))) for advisory in advisories)
    return [(advisory, v) for advisory, v in found if v is not None and advisory.concerns(v)]


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
