r"""FID and its companions, on features that are extracted once.

.. math:: FID = \| \mu_1 - \mu_2 \|^2 + \mathrm{Tr} ( C_1 + C_2 - 2 ( C_1 C_2 )^{1/2} )

torchmetrics computes FID and KID. Precision and recall have torch-fidelity's definitions and
values, and share their neighbours with :mod:`latentq.evaluation.diversity`. All of them get the
features of :class:`latentq.models.classifier.Classifier` in float64.
"""

import hashlib
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import scipy.linalg
import torch
from torch import Tensor, nn
from torchmetrics.image.fid import FrechetInceptionDistance
from torchmetrics.image.kid import KernelInceptionDistance

from latentq.config.schema.data import CLASSES
from latentq.errors import InputError, NumericalError
from latentq.evaluation.neighbours import ROWS, squared_distances, squared_radii
from latentq.evaluation.vectors import check_features
from latentq.models.classifier import Classifier
from latentq.models.generative import check_images
from latentq.randomness import derive_generator, derive_seed

NEIGHBOURS = 3
KID_SUBSETS, KID_SUBSET_SIZE = 100, 1000
FID_SIZES = 15
CHUNK = 100  # What the classifier makes of so many images fits into the cache.
INCEPTION_FILE = "weights-inception-2015-12-05-6726825d.pth"
INCEPTION_SHA256 = "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"


class _Identity(nn.Module):
    """Passes features through, for metrics that want to extract them by themselves."""

    def __init__(self, num_features: int) -> None:
        super().__init__()
        self.num_features = num_features

    def forward(self, features: Tensor) -> Tensor:
        return features


@torch.no_grad()
def _apply(function: Callable[[Tensor], Tensor], classifier: Classifier, images: Tensor) -> Tensor:
    """Applies the classifier or a part of it, in the layout in which it pools fastest."""
    weight, layout = next(classifier.eval().parameters()), torch.channels_last
    check_images(images, weight, empty=False, error=NumericalError)
    chunks = [function(x.to(weight.device, memory_format=layout)) for x in images.split(CHUNK)]
    return torch.cat(chunks).cpu()


def classify(classifier: Classifier, images: Tensor, classes: int = CLASSES) -> Tensor:
    """Returns the classes that the classifier sees in images, with shape (N).

    Arguments:
        classifier: The classifier.
        images: Images in [0, 1], with shape (N, 1, 28, 28).
        classes: The number of classes that there are, of the ten that it can tell apart.

    Raises:
        InputError: If there is none.
        NumericalError: If one is not finite, or a pixel is outside [0, 1].
    """
    return _apply(classifier, classifier, images)[:, :classes].argmax(dim=1)


def extract_features(classifier: Classifier, images: Tensor) -> Tensor:
    """Returns the features of images in float64, with shape (N, 128).

    Raises:
        InputError: If there is none.
        NumericalError: If one is not finite, or a pixel is outside [0, 1].
    """
    return _apply(classifier.features, classifier, images).double()


def _distances(sets: Iterable[Tensor], reference: Tensor) -> list[float]:
    """Returns the Fréchet distance of each set of features from a reference, in float64."""
    metric = FrechetInceptionDistance(
        feature=_Identity(reference.shape[1]), reset_real_features=False
    ).set_dtype(torch.float64)
    metric.update(reference, real=True)
    found = []
    for features in sets:
        metric.update(features, real=False)
        found.append(metric.compute().item())
        metric.reset()
    return found


def fid(features: Tensor, reference: Tensor) -> float | None:
    """Returns the Fréchet distance of two sets of features.

    Arguments:
        features: The features of the model's images, with shape (N, F).
        reference: The features of real images, with shape (M, F).

    Returns:
        The distance; `None` where it is not estimable, that is, where N or M is not larger
        than F and a covariance matrix is singular.
    """
    check_features(features=features, reference=reference)
    if min(len(features), len(reference)) <= features.shape[1]:
        return None

    return max(0.0, *_distances([features], reference))


def fid_infinity(features: Tensor, reference: Tensor, seed: int) -> float | None:
    r"""Returns the FID that infinitely many generated images would have, by extrapolation.

    .. math:: FID_N \approx FID_\infty + b / N

    is fitted by least squares to 15 subsets of even spacing, from a fifth of the images to all.
    The reference is always whole, so the bias of its own size stays. A value below zero is left
    as it is: cut off, it would be biased.

    Arguments:
        features: The features of the model's images, with shape (N, F).
        reference: The features of real images, with shape (M, F).
        seed: The seed of the subsets, which are drawn without replacement.

    Returns:
        The intercept; `None` where M is not larger than F, or there are no 15 sizes from F + 1
        to N.

    References:
        Effectively unbiased FID and Inception Score (Chong & Forsyth, 2020), arXiv 1911.07023.
    """
    check_features(features=features, reference=reference)
    n, dimension = features.shape
    least = max(dimension + 1, n // 5)
    if len(reference) <= dimension or n - least < FID_SIZES - 1:
        return None

    generator = derive_generator(seed, "fid subsets")
    sizes = np.linspace(least, n, FID_SIZES).round().astype(int)
    subsets = (features[torch.randperm(n, generator=generator)[:size]] for size in sizes)
    values = _distances(subsets, reference)
    design = np.stack([np.ones(FID_SIZES), 1 / sizes], axis=1)
    return float(scipy.linalg.lstsq(design, np.array(values))[0][0])


def fid_deviation(
    features: Tensor, reference: Tensor, seed: int, resamples: int = 100
) -> float | None:
    """Returns the standard deviation of FID over bootstrap resamples of the generated images.

    Arguments:
        features: The features of the model's images, with shape (N, F).
        reference: The features of real images, with shape (M, F), which are kept.
        seed: The seed of the resamples.
        resamples: The number of resamples, at least 2.

    Returns:
        The deviation; `None` where FID is not estimable.
    """
    check_features(features=features, reference=reference)
    if resamples < 2:
        raise InputError(f"resamples: must be at least 2, was {resamples}")
    n, dimension = features.shape
    if min(n, len(reference)) <= dimension:
        return None

    generator = derive_generator(seed, "fid resamples")
    drawn = (features[torch.randint(n, (n,), generator=generator)] for _ in range(resamples))
    return float(np.std(_distances(drawn, reference), ddof=1))


def kid(features: Tensor, reference: Tensor, seed: int) -> tuple[float | None, float | None]:
    """Returns mean and standard deviation of the kernel distance over random subsets.

    Arguments:
        features: The features of the model's images, with shape (N, F).
        reference: The features of real images, with shape (M, F).
        seed: The seed of the subsets.
    """
    check_features(features=features, reference=reference)
    size = min(KID_SUBSET_SIZE, len(features), len(reference))
    if size < 2:
        return None, None

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*save all extracted features.*")
        metric = KernelInceptionDistance(
            feature=_Identity(features.shape[1]), subsets=KID_SUBSETS, subset_size=size
        ).set_dtype(torch.float64)
    metric.update(reference, real=True)
    metric.update(features, real=False)
    # torchmetrics draws the subsets from the global generator; it is put back afterwards.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive_seed(seed, "kid"))
        mean, deviation = metric.compute()
    return mean.item(), deviation.item()


def precision_recall(features: Tensor, reference: Tensor) -> tuple[float | None, float | None]:
    """Returns improved precision and recall with balls of the third neighbour.

    Arguments:
        features: The features of the model's images, with shape (N, F).
        reference: The features of real images, with shape (M, F).

    References:
        Improved precision and recall metric (Kynkäänniemi et al., 2019), arXiv 1904.06991.
    """
    check_features(features=features, reference=reference)
    if min(len(features), len(reference)) <= NEIGHBOURS + 1:
        return None, None

    real, own = squared_radii(reference, NEIGHBOURS), squared_radii(features, NEIGHBOURS)
    precise, recalled = 0, torch.zeros(len(reference), dtype=torch.bool)
    blocks = squared_distances(features, reference)
    for block, radii in zip(blocks, own.split(ROWS), strict=True):
        precise += int(((block - real).amin(dim=1) <= 0).sum())
        recalled |= (block - radii[:, None]).amin(dim=0) <= 0
    return precise / len(features), recalled.double().mean().item()


def inception_weights() -> Path | None:
    """Returns the file where torch-fidelity keeps its Inception weights, if it is there intact.

    The file is a pickle, so it is only used if it is the one that torch-fidelity published.
    """
    path = Path(torch.hub.get_dir()) / "checkpoints" / INCEPTION_FILE
    if not path.is_file():
        return None

    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return path if digest == INCEPTION_SHA256 else None


def fid_inception(images: Tensor, reference: Tensor, weights: Path) -> float:
    """Returns the FID of images in Inception's 2048 features.

    Arguments:
        images: The model's images, with shape (N, 1, 28, 28).
        reference: Real images, with shape (M, 1, 28, 28).
        weights: The file with the weights of torch-fidelity's Inception.
    """
    for part in (images, reference):
        check_images(part, images, empty=False, error=NumericalError)
    metric = FrechetInceptionDistance(
        normalize=True, feature_extractor_weights_path=str(weights)
    ).set_dtype(torch.float64)
    for source, real in ((reference, True), (images, False)):
        for chunk in source.split(100):
            metric.update(chunk.expand(-1, 3, -1, -1), real=real)
    return max(0.0, metric.compute().item())
