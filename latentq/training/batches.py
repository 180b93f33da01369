"""The batches of an epoch that was interrupted, from where it was."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from torch.utils.data import Sampler


class BatchesFrom(Sampler[list[int]]):
    """The batches of a sampler, without those that an interrupted epoch has had already.

    Arguments:
        batches: The batches; their order follows from the epoch that is set.
        epoch: The epoch that is resumed.
        start: How many of its batches it has had.
    """

    def __init__(self, batches: Any, epoch: int = 0, start: int = 0) -> None:  # noqa: ANN401
        self.batches, self.resumed, self.start = batches, epoch, start
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Chooses the order; Lightning calls it at the start of each epoch."""
        self.epoch = epoch
        self.batches.set_epoch(epoch)

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[list[int]]:
        start = self.start if self.epoch == self.resumed else 0
        yield from islice(self.batches, start, None)

    def batch(self, number: int) -> list[int]:
        """Returns a batch of this epoch by its number."""
        return next(islice(self.batches, number, None))
