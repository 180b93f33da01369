"""Recipes and estimates of the experiments on made-up numbers: which enters where."""

import json
import math
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import yaml
from torch import Tensor

from latentq.config.compose import load_config
from latentq.diffusion import ForwardProcess
from latentq.experiments import ablation, gradients
from latentq.experiments.denoiser.runs import TrainedDenoiser
from latentq.experiments.improved import theorems
from latentq.experiments.improved.models import Plan
from latentq.experiments.plateaus import log
from latentq.experiments.quddpm import training
from latentq.experiments.quddpm.tasks import TASKS
from latentq.experiments.views.measures import Setting, original, scrambled, stage_numbers
from latentq.quantum.curriculum import DenoiserRecipe, History
from latentq.quantum.scrambling import RandomCircuit
from latentq.quantum.states import haar_states
from latentq.randomness import derive_generator

SMALL = replace(TASKS["cluster2"], pool=30, states=5)


def test_the_benchmark_of_one_step_is_as_strong_and_as_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done: list[int] = []
    monkeypatch.setattr(
        training,
        "train_phase",
        lambda objective, phase, draws, lr, cosine: done.append(len(draws)),
    )
    ((name, prior),) = training.train(SMALL, "one step", 0, 0.001)

    assert name == "one step" and prior.steps == 1
    assert isinstance(prior.forward_process, ForwardProcess)
    assert prior.forward_process.strengths == pytest.approx([sum(SMALL.strengths)])
    assert sum(done) == math.ceil(0.001 * SMALL.iterations * SMALL.steps)


def test_training_states_have_a_stream_of_their_own() -> None:
    prior = training.build(SMALL, training.RECIPES["published"], 3)
    objective = training.objective_of(SMALL, prior, 3)
    wanted = SMALL.target.draw(30, derive_generator(3, "data"))

    assert torch.equal(objective.ensembles[0], wanted)


def test_the_original_begins_with_haar_states() -> None:
    plan = Plan(3, 4, 1, 8, 20, 0.005, (1.0, 4.0), None, 0.35, 0)

    assert plan.process("original", 2).terminal == "haar"
    assert plan.process("improved", 2).terminal == "zero"
    assert plan.process("original", 2).strengths == [1.0, 2.5, 4.0]


def test_exponents_of_a_known_law(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variance of N^-2 8^-n; and the closed form has as many targets as there are."""
    laws = [
        {"targets": "a", "qubits": n, "states": states, "variance": states**-2 * 8.0**-n}
        for n in theorems.QUBITS
        for states in theorems.SETS
    ]
    monkeypatch.setattr(theorems, "variance", lambda *words: (1.0, 1.0, 1.0))
    rows = theorems.variance_rows(2, 0)
    closed = {
        (r["targets"], r["states"], r["qubits"]): r["closed_form"]
        for r in rows
        if r["closed_form"] is not None
    }

    assert theorems.exponents(laws, "a") == pytest.approx((-2, -3))
    assert closed["one state", 10, 4] == pytest.approx(2 / (10 * 17**2))
    assert closed["Haar states", 10, 4] == pytest.approx(2 / (10 * 10 * 17**2))
    assert len(closed) == 2 * len(rows) / 3


def test_stages_of_a_training_are_read_where_they_are() -> None:
    """Stages begin at 0.1, 0.4 and 0.6, and gain a quarter in the first of three epochs."""
    starts = torch.tensor([0.1, 0.4, 0.6])
    shape = torch.tensor([0.0, 0.1, 0.3, 0.4])
    curve = (starts[:, None] + shape)[None].expand(2, -1, -1)
    looks = torch.zeros(2, 3, 2)
    recipe = DenoiserRecipe(2, 2, depths=(2, 4, 6), epochs=4)
    found = TrainedDenoiser("", recipe, History(curve, looks, looks, torch.zeros(2, 3)))

    assert found.starts.tolist() == pytest.approx([0.5, 0.5])
    assert found.gain[0].tolist() == pytest.approx([0, 0.25, 0.75, 1], abs=1e-6)
    assert found.early.tolist() == pytest.approx([0.25, 0.25], abs=1e-6)


def test_each_depth_has_its_own_states(generator: torch.Generator) -> None:
    goals, far = haar_states(2, 3, qubits=2, generator=generator)
    setting = Setting(2, [4, 6], 3, [0, 1], 0, 0)
    mixed = torch.stack((far, goals))
    found = stage_numbers(setting, goals, mixed, mixed.expand(2, -1, -1, -1))

    assert found[original()]["fidelity"].mean().item() == pytest.approx(1)
    assert found[scrambled(6)]["fidelity"].mean().item() == pytest.approx(1)
    assert found[scrambled(4)]["fidelity"].mean().item() < 0.9


def test_the_bias_of_known_gradients(monkeypatch: pytest.MonkeyPatch) -> None:
    """The exact gradient is (3, 4, 0, ...), draws are off by 1 and 3: the mean by 2 of 5."""
    prior: Any = SimpleNamespace(
        circuits=[SimpleNamespace(parameters=12)], steps=2, ancillas=(1, 1)
    )
    starts, exact = torch.eye(4)[:3], torch.zeros(24)
    exact[:2] = torch.tensor([3.0, 4.0])
    seen: list[tuple[str, Tensor]] = []

    def loss_of(prior: Any, states: Tensor, targets: Tensor, outcomes: str, *rest: Any) -> str:  # noqa: ANN401
        seen.append((outcomes, states))
        return outcomes

    def gradient(prior: Any, loss: str) -> Tensor:  # noqa: ANN401
        off = torch.zeros(24)
        off[5] = 0.0 if loss == "exact" else (1.0, 3.0)[len(seen) % 2]
        return exact + off

    monkeypatch.setattr(gradients, "loss_of", loss_of)
    monkeypatch.setattr(gradients, "gradient", gradient)
    monkeypatch.setattr(gradients, "central_differences", lambda *words: torch.zeros(12))
    found = gradients.measure(prior, starts, torch.eye(4), 2)

    assert found["exact_norm"] == pytest.approx(5)
    for kind in ("sampled", "score"):
        assert found[kind]["bias"] == pytest.approx(2 / 5)
        assert found[kind]["noise"] == pytest.approx(2**0.5 / 5)
        assert found[kind]["bias_noise"] == pytest.approx(1 / 5)
        assert found[kind]["cosine"] == pytest.approx(25 / (5 * 29**0.5))
    wanted = starts.repeat_interleave(4, dim=0)
    assert all(torch.equal(states, wanted) for kind, states in seen if kind != "exact")


def test_the_log_s_scrambler_is_staggered(generator: torch.Generator) -> None:
    """One circuit for all states of a batch, and another one for each batch."""
    psi = haar_states(2, 3, qubits=log.QUBITS, generator=generator, dtype=torch.complex128)
    drawn = RandomCircuit(
        log.QUBITS, log.SCRAMBLED, "staggered", derive_generator(0, "x"), 2, torch.float64
    )
    expected = []
    for k in range(3):
        state = psi[:, k]
        for layer in range(log.SCRAMBLED):
            state = drawn.apply(state, layer)
        expected.append(state)

    assert torch.allclose(log.scrambled(psi, derive_generator(0, "x")), torch.stack(expected, 1))


def test_an_ablation_reads_the_stage_it_names(tmp_path: Path) -> None:
    folder = tmp_path / "ablation" / "mmdk-seed2"
    folder.mkdir(parents=True)
    metrics = {
        **{"seed": 2, "fid": 1.5, "precision": 0.25, "recall": 0.75, "git_commit": "feed"},
        "mmd": {"steps": [0.1, 0.2]},
        "parameters": {"prior": 10, "total": 99},
        "wall_seconds": {"autoencoder": 3.0, "prior": 5.0, "evaluation": 9.0},
    }
    (folder / "metrics.json").write_text(json.dumps(metrics))
    config = load_config(ablation.overrides("mmdk", 2, str(tmp_path)))
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    ((row,),) = ablation.collect(["mmdk"], [1, 2], str(tmp_path)).values()

    assert (row["fid"], row["precision"], row["recall"]) == (1.5, 0.25, 0.75)
    assert (row["parameters"], row["seconds"], row["mmd"]) == (10, 5.0, [0.1, 0.2])
