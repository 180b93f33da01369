"""What a computation will take is estimated, and refused, before it is taken."""

import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from latentq.config.relations import groups_of
from latentq.errors import InputError

GIB = 2**30
FLOAT, COMPLEX, DOUBLE = 4, 8, 8
SAMPLES = 10_000
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


@dataclass(frozen=True)
class Need:
    """What a part of a run takes at its peak.

    Arguments:
        what: The part.
        size: The bytes.
        keys: The keys that it grows with, the one to lower first in front.
    """

    what: str
    size: float
    keys: tuple[str, ...]


def needs(config: Mapping[str, Any]) -> Iterator[Need]:
    """Estimates the parts of a run that grow with its configuration.

    An estimate counts the tensors that are kept for the gradient; that of the whole process is
    larger by what Python, torch and the images take, below 2 GiB.

    Arguments:
        config: A checked configuration.
    """
    channels, prior = config["model"]["channels"], config.get("prior", {})
    # Of an image: inputs and outputs of three layers each of the encoder and of its mirror.
    per_image = 6 * 358 * channels + 6 * 784
    yield Need(
        "a batch of images",
        config["images"]["batch_size"] * per_image * FLOAT,
        ("images.batch_size", "model.channels"),
    )
    if "steps" in prior and "qubits" in prior:
        chain = (prior["steps"] + 1) * SAMPLES * 2 ** prior["qubits"] * COMPLEX
        wide = ("prior.ancillas",) if _vectors(config) > 1 else ()
        keys = ("prior.steps", "prior.qubits", *wide)
        yield Need("the generated states", chain * _vectors(config), keys)
    if "layers" in prior:
        yield _circuits(config)
    if "starts" in config.get("denoising", {}):
        yield _loss(config)
    if "batch" in config.get("denoising", {}):
        neurons = config["denoising"]["batch"] * prior["width"] * (prior["depth"] + 1)
        yield Need("a batch of the prior", 3 * neurons * FLOAT, ("denoising.batch", "prior.width"))
    if "fitted" in prior:
        yield _fit(prior)


def _vectors(config: Mapping[str, Any]) -> float:
    """Returns how many vectors a state has at the end of a chain: above 1 where it is mixed."""
    if config["model"]["kind"] != "traced":
        return 1.0
    return 2.0 ** (config["prior"]["ancillas"] * config["prior"]["steps"])


def _circuits(config: Mapping[str, Any]) -> Need:
    prior, layers = config["prior"], config["prior"]["layers"]
    rows, columns = 2 ** (prior["qubits"] + prior["ancillas"]), 2 ** prior["qubits"]
    keys = ("prior.layers", "prior.qubits", "prior.ancillas")
    if config.get("engine") != "torchquantum":
        # The matrix of a step is taken apart on the way back, and not kept layer by layer.
        return Need("the circuits", 32 * prior["steps"] * rows * columns * COMPLEX, keys[1:])
    total = sum(layers) if isinstance(layers, list) else layers * prior["steps"]
    gates = total * 3 * (prior["qubits"] + prior["ancillas"])
    states = max(config["denoising"]["starts"], config["denoising"]["inputs"])
    return Need("the circuits", gates * states * rows * COMPLEX, (*keys, "denoising.starts"))


def _loss(config: Mapping[str, Any]) -> Need:
    settings, prior = config["denoising"], config["prior"]
    states = max(settings["starts"], settings["inputs"])
    if config.get("outcomes") == "exact":
        states *= 2.0 ** (prior["ancillas"] * (prior["steps"] if settings["together"] else 1))
    vectors = _vectors(config)
    # A vector is compared with the targets of its own group.
    compared = vectors / groups_of(config)[1] if vectors > 1 else 1.0
    # Complex overlaps, fidelities and their gradient, and the costs and the plan in double.
    each = compared * (2 * COMPLEX + 2 * FLOAT) + 5 * DOUBLE
    kept = 4 * states * prior["steps"] * 2 ** prior["qubits"] * vectors * COMPLEX
    keys = ("denoising.starts", "denoising.targets")
    return Need("the loss", states * settings["targets"] * each + kept, keys)


def _fit(prior: Mapping[str, Any]) -> Need:
    key = "components" if "components" in prior else "centres"
    reals = 2 * 2 ** prior["qubits"]
    size = 3 * prior["fitted"] * (prior[key] + reals) * DOUBLE
    if key == "components":
        size += 4 * prior[key] * reals**2 * DOUBLE
    return Need("the fit", size, (f"prior.{key}", "prior.fitted"))


def check_room(config: Mapping[str, Any], free: int | None = None) -> None:
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
    for need in needs(config):
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


def _value(config: Mapping[str, Any], key: str) -> object:
    section, _, name = key.partition(".")
    return config[section][name]
