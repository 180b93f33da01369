import math

import numpy as np
import pytest
import torch

from latentq.engine.circuits import cnot_circuit
from latentq.quantum.scrambling import (
    Pattern,
    RandomCircuit,
    bonds,
    distance_to_haar,
    haar_moment,
)
from latentq.quantum.states import haar_states
from tests import oracles

PATTERNS: tuple[Pattern, ...] = ("staggered", "brickwork", "ladder")


def test_bonds() -> None:
    assert bonds(5, "staggered", 0) == ((0, 1), (2, 3))
    assert bonds(5, "staggered", 3) == ((1, 2), (3, 4))
    assert bonds(5, "brickwork", 3) == ((0, 1), (2, 3), (1, 2), (3, 4))
    assert bonds(4, "ladder", 1) == ((0, 1), (1, 2), (2, 3))


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("copies", [None, 2])
def test_layers_are_those_of_the_pattern(
    pattern: Pattern, copies: int | None, generator: torch.Generator
) -> None:
    circuit = RandomCircuit(3, 3, pattern, generator, copies, torch.float64)
    psi = haar_states(2, qubits=3, generator=generator, dtype=torch.complex128)
    result = psi
    for layer in range(3):
        result = circuit.apply(result, layer)

    for row in range(2):
        angles = circuit.angles if copies is None else circuit.angles[row]
        expected = psi[row].numpy()
        for layer in range(3):
            single = cnot_circuit(3, 1, bonds(3, pattern, layer))
            expected = oracles.unitary(single, angles[layer].flatten().numpy()) @ expected
        assert np.allclose(result[row].numpy(), expected, atol=1e-12)

    for layer in reversed(range(3)):
        assert not torch.allclose(result, psi, atol=1e-3)
        result = circuit.undo(result, layer)
    assert torch.allclose(result, psi, atol=1e-12)


def test_angles_are_uniform(generator: torch.Generator) -> None:
    angles = RandomCircuit(2, 100, "ladder", generator, copies=100).angles

    assert angles.min() >= 0 and angles.max() <= 2 * math.pi
    for k in (1, 2):
        assert torch.exp(1j * k * angles).mean().abs() < 0.02


@pytest.mark.parametrize(("qubits", "depth"), [(1, 3), (3, 0)])
def test_circuits_need_pairs_and_layers(
    qubits: int, depth: int, generator: torch.Generator
) -> None:
    with pytest.raises(ValueError, match="must have two qubits and one layer"):
        RandomCircuit(qubits, depth, "staggered", generator)


@pytest.mark.parametrize("power", [1, 2, 3])
def test_distance_to_haar(power: int, generator: torch.Generator) -> None:
    """Basis states: two different of 16 never overlap. One state twice: overlap 1."""
    basis = torch.eye(16, dtype=torch.complex64)
    same = basis[:1].expand(3, -1)

    assert haar_moment(16, power) == pytest.approx({1: 1 / 16, 2: 1 / 136, 3: 1 / 816}[power])
    assert distance_to_haar(basis, power) == pytest.approx(-haar_moment(16, power))
    assert distance_to_haar(same, power) == pytest.approx(1 - haar_moment(16, power))


@pytest.mark.parametrize("power", [1, 2])
def test_the_estimate_has_no_bias(power: int, generator: torch.Generator) -> None:
    groups = [haar_states(8, qubits=3, generator=generator) for _ in range(3000)]
    found = torch.tensor([distance_to_haar(psi, power) for psi in groups])

    # Each group has 28 pairs of overlaps, independent in pairs.
    error = found.std() / len(found) ** 0.5
    assert found.mean().abs() < 4 * error < 0.01


def test_one_layer_has_the_maximally_mixed_mean(generator: torch.Generator) -> None:
    """RZ RY RZ of |0> by uniform angles: E z = 0, E z^2 = 1/2, which F^2 tells from Haar."""
    circuit = RandomCircuit(2, 1, "staggered", generator, copies=3000)
    psi = torch.zeros(3000, 4, dtype=torch.complex64)
    psi[:, 0] = 1
    psi = circuit.apply(psi, 0)

    assert abs(distance_to_haar(psi, 1)) < 3e-3
    # A qubit: E F^2 = E (1 + r.r')^2 / 4 = (1 + sum_a (E r_a^2)^2) / 4, with r^2 (1, 1, 2) / 4.
    one = (1 + (1 / 16 + 1 / 16 + 1 / 4)) / 4
    assert distance_to_haar(psi, 2) == pytest.approx(one**2 - 1 / 10, abs=3e-3)
