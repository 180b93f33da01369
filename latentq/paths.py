"""Where things are, the one module that knows, and how files are written: whole or not at all.

In a checkout the trained models, the data and `train.py` lie beside the package. In a package that
was installed from a wheel the models lie inside, and data belong to the user: they are kept in
`~/.cache/latentq` (`$XDG_CACHE_HOME/latentq` where that is set), for all folders of runs.
"""

import errno
import hashlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from latentq.errors import InputError

PACKAGE = Path(__file__).parent
ROOT = PACKAGE.parent
INSTALLED = (PACKAGE / "checkpoints").is_dir()  # Only a wheel has them there, see setup.py.
CHECKPOINTS = (PACKAGE if INSTALLED else ROOT) / "checkpoints"


def user_data() -> Path:
    """Returns the folder in which this user keeps data sets."""
    cache = os.environ.get("XDG_CACHE_HOME", "")
    folder = cache if os.path.isabs(cache) else os.path.expanduser("~/.cache")
    return Path(folder) / "latentq"


DATA = user_data() if INSTALLED else ROOT / "data"
# What Python is called with to train a model, from any folder: -P leaves the modules there alone.
TRAIN = ("-P", "-m", "latentq", "train") if INSTALLED else (str(ROOT / "train.py"),)
TRAINING = "latentq train" if INSTALLED else "python train.py"
NO_COMMIT = "no commit: installed from an archive"

# What CIFS, shared folders of virtual machines, FUSE and Windows answer to an fsync, or where a
# folder is opened for it.
NOT_ASKED = {
    *(errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP),
    *(errno.EBADF, errno.EACCES, errno.EPERM, errno.EISDIR),
}


def check_writable(folder: Path, name: str) -> None:
    """Makes a folder and writes to it for a moment.

    Arguments:
        folder: The folder.
        name: The option that names it, for the message.

    Raises:
        InputError: If that is not possible.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise InputError(
            f"{name}: must be a writable folder, was {folder}: {error.strerror}"
        ) from error


def write_atomically(path: Path, content: bytes) -> None:
    """Writes a file beside its target and renames it, so that it is whole or absent."""
    write_together({path: content})


def write_together(files: Mapping[Path, bytes]) -> None:
    """Writes files beside their targets and renames them once all of them are on the disk."""
    partial = {path: path.with_name(f".{path.name}.{os.getpid()}.partial") for path in files}
    for path in files:
        path.parent.mkdir(parents=True, exist_ok=True)
    try:
        for path, content in files.items():
            write_synced(partial[path], content)
        for path in files:
            os.replace(partial[path], path)
            sync_folder(path.parent)
    finally:
        for beside in partial.values():
            beside.unlink(missing_ok=True)


def write_synced(path: Path, content: bytes) -> None:
    """Writes a file and waits until the disk has it."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        with _where_it_can_be_asked():
            os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Waits until the disk has the names of the files of a folder."""
    with _where_it_can_be_asked():
        place = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(place)
        finally:
            os.close(place)


@contextmanager
def _where_it_can_be_asked() -> Iterator[None]:
    """Lets a file system be that does not wait for its disk on demand, such as a shared folder."""
    try:
        yield
    except OSError as error:
        if error.errno not in NOT_ASKED:
            raise


def sha256_file(path: Path) -> str:
    """Returns the sha256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
