"""Images with their labels, and seeded draws of some of them."""

from dataclasses import dataclass

import torch
from torch import Tensor

from latentq.randomness import derive_generator


@dataclass(frozen=True)
class Split:
    """Images with shape (N, 1, 28, 28), float32 in [0, 1], and labels with shape (N)."""

    images: Tensor
    labels: Tensor

    def take(self, index: Tensor) -> "Split":
        """Returns the images and labels at some places."""
        return Split(self.images[index], self.labels[index])


def stratified(labels: Tensor, n: int, generator: torch.Generator) -> Tensor:
    """Returns the places of a random subset with the proportions of the classes kept.

    Each class gets its share of `n` rounded down; what is left goes to the largest remainders.

    Arguments:
        labels: The class of each item, with shape (N).
        n: The size of the subset, from 1 to N.
        generator: The source of randomness.
    """
    order = torch.randperm(len(labels), generator=generator)
    counts = torch.bincount(labels)
    share = counts.double() * n / len(labels)
    quota = share.floor().long()
    quota[(share - quota).argsort(descending=True, stable=True)[: n - int(quota.sum())]] += 1
    parts = [order[labels[order] == c][: int(q)] for c, q in enumerate(quota)]
    return torch.cat(parts).sort().values


def with_test_split(whole: Split, n: int) -> tuple[Split, Split]:
    """Returns images to train on and a stratified draw for the test, the same for every seed.

    Arguments:
        whole: All images.
        n: The number of test images.
    """
    test = stratified(whole.labels, n, derive_generator(0, "test split"))
    rest = torch.ones(len(whole.labels), dtype=torch.bool)
    rest[test] = False
    return whole.take(rest.nonzero()[:, 0]), whole.take(test)
