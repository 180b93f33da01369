"""Checks versions, devices, data and checkpoints, for bug reports: `python -m latentq.doctor`."""

import os
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from latentq.commands import parse_options, run_command
from latentq.errors import InputError

ROOT = Path(__file__).parent.parent


def check_versions() -> str:
    """Lists the versions; a torch and a torchvision that do not fit fail to import."""
    from latentq.runs import package_versions

    try:
        import torchvision  # noqa: F401
    except (ImportError, RuntimeError) as error:
        raise InputError(f"torch and torchvision do not fit each other: {error}") from error

    found = package_versions()
    missing = [name for name, version in found.items() if version is None]
    if missing:
        raise InputError(f"not installed: {', '.join(missing)}; run make setup")
    return ", ".join(f"{name} {version}" for name, version in found.items())


def check_device() -> str:
    """Says which devices torch sees."""
    import torch

    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
    return f"{os.cpu_count()} CPU cores, {torch.get_num_threads()} threads, {gpu}"


def check_torchquantum() -> str:
    """Looks for torchquantum and the parts that its wheel does not declare."""
    names = ("torchquantum", "torchpack", "qiskit", "qiskit_aer", "qiskit_ibm_runtime", "dill")
    missing = [name for name in names if find_spec(name) is None]
    if missing:
        raise InputError(
            f"engine=torchquantum will not run without {', '.join(missing)}; run make setup. "
            "The default engine=fused does not need it"
        )
    return "torchquantum and what it imports are installed"


def check_data() -> str:
    """Checks the MNIST files by sha256."""
    from data.mnist import damaged_files, ensure_mnist, raw_folder
    from data.module import data_root

    root = data_root(None)
    ensure_mnist(root, may_download=False)
    assert not damaged_files(raw_folder(root))
    return f"MNIST in {root} is complete and original"


def check_checkpoints() -> str:
    """Loads every model that is shipped."""
    from latentq.storage import CONFIG, load

    folders = sorted(p.parent for p in (ROOT / "checkpoints").glob(f"*/{CONFIG}"))
    for folder in folders:
        load(folder)
    return f"{len(folders)} models load: {', '.join(f.name for f in folders)}"


CHECKS: dict[str, Callable[[], str]] = {
    "versions": check_versions,
    "device": check_device,
    "torchquantum": check_torchquantum,
    "data": check_data,
    "checkpoints": check_checkpoints,
}


def diagnose(arguments: list[str]) -> None:
    """Runs all checks and prints a line for each.

    Raises:
        InputError: If a check failed, after all of them have run.
    """
    parse_options(arguments, {}, {})
    failed = []
    print(f"python        {sys.version.split()[0]} on {sys.platform}")
    for name, check in CHECKS.items():
        try:
            print(f"{name:<13} ok: {check()}")
        except (InputError, ImportError) as error:
            failed.append(name)
            print(f"{name:<13} FAILED: {' '.join(str(error).split())}")
    if failed:
        raise InputError(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.exit(run_command(diagnose, __doc__))
