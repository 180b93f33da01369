"""Saved states that are damaged, foreign, newer or malicious, and disks that take none."""

import errno
import json
import os
import pickle
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from latentq.errors import CheckpointError, InputError, RunError
from latentq.models import storage
from latentq.training import checkpoints, run_folder
from latentq.training.checkpoints import newest, pack, save, unpack
from tests.faults.runs import folder_of, outcome, tiny
from tests.faults.test_resume import ROOT, Kill, at_saves, kill_at
from train import train

FACTS = {"stage": "prior", "epoch": 1, "batch": 2, "step": 5}
CONFIG = {"model.kind": "quantum", "prior.qubits": 4}


def content(number: int) -> dict[str, Any]:
    return {"weights": torch.full((3,), float(number))}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run folder with two states."""

    for number in (1, 2):
        save(tmp_path, content(number), {**FACTS, "step": number, "config": CONFIG})
    return tmp_path


def steps(folder: Path) -> int:
    state = newest(folder, CONFIG)
    assert state is not None
    assert torch.equal(state.content["weights"], content(state.facts["step"])["weights"])
    return int(state.facts["step"])


def test_the_two_newest_states_are_kept(folder: Path) -> None:
    save(folder, content(3), {**FACTS, "step": 3, "config": CONFIG})

    assert sorted(p.name for p in folder.iterdir()) == ["last.ckpt", "previous.ckpt"]
    assert steps(folder) == 3
    (folder / "last.ckpt").unlink()
    assert steps(folder) == 2


def flip(place: int) -> Callable[[bytes], bytes]:
    return lambda data: data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


def newer(data: bytes) -> bytes:
    state = unpack(data, Path())
    assert b'"format": 1' in data
    before, checkpoints.FORMAT = checkpoints.FORMAT, 2
    try:
        return pack(state.content, state.facts)
    finally:
        checkpoints.FORMAT = before


def foreign(data: bytes) -> bytes:
    facts = {**unpack(data, Path()).facts, "config": {"model.kind": "classical"}}
    return pack(content(2), facts)


class Malicious:
    """Unpickling it makes a file."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.marker,)


DAMAGES: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "empty": (lambda _: b"", "is empty"),
    "text": (lambda _: b"<html>404</html>", "is not a training state"),
    "another archive": (lambda _: b"PK\x03\x04" + bytes(500), "is not a training state"),
    "cut": (lambda data: data[: len(data) // 2], "damaged or cut off"),
    "cut in its first line": (lambda data: data[:40], "damaged or cut off"),
    "one byte less": (lambda data: data[:-1], "damaged or cut off"),
    "a bit of the hash": (flip(30), "damaged or cut off"),
    "a bit of the facts": (flip(110), "damaged or cut off"),
    "a bit of the tensors": (flip(-200), "damaged or cut off"),
    "newer": (newer, "has format 2, this version of LatentQ reads 1"),
    "foreign": (foreign, r"another run \(model.kind: was 'classical', now 'quantum'"),
    "no facts": (lambda _: pack({}, {}), "holds no training state"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_not_valid_is_named_and_the_one_before_is_taken(
    folder: Path, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    change, words = DAMAGES[damage]
    last, previous = folder / "last.ckpt", folder / "previous.ckpt"
    last.write_bytes(change(last.read_bytes()))

    with pytest.raises(CheckpointError, match=words):
        checkpoints.read(last, CONFIG)
    assert steps(folder) == 1
    told = capsys.readouterr().out
    assert told.endswith("going on from previous.ckpt (stage prior, iteration 1)\n")
    assert told.count("\n") == 1
    previous.write_bytes(change(previous.read_bytes()))
    with pytest.raises(CheckpointError, match="no valid training state is left"):
        newest(folder, CONFIG)


def test_every_bit_counts(folder: Path) -> None:
    data = (folder / "last.ckpt").read_bytes()

    for place in range(0, len(data), 7):
        with pytest.raises(CheckpointError):
            unpack(flip(place)(data), Path("last.ckpt"))


def test_nothing_is_executed(tmp_path: Path) -> None:
    marker = tmp_path / "executed"
    torch.save(Malicious(marker), tmp_path / "bait")
    pickle.loads(pickle.dumps(Malicious(marker)))
    assert marker.exists()
    marker.unlink()

    save(tmp_path, {"weights": Malicious(marker)}, {**FACTS, "config": CONFIG})
    for name in ("bait", "last.ckpt"):
        with pytest.raises(CheckpointError):
            checkpoints.read(tmp_path / name, CONFIG)
    assert not marker.exists()


@pytest.mark.parametrize("step", ["write", "rename", "second rename", "sync"])
def test_a_kill_while_saving_leaves_a_whole_state(
    folder: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is on the disk after each of the four things that saving does."""

    def killed(*_: Any) -> None:  # noqa: ANN401
        raise Kill

    replace, number = os.replace, {"rename": 1, "second rename": 2}.get(step, 3)
    calls = iter(range(1, 4))

    def counted(*paths: Path) -> None:
        if next(calls) == number:
            raise Kill
        replace(*paths)

    if step == "write":
        monkeypatch.setattr(checkpoints, "write_synced", killed)
    monkeypatch.setattr(checkpoints.os, "replace", counted)
    if step == "sync":
        monkeypatch.setattr(checkpoints, "sync_folder", killed)

    with pytest.raises(Kill):
        save(folder, content(3), {**FACTS, "step": 3, "config": CONFIG})
    assert steps(folder) == (3 if step == "sync" else 2)


def test_a_full_disk_leaves_the_states_before(folder: Path) -> None:
    """A limit on the size of files makes writes fail as a full disk does, half way through."""

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        big = {"weights": torch.zeros(10_000)}
        with pytest.raises(RunError, match=r"it takes 4\d,\d{3} bytes, [\d,]+ are free"):
            save(folder, big, {**FACTS, "config": CONFIG})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)

    assert sorted(p.name for p in folder.iterdir()) == ["last.ckpt", "previous.ckpt"]
    assert steps(folder) == 2


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Gives a disk of some size, or makes it another one; where that is not allowed, skips."""

    place = tmp_path / "disk"
    place.mkdir()

    def give(size: str) -> Path:
        how = "remount," if place.is_mount() else ""
        command = ["mount", "-t", "tmpfs", "-o", f"{how}size={size}", "tmpfs", str(place)]
        try:
            done = subprocess.run(command, capture_output=True, check=False)
        except OSError:
            pytest.skip("there is no mount")
        if done.returncode:
            pytest.skip("no disk may be mounted here")
        return place

    yield give
    subprocess.run(["umount", str(place)], capture_output=True, check=False)


def test_a_run_outlives_a_full_disk(
    small_disk: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second state does not fit any more; with more room the run ends with the same bytes."""

    train(tiny("features", tmp_path / "whole"))
    folder = folder_of("features", tmp_path / "whole")
    disk = small_disk(str(int(1.6 * (folder / "last.ckpt").stat().st_size)))
    with monkeypatch.context() as patch:
        at_saves(patch, lambda _: None)
        with pytest.raises(RunError, match=r"No space left on device; it takes .* bytes"):
            train(tiny("features", disk))
    cut = folder_of("features", disk)

    assert checkpoints.unpack((cut / "last.ckpt").read_bytes(), cut).facts["step"] == 1
    assert not [*cut.glob(".*")] and not (cut / "previous.ckpt").exists()
    small_disk("50M")
    train(tiny("features", disk, "resume=last"))
    assert outcome(cut) == outcome(folder)


def test_a_damaged_state_is_not_the_end_of_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It goes on from the one before, and ends with the same bytes; without any it says so."""

    train(tiny("features", tmp_path / "whole"))
    with monkeypatch.context() as patch:
        at_saves(patch, kill_at({5}))
        with pytest.raises(Kill):
            train(tiny("features", tmp_path / "cut"))
    folder = folder_of("features", tmp_path / "cut")
    last, previous = folder / "last.ckpt", folder / "previous.ckpt"
    good = previous.read_bytes()
    for path in (last, previous):
        path.write_bytes(flip(-1000)(path.read_bytes()))

    with pytest.raises(CheckpointError, match="no valid training state is left"):
        train(tiny("features", tmp_path / "cut", "resume=last"))
    previous.write_bytes(good)
    train(tiny("features", tmp_path / "cut", "resume=last"))

    assert "going on from previous.ckpt (stage classifier, iteration 4)" in capsys.readouterr().out
    assert outcome(folder) == outcome(folder_of("features", tmp_path / "whole"))


def test_a_disk_that_takes_no_logs_and_pictures_stops_no_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: Any) -> None:  # noqa: ANN401
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    for writer in ("training.logs.write_atomically", "report.plots.files.figure_bytes"):
        monkeypatch.setattr(f"latentq.{writer}", full)
    metrics = train(tiny("classical", tmp_path))

    assert set(metrics["missing"]) == {
        *("progress/autoencoder-001.png", "progress/autoencoder-002.png"),
        *("logs/autoencoder/metrics.csv", "the pictures of the run", "metrics.csv"),
    }
    warned = [line for line in capsys.readouterr().err.splitlines() if "warning" in line]
    assert len(warned) == 1 and "No space left on device; the run goes on" in warned[0]


def test_a_run_folder_that_is_deleted_is_told_at_the_next_save(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = folder_of("classical", tmp_path)

    def action(number: int) -> None:
        if number == 2:
            shutil.rmtree(folder)

    at_saves(monkeypatch, action)
    with pytest.raises(RunError, match="was deleted while the run was in it"):
        train(tiny("classical", tmp_path))
    assert not folder.exists()


HOLD = """
import sys
from pathlib import Path
from latentq.training.run_folder import held
with held(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_two_processes_do_not_share_a_run_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        at_saves(patch, kill_at({1}))
        with pytest.raises(Kill):
            train(tiny("features", tmp_path))
    folder = folder_of("features", tmp_path)
    before = {path: path.read_bytes() for path in folder.glob("*.*")}

    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as other:
        assert other.stdout is not None and other.stdout.readline() == b"held\n"
        with pytest.raises(InputError, match="is in use by another process"):
            train(tiny("features", tmp_path, "resume=last"))
        assert {path: path.read_bytes() for path in folder.glob("*.*")} == before
        other.communicate()
    with run_folder.held(folder):
        pass


def test_what_a_killed_process_was_writing_is_cleared(tmp_path: Path) -> None:
    for name in (".last.ckpt.123.partial", "model/.config.json.7.partial", ".samples.png.9.tmp"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"half")

    with run_folder.held(tmp_path):
        assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_run_that_never_had_a_configuration_is_not_resumed(tmp_path: Path) -> None:
    folder_of("features", tmp_path).mkdir(parents=True)

    with pytest.raises(InputError, match="no unfinished run"):
        train(tiny("features", tmp_path, "resume=last"))


def test_a_damaged_configuration_or_result_is_named(tmp_path: Path) -> None:
    folder = folder_of("features", tmp_path)
    folder.mkdir(parents=True)
    for text in ("", "a: [", "\x00", "7"):
        (folder / "config.yaml").write_text(text)
        with pytest.raises(InputError, match=r"config\.yaml is damaged"):
            train(tiny("features", tmp_path, "resume=last"))
    config = tiny("features", tmp_path)
    (folder / "config.yaml").write_text(json.dumps(config))
    (folder / "metrics.json").write_text("{")
    with pytest.raises(InputError, match=r"metrics\.json is damaged"):
        train(tiny("features", tmp_path, "run.skip_finished=true"))


def test_all_that_a_resumed_run_would_change_is_listed(tmp_path: Path) -> None:
    folder = folder_of("features", tmp_path)
    folder.mkdir(parents=True)
    config = tiny("features", tmp_path)
    (folder / "config.yaml").write_text(json.dumps(config))

    with pytest.raises(InputError, match=r"images.epochs: was 2, now 3; images.lr: was 0.003"):
        train(tiny("features", tmp_path, "resume=last", "images.lr=0.1", "images.epochs=3"))


def test_weights_that_are_not_finite_are_not_loaded(tmp_path: Path) -> None:
    model = storage.build("features", {"channels": 2})
    with torch.no_grad():
        next(model.parameters())[0] = torch.nan
    storage.save(model, tmp_path, "features", {"channels": 2})

    with pytest.raises(CheckpointError, match=r"body\.0\.weight has a number that is not finite"):
        storage.load(tmp_path)
