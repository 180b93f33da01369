"""Batches of images in memory, in an order that follows from a seed."""

import itertools
from collections.abc import Iterator

import torch
from torch import Tensor
from torch.utils.data import Dataset, Sampler

from latentq.data.splits import Split
from latentq.randomness import derive_generator


class Batches(Dataset):
    """Slices whole batches out of tensors: for small images, far cheaper than collating."""

    def __init__(self, split: Split) -> None:
        self.split = split

    def __len__(self) -> int:
        return len(self.split.labels)

    def __getitem__(self, index: list[int]) -> tuple[Tensor, Tensor]:
        part = self.split.take(torch.as_tensor(index))
        return part.images, part.labels


class SeededBatches(Sampler[list[int]]):
    """Batches of indices in an order that follows from seed and epoch alone.

    Arguments:
        n: The number of items.
        size: The number of items in a batch; the last batch of a pass may be smaller.
        seed: The seed; `None` keeps the items in their order.
        batches: The number of batches of an epoch, in as many passes as it takes; one pass if
            `None`.
    """

    def __init__(self, n: int, size: int, seed: int | None, batches: int | None = None) -> None:
        self.n, self.size, self.seed, self.epoch = n, size, seed, 0
        self.batches = batches or -(-n // size)

    def set_epoch(self, epoch: int) -> None:
        """Chooses the order; Lightning calls it at the start of each epoch."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.batches

    def __iter__(self) -> Iterator[list[int]]:
        passes = (batch for number in itertools.count() for batch in self._pass(number))
        yield from itertools.islice(passes, self.batches)

    def _pass(self, number: int) -> list[list[int]]:
        order = torch.arange(self.n)
        if self.seed is not None:
            again = (number,) if number else ()
            generator = derive_generator(self.seed, "order", self.epoch, *again)
            order = torch.randperm(self.n, generator=generator)
        return [batch.tolist() for batch in order.split(self.size)]
