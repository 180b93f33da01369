"""Where a curve over circuit depth saturates, with an interval, and how that grows with size."""

import math
from collections.abc import Mapping

import numpy as np
import torch
from scipy import stats

from latentq.randomness import derive_generator
from latentq.report.statistics import Summary, around, t_quantile

SATURATED, RESAMPLES = 0.9, 2000


def first_above(curve: np.ndarray, value: float) -> int | None:
    """Returns the first place at which a curve over 0, 1, 2, ... is above a value, if any."""
    above = np.flatnonzero(curve > value)
    return int(above[0]) if len(above) else None


def crossing(curve: np.ndarray, value: float) -> float:
    """Returns where a curve over 0, 1, 2, ... first passes a value, between points linearly.

    Arguments:
        curve: The values, with shape (D + 1).
        value: The value to pass.

    Returns:
        The place, or nan if the curve does not pass the value.
    """
    after = first_above(curve, value)
    if after is None:
        return math.nan
    if after == 0:
        return 0.0
    return after - (curve[after] - value) / (curve[after] - curve[after - 1])


def crossing_interval(decay: np.ndarray, seed: int) -> tuple[float, float]:
    """Returns the 95% bootstrap interval of where the mean of curves saturates.

    Arguments:
        decay: The curves, one for each circuit, with shape (N, D + 1).
        seed: The seed of the resampling.
    """
    generator = derive_generator(seed, "bootstrap")
    places = torch.randint(len(decay), (RESAMPLES, len(decay)), generator=generator).numpy()
    found = [crossing(decay[rows].mean(axis=0), SATURATED) for rows in places]
    low, high = np.quantile(found, (0.025, 0.975))
    return float(low), float(high)


def slope(points: Mapping[int, float]) -> Summary | None:
    """Returns the slope of a line through points, with the interval of least squares."""
    points = {n: at for n, at in points.items() if at == at}
    if len(points) < 3:
        return None
    line = stats.linregress(list(points), list(points.values()))
    return around(float(line.slope), t_quantile(len(points) - 2) * float(line.stderr))
