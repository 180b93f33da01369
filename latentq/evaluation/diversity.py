r"""What FID does not tell: coverage of the real images, shares of the classes, and copying.

.. math:: density = \frac{1}{k N} \sum_{i, j} [ \| x_i - y_j \| < r_k(y_j) ], \quad
    coverage = \frac{1}{M} \sum_j [ \min_i \| x_i - y_j \| < r_k(y_j) ]

with generated :math:`x_i`, real :math:`y_j`, and the distance :math:`r_k(y_j)` from a real point
to its k-th nearest other real point.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from latentq.config.schema.data import CLASSES
from latentq.errors import InputError
from latentq.evaluation.metrics import classify
from latentq.evaluation.neighbours import nearest_distances, squared_distances, squared_radii
from latentq.evaluation.vectors import check_features
from latentq.models.classifier import Classifier

NEIGHBOURS = 5
# Below as many held-out items, the nearest one in a hundred of them says nothing.
LEAST_HELD_OUT = 100


def density_coverage(
    features: Tensor, reference: Tensor, neighbours: int = NEIGHBOURS
) -> tuple[float | None, float | None]:
    """Returns density and coverage; real against other real images have about 1 and 1 - 2^-k.

    A point on the rim of a ball is not in it, as in the authors' program.

    Arguments:
        features: The features of the model's images, with shape (N, F).
        reference: The features of real images, with shape (M, F).
        neighbours: The neighbour k that a ball reaches to, at least 1.

    Returns:
        Both numbers; `None` where M is not larger than k.

    References:
        Reliable fidelity and diversity metrics for generative models (Naeem et al., 2020),
        arXiv 2002.09797.
    """
    check_features(features=features, reference=reference)
    if neighbours < 1:
        raise InputError(f"neighbours: must be at least 1, was {neighbours}")
    if len(features) == 0 or len(reference) <= neighbours:
        return None, None

    radii = squared_radii(reference, neighbours)
    inside, nearest = 0, torch.full((len(reference),), torch.inf, dtype=torch.float32)
    for block in squared_distances(features, reference):
        inside += int((block < radii).sum())
        nearest = torch.minimum(nearest, block.amin(dim=0))
    coverage = (nearest < radii).double().mean().item()
    return inside / (neighbours * len(features)), coverage


def class_counts(classifier: Classifier, images: Tensor, classes: int = CLASSES) -> list[int]:
    """Returns how many images the classifier takes for each of the classes.

    Arguments:
        classifier: The classifier.
        images: Images in [0, 1], with shape (N, 1, 28, 28).
        classes: The number of classes of the data.
    """
    found = classify(classifier, images, classes)
    return torch.bincount(found, minlength=classes).tolist()


def class_distance(counts: Sequence[int], labels: Tensor) -> float | None:
    r"""Returns the total variation distance between generated and real shares of the classes.

    .. math:: \tfrac{1}{2} \sum_c | p_c - q_c |

    Arguments:
        counts: How many generated images are of each class, see :func:`class_counts`.
        labels: The classes of real images, with shape (M).

    Returns:
        The distance, from 0 to 1; `None` without images.
    """
    if sum(counts) == 0 or len(labels) == 0:
        return None

    generated = torch.tensor(counts, dtype=torch.float64)
    real = torch.bincount(labels.cpu(), minlength=len(counts)).double()
    return (generated / generated.sum() - real / real.sum()).abs().sum().item() / 2


def memorisation(
    generated: Tensor, reconstructed: Tensor, held_out: Tensor, train: Tensor
) -> dict[str, float] | None:
    """Returns how near generated and held-out items are to the items that were trained on.

    A decoder makes smooth images, which are nearer to training images than real ones are. So what
    is generated is compared with the reconstructions of held-out items, by the same decoder: a
    model that copies nothing has one item in a hundred below the first percentile of their
    distances. A model with many more copies.

    Arguments:
        generated: The model's images or features, with shape (N, ...).
        reconstructed: Its reconstructions of the held-out ones, with shape (M, ...).
        held_out: Real ones that were not trained on, with shape (M, ...).
        train: Those that were trained on, with shape (K, ...).

    Returns:
        `generated`, `reconstructed` and `held_out`, the medians of the distance to the nearest
        training item, and `closer`, the share of the generated items whose distance is below the
        first percentile of the reconstructed ones; `None` where M is below 100, or N or K is 0.
    """
    if len(held_out) < LEAST_HELD_OUT or min(len(generated), len(train)) == 0:
        return None

    items = {
        "generated": generated.flatten(1),
        "reconstructed": reconstructed.flatten(1),
        "held_out": held_out.flatten(1),
    }
    check_features(**items, train=train.flatten(1))
    near = {name: nearest_distances(x, train.flatten(1)) for name, x in items.items()}
    medians = {name: distances.quantile(0.5).item() for name, distances in near.items()}
    closer = near["generated"] < near["reconstructed"].quantile(0.01)
    return {**medians, "closer": closer.double().mean().item()}
