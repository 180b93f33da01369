"""The MNIST files: found, downloaded, and checked by sha256 at each start.

Not the archives but the raw files themselves are checked, so that a truncated or edited file is
never trained on. torchvision, which reads them, would check the archives only, and would wait
without end for a mirror that does not answer.
"""

import contextlib
import os
import shutil
import sys
import tempfile
from pathlib import Path

from latentq.data.mirrors import MirrorError, fetch
from latentq.errors import InputError
from latentq.files import sha256_file

MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)

SHA256 = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}


class MissingDataError(InputError):
    """MNIST is neither on disk nor could it be downloaded."""


def raw_folder(root: Path) -> Path:
    """Returns the folder of the four raw files below a data root, as torchvision lays it out."""
    return root / "MNIST" / "raw"


def damaged_files(folder: Path) -> list[str]:
    """Returns the names of the raw files that exist and do not have the known sha256."""
    present = [name for name in SHA256 if (folder / name).is_file()]
    return [n for n in present if sha256_file(folder / n) != SHA256[n]]


def download(root: Path) -> None:
    """Downloads MNIST.

    The files are written into a folder beside the target and then renamed one by one, so that two
    processes may download at once and neither leaves half a file.

    Raises:
        MissingDataError: If no mirror answers with the right files, or the root is read-only.
    """
    existed, partial = root.exists(), None
    try:
        root.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=".download-", dir=root))
        for name, sha256 in SHA256.items():
            print(f"downloading {name} to {raw_folder(root)}", file=sys.stderr)
            (partial / name).write_bytes(fetch(MIRRORS, name, sha256))
        raw_folder(root).mkdir(parents=True, exist_ok=True)
        for name in SHA256:
            os.replace(partial / name, raw_folder(root) / name)
    except (OSError, MirrorError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise MissingDataError(f"data: MNIST could not be downloaded to {root}: {why}") from error
    finally:
        if partial is not None:
            shutil.rmtree(partial, ignore_errors=True)
        if not existed:
            with contextlib.suppress(OSError):
                root.rmdir()


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
    try:
        wrong = damaged_files(folder)
    except OSError as error:
        raise InputError(f"data: {folder} cannot be read: {error.strerror}") from error
    if wrong:
        raise InputError(
            f"data: {folder / wrong[0]} is damaged, its sha256 is not {SHA256[wrong[0]]}; "
            "delete it, and it is downloaded again"
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
            f"{error}. Put the raw files {', '.join(SHA256)} into {folder} (their sha256 are in "
            "data/README.md), set LATENTQ_DATA_ROOT to the folder above MNIST/raw, or use "
            "data=digits"
        ) from error
