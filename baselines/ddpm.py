r"""A DDPM on vectors, with few steps and a small network.

.. math:: x_t = \sqrt{\bar\alpha_t} \, x_0 + \sqrt{1 - \bar\alpha_t} \, \epsilon, \qquad
    \bar\alpha_t = \frac{\cos^2( \frac{t/T + s}{1 + s} \frac{\pi}{2} )}{\cos^2(
    \frac{s}{1 + s} \frac{\pi}{2} )}, \quad t = 0 \dots T

A small MLP predicts :math:`v = \sqrt{\bar\alpha_t} \, \epsilon - \sqrt{1 - \bar\alpha_t} \, x_0`
from :math:`x_t` and :math:`t`, and samples are drawn by the posterior
:math:`q(x_{t-1} | x_t, \hat{x}_0)`. With few steps a prediction of :math:`v` is stable where one
of :math:`\epsilon` is not.

References:
    Denoising Diffusion Probabilistic Models (Ho et al., 2020), arXiv 2006.11239; cosine schedule:
    Nichol and Dhariwal (2021), arXiv 2102.09672; prediction of v: Salimans and Ho (2022),
    arXiv 2202.00512.
"""

import itertools
import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from latentq.randomness import derive_generator

OFFSET = 0.008  # s of the cosine schedule
LARGEST = 0.999  # the largest variance that a step adds


def cumulative_alphas(steps: int) -> Tensor:
    r"""Returns :math:`\bar\alpha_0 \dots \bar\alpha_T` of the cosine schedule, with shape (T + 1).

    No step adds a variance above :data:`LARGEST`, which keeps the last one above zero.

    Arguments:
        steps: The number of steps :math:`T`.
    """
    t = torch.arange(steps + 1, dtype=torch.float64) / steps
    curve = ((t + OFFSET) / (1 + OFFSET) * math.pi / 2).cos().square()
    ratios = (curve[1:] / curve[:-1]).clamp_min(1 - LARGEST)
    return torch.cat((torch.ones(1, dtype=torch.float64), ratios.cumprod(dim=0)))


class DDPM(nn.Module):
    r"""A DDPM on vectors, which are standardised first.

    Arguments:
        size: The number of coordinates :math:`D`.
        steps: The number of steps :math:`T`.
        width: The number of hidden units of a layer.
        depth: The number of hidden layers.
        cells: The number of cells, if the network is given one as a one-hot vector, else 0.
    """

    alphas: Tensor
    mean: Tensor
    deviation: Tensor

    def __init__(self, size: int, steps: int, width: int, depth: int, cells: int = 0) -> None:
        super().__init__()

        self.size, self.steps, self.cells = size, steps, cells
        widths = [size + steps + cells, *[width] * depth, size]
        layers: list[nn.Module] = []
        for inputs, outputs in itertools.pairwise(widths):
            layers += [nn.Linear(inputs, outputs), nn.SiLU()]
        self.network = nn.Sequential(*layers[:-1])
        self.register_buffer("alphas", cumulative_alphas(steps).float())
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("deviation", torch.ones(size))

    def standardise(self, latents: Tensor) -> None:
        """Takes mean and deviation of each coordinate from latents of shape (N, D)."""
        self.mean = latents.mean(dim=0)
        self.deviation = latents.std(dim=0).clamp_min(torch.finfo(latents.dtype).eps)

    def predict(self, x: Tensor, t: Tensor, cell: Tensor | None) -> Tensor:
        r"""Returns the prediction of :math:`v`, with shape (B, D).

        Arguments:
            x: Noisy standardised vectors, with shape (B, D).
            t: The steps, from 1 to :math:`T`, with shape (B).
            cell: The cells, with shape (B), or `None`.
        """
        parts = [x, functional.one_hot(t - 1, self.steps).to(x)]
        if cell is not None:
            parts.append(functional.one_hot(cell, self.cells).to(x))
        return self.network(torch.cat(parts, dim=-1))

    def loss(self, latents: Tensor, cell: Tensor | None, generator: torch.Generator) -> Tensor:
        r"""Returns the mean squared error of :math:`v` at random steps.

        Arguments:
            latents: Vectors of the data, with shape (B, D).
            cell: Their cells, with shape (B), or `None`.
            generator: The source of steps and noise.
        """
        x = (latents - self.mean) / self.deviation
        t = torch.randint(1, self.steps + 1, (len(x),), device=x.device, generator=generator)
        noise = torch.randn(x.shape, device=x.device, dtype=x.dtype, generator=generator)
        signal, sigma = self.alphas[t, None].sqrt(), (1 - self.alphas[t, None]).sqrt()
        v = self.predict(signal * x + sigma * noise, t, cell)
        return functional.mse_loss(v, signal * noise - sigma * x)

    @torch.no_grad()
    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        r"""Draws vectors, with shape (N, D), in the coordinates of the data.

        Arguments:
            n: The number of vectors.
            generator: The source of randomness; its device is that of the network.
        """
        device, cell = generator.device, None
        if self.cells:
            cell = torch.randint(self.cells, (n,), device=device, generator=generator)
        return self.draw(n, cell, generator)

    def draw(self, n: int, cell: Tensor | None, generator: torch.Generator) -> Tensor:
        r"""Draws vectors as :meth:`sample` does, of given cells and with a gradient.

        Arguments:
            n: The number of vectors.
            cell: Their cells, with shape (N), or `None`.
            generator: The source of randomness; its device is that of the network.
        """
        device = generator.device
        x = torch.randn(n, self.size, device=device, dtype=self.mean.dtype, generator=generator)
        for t in range(self.steps, 0, -1):
            step = torch.full((n,), t, device=device)
            alpha = self.alphas[t]
            x0 = alpha.sqrt() * x - (1 - alpha).sqrt() * self.predict(x, step, cell)
            noise = torch.randn(x.shape, device=device, dtype=x.dtype, generator=generator)
            mean, deviation = posterior(x0, x, alpha, self.alphas[t - 1])
            x = mean + deviation * noise
        return x * self.deviation + self.mean


def posterior(x0: Tensor, x: Tensor, alpha: Tensor, before: Tensor) -> tuple[Tensor, Tensor]:
    r"""Returns mean and deviation of :math:`q(x_{t-1} | x_t, x_0)`.

    .. math:: \frac{\sqrt{\bar\alpha_{t-1}} \beta_t}{1 - \bar\alpha_t} x_0
        + \frac{\sqrt{\alpha_t} (1 - \bar\alpha_{t-1})}{1 - \bar\alpha_t} x_t, \qquad
        \sigma^2 = \frac{1 - \bar\alpha_{t-1}}{1 - \bar\alpha_t} \beta_t, \quad
        \alpha_t = 1 - \beta_t = \bar\alpha_t / \bar\alpha_{t-1}

    Arguments:
        x0: The clean vectors, with shape (B, D).
        x: The noisy vectors :math:`x_t`, with shape (B, D).
        alpha: :math:`\bar\alpha_t`.
        before: :math:`\bar\alpha_{t-1}`; 1 gives :math:`x_0` itself.

    References:
        Ho et al. (2020), equation 7.
    """
    kept = alpha / before
    mean = (before.sqrt() * (1 - kept) * x0 + kept.sqrt() * (1 - before) * x) / (1 - alpha)
    return mean, ((1 - before) / (1 - alpha) * (1 - kept)).sqrt()


class DiffusionObjective(nn.Module):
    """What a DDPM is trained on: all its steps at once, in phases of equal kind.

    Arguments:
        prior: The model.
        latents: The vectors of the data, with shape (N, D).
        batch: The number of vectors in an iteration.
        seed: The seed of all draws.
        cells: The cell of each vector, with shape (N), or `None`.
    """

    alone = 0

    def __init__(
        self,
        prior: DDPM,
        latents: Tensor,
        *,
        batch: int,
        seed: int,
        cells: Tensor | None = None,
    ) -> None:
        super().__init__()

        prior.standardise(latents)
        self.prior, self.latents, self.cells = prior, latents, cells
        self.batch, self.seed = batch, seed

    def begin(self, phase: int) -> None:
        """Enters a phase; all are alike."""

    def loss(self, step: int, value: bool = True) -> dict[str, Tensor]:
        """Returns the loss of an iteration.

        Arguments:
            step: The number of the iteration, from which all draws are derived.
            value: Not used; the gradient needs the whole loss.
        """
        generator = derive_generator(self.seed, "diffusion", step, device=self.latents.device)
        size = (self.batch,)
        index = torch.randint(
            len(self.latents), size, device=self.latents.device, generator=generator
        )
        cells = None if self.cells is None else self.cells[index]
        return {"loss": self.prior.loss(self.latents[index], cells, generator)}
