"""What tests share: one thread, randomness, loops or tensors, command lines, real MNIST.

pytest's first process, which runs no test when there are workers, reads this file too: so what
takes seconds to import is imported where it is used.
"""

from __future__ import annotations

import atexit
import gc
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import torch

    from tests.command_line import CommandLine

# The mirrors of the tests are on this machine; a proxy of the caller is not to be asked for them.
os.environ["no_proxy"] = os.environ["NO_PROXY"] = "127.0.0.1,localhost"
# What is imported stays: to look for garbage among a million objects takes seconds.
gc.disable()
atexit.register(gc.unfreeze)  # Packages of compiled code look at the end for what they left.

needs_mnist = pytest.mark.usefixtures("mnist")


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    import torch

    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def mnist() -> None:
    """Skips a test where there is no MNIST."""
    from latentq.data.mnist import SHA256, raw_folder
    from latentq.data.module import data_root

    if not all((raw_folder(data_root(None)) / name).is_file() for name in SHA256):
        pytest.skip("LATENTQ_DATA_ROOT holds no MNIST")


@pytest.fixture
def generator() -> torch.Generator:
    import torch

    return torch.Generator().manual_seed(0)


@pytest.fixture(params=[True, False], ids=["loops", "tensors"])
def loops(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Runs a test twice: by loops, and by the tensor operations that other devices use."""
    from latentq.engine import native

    monkeypatch.setattr(native, "DEVICES", {"cpu"} if request.param else set())
    return request.param


@pytest.fixture
def line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> CommandLine:
    """Command lines in an empty folder."""
    from tests.command_line import CommandLine

    folder = tmp_path / "work"
    folder.mkdir()
    return CommandLine(monkeypatch, capsys, folder)
