r"""Trainings by the infidelity and by the marginal cost, on targets that the circuit can reach.

- `shallow`: from :math:`| 0 \dots 0 \rangle` to a state made by two layers;
- `deep`: from there to a state made by :math:`n` layers;
- `product`: from a state that :math:`n` layers take to :math:`| 0 \dots 0 \rangle`, to there.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from latentq.engine import fused
from latentq.engine.circuits import Circuit, cnot_circuit
from latentq.experiments.bands import bounded, mean_of
from latentq.experiments.record import progress
from latentq.quantum.plateaus import (
    Cost,
    drawn_states,
    global_cost,
    marginal_cost,
    train,
    uniform_angles,
)
from latentq.quantum.scrambling import RandomCircuit
from latentq.randomness import derive_generator
from latentq.report.statistics import columns_of

TASKS = ("shallow", "deep", "product")
COSTS = ("global", "marginal", "marginal, then global")
SHALLOW, POINTS = 2, 50


def schedule(name: str, iterations: int) -> Sequence[Cost]:
    """Returns the cost of each iteration."""
    if name == "global":
        return [global_cost] * iterations
    first = iterations if name == "marginal" else iterations // 2
    return [marginal_cost] * first + [global_cost] * (iterations - first)


def task_states(
    task: str, circuit: Circuit, seeds: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Returns inputs and targets of a task, with shape (S, 1, 2^n)."""
    zeros = drawn_states("zero", seeds, circuit.qubits, generator)
    if task != "product":
        return zeros, fused.evolve(circuit, uniform_angles(circuit, seeds, generator), zeros)
    n, depth = circuit.qubits, circuit.layers
    noise = RandomCircuit(n, depth, "brickwork", generator, copies=seeds, dtype=torch.float64)
    return noise.unscramble(zeros[:, 0], depth)[:, None], zeros


def curves_and_ends(
    qubits: Sequence[int], iterations: int, seeds: int, seed: int
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Trains, and returns the fidelities on the way, and what was reached.

    Arguments:
        qubits: The numbers of qubits.
        iterations: The number of steps, the same for all costs.
        seeds: The number of targets and starts, the same for all costs.
        seed: The seed.
    """
    curves: list[dict[str, Any]] = []
    ends: list[dict[str, Any]] = []
    every = max(1, iterations // POINTS)
    for task, n in progress([(task, n) for task in TASKS for n in qubits], "trainings"):
        circuit = cnot_circuit(n, SHALLOW if task == "shallow" else n)
        generator = derive_generator(seed, "trainings", task, n)
        psi, target = task_states(task, circuit, seeds, generator)
        start = uniform_angles(circuit, seeds, generator)
        usual = start.new_ones(seeds)  # What the first cost reaches, which others are held to.
        for name in COSTS:
            found = train(circuit, start, psi, target, schedule(name, iterations))
            row = {"task": task, "qubits": n, "cost": name}
            usual = found.fidelity[-1] if name == COSTS[0] else usual
            curves += [
                {
                    **row,
                    "iteration": i,
                    **columns_of("fidelity", bounded(found.fidelity[i].tolist(), 1)),
                }
                for i in sorted({*range(0, iterations, every), iterations})
            ]
            reached = columns_of("fidelity", bounded(found.fidelity[-1].tolist(), 1))
            value = columns_of("value", bounded(found.cost[-1].tolist(), 1))
            ratio = columns_of("ratio", mean_of((found.fidelity[-1] / usual).tolist(), "ratio"))
            ends.append({**row, "angles": circuit.parameters, **reached, **value, **ratio})
            ends[-1]["chance"] = 2**-n
    return curves, ends
