r"""Random generators derived from a seed and a purpose.

Every draw in LatentQ comes from a generator whose state is a hash of
:math:`(\text{seed}, \text{purpose}, \text{step})`. Nothing depends on how many numbers were
drawn before, so an interrupted run continues with the numbers that it would have seen.
"""

import hashlib

import torch


def derive_seed(seed: int, *purpose: str | int) -> int:
    """Returns a 63-bit seed that is a SHA-256 hash of a seed and a purpose.

    Arguments:
        seed: The seed of the run, a non-negative integer.
        purpose: Words and counters that name the draw, such as `"scramble", 3`.
    """
    key = "/".join(map(str, (seed, *purpose)))
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big") >> 1


def derive_generator(
    seed: int, *purpose: str | int, device: torch.device | str = "cpu"
) -> torch.Generator:
    """Returns a generator seeded with :func:`derive_seed`, on a device."""
    return torch.Generator(device=device).manual_seed(derive_seed(seed, *purpose))
