"""Sizes on a scale of powers of two: means over seeds, slopes, and crossings, with intervals."""

from collections.abc import Mapping, Sequence

import numpy as np

from latentq.experiments.bands import mean_of
from latentq.experiments.verdicts import of_logs
from latentq.report.statistics import Scale, Summary, columns_of
from latentq.report.wording import interval

TINY = 1e-30  # A gradient that is zero has no logarithm.


def bits(value: float) -> float:
    """Returns the binary logarithm of a size."""
    return float(np.log2(max(value, TINY)))


def cells(name: str, values: Sequence[float], scale: Scale = "signed") -> dict[str, float | None]:
    """Returns three cells of a table: the mean over seeds on a scale, and the ends."""
    return columns_of(name, mean_of(values, scale))


def factor(difference: Summary) -> str:
    """Writes a difference of binary logarithms as a factor, with its interval."""
    return interval(of_logs(difference))


def slope_text(slope: Summary) -> str:
    """Writes a slope."""
    return f"{interval(slope)} bits per qubit"


def slope_of(qubits: Sequence[int], values: Sequence[float]) -> float:
    """Returns the slope of a straight line through values."""
    return float(np.polyfit(np.array(qubits, dtype=float), np.array(values), 1)[0])


def slopes(by_seed: Sequence[Mapping[int, float]]) -> Summary:
    """Returns the mean slope over seeds of binary logarithms that are given by qubits."""
    return mean_of([slope_of(list(of), list(of.values())) for of in by_seed])


def crossing(x: Sequence[float], y: Sequence[float], level: float) -> float | None:
    """Returns where a curve crosses a level the first time, from the left, on a line of logs.

    Arguments:
        x: Positive places, in order.
        y: The values there.
        level: The level.

    Returns:
        The place, between two given ones in proportion on a logarithmic axis; `None` if the
        curve does not cross.
    """
    for i in range(len(x) - 1):
        low, high = y[i] - level, y[i + 1] - level
        if low * high <= 0 and low != high:
            share = low / (low - high)
            return float(2 ** (bits(x[i]) + share * (bits(x[i + 1]) - bits(x[i]))))
    return None
