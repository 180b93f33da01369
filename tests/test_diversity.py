import numpy as np
import pytest
import torch
from sklearn.neighbors import NearestNeighbors
from torch import Tensor, nn

from latentq.evaluation.diversity import (
    class_counts,
    class_distance,
    density_coverage,
    memorisation,
)
from latentq.models.classifier import Classifier


def column(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)[:, None]


def test_density_and_coverage_of_balls_on_a_line() -> None:
    """Radii 1, 1, 2, 3 for k = 1, and 3, 2, 3, 5 for k = 2; 5 lies on the rim of one ball."""

    real, made = column(0, 1, 3, 6), column(0.5, 5, 100)

    assert density_coverage(made, real, 1) == (3 / 3, 3 / 4)
    assert density_coverage(made, real, 2) == (5 / (2 * 3), 4 / 4)
    assert density_coverage(real[:1], real, 1) == (1, 1 / 4)


def test_density_and_coverage_agree_with_scikit_learn(generator: torch.Generator) -> None:
    real = torch.randn(610, 5, generator=generator, dtype=torch.float64)
    made = 0.8 * torch.randn(520, 5, generator=generator, dtype=torch.float64) + 0.3
    radii = NearestNeighbors(n_neighbors=5).fit(real.numpy()).kneighbors()[0][:, -1:]
    every, _ = NearestNeighbors(n_neighbors=520).fit(made.numpy()).kneighbors(real.numpy())
    inside = (every < radii).sum(axis=1)

    density, coverage = density_coverage(made, real)

    assert density == pytest.approx(inside.sum() / (5 * 520), rel=1e-9)
    assert coverage == pytest.approx(np.count_nonzero(inside) / 610, rel=1e-9)


def test_fresh_real_points_have_density_one(generator: torch.Generator) -> None:
    real, fresh = torch.randn(2, 1000, 8, generator=generator, dtype=torch.float64)

    density, coverage = density_coverage(fresh, real)

    assert density == pytest.approx(1, abs=0.05)
    assert coverage == pytest.approx(1 - 2**-5, abs=0.02)


def test_few_modes_are_dense_and_cover_little(generator: torch.Generator) -> None:
    real = torch.randn(400, 4, generator=generator, dtype=torch.float64)
    narrow = 0.05 * torch.randn(400, 4, generator=generator, dtype=torch.float64)

    density, coverage = density_coverage(narrow, real)

    assert (density or 0) > 1.1
    assert (coverage or 1) < 0.2
    assert density_coverage(narrow + 100, real) == (0, 0)


def test_density_and_coverage_of_too_few_points() -> None:
    real = column(0, 1, 3, 6, 10, 15)

    assert density_coverage(real, real[:5]) == (None, None)
    assert density_coverage(real[:0], real) == (None, None)
    assert density_coverage(real[:1], real) != (None, None)


def test_class_counts_are_of_the_predicted_classes() -> None:
    """The logits are the first ten pixels, and more images than fit into one chunk are counted."""

    classifier = Classifier(channels=1)
    classifier.body, classifier.head = nn.Sequential(nn.Flatten()), nn.Linear(784, 10)
    with torch.no_grad():
        classifier.head.weight.copy_(torch.eye(784)[:10])
        classifier.head.bias.zero_()
    expected = [70, 0, 1, 2, 3, 50, 0, 4, 0, 9]
    labels = torch.arange(10).repeat_interleave(torch.tensor(expected))
    images = torch.zeros(len(labels), 784)
    images[torch.arange(len(labels)), labels] = 1

    assert class_counts(classifier, images.view(-1, 1, 28, 28)) == expected


def test_class_distance_is_half_the_sum_of_the_gaps() -> None:
    labels = torch.tensor([0, 0, 1, 3])

    assert class_distance([2, 4, 2, 0], labels) == pytest.approx((1 + 1 + 1 + 1) / 4 / 2)
    assert class_distance([20, 10, 0, 10], labels) == 0
    assert class_distance([0, 0, 7, 0], labels) == 1
    assert class_distance([0, 0, 0, 0], labels) is None
    assert class_distance([1, 0, 0, 0], labels[:0]) is None


def test_memorisation_of_points_on_a_line() -> None:
    """The first percentile of 1, 2, ..., 100 is 1.99."""

    held_out = torch.arange(1.0, 101.0)[:, None, None]
    made = torch.tensor([-1.0, 1.5, 3.0, 7.0])[:, None, None]

    zero = torch.zeros(1, 1, 1)
    found = memorisation(made, held_out, 10 * held_out, zero)

    assert found == pytest.approx(
        {"generated": 2.25, "reconstructed": 50.5, "held_out": 505, "closer": 0.5}
    )
    assert memorisation(made, held_out[:99], held_out[:99], zero) is None
    assert memorisation(made[:0], held_out, held_out, zero) is None
    assert memorisation(made, held_out, held_out, zero[:0]) is None


def test_memorisation_tells_copies_from_fresh_images(generator: torch.Generator) -> None:
    train, held_out, fresh = torch.rand(3, 1000, 1, 6, 6, generator=generator).unbind()

    copied = memorisation(train[300:400], held_out, held_out, train)
    honest = memorisation(fresh, held_out, held_out, train)

    assert copied is not None and honest is not None
    assert (copied["generated"], copied["closer"]) == (0, 1)
    assert honest["closer"] == pytest.approx(0.01, abs=0.01)
    assert honest["generated"] == pytest.approx(honest["held_out"], rel=0.02)


def test_smooth_images_are_no_copies(generator: torch.Generator) -> None:
    """A decoder that halves the contrast brings every image nearer to the training images."""
    train, held_out, fresh = torch.rand(3, 2000, 1, 6, 6, generator=generator).unbind()
    smooth = 0.5 + 0.5 * (torch.cat((held_out, fresh)) - 0.5)

    found = memorisation(smooth[2000:], smooth[:2000], held_out, train)
    against_real = memorisation(smooth[2000:], held_out, held_out, train)

    assert found is not None and against_real is not None
    assert found["closer"] == pytest.approx(0.01, abs=0.006)
    assert against_real["closer"] > 0.1
    assert found["reconstructed"] < found["held_out"]
