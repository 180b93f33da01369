"""Models by name: classes, places of classes, plugins and entry points, right and wrong ones."""

import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any, Literal
from unittest.mock import patch

import pytest
import torch
from pydantic import Field
from torch import Tensor, nn

import latentq
from latentq.config import packages, registry
from latentq.config.compose import load_config
from latentq.config.config import arguments_of
from latentq.config.fields import Count, Settings, fields
from latentq.errors import InputError
from latentq.models.classifier import Classifier
from latentq.models.states import StateModel
from tests.command_line import ROOT


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A current folder for modules of a user; what they register is forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    with patch.dict(sys.modules), patch.dict(registry.ENTRIES):
        yield tmp_path


class Good:
    """A model, as far as its name and its arguments go."""

    def __init__(
        self,
        width: int,
        seed: int,
        rate: float = 0.5,
        mode: Literal["a", "b"] = "a",
        sizes: tuple[int, ...] = (1, 2),
        *,
        label: str | None = None,
    ) -> None: ...

    def encode(self, images: Tensor) -> Tensor: ...  # type: ignore[empty-body]
    def decode(self, latents: Tensor) -> Tensor: ...  # type: ignore[empty-body]
    def loss(self, *batch: Tensor) -> dict[str, Tensor]: ...  # type: ignore[empty-body]
    def sample(self, n: int, seed: int = 0) -> Tensor: ...  # type: ignore[empty-body]


def test_the_models_of_latentq_and_of_the_package_beside_it() -> None:
    assert registry.names() == [
        *("branches", "classical", "codebook", "dephased", "ensemble", "features", "isometries"),
        *("latent_diffusion", "linear", "measure_and_prepare", "mixture", "near_term"),
        *("neighbours", "perceptrons", "quantum", "traced", "vae_diffusion", "vae_mixture"),
    ]
    assert registry.find("classical").title == "VAE"
    assert all(registry.find(name).plugin is None for name in registry.names())
    found = {name: registry.find(name).settings.latent for name in registry.names()}
    assert {k for k, v in found.items() if v == "vae"} == {
        *("classical", "vae_diffusion", "vae_mixture")
    }
    assert [k for k, v in found.items() if v is None] == ["features"]
    assert [n for n in registry.names() if registry.find(n).classifier] == ["features"]


def test_nothing_in_latentq_names_the_package_beside_it() -> None:
    for path in (ROOT / "latentq").rglob("*.py"):
        code = re.sub(r'"""[\s\S]*?"""|#.*', "", path.read_text())
        assert not re.search(r"\bbaselines\b", code), path


def test_names_and_settings_are_known_without_torch() -> None:
    code = (
        "import sys; from latentq.config.registry import find, names;"
        "[find(name).settings for name in names()]; sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


# --- Settings


def test_the_arguments_of_a_class_are_the_keys_of_its_model() -> None:
    assert latentq.register("good")(Good) is Good

    config = load_config(["model=good", "model.width=3", "seed=7", "model.label=x y"])
    assert config["model"] == {
        **{"kind": "good", "width": 3, "rate": 0.5, "mode": "a", "sizes": [1, 2]},
        "label": "x y",
    }
    arguments = arguments_of(config)
    assert arguments == {k: v for k, v in config["model"].items() if k != "kind"} | {"seed": 7}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "model.width: must be given"),
        (["model.width=x"], "model.width: must be an integer, was 'x'"),
        (["model.width=1", "model.mode=c"], "model.mode: must be one of a, b, was 'c'"),
        (["model.width=1", "prior.qubits=3"], "prior.qubits: this model has no such key"),
        (["model.width=1", "model.widht=3"], "no such key (did you mean model.width?)"),
    ],
)
def test_wrong_arguments_are_named(words: list[str], message: str) -> None:
    latentq.register("good")(Good)

    with pytest.raises(InputError) as error:
        load_config(["model=good", *words])
    assert message in str(error.value)


class Width(Settings):
    width: Count = Field(3, description="how wide it is")


class Prior(Settings):
    depth: Count = 2


def test_own_sections_become_the_settings_of_a_run() -> None:
    latentq.register("one", settings=Width)(Good)
    latentq.register("two", settings={"model": Width, "prior": Prior})(Good)

    one, two = load_config(["model=one"]), load_config(["model=two", "prior.depth=4"])
    assert arguments_of(one) == {"width": 3, "seed": 0}
    assert arguments_of(two) == {"width": 3, "depth": 4, "seed": 0}
    assert dict(fields(registry.find("one").settings))["model.width"].description


def test_a_model_of_states_may_use_the_autoencoder_of_another() -> None:
    class States(Good):
        latent_space = "states"

        def objective(self) -> None: ...

    latentq.register("good")(Good)
    latentq.register("states")(States)

    found = load_config(["model=states", "model.width=1", "autoencoder=x"], "debug")
    assert found["autoencoder"] == "x" and found["denoising"]["iterations_per_epoch"] == 4
    assert "autoencoder" not in load_config(["model=good", "model.width=1"])
    assert registry.find("states").settings.latent == "states"


# --- Wrong classes and names


class Unsaid(Good):
    def __init__(self, width) -> None: ...  # type: ignore[no-untyped-def]  # noqa: ANN001


class Odd(Good):
    def __init__(self, layer: nn.Module) -> None: ...


class OddDefault(Good):
    def __init__(self, rate: Any = torch.nn.ReLU) -> None: ...  # noqa: ANN401


class Half(StateModel):
    def encode(self, images: Tensor) -> Tensor: ...  # type: ignore[empty-body]


@pytest.mark.parametrize(
    ("name", "target", "message"),
    [
        ("a b", Good, "register: a name must be a letter and then .*, was 'a b'"),
        ("", Good, "register: a name must be"),
        ("../x", Good, "register: a name must be"),
        (3, Good, "register: a name must be .*, was 3"),
        ("quantum", Good, "quantum: is the name of latentq.models.hybrid:LatentQ already"),
        ("mine", nn.Linear, "mine: Linear must have the method sample"),
        ("mine", Half, "mine: Half must have the method sample"),
        ("mine", "nowhere", "mine: must be a class, or module:Class, was 'nowhere'"),
        ("mine", Unsaid, "mine: the argument width of Unsaid must have a type"),
        ("mine", Odd, "mine: its arguments make no settings: .*Module"),
        ("mine", OddDefault, "mine: the default of the argument rate must be a number"),
    ],
)
def test_what_cannot_be_registered_is_told(name: Any, target: Any, message: str) -> None:  # noqa: ANN401
    before = dict(registry.ENTRIES)
    with pytest.raises(InputError, match=f"^{message}") as error:
        latentq.register(name, target)

    assert len(error.value.lines()) == 1
    assert before == registry.ENTRIES


def test_a_role_is_one_of_some() -> None:
    with pytest.raises(InputError, match=r"role must be one of quantum, .*, was 'best'"):
        latentq.register("mine", Good, role="best")  # type: ignore[arg-type]
    latentq.register("mine", Classifier, role="classifier")
    assert registry.find("mine").classifier


def test_a_class_that_is_defined_anew_takes_its_own_place() -> None:
    latentq.register("good", Good)
    again = type("Good", (Good,), {"__module__": Good.__module__, "__qualname__": "Good"})
    latentq.register("good", again)

    assert registry.find("good").load() is again


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("nowhere.at_all:X", "mine: its module nowhere.at_all is no module in the current folder"),
        (f"{__name__}:Nobody", f"mine: there is no class Nobody in {__name__}"),
        (f"{__name__}:Half", "mine: Half must have the method sample"),
        (f"{__name__}:ROOT", "mine: must be a class, was "),
    ],
)
def test_a_place_without_a_model_is_told_when_it_is_asked_for(target: str, message: str) -> None:
    latentq.register("mine", target, settings=Width)

    with pytest.raises(InputError, match=message):
        registry.find("mine").load()
    load_config([])


def test_of_an_unknown_model_the_nearest_is_told() -> None:
    with pytest.raises(InputError, match=r"model: must be one of .*'quantm' \(did you mean qua"):
        registry.find("quantm")


# --- Plugins

REGISTERS = f"""
import latentq
from {__name__} import Good
latentq.register("mine", Good, title="mine at last")
"""


def test_a_plugin_is_found_in_the_current_folder(place: Path) -> None:
    (place / "my_module.py").write_text(REGISTERS)

    config = load_config(["plugin=my_module", "model=mine", "model.width=1"])
    assert (config["model"]["kind"], config["plugin"]) == ("mine", "my_module")
    entry = registry.find("mine")
    assert (entry.plugin, entry.title) == ("my_module", "mine at last")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "my_module is no module in the current folder, and none that is installed"),
        ("x = 1\n1 / 0", "cannot be imported in line 2 of .*my_module.py: ZeroDivisionError: "),
        ("def f(:", "cannot be imported in line 1 of .*my_module.py: SyntaxError: "),
        ("import nothing_here", "in line 1 of .*: ModuleNotFoundError: No module named 'nothing"),
        (
            "import latentq\nlatentq.register('quantum', 'my_module:X')",
            "my_module cannot be used: quantum: is the name of latentq",
        ),
    ],
)
def test_a_plugin_that_cannot_be_imported_is_told_in_one_line(
    place: Path, content: str | None, message: str
) -> None:
    if content is not None:
        (place / "my_module.py").write_text(content)

    with pytest.raises(InputError, match=message) as error:
        load_config(["plugin=my_module", "model=mine"])
    (line,) = error.value.lines()
    assert line.startswith("plugin: my_module ")


@pytest.mark.parametrize("name", ["my-module", "../x", "a b", "1x", "a,,b", ""])
def test_a_plugin_is_the_name_of_a_module(name: str) -> None:
    with pytest.raises(InputError, match="plugin: must be a module, such as my_module"):
        load_config([f"plugin={name}"])


def test_several_plugins_have_commas_between(place: Path) -> None:
    (place / "one.py").write_text(REGISTERS)
    (place / "two.py").write_text(REGISTERS.replace("mine", "other"))

    registry.load_plugins("one,two")
    assert registry.has("mine") and registry.has("other")
    with pytest.raises(InputError, match=r"leave out \.py, as in one"):
        registry.load_plugins("one.py")


# --- Entry points of other distributions


def entry_point(value: str) -> metadata.EntryPoint:
    return metadata.EntryPoint("theirs", value, packages.GROUP)


def test_an_installed_package_registers_models(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (place / "their_package.py").write_text(REGISTERS.replace('"mine"', '"theirs"'))
    monkeypatch.syspath_prepend(place)
    monkeypatch.setattr(packages, "other_entry_points", lambda: [entry_point("their_package")])

    assert load_config(["model=theirs", "model.width=2"])["model"]["width"] == 2
    assert registry.find("theirs").plugin == "their_package"


def test_a_broken_package_breaks_none_but_its_own_models(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (place / "broken_package.py").write_text("raise OSError('out of order')")
    monkeypatch.syspath_prepend(place)
    monkeypatch.setattr(packages, "other_entry_points", lambda: [entry_point("broken_package")])

    load_config(["model=codebook"])
    assert "mixture" in registry.names()
    with pytest.raises(InputError, match=r"was 'theirs'.*; broken_package .*OSError: out of"):
        registry.find("theirs")


def test_entry_points_of_latentq_are_read_from_its_own_tree() -> None:
    assert packages.own_packages() == ("baselines",)
    assert all(point.dist for point in packages.other_entry_points())
    values = [point.value for point in packages.other_entry_points()]
    assert "baselines" not in values
