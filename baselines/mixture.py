r"""A Gaussian mixture as the prior of the latent states.

.. math:: p(x) = \sum_k w_k \, N(x; \mu_k, C_k), \qquad
    x = (\mathrm{Re} \, \psi, \mathrm{Im} \, \psi) \in \mathbb{R}^{32},

in a phase gauge. A sample is normalised to a state. It is fitted by scikit-learn.

References:
    From Variational to Deterministic Autoencoders (Ghosh et al., 2020), arXiv 1903.12436, which
    samples autoencoders so.
"""

import warnings

import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture
from torch import Tensor, nn

from latentq.errors import ConvergenceError, InputError
from latentq.models.generative import Labels
from latentq.models.states import FittedModel
from latentq.quantum.encoding import amplitude_encode, phase_reference, to_reals

ROUNDS = 2000  # of a fit at most; those of 20,000 states take about a hundred


class Mixture(nn.Module):
    """The weights, means and Cholesky factors of the components, the latter row by row.

    Arguments:
        components: The number of components.
        size: The number of real coordinates.
    """

    def __init__(self, components: int, size: int) -> None:
        super().__init__()

        self.weights = nn.Parameter(torch.full((components,), 1 / components))
        self.means = nn.Parameter(torch.zeros(components, size))
        self.factors = nn.Parameter(torch.zeros(components, size * (size + 1) // 2))
        self.lower = torch.tril_indices(size, size).unbind()


def reals_to_fit(latents: Tensor, most: int, least: int, key: str) -> Tensor:
    """Returns the coordinates of states in a phase gauge, in float64 and on the CPU.

    Arguments:
        latents: The states, with shape (N, d).
        most: How many of them are taken at the most.
        least: How many are needed, one for each part of what is fitted.
        key: The key of the configuration that says how many.

    Raises:
        InputError: If there are fewer.
    """
    check_number(len(latents), least, key)
    psi = latents[:most].cpu()
    return to_reals(psi, phase_reference(psi)).double()


def check_number(number: int, least: int, key: str) -> None:
    """Raises `InputError` if there are fewer latents than the parts that are fitted to them."""
    if number < least:
        raise InputError(
            f"{key}: needs at least as many training images, {least} were asked for "
            f"{number} images"
        )


class MixtureModel(FittedModel):
    """The autoencoder of the quantum model with a Gaussian mixture as prior.

    Arguments:
        channels: The number of channels of the networks.
        components: The number of components, with full covariances.
        fitted: The number of states that the mixture is fitted to at most.
        qubits: The number of qubits.
        seed: The seed of the initial weights.
        latent_noise: The noise on the states while the autoencoder is trained.
    """

    prior: Mixture

    def __init__(
        self,
        channels: int,
        components: int,
        fitted: int = 20_000,
        qubits: int = 4,
        seed: int = 0,
        *,
        latent_noise: float = 0.0,
    ) -> None:
        prior = Mixture(components, 2 * 2**qubits)
        super().__init__(channels, prior, seed, qubits=qubits, latent_noise=latent_noise)

        self.fitted = fitted

    @torch.no_grad()
    def fit(self, latents: Tensor, seed: int) -> None:
        """Fits the mixture by expectation maximisation, see the base class.

        Raises:
            InputError: If there are fewer states than components.
            ConvergenceError: If the likelihood still grows after :data:`ROUNDS`.
        """
        components = len(self.prior.weights)
        reals = reals_to_fit(latents, self.fitted, components, "prior.components").numpy()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # It is checked below.
            mixture = GaussianMixture(components, random_state=seed, max_iter=ROUNDS)
            found = mixture.fit(reals)
        if not found.converged_:
            raise ConvergenceError(f"mixture: the fit has not converged after {ROUNDS} rounds")
        self.prior.weights.copy_(torch.as_tensor(found.weights_))
        self.prior.means.copy_(torch.as_tensor(found.means_))
        factors = torch.linalg.cholesky(torch.as_tensor(found.covariances_))
        self.prior.factors.copy_(factors[:, *self.prior.lower])

    @torch.no_grad()
    def sample_states(self, n: int, seed: int = 0, label: Labels = None) -> Tensor:
        """Draws states of the mixture, with shape (N, 16), see the base class."""
        self.labels(n, seed, label)
        generator, prior = self.generator(seed), self.prior
        k = torch.multinomial(prior.weights, n, replacement=True, generator=generator)
        noise = torch.randn(
            *(n, prior.means.shape[1]),
            generator=generator,
            device=prior.means.device,
            dtype=prior.means.dtype,
        )
        # One component after the other: a matrix for every sample would not fit in memory.
        drawn = prior.means[k]
        for i, packed in enumerate(prior.factors):
            factor = packed.new_zeros(noise.shape[1], noise.shape[1])
            factor[prior.lower] = packed
            drawn[k == i] += noise[k == i] @ factor.mT
        return amplitude_encode(drawn)
