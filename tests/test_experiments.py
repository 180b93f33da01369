"""The experiments: their parts against closed forms, their commands from end to end."""

import json
from pathlib import Path

import pytest
import torch

from latentq.diffusion import DenoisingObjective, ForwardProcess
from latentq.errors import InputError
from latentq.experiments import bounds, gradients
from latentq.experiments.bounds import FreeInstruments, gauge, instrument_states, mixture_states
from latentq.mmd import mmdk
from latentq.states import fidelity, haar_states, mean_state, perturb


def test_free_instruments_are_complete(generator: torch.Generator) -> None:
    prior = FreeInstruments(ForwardProcess(2, 3), 2, generator=generator)
    psi = haar_states(6, qubits=2, generator=generator)

    for instrument in prior.instruments([2, 0], 6):
        branches = instrument(psi)
        assert branches.shape == (6, 4, 4)
        assert torch.allclose(branches.abs().square().sum(dim=(1, 2)), torch.ones(6))
    assert sum(p.numel() for p in prior.parameters()) == 3 * 2 * 16 * 4


def test_free_instruments_learn_a_state(generator: torch.Generator) -> None:
    goal = haar_states(1, qubits=2, generator=generator)
    prior = FreeInstruments(ForwardProcess(2, 2), 1, generator=generator)
    objective = DenoisingObjective(
        prior,
        goal.expand(50, -1),
        inputs=16,
        starts=16,
        targets=16,
        intermediate_weight=0.0,
        seed=0,
    )
    psi = instrument_states(objective, iterations=150, lr=0.05, n=200, seed=0)

    assert fidelity(psi, goal).mean() > 0.95


def test_gauge_turns_phases_only(generator: torch.Generator) -> None:
    psi = perturb(haar_states(1, qubits=2, generator=generator).expand(40, -1), 0.5, generator)
    phase = torch.polar(torch.ones(40), torch.linspace(0, 6, 40))[:, None]
    fixed, again = gauge(psi), gauge(phase * psi)
    top = torch.linalg.eigh(mean_state(psi)).eigenvectors[:, -1]
    overlap = fixed @ top.conj()

    assert torch.allclose(fidelity(fixed, psi), torch.ones(40), atol=1e-5)
    assert overlap.real.min() > 0 and overlap.imag.abs().max() < 1e-5
    assert torch.allclose(fidelity(fixed, again), torch.ones(40), atol=1e-5)
    signs = (fixed * again.conj()).sum(dim=1)
    assert torch.allclose(signs, signs[:1].expand(40), atol=1e-4)


def test_a_mixture_finds_its_clusters(generator: torch.Generator) -> None:
    psi = perturb(torch.eye(4, dtype=torch.complex64)[torch.arange(800) % 2], 0.3, generator)
    drawn = [mixture_states(psi, k, 800, seed=0) for k in (1, 2)]

    assert all(torch.allclose(fidelity(x, x), torch.ones(800), atol=1e-5) for x in drawn)
    assert mmdk(drawn[1], psi) < 0.02 < mmdk(drawn[0], psi)


def test_gradients_shows_the_bias(tmp_path: Path) -> None:
    out = tmp_path / "gradients.json"
    gradients.gradients(["layers=2", "draws=40", "seeds=1", "trained=0", f"out={out}"])
    rows = {row["loss"]: row for row in json.loads(out.read_text())["rows"]}

    assert set(rows) == {"mmd1", "mmdk", "wasserstein"}
    for row in rows.values():
        assert row["differences"] < 1e-6
        assert row["sampled"]["bias"] > 2 * row["sampled"]["bias_noise"]
        assert row["score"]["cosine"] > row["sampled"]["cosine"]


def test_bounds_refuses_other_models() -> None:
    with pytest.raises(InputError, match="unconditional quantum model"):
        bounds.bounds(["checkpoint=checkpoints/classical"])
