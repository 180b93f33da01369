"""The MNIST files: found, downloaded through torchvision, and checked by sha256.

torchvision compares checksums only of the archives that it downloads. Here the raw files
themselves are checked at each start, so that a truncated or edited file is never trained on.
"""

import contextlib
import hashlib
import os
import shutil
import socket
import tempfile
from pathlib import Path

from torchvision.datasets import MNIST

from latentq.errors import InputError

SHA256 = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
TIMEOUT_SECONDS = 30


class MissingDataError(InputError):
    """MNIST is neither on disk nor could it be downloaded."""


def raw_folder(root: Path) -> Path:
    """Returns the folder of the four raw files below a data root, as torchvision lays it out."""
    return root / "MNIST" / "raw"


def damaged_files(folder: Path) -> list[str]:
    """Returns the names of the raw files that exist and do not have the known sha256."""
    present = [name for name in SHA256 if (folder / name).is_file()]
    return [n for n in present if _sha256(folder / n) != SHA256[n]]


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def download(root: Path) -> None:
    """Downloads MNIST from torchvision's mirrors, with a progress bar.

    The files are fetched into a folder beside the target, checked, and then renamed one by one,
    so that two processes may download at once and neither leaves half a file.

    Raises:
        MissingDataError: If no mirror answers with the right files, or the root is read-only.
    """
    timeout, existed = socket.getdefaulttimeout(), root.exists()
    socket.setdefaulttimeout(TIMEOUT_SECONDS)
    partial = None
    try:
        raw_folder(root).mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=".download-", dir=root))
        MNIST(str(partial), download=True)
        wrong = damaged_files(raw_folder(partial))
        if wrong:
            raise MissingDataError(f"data: the mirrors sent wrong files: {', '.join(wrong)}")
        for name in SHA256:
            os.replace(raw_folder(partial) / name, raw_folder(root) / name)
    except (OSError, RuntimeError) as error:
        first = str(error).strip().splitlines()[-1:] or [type(error).__name__]
        raise MissingDataError(
            f"data: MNIST could not be downloaded to {root}: {first[0]}"
        ) from error
    finally:
        socket.setdefaulttimeout(timeout)
        if partial is not None:
            shutil.rmtree(partial, ignore_errors=True)
        for empty in (raw_folder(root), raw_folder(root).parent, *(() if existed else (root,))):
            with contextlib.suppress(OSError):
                empty.rmdir()


def ensure_mnist(root: Path, may_download: bool = True) -> None:
    """Makes sure that the four raw files are there and are the original ones.

    Arguments:
        root: The data root; the files belong in `root/MNIST/raw`.
        may_download: Whether to download them if they are not there.

    Raises:
        InputError: If a file is there but damaged.
        MissingDataError: If a file is missing and could not be downloaded.
    """
    folder = raw_folder(root)
    wrong = damaged_files(folder)
    if wrong:
        raise InputError(
            f"data: {folder / wrong[0]} is damaged, its sha256 is not {SHA256[wrong[0]]}; "
            "delete it to download it again"
        )
    missing = [name for name in SHA256 if not (folder / name).is_file()]
    if not missing:
        return
    try:
        if not may_download:
            raise MissingDataError("data: downloading is switched off (data.download=false)")
        download(root)
    except MissingDataError as error:
        raise MissingDataError(
            f"{error}. Put the raw files {', '.join(SHA256)} into {folder}, "
            "set LATENTQ_DATA_ROOT to the folder above MNIST/raw, or use data=digits"
        ) from error
