"""The commit of LatentQ's own source tree, and of no other repository that happens to be near."""

import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

from latentq.paths import NO_COMMIT, ROOT

TIMEOUT_SECONDS = 20.0


class _Unknown(Exception):
    """There is no commit; the text says why."""


def git_commit(root: Path = ROOT) -> str | None:
    """Returns the commit of the source tree, marked `+changes` if files differ from it.

    Arguments:
        root: The root of the source tree.

    Returns:
        The commit; `None` if `root` is not the top of a repository that has this file in it, or
        git is missing or does not answer.
    """
    try:
        return _find(root)
    except _Unknown:
        return None


def commit_text(commit: object) -> str:
    """Writes what is recorded as the commit, or that there is none."""
    return f"commit {commit}" if commit else NO_COMMIT


def describe_commit(root: Path = ROOT) -> str:
    """Returns the commit of the source tree, or why there is none."""
    try:
        return _find(root)
    except _Unknown as reason:
        return str(reason)


def _find(root: Path) -> str:
    top, _, head = _git(root, "rev-parse", "--show-toplevel", "HEAD").rpartition(b"\n")
    if Path(os.fsdecode(top)).resolve() != root.resolve():
        raise _Unknown(NO_COMMIT)
    _git(root, "ls-files", "--error-unmatch", "--", "latentq/training/commit.py")
    changes = _git(root, "status", "--porcelain", "--untracked-files=no")
    return head.decode() + ("+changes" if changes else "")


def _git(root: Path, *words: str) -> bytes:
    """Asks git about the repository that a folder is in, whatever the caller's variables say."""
    # A hook of another repository has GIT_DIR and GIT_INDEX_FILE set.
    variables = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    # Who runs this code trusts its folder, whoever owns it; nothing else is run or written.
    options = ("-c", f"safe.directory={root.resolve()}", "-c", "core.fsmonitor=false")
    try:
        process = subprocess.Popen(
            ["git", *options, *words],
            cwd=root,
            env={**variables, "GIT_OPTIONAL_LOCKS": "0"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        raise _Unknown(f"no commit: git does not run ({error.strerror})") from error
    return _answer(process)


def _answer(process: subprocess.Popen[bytes]) -> bytes:
    with process:
        try:
            answer, _ = process.communicate(timeout=TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired as error:
            # With all that it has started, which would keep its output open.
            with suppress(OSError):
                os.killpg(process.pid, signal.SIGKILL)
            raise _Unknown(f"no commit: git took over {TIMEOUT_SECONDS:g} s") from error
    if process.returncode:
        raise _Unknown(NO_COMMIT)
    return answer.removesuffix(b"\n")
