r"""The hybrid model: CNN encoder, statevector, QuDDPM prior, mirrored CNN decoder.

.. math:: x \xrightarrow{\text{encoder}} (a, b) \in \mathbb{R}^{32}
    \xrightarrow{\text{normalise}} \psi \in \mathbb{C}^{16}
    \xrightarrow{\text{density features}} \rho \xrightarrow{\text{decoder}} \hat{x}

The autoencoder is trained first, by the Bernoulli likelihood of the pixels. The QuDDPM is then
trained on the frozen latent states, and generates new ones.

A conditional model generates images of a given class: class :math:`y` starts in the basis state
:math:`| y \rangle`. The circuits are the same for all classes.
"""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

import torch
from torch import Tensor, nn

from latentq.diffusion import Chain, DenoisingObjective, ForwardProcess, QuDDPM
from latentq.diffusion.cells import balanced_cells
from latentq.errors import InputError
from latentq.models.generative import (
    CLASSES,
    GenerativeModel,
    Labels,
    check_images,
    in_chunks,
    pixel_loss,
    seeded,
)
from latentq.models.networks import Decoder, Encoder
from latentq.quantum.encoding import amplitude_encode, density_features
from latentq.quantum.states import check_states, perturb
from latentq.randomness import derive_generator


class StateModel(GenerativeModel):
    r"""A CNN autoencoder whose latents are :math:`n`-qubit states, with some prior over them.

    Arguments:
        channels: The number of channels :math:`c` of the networks.
        prior: The prior.
        seed: The seed of the initial weights.
        qubits: The number of qubits :math:`n`.
        noise: The noise on the states while the autoencoder is trained, see
            :func:`latentq.quantum.states.perturb`.
        conditional: Whether the prior is given the class of what it generates.
    """

    def __init__(
        self,
        channels: int,
        prior: nn.Module,
        seed: int = 0,
        *,
        qubits: int = 4,
        noise: float = 0.0,
        conditional: bool = False,
    ) -> None:
        super().__init__()

        self.noise, self.conditional = noise, conditional
        dimension = 2**qubits
        # The norm is one and a global phase does not matter.
        self.latent_freedom = 2 * dimension - 2
        self.encoder = seeded(lambda: Encoder(2 * dimension, channels), seed, "encoder")
        self.decoder = seeded(lambda: Decoder(dimension**2, channels), seed, "decoder")
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
        features = density_features(latents)
        if latents.dim() == 3:
            features = features.sum(dim=1)
        return self.decoder(features).sigmoid()

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
        psi = perturb(amplitude_encode(self.encoder(images)), self.noise, generator)
        return {"loss": pixel_loss(self.decoder(density_features(psi)), images)}

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
        seed: The seed, see :func:`~latentq.diffusion.cells.balanced_cells`.

    Raises:
        InputError: If there are fewer states than cells.
    """
    if len(latents) < (number := latents.shape[1]):
        raise InputError(
            f"{key}: needs at least {number} training images, had {len(latents)}; set it to false"
        )
    return balanced_cells(latents, number, seed)


class LatentQ(StateModel):
    r"""A CNN autoencoder with a latent of :math:`n`-qubit states, and a QuDDPM as its prior.

    Arguments:
        channels: The number of channels :math:`c` of the networks.
        prior: The arguments of :class:`~latentq.diffusion.ForwardProcess` (`qubits`, `steps`,
            `strength`, `terminal`, `noise`) and of :attr:`chain`.
        seed: The seed of the initial weights.
        noise: The noise on the states while the autoencoder is trained, see
            :func:`latentq.quantum.states.perturb`.
        conditional: Whether the prior is given the class of what it generates.
        classes: The number of classes, at most one for each basis state.
    """

    #: The class of the denoising chain; another one makes another model.
    chain: Callable[..., Chain] = QuDDPM
    prior: Chain

    def __init__(
        self,
        channels: int,
        prior: Mapping[str, Any],
        seed: int = 0,
        *,
        noise: float = 0.0,
        conditional: bool = False,
        classes: int = CLASSES,
    ) -> None:
        arguments: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in prior.items()
        }
        names = [f.name for f in fields(ForwardProcess)]
        forward = ForwardProcess(**{k: arguments.pop(k) for k in names})
        generator = derive_generator(seed, "init", "prior")
        super().__init__(
            channels,
            self.chain(forward, **arguments, generator=generator),
            seed,
            qubits=forward.qubits,
            noise=noise,
            conditional=conditional,
        )
        self.classes = classes

    def objective(
        self, latents: Tensor, labels: Tensor, settings: Mapping[str, Any], seed: int
    ) -> DenoisingObjective:
        r"""Returns what the prior is trained on.

        Arguments:
            latents: The states of the training images, with shape :math:`(N, d)`.
            labels: Their classes, with shape :math:`(N)`; the groups of a conditional model.
            settings: The section `denoising` of the configuration: the numbers of `inputs`,
                `starts` and `targets`, `intermediate_weight`, and whether there are `cells`.
            seed: The seed of all draws.

        Raises:
            InputError: If there are fewer states than cells, a class of a conditional model has
                no state, or there are fewer `inputs`, `starts` or `targets` than groups.
        """
        groups = None
        if self.conditional:
            counts = torch.bincount(labels, minlength=self.classes)
            if missing := int((counts == 0).sum()):
                raise InputError(
                    f"labels: must hold all {self.classes} classes of a conditional model, "
                    f"{missing} of them have no state"
                )
            groups = labels
        elif settings["cells"]:
            groups = cells_of(latents, "denoising.cells", seed)
        names = ("inputs", "starts", "targets", "intermediate_weight")
        chosen = {name: settings[name] for name in names}
        return DenoisingObjective(self.prior, latents, **chosen, seed=seed, groups=groups)

    @torch.no_grad()
    def sample_chain(self, n: int, seed: int = 0, label: Labels = None) -> Tensor:
        r"""Draws the ensembles of a generation, from :math:`S_T` to :math:`S_0`.

        Arguments:
            n: The number of states :math:`N`.
            seed: The seed of the draw.
            label: The classes, see :meth:`labels`.

        Returns:
            Statevectors, with shape :math:`(T + 1, N, 16)`.
        """
        start = self.labels(n, seed, label)
        return self.prior.sample_chain(n, self.generator(seed), start=start)

    def sample_states(self, n: int, seed: int = 0, label: Labels = None) -> Tensor:
        r"""Draws the generated states :math:`S_0`, see the base class."""
        return self.sample_chain(n, seed, label)[-1]
