"""Keys and arguments of before: what was written with them is read, and asking for one is told."""

import json
import shutil
from pathlib import Path

import pytest
import torch
import yaml

import latentq
from latentq.config.compose import load_config
from latentq.config.config import known_fields
from latentq.config.renamed import (
    ARGUMENTS,
    KEYS,
    current_arguments,
    current_config,
)
from latentq.errors import InputError
from latentq.paths import CHECKPOINTS
from latentq.training import run_folder

OLD = {"prior": {"noise": 1.5, "steps": 5}, "noise": 0.15, "channels": 16}
NEW = {"prior": {"terminal_strength": 1.5, "steps": 5}, "latent_noise": 0.15, "channels": 16}


@pytest.mark.parametrize(("old", "new"), [*KEYS.items()])
def test_an_old_key_is_answered_with_the_new_one(old: str, new: str) -> None:
    known = {key for key, _ in known_fields()}
    model = "latent_diffusion" if old == "denoising.batch" else "quantum"

    assert new in known and old not in known
    with pytest.raises(InputError, match=f"^{old}: is called {new} now$"):
        load_config([f"model={model}", f"{old}=1"])


def test_arguments_of_before_are_those_of_now() -> None:
    assert current_arguments(OLD) == current_arguments(NEW) == NEW
    assert current_arguments({"terminal_noise": 1.0, "seed": 3}) == {
        "terminal_strength": 1.0,
        "seed": 3,
    }
    assert not ARGUMENTS.keys() & ARGUMENTS.values()


def test_a_configuration_of_before_is_that_of_now(tmp_path: Path) -> None:
    config = load_config(["model=latent_diffusion", "denoising.epochs=7"])
    back = {new: old for old, new in KEYS.items()}
    written = {
        section: {back.get(f"{section}.{key}", f"{section}.{key}").split(".")[1]: v
                  for key, v in inner.items()}
        if isinstance(inner, dict) else inner
        for section, inner in config.items()
    }  # fmt: skip
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(written))

    assert written["denoising"]["together"] == 7 and written["model"]["noise"] == 0.15
    assert current_config(written) == current_config(config) == config
    assert run_folder.differences(tmp_path, config) == []
    (found,) = run_folder.differences(tmp_path, load_config(["model=latent_diffusion"]))
    assert found == "denoising.epochs: was 7, now 15"


def test_a_model_of_format_1_is_the_same_model(tmp_path: Path) -> None:
    shutil.copytree(CHECKPOINTS / "quantum", tmp_path / "model")
    path = tmp_path / "model" / "config.json"
    description = json.loads(path.read_text())
    arguments = description["arguments"]
    arguments["noise"] = arguments.pop("latent_noise")
    arguments["prior"]["noise"] = arguments["prior"].pop("terminal_strength")
    path.write_text(json.dumps({**description, "format": 1}))
    before, now = latentq.load(tmp_path / "model"), latentq.load("quantum")

    assert description["format"] == 2
    assert before.latent_noise == now.latent_noise == 0.15
    assert torch.equal(before.sample(2, seed=0), now.sample(2, seed=0))  # type: ignore[operator]


def test_arguments_of_before_are_of_format_1_alone(tmp_path: Path) -> None:
    shutil.copytree(CHECKPOINTS / "quantum", tmp_path / "model")
    path = tmp_path / "model" / "config.json"
    description = json.loads(path.read_text())
    description["arguments"]["noise"] = description["arguments"].pop("latent_noise")
    path.write_text(json.dumps(description))

    with pytest.raises(InputError, match=r"noise: no quantum model has it"):
        latentq.load(tmp_path / "model")
