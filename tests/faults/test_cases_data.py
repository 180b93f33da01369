"""Cases 11 to 15, 37 and 38: the data."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

import latentq.data.mnist
from latentq import load
from latentq.data import ImageData
from latentq.data.mnist import (
    SHA256,
    MissingDataError,
    ensure_mnist,
    known_files,
    raw_folder,
)
from latentq.data.module import Split
from latentq.errors import InputError
from tests.command_line import ROOT, CommandLine
from tests.fake_mirror import PAGE, mirror, packed
from tests.test_data import load as load_tiny
from tests.test_data import tiny_mnist

__all__ = ["tiny_mnist"]  # A fixture.
CLOSED = "http://127.0.0.1:9/"


def test_case_11_no_network(line: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(latentq.data.mnist, "MIRRORS", (CLOSED,))
    with pytest.raises(MissingDataError) as error:
        ensure_mnist(line.folder)

    (told,) = error.value.lines()
    assert "Connection refused" in told
    assert f"Put the raw files {', '.join(SHA256)} into {raw_folder(line.folder)}" in told
    assert "data/README.md" in told
    listed = (ROOT / "data" / "README.md").read_text()
    assert all(d in listed for known in known_files().values() for d in known.sha256.values())
    assert list(line.folder.iterdir()) == []


def test_case_12_wrong_mirrors(
    tiny_mnist: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {p.name: p.read_bytes() for p in raw_folder(tiny_mnist).iterdir()}
    pages = {f"{name}.gz": PAGE for name in files}
    with mirror({}) as absent, mirror(pages) as page, mirror(packed(files), short=5) as short:
        monkeypatch.setattr(latentq.data.mnist, "MIRRORS", (absent, page, short, CLOSED))
        with pytest.raises(MissingDataError) as error:
            ensure_mnist(tmp_path / "new")

    assert not (tmp_path / "new").exists()
    for address in (absent, page, short, CLOSED):
        assert f"{address}train-images-idx3-ubyte.gz: " in str(error.value)


def test_case_13_damaged_raw_file(tiny_mnist: Path) -> None:
    path = raw_folder(tiny_mnist) / "t10k-images-idx3-ubyte"
    content = path.read_bytes()
    load_tiny(tiny_mnist)
    for wrong in (content[:-1], content[:99] + b"\xff" + content[100:], b""):
        path.write_bytes(wrong)
        with pytest.raises(InputError, match="t10k-images-idx3-ubyte is damaged"):
            load_tiny(tiny_mnist)


def test_case_14_wrong_format(tiny_mnist: Path) -> None:
    images, labels = (
        raw_folder(tiny_mnist) / f"t10k-{what}-ubyte" for what in ("images-idx3", "labels-idx1")
    )
    good, classes = images.read_bytes(), labels.read_bytes()
    for wrong in (PAGE, good[:7], b"\x00\x00\x0d" + good[3:], good + b"\x00"):
        images.write_bytes(wrong)
        with pytest.raises(InputError, match="t10k-images-idx3-ubyte is damaged"):
            load_tiny(tiny_mnist)
    images.write_bytes(good)
    labels.write_bytes(classes[:-1] + b"\x0a")
    with pytest.raises(InputError, match="t10k-labels-idx1-ubyte is damaged"):
        load_tiny(tiny_mnist)


def test_case_15_downloads_at_once(tiny_mnist: Path, tmp_path: Path) -> None:
    """Two processes, not threads; they know the made-up hashes and the mirror from the code."""
    files = {p.name: p.read_bytes() for p in raw_folder(tiny_mnist).iterdir()}
    root = tmp_path / "shared"
    with mirror(packed(files)) as address:
        code = (
            # The room without its other modules, which take seconds to import.
            "import pathlib, sys, types; room = types.ModuleType('latentq.data')\n"
            "room.__path__ = ['latentq/data']; sys.modules['latentq.data'] = room\n"
            "from latentq.data import mnist\n"
            f"mnist.SHA256 = {latentq.data.mnist.SHA256!r}\n"
            f"mnist.MIRRORS = ({address!r},)\n"
            f"mnist.download(pathlib.Path({str(root)!r}))\n"
        )
        words = [sys.executable, "-c", code]
        started = [subprocess.Popen(words, cwd=ROOT, stderr=subprocess.PIPE) for _ in range(2)]
        told = [process.communicate(timeout=120)[1] for process in started]

    assert [process.returncode for process in started] == [0, 0], told
    assert {p.name: p.read_bytes() for p in raw_folder(root).iterdir()} == files
    assert [p.name for p in root.iterdir()] == ["MNIST"]


def toy(n: int, batch_size: int) -> ImageData:
    split = Split(torch.rand(n, 1, 28, 28, generator=torch.Generator()), torch.arange(n) % 10)
    return ImageData("toy", "0", split, split, 1, None, batch_size=batch_size, seed=0)


def test_case_37_small_batches() -> None:
    assert [len(x) for x, _ in toy(8, 3).train_dataloader()] == [3, 3, 1]
    assert [len(x) for x, _ in toy(4, 1).train_dataloader()] == [1, 1, 1]
    assert [len(x) for x, _ in toy(4, 100).train_dataloader()] == [3]
    with pytest.raises(InputError, match="must be from 1 to 0"):
        toy(1, 1)

    model = load(ROOT / "checkpoints" / "quantum")
    one = model.sample(1, seed=3)  # type: ignore[operator]
    assert one.shape == (1, 1, 28, 28)
    states = model.encode(one)  # type: ignore[operator]
    both = model.encode(one.expand(2, -1, -1, -1))  # type: ignore[operator]
    assert torch.allclose(both[:1], states, atol=1e-5)


def test_case_38_no_workers() -> None:
    module = toy(8, 3)

    assert module.train_dataloader().num_workers == module.val_dataloader().num_workers == 0
