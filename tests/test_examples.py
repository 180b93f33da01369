"""The examples, run as they are: each prints a number that would be wrong without its own part."""

import re
import runpy
from pathlib import Path
from typing import Any

import pytest
import torch

import latentq

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
    assert every == sorted([*NAMES, "own_images"])  # It is run by test_folder.py.
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
            assert (qubits, gates) == (5, 86 * (5 + 5 + 4)) and zero + one == pytest.approx(1)
            assert zero == pytest.approx(float(first_outcome()), abs=2e-6)
    assert list(tmp_path.iterdir()) == []


def first_outcome() -> torch.Tensor:
    """The probability that the shipped step 0 takes 0000 to the outcome 0."""
    prior: Any = latentq.load("quantum").prior
    psi = torch.eye(16, dtype=torch.complex64)[:1]
    (instrument,) = prior.instruments([0], 1024)
    return instrument(psi)[0, 0].detach().abs().square().sum()


def test_the_exported_example_is_what_the_command_writes() -> None:
    prior: Any = latentq.load("quantum").prior
    assert (FOLDER / "step.qasm").read_text() == prior.to_qasm(0)
