import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm
from torch import Tensor
from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

from latentq import metrics
from latentq.evaluation import accuracy
from latentq.features import FEATURES, Classifier


def normal(n: int, mean: Tensor, deviation: Tensor, generator: torch.Generator) -> Tensor:
    noise = torch.randn(n, len(mean), generator=generator, dtype=torch.float64)
    # Standardised, so that mean and covariance are known without sampling error.
    noise = (noise - noise.mean(dim=0)) @ torch.linalg.inv(
        torch.linalg.cholesky(torch.cov(noise.mT)).mT
    )
    return mean + noise * deviation


def test_fid_of_gaussians_is_the_textbook_value(generator: torch.Generator) -> None:
    mean, deviation = torch.tensor([[1.0, 2.0, 0.0], [0.0, 0.5, 3.0]]).double()
    first, second = torch.tensor([[1.0, 2.0, 0.5], [0.3, 1.0, 2.0]]).double()
    x, y = normal(400, mean, first, generator), normal(300, deviation, second, generator)

    expected = (mean - deviation).square().sum() + (first - second).square().sum()

    assert metrics.fid(x, y) == pytest.approx(expected.item(), rel=1e-9)


def test_fid_agrees_with_scipy_on_correlated_features(generator: torch.Generator) -> None:
    x = torch.randn(500, 8, generator=generator, dtype=torch.float64)
    y = x @ torch.randn(8, 8, generator=generator, dtype=torch.float64) + 0.3
    c1, c2 = np.cov(x.numpy().T), np.cov(y.numpy().T)
    gap = x.mean(dim=0).numpy() - y.mean(dim=0).numpy()

    expected = gap @ gap + np.trace(c1 + c2 - 2 * sqrtm(c1 @ c2).real)

    assert metrics.fid(x, y) == pytest.approx(expected, rel=1e-6)
    assert metrics.fid(x, x) == pytest.approx(0, abs=1e-9)


def test_fid_of_too_few_samples_is_not_a_number_but_none() -> None:
    x = torch.randn(9, 8, generator=torch.Generator().manual_seed(0)).double()

    assert metrics.fid(x, x) is not None
    assert metrics.fid(x[:8], x) is None
    assert metrics.fid(x, x[:8]) is None
    assert metrics.kid(x[:1], x, 0) == (None, None)
    assert metrics.precision_recall(x[:4], x) == (None, None)


def test_kid_is_the_unbiased_cubic_mmd(generator: torch.Generator) -> None:
    x = torch.randn(40, 5, generator=generator, dtype=torch.float64)
    y = torch.randn(40, 5, generator=generator, dtype=torch.float64) + 0.5

    def kernel(a: Tensor, b: Tensor) -> Tensor:
        return (a @ b.mT / 5 + 1) ** 3

    def off_diagonal(k: Tensor) -> Tensor:
        return (k.sum() - k.trace()) / (40 * 39)

    expected = off_diagonal(kernel(x, x)) + off_diagonal(kernel(y, y)) - 2 * kernel(x, y).mean()
    state = torch.get_rng_state()

    mean, _ = metrics.kid(x, y, seed=0)

    assert mean == pytest.approx(expected.item(), rel=1e-6)
    assert torch.equal(state, torch.get_rng_state())


def test_precision_and_recall_tell_quality_from_coverage(generator: torch.Generator) -> None:
    real = torch.randn(300, 4, generator=generator, dtype=torch.float64)
    narrow = 0.05 * torch.randn(300, 4, generator=generator, dtype=torch.float64)
    far = real + 100

    precision, recall = metrics.precision_recall(narrow, real)
    assert (precision or 0) > 0.95
    assert recall == pytest.approx(0, abs=0.05)
    assert metrics.precision_recall(real, real) == (1.0, 1.0)
    assert metrics.precision_recall(far, real) == (0.0, 0.0)


def test_features_refuse_images_that_are_none(generator: torch.Generator) -> None:
    classifier, images = Classifier(), torch.rand(3, 1, 28, 28, generator=generator)

    assert metrics.extract_features(classifier, images).shape == (3, FEATURES)
    assert metrics.extract_features(classifier, images).dtype == torch.float64
    for bad in (torch.nan, -0.1, 1.1, torch.inf):
        with pytest.raises(ValueError, match=r"finite and in \[0, 1\]"):
            metrics.extract_features(classifier, images.index_fill(0, torch.tensor([1]), bad))


def test_features_do_not_depend_on_the_batch(generator: torch.Generator) -> None:
    classifier, images = Classifier(), torch.rand(7, 1, 28, 28, generator=generator)

    whole = metrics.extract_features(classifier, images)

    assert torch.allclose(metrics.extract_features(classifier, images[:1]), whole[:1], atol=1e-6)


def test_classifier_learns_shifted_stripes(generator: torch.Generator) -> None:
    images = torch.zeros(64, 1, 28, 28)
    labels = torch.arange(64) % 2
    images[labels == 0, :, 10:18] = 1
    images[labels == 1, :, :, 10:18] = 1
    with torch.random.fork_rng():
        torch.manual_seed(0)
        classifier = Classifier(channels=4)
        optimizer = torch.optim.Adam(classifier.parameters(), lr=0.01)
        for _ in range(15):
            optimizer.zero_grad()
            classifier.loss(images, labels, generator)["loss"].backward()
            optimizer.step()

    assert accuracy(classifier, images, labels) == 1.0
    assert accuracy(classifier, images, 1 - labels) == 0.0


@pytest.mark.slow
def test_inception_fid_is_zero_on_equal_images(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, generator: torch.Generator
) -> None:
    """Runs the path of `fid_inception` with random weights in place of the published ones."""

    torch.manual_seed(0)
    monkeypatch.setattr(
        FeatureExtractorInceptionV3, "load_state_dict", lambda *_: None, raising=True
    )
    weights = tmp_path / "weights.pth"
    torch.save({}, weights)
    images = torch.rand(12, 1, 28, 28, generator=generator)

    assert metrics.fid_inception(images, images, weights) == pytest.approx(0, abs=1e-3)


def test_inception_weights_are_used_only_if_intact(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    assert metrics.inception_weights() is None

    path = tmp_path / "checkpoints" / metrics.INCEPTION_FILE
    path.parent.mkdir()
    path.write_bytes(b"altered")
    assert metrics.inception_weights() is None

    digest = hashlib.sha256(b"altered").hexdigest()[:8]
    monkeypatch.setattr(metrics, "INCEPTION_FILE", f"weights-{digest}.pth")
    path = path.rename(path.with_name(f"weights-{digest}.pth"))
    assert metrics.inception_weights() == path


def test_classifier_draws_from_its_generator_alone() -> None:
    images, labels = torch.rand(8, 1, 28, 28, generator=torch.Generator()), torch.arange(8)
    classifier = Classifier(channels=4).train()
    losses: list[float] = []
    for seed in (0, 0, 1):
        torch.manual_seed(len(losses))  # the global generator, which must not matter
        generator = torch.Generator().manual_seed(seed)
        losses.append(classifier.loss(images, labels, generator)["loss"].item())

    assert losses[0] == losses[1]
    assert losses[0] != losses[2]


def test_dropout_keeps_the_mean_and_is_off_in_evaluation() -> None:
    classifier = Classifier(channels=4)
    torch.nn.init.zeros_(classifier.head.weight)
    layer = torch.nn.Linear(784, 128)
    torch.nn.init.zeros_(layer.weight)
    torch.nn.init.ones_(layer.bias)
    classifier.body = torch.nn.Sequential(torch.nn.Flatten(), layer)
    torch.nn.init.zeros_(classifier.head.bias)
    classifier.head.weight.data[0] = 1 / 128  # class 0 gets the mean of the features
    images, labels = torch.zeros(4000, 1, 28, 28), torch.zeros(4000, dtype=torch.long)
    exact = torch.log(1 + 9 * torch.exp(torch.tensor(-1.0))).item()

    dropped = classifier.train().loss(images, labels, torch.Generator().manual_seed(0))["loss"]
    whole = classifier.eval().loss(images, labels, torch.Generator())["loss"]

    assert whole.item() == pytest.approx(exact, rel=1e-5)
    assert dropped.item() != whole.item()
    assert dropped.item() == pytest.approx(exact, rel=5e-3)
