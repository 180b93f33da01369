"""A wheel, installed away from the checkout and used from a folder with files of a user's own."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from latentq.paths import user_data
from tests.command_line import ROOT, CommandLine

SOURCES = ("latentq", "baselines", "checkpoints", "setup.py", "pyproject.toml")
TEXTS = ("README.md", "LICENSE")
OURS = ("data", "train", "baselines", "config", "tests/__init__", "configs/__init__")
WORDS = ("sample", "checkpoint=quantum", "n=4", "out=x.png")
# The current folder, which is the user's, comes first on the search path, as with `python -m`.
PROBE = """
import json, sys
import latentq.__main__
from latentq import paths
from latentq.training import doctor
from latentq.config.compose import load_config
from latentq.models import storage
from latentq.study.jobs import Job, StudyFolder

found = {
    "file": latentq.__file__,
    "data": str(paths.DATA),
    "commit": doctor.check_commit(),
    "models": doctor.check_checkpoints(),
    "baselines": sys.modules["baselines"].__file__,
    "features": str(storage.describe(load_config([])["metrics"]["features"])[0]),
    "command": StudyFolder(paths.Path("study")).command(Job("vae", 300, 0))[1:5],
}
print(json.dumps(found))
sys.argv[0] = "latentq"
latentq.__main__.main()
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that a wheel of this tree was installed into."""
    place = tmp_path_factory.mktemp("wheel")
    tree, target = place / "tree", place / "target"
    tree.mkdir()
    for name in (*SOURCES, *TEXTS):  # In the checkout, building would leave folders behind.
        path, ignored = ROOT / name, shutil.ignore_patterns("__pycache__")
        if path.is_dir():
            shutil.copytree(path, tree / name, ignore=ignored)
        else:
            shutil.copy(path, tree)
    pip("wheel", ".", "--no-build-isolation", "--wheel-dir", str(place), cwd=tree)
    (wheel,) = place.glob("latentq-*.whl")
    pip("install", str(wheel), "--no-compile", "--target", str(target), cwd=place)
    loops = Path("latentq", "engine", "native", "__pycache__")
    if (ROOT / loops).is_dir():  # What is compiled here already holds there, and takes seconds.
        shutil.copytree(ROOT / loops, target / loops, ignore=shutil.ignore_patterns("*.pyc"))
    return target


def pip(*words: str, cwd: Path) -> None:
    options = ("--quiet", "--no-index", "--no-deps", "--disable-pip-version-check")
    done = subprocess.run(
        [sys.executable, "-m", "pip", *words, *options],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def user(tmp_path: Path) -> Path:
    """A folder with modules of a user that are named like ours, none of which is to be run."""
    folder = tmp_path / "of a user"
    for name in OURS:
        path = folder / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("raise SystemExit(__file__)")
    (folder / "configs" / "train.yaml").write_text("seed: wrong")
    return folder


def run(installed: Path, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Runs a program in a folder, where Python finds LatentQ in the wheel alone."""
    variables = {k: v for k, v in os.environ.items() if k != "LATENTQ_DATA_ROOT"}
    return subprocess.run(
        words,
        cwd=folder,
        env={**variables, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_the_wheel_has_all_that_is_in_the_tree(installed: Path) -> None:
    (wheel,) = installed.parent.glob("*.whl")
    packed = {n for n in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in n}

    files = [p for name in SOURCES[:3] for p in sorted((ROOT / name).rglob("*")) if p.is_file()]
    names = {p.relative_to(ROOT).as_posix() for p in files if "__pycache__" not in p.parts}
    names.remove("checkpoints/README.md")  # The table; each model has its card.
    inside = {n if n[0] != "c" else f"latentq/{n}" for n in names}
    assert packed == inside and "latentq/py.typed" in packed
    assert wheel.stat().st_size < 7e6  # Of it 6 MB are five models.


def test_the_installed_command_works_in_any_folder(
    installed: Path, user: Path, line: CommandLine
) -> None:
    before, command = sorted(user.rglob("*")), str(installed / "bin" / "latentq")
    config = run(installed, user, command, "train", "--cfg", "job", "model=classical")
    wrong = run(installed, user, command, "train", "model=quantm")

    assert config.returncode == 0 and "seed: 0" in config.stdout, config.stderr
    assert config.stdout == line.train("--cfg", "job", "model=classical").out
    assert wrong.returncode == 2 and wrong.stderr.startswith("error: model: must be one of")
    assert sorted(user.rglob("*")) == before


def test_the_installed_package_knows_where_things_are_and_draws_the_same(
    installed: Path, user: Path, line: CommandLine
) -> None:
    before = sorted(user.rglob("*"))
    done = run(installed, user, sys.executable, "-c", PROBE, *WORDS)

    assert done.returncode == 0, done.stderr
    facts, drawn = done.stdout.splitlines()
    found: dict[str, Any] = json.loads(facts)
    assert found["file"] == str(installed / "latentq" / "__init__.py")
    assert found["baselines"] == str(installed / "baselines" / "__init__.py")
    assert found["features"] == str(installed / "latentq" / "checkpoints" / "features")
    assert found["models"].startswith("6 models load: classical, features, features-fashion")
    assert found["data"] == str(user_data())
    assert found["commit"] == "no commit: installed from an archive"
    assert found["command"] == ["-P", "-m", "latentq", "train"]
    assert drawn == "4 samples: x.png" and sorted({*user.rglob("*")} - {*before}) == [
        user / "x.png"
    ]
    assert line.latentq(*WORDS).code == 0
    assert (user / "x.png").read_bytes() == (line.folder / "x.png").read_bytes()
