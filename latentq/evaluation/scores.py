"""The numbers of a trained model: FID and its fixed rows, on held-out images.

python -m latentq.evaluation checkpoint=checkpoints/quantum split=test samples=10000

With `shots=2430` the states of a quantum prior are read out by so many measurements each, as a
machine would, before they are decoded; `readout=eigenvector|linear|clipped` says how.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

import torch
from annotated_types import Ge, Le
from pydantic import Field
from torch import Tensor

from latentq.config.commands import read_options
from latentq.config.fields import Folder, Plugins, Seed, Settings, Share
from latentq.config.marks import OneOf
from latentq.config.registry import load_plugins
from latentq.config.schema.data import AUTO, CLASSES
from latentq.data.protocol import ImageSource
from latentq.errors import InputError
from latentq.evaluation import diversity, metrics
from latentq.evaluation.sets import compare
from latentq.evaluation.shots import READOUTS, Shots, decode_states
from latentq.models import storage
from latentq.models.classifier import Classifier
from latentq.models.generative import CHUNK, GenerativeModel, in_chunks
from latentq.models.hybrid import LatentQ, quantum_model
from latentq.quantum.states import haar_states
from latentq.randomness import derive_generator

Features = Callable[[Tensor], Tensor]
COMPARED = 1000  # How many images are looked for among the training images.


def random_places(size: int, most: int) -> Tensor:
    """Returns the places of some held-out images at random, the same ones for every model.

    The first images of a split are no random sample: the two halves of MNIST's test images were
    written by different people.

    Arguments:
        size: The number of images.
        most: How many are wanted at the most.
    """
    return torch.randperm(size, generator=derive_generator(0, "held out"))[:most]


@torch.no_grad()
def reconstruct(model: GenerativeModel, images: Tensor, labels: Tensor) -> Tensor:
    """Returns the decoded latents of images, with shape (N, 1, 28, 28)."""
    device = next(model.parameters()).device
    chunks = zip(images.split(CHUNK), labels.split(CHUNK), strict=True)
    return torch.cat([model.reconstruct(x.to(device), y.to(device)) for x, y in chunks])


@torch.no_grad()
def quantum_rows(
    model: LatentQ, chain: Tensor, features: Features, reference: Tensor, seed: int
) -> dict[str, float | None]:
    """Returns the FID of undenoised terminal states and of Haar states, both decoded."""
    generator = derive_generator(seed, "haar", device=chain.device)
    haar = haar_states(
        chain.shape[1], qubits=model.prior.forward_process.qubits, generator=generator
    )
    return {
        "fid_terminal": metrics.fid(features(in_chunks(model.decode, chain[0])), reference),
        "fid_haar": metrics.fid(features(in_chunks(model.decode, haar)), reference),
    }


def inception_row(images: Tensor, reference: Tensor) -> dict[str, float | str | None]:
    """Returns the FID in Inception's features, or the reason why there is none."""
    weights = metrics.inception_weights()
    if weights is None:
        reason = f"torch-fidelity's weights {metrics.INCEPTION_FILE} are not on this machine"
        return {"fid_inception": None, "fid_inception_reason": reason}

    value = metrics.fid_inception(images, reference, weights)
    return {"fid_inception": value, "fid_inception_reason": None}


def sample_rows(generated: Tensor, reference: Tensor, seed: int) -> dict[str, float | None]:
    """Returns the numbers that compare the features of samples with those of real images."""
    return {
        **compare(generated, reference, seed),
        "fid_infinity": metrics.fid_infinity(generated, reference, seed),
        "fid_deviation": metrics.fid_deviation(generated, reference, seed),
    }


def class_rows(
    classifier: Classifier, images: Tensor, labels: Tensor, classes: int | None
) -> dict[str, Any]:
    """Returns the counts of the classes of samples, and how far they are from the real ones.

    Both are `None` for a classifier that does not know these classes.
    """
    if classes is None:
        return {"class_counts": None, "class_distance": None}
    counts = diversity.class_counts(classifier, images, classes)
    distance = diversity.class_distance(counts, labels)
    return {"class_counts": counts, "class_distance": distance}


@torch.no_grad()
def evaluate(
    model: GenerativeModel,
    classifier: Classifier,
    *,
    real: Tensor,
    train: Tensor,
    test: Tensor,
    labels: Tensor,
    samples: int,
    seed: int,
    classes: int | None = CLASSES,
    shots: Shots | None = None,
) -> dict[str, Any]:
    """Measures a trained model against held-out images.

    Arguments:
        model: The model, which has `encode`, `decode` and `sample`.
        classifier: The feature extractor.
        real: Real training images in random order, for the floor, with shape (N, 1, 28, 28).
        train: Those that the model was trained on, with shape (K, 1, 28, 28).
        test: The held-out images, with shape (M, 1, 28, 28), of which a random sample is taken.
        labels: Their classes, with shape (M).
        samples: How many images are generated, reconstructed and compared at the most.
        seed: The seed of the samples.
        classes: The number of classes; `None` if they are not those that the classifier knows.
        shots: How states are read out before they are decoded; they are known exactly if `None`.

    Returns:
        The rows of `metrics.json` that are measured; `None` where not estimable.
    """
    chosen = random_places(len(test), samples)
    n, test, labels = len(chosen), test[chosen], labels[chosen]

    def features(images: Tensor) -> Tensor:
        return metrics.extract_features(classifier, images)

    reference = features(test)
    chain = None
    if isinstance(model, LatentQ):
        chain = model.sample_chain(n, seed)
        images = decode_states(model, chain[-1], shots, seed)
    else:
        images = model.sample(n, seed)
    reconstructed = reconstruct(model, test, labels)
    rows: dict[str, Any] = {
        "n_samples": n,
        **sample_rows(features(images), reference, seed),
        "fid_reconstruction": metrics.fid(features(reconstructed), reference),
        "fid_floor": metrics.fid(features(real[:n]), reference),
        "fid_terminal": None,
        "fid_haar": None,
        **class_rows(classifier, images, labels, classes),
        "memorisation": diversity.memorisation(
            images[:COMPARED].cpu(),
            reconstructed[:COMPARED].cpu(),
            test[:COMPARED].cpu(),
            train.cpu(),
        ),
        "label_accuracy": (
            None if classes is None else label_accuracy(model, classifier, images, seed)
        ),
        **inception_row(images, test),
    }
    if isinstance(model, LatentQ) and chain is not None:
        rows |= quantum_rows(model, chain, features, reference, seed)
    return rows


def evaluate_on(
    model: GenerativeModel,
    classifier: Classifier,
    data: ImageSource,
    split: str,
    samples: int,
    seed: int,
    classes: int | None = CLASSES,
    shots: Shots | None = None,
) -> dict[str, Any]:
    """Measures a trained model against a split of its data, see :func:`evaluate`.

    Arguments:
        model: The model.
        classifier: The feature extractor.
        data: The data that it was trained on.
        split: The images to measure against, `test` or `validation`.
        samples: How many images are compared at the most.
        seed: The seed of the samples.
        classes: The number of classes; `None` if they are not those that the classifier knows.
        shots: How states are read out, see :func:`evaluate`.
    """
    held_out = data.test if split == "test" else data.validation
    return evaluate(
        model,
        classifier,
        real=data.unlimited.images,
        train=data.train.images,
        test=held_out.images,
        labels=held_out.labels,
        samples=samples,
        seed=seed,
        classes=classes,
        shots=shots,
    )


def label_accuracy(
    model: GenerativeModel, classifier: Classifier, images: Tensor, seed: int
) -> float | None:
    """Returns the share of images in which the classifier sees the class that was asked for.

    Arguments:
        model: The model that drew the images; if it is not conditional, there is no such share.
        classifier: The classifier.
        images: What :meth:`GenerativeModel.sample` gave, with shape (N, 1, 28, 28).
        seed: The seed of the samples.
    """
    labels = model.labels(len(images), seed)
    return None if labels is None else accuracy(classifier, images, labels)


def accuracy(classifier: Classifier, images: Tensor, labels: Tensor) -> float:
    """Returns the share of images whose class is recognised.

    Arguments:
        classifier: The classifier.
        images: Images, with shape (N, 1, 28, 28).
        labels: Their classes, with shape (N).
    """
    return (metrics.classify(classifier, images) == labels.cpu()).double().mean().item()


class Options(Settings):
    """What is measured, and on what."""

    checkpoint: Folder = Field(
        "checkpoints/quantum", description="a folder, or the name of a model of LatentQ"
    )
    features: Folder = Field(AUTO, description="the classifier behind FID; auto: by the data")
    split: Literal["test", "validation"] = Field("test", description="the images to compare with")
    samples: Annotated[int, Ge(2), Le(10_000)] = Field(10_000, description="images at the most")
    seed: Seed | None = Field(None, description="the seed of the samples; null: as in training")
    plugin: Plugins | None = Field(None, description="modules that register models of your own")
    shots: Annotated[int, Ge(1), Le(10**9)] | None = Field(
        None, description="measurements that read a state out; null: exact states"
    )
    readout: Annotated[str, OneOf(READOUTS)] = Field(
        "eigenvector", description="how a state is estimated from them"
    )
    spread: Share | None = Field(
        None, le=10, description="strength of the turn at the end; null: as in training"
    )


def measure(arguments: list[str]) -> dict[str, Any]:
    """Measures a trained model anew on the data that it was trained on, and prints the rows.

    The validation images
    are always those that this run set aside: others it has seen in training.

    Raises:
        InputError: If an option is wrong, a model is missing or of another kind, or its data are
            not here.
    """
    from latentq.data.identity import features_of, reopen_data, shared_classes

    options = read_options(arguments, Options)
    load_plugins(options.plugin)
    model = storage.load(options.checkpoint)
    if not isinstance(model, GenerativeModel):
        raise InputError(f"checkpoint: must be a generative model, was {options.checkpoint}")
    shots = None
    if options.spread is not None:
        quantum_model(model, options.checkpoint)[1].spread = options.spread
    if options.shots is not None:
        model, _ = quantum_model(model, options.checkpoint)
        shots = Shots(options.shots, options.readout)
        shots.check(model)
    features = features_of(options.features, options.checkpoint)
    classifier = storage.load(features)
    if not isinstance(classifier, Classifier):
        raise InputError(f"features: must be a features model, was {features}")
    data = reopen_data(options.checkpoint)
    print(f"measuring on the {options.split} images of {data.name}", flush=True)
    seed = data.seed if options.seed is None else options.seed
    classes = shared_classes(storage.describe(features)[1].get("notes", {}), data)
    rows = evaluate_on(
        model, classifier, data, options.split, options.samples, seed, classes, shots
    )
    show(rows)
    return rows


def show(rows: Mapping[str, Any], prefix: str = "") -> None:
    """Prints rows, those within a row under its name and a dot."""
    for name, value in rows.items():
        if isinstance(value, Mapping):
            show(value, f"{prefix}{name}.")
        else:
            shown = f"{value:.4f}" if isinstance(value, float) else value
            print(f"{prefix + name:24}{shown}")
