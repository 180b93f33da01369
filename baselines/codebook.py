r"""A codebook: a few states, drawn by their shares of the training images, with isotropic noise.

.. math:: k \sim w, \qquad \psi = \frac{c_k + \sigma \chi}{\| \cdot \|},

with the centres :math:`c_k` of k-means in a phase gauge and noise :math:`\chi` as in
:func:`latentq.quantum.states.perturb`. It is the plainest prior that has as many parameters as the
circuits: what it reaches needs no chain, no loss and no gradient.
"""

import torch
from sklearn.cluster import KMeans
from torch import Tensor, nn

from baselines.mixture import ROUNDS, reals_to_fit
from latentq.errors import ConvergenceError
from latentq.models.generative import Labels
from latentq.models.states import FittedModel
from latentq.quantum.encoding import amplitude_encode
from latentq.quantum.states import perturb


class Codebook(nn.Module):
    """The centres, with shape (K, D), and their weights, with shape (K).

    Arguments:
        centres: The number of centres.
        size: The number of real coordinates.
    """

    def __init__(self, centres: int, size: int) -> None:
        super().__init__()

        self.weights = nn.Parameter(torch.full((centres,), 1 / centres))
        self.centres = nn.Parameter(torch.ones(centres, size))

    @property
    def freedom(self) -> int:
        """The number of free reals: norms and phases do nothing, and the weights add up to 1."""
        number, size = self.centres.shape
        return number * (size - 2) + number - 1


class CodebookModel(FittedModel):
    r"""The autoencoder of the quantum model with a codebook as prior.

    Arguments:
        channels: The number of channels of the networks.
        centres: The number of centres :math:`K`.
        spread: The strength :math:`\sigma` of the noise on what is drawn.
        fitted: The number of states that the centres are fitted to at most.
        qubits: The number of qubits.
        seed: The seed of the initial weights.
        latent_noise: The noise on the states while the autoencoder is trained.
    """

    prior: Codebook

    def __init__(
        self,
        channels: int,
        centres: int,
        spread: float,
        fitted: int = 20_000,
        qubits: int = 4,
        seed: int = 0,
        *,
        latent_noise: float = 0.0,
    ) -> None:
        prior = Codebook(centres, 2 * 2**qubits)
        super().__init__(channels, prior, seed, qubits=qubits, latent_noise=latent_noise)

        self.spread, self.fitted = spread, fitted

    @torch.no_grad()
    def fit(self, latents: Tensor, seed: int) -> None:
        """Fits the centres by k-means, see the base class.

        Raises:
            InputError: If there are fewer states than centres.
            ConvergenceError: If the centres still move after :data:`~baselines.mixture.ROUNDS`.
        """
        centres = len(self.prior.weights)
        reals = reals_to_fit(latents, self.fitted, centres, "prior.centres").float()
        found = KMeans(centres, n_init=1, random_state=seed, max_iter=ROUNDS).fit(reals.numpy())
        if found.n_iter_ >= ROUNDS:
            raise ConvergenceError(f"codebook: k-means has not converged after {ROUNDS} rounds")
        shares = torch.bincount(torch.as_tensor(found.labels_).long(), minlength=centres)
        self.prior.weights.copy_(shares / len(reals))
        self.prior.centres.copy_(torch.as_tensor(found.cluster_centers_))

    @torch.no_grad()
    def sample_states(self, n: int, seed: int = 0, label: Labels = None) -> Tensor:
        """Draws states around the centres, with shape (N, 16), see the base class."""
        self.labels(n, seed, label)
        generator, prior = self.generator(seed), self.prior
        k = torch.multinomial(prior.weights, n, replacement=True, generator=generator)
        return perturb(amplitude_encode(prior.centres)[k], self.spread, generator)
