"""The small commands, as a user calls them, and the promises of the README."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

import latentq
from latentq.config.commands import parse_options
from latentq.config.rules import Rule
from latentq.errors import InputError
from latentq.evaluation.scores import measure
from latentq.models.hybrid import LatentQ
from latentq.models.storage import describe
from latentq.paths import sha256_file
from tests.command_line import CommandLine
from tests.conftest import needs_mnist

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
SHIPPED = ("features", "features-fashion", "quantum", "quantum-conditional", "classical")


def call(module: str, *words: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", module, *words],
        cwd=cwd,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_sample_draws_the_same_picture_in_another_process(line: CommandLine) -> None:
    words = (f"checkpoint={ROOT}/checkpoints/quantum", "n=5", "seed=2")
    here = line.program("latentq/sample.py", *words, "out=a.png")
    there = call("latentq.sample", *words, "out=b.png", cwd=line.folder)

    assert here.code == there.returncode == 0, here.err + there.stderr
    assert (line.folder / "a.png").read_bytes() == (line.folder / "b.png").read_bytes()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["n=0"], "n: must be an integer, at least 1"),
        (["n=many"], "n: must be an integer"),
        (["sed=1"], "did you mean seed"),
        (["seed"], "seed: must be key=value"),
        (["out=picture.jpg"], "out: must be a .png file"),
        (["out=/nowhere/grid.png"], "in a folder that exists"),
        (["checkpoint=/nowhere"], "checkpoint: must be a folder"),
        ([f"checkpoint={ROOT}/checkpoints/features"], "must be a generative model"),
    ],
)
def test_sample_names_mistakes_in_one_line(
    line: CommandLine, words: list[str], message: str
) -> None:
    done = line.program("latentq/sample.py", *words)

    assert done.code == 2
    assert len(done.mistakes) == 1 and message in done.mistakes[0]
    assert list(line.folder.iterdir()) == []


def test_options_are_converted_and_required() -> None:
    rules = {"n": Rule(int, low=1), "x": Rule(float), "name": Rule(str)}

    options = parse_options(["n=3", "name=a=b"], rules, {"x": 0.5})

    assert options == {"n": 3, "x": 0.5, "name": "a=b"}
    with pytest.raises(InputError, match="name: must be given"):
        parse_options(["n=3"], rules, {"x": 0.5})


def test_doctor_refuses_options(line: CommandLine) -> None:
    done = line.program("latentq/training/doctor.py", "loud=1")

    assert done.code == 2
    assert "loud" in done.mistakes[0]


def test_doctor_reports_each_check() -> None:
    done = call("latentq.training.doctor")

    assert "torchquantum" in done.stdout
    assert f"{len(SHIPPED)} models load" in done.stdout


def test_publish_refuses_an_unfinished_run(line: CommandLine) -> None:
    done = line.program("latentq/training/publish.py", f"run={line.folder}", "name=none")

    assert done.code == 2
    assert "must be a finished run" in done.mistakes[0]
    assert not (ROOT / "checkpoints" / "none").exists()


@pytest.mark.parametrize(
    "path",
    [
        *("sample.py", "training/doctor.py", "training/publish.py"),
        *("report/__main__.py", "evaluation/__main__.py"),
    ],
)
def test_help_is_help(path: str, line: CommandLine) -> None:
    done = line.program(f"latentq/{path}", "--help")

    assert done.code == 0
    name = path.removesuffix("/__main__.py").removesuffix(".py").rpartition("/")[2]
    assert re.search(rf"python -m latentq[. a-z]*\b{name}\b", done.out)


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_models_are_those_of_their_table(name: str) -> None:
    folder = ROOT / "checkpoints" / name
    digest = sha256_file(folder / "weights.safetensors")

    assert describe(folder)[1]["sha256"] == digest
    assert f"| `{name}` |" in (ROOT / "checkpoints" / "README.md").read_text()
    assert digest in (ROOT / "checkpoints" / "README.md").read_text()
    assert (folder / "weights.safetensors").stat().st_size < 4_000_000


def test_shipped_features_are_small_and_good() -> None:
    folder = ROOT / "checkpoints" / "features"
    metrics = json.loads((folder / "metrics.json").read_text())

    assert (folder / "weights.safetensors").stat().st_size < 1_000_000
    assert metrics["test_accuracy"] >= 0.99
    assert metrics["data"]["name"] == "mnist"


def test_shipped_quantum_model_beats_its_controls() -> None:
    quantum, classical = (
        json.loads((ROOT / "checkpoints" / name / "metrics.json").read_text())
        for name in ("quantum", "classical")
    )

    assert quantum["n_samples"] == classical["n_samples"] == 10_000
    assert quantum["features"] == classical["features"]
    assert quantum["fid"] < 0.5 * min(quantum["fid_terminal"], quantum["fid_haar"])
    assert quantum["fid_reconstruction"] < 0.1 * classical["fid"]


def test_the_readme_python_runs() -> None:
    code, _ = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    names: dict[str, object] = {}

    exec(code, names)

    model, states = names["model"], names["states"]
    assert isinstance(states, torch.Tensor)
    assert states.shape == (64, 16)
    assert isinstance(names["chain"], torch.Tensor)
    assert names["chain"].shape == (6, 64, 16)
    assert isinstance(model, LatentQ)
    assert isinstance(names["again"], torch.Tensor)
    turned = model.decode(states * torch.exp(torch.tensor(1j)))
    assert torch.allclose(turned, names["again"], atol=1e-4)


def test_the_readme_python_runs_on_own_states() -> None:
    """With a tenth of the iterations."""
    _, code = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    names: dict[str, Any] = {}
    assert code.count("iterations=500") == 1
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        exec(code.replace("iterations=500", "iterations=50"), names)

    assert names["generated"].shape == (500, 8) and len(names["scores"]) == 6
    untrained = names["latentq"].QuDDPM(names["forward"], layers=20, seed=0).sample(500, seed=0)
    before = latentq.evaluate_states(untrained, names["states"][500:])
    assert names["scores"]["mmd1"] < 0.3 * before["mmd1"]
    assert names["history"][-1]["iteration"] == 49


@pytest.mark.parametrize("name", ["quantum", "classical"])
def test_the_readme_numbers_are_those_of_the_shipped_models(name: str) -> None:
    metrics = json.loads((ROOT / "checkpoints" / name / "metrics.json").read_text())
    rows = {line.split("|")[1].strip(): line for line in README.splitlines() if line[:1] == "|"}

    (samples,) = (rows[key] for key in rows if key.startswith(f"{name}: samples"))
    (decoded,) = (rows[key] for key in rows if key.startswith(f"{name}: reconstructions"))
    shown = (f"{metrics['fid']:.1f}", *(f"{metrics[k]:.3f}" for k in ("precision", "recall")))
    assert all(f" {value} " in samples for value in shown)
    assert f" {metrics['fid_reconstruction']:.2f} " in decoded


def test_shipped_models_load_by_name() -> None:
    assert all(
        isinstance(latentq.load(ROOT / "checkpoints" / n), torch.nn.Module) for n in SHIPPED
    )


@needs_mnist
@pytest.mark.parametrize("name", ["quantum", "classical", "quantum-conditional"])
def test_the_fid_of_a_shipped_model_is_measured_again(name: str) -> None:
    """README states an error of half a point: machines round differently, and outcomes flip."""
    metrics = json.loads((ROOT / "checkpoints" / name / "metrics.json").read_text())
    rows = measure([f"checkpoint={ROOT / 'checkpoints' / name}"])

    assert rows["fid"] == pytest.approx(metrics["fid"], abs=0.5)
    if name == "quantum-conditional":
        assert rows["label_accuracy"] == pytest.approx(metrics["label_accuracy"], abs=0.01)


@pytest.mark.parametrize(
    ("option", "word"),
    [
        ("checkpoint=checkpoints/features", "must be a generative model"),
        ("features=checkpoints/quantum", "must be a features model"),
        ("split=train", "split: must be one of"),
    ],
)
def test_evaluation_names_mistakes(
    option: str, word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    with pytest.raises(InputError, match=word):
        measure([option])
