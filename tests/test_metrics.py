import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm
from torch import Tensor
from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3
from torch_fidelity.metric_prc import prc_features_to_metric
from torchmetrics.image.kid import poly_mmd

from latentq.evaluation import metrics
from latentq.evaluation.scores import accuracy
from latentq.models.classifier import FEATURES, Classifier
from latentq.randomness import derive_generator, derive_seed


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


def test_fid_infinity_is_the_intercept_over_fifteen_subsets(generator: torch.Generator) -> None:
    x = torch.randn(303, 4, generator=generator, dtype=torch.float64)
    y = 1.2 * torch.randn(200, 4, generator=generator, dtype=torch.float64) + 0.1
    drawn = derive_generator(5, "fid subsets")
    sizes = np.rint(60 + np.arange(15) * (303 - 60) / 14).astype(int)
    values = [metrics.fid(x[torch.randperm(303, generator=drawn)[:n]], y) for n in sizes]

    expected = np.polyfit(1 / sizes, np.array(values, dtype=float), 1)[1]

    assert metrics.fid_infinity(x, y, seed=5) == pytest.approx(expected, rel=1e-7)
    assert metrics.fid_infinity(x, y, seed=6) != metrics.fid_infinity(x, y, seed=5)


def test_fid_infinity_takes_off_the_bias_of_few_images(generator: torch.Generator) -> None:
    """Of n images of the true distribution, FID is F / n + (F^2 + F) / 4n at first order."""

    zero, one, n, f = torch.zeros(8).double(), torch.ones(8).double(), 400, 8
    y = normal(400, zero, one, generator)
    draws = torch.randn(40, n, f, generator=generator, dtype=torch.float64)

    plain = [metrics.fid(x, y) or 0 for x in draws]
    infinite = [metrics.fid_infinity(x, y, seed) or 0 for seed, x in enumerate(draws)]

    bias = f / n + (f**2 + f) / (4 * n)
    assert np.mean(plain) == pytest.approx(bias, rel=0.1)
    assert np.mean(infinite) == pytest.approx(0, abs=0.15 * bias)
    assert min(infinite) < 0  # not cut off, which would bias the mean


def test_fid_deviation_is_that_of_explicit_resamples(generator: torch.Generator) -> None:
    x = torch.randn(80, 3, generator=generator, dtype=torch.float64)
    y = 2 * torch.randn(90, 3, generator=generator, dtype=torch.float64) + 1
    drawn = derive_generator(2, "fid resamples")
    values = [metrics.fid(x[torch.randint(80, (80,), generator=drawn)], y) for _ in range(9)]

    expected = np.std(np.array(values, dtype=float), ddof=1)

    assert metrics.fid_deviation(x, y, 2, resamples=9) == pytest.approx(expected, rel=1e-7)


def test_fid_deviation_of_a_shifted_gaussian(generator: torch.Generator) -> None:
    """With a gap d far above the deviation s, FID is d^2 and deviates by 2 d s / sqrt(n)."""

    y = normal(500, torch.zeros(2).double(), torch.ones(2).double(), generator)
    x = normal(900, torch.tensor([12.0, 0.0]).double(), torch.ones(2).double(), generator)

    deviation = metrics.fid_deviation(x, y, 0, resamples=2000)

    assert deviation == pytest.approx(2 * 12 * 1 / 30, rel=0.06)


def test_extrapolation_and_resamples_need_enough_images(generator: torch.Generator) -> None:
    x = torch.randn(30, 8, generator=generator, dtype=torch.float64)

    assert metrics.fid_infinity(x[:23], x, 0) is not None
    assert metrics.fid_infinity(x[:22], x, 0) is None
    assert metrics.fid_infinity(x, x[:8], 0) is None
    assert metrics.fid_deviation(x[:9], x, 0) is not None
    assert metrics.fid_deviation(x[:8], x, 0) is None
    assert metrics.fid_deviation(x, x[:8], 0) is None


def test_kid_is_that_of_torchmetrics(
    monkeypatch: pytest.MonkeyPatch, generator: torch.Generator
) -> None:
    """The same subsets; 520 rows are no multiple of the rows that are taken at a time."""

    monkeypatch.setattr(metrics, "KID_SUBSETS", 3)
    monkeypatch.setattr(metrics, "KID_SUBSET_SIZE", 520)
    x = torch.randn(610, 6, generator=generator, dtype=torch.float64)
    y = torch.randn(580, 6, generator=generator, dtype=torch.float64) + 0.2
    drawn = torch.Generator().manual_seed(derive_seed(4, "kid"))
    values = []
    for _ in range(3):
        real = y[torch.randperm(580, generator=drawn)[:520]]
        fake = x[torch.randperm(610, generator=drawn)[:520]]
        values.append(poly_mmd(real, fake).item())

    mean, deviation = metrics.kid(x, y, seed=4)

    assert mean == pytest.approx(np.mean(values), rel=1e-10)
    assert deviation == pytest.approx(np.std(values), rel=1e-8)


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


def test_precision_and_recall_are_those_of_torch_fidelity(generator: torch.Generator) -> None:
    x = 0.7 * torch.randn(520, 5, generator=generator, dtype=torch.float64) + 0.4
    y = torch.randn(610, 5, generator=generator, dtype=torch.float64)

    expected = prc_features_to_metric(
        x, y, prc_neighborhood=3, prc_batch_size=1000, save_cpu_ram=False, verbose=False
    )

    precision, recall = metrics.precision_recall(x, y)
    assert 0.3 < expected["recall"] < expected["precision"] < 0.99
    assert precision == pytest.approx(expected["precision"], abs=1e-6)
    assert recall == pytest.approx(expected["recall"], abs=1e-6)


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

    monkeypatch.setattr(metrics, "INCEPTION_SHA256", hashlib.sha256(b"altered").hexdigest())
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
