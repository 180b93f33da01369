"""What a run takes from other runs: the network of its features, and a trained autoencoder."""

from typing import Any, cast

import torch

from latentq.config import registry
from latentq.config.config import Config
from latentq.data.identity import data_differences, recorded_data
from latentq.data.protocol import ImageSource
from latentq.errors import InputError
from latentq.models import storage
from latentq.models.classifier import Classifier
from latentq.models.generative import GenerativeModel
from latentq.training import stages


def prepare(config: Config) -> None:
    """Checks device and feature network, and sets the number of threads, before any work.

    Raises:
        InputError: If a GPU is asked for and absent, or a network that it needs is missing.
    """
    stages.accelerator(config["device"])
    torch.set_num_threads(config["threads"])
    if not registry.find(config["model"]["kind"]).classifier:
        feature_network(config)


def check_autoencoder(config: Config, data: ImageSource) -> None:
    """Checks the model whose autoencoder is to be used, if one is.

    Arguments:
        config: The configuration.
        data: The data of the run.

    Raises:
        InputError: If it has another latent space, or was trained on other images: on those that
            this run sets aside, on more than its limit, or on other data.
    """
    path = config.get("autoencoder")
    if not path:
        return
    try:
        _, description = storage.describe(path)
        differ = data_differences(recorded_data(path), data.describe())
    except InputError as error:
        raise InputError(f"autoencoder: {str(error).removeprefix('checkpoint: ')}") from error
    kind, wanted = description["kind"], config["model"]["kind"]
    spaces = [registry.find(name).settings.latent for name in (kind, wanted)]
    if spaces[0] is None or spaces[0] != spaces[1]:
        raise InputError(
            f"autoencoder: must have the latent space of a {wanted} model, {path} is a {kind} "
            "model"
        )
    if differ:
        raise InputError(
            f"autoencoder: must be of a run on the same images, {path} is not "
            f"({'; '.join(differ)})"
        )


def feature_network(config: Config) -> tuple[Classifier, dict[str, Any], dict[str, Any]]:
    """Loads the classifier of `fid`, describes it for `metrics.json`, and gives its notes.

    Raises:
        InputError: If `metrics.features` is neither the folder nor the name of one.
    """
    path = config["metrics"]["features"]
    _, description = storage.describe(path)
    if not registry.has(description["kind"]) or not registry.find(description["kind"]).classifier:
        raise InputError(
            f"metrics.features: must be a features model, was a {description['kind']} model"
        )
    notes = description.get("notes", {})
    described = {
        "name": notes.get("name", "classifier"),
        "sha256": description["sha256"],
        "test_accuracy": notes.get("test_accuracy"),
    }
    return cast(Classifier, storage.load(path)), described, notes


def with_autoencoder(model: GenerativeModel, path: str) -> GenerativeModel:
    """Gives a model the trained encoder and decoder of another one.

    Raises:
        InputError: If its networks have other sizes.
    """
    other = cast(GenerativeModel, storage.load(path))
    try:
        model.encoder.load_state_dict(other.encoder.state_dict())
        model.decoder.load_state_dict(other.decoder.state_dict())
    except RuntimeError as error:
        raise InputError(f"autoencoder: its networks have other sizes, was {path}") from error
    return model
