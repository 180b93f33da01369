"""Means with bootstrap intervals, and how variances scale with the number of qubits."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.stats import bootstrap, linregress
from torch import Tensor

from latentq.randomness import derive_seed
from latentq.report.statistics import t_quantile

FIT_FROM = 4  # The laws hold for many qubits: with fewer, d + 1 is far from d.


def mean_interval(values: Tensor, seed: int) -> tuple[float, float, float]:
    """Returns the mean of values with shape (S), and the ends of its 95% bootstrap interval."""
    found = bootstrap(
        (values.numpy(),), np.mean, n_resamples=1000, batch=100, method="percentile",
        rng=np.random.default_rng(derive_seed(seed, "bootstrap")),
    ).confidence_interval  # fmt: skip
    return float(values.mean()), float(found.low), float(found.high)


def fit_rows(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Fits variances by an exponential and by a power of the number of qubits."""
    keys = ("inputs", "targets", "cost", "angle", "layers")
    found = []
    for group in dict.fromkeys(tuple(row[k] for k in keys) for row in rows):
        chosen = [
            r for r in rows if tuple(r[k] for k in keys) == group and r["qubits"] >= FIT_FROM
        ]
        n = np.array([r["qubits"] for r in chosen], dtype=float)
        exponential = line(n, np.log2([r["variance"] for r in chosen]))
        power = line(np.log2(n), np.log2([r["variance"] for r in chosen]))
        theory = line(n, np.log2([r["deep_theory"] for r in chosen]))
        found.append(
            {
                **dict(zip(keys, group, strict=True)),
                "sizes": len(n),
                **{"slope": exponential[0], "half": exponential[1], "r2": exponential[2]},
                **{"power": power[0], "power_half": power[1], "power_r2": power[2]},
                "deep_theory_slope": theory[0],
            }
        )
    return found


def line(x: np.ndarray, y: np.ndarray) -> tuple[float, float, float]:
    """Returns the slope of a straight line, the half width of its 95% interval, and R^2."""
    fit = linregress(x, y)
    half = t_quantile(len(x) - 2) * float(fit.stderr)
    return float(fit.slope), half, float(fit.rvalue) ** 2
