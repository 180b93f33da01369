"""Own images: how a folder is read, what is refused, and a run on its classes."""

import json
import os
import runpy
import shutil
import struct
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

import latentq
from baselines.vae import VAE
from latentq.config.compose import load_config
from latentq.config.config import arguments_of, check_training_images
from latentq.data import ImageData, load_data
from latentq.data.folder import read_folder
from latentq.data.identity import (
    data_differences,
    features_of,
    recorded_data,
    reopen_data,
    shared_classes,
)
from latentq.data.mnist import identity_of
from latentq.errors import InputError
from latentq.evaluation.diversity import class_counts
from latentq.evaluation.scores import class_rows
from latentq.models import storage
from latentq.models.classifier import Classifier
from tests.command_line import CommandLine
from train import train

ROOT = Path(__file__).parent.parent
FEATURES = f"metrics.features={ROOT}/checkpoints/features"


def save(path: Path, image: Image.Image, **options: Any) -> None:  # noqa: ANN401
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, **options)


def flat(mode: str, colour: Any, size: tuple[int, int] = (40, 20)) -> Image.Image:  # noqa: ANN401
    return Image.new(mode, size, colour)


def filled(root: Path, classes: dict[str, int], offset: int = 0) -> Path:
    """A folder whose images are flat, each with a grey of its own."""
    for place, (name, n) in enumerate(classes.items()):
        for i in range(n):
            save(root / name / f"{i:02}.png", flat("L", 60 * place + i + offset, (9, 5)))
    return root


@pytest.fixture
def three(tmp_path: Path) -> Path:
    return filled(tmp_path / "own", {"b": 12, "a": 18, "c": 6})


def pixels(tmp_path: Path, image: Image.Image, name: str = "x.png", **options: Any) -> Tensor:  # noqa: ANN401
    """The first of three equal images."""
    for i in range(3):
        save(tmp_path / f"{i}{name}", image, **options)
    found = read_folder(tmp_path)
    assert found.classes == ("",) and found.images.images.shape == (3, 1, 28, 28)
    assert found.images.images.dtype == torch.float32
    return found.images.images[0, 0]


GREY = (0.299 * 200 + 0.587 * 100 + 0.114 * 50) / 255
MODES = {
    "L": (flat("L", 51), 0.2),
    "LA": (flat("LA", (255, 51)), 0.2),
    "RGB": (flat("RGB", (200, 100, 50)), GREY),
    "RGBA": (flat("RGBA", (255, 255, 255, 51)), 0.2),
    "P": (flat("RGB", (200, 100, 50)).convert("P", palette=Image.Palette.ADAPTIVE), GREY),
    "I;16": (Image.fromarray(np.full((20, 40), 13107, np.uint16)), 0.2),
    "1": (flat("1", 1), 1.0),
}


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_becomes_grey(mode: str, tmp_path: Path) -> None:
    image, value = MODES[mode]
    assert image.mode == mode

    assert (pixels(tmp_path, image) - value).abs().max() < 0.5 / 255


@pytest.mark.parametrize(("mode", "colour"), [("L", 128), ("CMYK", (0, 0, 0, 127))])
def test_jpeg_is_read(mode: str, colour: Any, tmp_path: Path) -> None:  # noqa: ANN401
    found = pixels(tmp_path, flat(mode, colour), "x.JPEG", quality=95)

    assert (found - 128 / 255).abs().max() < 2.5 / 255


def test_a_transparent_colour_of_a_palette_is_black(tmp_path: Path) -> None:
    image = Image.new("P", (28, 28), 1)
    image.putpalette([9, 9, 9, 255, 255, 255])
    image.paste(0, (0, 0, 14, 28))

    found = pixels(tmp_path, image, transparency=1)
    assert found[:, 14:].max() == 0 and found[:, :14].tolist() == [[np.float32(9 / 255)] * 14] * 28


def test_images_of_28_pixels_are_kept_and_others_averaged(tmp_path: Path) -> None:
    values = np.random.default_rng(0).integers(0, 256, (28, 28)).astype(np.uint8)
    kept = pixels(tmp_path / "kept", Image.fromarray(values))
    halves = np.zeros((280, 56), np.uint8)
    halves[:, 28:] = 255
    small = pixels(tmp_path / "small", Image.fromarray(halves))

    assert torch.equal(kept, torch.as_tensor(values / np.float32(255)))
    assert small[:, :13].max() == 0 and small[:, 15:].min() == 1
    assert 0 < small[5, 13] < 0.5 < small[5, 14] < 1


def test_exif_turns_an_image(tmp_path: Path) -> None:
    values = np.zeros((28, 28), np.uint8)
    values[:14] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # To be turned by 90 degrees, clockwise.

    found = pixels(tmp_path, Image.fromarray(values), exif=exif)
    assert found[:, 14:].min() == 1 and found[:, :14].max() == 0


def test_folders_are_classes_in_their_order(three: Path) -> None:
    save(three / ".hidden" / "a.png", flat("L", 1))
    save(three / "a" / ".hidden.png", flat("L", 1))
    (three / "a" / "notes.txt").write_text("not an image")
    found = read_folder(three)

    assert found.classes == ("a", "b", "c")
    assert torch.bincount(found.images.labels).tolist() == [18, 12, 6]
    greys = (found.images.images[:, 0, 0, 0] * 255).round().int().tolist()
    assert greys == [*range(60, 78), *range(12), *range(120, 126)]


def test_the_hash_is_of_names_and_contents(three: Path) -> None:
    first = read_folder(three).sha256
    copy = Path(shutil.copytree(three, three.parent / "copy"))
    assert read_folder(copy).sha256 == first
    (copy / "a" / "00.png").rename(copy / "a" / "0.png")
    renamed = read_folder(copy).sha256
    save(three / "a" / "00.png", flat("L", 61, (9, 5)))

    assert len({first, renamed, read_folder(three).sha256}) == 3


def test_the_test_split_is_the_same_for_every_seed(three: Path) -> None:
    one, other = (load_data("folder", path=str(three), seed=seed) for seed in (0, 1))

    assert torch.equal(one.test.images, other.test.images)
    assert torch.bincount(one.test.labels).tolist() == [3, 2, 1]
    assert [len(s.labels) for s in (one.train, one.validation, one.test)] == [27, 3, 6]
    assert not torch.equal(one.validation.images, other.validation.images)
    everything = torch.cat([one.train.images, one.validation.images, one.test.images])
    assert len(everything.flatten(1).unique(dim=0)) == 36
    assert (one.classes, one.describe()["classes"]) == (3, ["a", "b", "c"])


def test_three_images_are_enough(tmp_path: Path) -> None:
    data = load_data("folder", path=str(filled(tmp_path, {"": 3})))

    assert [len(s.labels) for s in (data.train, data.validation, data.test)] == [1, 1, 1]
    assert data.classes == 1


def broken(three: Path) -> None:
    content = (three / "b" / "03.png").read_bytes()
    (three / "b" / "03.png").write_bytes(content[: len(content) // 2])


def bomb(three: Path, side: int = 10_000) -> None:
    """A small file whose head promises many pixels."""
    content = bytearray((three / "b" / "03.png").read_bytes())
    content[16:24] = struct.pack(">II", side, side)
    content[29:33] = struct.pack(">I", zlib.crc32(content[12:29]))
    (three / "b" / "03.png").write_bytes(content)


def unreadable(three: Path) -> None:
    (three / "b" / "03.png").unlink()
    (three / "b" / "03.png").symlink_to(three / "nowhere.png")


def pipe(three: Path) -> None:
    (three / "b" / "03.png").unlink()
    os.mkfifo(three / "b" / "03.png")


def only(three: Path, n: int) -> None:
    shutil.rmtree(three)
    three.mkdir()
    filled(three, {"": n})


REFUSED: dict[str, tuple[Callable[[Path], object], str]] = {
    "no such folder": (shutil.rmtree, "must be a folder of images, was .*/own"),
    "no images": (lambda p: only(p, 0), "at least 3 PNG or JPEG images, .* 0$"),
    "one image": (lambda p: only(p, 1), "at least 3 .* has 1$"),
    "broken": (broken, r"b/03\.png is no whole PNG or JPEG"),
    "a page": (lambda p: (p / "c" / "00.png").write_text("<html>"), r"c/00\.png is no whole"),
    "bomb": (bomb, r"b/03\.png must have at most [\d,]+ pixels"),
    "larger bomb": (lambda p: bomb(p, 10**6), r"b/03\.png must have at most [\d,]+ pixels"),
    "unreadable": (unreadable, r"b/03\.png is no file"),
    "pipe": (pipe, r"b/03\.png is no file"),
    "11 classes": (lambda p: filled(p, {f"{i}": 1 for i in range(8)}), "at most 10 .* has 11$"),
    "an empty class": (lambda p: (p / "d").mkdir(), "own/d holds no PNG or JPEG images"),
    "both": (lambda p: save(p / "x.png", flat("L", 1)), "has both"),
    "deep": (lambda p: filled(p / "a", {"deep": 1}), "own/a has sub-folders"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_folder_of_images_is_refused(case: str, three: Path) -> None:
    spoil, said = REFUSED[case]
    spoil(three)

    with pytest.raises(InputError, match=f"^data.path: .*{said}") as error:
        load_data("folder", path=str(three))
    assert len(error.value.lines()) == 1


def test_files_without_permission_are_named(three: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(InputError, match=r"a/00\.png cannot be read: Permission denied"):
        read_folder(three)
    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(InputError, match="own cannot be read: Permission denied"):
        read_folder(three)


def test_mistakes_end_with_two(line: CommandLine, three: Path) -> None:
    broken(three)
    where = f"data.path={three}"
    wrong = {
        ("data=folder", FEATURES): "data.path: must be the folder",
        ("data=digits", where): "data.path: is for data=folder",
        ("data=folder", where): "train one with `python train.py model=features data=folder",
    }
    found = [(line.train(*words, "device=cpu"), said) for words, said in wrong.items()]
    own = ["data=folder", where, FEATURES, "device=cpu"]
    found += [
        (line.call(lambda words: train(load_config(words)), *own), "is no whole PNG or JPEG")
    ]
    for done, said in found:
        (mistake,) = done.mistakes
        assert done.code == 2 and said in mistake
    assert not (line.folder / "runs").exists()


def saved(folder: Path, data: ImageData) -> Path:
    arguments = {"channels": 2, "latent": 4, "lift": 5, "seed": 0}
    notes = {"data": data.describe()}
    storage.save(storage.build("classical", arguments), folder, "classical", arguments, notes)
    return folder


def test_a_folder_is_opened_again_or_refused(three: Path, tmp_path: Path) -> None:
    data = load_data("folder", path=str(three), seed=3)
    model, moved = saved(tmp_path / "model", data), tmp_path / "moved"

    assert torch.equal(reopen_data(model).train.images, data.train.images)
    three.rename(moved)
    with pytest.raises(InputError, match=r"images in .*/own', .* put them there again"):
        reopen_data(model)
    there = load_data("folder", path=str(moved), seed=3)
    assert data_differences(data.describe(), there.describe()) == []
    filled(three, {"b": 12, "a": 18, "c": 6}, offset=1)
    with pytest.raises(InputError, match=r"other data than are here \(sha256: was"):
        reopen_data(model)


def test_a_classifier_is_that_of_the_data(three: Path, tmp_path: Path) -> None:
    own, words = load_data("folder", path=str(three)), ["data=folder", f"data.path={three}"]
    fashion, mnist = (load_config([f"data={name}"]) for name in ("fashion", "mnist"))

    assert mnist["metrics"]["features"] == "checkpoints/features"
    assert fashion["metrics"]["features"] == "checkpoints/features-fashion"
    assert load_config([*words, "metrics.features=x"])["metrics"]["features"] == "x"
    assert load_config([*words, "model=features"])["model"]["kind"] == "features"
    with pytest.raises(InputError, match="has no classifier of its own; train one with"):
        load_config(words)
    with pytest.raises(InputError, match="features: data=folder has no classifier of its own"):
        features_of("auto", saved(tmp_path / "model", own))
    assert features_of("auto", ROOT / "checkpoints" / "quantum").endswith("checkpoints/features")
    assert features_of("here", "nowhere") == "here"
    shipped = recorded_data(ROOT / "checkpoints" / "features-fashion")
    assert (shipped["name"], shipped["sha256"]) == ("fashion", identity_of("fashion"))


def test_classes_are_told_by_a_classifier_of_the_same_data(three: Path) -> None:
    own, digits = load_data("folder", path=str(three)), load_data("digits")
    facts = own.describe()

    assert shared_classes({"data": facts}, own) == 3
    assert shared_classes({"data": {**facts, "sha256": "0"}}, own) is None
    assert shared_classes({"data": {"name": "mnist"}}, own) is None
    assert shared_classes({"data": {"name": "mnist"}}, digits) == 10
    assert shared_classes({"data": "mnist"}, digits) == 10
    assert shared_classes({}, digits) is None


def test_counts_are_of_the_classes_that_there_are() -> None:
    """The largest logit is that of class 7, and the largest of the first three that of class 1."""
    classifier = Classifier(channels=1)
    classifier.body, classifier.head = nn.Sequential(nn.Flatten()), nn.Linear(784, 10)
    with torch.no_grad():
        classifier.head.weight.zero_()
        classifier.head.bias.copy_(torch.tensor([0.0, 2, 1, 0, 0, 0, 0, 9, 0, 0]))
    images, labels = torch.zeros(4, 1, 28, 28), torch.tensor([1, 1, 0, 2])

    assert class_counts(classifier, images, 3) == [0, 4, 0]
    assert class_rows(classifier, images, labels, 3)["class_distance"] == 0.5
    assert {*class_rows(classifier, images, labels, None).values()} == {None}


@pytest.mark.parametrize("kind", ["quantum", "traced", "classical"])
def test_conditional_models_know_their_classes(kind: str, tmp_path: Path) -> None:
    words = [f"model={kind}", "model.conditional=true", "model.channels=2"]
    small = [] if kind == "classical" else ["prior.qubits=2", "prior.layers=1"]
    own = ["data=folder", "data.path=x", "metrics.features=x"]
    config = load_config([*words, *small, *own])
    arguments = arguments_of(config, 3)
    storage.save(storage.build(kind, arguments), tmp_path, kind, arguments)
    model = latentq.load(tmp_path)

    assert model.labels(300, 0).unique().tolist() == [0, 1, 2]  # type: ignore[operator]
    with pytest.raises(InputError, match="must be classes from 0 to 2, was 3"):
        model.sample(1, label=3)  # type: ignore[operator]
    assert "classes" not in arguments_of(config, 10)
    if small:
        check_training_images(config, [9, 9, 9])
        with pytest.raises(InputError, match="a basis state for each of 5 classes"):
            check_training_images(config, [9] * 5)
        with pytest.raises(InputError, match=r"images of all 4 classes, 1 of them have none"):
            check_training_images(config, [9, 9, 0, 9])


def test_shifts_are_of_the_classes() -> None:
    model = VAE(2, 4, 5, conditional=True, classes=3)

    assert model.encoder.shift.shape == (3, 8) and model.decoder.shift.shape == (3, 5)
    with pytest.raises(InputError, match="classes: must be an integer, at least 1 and at most 10"):
        storage.build("classical", {"channels": 2, "classes": 11})


def test_a_run_on_three_classes(three: Path, tmp_path: Path) -> None:
    """The classifier of these images comes first, and then a model that is given the class."""
    common = ["data=folder", f"data.path={three}", "data.limit=null", f"run.root={tmp_path}"]
    common += ["device=cpu", "threads=1", "metrics.samples=10", "model.channels=2"]
    train(load_config([*common, "model=features", "images.epochs=1"], "debug"))
    features = f"metrics.features={tmp_path}/features-folder-seed0"
    words = [*common, features, "model=classical", "model.conditional=true"]
    metrics = train(load_config(words, "debug"))

    folder = tmp_path / "classical-conditional-folder-seed0"
    assert metrics["features"]["name"] == "folder-cnn-128" and metrics["n_samples"] == 6
    assert len(metrics["class_counts"]) == 3 and sum(metrics["class_counts"]) == 6
    assert 0 <= metrics["class_distance"] <= 1 and 0 <= metrics["label_accuracy"] <= 1
    assert json.loads((folder / "data.json").read_text())["path"] == str(three)
    assert storage.describe(folder)[1]["arguments"]["classes"] == 3
    again = load_config([*words, "run.skip_finished=true"], "debug")
    assert train(again) == metrics


def test_the_example_draws_a_grid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, few = (
        ROOT / "examples" / "own_images.py",
        ["images.iterations_per_epoch=1", "model.channels=2"],
    )
    few += [
        "denoising.iterations_per_epoch=1",
        "prior.steps=2",
        "prior.layers=1",
        "metrics.samples=5",
    ]
    monkeypatch.setattr(sys, "argv", [str(path), str(tmp_path), *few])
    runpy.run_path(str(path))

    assert (tmp_path / "rectangles.png").stat().st_size > 1000
    assert len(path.read_text().splitlines()) <= 30
