r"""How fast random circuits scramble: correlators, entanglement, distance to Haar states.

    python -m latentq.experiments.noise
    python -m latentq.experiments.noise qubits=4,6 draws=4 out=results/noise

For each size and depth: the decay :math:`1 - F` of the out-of-time-order correlator, averaged
over all Pauli pairs on distinct qubits (stochastic, by products of Pauli eigenstates, and exact
on average over circuits, by Pauli strings), the entanglement entropy of half the chain beside
Page's value, and the squared MMD of an ensemble of states to Haar states. The saturation depth is
the first one with a mean decay above 90%.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import torch
from annotated_types import Ge, Le
from pydantic import Field

from latentq.config.fields import Count
from latentq.config.marks import Commas
from latentq.config.memory import check_memory
from latentq.experiments.bands import bounded, mean_of
from latentq.experiments.noise import findings
from latentq.experiments.record import Experiment, Record, SeededOptions, Tables, progress
from latentq.experiments.saturation import SATURATED, crossing, crossing_interval
from latentq.quantum.entanglement import entanglement_entropy
from latentq.quantum.otoc import Correlator, mean_over_circuits
from latentq.quantum.scrambling import Pattern, RandomCircuit, distance_to_haar, haar_moment
from latentq.randomness import derive_generator
from latentq.report.statistics import columns_of

Sizes = Annotated[tuple[Annotated[int, Ge(2), Le(30)], ...], Commas()]
PATTERNS: tuple[Pattern, ...] = ("staggered", "brickwork", "ladder")
POWERS = (1, 2)


class Options(SeededOptions):
    """What is measured, and how often."""

    qubits: Sizes = Field((4, 6, 8, 10, 12, 14, 16), description="the sizes")
    depth: Count = Field(32, le=1000, description="the number of layers of the circuits")
    draws: int = Field(
        8,
        ge=2,
        le=10_000,
        description="circuits of 16 qubits, and twice as many for each four qubits less",
    )
    ensembles: int = Field(8, ge=2, le=1000, description="ensembles for the MMD")
    states: int = Field(32, ge=2, le=10_000, description="states of an ensemble")
    strings: int = Field(1000, ge=10, le=10**6, description="Pauli strings for exact averages")


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
    """Returns the distances to Haar of states from `|0...0>`, each by a circuit of its own."""
    generator = derive_generator(seed, "ensemble", qubits, draw)
    circuit = RandomCircuit(qubits, depth, "staggered", generator, copies=states)
    psi = torch.zeros(states, 2**qubits, dtype=torch.complex64)
    psi[:, 0] = 1
    found = [[distance_to_haar(psi, k) for k in POWERS]]
    for layer in range(depth):
        psi = circuit.apply(psi, layer)
        found.append([distance_to_haar(psi, k) for k in POWERS])
    return found


def measure_size(qubits: int, options: Options) -> Curves:
    """Measures all circuits and ensembles of one size."""
    depth, seed = options.depth, options.seed
    draws = range(draws_of(qubits, options.draws))
    circuits = [
        one_circuit(qubits, depth, seed, d) for d in progress(draws, f"{qubits} qubits, circuits")
    ]
    ensembles = [
        one_ensemble(qubits, depth, options.states, seed, e)
        for e in progress(range(options.ensembles), f"{qubits} qubits, ensembles")
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


def averages(sizes: Sequence[int], options: Options) -> list[dict[str, Any]]:
    """Returns the decay averaged over all circuits, for each pattern, size and depth."""
    rows = []
    cells = [(pattern, n) for pattern in PATTERNS for n in sizes]
    for pattern, n in progress(cells, "Pauli strings"):
        generator = derive_generator(options.seed, "strings", pattern, n)
        decay = mean_over_circuits(n, options.depth, pattern, options.strings, generator)
        rows += [
            {"pattern": pattern, "qubits": n, "depth": t, "decay": value}
            for t, value in enumerate(decay)
        ]
    return rows


def measure(options: Options) -> Record:
    """Measures all sizes.

    Raises:
        InputError: If a number of qubits takes too much memory.
    """
    for n in options.qubits:
        check_memory(memory_of(n, options.states), options.memory, f"qubits={n}")
    curves = [measure_size(n, options) for n in options.qubits]
    return findings.describe(
        [row for found in curves for row in means(found)],
        [saturation(found, options.seed) for found in curves],
        averages(options.qubits, options),
    )


def describe(options: Options, tables: Tables) -> Record:
    """Makes the record of its tables."""
    return findings.describe(tables["means"], tables["saturation"], tables["averages"])


EXPERIMENT = Experiment("noise", "How fast random circuits scramble", Options, measure, describe)
