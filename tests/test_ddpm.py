"""The DDPM against closed forms: with a perfect network its samples have the data's moments."""

import math

import pytest
import torch
from torch import Tensor

from baselines.ddpm import DDPM, DiffusionObjective, cumulative_alphas, posterior


def test_schedule_is_the_cosine() -> None:
    alphas = cumulative_alphas(10)
    t = torch.arange(11, dtype=torch.float64) / 10
    curve = ((t + 0.008) / 1.008 * math.pi / 2).cos().square()

    assert alphas[0] == 1 and len(alphas) == 11
    assert torch.allclose(alphas[:-1], (curve / curve[0])[:-1])
    assert alphas[-1] == pytest.approx(1e-3 * alphas[-2].item())
    assert (alphas.diff() < 0).all()


def test_posterior_is_that_of_gaussians() -> None:
    """Bayes' rule on precisions: q(x_t | x_{t-1}) times q(x_{t-1} | x_0), completed squares."""
    alpha, before = torch.tensor(0.3), torch.tensor(0.7)
    x0, x = torch.tensor([[1.5]]), torch.tensor([[-0.4]])
    kept = alpha / before
    precision = kept / (1 - kept) + 1 / (1 - before)
    centre = (kept.sqrt() * x / (1 - kept) + before.sqrt() * x0 / (1 - before)) / precision

    mean, deviation = posterior(x0, x, alpha, before)

    assert torch.allclose(mean, centre)
    assert torch.allclose(deviation, precision.rsqrt())


def test_posterior_of_the_first_step_is_the_prediction() -> None:
    x0, x = torch.tensor([[1.5]]), torch.tensor([[-0.4]])
    mean, deviation = posterior(x0, x, torch.tensor(0.9), torch.tensor(1.0))

    assert torch.allclose(mean, x0) and deviation == 0


def gaussian_v(prior: DDPM, deviation: float) -> None:
    """Gives a model the exact v of data from N(0, s^2): E[v | x] is linear in x."""
    s2 = deviation**2

    def predict(x: Tensor, t: Tensor, cell: Tensor | None) -> Tensor:
        a = prior.alphas[t][:, None]
        total = a * s2 + 1 - a
        clean, noise = a.sqrt() * s2 / total * x, (1 - a).sqrt() / total * x
        return a.sqrt() * noise - (1 - a).sqrt() * clean

    prior.predict = predict  # type: ignore[method-assign]


@pytest.mark.parametrize("deviation", [0.5, 1.0])
def test_samples_of_an_exact_model_have_the_data_s_variance(
    deviation: float, generator: torch.Generator
) -> None:
    prior = DDPM(2, steps=200, width=4, depth=1)
    gaussian_v(prior, deviation)
    prior.mean, prior.deviation = torch.tensor([3.0, -1.0]), torch.tensor([2.0, 1.0])

    drawn = prior.sample(20_000, generator)

    assert torch.allclose(drawn.mean(dim=0), prior.mean, atol=0.06)
    assert torch.allclose(drawn.std(dim=0), deviation * prior.deviation, rtol=0.03)


def test_loss_of_an_exact_model_is_its_irreducible_part(generator: torch.Generator) -> None:
    """For N(0, 1) data the best v is 0, so that the loss is the variance of v, which is 1."""
    prior = DDPM(3, steps=5, width=4, depth=1)
    gaussian_v(prior, 1.0)
    data = torch.randn(50_000, 3, generator=generator)

    assert prior.loss(data, None, generator).item() == pytest.approx(1.0, abs=0.02)


def test_it_learns_clusters_and_their_cells(generator: torch.Generator) -> None:
    centres = torch.tensor([[-3.0, 0.0], [3.0, 1.0]])
    cells = torch.arange(400) % 2
    data = centres[cells] + 0.1 * torch.randn(400, 2, generator=generator)
    torch.manual_seed(0)
    prior = DDPM(2, steps=5, width=32, depth=2, cells=2)
    objective = DiffusionObjective(prior, data, batch=128, seed=0, cells=cells)
    optimizer = torch.optim.Adam(prior.parameters(), lr=0.01)
    losses = []
    for step in range(300):
        optimizer.zero_grad()
        loss = objective.loss(step)["loss"]
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    drawn = prior.sample(500, generator)
    nearest = torch.cdist(drawn, centres).min(dim=1)

    assert sum(losses[-20:]) < 0.3 * sum(losses[:20])
    assert nearest.values.median() < 0.4
    assert 150 < (nearest.indices == 0).sum() < 350


def test_losses_follow_from_seed_and_step() -> None:
    data = torch.randn(50, 2, generator=torch.Generator().manual_seed(0))
    prior = DDPM(2, steps=5, width=4, depth=1)
    objective = DiffusionObjective(prior, data, batch=16, seed=3)

    assert objective.loss(4)["loss"] == objective.loss(4)["loss"]
    assert objective.loss(4)["loss"] != objective.loss(5)["loss"]
