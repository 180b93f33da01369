from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

import latentq
from baselines.vae import VAE
from latentq.data import load_data
from latentq.data.identity import reopen_data
from latentq.evaluation import diversity, metrics, scores
from latentq.evaluation.scores import random_places, show
from latentq.models.classifier import Classifier
from tests.conftest import needs_mnist

ROOT = Path(__file__).parent.parent


def test_rows_are_printed_one_to_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    show({"fid": 1.23456, "kid": None, "class_counts": [3, 4], "memorisation": {"closer": 0.01}})

    lines = [line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        ["fid", "1.2346"],
        ["kid", "None"],
        ["class_counts", "[3, 4]"],
        ["memorisation.closer", "0.0100"],
    ]


@pytest.fixture(scope="module")
def measured() -> dict[str, Any]:
    """What a small VAE is measured on, where the held-out images are sorted by class."""
    data = load_data("digits", limit=150)
    seen: dict[str, Any] = {}
    order = data.test.labels.argsort(stable=True)
    sorted_images, sorted_labels = data.test.images[order], data.test.labels[order]
    model, classifier = VAE(channels=2, latent=4, lift=5, seed=0).eval(), Classifier(channels=1)

    def note(name: str, result: object) -> Callable[..., object]:
        return lambda *given: [seen.setdefault(name, given), result][1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(diversity, "memorisation", note("memorisation", None))
        patch.setattr(scores, "class_rows", note("classes", {}))
        patch.setattr(scores, "inception_row", note("inception", {}))
        patch.setattr(scores, "sample_rows", note("samples", {"fid": 1.0}))
        scores.evaluate(
            model,
            classifier.eval(),
            real=data.unlimited.images,
            train=data.train.images,
            test=sorted_images,
            labels=sorted_labels,
            samples=200,
            seed=5,
        )
    return {**seen, "model": model, "classifier": classifier, "data": data}


def test_held_out_images_are_a_random_sample(measured: dict[str, Any]) -> None:
    """The first 200 of sorted images would be of four classes."""
    _, _, labels, _ = measured["classes"]

    assert len(labels) == 200
    assert len(labels.unique()) == 10
    assert torch.bincount(labels).min() >= 10
    chosen = random_places(500, 200)
    assert torch.equal(chosen, random_places(500, 200)) and len(chosen.unique()) == 200
    assert torch.equal(random_places(500, 900).sort().values, torch.arange(500))


def test_every_row_has_the_same_held_out_images(measured: dict[str, Any]) -> None:
    model, (_, held_out) = measured["model"], measured["inception"]
    generated, reconstructed, same, train = measured["memorisation"]
    _, reference, seed = measured["samples"]
    places = random_places(500, 200)
    test = measured["data"].test
    images = test.images[test.labels.argsort(stable=True)][places]

    assert torch.equal(same, images) and torch.equal(held_out, images)
    assert torch.equal(reconstructed, model.decode(model.encode(images)))
    assert torch.equal(generated, model.sample(200, seed=5))
    assert torch.equal(train, measured["data"].train.images)
    assert torch.equal(reference, metrics.extract_features(measured["classifier"], images))
    assert seed == 5


@needs_mnist
def test_reconstructions_of_unseen_images_are_no_copies() -> None:
    """One in a hundred of them is nearer to a training image than the nearest hundredth."""
    model = latentq.load(ROOT / "checkpoints" / "quantum")
    data = reopen_data(ROOT / "checkpoints" / "quantum")
    images = torch.cat((data.validation.images[:500], data.test.images[::20]))
    decoded = scores.reconstruct(model, images, torch.zeros(len(images)))  # type: ignore[arg-type]
    some = data.train.images[::18]

    found = diversity.memorisation(decoded[:500], decoded[500:], images[500:], some)
    raw = diversity.memorisation(decoded[:500], images[500:], images[500:], some)

    assert found is not None and raw is not None
    assert found["closer"] <= 0.022
    assert raw["closer"] >= 0.024
