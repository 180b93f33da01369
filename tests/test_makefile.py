"""`make setup` with interpreters of many kinds, which here are scripts that say they are."""

import re
import shutil
import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from latentq.config import versions
from tests.command_line import ROOT

# It knows its version and makes environments of itself; pip notes what it was asked for.
FAKE = """#!/bin/sh
case "$*" in
  -c*) echo VERSION ;;
  "-m venv "*) mkdir -p "$3/bin"; cp "$0" "$3/bin/python"; echo VERSION >> "$3/made"; exit EXIT ;;
  "-m pip "*) echo "$*" >> "$(dirname "$0")/../installed" ;;
esac
"""
Make = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Calls make in a copy of what the recipe needs, whose path has a space in it."""
    place = tmp_path / "a tree"
    place.mkdir()
    for name in ("Makefile", "pyproject.toml", "constraints-build.txt"):
        shutil.copy(ROOT / name, place)
    for path in ROOT.glob("requirements*.txt"):
        shutil.copy(path, place)
    for version in ("3.10", "3.11", "3.12", "3.13"):
        python(tmp_path / f"python{version}", version)

    def call(*words: str) -> subprocess.CompletedProcess[str]:
        command = ["make", "--no-print-directory", *words]
        return subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)

    return call


def python(path: Path, version: str, code: int = 0) -> Path:
    path.write_text(FAKE.replace("VERSION", version).replace("EXIT", str(code)))
    path.chmod(0o755)
    return path


def made(tmp_path: Path) -> str:
    return (tmp_path / "a tree" / ".venv" / "made").read_text()


def test_another_python_is_refused_and_leaves_nothing(make: Make, tmp_path: Path) -> None:
    for version in ("3.10", "3.13"):
        done = make("setup", f"PYTHON=../python{version}")
        assert done.returncode == 2
        assert done.stderr.splitlines()[0] == (
            f"error: PYTHON: must be one of Python 3.11 3.12, ../python{version} is {version}; "
            "make setup PYTHON=python3.11"
        )
        assert not (tmp_path / "a tree" / ".venv").exists()

    done = make("setup", "PYTHON=../python3.9")
    assert "../python3.9 is none; make setup" in done.stderr.splitlines()[0]

    done = make("setup", "PYTHON=../python3.12")
    assert done.returncode == 0, done.stderr
    assert made(tmp_path) == "3.12\n"
    assert (tmp_path / "a tree" / ".venv" / ".ready").is_file()


def test_an_environment_is_made_once(make: Make, tmp_path: Path) -> None:
    for words in (("PYTHON=../python3.11",), ("PYTHON=../python3.11",), ()):
        assert make("setup", *words).returncode == 0

    assert made(tmp_path) == "3.11\n"
    assert (tmp_path / "a tree" / ".venv" / "installed").read_text().count("install") == 3


def test_a_broken_or_other_environment_is_made_anew(make: Make, tmp_path: Path) -> None:
    make("setup", "PYTHON=../python3.11")
    make("setup", "PYTHON=../python3.12")
    assert made(tmp_path) == "3.12\n"

    (tmp_path / "a tree" / ".venv" / "bin" / "python").unlink()
    assert make("setup", "PYTHON=../python3.12").returncode == 0
    assert made(tmp_path) == "3.12\n"

    # Half made by a Python that is refused now, as by an earlier Makefile.
    (tmp_path / "a tree" / ".venv" / ".ready").unlink()
    python(tmp_path / "a tree" / ".venv" / "bin" / "python", "3.13")
    assert make("setup", "PYTHON=../python3.11").returncode == 0
    assert made(tmp_path) == "3.11\n"


def test_what_venv_leaves_when_it_fails_is_removed(make: Make, tmp_path: Path) -> None:
    python(tmp_path / "python3.11", "3.11", code=1)

    done = make("setup", "PYTHON=../python3.11")

    assert done.returncode == 2
    assert "error: ../python3.11 -m venv failed, see above" in done.stderr
    assert not (tmp_path / "a tree" / ".venv").exists()


def test_the_versions_are_those_of_the_package() -> None:
    listed = re.search(r"^VERSIONS := (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert listed
    found = [tuple(map(int, version.split("."))) for version in listed[1].split()]
    assert found[0] == versions.FIRST_PYTHON
    assert (found[-1][0], found[-1][1] + 1) == versions.FIRST_OTHER_PYTHON
    assert project["requires-python"] == ">=3.11,<3.13"
