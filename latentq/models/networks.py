r"""The CNN encoder and its mirrored decoder, shared by the quantum model and every baseline.

Both have three convolutions of stride 2 between 28 x 28 pixels and a grid of 4 x 4,

.. math:: 28 \to 14 \to 7 \to 4, \qquad 1 \to c \to 2c \to 4c \text{ channels},

and one linear map between that grid and the latent features. They have no batch statistics, so
a batch of one image gives the same result as a batch of many.
"""

import torch
from torch import Tensor, nn

from latentq.models.parts import Divisible

GRID = 4
PIXELS = 28


class ToPixels(nn.ConvTranspose2d):
    """A transposed convolution to one channel, by another program while it is trained.

    oneDNN, which torch would take, needs three times as long for a single channel. Where images
    are drawn it is kept, so that the samples of a model stay the same to the bit.
    """

    def forward(self, inputs: Tensor) -> Tensor:  # type: ignore[override]
        """Returns the pixels, see the base class."""
        if not self.training or inputs.device.type != "cpu":
            return super().forward(inputs)
        sizes = [*self.kernel_size], self.bias, [*self.stride], [*self.padding]
        return torch.ops.aten.slow_conv_transpose2d(inputs, self.weight, *sizes)


class Encoder(Divisible):
    r"""A CNN from images to real features.

    It takes images in :math:`[0, 1]`, with shape :math:`(B, 1, 28, 28)`, and returns the features,
    with shape :math:`(B, F)`.

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


class Decoder(Divisible):
    r"""The mirror of :class:`Encoder`, from real features to the logits of pixels.

    It takes features with shape :math:`(B, F)`, and returns the logits of the pixels, with shape
    :math:`(B, 1, 28, 28)`.

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
            ToPixels(channels, 1, 4, stride=2, padding=1),
        )
