"""What is measured is what was trained: the data of a model, noted, opened again, or refused."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

import latentq.data.identity
from latentq.config.compose import load_config
from latentq.data import ImageData, load_data
from latentq.data.identity import data_differences, recorded_data, reopen_data
from latentq.data.module import Split
from latentq.errors import CheckpointError, InputError
from latentq.evaluation.scores import measure
from latentq.models import storage
from latentq.training import reuse
from tests.conftest import needs_mnist

ROOT = Path(__file__).parent.parent
VAE: dict[str, Any] = {"channels": 2, "latent": 4, "lift": 5, "seed": 0}
OPTIONS: dict[str, Any] = {"validation": 40, "limit": 60, "seed": 3}


def saved(folder: Path, notes: dict[str, Any]) -> Path:
    storage.save(storage.build("classical", VAE), folder / "model", "classical", VAE, notes)
    return folder


@pytest.fixture(scope="module")
def digits() -> ImageData:
    return load_data("digits", **OPTIONS)


def test_the_same_splits_are_opened_again(digits: ImageData, tmp_path: Path) -> None:
    again = reopen_data(saved(tmp_path, {"data": digits.describe()}))

    for part in ("train", "validation", "test", "unlimited"):
        assert torch.equal(getattr(again, part).images, getattr(digits, part).images), part
    assert (again.seed, again.limit, len(again.validation.labels)) == (3, 60, 40)


def test_the_metrics_of_an_older_run_tell_its_data(digits: ImageData, tmp_path: Path) -> None:
    """They had no seed and no split, and the notes had a name alone."""
    facts = {k: v for k, v in digits.describe().items() if k not in ("seed", "split")}
    folder = saved(tmp_path, {"data": "digits", "limit": 60, "seed": 3})
    with pytest.raises(CheckpointError, match="does not say which data it was trained on"):
        recorded_data(folder)
    (folder / "metrics.json").write_text(json.dumps({"data": facts}))

    assert recorded_data(folder) == {**facts, "seed": 3}
    assert torch.equal(reopen_data(folder).validation.images, digits.validation.images)
    assert reopen_data(folder / "model").describe() == digits.describe()


CHANGED = {
    "name": "mnist-like",
    "sha256": "0" * 64,
    "split": "0" * 64,
    "limit": 61,
    "validation": 41,
    "seed": 4,
}


@pytest.mark.parametrize("key", CHANGED)
def test_other_data_are_another_thing(key: str, digits: ImageData) -> None:
    facts = digits.describe()

    (found,) = data_differences({**facts, key: CHANGED[key]}, facts)
    was, here = (
        f"{str(x)[:12]}..." if key in ("sha256", "split") else repr(x)
        for x in (CHANGED[key], facts[key])
    )
    assert found == f"{key}: was {was}, here {here}"
    assert data_differences(facts, facts) == []


@pytest.mark.parametrize("key", ["sha256", "split"])
def test_data_that_changed_are_refused(key: str, digits: ImageData, tmp_path: Path) -> None:
    facts = {**digits.describe(), key: CHANGED[key]}
    folder = saved(tmp_path, {"data": facts})

    with pytest.raises(InputError, match=rf"trained on other data than are here \({key}: was"):
        reopen_data(folder)


@pytest.mark.parametrize(
    ("key", "value"),
    [("validation", "6000"), ("seed", None), ("limit", -1), ("name", 3), ("limit", True)],
)
def test_damaged_facts_are_named(
    key: str, value: object, digits: ImageData, tmp_path: Path
) -> None:
    folder = saved(tmp_path, {"data": {**digits.describe(), key: value}})

    with pytest.raises(CheckpointError, match=rf"{key} is missing or wrong"):
        reopen_data(folder)


def test_unknown_data_are_never_mnist(digits: ImageData, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"must be one of mnist, .* folder, was 'emnist'"):
        load_data("emnist")
    with pytest.raises(InputError, match="must be one of"):
        reopen_data(saved(tmp_path, {"data": {**digits.describe(), "name": "emnist"}}))


def test_a_digits_model_is_measured_on_its_digits(
    digits: ImageData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, seen = saved(tmp_path, {"data": digits.describe()}), {}
    monkeypatch.setattr(
        "latentq.evaluation.scores.evaluate",
        lambda *_, **settings: seen.update(settings) or {},
    )

    measure([f"checkpoint={folder}", f"features={ROOT / 'checkpoints' / 'features'}"])
    assert torch.equal(seen["test"], digits.test.images)
    assert torch.equal(seen["train"], digits.train.images)
    assert torch.equal(seen["real"], digits.unlimited.images)
    assert seen["seed"] == 3
    measure(
        [
            f"checkpoint={folder}",
            f"features={ROOT / 'checkpoints' / 'features'}",
            *("split=validation", "seed=5"),
        ]
    )
    assert torch.equal(seen["test"], digits.validation.images)
    assert torch.equal(seen["labels"], digits.validation.labels)
    assert seen["seed"] == 5


@pytest.mark.parametrize("key", CHANGED)
def test_an_autoencoder_of_other_images_is_refused(
    key: str, digits: ImageData, tmp_path: Path
) -> None:
    """Of more images it would leak them; of another split, those that are set aside."""
    facts = digits.describe()
    folder = saved(tmp_path, {"data": {**facts, key: CHANGED[key]}})
    config = load_config(["model=vae_diffusion", f"autoencoder={folder}"])

    with pytest.raises(InputError, match=rf"must be of a run on the same images, .* \({key}: was"):
        reuse.check_autoencoder(config, digits)
    saved(tmp_path, {"data": facts})
    reuse.check_autoencoder(config, digits)


def test_an_autoencoder_of_all_images_is_none_of_some(tmp_path: Path) -> None:
    whole, part = (load_data("digits", validation=40, limit=limit) for limit in (None, 300))
    folder = saved(tmp_path, {"data": whole.describe()})
    config = load_config(["model=vae_diffusion", f"autoencoder={folder}"])

    with pytest.raises(InputError, match="limit: was None, here 300"):
        reuse.check_autoencoder(config, part)


def test_the_split_is_told_by_its_places() -> None:
    """Another split of the same seed, as another version of torch might draw, is another one."""
    whole = Split(torch.zeros(50, 1, 28, 28), torch.arange(50) % 10)
    one, other = (ImageData("a", "0", whole, whole, 10, None, 5, seed) for seed in (0, 1))

    assert one.describe() == ImageData("a", "0", whole, whole, 10, None, 7, 0).describe()
    assert one.split != other.split


@pytest.mark.parametrize(
    "name", ["quantum", "classical", "quantum-conditional", "quantum-mmd", "features"]
)
def test_shipped_models_say_what_they_were_trained_on(name: str) -> None:
    facts = recorded_data(ROOT / "checkpoints" / name)

    assert (facts["name"], facts["validation"], facts["limit"]) == ("mnist", 6000, None)
    notes = storage.describe(ROOT / "checkpoints" / name)[1]["notes"]
    assert notes["data"] == facts and notes["seed"] == facts["seed"]


@needs_mnist
def test_the_shipped_model_is_opened_with_the_split_that_it_had() -> None:
    """Images of the training split are seen less sharply by nobody: the facts are what counts."""
    found = reopen_data(ROOT / "checkpoints" / "quantum").describe()

    assert data_differences(recorded_data(ROOT / "checkpoints" / "quantum"), found) == []
    assert (
        found["sha256"]
        == latentq.data.identity.recorded_data(ROOT / "checkpoints" / "classical")["sha256"]
    )


def test_of_other_data_the_name_alone_is_told(digits: ImageData) -> None:
    facts = digits.describe()

    assert data_differences({**facts, **CHANGED}, facts) == [
        "name: was 'mnist-like', here 'digits'"
    ]
