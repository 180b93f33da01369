"""The LightningDataModule of images in memory, with seeded split, subset and order."""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from rich.console import Console
from rich.panel import Panel
from rich.text import Text
from sklearn.datasets import load_digits
from torch.nn import functional
from torch.utils.data import DataLoader

from latentq.config.schema.data import AUTO, SOURCES
from latentq.data.batches import Batches, SeededBatches
from latentq.data.folder import read_folder
from latentq.data.mnist import (
    MissingDataError,
    ensure_files,
    identity_of,
    known_files,
    raw_file,
)
from latentq.data.splits import Split, stratified, with_test_split
from latentq.errors import InputError, shown
from latentq.paths import DATA
from latentq.randomness import derive_generator

NAMES = tuple(name for name in SOURCES if name != AUTO)
TEST_SHARE = 6  # Of the images of a folder, one in six is to test on, as in MNIST one in seven.


def _official(root: Path, name: str, part: str) -> Split:
    """Reads two of the files whose sha256 was checked, and no other file.

    torchvision's class MNIST would prefer a `processed/training.pt` that an old version left.
    """
    try:
        from torchvision.datasets.mnist import read_image_file, read_label_file
    except Exception as error:  # One of another build than torch fails in many ways.
        raise InputError(
            f"data: {known_files()[name].title} is read by torchvision, which cannot be imported "
            f"({error}); see python -m latentq doctor, or use data=digits"
        ) from error

    with raw_file(root, name, f"{part}-images-idx3-ubyte") as path:
        images = read_image_file(str(path))
    with raw_file(root, name, f"{part}-labels-idx1-ubyte") as path:
        labels = read_label_file(str(path))
    return Split(images.to(torch.float32)[:, None] / 255, labels)


def _digits() -> tuple[Split, Split]:
    bunch = load_digits()
    small = torch.as_tensor(bunch.images, dtype=torch.float32)[:, None] / 16
    images = functional.interpolate(small, size=(28, 28), mode="bilinear").clamp(0, 1)
    whole = Split(images, torch.as_tensor(bunch.target, dtype=torch.int64))
    return with_test_split(whole, 500)


class ImageData(pl.LightningDataModule):
    """Train, validation and test images in memory.

    Arguments:
        name: The name of the data, one of :data:`NAMES`.
        sha256: A hash that identifies the data.
        train: The official training images.
        test: The official test images, for final numbers only.
        validation: How many training images to set aside for validation.
        limit: The size of a stratified subset of the rest to train on; all if `None`.
        batch_size: The number of images in a batch.
        seed: The seed of the split, of the subset and of the order.
        batches: The number of training batches of an epoch, see :class:`SeededBatches`.
        facts: What else :meth:`describe` is to tell, such as where the data are.
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
        facts: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__()

        room = len(train.labels) - validation
        if not validation >= 1 or room < 1:
            raise InputError(
                f"data.validation: must be from 1 to {len(train.labels) - 1}, was {validation}"
            )
        if limit is not None and not 1 <= limit <= room:
            raise InputError(f"data.limit: must be from 1 to {room}, or null for all, was {limit}")

        self.name, self.sha256, self.limit = name, sha256, limit
        self.batch_size, self.batches, self.seed, self.test = batch_size, batches, seed, test
        self.facts = dict(facts or {})
        #: The number of classes, of which a small subset may lack some.
        self.classes = 1 + int(torch.cat((train.labels, test.labels)).max())
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
        return DataLoader(Batches(split), sampler=sampler, batch_size=None)

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
        return {**facts, **sizes, **self.facts}


def data_root(root: str | None) -> Path:
    """Returns the data root: the argument, else `LATENTQ_DATA_ROOT`, else the folder `data`."""
    found = root or os.environ.get("LATENTQ_DATA_ROOT")
    return Path(os.path.expanduser(found)) if found else DATA


def _folder(path: str | None) -> tuple[Split, Split, str, dict[str, object]]:
    """Reads own images: those to train and to test on, their hash, and facts."""
    if path is None:
        raise InputError("data.path: must be the folder of the images where data=folder, was null")
    place = Path(os.path.expanduser(path)).absolute()
    found = read_folder(place)
    train, test = with_test_split(found.images, max(1, len(found.images.labels) // TEST_SHARE))
    return train, test, found.sha256, {"path": str(place), "classes": [*found.classes]}


def load_data(
    name: str,
    *,
    root: str | None = None,
    path: str | None = None,
    may_download: bool = True,
    validation: int = 6000,
    limit: int | None = None,
    batch_size: int = 128,
    seed: int = 0,
    batches: int | None = None,
) -> ImageData:
    """Loads `mnist`, `fashion`, `kmnist`, `digits`, or a `folder` of own images at `path`.

    Raises:
        InputError: If there are no such data, a file is damaged, or an argument out of range.
        MissingDataError: If the files of a set are not on disk and could not be downloaded.
    """
    if name not in NAMES:
        raise InputError(f"data.name: must be one of {', '.join(NAMES)}, was {shown(name)}")
    facts: dict[str, object] = {}
    if name == "digits":
        train, test = _digits()
        content = np.ascontiguousarray(load_digits().data).tobytes()
        identity = hashlib.sha256(content).hexdigest()
    elif name == "folder":
        train, test, identity, facts = _folder(path)
    else:
        place = data_root(root)
        ensure_files(place, name, may_download)
        train, test = _official(place, name, "train"), _official(place, name, "t10k")
        identity = identity_of(name)
    if name in ("digits", "folder"):
        # The configured number is meant for MNIST; the others keep the same share of a tenth.
        validation = min(validation, max(1, len(train.labels) // 10))

    splits = train, test, validation, limit
    return ImageData(name, identity, *splits, batch_size, seed, batches, facts)


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
        "path": settings.get("path"),
        "may_download": settings["download"],
        "validation": settings["validation"],
        "limit": settings["limit"],
        "batch_size": batch_size,
        "seed": seed,
        "batches": batches,
    }
    if name != AUTO:
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
