"""What tests share: one thread, randomness, loops or tensors, command lines, real MNIST."""

import os
from pathlib import Path

import pytest
import torch

from latentq.data.mnist import SHA256, raw_folder
from latentq.data.module import data_root
from latentq.engine import native
from tests.command_line import CommandLine

torch.set_num_threads(1)
# The mirrors of the tests are on this machine; a proxy of the caller is not to be asked for them.
os.environ["no_proxy"] = os.environ["NO_PROXY"] = "127.0.0.1,localhost"

needs_mnist = pytest.mark.skipif(
    not all((raw_folder(data_root(None)) / name).is_file() for name in SHA256),
    reason="LATENTQ_DATA_ROOT holds no MNIST",
)


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@pytest.fixture(params=[True, False], ids=["loops", "tensors"])
def loops(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Runs a test twice: by loops, and by the tensor operations that other devices use."""

    monkeypatch.setattr(native, "DEVICES", {"cpu"} if request.param else set())
    return request.param


@pytest.fixture
def line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> CommandLine:
    """Command lines in an empty folder."""
    folder = tmp_path / "work"
    folder.mkdir()
    return CommandLine(monkeypatch, capsys, folder)
