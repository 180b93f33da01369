"""What a computation will take is estimated, and refused, before it is taken."""

import math
import os
from pathlib import Path

from latentq.config.config import Config, settings_of
from latentq.errors import InputError

GIB = 2**30
MEMINFO = Path("/proc/meminfo")
LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


def check_memory(need: int, limit: float, option: str) -> None:
    """Refuses what does not fit into memory.

    Arguments:
        need: The estimate in bytes.
        limit: What may be taken in GiB: the option `memory` of a command.
        option: The option that the estimate follows from, with its value, as `qubits=30`.

    Raises:
        InputError: If the estimate is above the limit.
    """
    if need > limit * GIB:
        raise InputError(
            f"{option}: needs about {need / GIB:,.1f} GiB, more than memory={limit:g} GiB; "
            "take less, or give more memory"
        )


def free_memory() -> int | None:
    """Returns how many bytes this process can still take; `None` where that cannot be known.

    It is the memory that Linux calls available, or all that the machine has, and never more than
    the limit of its container.
    """
    known = [int(text) for path in LIMITS if (text := _read(path).strip()).isdigit()]
    for line in _read(MEMINFO).splitlines():
        if line.startswith("MemAvailable:"):
            known.append(int(line.split()[1]) * 1024)
    if not known and hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        known.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    return min(known, default=None)


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


def check_room(config: Config, free: int | None = None) -> None:
    """Refuses a run that would take more memory than there is.

    Arguments:
        config: A checked configuration.
        free: The free memory in bytes; as measured if `None`.

    Raises:
        InputError: If a part of the run needs more; the message says how much and what to lower.
    """
    free = free_memory() if free is None else free
    if free is None:
        return
    mistakes = []
    for need in settings_of(config).needs():
        if need.size > free:
            named = " and ".join(f"{key}={_value(config, key)}" for key in need.keys)
            mistakes.append(
                f"{need.keys[0]}: {need.what} would take about {_gib(need.size)} GiB with "
                f"{named}, and {_gib(free)} GiB are free; lower {' or '.join(need.keys)}"
            )
    if mistakes:
        raise InputError(*mistakes)


def _gib(size: float) -> str:
    return f"{size / GIB:,.1f}" if size < math.inf else "inf"


def _value(config: Config, key: str) -> object:
    section, _, name = key.partition(".")
    return config[section][name]
