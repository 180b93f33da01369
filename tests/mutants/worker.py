"""Runs tests in forks of a process that has imported the heavy packages already.

    python worker.py [PACKAGE ...]

It is started in the root of a tree, and imports the packages. Each line of its input is a request
in JSON: `tests`, `package`, `limit` in seconds, `scratch`, an empty folder, and `anew`, whether
loops are compiled anew, into that folder. Each line of its output is the answer: the exit code of
pytest, the seconds, and what was printed. A fork that takes longer than the limit is killed, with
all that it started.
"""

import importlib
import importlib.util
import json
import os
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any

OTHER_TREE = 90  # The exit code where another copy of the package would be tested.
TOO_LONG = 91
POLL_SECONDS = 0.02


def preload(names: list[str]) -> None:
    """Imports packages; one that is not installed is left out."""
    for name in names:
        try:
            importlib.import_module(name)
        except ImportError:
            continue


def test(request: dict[str, Any]) -> int:
    """Runs the tests of a request in this process, and returns the exit code of pytest."""
    import pytest

    root = Path.cwd()
    sys.path.insert(0, str(root))
    found = importlib.util.find_spec(request["package"])
    if found is None or found.origin is None or not Path(found.origin).is_relative_to(root):
        print(f"{request['package']} would be imported from {found and found.origin}")
        return OTHER_TREE
    scratch = request["scratch"]
    if request["anew"]:
        os.environ["NUMBA_CACHE_DIR"] = f"{scratch}/loops"
        importlib.import_module("numba").config.CACHE_DIR = f"{scratch}/loops"
    os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = f"{scratch}/hypothesis"
    words = ["-x", "-q", "-p", "no:cacheprovider", "--no-header", f"--rootdir={root}"]
    # Plugins that were imported before are not rewritten, which does not matter.
    words += ["-W", "ignore::pytest.PytestAssertRewriteWarning", f"--basetemp={scratch}/tests"]
    return int(pytest.main([*words, *request["tests"]]))


def fork(request: dict[str, Any]) -> dict[str, Any]:
    """Runs a request in a fork and returns the answer."""
    with tempfile.TemporaryFile() as output:
        begun = time.monotonic()
        child = os.fork()
        if child == 0:
            code = 3  # What pytest says of an error of its own.
            try:
                os.setsid()
                signal.signal(signal.SIGTERM, signal.SIG_DFL)
                signal.signal(signal.SIGINT, signal.default_int_handler)
                os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
                os.dup2(output.fileno(), 1)
                os.dup2(output.fileno(), 2)
                code = test(request)
            except BaseException:
                traceback.print_exc()
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code)
        code = wait(child, begun + request["limit"])
        seconds = time.monotonic() - begun
        output.seek(0)
        text = output.read().decode(errors="replace")
    return {"code": code, "seconds": seconds, "output": text}


def wait(child: int, until: float) -> int:
    """Waits for a process and returns its exit code; one that takes too long is killed."""
    try:
        while time.monotonic() < until:
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                child = 0
                return os.waitstatus_to_exitcode(status)
            time.sleep(POLL_SECONDS)
        return TOO_LONG
    finally:
        if child:
            os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)


def main() -> None:
    """Answers the requests until the input ends."""
    sys.path.pop(0)  # The folder of this file, whose modules are none of the tree's.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Of a terminal, which the runner answers.
    preload(sys.argv[1:])
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        print(json.dumps(fork(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
