"""Own images: the PNG and JPEG files of a folder, as 28 x 28 grey pixels.

Sub-folders are the classes, in the order of their names; a folder of images without sub-folders is
one class. What is hidden, its name begins with a dot, and what is no PNG or JPEG is left out.

An image is turned as its EXIF says. What is transparent lies on black, the background of MNIST.
Colours become grey by ITU-R 601, L = 0.299 R + 0.587 G + 0.114 B. The whole image is then resized
to 28 x 28, both sides by themselves, by Pillow's `BILINEAR`, which averages where it shrinks.
"""

import hashlib
import io
import os
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from latentq.config.schema.data import CLASSES
from latentq.data.splits import Split
from latentq.errors import InputError
from latentq.models.networks import PIXELS

ENDINGS = (".png", ".jpg", ".jpeg")
LARGEST = 2**28  # Bytes of a file; Pillow limits the pixels.
LEAST = 3  # An image each to train on, to validate and to test.
BLACK = (0, 0, 0, 255)


@dataclass(frozen=True)
class Folder:
    """The images of a folder.

    Arguments:
        images: All images, in the order of classes and names.
        classes: The names of the classes; one, without a name, if there are no sub-folders.
        sha256: The hash of the names and contents of the files.
    """

    images: Split
    classes: tuple[str, ...]
    sha256: str


def read_folder(path: Path) -> Folder:
    """Reads the images of a folder.

    Arguments:
        path: The folder.

    Raises:
        InputError: If it is no such folder, has fewer than three images or more than ten classes,
            or an image cannot be read.
    """
    groups = _listed(path)
    images, labels, digest = [], [], hashlib.sha256()
    for label, files in enumerate(groups.values()):
        for file in files:
            content = _read(file)
            named = os.fsencode(file.relative_to(path).as_posix())
            digest.update(hashlib.sha256(named).digest() + hashlib.sha256(content).digest())
            images.append(_pixels(content, file))
            labels.append(label)
    split = Split(torch.stack(images)[:, None], torch.tensor(labels))
    return Folder(split, tuple(groups), digest.hexdigest())


def _listed(path: Path) -> dict[str, list[Path]]:
    """Returns the files of each class, by its name, in order."""
    if not path.is_dir():
        raise InputError(f"data.path: must be a folder of images, was {path}")
    folders, files = _inside(path)
    if folders and files:
        raise InputError(
            f"data.path: must hold images or sub-folders of images, {path} has both; put the "
            "images into sub-folders, one for each class"
        )
    groups = {folder.name: _images_of(folder) for folder in folders} or {"": files}
    if len(groups) > CLASSES:
        raise InputError(
            f"data.path: must have at most {CLASSES} sub-folders, one for each class, {path} has "
            f"{len(groups)}"
        )
    number = sum(map(len, groups.values()))
    if number < LEAST:
        raise InputError(
            f"data.path: must hold at least {LEAST} PNG or JPEG images, {path} has {number}"
        )
    return groups


def _images_of(folder: Path) -> list[Path]:
    """Returns the files of a class."""
    folders, files = _inside(folder)
    if folders:
        raise InputError(
            f"data.path: a class must be a folder of images, {folder} has sub-folders; move the "
            "images up, or give the folder of the classes"
        )
    if not files:
        raise InputError(f"data.path: {folder} holds no PNG or JPEG images; remove or fill it")
    return files


def _inside(folder: Path) -> tuple[list[Path], list[Path]]:
    """Returns the sub-folders and the images of a folder that are not hidden, by their names."""
    try:
        found = sorted(item for item in folder.iterdir() if not item.name.startswith("."))
        folders = [item for item in found if item.is_dir()]
    except OSError as error:
        raise InputError(f"data.path: {folder} cannot be read: {error.strerror}") from error
    return folders, [p for p in found if p.suffix.lower() in ENDINGS and p not in folders]


def _read(file: Path) -> bytes:
    try:
        if not file.is_file():  # Nobody waits for a pipe.
            raise InputError(f"data.path: {file} is no file")
        with file.open("rb") as stream:
            content = stream.read(LARGEST + 1)
    except OSError as error:
        raise InputError(f"data.path: {file} cannot be read: {error.strerror}") from error
    if len(content) > LARGEST:
        raise InputError(f"data.path: {file} must have at most {LARGEST} bytes")
    return content


def _pixels(content: bytes, file: Path) -> Tensor:
    """Returns the grey pixels of an image, with shape (28, 28), in [0, 1].

    Raises:
        InputError: If it is broken, or has more pixels than Pillow takes for safe.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=("PNG", "JPEG")) as image:
                grey = Image.fromarray(_grey(ImageOps.exif_transpose(image)))
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise InputError(
            f"data.path: {file} must have at most {Image.MAX_IMAGE_PIXELS:,} pixels; make it "
            "smaller, or remove it"
        ) from error
    except Exception as error:  # Decoders raise errors of many kinds on broken files.
        raise InputError(f"data.path: {file} is no whole PNG or JPEG; remove it") from error
    small = grey.resize((PIXELS, PIXELS), Image.Resampling.BILINEAR)
    return torch.from_numpy(np.array(small, dtype=np.float32)).clamp(0, 1)


def _grey(image: Image.Image) -> np.ndarray:
    """Returns the grey values of an image of any mode, float32 in [0, 1]."""
    if image.mode.startswith("I"):  # 16 bits, which Pillow would cut.
        return np.asarray(image).astype(np.float32) / 65535
    if image.has_transparency_data:
        over = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", over.size, BLACK), over)
    return np.asarray(image.convert("L"), dtype=np.float32) / 255
