"""FID against recall: noise, curves, names beside points, the choice of the spread, the page."""

from math import sqrt
from pathlib import Path
from typing import Any

import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg

from latentq.errors import InputError
from latentq.experiments import spread
from latentq.experiments.frozen import Frozen, load_on, names_of
from latentq.experiments.tradeoff.findings import along, best_of, curves_of, figure, table
from latentq.experiments.tradeoff.measures import noisy, row_of
from latentq.models import storage
from latentq.models.classifier import Classifier
from latentq.models.hybrid import LatentQ
from latentq.quantum.states import fidelity, haar_states
from latentq.report import plots

ROOT = Path(__file__).parent.parent


def rows(kind: str, name: str, *points: tuple[float, float, float]) -> list[dict[str, Any]]:
    """Returns rows with values, FIDs and recalls."""
    return [
        row_of(kind, name, value, {"fid": fid, "precision": 0.9, "recall": recall})
        for value, fid, recall in points
    ]


PRIORS = [
    *rows("limit", "reconstructions", (0.0, 10.0, 0.8)),
    *rows("quantum", "first", (0.0, 20.0, 0.2), (0.4, 30.0, 0.4)),
    *rows("quantum", "second", (0.0, 22.0, 0.1), (0.4, 14.0, 0.4)),
    *rows("codebook", "16 states", (0.0, 140.0, 0.0), (0.45, 50.0, 0.15)),
    *rows("codebook", "130 states", (0.0, 33.0, 0.0), (0.45, 12.0, 0.38)),
    *rows("mixture", "mixtures", (1, 180.0, 0.55), (10, 53.0, 0.59), (100, 20.0, 0.63)),
    *rows("vae", "VAE", (0.0, 125.0, 0.57)),
    *rows("other", "diffusion", (0.0, 40.0, 0.5)),
]


def test_noise_grows_along_one_direction(generator: torch.Generator) -> None:
    psi = haar_states(3000, qubits=4, generator=generator)
    drawn = noisy(psi, (0.0, 0.3, 0.6), seed=1)

    assert torch.equal(drawn[0], psi)
    for states, noise in zip(drawn, (0.0, 0.3, 0.6), strict=True):
        assert fidelity(states, psi).mean().item() == pytest.approx(1 / (1 + noise**2), abs=0.02)
    assert bool((fidelity(drawn[1], psi) >= fidelity(drawn[2], psi) - 1e-5).all())


def test_a_curve_is_even_in_the_logarithm_of_fid() -> None:
    found = along(rows("codebook", "a", (0.0, 10.0, 0.2), (1.0, 40.0, 0.4)))
    middle = min(found, key=lambda point: abs(point[0] - 0.3))

    assert middle == pytest.approx((0.3, 20.0))
    assert len(found) == 2 + 39


def test_the_table_has_the_least_fid_of_each_curve() -> None:
    found = table({"priors": PRIORS})

    assert best_of(curves_of(PRIORS)["second"])["value"] == 0.4
    assert "| second | spread 0.4 | 14.0 | 0.900 | 0.400 |" in found
    assert "| mixtures | components 100 | 20.0 | 0.900 | 0.630 |" in found
    assert "| VAE |  | 125.0 | 0.900 | 0.570 |" in found


def test_names_of_the_figure_cover_nothing() -> None:
    made = figure({"priors": PRIORS})
    (ax,) = made.axes
    canvas = FigureCanvasAgg(made)
    canvas.draw()
    boxes = [text.get_window_extent(canvas.get_renderer()) for text in ax.texts]
    dots = ax.transData.transform([(row["recall"], row["fid"]) for row in PRIORS])

    names = {text.get_text().partition(", ")[0] for text in ax.texts}

    assert names >= {row["name"] for row in PRIORS}
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
    assert not any(box.contains(*dot) for box in boxes for dot in dots)


def test_tints_end_in_the_colour() -> None:
    first, last = plots.tints("#804020", 2)

    assert last == pytest.approx((0x80 / 255, 0x40 / 255, 0x20 / 255))
    assert first == pytest.approx(tuple(1 - 0.45 * (1 - part) for part in last))


def test_models_have_names_of_their_own() -> None:
    assert names_of("models", ("runs/a", "runs/b/model"), None) == ("a", "b")
    assert names_of("models", ("a", "b"), ("x", "y")) == ("x", "y")
    for names in (("x",), ("x", "x")):
        with pytest.raises(InputError, match="names: must be 2 different ones, one for each of"):
            names_of("models", ("a", "b"), names)


def test_another_autoencoder_is_refused() -> None:
    model, classifier = storage.load("checkpoints/quantum"), storage.load("checkpoints/features")
    assert isinstance(model, LatentQ) and isinstance(classifier, Classifier)
    images = torch.rand(200, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    frozen = Frozen(model, classifier, images, images, seed=0)

    assert isinstance(load_on(frozen, "checkpoints/quantum", "quantum"), LatentQ)
    with pytest.raises(InputError, match="quantum: must have the autoencoder of the checkpoint"):
        load_on(frozen, "checkpoints/classical", "quantum")
    with torch.no_grad():
        next(frozen.model.decoder.parameters()).mul_(1.1)
    with pytest.raises(InputError, match="has another; train it with autoencoder="):
        load_on(frozen, "checkpoints/quantum", "quantum")


def test_scores_compare_with_the_validation_images() -> None:
    """Images against themselves have no distance; each is among the neighbours of itself."""
    model, classifier = storage.load("checkpoints/quantum"), storage.load("checkpoints/features")
    assert isinstance(model, LatentQ) and isinstance(classifier, Classifier)
    images = torch.rand(200, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    frozen = Frozen(model, classifier, images[:20], images, seed=0)
    found = frozen.scores_of_images(images)

    assert found["fid"] == pytest.approx(0.0, abs=1e-6)
    assert (found["precision"], found["recall"]) == (1.0, 1.0)
    assert frozen.latents.shape == (20, 16)


def test_the_spread_is_the_least_that_is_enough_for_all() -> None:
    """The second model needs more; a recall that equals that of the list is enough."""
    first = rows("list", "list", (0.0, 11.0, 0.375)) + rows(
        "quantum", "q", (0.3, 13.0, 0.375), (0.4, 14.0, 0.4), (0.5, 15.0, 0.5)
    )
    second = rows("list", "list", (0.0, 9.0, 0.393)) + rows(
        "quantum", "q", (0.3, 9.9, 0.392), (0.4, 9.8, sqrt(0.16)), (0.5, 9.9, 0.41)
    )

    assert spread.least_spread({"a": first}) == 0.3
    assert spread.least_spread({"a": first, "b": second}) == 0.4
    assert spread.least_spread({"b": second[:2]}) is None
