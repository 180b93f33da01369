"""Cases 23 and 24: models of other makers, and files that would run code."""

import json
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

import latentq
from latentq.config.compose import check_command_line
from latentq.data.mnist import SHA256, ensure_mnist, raw_folder
from latentq.errors import CheckpointError, InputError
from latentq.models import storage
from latentq.models.hybrid import LatentQ
from latentq.report.comparison import build
from latentq.study.results import read_study
from latentq.training import checkpoints
from tests.command_line import CommandLine
from tests.fake_runs import make_run
from tests.fake_study import make_study
from tests.faults.targets import LATENTQ_ARGUMENTS, PRIOR


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    model = LatentQ(**LATENTQ_ARGUMENTS)
    storage.save(model, tmp_path / "model", "quantum", LATENTQ_ARGUMENTS)
    return tmp_path / "model"


def change(folder: Path, **values: object) -> None:
    path = folder / storage.CONFIG
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"arguments": {**LATENTQ_ARGUMENTS, "prior": {**PRIOR, "qubits": 3}}}, "size mismatch"),
        ({"arguments": {**LATENTQ_ARGUMENTS, "channels": 3}}, "size mismatch"),
        ({"kind": "classical", "arguments": {"channels": 2}}, "is missing"),
        (
            {"kind": "os.system", "arguments": {"command": "id"}},
            "kind: must be one of branches, classical",
        ),
        ({"format": 3}, "format must be 2, was 3; it needs another version"),
        ({"arguments": {**LATENTQ_ARGUMENTS, "channels": 10**9}}, "channels: must be an integer"),
        (
            {"arguments": {**LATENTQ_ARGUMENTS, "__class__": "x"}},
            "__class__: no quantum model has it",
        ),
        ({"sha256": 7}, "does not describe a model, sha256 is missing or wrong"),
    ],
)
def test_case_23_foreign_models(folder: Path, changes: dict[str, Any], message: str) -> None:
    change(folder, **changes)

    with pytest.raises(InputError) as error:
        latentq.load(folder)

    assert message in " ".join(str(error.value).split())


def test_case_23_weights_that_are_not_finite(tmp_path: Path) -> None:
    model = LatentQ(**LATENTQ_ARGUMENTS)
    name, first = next(iter(model.named_parameters()))
    first.data.view(-1)[0] = float("nan")
    storage.save(model, tmp_path, "quantum", LATENTQ_ARGUMENTS)

    with pytest.raises(CheckpointError, match=f"{name} has a number that is not finite"):
        latentq.load(tmp_path)


class Marker:
    """Writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return Path.touch, (self.path,)


@pytest.fixture
def marked(tmp_path: Path) -> Iterator[bytes]:
    """A pickle that leaves a mark when it is executed, and the check that it was not."""
    marker = tmp_path / "executed"
    content = pickle.dumps(Marker(marker))
    pickle.loads(content)
    assert marker.exists(), "the payload works"
    marker.unlink()
    yield content
    assert not marker.exists()


def test_case_24_pickles_are_not_executed(folder: Path, tmp_path: Path, marked: bytes) -> None:
    good = {path: path.read_bytes() for path in folder.iterdir()}
    for path in good:
        path.write_bytes(marked)
        with pytest.raises(InputError):
            latentq.load(folder)
        path.write_bytes(good[path])

    run = make_run(tmp_path / "runs" / "a")
    for path in sorted(run.iterdir()):
        path.write_bytes(marked)
    with pytest.raises(InputError):
        build([tmp_path / "runs"])
    make_study(tmp_path / "study", {"quantum": {300: [1.0]}})
    (tmp_path / "study" / "study.json").write_bytes(marked)
    assert read_study(tmp_path / "study").notes

    raw = raw_folder(tmp_path / "data")
    raw.mkdir(parents=True)
    for name in SHA256:
        (raw / name).write_bytes(marked)
    with pytest.raises(InputError):
        ensure_mnist(tmp_path / "data", may_download=False)


def test_case_24_training_states_are_not_executed(tmp_path: Path, marked: bytes) -> None:
    facts = {"stage": "prior", "epoch": 0, "batch": 0, "step": 0, "config": {}}
    signed = checkpoints.pack({"a": Marker(tmp_path / "executed")}, facts)
    path = tmp_path / "last.ckpt"
    torch.save({"a": Marker(tmp_path / "executed")}, tmp_path / "plain.ckpt")
    for content in (marked, signed, (tmp_path / "plain.ckpt").read_bytes()):
        path.write_bytes(content)
        with pytest.raises(CheckpointError):
            checkpoints.read(path, {})


def test_case_24_targets_are_not_instantiated(line: CommandLine, tmp_path: Path) -> None:
    mark = tmp_path / "executed"
    call = f"{{_target_:os.mkdir,path:{mark}}}"
    words = (f"+hydra.callbacks.x={call}", f"+x={call}", f"model={call}", f"run.name={call}")
    mistakes = line.refused(*words, "+hydra.callbacks.y._target_=os.getcwd")

    assert len(mistakes) == 5
    assert all("never brings code" in mistake for mistake in mistakes)
    assert not mark.exists()


@pytest.mark.parametrize(
    "word",
    [
        *("--config-dir=/tmp", "--config-path=/tmp", "-cp", "--experimental-rerun"),
        *("--config-d=/tmp", "--experimental-rer=/tmp/job.pickle", "-cd/tmp"),
    ],
)
def test_case_24_configurations_come_from_one_folder(word: str) -> None:
    with pytest.raises(InputError, match=r"is not supported; configurations are those of LatentQ"):
        check_command_line([word, "/tmp"])
    with pytest.raises(InputError, match=r"never brings code or configurations from elsewhere"):
        check_command_line(["hydra.searchpath=[/tmp]"])
