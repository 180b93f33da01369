r"""The matched classical model: a VAE with a real latent and the networks of the quantum model.

.. math:: z \sim N(\mu(x), \sigma^2(x)), \qquad
    \mathcal{L} = - \mathbb{E} \log p(x | z) + KL( q(z | x) \, \| \, N(0, 1) )

Its encoder has 32 real outputs, 16 means and 16 log-variances, as many as the 16 complex
amplitudes of four qubits. The quantum decoder sees 256 density features of a state; here a
trained layer lifts the latent to as many, so that the decoders agree and the totals match within
1%. Images are sampled from :math:`z \sim N(0, 1)`.

References:
    Auto-Encoding Variational Bayes (Kingma and Welling, 2014), arXiv 1312.6114.
"""

import torch
from torch import Tensor, nn

from latentq.model import GenerativeModel, in_chunks, pixel_loss, seeded
from latentq.networks import Decoder, Encoder
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
    """

    def __init__(self, channels: int, latent: int = 16, lift: int = 256, seed: int = 0) -> None:
        super().__init__()

        self.latent, self.prior = latent, None
        self.encoder = seeded(lambda: Encoder(2 * latent, channels), seed, "encoder")
        self.decoder = seeded(
            lambda: nn.Sequential(nn.Linear(latent, lift), nn.SiLU(), Decoder(lift, channels)),
            seed,
            "decoder",
        )

    def encode(self, images: Tensor) -> Tensor:
        r"""Returns the posterior means of images, with shape :math:`(B, D)`."""
        return self.encoder(images).chunk(2, dim=-1)[0]

    def decode(self, latents: Tensor) -> Tensor:
        r"""Returns the images of latents, with shape :math:`(B, 1, 28, 28)`, in :math:`[0, 1]`."""
        return self.decoder(latents).sigmoid()

    def loss(
        self, images: Tensor, labels: Tensor, generator: torch.Generator
    ) -> dict[str, Tensor]:
        r"""Returns the negative evidence lower bound in nats, and its two parts.

        Arguments:
            images: Images in :math:`[0, 1]`, with shape :math:`(B, 1, 28, 28)`.
            labels: Not used.
            generator: The source of the reparameterised noise.
        """
        mean, log_variance = self.encoder(images).chunk(2, dim=-1)
        noise = torch.randn(mean.shape, generator=generator, device=mean.device)
        logits = self.decoder(mean + noise * (0.5 * log_variance).exp())
        pixels, kl = pixel_loss(logits, images), kl_to_normal(mean, log_variance).mean()
        return {"loss": pixels + kl, "pixels": pixels, "kl": kl}

    @torch.no_grad()
    def sample(self, n: int, seed: int = 0) -> Tensor:
        r"""Draws images, with shape :math:`(N, 1, 28, 28)`, in :math:`[0, 1]`.

        Arguments:
            n: The number of images :math:`N`.
            seed: The seed of the draw; the same seed gives the same images.
        """
        device = next(self.parameters()).device
        generator = derive_generator(seed, "sample", device=device)
        noise = torch.randn(n, self.latent, generator=generator, device=device)
        return in_chunks(self.decode, noise)
