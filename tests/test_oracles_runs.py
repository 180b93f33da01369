"""What each stage of a run is given: which split, which images, which labels, which seed."""

import math
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

import latentq.data.module
from baselines.ensembles import EnsembleModel
from baselines.latent_diffusion import StateDiffusion
from baselines.vae import VAE
from latentq.config.compose import load_config
from latentq.data.module import ImageData, SeededBatches, load_data, stratified
from latentq.diffusion.schedule import cosine_schedule
from latentq.evaluation import diversity, metrics, scores
from latentq.models import storage
from latentq.models.classifier import Classifier
from latentq.models.hybrid import LatentQ
from latentq.models.networks import Encoder
from latentq.quantum.states import haar_states
from latentq.randomness import derive_generator, derive_seed
from latentq.training import modules, reuse, stages, summary, workflow
from latentq.training.batches import BatchesFrom
from latentq.training.guards import Guard
from latentq.training.modules import DenoisingModule, ImageModule
from latentq.training.run import Run

Spy = Callable[..., list[Any]]
PRIOR = {
    **{
        "qubits": 4,
        "steps": 2,
        "strength": [0.1, 2.0],
        "terminal": "basis",
        "terminal_strength": 1.0,
    },
    **{"layers": 1, "ancillas": 1},
}


@pytest.fixture(scope="module")
def images() -> ImageData:
    """Digits of which 60 are trained on; no split has an image of another one."""
    return load_data("digits", limit=60, seed=3, batch_size=16)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    words = [
        "model=quantum",
        "data=digits",
        "seed=3",
        "denoising.iterations_per_epoch=7",
        "prior.layers=2",
    ]
    config = load_config([*words, "denoising.lr_single_step=0.25", "denoising.lr=0.125"])
    return Run(tmp_path, config, "cpu", "a run")


@pytest.fixture
def spy(monkeypatch: pytest.MonkeyPatch) -> Spy:
    """Replaces a function of a module, and notes what it is called with."""

    def replace(place: object, name: str, result: object = None) -> list[Any]:
        calls: list[Any] = []

        def noting(*words: Any, **named: Any) -> Any:  # noqa: ANN401
            calls.append((words, named))
            return result(*words, **named) if callable(result) else result

        monkeypatch.setattr(place, name, noting)
        return calls

    return replace


def same(found: Tensor, wanted: Tensor) -> bool:
    """Whether two sets hold the same images, in whatever order."""
    if found.shape != wanted.shape:
        return False
    rows = [x.flatten(1).double() @ torch.arange(784.0).double().cos() for x in (found, wanted)]
    return torch.equal(rows[0].sort().values, rows[1].sort().values)


# --- Priors and chains


def test_splits_share_no_image(images: ImageData) -> None:
    parts = (images.unlimited, images.validation, images.test)
    total = sum(len(part.labels) for part in parts)
    whole = torch.cat([part.images for part in parts]).flatten(1)

    assert len(images.train.labels) == 60 < len(images.unlimited.labels)
    assert len(whole.unique(dim=0)) == total == 1797
    known = {tuple(row) for row in images.unlimited.images.flatten(1).tolist()}
    assert all(tuple(row) in known for row in images.train.images.flatten(1).tolist())


def test_fitted_priors_get_the_images_that_were_trained_on(
    run: Run, images: ImageData, spy: Spy
) -> None:
    model = EnsembleModel(1, "mean", 1.0)
    fitted = spy(model, "fit")
    workflow.train_prior(run, model, images)

    (((latents, seed), _),) = fitted
    assert seed == 3
    assert torch.equal(latents, model.encode(images.train.images).detach())


@pytest.mark.parametrize("kind", ["quantum", "diffusion"])
def test_trained_priors_get_the_images_that_were_trained_on(
    kind: str, run: Run, images: ImageData, spy: Spy
) -> None:
    model = LatentQ(1, PRIOR, conditional=True)
    if kind == "diffusion":
        model = StateDiffusion(1, {"steps": 2, "width": 4, "depth": 1, "cells": False})  # type: ignore[assignment]
    objectives, trained = spy(model, "objective", "made"), spy(stages, "train_prior")
    workflow.train_prior(run, model, images)

    ((latents, labels, settings, seed), _) = objectives[0]
    assert torch.equal(latents, model.encode(images.train.images).detach())
    assert torch.equal(labels, images.train.labels)
    assert settings == run.config["denoising"] and seed == 3
    assert trained[0][0][2] == "made"


def test_the_chain_is_measured_on_validation_states(run: Run, images: ImageData, spy: Spy) -> None:
    """Whatever encodes and whatever is measured: no state of a training image is in it."""
    model = LatentQ(1, PRIOR)
    encoded = spy(stages, "encode", stages.encode)
    found = workflow.measure_chain(run, model, images)
    splits = [x for words, named in encoded for x in (*words, *named.values())]

    assert [s for s in splits if hasattr(s, "labels") and hasattr(s, "images")] == [
        images.validation
    ]
    assert len(found["steps"]) == 2


def test_groups_of_a_conditional_model_are_its_classes(generator: torch.Generator) -> None:
    model = LatentQ(1, PRIOR, conditional=True)
    latents, labels = haar_states(40, qubits=4, generator=generator), torch.arange(40) % 10
    sizes = {
        "input_batch_size": 10,
        "start_batch_size": 10,
        "target_batch_size": 10,
        "intermediate_weight": 0.1,
    }
    objective = model.objective(
        latents, labels, {**sizes, "cells": True, "single_steps": True}, seed=0
    )

    assert [members.tolist() for members in objective.members] == [
        (labels == k).nonzero()[:, 0].tolist() for k in range(10)
    ]


def test_a_classifier_is_judged_on_test_images(run: Run, images: ImageData, spy: Spy) -> None:
    run.config = load_config(["model=features", "model.channels=1"])
    trained, judged = spy(stages, "train_images"), spy(scores, "accuracy", 0.5)
    spy(workflow, "finish", lambda run, model, arguments, metrics, notes: metrics)
    found = workflow.train_features(run, images)

    assert trained[0][0][2] is images and found["test_accuracy"] == 0.5
    (((_, pixels, labels), _),) = judged
    assert same(pixels, images.test.images)
    assert torch.equal(labels.sort().values, images.test.labels.sort().values)


# --- Data


def test_batches_hold_the_images_of_the_limit(images: ImageData) -> None:
    drawn = [batch for batch, _ in images.train_dataloader()]
    checked = [batch for batch, _ in images.val_dataloader()]

    assert same(torch.cat(drawn), images.train.images)
    assert torch.equal(torch.cat(checked), images.validation.images)


def test_a_subset_is_a_random_one() -> None:
    """Every item of a class is taken about equally often."""
    labels = torch.tensor([0] * 12 + [1] * 8)
    taken = torch.zeros(20)
    for seed in range(300):
        taken[stratified(labels, 5, derive_generator(seed, "subset"))] += 1

    assert (taken / 300 - 0.25).abs().max() < 5 * (0.25 * 0.75 / 300) ** 0.5


def test_what_is_left_goes_to_the_largest_remainders() -> None:
    """Shares of 6.5, 3.9 and 2.6 of 13: the last two get one more."""
    labels = torch.tensor([0] * 50 + [1] * 30 + [2] * 20)
    taken = stratified(labels, 13, derive_generator(0, "subset"))

    assert torch.bincount(labels[taken]).tolist() == [6, 4, 3]


def test_each_seed_has_a_subset_of_its_own(spy: Spy) -> None:
    calls = spy(latentq.data.module, "stratified", stratified)
    for seed in (1, 2):
        load_data("digits", limit=20, seed=seed)
    seeds = [words[2].initial_seed() for words, _ in calls if words[1] == 20]

    assert len(set(seeds)) == len(seeds) == 2


def test_a_resumed_epoch_alone_leaves_batches_out() -> None:
    inner = SeededBatches(10, 3, seed=0)
    batches = BatchesFrom(inner, epoch=1, start=2)
    left = []
    for epoch in range(3):
        batches.set_epoch(epoch)
        left.append(len([*batches]))
        assert inner.epoch == epoch

    assert left == [4, 2, 4]


# --- Stages


def test_images_are_trained_by_the_settings(run: Run, images: ImageData, spy: Spy) -> None:
    fitted = spy(stages, "fit")
    stages.train_images(run, VAE(1, latent=2, lift=2), images)
    module, settings = fitted[0][0][1], run.config["images"]

    assert isinstance(module, ImageModule)
    assert module.iterations == settings["epochs"] * len(images.train_dataloader()) > 0
    assert (module.lr, module.weight_decay) == (settings["lr"], settings["weight_decay"])
    assert (module.seed, module.stage) == (3, "autoencoder")


def test_priors_are_trained_by_the_settings(run: Run, spy: Spy) -> None:
    fitted = spy(stages, "fit")
    objective = nn.Linear(1, 1)
    objective.alone = 2  # type: ignore[assignment]
    stages.train_prior(run, LatentQ(1, PRIOR), objective)  # type: ignore[arg-type]
    module, settings = fitted[0][0][1], run.config["denoising"]

    assert isinstance(module, DenoisingModule) and module.objective is objective
    assert (module.lr_single_step, module.lr) == (0.25, 0.125)
    assert (module.iterations_per_epoch, module.epochs) == (7, settings["epochs"])


def test_an_autoencoder_is_borrowed_as_a_whole(spy: Spy) -> None:
    model, other = LatentQ(1, PRIOR, seed=1), LatentQ(1, PRIOR, seed=2)
    spy(storage, "load", lambda *words, **named: other)
    found = reuse.with_autoencoder(model, "elsewhere")

    for part in ("encoder", "decoder"):
        states = [getattr(m, part).state_dict() for m in (found, other)]
        assert all(torch.equal(states[0][key], states[1][key]) for key in states[1])
    angles = [torch.cat([*m.prior.parameters()]) for m in (model, other)]
    assert not torch.equal(*angles)


def test_all_iterations_of_a_prior_are_counted(run: Run) -> None:
    """Five steps alone, if asked for, and some phases together, 7 iterations each."""
    settings = run.config["denoising"]
    alone = {**run.config, "denoising": {**settings, "single_steps": True}}

    assert summary.prior_iterations(run.config) == 7 * settings["epochs"]
    assert summary.prior_iterations(alone) == 7 * (5 + settings["epochs"])
    assert summary.prior_iterations({"model": {}}) == 0


def test_every_iteration_has_noise_of_its_own(monkeypatch: pytest.MonkeyPatch, spy: Spy) -> None:
    module = ImageModule(
        VAE(1, latent=2, lift=2),
        **{"lr": 0.1, "weight_decay": 0.0, "iterations": 9, "seed": 5, "stage": "autoencoder"},  # type: ignore[arg-type]
    )
    monkeypatch.setattr(ImageModule, "global_step", property(lambda self: self.at))
    spy(modules, "_log_losses")
    seen = spy(module, "loss", {"loss": torch.zeros(())})
    batch = [torch.zeros(2, 1, 28, 28), torch.zeros(2)]
    for epoch in range(2):
        for index in range(3):
            module.at = 3 * epoch + index  # type: ignore[assignment]
            module.training_step(batch, index)

    seeds = [words[2].initial_seed() for words, _ in seen]
    assert seeds == [derive_seed(5, "train", step) for step in range(6)]


def test_the_schedule_rises_over_a_tenth_and_falls_by_a_cosine() -> None:
    found = [cosine_schedule(step, 20) for step in range(21)]
    fall = [0.5 * (1 + math.cos(math.pi * k / 18)) for k in range(19)]

    assert found == pytest.approx([0.5, 1.0, *fall])
    assert cosine_schedule(0, 1) == 1


def test_a_vanishing_gradient_is_told_by_its_mean_square(run: Run) -> None:
    """A norm of 5 over 10 numbers of two tensors."""
    guard, layers = Guard(run), [nn.Parameter(torch.zeros(n)) for n in (4, 6)]
    for layer, size in zip(layers, (3.0, 4.0), strict=True):
        layer.grad = torch.zeros_like(layer)
        layer.grad[0] = size
    at: Any = SimpleNamespace(global_step=0, stage="prior")
    guard.on_before_backward(at, at, torch.ones(()))
    guard.on_before_optimizer_step(at, at, torch.optim.SGD(layers))

    assert (guard.sum, guard.count) == (pytest.approx(25 / 10), 1)


# --- Networks


def test_an_encoder_is_three_convolutions_with_silu(generator: torch.Generator) -> None:
    encoder, x = Encoder(5, 2), torch.rand(3, 1, 28, 28, generator=generator)
    expected = x
    for layer in (p for p in encoder.net if isinstance(p, nn.Conv2d)):
        expected = functional.silu(functional.conv2d(expected, layer.weight, layer.bias, 2, 1))
    last = encoder.net[-1]

    assert isinstance(last, nn.Linear)
    expected = expected.flatten(1) @ last.weight.T + last.bias
    assert torch.allclose(encoder(x), expected, atol=1e-6)


def test_the_classifier_shifts_in_both_directions(
    monkeypatch: pytest.MonkeyPatch, spy: Spy
) -> None:
    classifier = Classifier(1).train()
    seen = spy(classifier, "features", lambda x: torch.zeros(len(x), 128))
    images = torch.zeros(1, 1, 28, 28)
    images[0, 0, 14, 14] = 1
    for seed in range(200):
        classifier.loss(images, torch.zeros(1).long(), torch.Generator().manual_seed(seed))
    places = {tuple((words[0][0, 0] == 1).nonzero()[0].tolist()) for words, _ in seen}

    assert places == {(y, x) for y in range(12, 17) for x in range(12, 17)}


# --- Evaluation


@pytest.mark.parametrize("split", ["test", "validation"])
def test_an_evaluation_is_given_the_split_it_asks_for(
    split: str, images: ImageData, spy: Spy
) -> None:
    given = spy(scores, "evaluate", {})
    scores.evaluate_on("model", "classifier", images, split, 50, 3)  # type: ignore[arg-type]
    ((_, named),) = given
    wanted = getattr(images, split)

    assert same(named["real"], images.unlimited.images)
    assert same(named["train"], images.train.images)
    assert same(named["test"], wanted.images) and len(named["labels"]) == len(wanted.labels)
    assert (named["samples"], named["seed"]) == (50, 3)


def test_rows_of_a_quantum_model_are_of_their_ensembles(
    monkeypatch: pytest.MonkeyPatch, generator: torch.Generator, spy: Spy
) -> None:
    """What is decoded for each row: the states that the chain begins with, and Haar states."""
    model = LatentQ(1, PRIOR)
    chain = haar_states(3, 900, qubits=4, generator=generator)
    monkeypatch.setattr(model, "decode", lambda psi: psi)
    monkeypatch.setattr(metrics, "fid", lambda features, reference: features)
    rows = scores.quantum_rows(model, chain, lambda x: x, torch.zeros(1), 3)
    haar: Any = rows["fid_haar"]

    assert torch.equal(rows["fid_terminal"], chain[0])  # type: ignore[arg-type]
    assert haar.shape == chain[0].shape
    assert (haar.conj() * chain).sum(dim=-1).abs().square().mean().item() < 0.1
    # E |psi_j|^4 = 2 / d (d + 1) for Haar states, which basis states that are scrambled exceed.
    assert haar.abs().pow(4).mean().item() == pytest.approx(2 / (16 * 17), rel=0.1)


def test_numbers_stand_in_their_rows(monkeypatch: pytest.MonkeyPatch, spy: Spy) -> None:
    monkeypatch.setattr(metrics, "kid", lambda *words: ("kid", "kid_std"))
    monkeypatch.setattr(metrics, "precision_recall", lambda *words: ("precision", "recall"))
    monkeypatch.setattr(diversity, "density_coverage", lambda *words: ("density", "coverage"))
    for name in ("fid", "fid_infinity", "fid_deviation"):
        spy(metrics, name, name)
    rows = scores.sample_rows(torch.zeros(2, 2), torch.zeros(3, 2), 0)

    assert all(name == value for name, value in rows.items())
    assert len(rows) == 9


def test_an_evaluation_compares_as_many_images_as_it_asks_for(
    images: ImageData, monkeypatch: pytest.MonkeyPatch, spy: Spy
) -> None:
    """Features are the images themselves: which of them meet which in each number."""
    model, n = VAE(1, latent=2, lift=2), 40
    classifier = Classifier(1)
    spy(metrics, "extract_features", lambda classifier, x: x.flatten(1))
    fids = spy(metrics, "fid", 1.0)
    compared, shares = spy(scores, "sample_rows", {}), spy(diversity, "class_distance", 0.0)
    spy(scores, "inception_row", {})
    known = spy(diversity, "memorisation")
    scores.evaluate_on(model, classifier, images, "test", n, 3)

    def of(part: Tensor, whole: Tensor) -> bool:
        rows = {tuple(row) for row in whole.flatten(1).tolist()}
        return len(part) > 0 and all(tuple(row) in rows for row in part.flatten(1).tolist())

    ((generated, reference), *_) = (words[:2] for words, _ in compared)
    assert torch.equal(generated, model.sample(n, 3).flatten(1))
    assert len(reference) == n and of(reference, images.test.images)
    assert all(torch.equal(words[1], reference) for words, _ in fids)
    assert sum(of(words[0], images.unlimited.images) for words, _ in fids) == 1  # the floor
    held_out = images.test.images
    others = [words[0] for words, _ in fids if not of(words[0], images.unlimited.images)]
    assert sum(not of(x, held_out) for x in others) == len(others) == 1  # reconstructions
    assert len(shares[0][0][1]) == n
    tensors = [x for words, named in known for x in (*words, *named.values())]
    assert sum(same(x.view(-1, 1, 28, 28), images.train.images) for x in tensors) == 1


def test_labels_are_those_that_were_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    model = VAE(1, latent=2, lift=2, conditional=True)
    monkeypatch.setattr(metrics, "classify", lambda classifier, images: model.labels(50, 7))
    pixels = torch.zeros(50, 1, 28, 28)

    assert scores.label_accuracy(model, Classifier(1), pixels, 7) == 1
    assert scores.label_accuracy(model, Classifier(1), pixels, 8) < 0.5  # type: ignore[operator]


# --- Numbers of unequal sizes


def test_distances_of_unequal_normals() -> None:
    """Diagonal covariances: the sum of squared differences of deviations, and of means."""
    corners = torch.tensor([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]).double()
    unit = corners * 0.75**0.5  # Of covariance one, with three degrees of freedom.
    real = unit * torch.tensor([1.0, 2.0, 3.0])
    other = unit * torch.tensor([5.0, 0.5, 3.0]) + torch.tensor([1.0, 0.0, -2.0])

    assert metrics.fid(other, real) == pytest.approx(5 + (5 - 1) ** 2 + (0.5 - 2) ** 2)
    assert metrics.fid(real, real) == pytest.approx(0, abs=1e-12)


def test_precision_and_recall_of_unequal_numbers() -> None:
    """Real points 0 to 9; samples in the middle of some, far away, and wide apart."""
    real = torch.arange(10.0)[:, None].double()
    made = torch.tensor([[0.5], [1.5], [2.5], [100.0], [200.0], [300.0]]).double()
    precision, recall = metrics.precision_recall(made, real)

    assert precision == pytest.approx(3 / 6) and recall == 1
    few = torch.tensor([[0.0], [0.1], [0.2], [0.3], [0.4]]).double()
    assert metrics.precision_recall(few, real) == (1.0, pytest.approx(1 / 10))


def test_density_of_unequal_numbers() -> None:
    """Balls of the first neighbour among 0, 1, 3 and 7 reach 1, 1, 2 and 4."""
    real = torch.tensor([[0.0], [1.0], [3.0], [7.0]])
    made = torch.tensor([[0.5], [2.5], [10.0], [20.0], [30.0], [40.0]])
    density, coverage = diversity.density_coverage(made, real, neighbours=1)

    assert density == pytest.approx((2 + 1 + 1) / 6) and coverage == 1.0
    assert diversity.class_distance([3, 1], torch.tensor([0, 1, 1, 1, 1, 1, 1, 0])) == 0.5


def test_deviations_over_few_resamples(generator: torch.Generator) -> None:
    features = torch.randn(40, 3, generator=generator).double()
    draws = derive_generator(9, "fid resamples")
    drawn = [features[torch.randint(40, (40,), generator=draws)] for _ in range(3)]
    values = [metrics.fid(x, features) or 0.0 for x in drawn]
    mean = sum(values) / 3
    expected = (sum((value - mean) ** 2 for value in values) / 2) ** 0.5

    assert metrics.fid_deviation(features, features, 9, resamples=3) == pytest.approx(expected)
