"""Two sets compared, with no model at hand: images with images, states with states."""

import torch
from torch import Tensor

from latentq.diffusion.losses import DISTANCES
from latentq.errors import InputError
from latentq.evaluation import diversity, metrics
from latentq.models import storage
from latentq.models.classifier import Classifier
from latentq.models.generative import check_images
from latentq.paths import CHECKPOINTS
from latentq.quantum.states import check_ensemble
from latentq.randomness import check_whole, derive_generator


def evaluate(
    images: Tensor, reference: Tensor, *, features: Classifier | None = None, seed: int = 0
) -> dict[str, float | None]:
    r"""Compares a set of images with real ones, in the features of a classifier.

    Distances depend on the number of images; numbers of sets of other sizes do not compare.

    Arguments:
        images: Images in :math:`[0, 1]`, with shape :math:`(N, 1, 28, 28)`, float32.
        reference: Real images that no model was trained on, with shape :math:`(M, 1, 28, 28)`.
        features: The classifier; the shipped one, for MNIST, if `None`.
        seed: The seed of the subsets of `kid`.

    Returns:
        `fid`, `kid`, `precision`, `recall`, `density` and `coverage`, each `None` where it is not
        estimable: FID and its kind need more images than there are features, 128.

    Raises:
        InputError: If one is no such set of images, or there is no such classifier or seed.
    """
    check_whole(seed, "seed")
    sets = {"images": images, "reference": reference}
    for name, given in sets.items():
        _check_set(name, given)
    classifier = _classifier(features)
    own, real = (metrics.extract_features(classifier, given) for given in sets.values())
    rows = compare(own, real, seed)
    del rows["kid_std"]
    return rows


def compare(features: Tensor, reference: Tensor, seed: int) -> dict[str, float | None]:
    """Returns the numbers that compare features of images with those of real images."""
    kid, deviation = metrics.kid(features, reference, seed)
    precision, recall = metrics.precision_recall(features, reference)
    density, coverage = diversity.density_coverage(features, reference)
    return {
        "fid": metrics.fid(features, reference),
        "kid": kid,
        "kid_std": deviation,
        "precision": precision,
        "recall": recall,
        "density": density,
        "coverage": coverage,
    }


def _check_set(name: str, images: object) -> None:
    if not isinstance(images, Tensor):
        raise InputError(f"{name}: must be a tensor, was of type {type(images).__name__}")
    check_images(images, torch.empty(0, dtype=torch.float32), name, empty=False)


def _classifier(given: object) -> Classifier:
    found = storage.load(CHECKPOINTS / "features") if given is None else given
    if not isinstance(found, Classifier):
        raise InputError(
            'features: must be a classifier, such as latentq.load("checkpoints/features"), was of '
            f"type {type(found).__name__}"
        )
    return found


def evaluate_states(
    generated: Tensor, states: Tensor, *, most: int = 1000, seed: int = 0
) -> dict[str, float]:
    r"""Compares an ensemble of states with data by each loss, and the data with themselves.

    All losses are biased: two samples of one ensemble have a positive distance, which falls as
    their numbers grow, :math:`D_1 = (1 - \mathrm{Tr} \, \rho^2) (1/N + 1/M)` on average. So the
    data are divided into two random halves, and both values are of as many states on each side,
    against the first half: those of :math:`N` generated states, and under `NAME_data` those of
    :math:`N` states of the second half. A model whose value is that of the data cannot be told
    from them. The unbiased estimate is :func:`~latentq.diffusion.losses.mmd.expected_mmd1`.

    Arguments:
        generated: The states of the model, with shape :math:`(N, 2^n)`, complex.
        states: The states of the data, with shape :math:`(M, 2^n)`, at least 2. Those that a
            model was trained on flatter it.
        most: The largest number of states on a side.
        seed: The seed of the halves, and of which states are taken.

    Returns:
        `mmd1`, `mmdk` and `wasserstein`, and `mmd1_data`, `mmdk_data` and `wasserstein_data`.

    Raises:
        InputError: If one is no such set of states, or a number is not as it must be.
    """
    check_whole(most, "most", 1)
    data = check_ensemble(states, "states", least=2)
    own = check_ensemble(generated, "generated", data.shape[1].bit_length() - 1)
    n = min(most, len(own), len(data) // 2)
    first, second, chosen = _parts(own, data, n, seed)
    values = {}
    for name, loss in DISTANCES.items():
        values[name] = loss(chosen, first).item()
        values[f"{name}_data"] = loss(second, first).item()
    return values


def _parts(own: Tensor, data: Tensor, n: int, seed: int) -> list[Tensor]:
    """Returns states of the first and the second half of the data, and of a model."""
    order = torch.randperm(len(data), generator=derive_generator(seed, "halves"))
    picked = torch.randperm(len(own), generator=derive_generator(seed, "generated"))
    parts = data.cpu()[order[:n]], data.cpu()[order[n : 2 * n]], own.cpu()[picked[:n]]
    return [part.to(torch.complex128) for part in parts]
