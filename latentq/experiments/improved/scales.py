r"""The scale :math:`s` of the first angles: :math:`1 / L`, :math:`L^{-1/2}` and :math:`\pi`."""

import math
from collections.abc import Sequence
from typing import Any

from latentq.experiments.improved.gradients import mean_norm, over_cycles
from latentq.experiments.improved.models import Plan
from latentq.experiments.improved.quality import divergence, drawn, unbiased_mmd
from latentq.experiments.improved.statistics import bits, cells
from latentq.experiments.improved.training import train
from latentq.experiments.record import progress

SCALES = ("1/L", "L^-1/2", "pi")


def scale_of(name: str, layers: int) -> float:
    """Returns a scale by its name."""
    return {"1/L": 1 / layers, "L^-1/2": layers**-0.5, "pi": math.pi}[name]


def scale_rows(
    plan: Plan, qubits: int, iterations: int, samples: int, seeds: Sequence[int], draws: int
) -> list[dict[str, Any]]:
    """Trains the improved model from angles of each scale; `more` is against the first."""
    rows: list[dict[str, Any]] = []
    usual: list[float] = []
    for name in progress(SCALES, "scales"):
        scale = scale_of(name, plan.layers)
        runs = [train(plan, "improved", qubits, s, iterations, draws, scale) for s in seeds]
        ends = [drawn(run, samples)[-1] for run in runs]
        row: dict[str, Any] = {"scale": name, "s": scale, "qubits": qubits}
        first = [bits(mean_norm(run.cycles[0].handed)) for run in runs]
        usual = usual or first
        row |= cells("log2_first", first)
        row |= cells("log2_more", [a - b for a, b in zip(first, usual, strict=True)])
        row |= cells("log2_norm", [over_cycles(run) for run in runs])
        row |= cells("kl", [divergence(psi) for psi in ends], "ratio")
        row |= cells("mmd_unbiased", [unbiased_mmd(psi) for psi in ends], "ratio")
        rows.append(row)
    return rows
