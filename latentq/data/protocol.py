"""What a run needs of its data, whoever provides them."""

from typing import Any, Protocol

from torch import Tensor
from torch.utils.data import DataLoader


class Images(Protocol):
    """Images with shape (N, 1, 28, 28), float32 in [0, 1], and labels with shape (N)."""

    @property
    def images(self) -> Tensor:
        """The images."""

    @property
    def labels(self) -> Tensor:
        """The labels."""


class ImageSource(Protocol):
    """What a run needs of its data: a name, three splits, and facts for `metrics.json`."""

    @property
    def name(self) -> Any:  # noqa: ANN401
        """The name of the data."""

    @property
    def classes(self) -> Any:  # noqa: ANN401
        """The number of classes."""

    @property
    def train(self) -> Images:
        """The training images."""

    @property
    def unlimited(self) -> Images:
        """The training images before `data.limit`, for the floor of the metrics."""

    @property
    def validation(self) -> Images:
        """Images set aside from the training images, for choices."""

    @property
    def test(self) -> Images:
        """The test images, for final numbers."""

    def describe(self) -> dict[str, object]:
        """Returns name, hash and sizes."""

    def train_dataloader(self) -> DataLoader:
        """Returns the training batches."""

    def val_dataloader(self) -> DataLoader:
        """Returns the validation batches."""
