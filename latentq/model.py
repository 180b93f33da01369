r"""The hybrid model: CNN encoder, statevector, QuDDPM prior, mirrored CNN decoder.

.. math:: x \xrightarrow{\text{encoder}} (a, b) \in \mathbb{R}^{32}
    \xrightarrow{\text{normalise}} \psi \in \mathbb{C}^{16}
    \xrightarrow{\text{density features}} \rho \xrightarrow{\text{decoder}} \hat{x}

The autoencoder is trained first, by the Bernoulli likelihood of the pixels. The QuDDPM is then
trained on the frozen latent states, and generates new ones.

A conditional model generates images of a given class: class :math:`y` starts in the basis state
:math:`| y \rangle`. The circuits are the same for all classes.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from latentq.config import CLASSES
from latentq.diffusion import ForwardProcess, QuDDPM
from latentq.encoding import amplitude_encode, density_features
from latentq.networks import Decoder, Encoder
from latentq.randomness import derive_generator, derive_seed
from latentq.states import perturb

CHUNK = 1000

Labels = Tensor | int | None


def in_chunks(function: Callable[[Tensor], Tensor], inputs: Tensor) -> Tensor:
    """Applies a function to a batch in chunks, which bounds the memory that it takes."""
    return torch.cat([function(chunk) for chunk in inputs.split(CHUNK)])


def pixel_loss(logits: Tensor, images: Tensor) -> Tensor:
    r"""Returns the Bernoulli cross entropy in nats, summed over pixels, averaged over images.

    Arguments:
        logits: The logits of the pixels, with shape :math:`(B, 1, 28, 28)`.
        images: Images in :math:`[0, 1]`, with shape :math:`(B, 1, 28, 28)`.
    """
    return functional.binary_cross_entropy_with_logits(logits, images, reduction="sum") / len(
        images
    )


def seeded(build: Callable[[], nn.Module], seed: int, purpose: str) -> nn.Module:
    """Builds a module whose default initialisation follows from a seed and a purpose."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive_seed(seed, "init", purpose))
        return build()


class GenerativeModel(nn.Module, ABC):
    """What the trainers and the evaluation expect of every generative model.

    It has an `encoder` and a `decoder`, and a `prior` if it trains one in a stage of its own.
    A `conditional` one takes the class of what it generates.
    """

    conditional: bool

    encoder: nn.Module
    decoder: nn.Module
    prior: nn.Module | None

    @abstractmethod
    def encode(self, images: Tensor) -> Tensor:
        r"""Returns the latents of images of shape :math:`(B, 1, 28, 28)`."""

    @abstractmethod
    def decode(self, latents: Tensor) -> Tensor:
        r"""Returns the images of latents, with shape :math:`(B, 1, 28, 28)`, in :math:`[0, 1]`."""

    @abstractmethod
    def loss(
        self, images: Tensor, labels: Tensor, generator: torch.Generator
    ) -> dict[str, Tensor]:
        """Returns the `loss` of a batch of images, and its parts."""

    @abstractmethod
    def sample(self, n: int, seed: int = 0, label: Labels = None) -> Tensor:
        r"""Draws images, with shape :math:`(N, 1, 28, 28)`, in :math:`[0, 1]`."""

    def reconstruct(self, images: Tensor, labels: Tensor) -> Tensor:
        r"""Returns the decoded latents of images.

        Arguments:
            images: Images in :math:`[0, 1]`, with shape :math:`(B, 1, 28, 28)`.
            labels: Their classes, with shape :math:`(B)`, for a model that encodes them.
        """
        return self.decode(self.encode(images))

    def labels(self, n: int, seed: int = 0, label: Labels = None) -> Tensor | None:
        r"""Returns the classes of the images that :meth:`sample` draws, with shape :math:`(N)`.

        Arguments:
            n: The number of images :math:`N`.
            seed: The seed of the draw.
            label: A class from 0 to 9, or one for each image, with shape :math:`(N)`. If `None`,
                a conditional model draws them uniformly and another one has none.

        Raises:
            ValueError: If the model is not conditional, or a label is not a class.
        """
        if label is None and not self.conditional:
            return None
        if not self.conditional:
            raise ValueError(f"label: needs a model with model.conditional=true, was {label}")

        device = next(self.parameters()).device
        if label is None:
            generator = derive_generator(seed, "labels", device=device)
            return torch.randint(CLASSES, (n,), device=device, generator=generator)
        given = torch.as_tensor(label, device=device).expand(n)
        if given.is_floating_point() or bool(((given < 0) | (given >= CLASSES)).any()):
            raise ValueError(f"label: must be classes from 0 to {CLASSES - 1}, was {label}")
        return given.long()


class LatentQ(GenerativeModel):
    r"""A CNN autoencoder with a latent of :math:`n`-qubit states, and a QuDDPM as its prior.

    Arguments:
        channels: The number of channels :math:`c` of the networks.
        prior: The arguments of :class:`~latentq.diffusion.ForwardProcess` (`qubits`, `steps`,
            `strength`, `terminal`, `noise`) and of :class:`~latentq.diffusion.QuDDPM`.
        seed: The seed of the initial weights.
        noise: The noise on the states while the autoencoder is trained, see
            :func:`latentq.states.perturb`.
        conditional: Whether the prior is given the class of what it generates.
    """

    prior: QuDDPM

    def __init__(
        self,
        channels: int,
        prior: Mapping[str, Any],
        seed: int = 0,
        *,
        noise: float = 0.0,
        conditional: bool = False,
    ) -> None:
        super().__init__()

        self.noise, self.conditional = noise, conditional

        arguments: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in prior.items()
        }
        names = [f.name for f in fields(ForwardProcess)]
        forward = ForwardProcess(**{k: arguments.pop(k) for k in names})
        dimension = 2**forward.qubits
        self.encoder = seeded(lambda: Encoder(2 * dimension, channels), seed, "encoder")
        self.decoder = seeded(lambda: Decoder(dimension**2, channels), seed, "decoder")
        self.prior = QuDDPM(
            forward, **arguments, generator=derive_generator(seed, "init", "prior")
        )

    def encode(self, images: Tensor) -> Tensor:
        r"""Returns the latent states of images.

        Arguments:
            images: Images in :math:`[0, 1]`, with shape :math:`(B, 1, 28, 28)`.

        Returns:
            Statevectors, with shape :math:`(B, 16)`, complex64 and of unit norm.
        """
        return amplitude_encode(self.encoder(images))

    def decode(self, latents: Tensor) -> Tensor:
        r"""Returns the images of states; a global phase of a state does not matter.

        Arguments:
            latents: Statevectors, with shape :math:`(B, 16)`.

        Returns:
            Images in :math:`[0, 1]`, with shape :math:`(B, 1, 28, 28)`.
        """
        return self.decoder(density_features(latents)).sigmoid()

    def loss(
        self, images: Tensor, labels: Tensor, generator: torch.Generator
    ) -> dict[str, Tensor]:
        r"""Returns the reconstruction loss of the autoencoder, see :func:`pixel_loss`.

        Arguments:
            images: Images in :math:`[0, 1]`, with shape :math:`(B, 1, 28, 28)`.
            labels: Not used; the autoencoder knows no classes.
            generator: The source of the noise on the states.
        """
        psi = perturb(self.encode(images), self.noise, generator)
        return {"loss": pixel_loss(self.decoder(density_features(psi)), images)}

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
        return self.prior.sample_chain(n, self._generator(seed), start=self.labels(n, seed, label))

    @torch.no_grad()
    def sample(self, n: int, seed: int = 0, label: Labels = None) -> Tensor:
        r"""Draws images, with shape :math:`(N, 1, 28, 28)`, in :math:`[0, 1]`.

        Arguments:
            n: The number of images :math:`N`.
            seed: The seed of the draw; the same seed gives the same images.
            label: The classes, see :meth:`labels`.
        """
        return in_chunks(self.decode, self.sample_chain(n, seed, label)[-1])

    def _generator(self, seed: int) -> torch.Generator:
        device = next(self.parameters()).device
        return derive_generator(seed, "sample", device=device)
