"""Models whose latents are quantum states: the autoencoder that they share, and fitted priors."""

from abc import abstractmethod
from typing import Literal

import torch
from torch import Tensor, nn

from latentq.diffusion.partition import balanced_cells
from latentq.errors import InputError
from latentq.models.generative import (
    GenerativeModel,
    Labels,
    check_images,
    in_chunks,
    pixel_loss,
    seeded,
)
from latentq.models.networks import Decoder, Encoder
from latentq.quantum import local
from latentq.quantum.encoding import amplitude_encode, density_coordinates, matrix_features
from latentq.quantum.states import check_states, perturb
from latentq.randomness import derive_generator

Coordinates = Literal["all", "local"]


class StateModel(GenerativeModel):
    r"""A CNN autoencoder whose latents are :math:`n`-qubit states, with some prior over them.

    Arguments:
        channels: The number of channels :math:`c` of the networks.
        prior: The prior.
        seed: The seed of the initial weights.
        qubits: The number of qubits :math:`n`.
        latent_noise: The noise on the states while the autoencoder is trained, see
            :func:`latentq.quantum.states.perturb`.
        conditional: Whether the prior is given the class of what it generates.
        coordinates: What the decoder reads: `all` density coordinates, or the `local` ones, see
            :mod:`latentq.quantum.local`.

    Raises:
        InputError: If coordinates are local and there are more than four qubits.
    """

    latent_freedom: int
    latent_space = "states"

    def __init__(
        self,
        channels: int,
        prior: nn.Module,
        seed: int = 0,
        *,
        qubits: int = 4,
        latent_noise: float = 0.0,
        conditional: bool = False,
        coordinates: Coordinates = "all",
    ) -> None:
        super().__init__()

        self.latent_noise, self.conditional = latent_noise, conditional
        self.qubits, self.coordinates = qubits, coordinates
        dimension = 2**qubits
        read = dimension**2 if coordinates == "all" else len(local.local_words(qubits))
        if coordinates == "local":
            local.local_settings(qubits)
        # The norm is one and a global phase does not matter.
        self.latent_freedom = 2 * dimension - 2
        self.encoder = seeded(lambda: Encoder(2 * dimension, channels), seed, "encoder")
        self.decoder = seeded(lambda: Decoder(read, channels), seed, "decoder")
        self.prior = prior

    def encode(self, images: Tensor) -> Tensor:
        r"""Returns the latent states of images.

        Arguments:
            images: Images in :math:`[0, 1]`, with shape :math:`(B, 1, 28, 28)`.

        Returns:
            Statevectors, with shape :math:`(B, 16)`, complex64 and of unit norm.

        Raises:
            InputError: If they are no such images, or a state has no direction.
        """
        check_images(images, next(self.encoder.parameters()))
        return amplitude_encode(self.encoder(images))

    def decode(self, latents: Tensor) -> Tensor:
        r"""Returns the images of states; a global phase of a state does not matter.

        Arguments:
            latents: Statevectors, with shape :math:`(B, 16)`; or mixed states
                :math:`\sum_k | \phi_k \rangle \langle \phi_k |`, with shape :math:`(B, K, 16)`.

        Returns:
            Images in :math:`[0, 1]`, with shape :math:`(B, 1, 28, 28)`.

        Raises:
            InputError: If they are no states: of another shape, not complex, or of another norm.
        """
        self._check_latents(latents)
        features = density_coordinates(latents)
        if latents.dim() == 3:
            features = features.sum(dim=1)
        return self.decoder(self.read(features)).sigmoid()

    def read(self, features: Tensor) -> Tensor:
        r"""Returns those of all density coordinates that the decoder reads, with shape (B, F).

        Arguments:
            features: The density coordinates, with shape :math:`(B, d^2)`.
        """
        if self.coordinates == "all":
            return features
        return features @ local.local_projection(self.qubits).to(features).T

    def decode_matrices(self, rho: Tensor) -> Tensor:
        r"""Returns the images of density matrices, or of estimates of them.

        Arguments:
            rho: Hermitian matrices of trace one, with shape :math:`(B, d, d)`.
        """
        like = next(self.decoder.parameters())
        return self.decoder(self.read(matrix_features(rho).to(like))).sigmoid()

    def _check_latents(self, latents: Tensor) -> None:
        dimension = 1 + self.latent_freedom // 2
        if latents.dim() not in (2, 3) or latents.shape[-1] != dimension:
            raise InputError(
                f"latents: must have shape (B, {dimension}), or (B, K, {dimension}) if they are "
                f"mixed, was {tuple(latents.shape)}"
            )
        if not latents.is_complex():
            raise InputError(f"latents: must be complex statevectors, was {latents.dtype}")
        # The vectors of a mixed state have a total norm of one, to the precision of their source.
        check_states(latents.flatten(1).to(torch.complex64))

    def loss(
        self, images: Tensor, labels: Tensor, generator: torch.Generator
    ) -> dict[str, Tensor]:
        r"""Returns the reconstruction loss of the autoencoder, see
        :func:`latentq.models.generative.pixel_loss`.

        Arguments:
            images: Images in :math:`[0, 1]`, with shape :math:`(B, 1, 28, 28)`.
            labels: Not used; the autoencoder knows no classes.
            generator: The source of the noise on the states.
        """
        psi = perturb(amplitude_encode(self.encoder(images)), self.latent_noise, generator)
        return {"loss": pixel_loss(self.decoder(self.read(density_coordinates(psi))), images)}

    @abstractmethod
    def sample_states(self, n: int, seed: int = 0, label: Labels = None) -> Tensor:
        r"""Draws latents from the prior, of a shape that :meth:`decode` takes.

        Arguments:
            n: The number of states :math:`N`.
            seed: The seed of the draw.
            label: The classes, see :meth:`labels`.
        """

    @torch.no_grad()
    def sample(self, n: int, seed: int = 0, label: Labels = None) -> Tensor:
        r"""Draws images, with shape :math:`(N, 1, 28, 28)`, in :math:`[0, 1]`.

        Arguments:
            n: The number of images :math:`N`.
            seed: The seed of the draw; the same seed gives the same images.
            label: The classes, see :meth:`labels`.
        """
        return in_chunks(self.decode, self.sample_states(n, seed, label))

    def generator(self, seed: int) -> torch.Generator:
        """Returns the generator of the draws of a seed, on the model's device."""
        return derive_generator(seed, "sample", device=next(self.parameters()).device)


class FittedModel(StateModel):
    """A model whose prior is fitted to the latent states at once, without iterations."""

    @abstractmethod
    def fit(self, latents: Tensor, seed: int) -> None:
        r"""Fits the prior.

        Arguments:
            latents: The states of the training images, with shape :math:`(N, 16)`.
            seed: The seed of the fit.
        """


def cells_of(latents: Tensor, key: str, seed: int) -> Tensor:
    r"""Divides latent states into as many cells as there are basis states.

    Arguments:
        latents: The states, with shape :math:`(N, d)`.
        key: The key of the configuration that asks for cells.
        seed: The seed, see :func:`~latentq.diffusion.partition.balanced_cells`.

    Raises:
        InputError: If there are fewer states than cells.
    """
    if len(latents) < (number := latents.shape[1]):
        raise InputError(
            f"{key}: needs at least {number} training images, had {len(latents)}; set it to false"
        )
    return balanced_cells(latents, number, seed)
