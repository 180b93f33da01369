"""The files of MNIST and sets like it: found, downloaded, and checked by sha256 at each start.

The files that are read are themselves checked, so that a truncated or edited one is never trained
on: the raw files, or of Kuzushiji-MNIST the archives. torchvision would check the archives once,
read the raw files, and wait without end for a mirror that does not answer.
"""

import contextlib
import gzip
import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from latentq.data.mirrors import MirrorError, fetch
from latentq.errors import InputError
from latentq.paths import sha256_file

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

FASHION_MIRRORS = (
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
)

FASHION_SHA256 = {
    "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}

KMNIST_MIRRORS = (
    "https://codh.rois.ac.jp/kmnist/dataset/kmnist/",
    "http://codh.rois.ac.jp/kmnist/dataset/kmnist/",
)

# Of the archives, which are kept and checked as they are published.
KMNIST_SHA256 = {
    "train-images-idx3-ubyte.gz": (
        "51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4"
    ),
    "train-labels-idx1-ubyte.gz": (
        "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17"
    ),
    "t10k-images-idx3-ubyte.gz": (
        "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5"
    ),
    "t10k-labels-idx1-ubyte.gz": (
        "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c"
    ),
}


class MissingDataError(InputError):
    """The files are neither on disk nor could they be downloaded."""


@dataclass(frozen=True)
class Files:
    """What is known of a set of images in the format of MNIST.

    Arguments:
        title: The name of the set, for messages.
        folder: The folder below the data root, as torchvision calls it.
        mirrors: The addresses of folders, in the order in which they are asked.
        sha256: The hashes of the four files that are kept, by their names: of raw files, or of
            archives, whose names end in `.gz`.
    """

    title: str
    folder: str
    mirrors: tuple[str, ...]
    sha256: Mapping[str, str]


def known_files() -> dict[str, Files]:
    """Returns the sets of images in the format of MNIST, by the name that `data` has for them."""
    return {
        "mnist": Files("MNIST", "MNIST", MIRRORS, SHA256),
        "fashion": Files("Fashion-MNIST", "FashionMNIST", FASHION_MIRRORS, FASHION_SHA256),
        "kmnist": Files("Kuzushiji-MNIST", "KMNIST", KMNIST_MIRRORS, KMNIST_SHA256),
    }


def identity_of(name: str) -> str:
    """Returns the sha256 that identifies a set: that of the hashes of its files."""
    return hashlib.sha256("".join(known_files()[name].sha256.values()).encode()).hexdigest()


def raw_folder(root: Path, name: str = "mnist") -> Path:
    """Returns the folder of the four files below a data root, as torchvision lays it out."""
    return root / known_files()[name].folder / "raw"


@contextlib.contextmanager
def raw_file(root: Path, name: str, file: str) -> Iterator[Path]:
    """Yields the path of a raw file, which is a temporary one where the archive is kept.

    Arguments:
        root: The data root.
        name: The name of the set.
        file: The name of the raw file.
    """
    kept, archive = raw_folder(root, name), f"{file}.gz"
    if archive not in known_files()[name].sha256:
        yield kept / file
        return
    with tempfile.TemporaryDirectory(prefix="latentq-") as folder:
        unpacked = Path(folder) / file
        with gzip.open(kept / archive) as packed, unpacked.open("wb") as raw:
            shutil.copyfileobj(packed, raw)
        yield unpacked


def damaged_files(folder: Path, name: str = "mnist") -> list[str]:
    """Returns the names of the files that exist and do not have the known sha256."""
    known = known_files()[name].sha256
    present = [file for file in known if (folder / file).is_file()]
    return [file for file in present if sha256_file(folder / file) != known[file]]


def download(root: Path, name: str = "mnist") -> None:
    """Downloads a set.

    The files are written into a folder beside the target and then renamed one by one, so that two
    processes may download at once and neither leaves half a file.

    Arguments:
        root: The data root.
        name: The name of the set.

    Raises:
        MissingDataError: If no mirror answers with the right files, or the root is read-only.
    """
    known, folder = known_files()[name], raw_folder(root, name)
    existed, partial = root.exists(), None
    try:
        root.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=".download-", dir=root))
        for file, sha256 in known.sha256.items():
            print(f"downloading {file} to {folder}", file=sys.stderr)
            (partial / file).write_bytes(fetch(known.mirrors, file, sha256))
        folder.mkdir(parents=True, exist_ok=True)
        for file in known.sha256:
            os.replace(partial / file, folder / file)
    except (OSError, MirrorError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise MissingDataError(
            f"data: {known.title} could not be downloaded to {root}: {why}"
        ) from error
    finally:
        if partial is not None:
            shutil.rmtree(partial, ignore_errors=True)
        if not existed:
            with contextlib.suppress(OSError):
                root.rmdir()


def ensure_files(root: Path, name: str, may_download: bool = True) -> None:
    """Makes sure that the four files of a set are there and are the original ones.

    Arguments:
        root: The data root; the files of MNIST belong in `root/MNIST/raw`.
        name: The name of the set.
        may_download: Whether to download them if they are not there.

    Raises:
        InputError: If a file is there but damaged.
        MissingDataError: If a file is missing and could not be downloaded.
    """
    known, folder = known_files()[name], raw_folder(root, name)
    try:
        wrong = damaged_files(folder, name)
    except OSError as error:
        raise InputError(f"data: {folder} cannot be read: {error.strerror}") from error
    if wrong:
        raise InputError(
            f"data: {folder / wrong[0]} is damaged, its sha256 is not {known.sha256[wrong[0]]}; "
            "delete it, and it is downloaded again"
        )
    if all((folder / file).is_file() for file in known.sha256):
        return
    try:
        if not may_download:
            raise MissingDataError("data: downloading is switched off (data.download=false)")
        download(root, name)
    except MissingDataError as error:
        form = "archives" if all(file.endswith(".gz") for file in known.sha256) else "raw files"
        raise MissingDataError(
            f"{error}. Put the {form} {', '.join(known.sha256)} into {folder} (their sha256 "
            f"are in data/README.md), set LATENTQ_DATA_ROOT to the folder above "
            f"{known.folder}/raw, or use data=digits"
        ) from error


def ensure_mnist(root: Path, may_download: bool = True) -> None:
    """Makes sure of the files of MNIST, see :func:`ensure_files`."""
    ensure_files(root, "mnist", may_download)
