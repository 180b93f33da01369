import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import latentq
from baselines.vae import VAE
from latentq import paths
from latentq.config import registry
from latentq.errors import InputError
from latentq.models import storage

ARGUMENTS: dict[str, Any] = {"channels": 2, "latent": 4, "lift": 5, "seed": 0}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    storage.save(VAE(**ARGUMENTS), tmp_path / "model", "classical", ARGUMENTS, {"note": 1})
    return tmp_path / "model"


def test_save_and_load_give_the_same_model(folder: Path) -> None:
    model = VAE(**ARGUMENTS)
    torch.nn.init.constant_(next(model.encoder.parameters()), 3.0)
    storage.save(model, folder, "classical", ARGUMENTS)

    for path in (folder, folder.parent, str(folder)):
        loaded = latentq.load(path)
        assert not loaded.training
        for name, value in model.state_dict().items():
            assert torch.equal(value, loaded.state_dict()[name]), name


def test_saving_leaves_two_files(folder: Path) -> None:
    assert sorted(p.name for p in folder.iterdir()) == ["config.json", "weights.safetensors"]
    assert json.loads((folder / "config.json").read_text())["notes"] == {"note": 1}


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(place=st.integers(min_value=0), bit=st.integers(0, 7))
def test_a_flipped_bit_is_refused(folder: Path, place: int, bit: int) -> None:
    path = folder / storage.WEIGHTS
    good = path.read_bytes()
    bad = bytearray(good)
    bad[place % len(bad)] ^= 1 << bit
    path.write_bytes(bad)
    try:
        with pytest.raises(InputError, match="damaged"):
            latentq.load(folder)
    finally:
        path.write_bytes(good)


def change(folder: Path, **values: object) -> None:
    path = folder / storage.CONFIG
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def test_foreign_models_are_refused(folder: Path) -> None:
    change(folder, arguments={**ARGUMENTS, "latent": 8})
    with pytest.raises(InputError, match="does not fit"):
        latentq.load(folder)

    change(folder, arguments={"latents": 8})
    with pytest.raises(InputError, match="does not fit"):
        latentq.load(folder)

    change(folder, kind="os.system")
    with pytest.raises(InputError, match="kind: must be one of"):
        latentq.load(folder)

    change(folder, format=99)
    with pytest.raises(InputError, match="format must be 2, was 99"):
        latentq.load(folder)


class Faulty(torch.nn.Module):
    """A model that somebody is writing, with a bug in its constructor or its check."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        if channels == 1:
            raise TypeError("a bug of the constructor")

    def check(self) -> None:
        raise TypeError("a bug of the check")


def test_a_bug_in_somebodys_own_model_is_no_wrong_argument(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = replace(registry.find("features"), target=Faulty)
    monkeypatch.setitem(registry.ENTRIES, "features", entry)
    with pytest.raises(TypeError, match="a bug of the constructor"):
        storage.build("features", {"channels": 1})
    model = storage.build("features", {"channels": 2})
    storage.save(model, tmp_path, "features", {"channels": 2})
    with pytest.raises(TypeError, match="a bug of the check"):
        storage.load(tmp_path)


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", "null", "\x00"])
def test_a_damaged_description_is_refused(folder: Path, content: str) -> None:
    (folder / storage.CONFIG).write_text(content)

    with pytest.raises(InputError):
        latentq.load(folder)


def test_missing_files_are_named(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="must be a folder"):
        latentq.load(tmp_path / "nothing")

    (folder / storage.WEIGHTS).unlink()
    with pytest.raises(InputError, match="cannot be read"):
        latentq.load(folder)


def test_a_failed_write_leaves_the_old_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, old = folder / storage.CONFIG, (folder / storage.CONFIG).read_bytes()

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(paths.os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        paths.write_atomically(path, b"new")

    assert path.read_bytes() == old
    assert len(list(folder.iterdir())) == 2
