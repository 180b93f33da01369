"""The LightningDataModule of images in memory, with seeded split, subset and order."""

import hashlib
import itertools
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from rich.console import Console
from rich.panel import Panel
from rich.text import Text
from sklearn.datasets import load_digits
from torch import Tensor
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset, Sampler

from latentq.config.rules import expand_home, shown
from latentq.data.mnist import SHA256, MissingDataError, ensure_mnist, raw_folder
from latentq.errors import InputError
from latentq.paths import DATA
from latentq.randomness import derive_generator

NAMES = ("mnist", "digits")


@dataclass(frozen=True)
class Split:
    """Images with shape (N, 1, 28, 28), float32 in [0, 1], and labels with shape (N)."""

    images: Tensor
    labels: Tensor

    def take(self, index: Tensor) -> "Split":
        """Returns the images and labels at some places."""
        return Split(self.images[index], self.labels[index])


class _Batches(Dataset):
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


def _mnist(root: Path, part: str) -> Split:
    """Reads two of the raw files whose sha256 was checked, and no other file.

    torchvision's class MNIST would prefer a `processed/training.pt` that an old version left.
    """
    try:
        from torchvision.datasets.mnist import read_image_file, read_label_file
    except Exception as error:  # One of another build than torch fails in many ways.
        raise InputError(
            f"data: MNIST is read by torchvision, which cannot be imported ({error}); see python "
            "-m latentq.doctor, or use data=digits"
        ) from error

    images = read_image_file(str(raw_folder(root) / f"{part}-images-idx3-ubyte"))
    labels = read_label_file(str(raw_folder(root) / f"{part}-labels-idx1-ubyte"))
    return Split(images.to(torch.float32)[:, None] / 255, labels)


def _digits(seed: int) -> tuple[Split, Split]:
    bunch = load_digits()
    small = torch.as_tensor(bunch.images, dtype=torch.float32)[:, None] / 16
    images = functional.interpolate(small, size=(28, 28), mode="bilinear").clamp(0, 1)
    whole = Split(images, torch.as_tensor(bunch.target, dtype=torch.int64))
    test = stratified(whole.labels, 500, derive_generator(seed, "test split"))
    rest = torch.ones(len(whole.labels), dtype=torch.bool)
    rest[test] = False
    return whole.take(rest.nonzero()[:, 0]), whole.take(test)


class ImageData(pl.LightningDataModule):
    """Train, validation and test images in memory.

    Arguments:
        name: The name of the data, `mnist` or `digits`.
        sha256: A hash that identifies the data.
        train: The official training images.
        test: The official test images, for final numbers only.
        validation: How many training images to set aside for validation.
        limit: The size of a stratified subset of the rest to train on; all if `None`.
        batch_size: The number of images in a batch.
        seed: The seed of the split, of the subset and of the order.
        batches: The number of training batches of an epoch, see :class:`SeededBatches`.
    """

    def __init__(
        self,
        name: str,
        sha256: str,
        train: Split,
        test: Split,
        validation: int,
        limit: int | None,
        batch_size: int,
        seed: int,
        batches: int | None = None,
    ) -> None:
        super().__init__()

        room = len(train.labels) - validation
        if not validation >= 1 or room < 1:
            raise InputError(
                f"data.validation: must be from 1 to {len(train.labels) - 1}, was {validation}"
            )
        if limit is not None and not 1 <= limit <= room:
            raise InputError(f"data.limit: must be from 1 to {room}, was {limit}")

        self.name, self.sha256, self.limit = name, sha256, limit
        self.batch_size, self.batches, self.seed, self.test = batch_size, batches, seed, test
        order = torch.randperm(len(train.labels), generator=derive_generator(seed, "validation"))
        self.split = hashlib.sha256(order[:validation].numpy().tobytes()).hexdigest()
        self.validation = train.take(order[:validation])
        self.train = self.unlimited = train.take(order[validation:])
        if limit is not None:
            generator = derive_generator(seed, "limit", limit)
            self.train = self.train.take(stratified(self.train.labels, limit, generator))

    def _loader(
        self, split: Split, seed: int | None = None, batches: int | None = None
    ) -> DataLoader:
        sampler = SeededBatches(len(split.labels), self.batch_size, seed, batches)
        return DataLoader(_Batches(split), sampler=sampler, batch_size=None)

    def train_dataloader(self) -> DataLoader:
        """Returns the training batches, in a new order each epoch."""
        return self._loader(self.train, self.seed, self.batches)

    def val_dataloader(self) -> DataLoader:
        """Returns the validation batches, always in the same order."""
        return self._loader(self.validation)

    def describe(self) -> dict[str, object]:
        """Returns what identifies the data, and the sizes of the splits.

        `split` is the sha256 of the places of the validation images, as torch may draw another
        split of one seed in another version.
        """
        facts = {k: getattr(self, k) for k in ("name", "sha256", "limit", "seed", "split")}
        sizes = {k: len(getattr(self, k).labels) for k in ("train", "validation", "test")}
        return {**facts, **sizes}


def data_root(root: str | None) -> Path:
    """Returns the data root: the argument, else `LATENTQ_DATA_ROOT`, else the folder `data`."""
    return Path(expand_home(root or os.environ.get("LATENTQ_DATA_ROOT")) or DATA)


def load_data(
    name: str,
    *,
    root: str | None = None,
    may_download: bool = True,
    validation: int = 6000,
    limit: int | None = None,
    batch_size: int = 128,
    seed: int = 0,
    batches: int | None = None,
) -> ImageData:
    """Loads `mnist` or `digits` as a data module.

    Raises:
        InputError: If there are no such data, a file is damaged, or an argument out of range.
        MissingDataError: If MNIST is not on disk and could not be downloaded.
    """
    if name not in NAMES:
        raise InputError(f"data.name: must be one of {', '.join(NAMES)}, was {shown(name)}")
    if name == "digits":
        train, test = _digits(seed=0)
        content = np.ascontiguousarray(load_digits().data).tobytes()
        identity = hashlib.sha256(content).hexdigest()
        # The configured number is meant for MNIST; digits keeps the same share of a tenth.
        validation = min(validation, len(train.labels) // 10)
    else:
        folder = data_root(root)
        ensure_mnist(folder, may_download)
        train, test = _mnist(folder, "train"), _mnist(folder, "t10k")
        identity = hashlib.sha256("".join(SHA256.values()).encode()).hexdigest()

    return ImageData(name, identity, train, test, validation, limit, batch_size, seed, batches)


def open_data(
    settings: Mapping[str, Any], batch_size: int, seed: int, batches: int | None = None
) -> ImageData:
    """Loads the data that a configuration names.

    `auto` is MNIST where it is on disk or can be downloaded, and otherwise `digits`, with a
    warning that cannot be missed.

    Arguments:
        settings: The section `data` of the configuration.
        batch_size: The number of images in a batch.
        seed: The seed of the split, of the subset and of the order.
        batches: The number of training batches of an epoch; one pass if `None`.
    """
    name = settings["name"]
    common = {
        "root": settings["root"],
        "may_download": settings["download"],
        "validation": settings["validation"],
        "limit": settings["limit"],
        "batch_size": batch_size,
        "seed": seed,
        "batches": batches,
    }
    if name != "auto":
        return load_data(name, **common)
    try:
        return load_data("mnist", **common)
    except MissingDataError as error:
        text = (
            f"{error}\n\nThis run uses scikit-learn's 8x8 DIGITS instead of MNIST. Its numbers "
            "do not compare with those on MNIST; its name, metrics and pictures say 'digits'."
        )
        # As it is: what stands in brackets in a path is no markup.
        panel = Panel(Text(text), title="NOT MNIST", border_style="bold red")
        Console(stderr=True).print(panel)
        return load_data("digits", **common)
