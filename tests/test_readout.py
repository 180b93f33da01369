"""Readouts against laws by Kronecker products, and errors against closed forms."""

from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import latentq
from latentq.errors import InputError
from latentq.quantum import readout
from latentq.quantum.states import haar_states
from latentq.randomness import derive_generator
from tests import oracles


def haar(n: int, qubits: int) -> Tensor:
    generator = derive_generator(0, "states")
    return haar_states(n, qubits=qubits, generator=generator, dtype=torch.complex128)


def mixed(n: int, qubits: int) -> Tensor:
    """Density matrices of rank two, unlike their transposes."""
    vectors = haar(2 * n, qubits).unflatten(0, (n, 2)) * torch.tensor([0.8, 0.6])[:, None]
    return readout.density_matrices(vectors)


def law(rho: np.ndarray, setting: str) -> list[float]:
    found = []
    for bits in product((0, 1), repeat=len(setting)):
        parts = [
            (np.eye(2) + (-1) ** bit * oracles.PAULI[letter]) / 2
            for bit, letter in zip(bits, setting, strict=True)
        ]
        projector = parts[0]
        for part in parts[1:]:
            projector = np.kron(projector, part)
        found.append(np.trace(projector @ rho).real)
    return found


def test_the_door_is_open() -> None:
    assert latentq.readout is readout
    assert "readout" in dir(latentq)


def test_settings_and_laws_are_those_of_pauli_projectors() -> None:
    rho = mixed(2, 3)
    found = readout.probabilities(rho)

    assert readout.settings(2)[:4] == ("xx", "xy", "xz", "yx")
    assert found.shape == (2, 27, 8)
    for k, setting in enumerate(readout.settings(3)):
        for own, state in zip(found[:, k], rho.numpy(), strict=True):
            assert own.tolist() == pytest.approx(law(state, setting), abs=1e-12)


def test_a_density_matrix_is_no_transpose() -> None:
    psi = haar(3, 2)
    wanted = [np.outer(v, v.conj()) for v in psi.numpy()]
    assert np.allclose(readout.density_matrices(psi).numpy(), wanted)
    both = readout.density_matrices(psi[None] / 3**0.5)[0]
    assert np.allclose(both.numpy(), oracles.density(psi.numpy()))


def test_the_estimates_are_unbiased_exactly() -> None:
    """Laws in the place of frequencies give the state back."""
    rho = mixed(3, 3)
    frequencies = readout.probabilities(rho)

    assert torch.allclose(readout.linear_inversion(frequencies), rho, atol=1e-12)
    assert torch.allclose(readout.classical_shadow(frequencies), rho, atol=1e-12)


def test_one_snapshot_is_a_product() -> None:
    counts = torch.zeros(1, 9, 4, dtype=torch.float64)
    counts[0, readout.settings(2).index("yz"), 0b10] = 1
    parts = [3 * (np.eye(2) - oracles.PAULI["y"]) / 2, 3 * (np.eye(2) + oracles.PAULI["z"]) / 2]
    wanted = np.kron(*(part - np.eye(2) for part in parts))

    assert np.allclose(readout.classical_shadow(counts)[0].numpy(), wanted)


def test_settings_with_more_shots_count_no_more_in_the_inversion() -> None:
    rho = mixed(1, 2)
    law = readout.probabilities(rho)
    uneven = law * torch.arange(1, 10)[:, None]

    assert torch.allclose(readout.linear_inversion(uneven), rho, atol=1e-12)
    assert not torch.allclose(readout.classical_shadow(uneven), rho, atol=0.05)


@pytest.mark.parametrize("plan", ["equal", "random"])
@pytest.mark.parametrize("qubits", [1, 2, 4])
def test_the_error_is_the_closed_form(qubits: int, plan: Any) -> None:  # noqa: ANN401
    rho = torch.cat((mixed(1, qubits), readout.density_matrices(haar(1, qubits))))
    shots, copies = 2 * 3**qubits, 2000 if qubits < 4 else 300
    drawn = readout.measure(rho.repeat(copies, 1, 1), shots, derive_generator(0, "shots"), plan)
    estimate = readout.linear_inversion if plan == "equal" else readout.classical_shadow
    off = estimate(drawn).unflatten(0, (copies, 2)) - rho
    error = off.abs().square().sum(dim=(-2, -1)).mean(dim=0)
    wanted = readout.inversion_error(rho, shots, plan)
    purity = rho.abs().square().sum(dim=(-2, -1))

    assert bool((drawn.sum(dim=(1, 2)) == shots).all())
    assert error.tolist() == pytest.approx(wanted.tolist(), rel=0.03)
    assert float(off.mean(dim=0).abs().max()) < 5 * float(wanted.max() / copies) ** 0.5
    if plan == "random":
        assert wanted.tolist() == pytest.approx(((5**qubits - purity) / shots).tolist())
        assert float(wanted[1]) == pytest.approx((5**qubits - 1) / shots)


def test_the_error_of_equal_settings_is_a_sum_over_paulis() -> None:
    zero = torch.zeros(1, 16, 16, dtype=torch.complex128)
    zero[0, 0, 0] = 1
    assert readout.inversion_error(zero, 81).tolist() == pytest.approx([(625 - 16) / 81])

    rho = mixed(1, 2)
    words = [a + b for a in "ixyz" for b in "ixyz"]
    total = sum(
        3 ** (2 - word.count("i"))
        * np.trace(oracles.pauli_string(word) @ rho[0].numpy()).real ** 2
        for word in words
    )
    wanted = (25 - total / 4) / 90
    assert readout.inversion_error(rho, 90).tolist() == pytest.approx([wanted])


def test_shots_are_divided_equally() -> None:
    assert readout.shots_of_settings(20, 2).tolist() == [3, 3, 2, 2, 2, 2, 2, 2, 2]
    drawn = readout.measure(mixed(2, 2), 20, derive_generator(0, "shots"))
    assert drawn.sum(dim=-1).tolist() == [[3, 3, 2, 2, 2, 2, 2, 2, 2]] * 2


def test_counts_have_the_multinomial_moments() -> None:
    law = torch.tensor([0.5, 0.0, 0.3, 0.2], dtype=torch.float64).expand(20_000, -1)
    shots = torch.full((20_000,), 7.0, dtype=torch.float64)
    counts = readout.draw_counts(law, shots, derive_generator(0, "shots"))
    p = law[0]

    assert torch.equal(counts.sum(dim=-1), shots) and bool((counts[:, 1] == 0).all())
    assert torch.allclose(counts.mean(dim=0), 7 * p, atol=0.05)
    wanted = 7 * (torch.diag(p) - p[:, None] * p)
    assert torch.allclose(counts.mT.cov(), wanted, atol=0.06)
    alone = torch.tensor([[0.0, 1.0]], dtype=torch.float64)
    assert readout.draw_counts(alone, shots[:1], derive_generator(0, "x")).tolist() == [[0, 7]]


def test_a_readout_gives_back_what_it_can() -> None:
    rho, psi = mixed(4, 2), haar(4, 2)
    pure = readout.density_matrices(psi)
    shifted = pure - 0.1 * (pure - torch.eye(4) / 4) * 3  # still the same eigenvectors

    assert torch.allclose(readout.READOUTS["eigenvector"](shifted), pure, atol=1e-10)
    assert torch.equal(readout.READOUTS["linear"](rho), rho)
    assert torch.allclose(readout.READOUTS["clipped"](rho), rho, atol=1e-10)
    diagonal = torch.diag(torch.tensor([1.3, 0.2, -0.1, -0.4], dtype=torch.complex128))[None]
    clipped = readout.clip_and_renormalise(diagonal)
    assert clipped[0].diagonal().real.tolist() == pytest.approx([1.3 / 1.5, 0.2 / 1.5, 0, 0])


def test_clipping_is_biased_and_the_eigenvector_is_near() -> None:
    pure = readout.density_matrices(haar(300, 4))
    counts = readout.measure(pure, 2430, derive_generator(0, "shots"))
    rho = readout.linear_inversion(counts)

    def fidelity(name: str) -> float:
        return float((readout.READOUTS[name](rho) * pure.mT).sum(dim=(-2, -1)).real.mean())

    assert fidelity("linear") == pytest.approx(1, abs=0.02)
    assert 0.97 < fidelity("eigenvector") < 0.99
    assert fidelity("clipped") < 0.85


def test_shots_are_binned_by_outcome() -> None:
    counts = torch.arange(9 * 8).reshape(9, 8)
    found = readout.bin_outcomes(counts, 2)

    assert found.shape == (2, 9, 4)
    assert found[1, 3].tolist() == [28, 29, 30, 31] and found[0, 3].tolist() == [24, 25, 26, 27]


def test_wrong_numbers_are_told() -> None:
    with pytest.raises(InputError, match="shots: must be at least 81, one for each of the 81"):
        readout.shots_of_settings(80, 4)
    with pytest.raises(InputError, match="shots: must be an integer of at least 1, was 0"):
        readout.measure(mixed(1, 1), 0, derive_generator(0, "shots"), "random")
    empty = torch.zeros(1, 3, 2)
    empty[0, 0, 0] = 1
    with pytest.raises(InputError, match="counts: must have a shot in each of 3 settings, 2 have"):
        readout.linear_inversion(empty)
    with pytest.raises(InputError, match="counts: must have a shot of each state, 1 have none"):
        readout.classical_shadow(0 * empty)
