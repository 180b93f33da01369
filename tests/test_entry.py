"""The command `latentq`, models by their names, and modules of a user that have names of ours."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from unittest.mock import patch

import pytest

import latentq
from baselines.vae import VAE
from latentq import paths
from latentq.__main__ import COMMANDS, EXPERIMENTS
from latentq.config import packages, registry
from latentq.config.compose import load_config
from latentq.config.words import command_line
from latentq.errors import InputError
from latentq.models import storage
from latentq.training import publish, reuse
from tests.command_line import ROOT, CommandLine

NAMES = "classical, features, features-fashion, quantum, quantum-conditional, quantum-mmd"


# --- The command


def test_what_there_is_and_which_version(line: CommandLine) -> None:
    bare, asked, version = line.latentq(), line.latentq("--help"), line.latentq("--version")

    assert bare == asked and bare.code == 0 and str(paths.DATA) in bare.out
    assert all(f"latentq {name.split()[0]} " in bare.out for name in COMMANDS)
    assert all(re.search(rf"\b{name}\b", bare.out) for name in EXPERIMENTS)
    assert (version.code, version.out) == (0, f"latentq {latentq.__version__}\n")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["trian"], "COMMAND: must be one of train, .*, was 'trian' .did you mean train.."),
        (["seed=1"], "COMMAND: must be one of .*, was 'seed=1'"),
        (["experiments"], "NAME: must be one of ablation, .*, views, was ''"),
        (["experiments", "nose"], "NAME: must be .*, was 'nose' .did you mean noise.."),
    ],
)
def test_what_is_no_command_is_told_in_one_line(
    line: CommandLine, words: list[str], message: str
) -> None:
    done = line.latentq(*words)

    assert done.code == 2 and not done.out
    assert len(done.mistakes) == 1 and re.match(message, done.mistakes[0])


def test_every_experiment_is_a_command() -> None:
    folder = Path(latentq.__file__).parent / "experiments"
    runnable = [p for p in folder.rglob("*.py") if "__main__" in p.name + p.read_text()]

    names = {p.stem if p.parent == folder else p.parent.name for p in runnable}
    assert names == {*EXPERIMENTS}


@pytest.mark.parametrize(
    ("words", "file"),
    [
        ("sample", "sample.py"),
        ("evaluate", "evaluation/__main__.py"),
        ("study report", "study/report/__main__.py"),
        ("study tune", "study/tune.py"),
        ("study estimate", "study/estimate.py"),
        ("experiments noise", "experiments/noise/__main__.py"),
    ],
)
def test_a_command_is_the_module_that_python_runs(
    line: CommandLine, words: str, file: str
) -> None:
    here = line.latentq(*words.split(), "--help")
    there = line.program(f"latentq/{file}", "--help")

    assert here == there and here.code == 0 and here.out
    assert line.latentq(*words.split(), "zzz=1").code == 2


def test_train_is_the_same_from_both_doors(line: CommandLine) -> None:
    words = ("--cfg", "job", "model=classical", "seed=3")
    here, there = line.latentq("train", *words), line.train(*words)

    assert here == there and here.code == 0 and "seed: 3" in here.out
    assert line.latentq("train", "--help") == line.program("train.py", "--help")
    assert line.latentq("train", "seed=x") == line.train("seed=x")


def test_the_command_of_a_run_can_be_pasted() -> None:
    assert command_line(["latentq train", "run.name=a b"]) == "latentq train 'run.name=a b'"
    assert command_line(["train.py", "seed=1"]) == "python train.py seed=1"


# --- Names of models


def test_a_shipped_model_has_a_name_in_any_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "classical").mkdir()  # No model is in it, so that it does not win.

    for name in ("classical", "checkpoints/classical", Path("classical")):
        assert storage.describe(name)[0] == paths.CHECKPOINTS / "classical"
    arguments = {"channels": 2, "latent": 4, "lift": 5, "seed": 0}
    storage.save(VAE(2, 4, 5, seed=0), "classical/model", "classical", arguments)
    assert storage.describe("classical")[0] == Path("classical/model")
    assert storage.describe("checkpoints/classical")[0] == paths.CHECKPOINTS / "classical"


@pytest.mark.parametrize("name", ["quantm", "checkpoints/quantm", "elsewhere/quantum", "."])
def test_of_an_unknown_name_the_known_ones_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=f"or one of {NAMES}, was {name}") as error:
        latentq.load(name)

    assert ("did you mean quantum?" in str(error.value)) == (name != ".")


@pytest.mark.parametrize("name", ["features", "checkpoints/features"])
def test_the_network_of_fid_is_found_from_any_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    _, described, _ = reuse.feature_network(load_config([f"metrics.features={name}"]))

    _, description = storage.describe(ROOT / "checkpoints" / "features")
    assert described["sha256"] == description["sha256"]


def test_data_of_an_installed_package_are_the_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert paths.DATA == ROOT / "data" and not paths.INSTALLED

    monkeypatch.setenv("HOME", str(tmp_path))
    for cache, folder in (("", ".cache"), ("relative", ".cache"), (f"{tmp_path}/own", "own")):
        monkeypatch.setenv("XDG_CACHE_HOME", cache)
        assert paths.user_data() == tmp_path / folder / "latentq"


def test_an_installed_package_publishes_nothing(
    line: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publish, "INSTALLED", True)
    done = line.call(publish.publish, "name=quantum")

    assert done.code == 2 and "publish: is for a checkout" in done.mistakes[0]


# --- Modules of a user


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A first place on the search path, and no baselines imported."""
    monkeypatch.syspath_prepend(tmp_path)
    with patch.dict(sys.modules):
        for name in [n for n in sys.modules if n.partition(".")[0] == "baselines"]:
            del sys.modules[name]
        yield tmp_path


def test_baselines_of_a_user_do_not_hide_ours(fresh: Path) -> None:
    (fresh / "baselines.py").write_text("raise RuntimeError('not to be imported')")

    found = registry.find("classical").load()

    module = sys.modules["baselines.vae"].__file__
    assert found is not VAE and module and Path(module) == ROOT / "baselines" / "vae.py"
    assert packages.import_module("baselines.vae").VAE is found


@pytest.mark.parametrize("known", [True, False], ids=["registered before", "not yet"])
@pytest.mark.parametrize("place", ["baselines.py", "baselines/__init__.py", "baselines"])
def test_baselines_that_a_user_has_imported_are_named(
    fresh: Path, monkeypatch: pytest.MonkeyPatch, place: str, known: bool
) -> None:
    other = ModuleType("baselines")
    if place == "baselines":
        other.__path__ = [str(fresh / place)]
        (fresh / place).mkdir()
    else:
        other.__file__ = str(fresh / place)
    sys.modules["baselines"] = other
    if not known:
        own = {name: registry.find(name) for name in ("quantum", "features")}
        monkeypatch.setattr(registry, "ENTRIES", own)

    with pytest.raises(InputError, match=f"{fresh / place} was imported; rename that"):
        latentq.load("classical")
    latentq.load("features")


def test_a_package_that_cannot_be_loaded_is_not_kept(
    fresh: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packages, "ROOT", fresh)
    monkeypatch.setattr(packages, "own_packages", lambda: ("baselines",))
    with pytest.raises(FileNotFoundError):
        packages.import_module("baselines.vae")

    assert "baselines" not in sys.modules
