import hashlib
import itertools
import struct
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import latentq.data.mirrors
import latentq.data.mnist
from latentq.data import ImageData, load_data, open_data
from latentq.data.mnist import (
    SHA256,
    MissingDataError,
    ensure_files,
    ensure_mnist,
    raw_folder,
)
from latentq.data.module import SeededBatches, Split, data_root, stratified
from latentq.errors import InputError
from tests.conftest import needs_mnist
from tests.fake_mirror import PAGE, mirror, packed

FILES = ("fashion", "mnist")


def idx(array: np.ndarray) -> bytes:
    head = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
    return head + array.astype(np.uint8).tobytes()


def write_tiny(folder: Path, seed: int) -> dict[str, str]:
    """Writes four small files in MNIST's format, and returns their hashes."""
    rng, hashes = np.random.default_rng(seed), {}
    folder.mkdir(parents=True)
    for name in SHA256:
        n = 100 if name.startswith("train") else 30
        shape = (n, 28, 28) if "images" in name else (n,)
        content = idx(rng.integers(0, 256 if "images" in name else 10, shape))
        (folder / name).write_bytes(content)
        hashes[name] = hashlib.sha256(content).hexdigest()
    return hashes


@pytest.fixture
def tiny_mnist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data root with four small files in MNIST's format, whose hashes are taken as known."""

    monkeypatch.setattr(latentq.data.mnist, "SHA256", write_tiny(raw_folder(tmp_path), 0))
    return tmp_path


@pytest.fixture
def tiny_fashion(tiny_mnist: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same root with four other files where those of Fashion-MNIST belong."""

    hashes = write_tiny(tiny_mnist / "FashionMNIST" / "raw", 1)
    monkeypatch.setattr(latentq.data.mnist, "FASHION_SHA256", hashes)
    return tiny_mnist


def test_fashion_is_read_from_its_own_files(tiny_fashion: Path) -> None:
    fashion, mnist = (load_data(n, root=str(tiny_fashion), validation=20) for n in FILES)
    raw = (tiny_fashion / "FashionMNIST" / "raw" / "t10k-images-idx3-ubyte").read_bytes()
    pixels = np.frombuffer(raw, np.uint8, offset=16).reshape(30, 1, 28, 28)

    assert torch.equal(fashion.test.images, torch.as_tensor(pixels / np.float32(255)))
    assert not torch.equal(fashion.test.images, mnist.test.images)
    assert (fashion.name, fashion.classes) == ("fashion", 10)
    joined = "".join(latentq.data.mnist.FASHION_SHA256.values()).encode()
    assert fashion.sha256 == hashlib.sha256(joined).hexdigest() != mnist.sha256
    settings = {"name": "fashion", "root": str(tiny_fashion), "download": False, "limit": None}
    opened = open_data({**settings, "validation": 20}, 32, 0)
    assert opened.describe() == fashion.describe()


def test_messages_name_the_set(tiny_fashion: Path) -> None:
    raw = tiny_fashion / "FashionMNIST" / "raw"
    (raw / "t10k-labels-idx1-ubyte").write_bytes(b"")
    with pytest.raises(InputError, match="FashionMNIST/raw/t10k-labels-idx1-ubyte is damaged"):
        load_data("fashion", root=str(tiny_fashion), validation=20)
    (raw / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(MissingDataError, match=f"into {raw} .* folder above FashionMNIST/raw"):
        load_data("fashion", root=str(tiny_fashion), validation=20, may_download=False)
    assert load(tiny_fashion).name == "mnist"


def test_fashion_is_downloaded_to_its_own_folder(
    tiny_fashion: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw, root = tiny_fashion / "FashionMNIST" / "raw", tmp_path_factory.mktemp("empty")
    files = {p.name: p.read_bytes() for p in raw.iterdir()}
    with mirror(packed(files)) as address:
        monkeypatch.setattr(latentq.data.mnist, "FASHION_MIRRORS", (address,))
        ensure_files(root, "fashion")

    assert {p.name: p.read_bytes() for p in root.glob("FashionMNIST/raw/*")} == files
    monkeypatch.setattr(latentq.data.mnist, "FASHION_MIRRORS", ("http://127.0.0.1:9/",))
    with pytest.raises(MissingDataError, match="data: Fashion-MNIST could not be downloaded"):
        ensure_files(root / "new", "fashion")


def load(root: Path, **options: Any) -> ImageData:  # noqa: ANN401
    return load_data("mnist", root=str(root), **{"validation": 20, "batch_size": 16, **options})


def test_images_are_those_of_the_files(tiny_mnist: Path) -> None:
    module = load(tiny_mnist)
    raw = (raw_folder(tiny_mnist) / "t10k-images-idx3-ubyte").read_bytes()
    pixels = np.frombuffer(raw, np.uint8, offset=16).reshape(30, 1, 28, 28)

    assert module.test.images.dtype == torch.float32
    assert torch.equal(module.test.images, torch.as_tensor(pixels / np.float32(255)))
    labels = (raw_folder(tiny_mnist) / "t10k-labels-idx1-ubyte").read_bytes()[8:]
    assert module.test.labels.tolist() == [*labels]


def test_split_is_a_seeded_partition_of_the_training_images(tiny_mnist: Path) -> None:
    module, again, other = load(tiny_mnist), load(tiny_mnist), load(tiny_mnist, seed=1)
    parts = torch.cat((module.train.images, module.validation.images)).flatten(1)

    assert len(module.train.labels) == 80
    assert len(module.validation.labels) == 20
    assert len(parts.unique(dim=0)) == 100
    assert torch.equal(module.validation.images, again.validation.images)
    assert not torch.equal(module.validation.images, other.validation.images)
    assert torch.equal(module.test.images, other.test.images)


def test_limit_is_a_subset_and_out_of_range_is_an_error(tiny_mnist: Path) -> None:
    whole, part = load(tiny_mnist), load(tiny_mnist, limit=10)
    known = {tuple(row.tolist()) for row in whole.train.images.flatten(1)}

    assert len(part.train.labels) == 10
    assert torch.equal(part.unlimited.images, whole.train.images)
    assert all(tuple(row.tolist()) in known for row in part.train.images.flatten(1))
    for options in ({"limit": 81}, {"limit": 0}, {"validation": 100}, {"validation": 0}):
        with pytest.raises(InputError, match="must be from 1 to"):
            load(tiny_mnist, **options)


@pytest.mark.parametrize("damage", ["truncated", "edited", "empty", "html"])
def test_damaged_files_are_refused(tiny_mnist: Path, damage: str) -> None:
    path = raw_folder(tiny_mnist) / "train-images-idx3-ubyte"
    content = path.read_bytes()
    edited = content[:500] + bytes([content[500] ^ 1]) + content[501:]
    path.write_bytes(
        {"truncated": content[:-1], "edited": edited, "empty": b"", "html": b"<html>"}[damage]
    )

    with pytest.raises(InputError, match=r"train-images-idx3-ubyte is damaged"):
        load(tiny_mnist)


def test_missing_files_are_an_error_that_says_what_goes_where(tiny_mnist: Path) -> None:
    (raw_folder(tiny_mnist) / "train-labels-idx1-ubyte").unlink()

    with pytest.raises(MissingDataError) as error:
        load(tiny_mnist, may_download=False)

    assert "train-labels-idx1-ubyte" in str(error.value)
    assert str(raw_folder(tiny_mnist)) in str(error.value)
    assert "data=digits" in str(error.value)


Use = Callable[..., None]


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Use:
    """Takes the place of the mirrors of MNIST."""

    def replace(*addresses: str) -> None:
        monkeypatch.setattr(latentq.data.mnist, "MIRRORS", addresses)

    return replace


def contents(root: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in raw_folder(root).iterdir()}


def test_download_moves_checked_files_into_place(
    tiny_mnist: Path, tmp_path_factory: pytest.TempPathFactory, use: Use
) -> None:
    files, root = contents(tiny_mnist), tmp_path_factory.mktemp("empty")
    with mirror(packed(files)) as address:
        use(address)
        ensure_mnist(root)

    assert contents(root) == files
    assert [p.name for p in root.iterdir()] == ["MNIST"]


WRONG = {
    "404": {},
    "html": {f"{name}.gz": PAGE for name in SHA256},
    "other files": packed(dict.fromkeys(SHA256, b"not found")),
    "not packed": dict.fromkeys((f"{name}.gz" for name in SHA256), b"\x00\x00\x08\x03"),
    "half packed": {k: v[: len(v) // 2] for k, v in packed(dict.fromkeys(SHA256, b"x")).items()},
    "bomb": packed(dict.fromkeys(SHA256, bytes(latentq.data.mirrors.UNPACKED + 1))),
}
SAID = {
    "404": "404 Not Found",
    "html": "sent a page, not a file",
    "other files": "its sha256 is not",
    "not packed": "incorrect header check",
    "half packed": "sent a part of a gzip file",
    "bomb": "too large",
}


@pytest.mark.parametrize("way", WRONG)
def test_wrong_downloads_leave_nothing_behind(
    tiny_mnist: Path, tmp_path_factory: pytest.TempPathFactory, use: Use, way: str
) -> None:
    root = tmp_path_factory.mktemp("empty")
    with mirror(WRONG[way]) as address:
        use(address)
        for place in (root, root / "new"):
            with pytest.raises(MissingDataError) as error:
                ensure_mnist(place)
            assert list(root.iterdir()) == []

    assert SAID[way] in str(error.value)
    assert f"{address}train-images-idx3-ubyte.gz" in str(error.value)


def test_the_next_mirror_is_asked(
    tiny_mnist: Path, tmp_path_factory: pytest.TempPathFactory, use: Use
) -> None:
    files, root = contents(tiny_mnist), tmp_path_factory.mktemp("empty")
    with (
        mirror(WRONG["html"]) as wrong,
        mirror(packed(files), short=9) as short,
        mirror(packed(files)) as right,
    ):
        use("http://127.0.0.1:9/", "file:///etc/", wrong, short, right)
        ensure_mnist(root)

    assert contents(root) == files


def test_a_silent_mirror_is_not_waited_for(
    tiny_mnist: Path,
    tmp_path_factory: pytest.TempPathFactory,
    use: Use,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(latentq.data.mirrors, "TIMEOUT_SECONDS", 0.05)
    with mirror({}, silent=True) as address:
        use(address)
        with pytest.raises(MissingDataError, match="timed out"):
            ensure_mnist(tmp_path_factory.mktemp("empty"))


def test_two_downloads_at_once_both_succeed(
    tiny_mnist: Path, tmp_path_factory: pytest.TempPathFactory, use: Use
) -> None:
    files, root = contents(tiny_mnist), tmp_path_factory.mktemp("empty")
    with mirror(packed(files)) as address, ThreadPoolExecutor(8) as pool:
        use(address)
        list(pool.map(latentq.data.mnist.download, [root] * 8))

    assert contents(root) == files
    assert [p.name for p in root.iterdir()] == ["MNIST"]


def test_a_root_that_cannot_be_written_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**words: str) -> str:
        raise PermissionError(13, "Permission denied", words["dir"])

    monkeypatch.setattr(latentq.data.mnist.tempfile, "mkdtemp", refuse)
    with pytest.raises(MissingDataError, match=f"downloaded to {tmp_path}: Permission denied"):
        ensure_mnist(tmp_path)


def test_mnist_needs_torchvision(tiny_mnist: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torchvision.datasets.mnist", None)
    with pytest.raises(InputError, match=r"MNIST is read by torchvision, .* use data=digits"):
        load_data("mnist", root=str(tiny_mnist), validation=5)

    assert len(load_data("digits").test.images) == 500


def test_auto_falls_back_to_digits_loudly(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = {"name": "auto", "root": str(tmp_path), "download": False}
    settings |= {"validation": 6000, "limit": None}

    module = open_data(settings, 32, 0)

    shown = capsys.readouterr().err
    assert module.name == "digits"
    assert "NOT MNIST" in shown
    assert "DIGITS" in shown
    with pytest.raises(MissingDataError):
        open_data({**settings, "name": "mnist"}, 32, 0)


def test_auto_does_not_hide_a_damaged_file(tiny_mnist: Path) -> None:
    (raw_folder(tiny_mnist) / "train-labels-idx1-ubyte").write_bytes(b"")
    settings = {"name": "auto", "root": str(tiny_mnist), "download": True}

    with pytest.raises(InputError, match="damaged"):
        open_data({**settings, "validation": 20, "limit": None}, 32, 0)


def test_digits_are_upright_images_with_their_labels() -> None:
    module = load_data("digits")

    sizes = [len(s.labels) for s in (module.train, module.validation, module.test)]
    assert sizes == [1168, 129, 500]
    assert module.train.images.shape[1:] == (1, 28, 28)
    assert module.train.images.min() >= 0
    assert module.train.images.max() <= 1
    zeros = module.train.images[module.train.labels == 0].mean(dim=0)[0]
    assert zeros[13:15, 13:15].max() < 0.2  # the hole of a nought
    assert zeros[3:5, 11:17].mean() > 0.5
    # Models that were saved before have set these images aside.
    assert module.test.labels[:12].tolist() == [2, 8, 0, 4, 7, 8, 0, 3, 4, 5, 1, 1]


def test_batches_cover_all_items_in_a_seeded_order() -> None:
    batches = SeededBatches(10, 4, seed=0)

    first = list(batches)
    assert [len(b) for b in first] == [4, 4, 2]
    assert sorted(place for batch in first for place in batch) == list(range(10))
    assert list(batches) == first
    batches.set_epoch(1)
    assert list(batches) != first
    assert list(SeededBatches(5, 2, seed=None)) == [[0, 1], [2, 3], [4]]


def test_an_epoch_may_have_several_passes() -> None:
    batches = SeededBatches(5, 2, seed=0, batches=8)
    drawn = [*batches]
    first, second = (sorted(itertools.chain(*drawn[i : i + 3])) for i in (0, 3))

    assert len(batches) == len(drawn) == 8
    assert first == second == [0, 1, 2, 3, 4]
    assert drawn[:3] != drawn[3:6] and drawn[:3] == [*SeededBatches(5, 2, seed=0)]
    assert len([*SeededBatches(5, 2, seed=0, batches=2)]) == 2


def test_loader_yields_images_with_their_own_labels() -> None:
    labels = torch.arange(7)
    split = Split(labels.float().reshape(7, 1, 1, 1).expand(7, 1, 28, 28), labels)
    module = ImageData("toy", "0", split, split, 1, None, batch_size=4, seed=0)

    sizes = []
    for images, marks in module.train_dataloader():
        assert torch.equal(images[:, 0, 0, 0], marks.float())
        sizes.append(len(marks))
    assert sizes == [4, 2]


def test_stratified_keeps_proportions(generator: torch.Generator) -> None:
    labels = torch.tensor([0] * 50 + [1] * 30 + [2] * 20)[torch.randperm(100, generator=generator)]

    for n in (1, 10, 37, 100):
        index = stratified(labels, n, generator)
        assert len(index.unique()) == n
        share = torch.bincount(labels[index], minlength=3) - n * torch.tensor([0.5, 0.3, 0.2])
        assert share.abs().max() < 1
    assert torch.bincount(labels[stratified(labels, 10, generator)]).tolist() == [5, 3, 2]


def test_root_comes_from_argument_then_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENTQ_DATA_ROOT", "somewhere")
    assert data_root("here") == Path("here")
    assert data_root(None) == Path("somewhere")
    monkeypatch.delenv("LATENTQ_DATA_ROOT")
    assert data_root(None) == Path(__file__).parent.parent / "data"


@pytest.mark.skipif(
    not raw_folder(data_root(None), "fashion").is_dir(),
    reason="LATENTQ_DATA_ROOT holds no Fashion-MNIST",
)
def test_real_fashion_has_its_known_statistics() -> None:
    module = load_data("fashion", may_download=False)
    parts = module.train, module.validation
    pixels = torch.cat([part.images for part in parts])

    assert [len(s.labels) for s in (*parts, module.test)] == [54_000, 6_000, 10_000]
    assert (pixels.mean().item(), pixels.std().item()) == pytest.approx((0.2860, 0.3530), abs=5e-5)
    assert torch.bincount(torch.cat([part.labels for part in parts])).tolist() == [6000] * 10
    assert torch.bincount(module.test.labels).tolist() == [1000] * 10


@needs_mnist
def test_real_mnist_has_its_known_statistics() -> None:
    module = load_data("mnist", may_download=False)

    assert [len(s.labels) for s in (module.train, module.validation, module.test)] == [
        54_000,
        6_000,
        10_000,
    ]
    mean = torch.cat((module.train.images, module.validation.images)).mean().item()
    assert mean == pytest.approx(0.1307, abs=1e-4)
    assert torch.bincount(module.test.labels).tolist() == [
        *(980, 1135, 1032, 1010, 982),
        *(892, 958, 1028, 974, 1009),
    ]


def test_download_into_a_file_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(MissingDataError, match="could not be downloaded"):
        ensure_mnist(tmp_path / "file")
