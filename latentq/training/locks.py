"""Locks that keep two processes out of one folder, where the file system has such a thing."""

import errno
import sys

try:
    import fcntl
except ModuleNotFoundError:  # On Windows, which commands refuse at their start.
    fcntl = None  # type: ignore[assignment]

# What network file systems without locks answer; NFS so refuses one on a folder.
NO_LOCKS = {errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL, errno.EBADF}


def lock(place: int, name: object) -> bool:
    """Locks an open file or folder until it is closed, or the process ends.

    Where there are no locks, a line on standard error says so, and the work goes on.

    Arguments:
        place: The file descriptor.
        name: Its path, for the message.

    Returns:
        Whether no other process has the lock.
    """
    try:
        if fcntl is None:
            raise OSError(errno.ENOSYS, "this system has none")
        fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in NO_LOCKS:
            raise
        print(
            f"warning: {name} cannot be locked ({error.strerror}); start no second process that "
            "writes there",
            file=sys.stderr,
            flush=True,
        )
    return True
