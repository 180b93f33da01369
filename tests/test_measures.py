"""What is read off states against closed forms and against definitions written out."""

import math

import pytest
import torch

from latentq.errors import ConvergenceError
from latentq.experiments.measures import (
    haar_magnitude_fidelity,
    haar_negative_share,
    half_cuts,
    half_entropy,
    magnitude_fidelity,
    orientations,
    pair_names,
    pairs_of,
    phase_fidelity,
    single_entropy,
    wigner_numbers,
    with_fidelity,
)
from latentq.quantum.entanglement import mutual_information, page_entropy
from latentq.quantum.states import fidelity, haar_states, normalize

C = torch.complex128
BELL = torch.tensor([[1, 0, 0, 1]], dtype=C) / math.sqrt(2)


def test_an_integral_that_is_not_precise_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    haar_negative_share(3)
    monkeypatch.setattr("latentq.experiments.measures.PRECISE", 1e-30)

    with pytest.raises(ConvergenceError, match="integral: is known to"):
        haar_negative_share(3)


def test_a_bell_state_is_negative_in_half_of_the_orientations() -> None:
    shares, sums = wigner_numbers(BELL)

    assert orientations(2) == [(1, 1), (1, -1), (-1, 1), (-1, -1)]
    assert shares.flatten().tolist() == [0.25, 0, 0, 0.25]
    # Four of sixteen cells are at -1/8, as the twelve others are at 1/8.
    assert torch.allclose(sums.flatten(), torch.tensor([0.5, 0, 0, 0.5], dtype=torch.float64))


@pytest.mark.parametrize(("qubits", "share"), [(1, (3 - math.sqrt(3)) / 6), (2, 1 / 3)])
def test_the_share_of_haar_states_has_closed_forms(qubits: int, share: float) -> None:
    """With one qubit it is b / (a + b) for eigenvalues a and -b."""
    assert haar_negative_share(qubits) == pytest.approx(share, abs=1e-9)


def test_the_share_of_haar_states_is_found_by_sampling(generator: torch.Generator) -> None:
    shares, _ = wigner_numbers(haar_states(500, qubits=4, generator=generator))

    # The states vary by 0.017 in one orientation.
    assert torch.allclose(shares.mean(), torch.tensor(haar_negative_share(4)), atol=0.002)
    assert torch.allclose(shares.mean(dim=1), shares.mean(), atol=0.004)


def test_magnitudes_and_phases_by_their_definitions(generator: torch.Generator) -> None:
    a, b = haar_states(2, 5, qubits=2, generator=generator, dtype=C)
    swapped = b.abs() * torch.exp(1j * a.angle()), a.abs() * torch.exp(1j * b.angle())

    assert torch.allclose(magnitude_fidelity(a, b), fidelity(a, swapped[0]))
    assert torch.allclose(phase_fidelity(a, b), fidelity(a, swapped[1]))
    assert torch.allclose(phase_fidelity(a, a * 1j), torch.ones(5, dtype=torch.float64))


def test_haar_states_agree_in_their_magnitudes(generator: torch.Generator) -> None:
    a, b = haar_states(2, 20_000, qubits=3, generator=generator)

    # The deviations of the means are near 0.001.
    assert float(magnitude_fidelity(a, b).mean()) == pytest.approx(
        haar_magnitude_fidelity(8), abs=5e-3
    )
    assert float(phase_fidelity(a, b).mean()) == pytest.approx(2 / (8 + 1), abs=5e-3)
    assert haar_magnitude_fidelity(1) == 1


def test_states_are_drawn_with_their_fidelity(generator: torch.Generator) -> None:
    target = haar_states(3, qubits=2, generator=generator, dtype=C)
    wanted = torch.tensor([0.0, 0.3, 1.0], dtype=torch.float64)
    psi = with_fidelity(target, wanted, 4000, generator)

    assert torch.allclose(fidelity(target, psi), wanted.expand(4000, 3), atol=1e-12)
    # No direction is preferred: the mean state is F a a* + (1 - F) (1 - a a*) / (d - 1).
    a = torch.outer(target[1], target[1].conj())
    mean = psi[:, 1].mT @ psi[:, 1].conj() / 4000
    expected = 0.3 * a + 0.7 * (torch.eye(4, dtype=C) - a) / 3
    assert torch.allclose(mean, expected, atol=0.03)


def test_cuts_into_halves_are_counted_once() -> None:
    assert half_cuts(4) == [(0, 1), (0, 2), (0, 3)]
    assert half_cuts(3) == [(0,), (1,), (2,)]


def test_entropies_are_means_over_cuts(generator: torch.Generator) -> None:
    pairs = torch.kron(BELL, BELL)  # Qubits 0 and 1, and 2 and 3.

    # The cut between the pairs has no entropy, the other two have that of both pairs.
    assert float(half_entropy(pairs)) == pytest.approx(4 / 3)
    assert float(single_entropy(pairs)) == pytest.approx(1)
    product = normalize(torch.kron(torch.kron(BELL[:, :2], BELL[:, 1:3] + 1), BELL[:, :2]))
    assert float(single_entropy(product)) == pytest.approx(0, abs=1e-9)
    haar = haar_states(2000, qubits=4, generator=generator)
    assert float(half_entropy(haar).mean()) == pytest.approx(page_entropy(4, 2), abs=0.02)


def test_pairs_stand_in_the_order_of_their_names() -> None:
    state = torch.kron(torch.kron(torch.tensor([[1, 0]], dtype=C), BELL), BELL[:, :2] * 2**0.5)
    shared = pairs_of(mutual_information(state))

    assert pair_names(4) == ["0-1", "0-2", "0-3", "1-2", "1-3", "2-3"]
    assert shared[0].tolist() == pytest.approx([0, 0, 0, 2, 0, 0], abs=1e-9)
