r"""Random generators derived from a seed and a purpose.

Every draw in LatentQ comes from a generator whose state is a hash of
:math:`(\text{seed}, \text{purpose}, \text{step})`. Nothing depends on how many numbers were
drawn before, so an interrupted run continues with the numbers that it would have seen.
"""

import hashlib
import operator
from typing import SupportsIndex

import torch

from latentq.errors import InputError


def check_whole(value: SupportsIndex, name: str, least: int = 0) -> int:
    """Returns an integer as Python's own, whichever library it is from.

    Arguments:
        value: The integer; `0`, `numpy.int64(0)` and `torch.tensor(0)` are one and the same.
        name: What to call it in the message.
        least: The smallest value allowed.

    Raises:
        InputError: If it is no integer, such as `0.0`, `False` or `None`, or is too small.
    """
    try:
        number = operator.index(value)
    except TypeError:
        number = least - 1
    if number < least or str(getattr(value, "dtype", type(value).__name__)).endswith("bool"):
        raise InputError(f"{name}: must be an integer of at least {least}, was {value!r}")
    return number


def derive_seed(seed: SupportsIndex, *purpose: str | SupportsIndex) -> int:
    """Returns a 63-bit seed that is a SHA-256 hash of a seed and a purpose.

    Arguments:
        seed: The seed of the run, a non-negative integer.
        purpose: Words and counters that name the draw, such as `"scramble", 3`.

    Raises:
        InputError: If the seed or a counter is no integer, or negative.
    """
    words = [part if isinstance(part, str) else check_whole(part, "step") for part in purpose]
    key = "/".join(map(str, (check_whole(seed, "seed"), *words)))
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big") >> 1


def chosen_generator(
    generator: torch.Generator | None,
    seed: SupportsIndex | None,
    *purpose: str | SupportsIndex,
    device: torch.device | str = "cpu",
) -> torch.Generator:
    """Returns a generator that was given, or that of the seed which was given instead.

    Raises:
        InputError: If neither or both are given, or one is of another type.
    """
    if (generator is None) == (seed is None):
        both = "neither" if seed is None else "both"
        raise InputError(f"seed: must be given, or a generator instead of it, had {both}")
    if seed is not None:
        return derive_generator(seed, *purpose, device=device)
    if not isinstance(generator, torch.Generator):
        kind = type(generator).__name__
        raise InputError(f"generator: must be a torch.Generator, was of type {kind}")
    return generator


def derive_generator(
    seed: SupportsIndex, *purpose: str | SupportsIndex, device: torch.device | str = "cpu"
) -> torch.Generator:
    """Returns a generator seeded with :func:`derive_seed`, on a device."""
    return torch.Generator(device=device).manual_seed(derive_seed(seed, *purpose))
