r"""The VAE with a Gaussian mixture, fitted to its posterior means, as its prior.

.. math:: z \sim \sum_k w_k \, N(\mu_k, \mathrm{diag} \, \sigma_k^2)

A standard normal prior is not what the posteriors add up to, so that a VAE which draws from it
gives away a part of what it has learned. With a latent of 30 reals it has as many degrees of
freedom as four qubits, and with 71 components its prior has as many as the circuits.

References:
    From Variational to Deterministic Autoencoders (Ghosh et al., 2020), arXiv 1903.12436, which
    fits the prior of a VAE afterwards.
"""

import warnings
from typing import cast

import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture
from torch import Tensor, nn

from baselines.mixture import ROUNDS, check_number
from baselines.vae import VAE
from latentq.errors import ConvergenceError
from latentq.models.generative import Labels, in_chunks
from latentq.randomness import derive_generator


class DiagonalMixture(nn.Module):
    """The weights of components, with shape (K), their means and deviations, with shape (K, D).

    Arguments:
        components: The number of components.
        size: The number of coordinates.
    """

    def __init__(self, components: int, size: int) -> None:
        super().__init__()

        self.weights = nn.Parameter(torch.full((components,), 1 / components))
        self.means = nn.Parameter(torch.zeros(components, size))
        self.deviations = nn.Parameter(torch.ones(components, size))

    @property
    def freedom(self) -> int:
        """The number of free reals: the weights add up to 1."""
        return len(self.weights) - 1 + self.means.numel() + self.deviations.numel()

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        """Draws vectors, with shape (N, D)."""
        k = torch.multinomial(self.weights, n, replacement=True, generator=generator)
        means = self.means
        noise = torch.randn(
            n, means.shape[1], generator=generator, device=means.device, dtype=means.dtype
        )
        return means[k] + self.deviations[k] * noise


class VAEMixture(VAE):
    r"""The VAE with a fitted mixture as its prior.

    Arguments:
        channels: The number of channels of the networks.
        components: The number of components.
        fitted: The number of posterior means that the mixture is fitted to at most.
        latent: The number of real latent variables.
        lift: The width of the layer between the latent and the decoder.
        seed: The seed of the initial weights.
    """

    def __init__(
        self,
        channels: int,
        components: int = 71,
        fitted: int = 20_000,
        latent: int = 30,
        lift: int = 256,
        seed: int = 0,
    ) -> None:
        super().__init__(channels, latent, lift, seed)

        self.prior, self.fitted = DiagonalMixture(components, latent), fitted

    @torch.no_grad()
    def fit(self, latents: Tensor, seed: int) -> None:
        r"""Fits the mixture by expectation maximisation.

        Arguments:
            latents: The posterior means of the training images, with shape :math:`(N, D)`.
            seed: The seed of the fit.

        Raises:
            InputError: If there are fewer of them than components.
            ConvergenceError: If the likelihood still grows after
                :data:`~baselines.mixture.ROUNDS`.
        """
        prior = cast(DiagonalMixture, self.prior)
        components = len(prior.weights)
        check_number(len(latents), components, "prior.components")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # It is checked below.
            mixture = GaussianMixture(
                components, covariance_type="diag", random_state=seed, max_iter=ROUNDS
            )
            found = mixture.fit(latents[: self.fitted].double().cpu().numpy())
        if not found.converged_:
            raise ConvergenceError(f"mixture: the fit has not converged after {ROUNDS} rounds")
        prior.weights.copy_(torch.as_tensor(found.weights_))
        prior.means.copy_(torch.as_tensor(found.means_))
        prior.deviations.copy_(torch.as_tensor(found.covariances_).sqrt())

    @torch.no_grad()
    def sample(self, n: int, seed: int = 0, label: Labels = None) -> Tensor:
        r"""Draws images, with shape :math:`(N, 1, 28, 28)`, in :math:`[0, 1]`.

        Arguments:
            n: The number of images :math:`N`.
            seed: The seed of the draw; the same seed gives the same images.
            label: Not used, as the model knows no classes.
        """
        self.labels(n, seed, label)
        generator = derive_generator(seed, "sample", device=next(self.parameters()).device)
        return in_chunks(self.decode, cast(DiagonalMixture, self.prior).sample(n, generator))
