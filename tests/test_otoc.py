from functools import cache
from itertools import product

import numpy as np
import pytest
import torch

from latentq.engine.circuits import cnot_circuit
from latentq.quantum.otoc import (
    Correlator,
    eigenstates,
    haar_decay,
    mean_over_circuits,
    pauli,
)
from latentq.quantum.scrambling import Pattern, RandomCircuit, bonds
from latentq.quantum.states import haar_states
from tests import oracles
from tests.test_scrambling import PATTERNS

LETTERS = "xyz"


def dense(circuit: RandomCircuit, pattern: Pattern, depth: int) -> np.ndarray:
    qubits = circuit.circuits[0].qubits
    result = np.eye(2**qubits, dtype=complex)
    for layer in range(depth):
        single = cnot_circuit(qubits, 1, bonds(qubits, pattern, layer))
        result = oracles.unitary(single, circuit.angles[layer].flatten().double().numpy()) @ result
    return result


def exact_decay(unitary: np.ndarray, qubits: int) -> float:
    """The mean of 1 - F over all Pauli pairs on distinct qubits, by its definition."""
    here = unitary.conj().T @ operators(qubits) @ unitary
    pairs = np.einsum("vpij,wqjk->vpwqik", here, operators(qubits))
    correlators = np.einsum("vpwqik,vpwqki->vpwq", pairs, pairs).real / 2**qubits
    distinct = ~np.eye(qubits, dtype=bool)[:, None, :, None]
    return float(1 - correlators.mean(where=np.broadcast_to(distinct, correlators.shape)))


@cache
def operators(qubits: int) -> np.ndarray:
    """X, Y and Z on each qubit, with shape (n, 3, d, d)."""
    words = [
        [oracles.embed(qubits, {q: oracles.PAULI[p]}) for p in LETTERS] for q in range(qubits)
    ]
    return np.array(words)


@pytest.mark.parametrize("axis", range(3))
@pytest.mark.parametrize("qubit", range(3))
def test_pauli(axis: int, qubit: int, generator: torch.Generator) -> None:
    psi = haar_states(2, qubits=3, generator=generator)
    matrix = oracles.embed(3, {qubit: oracles.PAULI[LETTERS[axis]]})

    assert np.allclose(pauli(psi, axis, qubit).numpy(), psi.numpy() @ matrix.T, atol=1e-6)


def test_eigenstates() -> None:
    axes = torch.tensor([*product(range(3), repeat=2)]).repeat_interleave(4, dim=0)
    signs = torch.tensor([*product((1, -1), repeat=2)]).repeat(9, 1)
    psi = eigenstates(axes, signs)

    for row in range(len(psi)):
        for q in range(2):
            turned = pauli(psi[row], int(axes[row, q]), q)
            assert torch.allclose(turned, signs[row, q] * psi[row], atol=1e-6)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_decay_of_one_state(pattern: Pattern, generator: torch.Generator) -> None:
    circuit = RandomCircuit(3, 3, pattern, generator)
    correlator = Correlator(circuit, 4, generator)
    start = correlator.psi.numpy()
    for depth in range(4):
        unitary = dense(circuit, pattern, depth)
        decay = correlator.decay()
        for k, v, w in product(range(4), range(3), range(3)):
            here = oracles.embed(3, {v: oracles.PAULI[LETTERS[correlator.others[k, v]]]})
            there = oracles.embed(3, {w: oracles.PAULI[LETTERS[correlator.axes[k, w]]]})
            spread = unitary.conj().T @ here @ unitary @ start[k]
            expected = 1 - float(correlator.signs[k, w]) * np.vdot(spread, there @ spread).real
            assert decay[k, v, w].item() == pytest.approx(expected, abs=1e-5)
        if depth < 3:
            correlator.advance()


def test_signs_average_to_the_trace(generator: torch.Generator) -> None:
    """All signs and all axes of two qubits give exactly the mean over Pauli pairs."""
    circuit = RandomCircuit(2, 3, "staggered", generator)
    correlator = Correlator(circuit, 4 * 81, generator)
    each = [*product(range(3), range(3), range(3), range(3), (1, -1), (1, -1))]
    a, b, c, d, s, t = torch.tensor(each).unbind(dim=1)
    correlator.axes, correlator.others = torch.stack((a, b), 1), torch.stack((c, d), 1)
    correlator.signs = torch.stack((s, t), 1)
    correlator.psi = eigenstates(correlator.axes, correlator.signs)
    for depth in range(1, 4):
        correlator.advance()
        expected = exact_decay(dense(circuit, "staggered", depth), 2)
        assert correlator.mean_decay() == pytest.approx(expected, abs=1e-5)


def test_before_any_layer_nothing_has_spread(generator: torch.Generator) -> None:
    correlator = Correlator(RandomCircuit(3, 1, "ladder", generator), 5, generator)

    assert abs(correlator.mean_decay()) < 1e-5


def test_haar_decay(generator: torch.Generator) -> None:
    """E tr(VU' ...) for Haar unitaries of two qubits, by QR of complex normal matrices."""
    found = []
    for _ in range(400):
        gauss = torch.randn(4, 4, dtype=torch.complex128, generator=generator)
        found.append(exact_decay(torch.linalg.qr(gauss).Q.numpy(), 2))

    assert haar_decay(2) == pytest.approx(16 / 15)
    assert np.mean(found) == pytest.approx(16 / 15, abs=float(4 * np.std(found) / 20))


def test_mean_over_circuits_after_one_layer(generator: torch.Generator) -> None:
    """A CNOT spreads X and Y of the control, Z and Y of the target: 2/3 of the strings."""
    for qubits, bond_pairs in ((2, 2), (3, 2), (4, 4)):
        none, one = mean_over_circuits(qubits, 1, "staggered", 4000, generator)
        expected = 4 / 3 * 2 / 3 * bond_pairs / (qubits * (qubits - 1))
        assert none == 0
        assert one == pytest.approx(expected, abs=0.03)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_mean_over_circuits_agrees_with_circuits(
    pattern: Pattern, generator: torch.Generator
) -> None:
    depth, circuits = 3, 300
    found = np.zeros((circuits, depth + 1))
    for row in range(circuits):
        circuit = RandomCircuit(3, depth, pattern, generator)
        basis = torch.eye(8, dtype=torch.complex64)
        for layer in range(depth):
            basis = circuit.apply(basis, layer)
            found[row, layer + 1] = exact_decay(basis.mT.numpy(), 3)
    strings = mean_over_circuits(3, depth, pattern, 4000, generator)

    error = found.std(axis=0) / circuits**0.5 + 0.005
    assert np.all(np.abs(found.mean(axis=0) - strings) < 4 * error)
