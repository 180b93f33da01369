r"""How fast random circuits scramble: correlators, entanglement, distance to Haar states.

    python -m latentq.experiments.noise
    python -m latentq.experiments.noise qubits=4,6 draws=4 out=results/noise

For each size and depth: the decay :math:`1 - F` of the out-of-time-order correlator, averaged
over all Pauli pairs on distinct qubits (stochastic, by products of Pauli eigenstates, and exact
on average over circuits, by Pauli strings), the entanglement entropy of half the chain beside
Page's value, and the squared MMD of an ensemble of states to Haar states. The saturation depth is
the first one with a mean decay above 90%. `draws` counts the circuits of 16 qubits; there
are twice as many for each four qubits less.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from latentq.config.memory import check_memory
from latentq.config.rules import Rule
from latentq.experiments.bands import bounded, mean_of
from latentq.experiments.noise import findings
from latentq.experiments.record import Experiment, Record, Tables, parse_counts, progress
from latentq.experiments.saturation import SATURATED, crossing, crossing_interval
from latentq.quantum.entanglement import entanglement_entropy
from latentq.quantum.otoc import Correlator, mean_over_circuits
from latentq.quantum.scrambling import Pattern, RandomCircuit, distance_to_haar, haar_moment
from latentq.randomness import derive_generator
from latentq.report.statistics import columns_of

RULES = {
    "qubits": Rule(str),
    "depth": Rule(int, low=1, high=1000),
    "draws": Rule(int, low=2, high=10_000),
    "ensembles": Rule(int, low=2, high=1000),
    "states": Rule(int, low=2, high=10_000),
    "strings": Rule(int, low=10, high=10**6),
    "seed": Rule(int, low=0, high=2**32 - 1),
    "memory": Rule(float, low=0, high=4096, above=True),
}
DEFAULTS = {
    "qubits": "4,6,8,10,12,14,16",
    "depth": 32,
    "draws": 8,
    "ensembles": 8,
    "states": 32,
    "strings": 1000,
    "seed": 0,
    "memory": 4.0,
}
PATTERNS: tuple[Pattern, ...] = ("staggered", "brickwork", "ladder")
POWERS = (1, 2)


@dataclass(frozen=True)
class Curves:
    """What was measured for one size, by draw or ensemble, then depth from 0.

    `decay` and `entropy` have shape (draws, D + 1), `distance` has (ensembles, D + 1, powers).
    """

    qubits: int
    decay: np.ndarray
    entropy: np.ndarray
    distance: np.ndarray


def samples_of(qubits: int) -> int:
    """Returns how many states one circuit is run on: more for fewer qubits, as they cost less."""
    return 2 ** max(0, min(6, 12 - qubits))


def draws_of(qubits: int, draws: int) -> int:
    """Returns the number of circuits of a size, twice as many for each four qubits less."""
    return draws * 2 ** max(0, (16 - qubits) // 4)


def memory_of(qubits: int, states: int) -> int:
    """Estimates the bytes of a size: some copies of all states at once, in complex64."""
    return 8 * 2**qubits * 4 * max(qubits * samples_of(qubits), states)


def one_circuit(qubits: int, depth: int, seed: int, draw: int) -> tuple[list[float], list[float]]:
    """Returns decay and entropy of one random circuit against depth."""
    generator = derive_generator(seed, "noise", qubits, draw)
    circuit = RandomCircuit(qubits, depth, "staggered", generator)
    correlator = Correlator(circuit, samples_of(qubits), generator)
    half = range(qubits // 2)
    decay, entropy = [], []
    for layer in range(depth + 1):
        decay.append(correlator.mean_decay())
        entropy.append(float(entanglement_entropy(correlator.psi[:8], half).mean()))
        if layer < depth:
            correlator.advance()
    return decay, entropy


def one_ensemble(qubits: int, depth: int, states: int, seed: int, draw: int) -> list[list[float]]:
    """Returns the distances to Haar of states that all had circuits of their own, from |0...0>."""
    generator = derive_generator(seed, "ensemble", qubits, draw)
    circuit = RandomCircuit(qubits, depth, "staggered", generator, copies=states)
    psi = torch.zeros(states, 2**qubits, dtype=torch.complex64)
    psi[:, 0] = 1
    found = [[distance_to_haar(psi, k) for k in POWERS]]
    for layer in range(depth):
        psi = circuit.apply(psi, layer)
        found.append([distance_to_haar(psi, k) for k in POWERS])
    return found


def measure_size(qubits: int, options: dict[str, Any]) -> Curves:
    """Measures all circuits and ensembles of one size."""
    depth, seed = options["depth"], options["seed"]
    draws = range(draws_of(qubits, options["draws"]))
    circuits = [
        one_circuit(qubits, depth, seed, d) for d in progress(draws, f"{qubits} qubits, circuits")
    ]
    ensembles = [
        one_ensemble(qubits, depth, options["states"], seed, e)
        for e in progress(range(options["ensembles"]), f"{qubits} qubits, ensembles")
    ]
    decay, entropy = np.array(circuits).swapaxes(0, 1)
    return Curves(qubits, decay, entropy, np.array(ensembles))


def saturation(curves: Curves, seed: int) -> dict[str, Any]:
    """Returns the row of a size: first depth above 90%, and the interpolated one with interval."""
    mean = curves.decay.mean(axis=0)
    low, high = crossing_interval(curves.decay, seed)
    at = crossing(mean, SATURATED)
    return {
        "qubits": curves.qubits,
        "circuits": len(curves.decay),
        "depth": math.ceil(at) if math.isfinite(at) else None,
        "crossing": at,
        "low": low,
        "high": high,
    }


def means(curves: Curves) -> list[dict[str, Any]]:
    """Returns the rows of a size: means over draws with the ends of their intervals."""
    rows = []
    for depth in range(curves.decay.shape[1]):
        row: dict[str, Any] = {"qubits": curves.qubits, "depth": depth}
        row |= columns_of("decay", mean_of(curves.decay[:, depth].tolist()))
        # In bits, at most one for each qubit of the half.
        row |= columns_of(
            "entropy", bounded(curves.entropy[:, depth].tolist(), curves.qubits // 2)
        )
        for place, k in enumerate(POWERS):
            distance = curves.distance[:, depth, place] / haar_moment(2**curves.qubits, k)
            row |= columns_of(f"distance_{k}", mean_of(distance.tolist()))
        rows.append(row)
    return rows


def averages(sizes: list[int], options: dict[str, Any]) -> list[dict[str, Any]]:
    """Returns the decay averaged over all circuits, for each pattern, size and depth."""
    rows = []
    cells = [(pattern, n) for pattern in PATTERNS for n in sizes]
    for pattern, n in progress(cells, "Pauli strings"):
        generator = derive_generator(options["seed"], "strings", pattern, n)
        decay = mean_over_circuits(n, options["depth"], pattern, options["strings"], generator)
        rows += [
            {"pattern": pattern, "qubits": n, "depth": t, "decay": value}
            for t, value in enumerate(decay)
        ]
    return rows


def measure(options: dict[str, Any]) -> Record:
    """Measures all sizes.

    Raises:
        InputError: If a number of qubits is out of range, or takes too much memory.
    """
    sizes = parse_counts("qubits", options["qubits"], 2, 30)
    for n in sizes:
        check_memory(memory_of(n, options["states"]), options["memory"], f"qubits={n}")
    curves = [measure_size(n, options) for n in sizes]
    return findings.describe(
        [row for found in curves for row in means(found)],
        [saturation(found, options["seed"]) for found in curves],
        averages(sizes, options),
    )


def describe(options: dict[str, Any], tables: Tables) -> Record:
    """Makes the record of its tables."""
    return findings.describe(tables["means"], tables["saturation"], tables["averages"])


EXPERIMENT = Experiment(
    "noise", "How fast random circuits scramble", RULES, DEFAULTS, measure, describe
)
