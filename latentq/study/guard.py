"""Becomes a command, and leaves a watcher that kills it when who asked for it is gone.

    python guard.py COMMAND ...

The asking process holds the other end of the standard input. When it closes that, or is killed,
the watcher kills its process group: the command, all that it started, and itself. No training is
left behind that would write into a folder which a later study uses. As the command takes the
place of this process, whoever kills this one kills it. It must be the leader of its group.
"""

import os
import signal
import sys


def watch() -> None:
    """Waits for the end of the standard input and kills the group of this process."""
    sys.stdin.buffer.read()
    os.killpg(0, signal.SIGKILL)


def become(command: list[str]) -> None:
    """Replaces this process by a command that reads nothing."""
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.execvp(command[0], command)


if __name__ == "__main__":
    if os.fork() == 0:
        watch()
    become(sys.argv[1:])
