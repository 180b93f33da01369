"""Cases 8 to 10, 36 and 40: the machine and what is installed on it."""

import importlib.abc
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import torch

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


PIN = re.compile(r"^([A-Za-z0-9_.-]+)==([^\s;\\]+)", re.MULTILINE)


def pinned(name: str) -> dict[str, str]:
    return dict(PIN.findall((ROOT / name).read_text()))


@pytest.mark.parametrize("name", sorted(p.name for p in ROOT.glob("requirements*.txt")))
def test_case_40_pinned(name: str) -> None:
    lines = [row for row in (ROOT / name).read_text().splitlines() if re.match(r"[A-Za-z]", row)]

    assert lines and len(pinned(name)) == len(lines)


def test_case_40_hashes() -> None:
    text = (ROOT / "requirements-hashed.txt").read_text()

    assert pinned("requirements-hashed.txt") == {
        **pinned("requirements.txt"),
        **pinned("requirements-no-deps.txt"),
    }
    for part in re.split(r"\n(?=[A-Za-z])", text)[1:]:
        assert re.fullmatch(r"[^\n]+( \\\n    --hash=sha256:[0-9a-f]{64})+\n?", part), part


# A Python with a pip-audit that notes how it is called, and ends as one without an answer, with a
# finding, or with none.
AUDIT = """#!/bin/sh
case "$*" in
  *"pip install"*) exit INSTALL ;;
  *pip_audit*)
    echo "$*"
    while [ "$1" != --output ]; do shift; done
    printf "FOUND" > "$2"
    exit END ;;
esac
"""


@pytest.mark.parametrize(
    ("install", "end", "found", "code", "said"),
    [
        (0, 0, "", 0, ""),
        (0, 1, "lightning 2.6.3 GHSA-1", 1, "error: these advisories are not accepted; pin"),
        (0, 1, "", 0, "NOT AUDITED: the database of advisories could not be asked, see above"),
        (1, 0, "", 0, "NOT AUDITED: pip-audit could not be installed, see above"),
        (0, 2, "", 2, ""),
    ],
)
def test_case_40_audit(
    tmp_path: Path, install: int, end: int, found: str, code: int, said: str
) -> None:
    words = {"INSTALL": install, "FOUND": found, "END": end}
    fake, text = tmp_path / "python", AUDIT
    for word, value in words.items():
        text = text.replace(word, str(value))
    fake.write_text(text)
    fake.chmod(0o755)
    done = subprocess.run([ROOT / ".ci" / "audit", fake], capture_output=True, text=True)

    assert done.returncode == code
    assert done.stderr.startswith(said) and bool(done.stderr) == bool(said)
    assert found in done.stdout
    if not install:
        assert "-r requirements-hashed.txt" in done.stdout
        accepted = (ROOT / ".ci" / "accepted-advisories.txt").read_text()
        names = re.findall(r"^([A-Z]\S+) (?=\S+: \S)", accepted, re.MULTILINE)
        assert re.findall(r"--ignore-vuln (\S+)", done.stdout) == names != []


def test_case_40_excluded_by_name() -> None:
    ranges = {
        versions.normal(re.match(r"[\w.-]+", text)[0]): text  # type: ignore[index]
        for text in PROJECT["dependencies"]
    }

    assert ranges["torch"] == "torch>=2.10"
    assert ranges["pytorch-lightning"] == "pytorch-lightning>=2.6.6"
    assert ">=1.3.6" in ranges["hydra-core"]
