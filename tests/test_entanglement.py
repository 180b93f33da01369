import functools

import numpy as np
import pytest
import torch
from qiskit.quantum_info import entropy as qiskit_entropy
from torch import Tensor

from latentq.quantum.entanglement import (
    entanglement_entropy,
    mutual_information,
    page_entropy,
    partial_trace,
    purity,
    schmidt_spectrum,
)
from latentq.quantum.states import haar_states
from tests import oracles
from tests.test_states import basis_state

C = torch.complex128


def product_state(*angles: float) -> Tensor:
    """Qubits on the meridian with a phase of their own, as a Kronecker product."""
    factors = [torch.tensor([np.cos(a), np.exp(1j * a) * np.sin(a)], dtype=C) for a in angles]
    psi = factors[0]
    for factor in factors[1:]:
        psi = torch.kron(psi, factor)
    return psi


@pytest.mark.parametrize(("qubits", "states", "bits"), [(4, 10_000, 1.331), (8, 500, 3.282)])
def test_page_entropy(qubits: int, states: int, bits: float, generator: torch.Generator) -> None:
    psi = haar_states(states, qubits=qubits, generator=generator, dtype=C)
    sampled = entanglement_entropy(psi, range(qubits // 2)).mean().item()

    assert page_entropy(qubits, qubits // 2) == pytest.approx(bits, abs=5e-4)
    assert sampled == pytest.approx(bits, abs=8e-3)


def test_page_entropy_of_all_cuts() -> None:
    for qubits in (2, 3, 5, 8):
        for keep in range(qubits + 1):
            assert page_entropy(qubits, keep) == pytest.approx(oracles.page(qubits, keep))


@pytest.mark.parametrize("keep", [(0,), (2,), (1, 2), (2, 0), (3, 0, 1), (0, 1, 2, 3), ()])
def test_partial_trace(keep: tuple[int, ...], generator: torch.Generator) -> None:
    psi = haar_states(2, 2, qubits=4, generator=generator, dtype=C)
    rho = partial_trace(psi, keep)

    assert rho.shape == (2, 2, 2 ** len(keep), 2 ** len(keep))
    for i in np.ndindex(2, 2):
        expected = oracles.tomography(psi[i].numpy(), list(keep))
        assert np.allclose(rho[i].numpy(), expected)


@pytest.mark.parametrize("keep", [(0,), (1, 3), (0, 1, 2)])
def test_partial_trace_of_qiskit(keep: tuple[int, ...], generator: torch.Generator) -> None:
    psi = haar_states(qubits=4, generator=generator, dtype=C)
    expected = oracles.qiskit_partial_trace(psi.numpy(), list(keep))

    assert np.allclose(partial_trace(psi, keep).numpy(), expected)


def test_partial_trace_of_a_product() -> None:
    psi = product_state(0.3, 0.7, 1.1)
    first, last = product_state(0.3), product_state(1.1)
    expected = torch.kron(torch.outer(last, last.conj()), torch.outer(first, first.conj()))

    assert torch.allclose(partial_trace(psi, (2, 0)), expected)


@pytest.mark.parametrize("keep", [(0, 0), (2,), (-1,)])
def test_partial_trace_needs_distinct_qubits(keep: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"keep: must be distinct qubits of 0\.\.1"):
        partial_trace(basis_state(2, 0), keep)


def test_entropy_and_purity_in_closed_form() -> None:
    tilted = torch.tensor([0.6, 0, 0, 0.8j], dtype=C)  # spectrum (0.36, 0.64)
    shannon = -(0.36 * np.log2(0.36) + 0.64 * np.log2(0.64))
    cases = [
        (product_state(0.3, 0.7, 1.1), (0,), 0.0, 1.0),
        (product_state(0.3, 0.7, 1.1), (2, 1), 0.0, 1.0),
        (basis_state(2, 0, 3), (0,), 1.0, 0.5),  # Bell
        (basis_state(2, 0, 3), (1,), 1.0, 0.5),
        (basis_state(2, 0, 3), (0, 1), 0.0, 1.0),
        (basis_state(4, 0, 15), (0, 2), 1.0, 0.5),  # GHZ: every cut has one bit
        (basis_state(4, 0, 5, 10, 15), (0, 1), 2.0, 0.25),  # Bell pairs (0, 2) and (1, 3)
        (basis_state(4, 0, 5, 10, 15), (0, 2), 0.0, 1.0),
        (tilted, (0,), shannon, 0.36**2 + 0.64**2),
    ]

    for psi, keep, bits, gamma in cases:
        assert entanglement_entropy(psi, keep).item() == pytest.approx(bits, abs=1e-9), keep
        assert purity(psi, keep).item() == pytest.approx(gamma), keep


def test_entropy_of_large_products(generator: torch.Generator) -> None:
    # The eigenvalues of their density matrices are wrong or missing in single precision.
    half = 2**-0.5
    poles = torch.tensor(
        [[1, 0], [0, 1], [half, half], [half, -half], [half, half * 1j]], dtype=torch.complex64
    )
    for _ in range(8):
        chosen = poles[torch.randint(5, (16,), generator=generator)]
        psi = functools.reduce(torch.kron, chosen.unbind())
        assert abs(entanglement_entropy(psi, range(8)).item()) < 1e-5


def test_both_sides_of_a_cut_agree(generator: torch.Generator) -> None:
    psi = haar_states(7, qubits=4, generator=generator, dtype=C)

    assert torch.allclose(purity(psi, (0, 2)), purity(psi, (3, 1)))
    assert torch.allclose(entanglement_entropy(psi, (0,)), entanglement_entropy(psi, (1, 2, 3)))


def test_mutual_information_of_known_states() -> None:
    bell_and_zero = torch.kron(basis_state(2, 0, 3), basis_state(1, 0))
    ghz, product = basis_state(3, 0, 7), product_state(0.3, 1.1, 2.0)
    pairs = [(0, 1), (0, 2), (1, 2)]
    values = mutual_information(torch.stack([bell_and_zero, ghz, product]))

    assert torch.allclose(values, values.mT) and not values.diagonal(dim1=-2, dim2=-1).any()
    found = torch.stack([values[:, i, j] for i, j in pairs], dim=1)
    expected = torch.tensor([[2, 0, 0], [1, 1, 1], [0, 0, 0]], dtype=torch.float64)
    assert torch.allclose(found, expected, atol=1e-10)


def test_mutual_information_of_a_w_state() -> None:
    """One qubit has eigenvalues 1/3 and 2/3, and so has a pair."""
    single = -sum(p * np.log2(p) for p in (1 / 3, 2 / 3))
    values = mutual_information(basis_state(3, 1, 2, 4))

    assert values[0, 1].item() == pytest.approx(single)
    assert torch.allclose(values[0, 1], values[1, 2])


def test_mutual_information_against_qiskit(generator: torch.Generator) -> None:
    psi = haar_states(1, qubits=4, generator=generator, dtype=C)[0]
    values = mutual_information(psi)

    for i, j in ((0, 3), (2, 1)):
        entropies = [
            qiskit_entropy(oracles.qiskit_partial_trace(psi.numpy(), keep), base=2)
            for keep in ([i], [j], [i, j])
        ]
        expected = entropies[0] + entropies[1] - entropies[2]
        assert values[i, j].item() == pytest.approx(expected, abs=1e-9)


def test_schmidt_spectra(generator: torch.Generator) -> None:
    ghz = schmidt_spectrum(basis_state(4, 0, 15), [0, 1])
    w = schmidt_spectrum(basis_state(3, 1, 2, 4), [2])
    psi = haar_states(3, qubits=4, generator=generator, dtype=C)
    spectrum = schmidt_spectrum(psi, [3, 1])
    reduced = torch.linalg.eigvalsh(partial_trace(psi, [3, 1])).flip(-1)

    assert torch.allclose(ghz, torch.tensor([0.5, 0.5, 0, 0], dtype=torch.float64))
    assert torch.allclose(w, torch.tensor([2 / 3, 1 / 3], dtype=torch.float64))
    assert torch.allclose(spectrum, reduced)
    assert schmidt_spectrum(psi, [0]).shape == (3, 2)
    assert torch.allclose(spectrum, schmidt_spectrum(psi, [0, 2]))


def test_mutual_information_needs_two_qubits_and_states() -> None:
    with pytest.raises(ValueError, match="at least two qubits, was of 1"):
        mutual_information(basis_state(1, 0))
    with pytest.raises(ValueError, match="norm one"):
        mutual_information(2 * basis_state(2, 0))
