import math
from itertools import product

import numpy as np
import pytest
import torch
from scipy.linalg import eigh, expm

from latentq.diffusion.losses.mmd import mmd1
from latentq.quantum.states import haar_states, mean_state
from latentq.quantum.targets import (
    Circle,
    Cluster,
    CorrelatedNoise,
    ExtendedGHZ,
    IsingGround,
    Target,
    ising_hamiltonian,
    magnetisation,
)
from tests import oracles

TARGETS: list[Target] = [
    *(Cluster(1), Cluster(2, 0.06), CorrelatedNoise(), Circle()),
    *(IsingGround(3), IsingGround(4), ExtendedGHZ(1), ExtendedGHZ(4)),
]


@pytest.mark.parametrize("target", TARGETS, ids=repr)
def test_states_are_drawn(target: Target) -> None:
    one, two, other = (target.draw(50, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))

    assert one.shape == (50, 2**target.qubits) and one.dtype == torch.complex64
    assert torch.allclose(torch.linalg.vector_norm(one, dim=1), torch.ones(50), atol=1e-5)
    assert torch.equal(one, two) and not torch.allclose(one, other, atol=1e-3)


@pytest.mark.parametrize(("qubits", "scale"), [(1, 0.08), (2, 0.06)])
def test_cluster(qubits: int, scale: float, generator: torch.Generator) -> None:
    """The odds |psi_i|^2 / |psi_0|^2 are scale^2 times a chi-square of two degrees of freedom."""
    psi = Cluster(qubits, scale).draw(20_000, generator)
    odds = (psi[:, 1:] / psi[:, :1]).abs().square() / scale**2

    assert odds.mean().item() == pytest.approx(2, rel=0.03)
    assert odds.square().mean().item() == pytest.approx(8, rel=0.1)
    assert (psi[:, 1:] / psi[:, :1]).mean().abs() < 2e-3
    # The published data have a fidelity of 0.979 with |00>, and 0.9876 with |0>.
    published = {1: 0.9876, 2: 0.979}[qubits]
    assert psi[:, 0].abs().square().mean().item() == pytest.approx(published, abs=1e-3)


def test_correlated_noise(generator: torch.Generator) -> None:
    target = CorrelatedNoise()
    start = torch.tensor(
        [
            math.sqrt(0.1) * np.exp(0.8j),
            math.sqrt(0.55) * np.exp(1.7j),
            0,
            math.sqrt(0.35) * np.exp(2.4j),
        ]
    )
    psi = target.draw(4000, generator).numpy()
    words = {name: oracles.pauli_string(name) for name in ("xx", "zz")}
    found = {"xx": 0, "zz": 0}
    for state in psi:
        # <phi|psi> = cos d - i sin d <phi|P|phi>; of the two words one gives the state back.
        for name, word in words.items():
            overlap = np.vdot(word @ start.numpy(), state), np.vdot(start.numpy(), state)
            inner = np.vdot(start.numpy(), word @ start.numpy())
            sine = (overlap[0] - inner.conj() * overlap[1]) / (1 - abs(inner) ** 2)
            delta = math.asin(float(np.clip((1j * sine).real, -1, 1)))
            if np.allclose(expm(-1j * delta * word) @ start.numpy(), state, atol=1e-5):
                found[name] += 1
                assert abs(delta) <= math.pi / 3 + 1e-5
                break
    assert sum(found.values()) == len(psi)
    assert found["xx"] / len(psi) == pytest.approx(0.8, abs=0.03)


def test_circle_looks_like_haar_to_the_mean_state(generator: torch.Generator) -> None:
    psi = Circle().draw(20_000, generator)
    haar = haar_states(20_000, qubits=1, generator=generator)

    assert psi.imag.abs().max() == 0
    assert torch.allclose(mean_state(psi), torch.eye(2) / 2 + 0j, atol=0.02)
    assert mmd1(psi, haar) < 1e-3
    # F = cos^2 of a uniform angle: mean 1/2, mean square 3/8; for Haar states it is 1/3.
    overlap = (psi[:1000].conj() @ psi[1000:2000].mT).abs() ** 4
    assert overlap.mean().item() == pytest.approx(3 / 8, abs=0.01)


@pytest.mark.parametrize("qubits", [2, 4])
@pytest.mark.parametrize("g", [0.2, 0.4, 1.0])
def test_ising_ground_states_by_scipy(qubits: int, g: float, generator: torch.Generator) -> None:
    hamiltonian = np.zeros((2**qubits, 2**qubits))
    for q in range(qubits):
        hamiltonian -= g * oracles.embed(qubits, {q: oracles.PAULI["x"]})
        if q < qubits - 1:
            pair = {q: oracles.PAULI["z"], q + 1: oracles.PAULI["z"]}
            hamiltonian -= oracles.embed(qubits, pair)
    bonds, fields = ising_hamiltonian(qubits)
    assert np.allclose((bonds + g * fields).numpy(), hamiltonian)

    _, ground = eigh(hamiltonian, subset_by_index=[0, 0])
    psi = IsingGround(qubits, (g, g)).draw(3, generator).numpy()
    assert np.allclose(np.abs(psi @ ground[:, 0]), 1, atol=1e-6)
    if qubits == 2:
        # In the even sector H = -1 on (|00> + |11>)/sqrt2 and +1 on (|01> + |10>)/sqrt2, with -2g.
        assert np.vdot(psi[0], hamiltonian @ psi[0]).real == pytest.approx(
            -math.sqrt(1 + 4 * g**2), abs=1e-5
        )


def test_magnetisation(generator: torch.Generator) -> None:
    basis = torch.eye(16, dtype=torch.complex64)
    for index, bits in enumerate(product((0, 1), repeat=4)):
        assert magnetisation(basis[index]).item() == pytest.approx(abs(1 - sum(bits) / 2))
    # Published: 0.963 for the true states of four qubits.
    psi = IsingGround().draw(2000, generator)
    assert magnetisation(psi).mean().item() == pytest.approx(0.9628, abs=1e-3)


def test_extended_ghz(generator: torch.Generator) -> None:
    psi = ExtendedGHZ(3).draw(20_000, generator)
    p = psi[:, -1].abs().square()

    assert psi[:, 1:-1].abs().max() == 0
    # sin^2 of a uniform angle in a quarter turn: mean 1/2, mean square 3/8.
    assert p.mean().item() == pytest.approx(1 / 2, abs=0.01)
    assert p.square().mean().item() == pytest.approx(3 / 8, abs=0.01)
    assert (psi[:, -1] * psi[:, 0].conj()).mean().abs() < 0.02
