"""Images from states that were read out, and the command that measures them."""

from typing import Any

import pytest
import torch

import latentq
from latentq.evaluation import scores
from latentq.evaluation.shots import Shots, decode_states, invert
from latentq.models.states import StateModel
from latentq.quantum import readout
from latentq.quantum.encoding import density_coordinates, matrix_features
from latentq.quantum.states import haar_states
from latentq.randomness import derive_generator
from tests.command_line import CommandLine


@pytest.fixture(scope="module")
def model() -> Any:  # noqa: ANN401
    return latentq.load("quantum")


def states(n: int) -> torch.Tensor:
    return haar_states(n, qubits=4, generator=derive_generator(0, "states"))


def test_the_coordinates_of_a_matrix_are_those_of_its_state() -> None:
    psi = states(5)
    wanted = density_coordinates(psi)

    assert torch.allclose(matrix_features(readout.density_matrices(psi)), wanted, atol=1e-6)


def test_exact_matrices_are_decoded_as_states_are(model: StateModel) -> None:
    psi = states(5)
    rho = readout.density_matrices(psi.to(torch.complex128))

    assert torch.allclose(model.decode_matrices(rho), model.decode(psi), atol=1e-5)
    assert torch.equal(decode_states(model, psi, None, 0), model.decode(psi))


def test_many_shots_show_the_image(model: StateModel) -> None:
    psi = states(6)
    exact = model.decode(psi)

    def off(number: int, name: str = "eigenvector") -> float:
        images = decode_states(model, psi, Shots(number, name), 0)
        return float((images - exact).detach().square().mean())

    assert off(10**8) < 1e-6 < off(8100) < off(810)
    assert off(8100, "clipped") > 2 * off(8100)


def test_readouts_follow_from_a_seed(model: StateModel) -> None:
    rho = readout.density_matrices(states(3))
    first, again, other = (invert(rho, 162, seed) for seed in (1, 1, 2))

    assert torch.equal(first, again) and not torch.equal(first, other)
    trace = first.diagonal(dim1=-2, dim2=-1).sum(dim=-1).real
    assert torch.allclose(trace, torch.ones(3, dtype=torch.float64))


def test_the_rows_are_those_of_the_images_that_were_read_out(
    model: StateModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []

    def note(model: Any, classifier: Any, *given: Any) -> dict[str, float]:  # noqa: ANN401
        seen.append((model, given[-1]))
        return {"fid": 20.5}

    monkeypatch.setattr(scores, "evaluate_on", note)
    monkeypatch.setattr("latentq.data.identity.reopen_data", lambda path: _Data())
    monkeypatch.setattr("latentq.data.identity.shared_classes", lambda notes, data: 10)
    assert scores.measure(["shots=810", "readout=linear"]) == {"fid": 20.5}
    assert scores.measure([]) == {"fid": 20.5}
    assert scores.measure(["spread=0.3"]) == {"fid": 20.5}
    assert [shots for _, shots in seen] == [Shots(810, "linear"), None, None]
    assert [found.prior.spread for found, _ in seen] == [0.38, 0.38, 0.3]


class _Data:
    name, seed = "mnist", 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["shots=0"], "shots: must be an integer, at least 1 and at most 1000000000"),
        (["shots=-5"], "shots: must be an integer, at least 1"),
        (["shots=80"], "shots: must be at least 81, one for each of the 81 settings"),
        (["spread=-1"], "spread: must be a number, at least 0"),
        (["spread=0.3", "checkpoint=classical"], "checkpoint: must be a model with a quantum"),
        (["shots=810", "readout=top"], "readout: must be one of eigenvector, linear, clipped"),
        (
            ["shots=810", "checkpoint=classical"],
            "checkpoint: must be a model with a quantum",
        ),
    ],
)
def test_a_wrong_word_is_one_line(words: list[str], message: str, line: CommandLine) -> None:
    done = line.latentq("evaluate", *words)

    assert done.code == 2 and len(done.mistakes) == 1
    assert done.mistakes[0].startswith(message)
