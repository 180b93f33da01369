r"""Circuits with noise on the Pauli coordinates of density matrices.

:data:`LANES` matrices are worked on at a time and taken through all layers, a row of numbers for
each Pauli word. A rotation mixes the three rows of X, Y and Z on its qubit. A noisy gate on two
qubits sends a few of their 16 words to each of them: where from, and by which factor, is a list.
"""

import numpy as np

from latentq.engine.native.compiling import Array, compiled

LANES = 8


@compiled
def _turn(x: Array, y: Array, z: Array, m: Array) -> None:
    """Turns three rows by a matrix of shape (3, 3)."""
    for k in range(LANES):
        a, b, c = x[k], y[k], z[k]
        x[k] = m[0, 0] * a + m[0, 1] * b + m[0, 2] * c
        y[k] = m[1, 0] * a + m[1, 1] * b + m[1, 2] * c
        z[k] = m[2, 0] * a + m[2, 1] * b + m[2, 2] * c


@compiled
def _rotate(rows: Array, step: int, m: Array) -> None:
    """Turns the qubit whose letter changes every `step` words."""
    for start in range(0, len(rows), 4 * step):
        for p in range(start + step, start + 2 * step):
            _turn(rows[p], rows[p + step], rows[p + 2 * step], m)


@compiled
def _mix(rows: Array, places: Array, sources: Array, factors: Array, kept: Array) -> None:
    """Applies a noisy gate to the 16 words of two qubits at these places."""
    for w in range(16):
        for k in range(LANES):
            kept[w, k] = rows[places[w], k]
    for w in range(16):
        row = rows[places[w]]
        for k in range(LANES):
            row[k] = factors[w, 0] * kept[sources[w, 0], k]
        for j in range(1, sources.shape[1]):
            for k in range(LANES):
                row[k] += factors[w, j] * kept[sources[w, j], k]


@compiled
def _entangle(
    rows: Array, first: int, second: int, sources: Array, factors: Array, kept: Array
) -> None:
    """Applies a noisy gate to two qubits, whose letters change every `first`, `second` words."""
    places = np.empty(16, np.int64)
    low, high = min(first, second), max(first, second)
    for start in range(0, len(rows), 4 * high):
        for middle in range(start, start + high, 4 * low):
            for base in range(middle, middle + low):
                for w in range(16):
                    places[w] = base + (w >> 2) * first + (w & 3) * second
                _mix(rows, places, sources, factors, kept)


@compiled
def evolve_coordinates(
    turns: Array, pairs: Array, sources: Array, factors: Array, r: Array, result: Array
) -> None:
    r"""Takes density matrices through noisy circuits.

    Arguments:
        turns: What the rotations of a layer do to Bloch vectors, with shape
            :math:`(S, L, n, 3, 3)`.
        pairs: The qubits of the gates of a layer, with shape :math:`(G, 2)`.
        sources: The words that a gate sends to each of 16, with shape :math:`(16, K)`.
        factors: By which factor it does, with shape :math:`(S, L, 16, K)`.
        r: Pauli coordinates, with shape :math:`(S, C, 4^n)`: C states for each circuit.
        result: Where the coordinates go, with the same shape.
    """
    words, qubits = r.shape[2], turns.shape[2]
    rows, kept = np.empty((words, LANES)), np.empty((16, LANES))
    for s in range(r.shape[0]):
        for first in range(0, r.shape[1], LANES):
            count = min(LANES, r.shape[1] - first)
            rows[:] = 0
            for k in range(count):
                for p in range(words):
                    rows[p, k] = r[s, first + k, p]
            for layer in range(turns.shape[1]):
                for q in range(qubits):
                    _rotate(rows, 1 << 2 * (qubits - 1 - q), turns[s, layer, q])
                for g in range(len(pairs)):
                    i, j = 1 << 2 * (qubits - 1 - pairs[g, 0]), 1 << 2 * (qubits - 1 - pairs[g, 1])
                    _entangle(rows, i, j, sources, factors[s, layer], kept)
            for k in range(count):
                for p in range(words):
                    result[s, first + k, p] = rows[p, k]
