r"""Gradients against the distance of the terminal ensemble from Haar states.

The threshold is the distance at which half of the bits are lost: where the norm of the gradient
is the geometric mean of that for the farthest ensemble and that for Haar states.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import torch
from torch import Tensor

from latentq.diffusion import ForwardProcess
from latentq.experiments.improved.gradients import mean_norm
from latentq.experiments.improved.models import Plan, tuned
from latentq.experiments.improved.statistics import bits, cells, crossing
from latentq.experiments.improved.training import chosen, excess, step_gradient
from latentq.experiments.record import progress
from latentq.randomness import derive_generator

LEVELS = (0.001, 0.003, 0.01, 0.03, 0.06, 0.1, 0.2, 0.35, 0.5, 0.7)
Target = Literal["schedule", "data"]
TARGETS: tuple[Target, ...] = ("schedule", "data")


def processes(plan: Plan, qubits: int) -> dict[float, ForwardProcess]:
    """Returns forward processes by the distance of their ends, 0 for Haar states."""
    found = {0.0: ForwardProcess(qubits, plan.steps, plan.strong, "haar")}
    for level in LEVELS:
        if level < 1 - 0.5**qubits:
            strengths = tuned(qubits, plan.steps, level)
            found[level] = ForwardProcess(qubits, plan.steps, strengths, "zero")
    return found


def sizes_at(
    plan: Plan, process: ForwardProcess, seed: int, draws: int
) -> tuple[dict[Target, float], float]:
    """Measures gradients of the first cycle in bits, by target, and the distance from Haar.

    Arguments:
        plan: What the models have in common; the angles are those of the improved one.
        process: The forward process.
        seed: The seed.
        draws: The number of draws of angles, inputs and targets.
    """
    qubits, t = process.qubits, plan.steps - 1
    generator = derive_generator(seed, "improved", "strength")
    latents, distances = plan.data(qubits, seed), []
    found: dict[Target, list[Tensor]] = {target: [] for target in TARGETS}
    for draw in range(draws):
        prior = plan.model("improved", qubits, 1000 * seed + draw, process)
        inputs = process.terminal_states(plan.batch, generator)
        distances.append(excess(inputs))
        data = chosen(latents, plan.batch, generator)
        for target in TARGETS:
            states = process.diffuse(data, t, generator) if target == "schedule" else data
            found[target].append(step_gradient(prior, t, inputs, states, generator))
    sizes = {target: bits(mean_norm(torch.stack(of))) for target, of in found.items()}
    return sizes, sum(distances) / draws


def crossings(found: Mapping[float, Sequence[float]]) -> list[float]:
    """Returns the thresholds of those seeds that have one, and gain bits with the distance.

    Arguments:
        found: Sizes in bits for each seed, by the distance, in order, 0 for Haar states.
    """
    floor, *others = found.values()
    distances = [distance for distance in found if distance]
    places = [
        crossing(distances, sizes, (low + sizes[-1]) / 2)
        for low, *sizes in zip(floor, *others, strict=True)
        if sizes[-1] > low
    ]
    return [place for place in places if place is not None]


def strength_tables(
    plan: Plan, qubits: int, seeds: Sequence[int], draws: int
) -> dict[str, list[dict[str, Any]]]:
    """Measures gradients for ends at several distances from Haar states, and the thresholds."""
    rows: list[dict[str, Any]] = []
    found: dict[Target, dict[float, list[float]]] = {target: {} for target in TARGETS}
    for level, process in progress(processes(plan, qubits).items(), "strengths"):
        each = [sizes_at(plan, process, seed, draws) for seed in seeds]
        for target in TARGETS:
            values = found[target][level] = [sizes[target] for sizes, _ in each]
            row: dict[str, Any] = {"qubits": qubits, "target": target, "distance": level}
            row["last_strength"] = process.strengths[-1] if level else None
            row |= cells("measured", [distance for _, distance in each])
            rows.append(row | cells("log2_norm", values))
    thresholds = []
    for target, sizes in found.items():
        places = crossings(sizes)
        row = {"qubits": qubits, "target": target, "seeds": len(seeds), "found": len(places)}
        none = dict.fromkeys(("threshold", "threshold_low", "threshold_high"))
        thresholds.append(row | (cells("threshold", places, "ratio") if places else none))
    return {"strength": rows, "thresholds": thresholds}
