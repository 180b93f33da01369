"""Which data, which autoencoder and which code a run has: noted, compared, and taken up again."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from torch import Tensor

from latentq.config.compose import load_config
from latentq.config.config import Config, arguments_of, check_training_images
from latentq.data.module import ImageData, Split, load_data
from latentq.errors import CheckpointError, InputError
from latentq.experiments import ablation
from latentq.models import storage
from latentq.models.generative import GenerativeModel
from latentq.randomness import derive_generator
from latentq.training import reuse, run_folder, stages, workflow
from latentq.training.run import Run

SMALL = ("data=digits", "prior.layers=1", "prior.steps=2", "model.channels=1")
VAE: dict[str, Any] = {"channels": 1, "latent": 2, "lift": 2, "seed": 0}


def images(seed: int = 3, limit: int | None = 60) -> ImageData:
    return load_data("digits", limit=limit, seed=seed, validation=40)


# --- Data


def test_data_are_described_by_their_own_splits() -> None:
    whole = Split(torch.zeros(50, 1, 28, 28), torch.arange(50) % 10)
    test = Split(torch.zeros(7, 1, 28, 28), torch.arange(7))
    facts = ImageData("a", "0", whole, test, 12, 20, 5, 4).describe()
    order = torch.randperm(50, generator=derive_generator(4, "validation"))

    assert facts == {
        **{"name": "a", "sha256": "0", "limit": 20, "seed": 4},
        **{"train": 20, "validation": 12, "test": 7},
        "split": hashlib.sha256(order[:12].numpy().tobytes()).hexdigest(),
    }


def test_test_images_are_the_same_for_every_seed() -> None:
    one, other = images(0), images(1)

    assert torch.equal(one.test.images, other.test.images)
    assert not torch.equal(one.validation.images, other.validation.images)


def test_every_class_of_a_conditional_model_has_images() -> None:
    counts = [6] * 9 + [0]
    check_training_images(load_config(["model=classical"]), counts)
    check_training_images(load_config(["model=classical", "model.conditional=true"]), [6] * 10)

    with pytest.raises(InputError, match=r"1 of them have none \(9\)"):
        check_training_images(load_config(["model=classical", "model.conditional=true"]), counts)


# --- Autoencoders


def weights(model: GenerativeModel) -> Tensor:
    parts = (*model.encoder.parameters(), *model.decoder.parameters())
    return torch.cat([p.detach().flatten() for p in parts])


def begun(folder: Path, *words: str) -> Run:
    folder.mkdir(exist_ok=True)
    return Run(folder, load_config(["model=quantum", "seed=3", *SMALL, *words]), "cpu", "a run")


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[GenerativeModel]:
    """The models whose training is asked for, which adds one to all weights."""
    models: list[GenerativeModel] = []

    def train(run: Run, model: GenerativeModel, data: object) -> None:
        models.append(model)
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.add_(1)

    monkeypatch.setattr(stages, "train_images", train)
    return models


def test_a_kept_autoencoder_is_taken_up(tmp_path: Path, trained: list[GenerativeModel]) -> None:
    run, data = begun(tmp_path / "a"), images()
    arguments = arguments_of(run.config)
    first = workflow.train_autoencoder(run, data, arguments)
    again = begun(tmp_path / "a")
    second = workflow.train_autoencoder(again, data, arguments)

    assert len(trained) == 1 and torch.equal(weights(first), weights(second))
    assert again.seconds["autoencoder"] == pytest.approx(run.seconds["autoencoder"])


def test_a_borrowed_autoencoder_is_kept_as_it_was(
    tmp_path: Path, trained: list[GenerativeModel]
) -> None:
    """Its run may be gone when this one is resumed."""
    arguments = {**arguments_of(begun(tmp_path / "b").config), "seed": 9}
    other = storage.build("quantum", arguments)
    storage.save(other, tmp_path / "lender", "quantum", arguments)
    run = begun(tmp_path / "a", f"autoencoder={tmp_path / 'lender'}")
    first = workflow.train_autoencoder(run, images(), arguments_of(run.config))
    shutil.rmtree(tmp_path / "lender")
    second = workflow.train_autoencoder(run, images(), arguments_of(run.config))

    assert not trained and torch.equal(weights(first), weights(other))  # type: ignore[arg-type]
    assert torch.equal(weights(second), weights(first))


@pytest.mark.parametrize(
    ("lender", "borrower", "word"),
    [
        ("classical", "quantum", "latent space of a quantum model"),
        ("quantum", "vae_diffusion", "latent space of a vae_diffusion model"),
    ],
)
def test_an_autoencoder_has_the_latent_space_of_its_model(
    lender: str, borrower: str, word: str, tmp_path: Path
) -> None:
    data = images()
    arguments = VAE if lender == "classical" else arguments_of(begun(tmp_path / "b").config)
    folder, notes = tmp_path / "lender", {"data": data.describe()}
    storage.save(storage.build(lender, arguments), folder, lender, arguments, notes)
    config = load_config([f"model={borrower}", f"autoencoder={folder}"])

    with pytest.raises(InputError, match=word):
        reuse.check_autoencoder(config, data)


def test_damaged_weights_are_refused(tmp_path: Path) -> None:
    storage.save(storage.build("classical", VAE), tmp_path, "classical", VAE)
    (weights_file,) = tmp_path.glob("*.safetensors")
    content = bytearray(weights_file.read_bytes())
    content[-7] ^= 1
    weights_file.write_bytes(content)

    with pytest.raises(CheckpointError, match="is damaged, its sha256 is not the one"):
        storage.load(tmp_path)


# --- Runs


def opened(root: Path, data: ImageData, *words: str) -> Path:
    config = load_config(["model=quantum", *SMALL, f"run.root={root}", *words])
    return workflow.open_run(config, data).folder


def end(folder: Path) -> None:
    (folder / run_folder.METRICS).write_text("{}")


def test_a_run_is_skipped_where_it_had_the_same_data(tmp_path: Path) -> None:
    first = opened(tmp_path, images())
    end(first)
    skip = "run.skip_finished=true"

    assert json.loads((first / "data.json").read_text()) == images().describe()
    assert opened(tmp_path, images(), skip) == first
    assert opened(tmp_path, images(limit=61), skip) != first
    assert opened(tmp_path, images(seed=4), skip) != first
    assert opened(tmp_path, images(), skip, "prior.layers=2") != first


def test_a_run_is_resumed_with_the_same_data_alone(tmp_path: Path) -> None:
    first = opened(tmp_path, images())

    assert opened(tmp_path, images(), f"resume={first}") == first
    with pytest.raises(InputError, match=r"another configuration .*limit: was 60, here 61"):
        opened(tmp_path, images(limit=61), f"resume={first}")
    with pytest.raises(InputError, match=r"another configuration .*seed: was 3, here 4"):
        opened(tmp_path, images(seed=4), f"resume={first}")
    with pytest.raises(InputError, match=r"another configuration .*prior.layers: was 1, now 2"):
        opened(tmp_path, images(), f"resume={first}", "prior.layers=2")


def changed(word: str) -> list[str]:
    config = load_config(["model=quantum", *SMALL])
    key, _, value = word.partition("=")
    part: Config = config
    for name in key.split(".")[:-1]:
        part = part[name]
    part[key.rpartition(".")[2]] = yaml.safe_load(value)
    before = run_folder.decisive(load_config(["model=quantum", *SMALL]))
    now = run_folder.decisive(config)
    return [k for k in before.keys() | now.keys() if before.get(k) != now.get(k)]


@pytest.mark.parametrize(
    "word",
    [
        "data.limit=5",
        "data.validation=5",
        "denoising.target_batch_size=5",
        "seed=5",
        "prior.new=5",
    ],
)
def test_what_matters_for_results_is_decisive(word: str) -> None:
    assert changed(word) == [word.partition("=")[0]]


@pytest.mark.parametrize("word", ["data.root=5", "device=5", "run.root=5", "resume=5"])
def test_places_and_devices_are_not(word: str) -> None:
    assert changed(word) == []


def test_a_setting_that_a_run_did_not_have_is_a_difference(tmp_path: Path) -> None:
    config = load_config(["model=quantum", *SMALL])
    older = {key: value for key, value in config.items() if key != "loss"}
    (tmp_path / run_folder.CONFIG).write_text(yaml.safe_dump(older))

    (found,) = run_folder.differences(tmp_path, config)
    assert found.startswith("loss: was None, now ")


def test_the_newest_finished_run_of_a_row_is_read(tmp_path: Path) -> None:
    config = load_config(ablation.overrides("mmdk", 1, str(tmp_path)))
    for number in ("", "-2", "-3"):
        folder = tmp_path / "ablation" / f"mmdk-seed1{number}"
        folder.mkdir(parents=True)
        (folder / run_folder.CONFIG).write_text(yaml.safe_dump(config))
        if number != "-3":
            end(folder)

    found = ablation.finished_run("mmdk", 1, str(tmp_path))
    assert found is not None and found.name == "mmdk-seed1-2"
