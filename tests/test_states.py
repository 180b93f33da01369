import numpy as np
import pytest
import torch
from torch import Tensor

from latentq.states import (
    count_qubits,
    entanglement_entropy,
    fidelity,
    gram_fidelities,
    haar_states,
    mean_state,
    normalize,
    page_entropy,
    partial_trace,
    perturb,
    purity,
)
from tests import oracles

C = torch.complex128


def basis_state(qubits: int, *indices: int) -> Tensor:
    """The equal superposition of some basis states."""
    psi = torch.zeros(2**qubits, dtype=C)
    psi[list(indices)] = 1
    return normalize(psi)


def product_state(*angles: float) -> Tensor:
    """Qubits on the meridian with a phase of their own, as a Kronecker product."""
    factors = [torch.tensor([np.cos(a), np.exp(1j * a) * np.sin(a)], dtype=C) for a in angles]
    psi = factors[0]
    for factor in factors[1:]:
        psi = torch.kron(psi, factor)
    return psi


def test_count_qubits() -> None:
    assert [count_qubits(d) for d in (1, 2, 16, 1024)] == [0, 1, 4, 10]
    for dimension in (0, -2, 3, 12):
        with pytest.raises(ValueError, match=f"power of two, was {dimension}"):
            count_qubits(dimension)


def test_normalize() -> None:
    psi = normalize(torch.tensor([[3, 4j], [0, -2]], dtype=C))

    assert torch.allclose(psi, torch.tensor([[0.6, 0.8j], [0, -1]], dtype=C))


@pytest.mark.parametrize("bad", [0.0, float("nan"), float("inf")])
def test_normalize_needs_a_direction(bad: float) -> None:
    psi = torch.ones(3, 4, dtype=C)
    psi[1] = bad

    with pytest.raises(ValueError, match="finite and not zero"):
        normalize(psi)


def test_haar_moments(generator: torch.Generator) -> None:
    psi = haar_states(40_000, qubits=4, generator=generator, dtype=C)
    phi = haar_states(40_000, qubits=4, generator=generator, dtype=C)

    assert torch.allclose(torch.linalg.vector_norm(psi, dim=-1), torch.ones(40_000).double())
    # The second and third moments of F = Beta(1, 15) tell Haar states from other clouds.
    f = fidelity(phi, psi)
    assert f.mean().item() == pytest.approx(1 / 16, abs=2e-3)
    assert f.square().mean().item() == pytest.approx(1 / 136, abs=1e-3)
    assert psi.abs().pow(4).mean().item() == pytest.approx(2 / (16 * 17), abs=2e-4)
    assert purity(psi, (0, 1)).mean().item() == pytest.approx(8 / 17, abs=2e-3)
    assert np.allclose(mean_state(psi).numpy(), np.eye(16) / 16, atol=2e-3)
    # Phases are uniform: a cloud of real vectors has E psi_k^2 = 1/16.
    assert psi.square().mean(dim=0).abs().max().item() < 3e-3


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


def test_haar_states_are_reproducible() -> None:
    first, again = torch.Generator().manual_seed(5), torch.Generator().manual_seed(5)
    before = torch.get_rng_state()
    psi = haar_states(2, 3, qubits=2, generator=first)

    assert psi.shape == (2, 3, 4) and psi.dtype == torch.complex64
    assert torch.equal(psi, haar_states(2, 3, qubits=2, generator=again))
    assert not torch.equal(psi, haar_states(2, 3, qubits=2, generator=again))
    assert torch.equal(before, torch.get_rng_state())


def test_fidelity_conjugates_and_squares(generator: torch.Generator) -> None:
    circular = torch.tensor([1, 1j], dtype=C) / np.sqrt(2)
    tilted = torch.tensor([0.6, 0.8], dtype=C)

    assert fidelity(circular, circular).item() == pytest.approx(1)
    assert fidelity(circular, circular.conj()).item() == pytest.approx(0)
    assert fidelity(tilted, torch.tensor([1, 0], dtype=C)).item() == pytest.approx(0.36)
    assert fidelity(tilted, circular).item() == pytest.approx(0.5)

    phi = haar_states(3, qubits=3, generator=generator, dtype=C)
    psi = haar_states(5, qubits=3, generator=generator, dtype=C)
    expected = [[abs(np.vdot(a, b)) ** 2 for b in psi.numpy()] for a in phi.numpy()]
    assert np.allclose(gram_fidelities(phi, psi).numpy(), expected)
    assert np.allclose(fidelity(phi[:, None], psi).numpy(), expected)


def test_mean_state(generator: torch.Generator) -> None:
    circular = torch.tensor([[1, 1j]], dtype=C) / np.sqrt(2)
    assert np.allclose(mean_state(circular).numpy(), [[0.5, -0.5j], [0.5j, 0.5]])

    psi = haar_states(3, qubits=2, generator=generator, dtype=C)
    w = torch.tensor([0.2, 0.5, 0.3]).double()
    assert np.allclose(mean_state(psi).numpy(), oracles.density(psi.numpy()))
    assert np.allclose(mean_state(psi, w).numpy(), oracles.density(psi.numpy(), w.numpy()))


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


def test_both_sides_of_a_cut_agree(generator: torch.Generator) -> None:
    psi = haar_states(7, qubits=4, generator=generator, dtype=C)

    assert torch.allclose(purity(psi, (0, 2)), purity(psi, (3, 1)))
    assert torch.allclose(entanglement_entropy(psi, (0,)), entanglement_entropy(psi, (1, 2, 3)))


def test_perturb_is_isotropic_and_of_the_strength_named(generator: torch.Generator) -> None:
    """To second order the infidelity is sigma^2 (d - 1) / d, the same in every direction."""
    psi = haar_states(1, qubits=2, generator=generator, dtype=C)
    noisy = perturb(psi.expand(40_000, -1), 0.05, generator)
    basis = torch.linalg.qr(torch.cat((psi, torch.eye(4, dtype=C)[:3])).mT).Q.mT
    shares = (noisy @ basis.mH).abs().square().mean(dim=0)

    assert shares[0].item() == pytest.approx(1 - 0.05**2 * 3 / 4, abs=3e-5)
    assert shares[1:].tolist() == pytest.approx([0.05**2 / 4] * 3, rel=0.05)
    assert torch.allclose(torch.linalg.vector_norm(noisy, dim=-1), torch.ones(40_000).double())
    assert perturb(psi, 0.0, generator) is psi
