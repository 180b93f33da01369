r"""The CNN encoder and its mirrored decoder, shared by the quantum model and every baseline.

Both have three convolutions of stride 2 between 28 x 28 pixels and a grid of 4 x 4,

.. math:: 28 \to 14 \to 7 \to 4, \qquad 1 \to c \to 2c \to 4c \text{ channels},

and one linear map between that grid and the latent features. They have no batch statistics, so
a batch of one image gives the same result as a batch of many.
"""

from torch import Tensor, nn

GRID = 4
PIXELS = 28


class Encoder(nn.Module):
    r"""A CNN from images to real features.

    Arguments:
        features: The number of features.
        channels: The number of channels :math:`c` after the first convolution.
    """

    def __init__(self, features: int, channels: int = 16) -> None:
        super().__init__()

        self.net = nn.Sequential(
            nn.Conv2d(1, channels, 3, stride=2, padding=1),
            nn.SiLU(),
            nn.Conv2d(channels, 2 * channels, 3, stride=2, padding=1),
            nn.SiLU(),
            nn.Conv2d(2 * channels, 4 * channels, 3, stride=2, padding=1),
            nn.SiLU(),
            nn.Flatten(),
            nn.Linear(4 * channels * GRID**2, features),
        )

    def forward(self, images: Tensor) -> Tensor:
        r"""
        Arguments:
            images: Images in :math:`[0, 1]`, with shape :math:`(B, 1, 28, 28)`.

        Returns:
            Real features, with shape :math:`(B, F)`.
        """
        return self.net(images)


class Decoder(nn.Module):
    r"""The mirror of :class:`Encoder`, from real features to the logits of pixels.

    Arguments:
        features: The number of features.
        channels: The number of channels :math:`c` before the last convolution.
    """

    def __init__(self, features: int, channels: int = 16) -> None:
        super().__init__()

        self.net = nn.Sequential(
            nn.Linear(features, 4 * channels * GRID**2),
            nn.SiLU(),
            nn.Unflatten(-1, (4 * channels, GRID, GRID)),
            nn.ConvTranspose2d(4 * channels, 2 * channels, 3, stride=2, padding=1),
            nn.SiLU(),
            nn.ConvTranspose2d(2 * channels, channels, 4, stride=2, padding=1),
            nn.SiLU(),
            nn.ConvTranspose2d(channels, 1, 4, stride=2, padding=1),
        )

    def forward(self, features: Tensor) -> Tensor:
        r"""
        Arguments:
            features: Real features, with shape :math:`(B, F)`.

        Returns:
            The logits of the pixels, with shape :math:`(B, 1, 28, 28)`.
        """
        return self.net(features)
