"""Kuzushiji-MNIST: archives that are kept and checked, and data without a classifier."""

import gzip
import hashlib
import tempfile
from pathlib import Path

import numpy as np
import pytest
import torch
from torchvision.datasets import KMNIST

import latentq.data.mnist
from latentq.config.compose import load_config
from latentq.config.schema.data import SOURCES
from latentq.data import ImageData, load_data
from latentq.data.identity import features_of, recorded_data, reopen_data, shared_classes
from latentq.data.mnist import (
    KMNIST_MIRRORS,
    KMNIST_SHA256,
    MissingDataError,
    ensure_files,
    known_files,
)
from latentq.errors import InputError
from latentq.models import storage
from latentq.report.grouping import ORDER
from latentq.report.wording import NAMES
from latentq.training import doctor
from tests.fake_mirror import PAGE, mirror, packed
from tests.test_data import write_tiny
from train import train

Patch = pytest.MonkeyPatch
RAW = Path("KMNIST", "raw")


@pytest.fixture
def raw_files(tmp_path: Path) -> dict[str, bytes]:
    """What is in four small archives."""
    write_tiny(tmp_path / "unpacked", 2)
    return {path.name: path.read_bytes() for path in (tmp_path / "unpacked").iterdir()}


@pytest.fixture
def archives(raw_files: dict[str, bytes], monkeypatch: Patch) -> dict[str, bytes]:
    """Four small archives, whose hashes are taken as known."""
    files = packed(raw_files)
    hashes = {name: hashlib.sha256(files[name]).hexdigest() for name in KMNIST_SHA256}
    monkeypatch.setattr(latentq.data.mnist, "KMNIST_SHA256", hashes)
    return files


@pytest.fixture
def root(archives: dict[str, bytes], tmp_path: Path) -> Path:
    """A data root with these archives."""
    (tmp_path / "data" / RAW).mkdir(parents=True)
    for name, content in archives.items():
        (tmp_path / "data" / RAW / name).write_bytes(content)
    return tmp_path / "data"


def load(root: Path, may_download: bool = False) -> ImageData:
    return load_data("kmnist", root=str(root), validation=20, may_download=may_download)


def repacked(content: bytes) -> bytes:
    """The same content in another archive."""
    return gzip.compress(gzip.decompress(content), mtime=1)


def kept(root: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (root / RAW).iterdir()}


def test_archives_are_named_as_torchvision_has_them() -> None:
    assert [*KMNIST_SHA256] == [name for name, _ in KMNIST.resources]
    assert {*KMNIST.mirrors} < {*KMNIST_MIRRORS}
    assert KMNIST.__name__ == known_files()["kmnist"].folder


def test_every_set_has_a_name_and_a_place_in_reports() -> None:
    sets = known_files()

    assert [name for name in ORDER if name in sets] == [*sets] == [n for n in SOURCES if n in sets]
    assert {name: NAMES[name] for name in sets} == {name: f.title for name, f in sets.items()}


def test_images_are_read_from_the_archives(
    root: Path,
    archives: dict[str, bytes],
    raw_files: dict[str, bytes],
    tmp_path: Path,
    monkeypatch: Patch,
) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    beside = (
        root / RAW / "t10k-images-idx3-ubyte"
    )  # torchvision unpacks it there; nobody checks it.
    beside.write_bytes(b"of another set")
    data = load(root)

    pixels = np.frombuffer(raw_files["t10k-images-idx3-ubyte"], np.uint8, offset=16)
    expected = torch.as_tensor(pixels.reshape(30, 1, 28, 28) / np.float32(255))
    assert torch.equal(data.test.images, expected)
    assert data.test.labels.tolist() == [*raw_files["t10k-labels-idx1-ubyte"][8:]]
    labels = torch.cat((data.train.labels, data.validation.labels)).sort().values
    assert labels.tolist() == sorted(raw_files["train-labels-idx1-ubyte"][8:])
    joined = "".join(hashlib.sha256(archives[name]).hexdigest() for name in KMNIST_SHA256)
    assert data.sha256 == hashlib.sha256(joined.encode()).hexdigest()
    assert (data.name, data.classes) == ("kmnist", 10)
    beside.unlink()
    assert kept(root) == archives and not [*(tmp_path / "temporary").iterdir()]


@pytest.mark.parametrize("way", ["cut", "repacked", "empty"])
def test_an_archive_that_is_not_the_published_one_is_refused(
    root: Path, way: str, monkeypatch: Patch
) -> None:
    path = root / RAW / "train-labels-idx1-ubyte.gz"
    content = path.read_bytes()
    spoilt = {"cut": content[:-1], "repacked": repacked(content), "empty": b""}
    path.write_bytes(spoilt[way])

    with pytest.raises(InputError, match=r"KMNIST/raw/train-labels-idx1-ubyte\.gz is damaged"):
        load(root)
    monkeypatch.setenv("LATENTQ_DATA_ROOT", str(root))
    with pytest.raises(InputError, match=r"train-labels-idx1-ubyte\.gz is damaged"):
        doctor.check_data()


def test_raw_files_do_not_stand_for_archives(root: Path, raw_files: dict[str, bytes]) -> None:
    (root / RAW / "t10k-labels-idx1-ubyte.gz").unlink()
    name = "t10k-labels-idx1-ubyte"
    (root / RAW / name).write_bytes(raw_files[name])

    with pytest.raises(MissingDataError) as error:
        load(root)
    said = f"Put the archives {', '.join(KMNIST_SHA256)} into {root / RAW}"
    assert said in str(error.value) and "folder above KMNIST/raw" in str(error.value)


def test_archives_are_downloaded_as_they_are(
    archives: dict[str, bytes], tmp_path: Path, monkeypatch: Patch
) -> None:
    other = {name: repacked(content) for name, content in archives.items()}
    with (
        mirror(dict.fromkeys(archives, PAGE)) as page,
        mirror(other) as wrong,
        mirror(archives) as right,
    ):
        monkeypatch.setattr(latentq.data.mnist, "KMNIST_MIRRORS", (page, wrong))
        with pytest.raises(MissingDataError, match="data: Kuzushiji-MNIST could not be") as error:
            ensure_files(tmp_path / "new", "kmnist")
        assert not (tmp_path / "new").exists()
        monkeypatch.setattr(latentq.data.mnist, "KMNIST_MIRRORS", (page, wrong, right))
        data = load(tmp_path / "new", may_download=True)

    first = "train-images-idx3-ubyte.gz"
    assert f"{page}{first}: sent a page" in str(error.value)
    assert f"{wrong}{first}: sent another file" in str(error.value)
    assert kept(tmp_path / "new") == archives
    assert len(data.test.labels) == 30


ADVICE = (
    "data=kmnist has no classifier of its own; train one with `python train.py model=features "
    "data=kmnist`, then {key}=RUN with its run folder"
)


def test_it_has_no_classifier(root: Path, tmp_path: Path) -> None:
    arguments = {"channels": 2, "latent": 4, "lift": 5, "seed": 0}
    notes = {"data": load(root).describe()}
    model = storage.build("classical", arguments)
    storage.save(model, tmp_path / "model", "classical", arguments, notes)

    with pytest.raises(InputError) as error:
        load_config(["data=kmnist"])
    assert error.value.lines()[0].startswith(
        "metrics.features: " + ADVICE.format(key="metrics.features")
    )
    with pytest.raises(InputError) as error:
        features_of("auto", tmp_path / "model")
    assert str(error.value).startswith("features: " + ADVICE.format(key="features"))
    assert load_config(["data=kmnist", "metrics.features=x"])["metrics"]["features"] == "x"
    with pytest.raises(InputError, match=r"data\.limit: must be from 1 to 54000"):
        load_config(["data=kmnist", "metrics.features=x", "data.limit=54001"])


def test_a_run_with_the_classifier_that_is_advised(root: Path, tmp_path: Path) -> None:
    common = ["data=kmnist", f"data.root={root}", "data.limit=null", "data.validation=20"]
    common += [f"run.root={tmp_path}", "device=cpu", "threads=1", "metrics.samples=10"]
    train(load_config([*common, "model=features", "model.channels=2", "images.epochs=1"], "debug"))
    features = tmp_path / "features-kmnist-seed0"
    words = [*common, "model=classical", "model.channels=2", f"metrics.features={features}"]
    metrics = train(load_config(words, "debug"))

    model = tmp_path / "classical-kmnist-seed0"
    assert metrics["features"]["name"] == "kmnist-cnn-128"
    assert len(metrics["class_counts"]) == 10 and sum(metrics["class_counts"]) == 10
    data = reopen_data(model, str(root))
    assert torch.equal(data.test.images, load(root).test.images)
    assert shared_classes({"data": recorded_data(features)}, data) == 10
    assert shared_classes({"data": "mnist"}, data) is None
