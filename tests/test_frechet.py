import pytest
import torch

from latentq.evaluation import metrics
from latentq.evaluation.frechet import Normal, moments


def test_distance_is_the_fid_of_torchmetrics(generator: torch.Generator) -> None:
    x = torch.randn(400, 16, generator=generator, dtype=torch.float64) + 0.2
    y = torch.randn(300, 16, generator=generator, dtype=torch.float64)
    y = y @ torch.randn(16, 16, generator=generator, dtype=torch.float64)

    assert Normal(y).distance(*moments(x)) == pytest.approx(metrics.fid(x, y), rel=1e-8)
    assert Normal(x).distance(*moments(x)) == pytest.approx(0, abs=1e-10)


def test_features_that_never_vary_are_no_obstacle(generator: torch.Generator) -> None:
    x, y = torch.randn(2, 50, 3, generator=generator, dtype=torch.float64)
    dead = torch.zeros(50, 2, dtype=torch.float64)

    whole = Normal(torch.cat([y, dead], dim=1)).distance(*moments(torch.cat([x, dead], dim=1)))

    assert whole == pytest.approx(metrics.fid(x, y), rel=1e-8)


def test_counts_are_repetitions(generator: torch.Generator) -> None:
    x = torch.randn(30, 4, generator=generator, dtype=torch.float64) + 5
    counts = torch.randint(4, (30,), generator=generator)
    repeated = x.repeat_interleave(counts, dim=0)

    mean, covariance = moments(x, counts)

    assert torch.allclose(mean, repeated.mean(dim=0), atol=1e-12)
    centred = repeated - repeated.mean(dim=0)
    expected = centred.mT @ centred / (len(repeated) - 1)
    assert torch.allclose(covariance, expected, atol=1e-12)
