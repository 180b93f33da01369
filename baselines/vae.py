r"""A VAE with a real latent, the networks of the quantum model and as many weights in all.

.. math:: z \sim N(\mu(x), \sigma^2(x)), \qquad
    \mathcal{L} = - \mathbb{E} \log p(x | z) + KL( q(z | x) \, \| \, N(0, 1) )

Its encoder has 32 real outputs, 16 means and 16 log-variances, as many as the 16 complex
amplitudes of four qubits. The quantum decoder sees 256 density coordinates of a state; here a
trained layer lifts the latent to as many, so that the decoders agree and the totals match within
1%. Images are sampled from :math:`z \sim N(0, 1)`.

A conditional VAE gets the class :math:`y` twice, through a trained shift of the encoder's outputs
and one of the lifted latent.

References:
    Auto-Encoding Variational Bayes (Kingma and Welling, 2014), arXiv 1312.6114.
"""

from typing import cast

import torch
from torch import Tensor, nn

from latentq.config.schema.data import CLASSES
from latentq.errors import InputError, NumericalError
from latentq.models.generative import (
    CHUNK,
    GenerativeModel,
    Labels,
    check_images,
    in_chunks,
    pixel_loss,
    seeded,
)
from latentq.models.networks import Decoder, Encoder
from latentq.randomness import derive_generator


def kl_to_normal(mean: Tensor, log_variance: Tensor) -> Tensor:
    r"""Returns the divergence of a diagonal normal distribution from the standard one, in nats.

    .. math:: KL = \frac{1}{2} \sum_j ( \mu_j^2 + \sigma_j^2 - 1 - \log \sigma_j^2 )

    Arguments:
        mean: The means :math:`\mu`, with shape :math:`(*, D)`.
        log_variance: The logarithms of the variances, with shape :math:`(*, D)`.

    Returns:
        The divergence, with shape :math:`(*)`.
    """
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(dim=-1)


class VAE(GenerativeModel):
    """A variational autoencoder with the CNN encoder and decoder of the quantum model.

    Arguments:
        channels: The number of channels of the networks.
        latent: The number of real latent variables.
        lift: The width of the layer between the latent and the decoder.
        seed: The seed of the initial weights.
        conditional: Whether it is given the class.
        classes: The number of classes.
    """

    latent_space = "vae"

    def __init__(
        self,
        channels: int,
        latent: int = 16,
        lift: int = 256,
        seed: int = 0,
        *,
        conditional: bool = False,
        classes: int = CLASSES,
    ) -> None:
        super().__init__()

        self.latent, self.latent_freedom = latent, latent
        self.prior, self.conditional, self.classes = None, conditional, classes
        self.encoder = seeded(lambda: Encoder(2 * latent, channels), seed, "encoder")
        self.decoder = seeded(
            lambda: nn.Sequential(nn.Linear(latent, lift), nn.SiLU(), Decoder(lift, channels)),
            seed,
            "decoder",
        )
        if conditional:
            shifts = torch.zeros(classes, 2 * latent), torch.zeros(classes, lift)
            self.encoder.register_parameter("shift", nn.Parameter(shifts[0]))
            self.decoder.register_parameter("shift", nn.Parameter(shifts[1]))

    def posterior(self, images: Tensor, labels: Tensor | None = None) -> tuple[Tensor, Tensor]:
        r"""Returns the means and log-variances of :math:`q(z | x)`, each of shape (B, D)."""
        outputs = self.encoder(images)
        if labels is not None:
            outputs = outputs + cast(Tensor, self.encoder.shift)[labels]
        mean, log_variance = outputs.chunk(2, dim=-1)
        return mean, log_variance

    def logits(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        r"""Returns the logits of the pixels, with shape :math:`(B, 1, 28, 28)`."""
        lift, activation, decoder = cast(nn.Sequential, self.decoder)
        lifted = lift(latents)
        if labels is not None:
            lifted = lifted + cast(Tensor, self.decoder.shift)[labels]
        return decoder(activation(lifted))

    def encode(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        r"""Returns the posterior means of images, with shape :math:`(B, D)`.

        Arguments:
            images: Images in :math:`[0, 1]`, with shape :math:`(B, 1, 28, 28)`.
            labels: Their classes, with shape :math:`(B)`, if the model is conditional.

        Raises:
            InputError: If they are no such images, or the classes are missing or too many.
        """
        check_images(images, next(self.encoder.parameters()))
        self._check_labels(labels)
        return self.posterior(images, labels)[0]

    def decode(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        r"""Returns the images of latents, with shape :math:`(B, 1, 28, 28)`, in :math:`[0, 1]`.

        Arguments:
            latents: Finite latents, with shape :math:`(B, D)`.
            labels: Their classes, with shape :math:`(B)`, if the model is conditional.

        Raises:
            InputError: If they are no such latents, or the classes are missing or too many.
        """
        if latents.dim() != 2 or latents.shape[1] != self.latent or latents.is_complex():
            raise InputError(
                f"latents: must be real and have shape (B, {self.latent}), was {latents.dtype} "
                f"{tuple(latents.shape)}"
            )
        if not bool(torch.isfinite(latents).all()):
            raise NumericalError("latents: must be finite, had a NaN or an infinity")
        self._check_labels(labels)
        return self.logits(latents, labels).sigmoid()

    def _check_labels(self, labels: Tensor | None) -> None:
        if (labels is not None) != self.conditional:
            given = "were missing" if labels is None else "were given to one that knows none"
            raise InputError(f"labels: a conditional model needs the classes, they {given}")

    def reconstruct(self, images: Tensor, labels: Tensor) -> Tensor:
        r"""Returns the decoded posterior means of images, see the base class."""
        given = labels if self.conditional else None
        return self.decode(self.encode(images, given), given)

    def loss(
        self, images: Tensor, labels: Tensor, generator: torch.Generator
    ) -> dict[str, Tensor]:
        r"""Returns the negative evidence lower bound in nats, and its two parts.

        Arguments:
            images: Images in :math:`[0, 1]`, with shape :math:`(B, 1, 28, 28)`.
            labels: Their classes, with shape :math:`(B)`; used if the model is conditional.
            generator: The source of the reparameterised noise.
        """
        given = labels if self.conditional else None
        mean, log_variance = self.posterior(images, given)
        noise = torch.randn(mean.shape, generator=generator, device=mean.device, dtype=mean.dtype)
        logits = self.logits(mean + noise * (0.5 * log_variance).exp(), given)
        pixels, kl = pixel_loss(logits, images), kl_to_normal(mean, log_variance).mean()
        return {"loss": pixels + kl, "pixels": pixels, "kl": kl}

    @torch.no_grad()
    def sample(self, n: int, seed: int = 0, label: Labels = None) -> Tensor:
        r"""Draws images, with shape :math:`(N, 1, 28, 28)`, in :math:`[0, 1]`.

        Arguments:
            n: The number of images :math:`N`.
            seed: The seed of the draw; the same seed gives the same images.
            label: The classes, see :meth:`latentq.models.generative.GenerativeModel.labels`.
        """
        labels, like = self.labels(n, seed, label), next(self.parameters())
        generator = derive_generator(seed, "sample", device=like.device)
        noise = torch.randn(
            n, self.latent, generator=generator, device=like.device, dtype=like.dtype
        )
        if labels is None:
            return in_chunks(self.decode, noise)

        chunks = zip(noise.split(CHUNK), labels.split(CHUNK), strict=True)
        return torch.cat([self.decode(*chunk) for chunk in chunks])
