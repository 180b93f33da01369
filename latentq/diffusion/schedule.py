"""The learning rate of all trainings: a short rise, then half a cosine."""

import math

WARMUP = 0.1


def cosine_schedule(step: int, total: int) -> float:
    """Returns the factor of the learning rate: a linear rise over a tenth, then half a cosine.

    Arguments:
        step: The number of the iteration, from 0.
        total: The number of iterations.
    """
    rise = max(1, round(WARMUP * total))
    if step < rise:
        return (step + 1) / rise

    return 0.5 * (1 + math.cos(math.pi * min(1.0, (step - rise) / max(1, total - rise))))
