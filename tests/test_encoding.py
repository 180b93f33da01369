import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from latentq.quantum.encoding import (
    amplitude_encode,
    density_coordinates,
    phase_reference,
    to_reals,
)
from latentq.quantum.states import fidelity, haar_states, perturb

C = torch.complex128


def test_amplitude_encode() -> None:
    features = torch.tensor([[3.0, 0.0, 0.0, -4.0], [0.0, 2.0, 1.0, 2.0]]).double()
    expected = torch.tensor([[3, -4j], [1j, 2 + 2j]], dtype=C)
    expected = expected / torch.tensor([[5.0], [3.0]])

    assert torch.allclose(amplitude_encode(features), expected)
    assert amplitude_encode(features.float()).dtype == torch.complex64
    assert torch.allclose(amplitude_encode(7 * features), expected)


def test_amplitude_encode_needs_a_direction() -> None:
    features = torch.ones(3, 32)
    features[1] = 0

    with pytest.raises(ValueError, match="finite and not zero"):
        amplitude_encode(features)
    with pytest.raises(ValueError, match="finite and not zero"):
        amplitude_encode(torch.full((1, 32), float("nan")))
    with pytest.raises(ValueError, match="even length, was 3"):
        amplitude_encode(torch.ones(1, 3))


def test_amplitude_encode_gradient(generator: torch.Generator) -> None:
    features = torch.randn(2, 8, generator=generator, dtype=torch.float64, requires_grad=True)

    assert torch.autograd.gradcheck(amplitude_encode, (features,))


def test_density_coordinates_are_the_coordinates_of_rho(generator: torch.Generator) -> None:
    psi = haar_states(3, qubits=2, generator=generator, dtype=C)
    features = density_coordinates(psi)

    assert features.shape == (3, 16)
    for x, v in zip(features.numpy(), psi.numpy(), strict=True):
        rho = np.outer(v, v.conj())
        above = np.sqrt(2) * rho[np.triu_indices(4, k=1)]
        assert np.allclose(x, np.concatenate((np.diag(rho).real, above.real, above.imag)))


@settings(deadline=None, derandomize=True, max_examples=30)
@given(st.integers(0, 2**32), st.integers(0, 4), st.floats(-10, 10))
def test_density_coordinates_keep_fidelity_and_drop_phase(
    seed: int, qubits: int, phase: float
) -> None:
    generator = torch.Generator().manual_seed(seed)
    phi, psi = haar_states(2, 5, qubits=qubits, generator=generator, dtype=C)
    x, y = density_coordinates(phi), density_coordinates(psi)

    assert torch.allclose((x * y).sum(dim=-1), fidelity(phi, psi))
    assert torch.allclose((x * x).sum(dim=-1), torch.ones(5).double())
    assert torch.allclose(density_coordinates(np.exp(1j * phase) * psi), y)


def test_density_coordinates_gradient(generator: torch.Generator) -> None:
    psi = haar_states(2, qubits=2, generator=generator, dtype=C).requires_grad_()

    assert torch.autograd.gradcheck(density_coordinates, (psi,))


def test_reals_turn_phases_only(generator: torch.Generator) -> None:
    psi = perturb(haar_states(1, qubits=2, generator=generator).expand(40, -1), 0.5, generator)
    phase = torch.polar(torch.ones(40), torch.linspace(0, 6, 40))[:, None]
    top = phase_reference(psi)
    reals = to_reals(psi, top)
    fixed = amplitude_encode(reals)
    overlap = fixed @ top.conj()

    assert torch.allclose(fidelity(fixed, psi), torch.ones(40), atol=1e-5)
    assert overlap.real.min() > 0 and overlap.imag.abs().max() < 1e-5
    assert torch.allclose(to_reals(phase * psi, top), reals, atol=1e-5)


def test_phase_reference_is_the_main_state(generator: torch.Generator) -> None:
    basis = torch.eye(4, dtype=torch.complex64)
    psi = basis[torch.tensor([2, 2, 2, 0])]

    assert fidelity(phase_reference(psi), basis[2]).item() == pytest.approx(1)
