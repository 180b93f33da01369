"""Cases 8 to 10, 36 and 40: the machine and what is installed on it."""

import importlib.abc
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import torch

from latentq import audit
from latentq.config import compose, versions
from latentq.config.compose import check_command_line
from latentq.errors import InputError
from latentq.training import stages
from tests.command_line import ROOT, CommandLine

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_case_08_other_python(line: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    def check() -> None:
        versions.check_python((3, 14, 0))

    monkeypatch.setattr(compose, "check_python", check)
    (mistake,) = line.refused()

    assert mistake.startswith("python: must be from 3.11 to 3.12, was 3.14.0")
    low, high = versions.FIRST_PYTHON, versions.FIRST_OTHER_PYTHON
    assert PROJECT["requires-python"] == f">={low[0]}.{low[1]},<{high[0]}.{high[1]}"


ABSENT = """
import importlib.abc, importlib.metadata, sys

class Absent(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.split(".")[0] in NAMES:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

find = importlib.metadata.Distribution.from_name.__func__
def from_name(cls, name):
    if name in NAMES:
        raise importlib.metadata.PackageNotFoundError(name)
    return find(cls, name)
importlib.metadata.Distribution.from_name = classmethod(from_name)
sys.meta_path.insert(0, Absent())
import latentq.data.module, latentq, latentq.training.workflow
assert len(latentq.data.module.load_data("digits").test.images) == 500
images = latentq.load("checkpoints/quantum").sample(2, seed=0)
assert images.shape == (2, 1, 28, 28)
assert not NAMES & set(sys.modules)
"""


def test_case_09_without_torchvision() -> None:
    """Training, digits and sampling need neither torchvision nor torchquantum."""
    code = "NAMES = {'torchvision', 'torchquantum', 'torchpack', 'qiskit'}" + ABSENT

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr


def test_case_10_without_torchquantum(line: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = {"qiskit_aer", "qiskit_ibm_runtime"}
    monkeypatch.setattr(
        versions, "find_spec", lambda name: None if name in gone else importlib.abc
    )
    (mistake,) = line.refused("engine=torchquantum")

    assert mistake.startswith("engine: torchquantum needs qiskit_aer, qiskit_ibm_runtime, not")
    check_command_line(["engine=fused"])


def test_case_36_no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)

    with pytest.raises(InputError, match=r"torch sees no GPU; use device=cpu"):
        stages.accelerator("cuda")
    assert stages.accelerator("auto") == "cpu"
    # Metal has no complex numbers to compute with: it cannot be chosen.
    with pytest.raises(InputError, match="device: must be one of auto, cpu, cuda, was 'mps'"):
        compose.load_config(["device=mps"])


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
        RuntimeError(
            "[enforce fail at alloc_cpu.cpp:117] DefaultCPUAllocator: can't allocate memory"
        ),
    ],
)
def test_case_36_out_of_memory(line: CommandLine, error: Exception) -> None:
    def command(words: list[str]) -> None:
        raise error

    done = line.call(command)

    assert done.code == 1
    assert done.mistakes[0].startswith("memory: there was not enough of it; lower")
    assert "images.batch_size" in done.mistakes[0]


@pytest.mark.parametrize("path", sorted(ROOT.glob("requirements*.txt")), ids=lambda p: p.name)
def test_case_40_advisories(path: Path) -> None:
    lines = [row for row in path.read_text().splitlines() if re.match(r"[A-Za-z]", row)]
    versions_of = audit.pinned()[path.name]

    assert len(versions_of) == len(lines), "everything is pinned"
    assert [a for a, _ in versions.concerning(versions_of) if not a.accepted] == []


def test_case_40_hashes() -> None:
    files = audit.pinned()
    text = (ROOT / "requirements-hashed.txt").read_text()

    assert files["requirements-hashed.txt"] == {
        **files["requirements.txt"],
        **files["requirements-no-deps.txt"],
    }
    for part in re.split(r"\n(?=[A-Za-z])", text)[1:]:
        assert re.fullmatch(r"[^\n]+( \\\n    --hash=sha256:[0-9a-f]{64})+\n?", part), part


def test_case_40_audit(line: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "installed", lambda: {"torch": "2.15.0"})
    fine = line.call(audit.main, "online=false")
    (tmp_path / "requirements-odd.txt").write_text(
        "torch==2.9.1 ; x\nlightning==2.6.3 \\\n  --h\n"
    )
    monkeypatch.setattr(audit, "ROOT", tmp_path)
    bad = line.call(audit.main, "online=false")

    assert fine.code == 0
    assert "accepted: torchquantum 0.1.8 needs it" in fine.out
    assert bad.code == 1
    assert bad.mistakes == ["3 advisories are not accepted"]
    assert "BAD requirements-odd.txt: lightning 2.6.3: this release stole" in bad.out


def test_case_40_excluded_by_name() -> None:
    ranges = {
        versions.normal(re.match(r"[\w.-]+", text)[0]): text  # type: ignore[index]
        for text in PROJECT["dependencies"]
    }

    assert ranges["torch"] == "torch>=2.10"
    assert ranges["pytorch-lightning"] == "pytorch-lightning>=2.6.6"
    assert ">=1.3.6" in ranges["hydra-core"]
    for advisory in versions.ADVISORIES:
        if versions.normal(advisory.package) in ranges and advisory.below:
            least = re.search(r">=([\d.]+)", ranges[versions.normal(advisory.package)])
            assert least
            assert not advisory.concerns(least[1]), advisory


@pytest.mark.parametrize(
    ("package", "version", "bad"),
    [
        *(("torch", "2.9.1", True), ("torch", "2.10.0", False), ("torch", "2.15.0+cpu", False)),
        *(("torch", "2.9.0rc3+cu130", True), ("Torch", "1.13", True), ("hydra_core", "1.3", True)),
        *(("hydra-core", "1.3.6", False), ("pytorch-lightning", "2.6.2", True)),
        *(("pytorch_lightning", "2.6.6", False), ("lightning", "2.6.5", True)),
        *(("joblib", "1.10.0", False), ("numpy", "0.1", False)),
    ],
)
def test_versions_are_compared_as_numbers(package: str, version: str, bad: bool) -> None:
    assert bool(versions.concerning({package: version})) is bad
