"""Pauli words of one and two qubits: coordinates, nine settings, and a decoder that reads them."""

from itertools import combinations, product
from typing import Any

import numpy as np
import pytest
import torch

from latentq.errors import InputError
from latentq.evaluation.shots import Shots, decode_states
from latentq.models.hybrid import LatentQ
from latentq.quantum import local
from latentq.quantum.encoding import density_coordinates
from latentq.quantum.readout import density_matrices
from latentq.quantum.states import haar_states
from latentq.randomness import derive_generator
from tests import oracles

PRIOR: dict[str, Any] = {
    "qubits": 2, "steps": 2, "strength": [0.1, 2.0], "terminal": "basis",
    "terminal_strength": 1.0, "layers": 2,
}  # fmt: skip


def haar(n: int, qubits: int) -> torch.Tensor:
    generator = derive_generator(0, "states")
    return haar_states(n, qubits=qubits, generator=generator, dtype=torch.complex128)


def test_local_words_act_on_one_or_two_qubits() -> None:
    assert local.local_words(2) == tuple(
        a + b for a, b in product("ixyz", repeat=2) if a + b != "ii"
    )
    assert [len(local.local_words(n)) for n in (1, 3, 4)] == [3, 36, 66]
    assert "iiix" in local.local_words(4) and "xyzi" not in local.local_words(4)


def test_nine_settings_have_each_pair_of_letters_once() -> None:
    settings = local.local_settings(4)

    assert len(settings) == 9
    for a, b in combinations(range(4), 2):
        assert len({(setting[a], setting[b]) for setting in settings}) == 9
    assert local.local_settings(1) == ("x", "y", "z")
    with pytest.raises(InputError, match="qubits: must be from 1 to 4 for local settings, was 5"):
        local.local_settings(5)


def test_coordinates_are_expectations() -> None:
    psi = haar(5, 3)
    found = density_coordinates(psi) @ local.local_projection(3).T
    wanted = [
        [
            (v.conj() @ oracles.pauli_string(word) @ v).real / 8**0.5
            for word in local.local_words(3)
        ]
        for v in psi.numpy()
    ]

    assert np.allclose(found.numpy(), wanted)


def test_estimates_have_no_bias_and_the_variance_of_their_shots() -> None:
    rho = density_matrices(haar(2, 3))
    shots, copies = 900, 400
    found = local.measure_locally(
        rho.repeat_interleave(copies, dim=0), shots, derive_generator(1, "shots")
    ).unflatten(0, (2, copies))
    exact = torch.stack([density_coordinates(psi) for psi in haar(2, 3)])
    wanted = exact @ local.local_projection(3).T
    counted = torch.tensor(
        [900 // 3 if word.count("i") == 2 else 100 for word in local.local_words(3)]
    )
    spread = ((1 / 8 - wanted.square()) / counted).sqrt()

    assert float(((found.mean(dim=1) - wanted).abs() / spread * copies**0.5).max()) < 4.5
    assert torch.allclose(found.std(dim=1), spread, rtol=0.25, atol=1e-3)


def test_shots_are_divided_among_nine_settings() -> None:
    assert local.shots_of_local_settings(20, 4).tolist() == [3, 3, 2, 2, 2, 2, 2, 2, 2]
    with pytest.raises(InputError, match="shots: must be at least 9, one for each of the 9 local"):
        local.shots_of_local_settings(8, 4)


def test_the_decoder_reads_local_words_alone() -> None:
    model = LatentQ(2, PRIOR, coordinates="local").eval()
    for weights in model.decoder.parameters():
        weights.data *= 3  # Images that differ.
    psi = haar(6, 2).to(torch.complex64)
    exact, shots = model.decode(psi).detach(), Shots(2 * 10**7, "linear")

    assert model.decoder.state_dict()["net.0.weight"].shape[1] == 15
    assert torch.allclose(model.decode_matrices(density_matrices(psi)), exact, atol=1e-5)
    assert torch.allclose(decode_states(model, psi, shots, 0), exact, atol=5e-3)
    assert float(exact.std(dim=0).max()) > 0.05


def test_words_of_three_qubits_are_not_read() -> None:
    """A GHZ state of three qubits and the mixture of its parts agree on all words of two."""
    model = LatentQ(2, {**PRIOR, "qubits": 3}, coordinates="local").eval()
    every = LatentQ(2, {**PRIOR, "qubits": 3}).eval()
    plus, minus = torch.zeros(2, 1, 8, dtype=torch.complex64)
    plus[0, [0, 7]], minus[0, 0], minus[0, 7] = 0.5**0.5, 0.5**0.5, -(0.5**0.5)

    assert torch.allclose(model.decode(plus), model.decode(minus), atol=1e-6)
    assert float((every.decode(plus) - every.decode(minus)).detach().abs().max()) > 1e-4


def test_local_words_have_no_eigenvector() -> None:
    model = LatentQ(2, PRIOR, coordinates="local")
    with pytest.raises(InputError, match="readout: must be linear where the decoder reads local"):
        Shots(810).check(model)
    with pytest.raises(InputError, match="shots: must be at least 9"):
        Shots(8, "linear").check(model)
    Shots(9, "linear").check(model)
    with pytest.raises(InputError, match="qubits: must be from 1 to 4"):
        LatentQ(2, {**PRIOR, "qubits": 5}, coordinates="local")
