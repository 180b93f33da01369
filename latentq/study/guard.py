"""Runs a command until it ends, or until the process that asked for it is gone.

    python guard.py COMMAND ...

The asking process holds the other end of the standard input. When it closes that, or is killed,
the command and all that it started are killed with this process; no training is left behind that
would write into a folder which a later study uses. It must be the leader of its process group.
"""

import os
import signal
import subprocess
import sys
import threading


def watch() -> None:
    """Waits for the end of the standard input and kills the group of this process."""
    sys.stdin.buffer.read()
    os.killpg(0, signal.SIGKILL)


def guard(command: list[str]) -> int:
    """Runs a command and returns its exit code, for a signal 128 and its number."""
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    threading.Thread(target=watch, daemon=True).start()
    code = child.wait()
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    # A daemon thread that holds the lock of the standard input would abort a normal exit.
    os._exit(guard(sys.argv[1:]))
