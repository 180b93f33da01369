"""An autoencoder that stays as it is, and what priors of its states are compared by.

Priors are fitted to the states of the training images. What they draw is decoded and compared with
validation images, in the features of a classifier.
"""

from collections.abc import Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn

from latentq.errors import InputError
from latentq.evaluation import metrics
from latentq.experiments.devices.measures import name_of
from latentq.models import storage
from latentq.models.classifier import Classifier
from latentq.models.generative import in_chunks
from latentq.models.hybrid import LatentQ
from latentq.models.states import FittedModel, StateModel

Row = dict[str, Any]
CLOSE = 1e-3  # of the weights of one autoencoder, trained twice: rounding differs by 1e-5


class Frozen:
    """An autoencoder with the states of training images and the features of validation images.

    Arguments:
        model: The quantum model whose autoencoder it is.
        classifier: The feature extractor.
        training: The images that priors are fitted to, with shape (N, 1, 28, 28).
        validation: The images to compare with, with shape (M, 1, 28, 28).
        seed: The seed of fits and draws.
    """

    def __init__(
        self,
        model: LatentQ,
        classifier: Classifier,
        training: Tensor,
        validation: Tensor,
        seed: int,
    ) -> None:
        self.model, self.classifier, self.seed = model, classifier, seed
        self.validation = validation
        with torch.no_grad():
            self.latents = in_chunks(model.encode, training)
        self.reference = metrics.extract_features(classifier, validation)

    def scores(self, states: Tensor) -> Row:
        """Decodes states of shape (N, d), and returns `fid`, `precision` and `recall`."""
        with torch.no_grad():
            return self.scores_of_images(in_chunks(self.model.decode, states))

    def scores_of_images(self, images: Tensor) -> Row:
        """Compares images of shape (N, 1, 28, 28) with the validation images."""
        features = metrics.extract_features(self.classifier, images)
        precision, recall = metrics.precision_recall(features, self.reference)
        fid = metrics.fid(features, self.reference)
        return {"fid": fid, "precision": precision, "recall": recall}


def open_frozen(checkpoint: str, features: str) -> Frozen:
    """Opens the autoencoder of a quantum model with the data that it was trained on.

    Arguments:
        checkpoint: An unconditional quantum model.
        features: The classifier; `auto` is that of the data.

    Raises:
        InputError: If the model is another one, or the data are not here.
    """
    from latentq.data.identity import features_of, reopen_data

    _, description = storage.describe(checkpoint)
    if description["kind"] != "quantum" or description["arguments"].get("conditional"):
        raise InputError(f"checkpoint: must be an unconditional quantum model, was {checkpoint}")
    model = cast(LatentQ, storage.load(checkpoint))
    classifier = cast(Classifier, storage.load(features_of(features, checkpoint)))
    data = reopen_data(checkpoint)
    return Frozen(model, classifier, data.train.images, data.validation.images, data.seed)


def fitted(kind: str, latents: Tensor, seed: int, **arguments: Any) -> FittedModel:  # noqa: ANN401
    """Fits a prior of a baseline to states.

    Arguments:
        kind: The kind of model, such as `mixture`.
        latents: The states, with shape (N, d).
        seed: The seed of the fit.
        arguments: What the prior is built with.
    """
    built = storage.build(kind, {"channels": 1, "seed": seed, **arguments})
    model = cast(FittedModel, built)
    model.fit(latents, seed)
    return model


def names_of(key: str, paths: Sequence[str], names: Sequence[str] | None) -> tuple[str, ...]:
    """Returns what models are called.

    Arguments:
        key: The option that lists them.
        paths: The models.
        names: Their names; those of their folders if `None`.

    Raises:
        InputError: If two have one name, or there are more or fewer names than models.
    """
    found = tuple(name_of(path) for path in paths) if names is None else tuple(names)
    if len(set(found)) < len(found) or len(found) != len(paths):
        raise InputError(
            f"names: must be {len(paths)} different ones, one for each of {key}, "
            f"were {', '.join(found)}"
        )
    return found


def _weights(model: nn.Module, parts: Sequence[str]) -> dict[str, Tensor]:
    return {k: x for k, x in model.state_dict().items() if k.partition(".")[0] in parts}


def load_on(frozen: Frozen, path: str, key: str) -> StateModel:
    """Loads a model with the same autoencoder.

    Arguments:
        frozen: The autoencoder.
        path: The model, or a run folder.
        key: The option that named it.

    Raises:
        InputError: If it is no model of states, or has another autoencoder.
    """
    model = storage.load(path)
    own = _weights(frozen.model, ("encoder", "decoder"))
    theirs = _weights(model, ("encoder", "decoder"))
    same = isinstance(model, StateModel) and all(
        k in theirs and x.shape == theirs[k].shape and torch.allclose(x, theirs[k], atol=CLOSE)
        for k, x in own.items()
    )
    if not same:
        raise InputError(
            f"{key}: must have the autoencoder of the checkpoint, {path} has another; train it "
            "with autoencoder=CHECKPOINT"
        )
    return cast(StateModel, model)
