"""The state of an unfinished training on disk: whole or absent, checked, never unpickled blindly.

A file is one line with the sha256 of all that follows, one line of JSON that says what it is of,
and the tensors as `torch.save` writes them. The two newest are kept. Reading allows tensors and
plain values only (`weights_only=True`).
"""

import hashlib
import io
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from lightning_fabric.plugins.io.checkpoint_io import CheckpointIO

from latentq.config.renamed import current_name
from latentq.errors import CheckpointError, RunError
from latentq.paths import sync_folder, write_synced

FORMAT = 1
LAST, PREVIOUS = "last.ckpt", "previous.ckpt"
MAGIC = b"latentq training state "
DIGITS = 64  # of a sha256


@dataclass(frozen=True)
class State:
    """A saved state that has been checked.

    Arguments:
        path: Its file.
        facts: What it is of: `stage`, `epoch`, `batch`, `step`, and the `config` of its run.
        content: What Lightning restores.
    """

    path: Path
    facts: dict[str, Any]
    content: dict[str, Any]

    @property
    def stage(self) -> str:
        """The stage that it was saved in."""
        return str(self.facts["stage"])

    def __str__(self) -> str:
        return f"{self.path.name} (stage {self.stage}, iteration {self.facts['step']})"


def pack(content: Mapping[str, Any], facts: Mapping[str, Any]) -> bytes:
    """Returns the bytes of a file that holds a state."""
    buffer = io.BytesIO()
    torch.save(dict(content), buffer)
    head = {"format": FORMAT, "bytes": buffer.tell(), **facts}
    body = json.dumps(head, sort_keys=True).encode() + b"\n" + buffer.getvalue()
    return MAGIC + hashlib.sha256(body).hexdigest().encode() + b"\n" + body


def unpack(data: bytes, path: Path) -> State:
    """Reads the bytes of a file that holds a state.

    Raises:
        CheckpointError: If they are damaged, of a newer format, or hold more than tensors and
            plain values.
    """
    start = len(MAGIC) + DIGITS + 1
    if not data:
        raise CheckpointError(f"resume: {path} is empty")
    if not data.startswith(MAGIC):
        raise CheckpointError(f"resume: {path} is not a training state of LatentQ")
    body = data[start:]
    if hashlib.sha256(body).hexdigest().encode() + b"\n" != data[len(MAGIC) : start]:
        raise CheckpointError(
            f"resume: {path} is damaged or cut off, the sha256 of its {len(body)} bytes is not "
            "the recorded one"
        )
    line, _, payload = body.partition(b"\n")
    try:
        facts = json.loads(line)
        if facts["format"] != FORMAT:
            raise CheckpointError(
                f"resume: {path} has format {facts['format']!r}, this version of LatentQ reads "
                f"{FORMAT}"
            )
        content = torch.load(io.BytesIO(payload), map_location="cpu", weights_only=True)
        return State(path, {k: facts[k] for k in _FACTS}, content)
    except CheckpointError:
        raise
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CheckpointError(f"resume: {path} holds no training state: {reason}") from error


_FACTS = ("stage", "epoch", "batch", "step", "config")


def read(path: Path, config: Mapping[str, Any]) -> State:
    """Reads a state of a run.

    Arguments:
        path: The file.
        config: The leaves of the run's configuration that matter for its results.

    Raises:
        CheckpointError: If it is damaged, of a newer format, or of another run; the message
            names how that one differs.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"resume: {path} cannot be read: {error.strerror}") from error

    state = unpack(data, path)
    theirs = {current_name(key): value for key, value in state.facts["config"].items()}
    differ = [
        f"{key}: was {theirs.get(key)!r}, now {config.get(key)!r}"
        for key in sorted(theirs.keys() | config.keys())
        if theirs.get(key) != config.get(key)
    ]
    if differ:
        raise CheckpointError(f"resume: {path} is of another run ({'; '.join(differ)})")
    return state


def newest(folder: Path, config: Mapping[str, Any]) -> State | None:
    """Reads the newest valid state of a run; if it is not the last one, a line says so.

    Arguments:
        folder: The run folder.
        config: The leaves of its configuration that matter for its results.

    Raises:
        CheckpointError: If there are files and none is valid.
    """
    problems: list[str] = []
    for path in (folder / LAST, folder / PREVIOUS):
        if not path.exists():
            continue
        try:
            state = read(path, config)
        except CheckpointError as error:
            problems.append(str(error).removeprefix("resume: "))
        else:
            if problems:
                print(f"{problems[0]}; going on from {state}", flush=True)
            return state
    if problems:
        raise CheckpointError(
            f"resume: no valid training state is left: {'; '.join(problems)}; to train this stage "
            "anew, delete them"
        )
    return None


def save(folder: Path, content: Mapping[str, Any], facts: Mapping[str, Any]) -> Path:
    """Saves a state; the one that was the last is kept as the previous one.

    Arguments:
        folder: The run folder.
        content: What Lightning restores.
        facts: What it is of, see :class:`State`.

    Raises:
        RunError: If it cannot be written; what was saved before is intact.
    """
    if not folder.is_dir():
        raise RunError(f"run folder: {folder} was deleted while the run was in it")
    data, last = pack(content, facts), folder / LAST
    partial = folder / f".{LAST}.{os.getpid()}.partial"
    try:
        write_synced(partial, data)
        if last.exists():
            os.replace(last, folder / PREVIOUS)
        os.replace(partial, last)
        sync_folder(folder)
    except OSError as error:
        raise RunError(_explain(last, len(data), error)) from error
    finally:
        partial.unlink(missing_ok=True)
    return last


def _explain(path: Path, size: int, error: OSError) -> str:
    try:
        free = f", {shutil.disk_usage(path.parent).free:,} are free"
    except OSError:
        free = ""
    return (
        f"checkpoint: {path} could not be written: {error.strerror}; it takes {size:,} bytes"
        f"{free}; what was saved before is intact"
    )


class StateIO(CheckpointIO):
    """Writes and reads for Lightning.

    Arguments:
        config: The leaves of the run's configuration that matter for its results.
        state: The state to resume from.
    """

    def __init__(self, config: Mapping[str, Any], state: State | None) -> None:
        self.config, self.state = dict(config), state

    def save_checkpoint(
        self,
        checkpoint: dict[str, Any],
        path: Any,  # noqa: ANN401
        storage_options: Any = None,  # noqa: ANN401
    ) -> None:
        """Saves a state beside `path`."""
        save(Path(path).parent, checkpoint, {**checkpoint["facts"], "config": self.config})

    def load_checkpoint(
        self,
        path: Any,  # noqa: ANN401
        map_location: Any = None,  # noqa: ANN401
        weights_only: bool | None = None,
    ) -> dict[str, Any]:
        """Returns the state to resume from, which has been read and checked already."""
        if self.state is None:
            raise CheckpointError(f"resume: {path} was not read")
        return self.state.content

    def remove_checkpoint(self, path: Any) -> None:  # noqa: ANN401
        """Deletes a file."""
        Path(path).unlink(missing_ok=True)
