import numpy as np
import pytest
import torch
from torch import Tensor

from latentq.quantum.entanglement import purity
from latentq.quantum.states import (
    check_states,
    count_qubits,
    fidelity,
    gram_fidelities,
    haar_states,
    mean_state,
    normalize,
    perturb,
    random_unitaries,
    turn_randomly,
)
from tests import oracles

C = torch.complex128


def basis_state(qubits: int, *indices: int) -> Tensor:
    """The equal superposition of some basis states."""
    psi = torch.zeros(2**qubits, dtype=C)
    psi[list(indices)] = 1
    return normalize(psi)


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


def test_states_are_checked() -> None:
    psi = basis_state(2, 0, 3)

    assert check_states(psi) is psi
    for wrong in (1.01 * psi, psi * float("nan")):
        with pytest.raises(ValueError, match="psi: must be finite and of norm one"):
            check_states(wrong)


def test_random_unitaries_are_unitary_and_prefer_no_direction(generator: torch.Generator) -> None:
    """The mean of U is a multiple of 1, that of the semicircle law; sums over d^2 entries."""
    strength, d = 0.4, 16
    found = random_unitaries(4000, d, strength, generator)
    mean = found.mean(dim=0)
    x = np.linspace(-2, 2, 20001)
    law = np.sqrt(4 - x**2) / (2 * np.pi)
    phase = (1 + 0.5j * strength * x) / (1 - 0.5j * strength * x)
    expected = np.trapezoid(law * phase, x)

    assert torch.allclose(found @ found.mH, torch.eye(d, dtype=found.dtype), atol=1e-5)
    assert mean.diagonal().mean().item() == pytest.approx(expected, abs=2e-3)
    assert (mean - mean.diagonal().mean() * torch.eye(d)).abs().max() < 0.02
    other = found[:, 0, 1:]
    assert other.real.var().item() == pytest.approx(other.imag.var().item(), rel=0.05)


def test_states_are_turned_by_the_strength_that_perturbs_as_much(
    generator: torch.Generator,
) -> None:
    psi = haar_states(8000, qubits=4, generator=generator)
    turned = fidelity(psi, turn_randomly(psi, 0.1, generator)).mean()
    noisy = fidelity(psi, perturb(psi, 0.1, generator)).mean()

    assert 1 - turned.item() == pytest.approx(1 - noisy.item(), rel=0.05)
    assert turn_randomly(psi, 0.0, generator) is psi


def test_pure_and_mixed_states_are_turned_alike() -> None:
    def draws() -> torch.Generator:
        return torch.Generator().manual_seed(4)

    psi = haar_states(5, qubits=2, generator=draws())
    rho = psi[:, :, None] * psi[:, None].conj()
    pure = turn_randomly(psi, 0.3, draws())
    vectors = turn_randomly(torch.stack((psi, 2 * psi), dim=1), 0.3, draws())
    mixed = turn_randomly(rho, 0.3, draws(), mixed=True)

    assert torch.allclose(pure[:, :, None] * pure[:, None].conj(), mixed, atol=1e-6)
    assert torch.allclose(vectors, torch.stack((pure, 2 * pure), dim=1), atol=1e-6)
