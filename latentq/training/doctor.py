"""Checks all that a run needs, and prints it for bug reports: `python -m latentq doctor`.

A line for each check: ok, or FAILED with what to do. The exit code is 1 if one failed.
"""

import os
import platform
import shutil
import sys
from collections.abc import Callable
from importlib.metadata import distributions
from pathlib import Path

from latentq.config.commands import read_options, run_command
from latentq.config.fields import Settings
from latentq.config.memory import GIB, free_memory
from latentq.config.versions import check_python, missing_torchquantum, normal
from latentq.errors import InputError, RunError, printable
from latentq.paths import CHECKPOINTS, INSTALLED
from latentq.training.commit import describe_commit

NEEDED = (
    *("torch", "pytorch-lightning", "torchmetrics", "numpy", "scipy", "numba", "scikit-learn"),
    *("hydra-core", "omegaconf", "POT", "matplotlib", "jinja2", "rich", "safetensors"),
    *("tensorboard", "pillow", "pydantic", "pandas"),
)
OPTIONAL = ("torchvision", "torch-fidelity", "torchquantum", "setuptools")
SETUP = "mend it with pip" if INSTALLED else "run make setup"
LEAST_MEMORY, LEAST_DISK = 2, 1  # GiB, for a run.


def installed() -> dict[str, str]:
    """Returns the versions of all installed packages, by their normal names."""
    found = ((d.metadata["Name"], d.version) for d in distributions())
    return {normal(name): version for name, version in found if name}


def check_interpreter() -> str:
    """Compares Python with what pyproject.toml asks for."""
    version = f"{platform.python_implementation()} {platform.python_version()}"
    check_python(sys.version_info[:3])
    return f"{version} on {platform.platform()}"


def check_packages() -> str:
    """Lists the versions, and names what is missing."""
    found = installed()
    missing = [name for name in NEEDED if normal(name) not in found]
    if missing:
        raise InputError(f"not installed: {', '.join(missing)}; {SETUP}")
    listed = [name for name in (*NEEDED, *OPTIONAL) if normal(name) in found]
    return ", ".join(f"{name} {found[normal(name)]}" for name in listed)


def check_torchvision() -> str:
    """Imports torchvision, which fails with a torch that it was not built for."""
    found = installed()
    if "torchvision" not in found:
        return "is not installed; MNIST is read by it, data=digits is not"
    pair = f"torch {found.get('torch')} and torchvision {found['torchvision']}"
    try:
        import torchvision  # noqa: F401
    except Exception as error:
        raise InputError(
            f"{pair} are not of one build ({error}); torchmetrics and Lightning cannot be "
            "imported then: install both from one index, or uninstall torchvision"
        ) from error
    return f"{pair} fit"


def check_torchquantum() -> str:
    """Looks for torchquantum and the parts that its wheel does not declare."""
    missing = missing_torchquantum()
    if "torchquantum" in missing:
        return "is not installed, and only engine=torchquantum needs it"
    if missing:
        hint = "; pkg_resources is in setuptools<81" if "pkg_resources" in missing else ""
        raise InputError(
            f"engine=torchquantum will not run without {', '.join(missing)}; {SETUP}"
            f"{hint}. The default engine=fused does not need it"
        )
    return "it and what it imports are installed"


def check_device() -> str:
    """Says which processors torch sees, and how many threads it takes."""
    import torch

    parts = [f"{os.cpu_count()} CPU cores, {torch.get_num_threads()} threads"]
    if torch.cuda.is_available():
        memory = torch.cuda.get_device_properties(0).total_memory / GIB
        parts.append(f"{torch.cuda.get_device_name()} with {memory:.0f} GiB")
    else:
        parts.append("no GPU")
    return ", ".join(parts)


def check_memory() -> str:
    """Says how much memory is free."""
    free = free_memory()
    if free is None:
        return "cannot be known here"
    if free < LEAST_MEMORY * GIB:
        raise InputError(f"{free / GIB:.1f} GiB are free, a run needs {LEAST_MEMORY} GiB")
    return f"{free / GIB:.1f} GiB are free"


def check_disk() -> str:
    """Says how much room there is for runs."""
    folder = Path.cwd()
    free = shutil.disk_usage(folder).free / GIB
    if free < LEAST_DISK:
        raise InputError(f"{free:.2f} GiB are free in {folder}, runs need {LEAST_DISK} GiB")
    return f"{free:.0f} GiB are free in {folder}"


def check_data() -> str:
    """Checks the files of MNIST, and of the sets like it that are there, by sha256."""
    from latentq.data.mnist import (
        MissingDataError,
        ensure_files,
        ensure_mnist,
        known_files,
        raw_folder,
    )
    from latentq.data.module import data_root

    root = data_root(None)
    for name in known_files():
        if name != "mnist" and raw_folder(root, name).is_dir():
            ensure_files(root, name, may_download=False)
    try:
        ensure_mnist(root, may_download=False)
    except MissingDataError:
        return f"MNIST is not in {root}; a run downloads it, or takes the small digits"
    return f"MNIST in {root} is complete and original"


def check_checkpoints() -> str:
    """Loads every model that is shipped, which checks its sha256."""
    from latentq.models.storage import CONFIG, load

    folders = sorted(p.parent for p in CHECKPOINTS.glob(f"*/{CONFIG}"))
    for folder in folders:
        load(folder)
    return f"{len(folders)} models load: {', '.join(f.name for f in folders)}"


def check_commit() -> str:
    """Says from which commit this is."""
    return describe_commit()


CHECKS: dict[str, Callable[[], str]] = {
    "python": check_interpreter,
    "packages": check_packages,
    "torchvision": check_torchvision,
    "torchquantum": check_torchquantum,
    "device": check_device,
    "memory": check_memory,
    "disk": check_disk,
    "data": check_data,
    "checkpoints": check_checkpoints,
    "commit": check_commit,
}


def diagnose(arguments: list[str]) -> None:
    """Runs all checks and prints a line for each.

    Raises:
        RunError: If a check failed, after all of them have run.
    """
    read_options(arguments, Settings)
    failed = []
    for name, check in CHECKS.items():
        try:
            line = f"ok: {check()}"
        except Exception as error:  # Whatever is wrong, the other checks are to be seen.
            failed.append(name)
            kind = "" if isinstance(error, InputError) else f"{type(error).__name__}: "
            line = f"FAILED: {kind}{error}"
        print(f"{name:<13} {printable(' '.join(line.split()))}", flush=True)
    if failed:
        raise RunError(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    sys.exit(run_command(diagnose, __doc__))
