"""MNIST's file format IDX, read with every field checked.

A file is two zero bytes, the type of its entries (8 is unsigned bytes), the number of axes, their
lengths as big-endian integers of 4 bytes, and the entries.
"""

import math
import struct
from pathlib import Path

import numpy as np

from latentq.errors import InputError

UNSIGNED_BYTE = 8
PIXELS = 28
CLASSES = 10


def parse_idx(content: bytes, axes: int) -> np.ndarray:
    """Returns the entries of an IDX file.

    Arguments:
        content: The file.
        axes: How many axes it has to have.

    Raises:
        ValueError: If it is no such file, in a message that goes on after the name of the file.
    """
    if len(content) < 4 + 4 * axes:
        raise ValueError(f"is no IDX file, it has only {len(content)} bytes")
    zeros, kind, count = struct.unpack_from(">HBB", content)
    if (zeros, kind, count) != (0, UNSIGNED_BYTE, axes):
        raise ValueError(
            f"is no IDX file of bytes with {axes} axes, it begins with 0x{content[:4].hex()}"
        )
    shape = struct.unpack_from(f">{axes}I", content, 4)
    size, found = math.prod(shape), len(content) - 4 - 4 * axes
    if size != found:
        axis = " x ".join(map(str, shape))
        raise ValueError(f"must have {axis} = {size} entries, it has {found}")
    return np.frombuffer(content, np.uint8, offset=4 + 4 * axes).reshape(shape)


def read_split(images: Path, labels: Path) -> tuple[np.ndarray, np.ndarray]:
    """Reads images with shape (N, 28, 28) and their labels with shape (N), both as bytes.

    Raises:
        InputError: If a file cannot be read, is damaged, or they do not fit each other.
    """
    pictures, classes = _read(images, 3), _read(labels, 1)
    if pictures.shape[1:] != (PIXELS, PIXELS):
        rows, columns = pictures.shape[1:]
        raise InputError(f"data: {images} must have 28 x 28 pixels, was {rows} x {columns}")
    if len(classes) and int(classes.max()) >= CLASSES:
        raise InputError(f"data: {labels} must have labels from 0 to 9, was {classes.max()}")
    if len(pictures) != len(classes) or not len(pictures):
        raise InputError(
            f"data: {images} and {labels} must be of one length, at least 1, "
            f"were {len(pictures)} and {len(classes)}"
        )
    return pictures, classes


def _read(path: Path, axes: int) -> np.ndarray:
    try:
        return parse_idx(path.read_bytes(), axes)
    except OSError as error:
        raise InputError(f"data: {path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise InputError(f"data: {path} {error}") from error
