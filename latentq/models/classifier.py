r"""The small MNIST classifier whose penultimate activations are the feature space of `fid`.

Inception was not made for 28 x 28 grey digits. FID in the features of a digit classifier tells
more, but has a scale of its own: its numbers compare only within one set of weights.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from latentq.models.hub import HubModel

FEATURES = 128
DROPOUT = 0.3


class Classifier(HubModel, nn.Module):
    r"""A CNN with three convolutions, 128 features and 10 classes.

    Arguments:
        channels: The number of channels after the first convolution; then twice, then four
            times as many.
    """

    def __init__(self, channels: int = 16) -> None:
        super().__init__()

        def block(inputs: int, outputs: int) -> list[nn.Module]:
            convolution = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
            return [convolution, nn.BatchNorm2d(outputs), nn.ReLU(), nn.MaxPool2d(2)]

        self.body = nn.Sequential(
            *block(1, channels),
            *block(channels, 2 * channels),
            *block(2 * channels, 4 * channels),
            nn.Flatten(),
            nn.Linear(4 * channels * 9, FEATURES),
            nn.ReLU(),
        )
        self.head = nn.Linear(FEATURES, 10)

    def features(self, images: Tensor) -> Tensor:
        r"""Returns the penultimate activations, with shape :math:`(B, 128)`."""
        return self.body(images)

    def forward(self, images: Tensor) -> Tensor:
        r"""Returns the logits of the classes, with shape :math:`(B, 10)`."""
        return self.head(self.body(images))

    def loss(
        self, images: Tensor, labels: Tensor, generator: torch.Generator
    ) -> dict[str, Tensor]:
        r"""Returns the cross entropy, in nats; in training with shifts and with dropout.

        The batch is shifted by up to two pixels, and 30% of the features are dropped.

        Arguments:
            images: Images in :math:`[0, 1]`, with shape :math:`(B, 1, 28, 28)`.
            labels: Classes, with shape :math:`(B)`.
            generator: The source of the shifts and of the dropout.
        """
        if self.training:
            shift = torch.randint(-2, 3, (2,), generator=generator, device=images.device)
            dy, dx = shift.tolist()
            images = functional.pad(images, (2, 2, 2, 2))[..., 2 + dy : 30 + dy, 2 + dx : 30 + dx]
        features = self.features(images)
        if self.training:
            noise = torch.rand(
                features.shape,
                generator=generator,
                device=features.device,
                dtype=features.dtype,
            )
            features = features * (noise >= DROPOUT) / (1 - DROPOUT)
        return {"loss": functional.cross_entropy(self.head(features), labels)}
