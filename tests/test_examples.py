"""The examples, run as they are: each prints a number that would be wrong without its own part."""

import re
import runpy
from pathlib import Path
from typing import Any

import pytest
import torch

import latentq
from latentq.config import registry
from latentq.config.compose import load_config
from latentq.config.config import arguments_of
from latentq.diffusion.losses.mmd import mmd1
from latentq.models import storage
from latentq.quantum.encoding import amplitude_encode
from latentq.quantum.states import haar_states
from latentq.randomness import derive_generator

FOLDER = Path(__file__).parent.parent / "examples"
NAMES = ("metrics_alone", "own_circuit", "own_forward", "own_loss", "own_states", "run_exported")


def numbers(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> list[float]:
    """The numbers that an example prints, in a folder that has nothing to do with it."""
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(FOLDER / f"{name}.py"))
    return [
        float(word) for word in re.findall(r"(?<![\w|])\d+(?:\.\d+)?", capsys.readouterr().out)
    ]


def test_every_example_is_short_and_tested() -> None:
    every = sorted(path.stem for path in FOLDER.glob("*.py"))
    assert every == sorted([*NAMES, "own_images", "own_model"])  # The first is in test_folder.py.
    for name in every:
        assert (FOLDER / f"{name}.py").read_text().count("\n") <= 30


@pytest.mark.parametrize("name", NAMES)
def test_an_example_runs_from_any_folder(
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = numbers(name, tmp_path, monkeypatch, capsys)

    match name:
        case "metrics_alone":
            same, noisy, covered, rest = found
            assert same < 50 and noisy > 300 and covered > 0.85 and rest < 0.1
        case "own_circuit":  # 6 layers with 3 axes on 3 qubits; the default one has 2 axes
            angles, distance, floor = found
            assert angles == 6 * 3 * 3 and distance < 0.01 and 0 <= floor < 0.002
        case "own_forward":
            assert found[0] < 0.15
        case "own_loss":  # the data have 2, and every named loss would lead there
            assert found[0] > 0.5 and found[1] < 0.05
        case "own_states":
            before, after, _ = found
            assert after < 0.025 < 0.1 < before
        case "run_exported":
            qubits, gates, _, _, zero, _, one = found
            assert (qubits, gates) == (5, 12 * (5 + 5 + 4)) and zero + one == pytest.approx(1)
            assert zero == pytest.approx(float(first_outcome()), abs=2e-6)
    assert list(tmp_path.iterdir()) == []


def test_the_example_of_a_model_fits_its_states(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "ENTRIES", {**registry.ENTRIES})
    runpy.run_path(str(FOLDER / "own_model.py"))
    config = load_config(["model=gaussian", "model.spread=0.5", "autoencoder=quantum"])
    model = storage.build("gaussian", {**arguments_of(config), "channels": 2})
    generator = derive_generator(0, "states")
    around = torch.eye(32)[3] + 0.1 * torch.randn(200, 32, generator=generator)
    states, other = amplitude_encode(around), haar_states(500, qubits=4, generator=generator)
    model.fit(states, 0)  # type: ignore[operator]
    drawn = model.sample_states(500)  # type: ignore[operator]

    assert model.spread == 0.5 and drawn.shape == (500, 16)
    assert mmd1(drawn, states) < 0.1 < mmd1(other, states)
    assert torch.equal(drawn, model.sample_states(500))  # type: ignore[operator]


def first_outcome() -> torch.Tensor:
    """The probability that the shipped step 1 takes 0000 to the outcome 0."""
    prior: Any = latentq.load("quantum").prior
    psi = torch.eye(16, dtype=torch.complex64)[:1]
    (instrument,) = prior.instruments([1], 1024)
    return instrument(psi)[0, 0].detach().abs().square().sum()


def test_the_exported_example_is_what_the_command_writes() -> None:
    prior: Any = latentq.load("quantum").prior
    assert (FOLDER / "step.qasm").read_text() == prior.to_qasm(1)
