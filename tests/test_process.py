"""What the caller has set for the whole process neither changes results nor is changed."""

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from torch import Tensor

import latentq
from latentq.config.compose import load_config
from latentq.diffusion import ForwardProcess, QuDDPM
from latentq.diffusion.objective import DenoisingObjective
from latentq.engine import process
from latentq.models import storage
from latentq.models.generative import GenerativeModel
from latentq.models.states import FittedModel
from latentq.quantum.states import haar_states
from latentq.quantum.targets import Circle, Cluster, CorrelatedNoise
from latentq.randomness import derive_generator, derive_seed
from latentq.training import stages

ROOT = Path(__file__).parent.parent
CHAIN = {
    **{
        "qubits": 2,
        "steps": 2,
        "strength": [0.1, 2.0],
        "terminal": "basis",
        "terminal_strength": 1.0,
    },
    "loss": "mmdk",
}
CIRCUITS = {
    **{"ancillas": 1, "layers": 2, "axes": ["rx", "ry"], "entangled": True, "init_scale": 1.0},
    **{"outcomes": "sampled", "engine": "fused"},
}
NETWORK = {"steps": 3, "width": 8, "depth": 1}
KINDS: dict[str, dict[str, Any]] = {
    "quantum": {"prior": {**CHAIN, **CIRCUITS}},
    "traced": {"prior": {**CHAIN, **CIRCUITS, "loss": "wasserstein"}},
    "perceptrons": {"prior": {**CHAIN, "width": 4}},
    "dephased": {"prior": {**CHAIN, **CIRCUITS}},
    "isometries": {"prior": {**CHAIN, "branches": 2}},
    "linear": {"prior": {**CHAIN, "maps": 2, "rank": 1}},
    "branches": {"prior": {**CHAIN, "maps": 3, "rank": 1}},
    "measure_and_prepare": {"prior": {**CHAIN, "effects": 5, "spread": 0.1}},
    "classical": {"latent": 4, "lift": 5},
    "vae_mixture": {"latent": 4, "lift": 5, "components": 2},
    "latent_diffusion": {"prior": {**NETWORK, "cells": True}, "qubits": 2},
    "vae_diffusion": {"prior": NETWORK, "latent": 4, "lift": 5},
    "mixture": {"components": 2, "qubits": 2},
    "codebook": {"centres": 3, "spread": 0.4, "qubits": 2},
    "neighbours": {"neighbours": 2, "qubits": 2},
    "ensemble": {"ensemble": "terminal", "terminal_strength": 1.5, "qubits": 2},
}


@contextmanager
def default_type(dtype: torch.dtype) -> Iterator[None]:
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def built(kind: str) -> GenerativeModel:
    model = cast(GenerativeModel, storage.build(kind, {"channels": 2, "seed": 1, **KINDS[kind]}))
    if isinstance(model, FittedModel):
        model.fit(haar_states(30, qubits=2, generator=derive_generator(0, "fit")), seed=0)
    return model.eval()


@pytest.mark.parametrize("kind", KINDS)
def test_the_default_type_changes_no_image(kind: str) -> None:
    expected = built(kind).sample(5, seed=0)
    with default_type(torch.float64):
        model = built(kind)
        again = model.sample(5, seed=0)

    assert all(x.dtype != torch.float64 for x in model.state_dict().values())
    assert again.dtype == torch.float32
    assert torch.equal(again, expected)


def test_the_default_type_changes_no_shipped_image() -> None:
    expected = latentq.load(ROOT / "checkpoints" / "quantum").sample(4, seed=0)  # type: ignore[operator]
    with default_type(torch.float64):
        model = latentq.load(ROOT / "checkpoints" / "quantum")
        again = model.sample(4, seed=0)  # type: ignore[operator]

    assert torch.equal(again, expected)


@pytest.mark.parametrize("target", [Cluster(), CorrelatedNoise(), Circle()])
def test_the_default_type_changes_no_target(target: Cluster | CorrelatedNoise | Circle) -> None:
    expected = target.draw(5, derive_generator(0, "target"))
    with default_type(torch.float64):
        again = target.draw(5, derive_generator(0, "target"))

    assert again.dtype == torch.complex64 and torch.equal(again, expected)


def test_the_default_type_changes_no_training() -> None:
    def angles() -> Tensor:
        prior = QuDDPM(
            ForwardProcess(2, 2), layers=2, outcomes="score", generator=derive_generator(0, "init")
        )
        latents = haar_states(12, qubits=2, generator=derive_generator(0, "data"))
        sizes: dict[str, Any] = {
            "input_batch_size": 8,
            "start_batch_size": 8,
            "target_batch_size": 8,
        }
        objective = DenoisingObjective(prior, latents, **sizes, intermediate_weight=1, seed=0)
        objective.begin(2)
        objective.loss(0)["loss"].backward()
        return cast(Tensor, prior.angles[0].grad)

    expected = angles()
    with default_type(torch.float64):
        again = angles()

    assert torch.equal(again, expected)


@pytest.mark.parametrize("name", ["features", "quantum", "classical"])
def test_loading_draws_nothing_from_the_global_generator(name: str) -> None:
    before = torch.get_rng_state()
    latentq.load(ROOT / "checkpoints" / name)

    assert torch.equal(torch.get_rng_state(), before)


def test_a_circuit_first_run_in_inference_mode_can_be_trained_afterwards() -> None:
    """Whatever is kept of it must be able to take part in a gradient."""
    process_, generator = ForwardProcess(3, 1), derive_generator(0, "init")
    prior = QuDDPM(process_, ancillas=2, layers=3, axes=("rz", "rx"), generator=generator)
    with torch.inference_mode():
        prior.sample_chain(6, derive_generator(0, "sample"))
        prior.check()
    psi = haar_states(6, qubits=3, generator=derive_generator(0, "data"))

    prior.step_loss(0, psi, psi, derive_generator(0, "loss")).backward()
    assert prior.angles[0].grad is not None and bool(prior.angles[0].grad.abs().sum() > 0)


def test_settings_are_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(process.WORKSPACE, ":16:8")
    threads, state = torch.get_num_threads(), torch.get_rng_state()

    def fail() -> None:
        with process.settings_restored():
            assert torch.get_default_dtype() == torch.float32
            torch.set_num_threads(threads + 1)
            torch.use_deterministic_algorithms(True)
            torch.backends.cudnn.benchmark = not torch.backends.cudnn.benchmark
            os.environ[process.WORKSPACE] = ":4096:8"
            torch.manual_seed(3)
            raise KeyError

    with default_type(torch.float64):
        with pytest.raises(KeyError):
            fail()
        assert torch.get_default_dtype() == torch.float64
    assert torch.get_num_threads() == threads
    assert not torch.are_deterministic_algorithms_enabled()
    assert not torch.backends.cudnn.benchmark
    assert os.environ[process.WORKSPACE] == ":16:8"
    assert torch.equal(torch.get_rng_state(), state)


SAME = [np.int64(3), torch.tensor(3), np.array(3), torch.tensor([3], dtype=torch.uint8)[0]]


@pytest.mark.parametrize("seed", SAME, ids=repr)
def test_the_same_number_is_the_same_seed(seed: Any) -> None:  # noqa: ANN401
    assert derive_seed(seed, "a", seed) == derive_seed(3, "a", 3)


WRONG = [0.0, False, None, "0", -1, torch.tensor(0.0), torch.tensor(False), np.float64(0), [0]]


@pytest.mark.parametrize("seed", WRONG, ids=repr)
def test_what_is_no_number_is_no_seed(seed: Any) -> None:  # noqa: ANN401
    with pytest.raises(ValueError, match=r"^seed: must be an integer of at least 0, was "):
        derive_seed(seed, "a")
    with pytest.raises(ValueError, match="seed: must be an integer of at least 0"):
        built("classical").sample(2, seed=seed)


def images(change: Callable[[Tensor], Tensor]) -> Tensor:
    return change(torch.rand(2, 1, 28, 28, generator=derive_generator(0, "images")))


BAD = {
    "32 x 32": (lambda x: torch.zeros(2, 1, 32, 32), r"must have shape \(B, 1, 28, 28\)"),
    "one image": (lambda x: x[0], r"must have shape"),
    "three colours": (lambda x: x.expand(-1, 3, -1, -1), r"must have shape"),
    "bytes": (lambda x: (255 * x).to(torch.uint8), r"must be torch.float32 in \[0, 1\]"),
    "0 to 255": (lambda x: 255 * x, r"must be finite and in \[0, 1\], ranged from"),
    "-1 to 1": (lambda x: 2 * x - 1, r"must be finite and in \[0, 1\], ranged from -"),
    "NaN": (lambda x: x.masked_fill(x > 0.9, torch.nan), r"must be finite and in \[0, 1\]"),
}


@pytest.mark.parametrize("case", BAD)
@pytest.mark.parametrize("kind", ["quantum", "classical"])
def test_images_that_a_model_was_not_made_for_are_refused(kind: str, case: str) -> None:
    change, word = BAD[case]
    with pytest.raises(ValueError, match=f"images: {word}"):
        built(kind).encode(images(change))


def test_latents_that_are_none_are_refused() -> None:
    quantum, vae = built("quantum"), built("classical")
    psi = haar_states(3, qubits=2, generator=derive_generator(0, "data"))

    for latents, word in (
        (psi[:, :3], r"latents: must have shape \(B, 4\)"),
        (psi[0], "latents: must have shape"),
        (psi.real, "latents: must be complex"),
        (2 * psi, "psi: must be finite and of norm one"),
        (psi * torch.nan, "psi: must be finite"),
    ):
        with pytest.raises(ValueError, match=word):
            quantum.decode(latents)
    half = psi[:, None].expand(-1, 2, -1) / 2**0.5
    assert torch.allclose(quantum.decode(half), quantum.decode(psi), atol=1e-6)
    for latents in (torch.zeros(2, 5), torch.zeros(4), torch.zeros(2, 4) / 0, psi):
        with pytest.raises(ValueError, match="latents: must be"):
            vae.decode(latents)


@pytest.mark.parametrize(
    ("label", "word"),
    [
        (True, "must be classes"),
        (3.0, "must be classes"),
        (10, "must be classes"),
        (-1, "must be classes"),
        ([1, 2, 3], "must be one class or 2"),
        ([[1], [2]], "must be one class or 2"),
    ],
)
def test_labels_that_are_no_classes_are_refused(label: Any, word: str) -> None:  # noqa: ANN401
    arguments = {"channels": 2, "seed": 1, "conditional": True, **KINDS["classical"]}
    model = cast(GenerativeModel, storage.build("classical", arguments)).eval()

    with pytest.raises(ValueError, match=f"label: {word}"):
        model.sample(2, seed=0, label=label)
    assert torch.equal(model.sample(2, 0, 3), model.sample(2, 0, torch.tensor([3, 3])))
    with pytest.raises(ValueError, match="labels: a conditional model needs the classes"):
        model.encode(images(lambda x: x))
    for n in (0, -1, 2.0, True, None):
        with pytest.raises(ValueError, match="n: must be an integer of at least 1"):
            model.sample(cast(int, n), seed=0)


def test_a_device_that_is_none_is_named() -> None:
    with pytest.raises(ValueError, match="device: must be one that torch sees, was abacus"):
        latentq.load(ROOT / "checkpoints" / "features", device="abacus")


def test_a_program_that_uses_hydra_keeps_it() -> None:
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(ROOT / "latentq" / "configs"), version_base="1.3"):
        mine = GlobalHydra.instance().hydra
        load_config(["seed=3"])
        assert GlobalHydra.instance().hydra is mine
    assert GlobalHydra.instance().hydra is None


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"qubits": 0}, "qubits: must be an integer of at least 1"),
        ({"qubits": 2.0}, "qubits: must be an integer"),
        ({"steps": 0}, "steps: must be an integer of at least 1"),
        ({"terminal": "gauss"}, "terminal: must be one of basis, product, zero, haar"),
        ({"terminal_strength": -1.0}, "terminal_strength: must not be negative"),
        ({"terminal_strength": float("nan")}, "terminal_strength: must not be negative"),
    ],
)
def test_a_forward_process_that_is_none_is_refused(options: dict[str, Any], word: str) -> None:
    with pytest.raises(ValueError, match=word):
        ForwardProcess(**options)


def test_states_of_other_qubits_are_refused() -> None:
    forward, generator = ForwardProcess(2, 3), derive_generator(0, "draw")
    with pytest.raises(ValueError, match=r"psi: must be states of 2 qubits, .* was \(5, 8\)"):
        forward.diffuse(haar_states(5, qubits=3, generator=generator), 1, generator)
    for start in ([-1, 0], [0, 4], [0, 1, 2]):
        with pytest.raises(ValueError, match="start: must be 2 basis states from 0 to 3"):
            forward.terminal_states(2, generator, torch.tensor(start))


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"ancillas": -1}, "ancillas: must be an integer of at least 0"),
        ({"layers": 0}, "layers: must be an integer of at least 1"),
        ({"layers": (2, 1.5)}, "layers: must be an integer of at least 1"),
        (
            {"loss": "mse"},
            "loss: must be one of mmd1, mmdk, .*, mmd_transport, was 'mse'",
        ),
        ({"outcomes": "all"}, "outcomes: must be one of sampled, exact, score"),
        ({"engine": "jax"}, "engine: must be one of fused, torchquantum"),
        ({"init": "zeros"}, "init: must be one of uniform, normal"),
    ],
)
def test_a_quddpm_that_is_none_is_refused(options: dict[str, Any], word: str) -> None:
    with pytest.raises(ValueError, match=word):
        QuDDPM(ForwardProcess(2, 2), **options, generator=derive_generator(0, "init"))


def test_the_level_of_lightnings_log_is_the_callers() -> None:
    logger = logging.getLogger("pytorch_lightning")
    before = logger.level
    logger.setLevel(logging.DEBUG)
    try:
        with stages.quiet():
            assert logger.level == logging.WARNING
        assert logger.level == logging.DEBUG
    finally:
        logger.setLevel(before)
