"""A diffusion trained by transport, and a VAE with a fitted prior, against scipy and numpy."""

from pathlib import Path
from typing import cast

import numpy as np
import pytest
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from baselines.ddpm import DDPM
from baselines.latent_diffusion import StateDiffusion
from baselines.transported import TransportObjective
from baselines.vae_mixture import DiagonalMixture, VAEMixture
from latentq.diffusion.losses.mmd import mmdk
from latentq.errors import ConvergenceError, InputError
from latentq.models import storage
from latentq.models.generative import prior_freedom
from latentq.quantum.states import fidelity, haar_states, perturb
from latentq.training.modules import FittedToLatents, TrainedInLatents

PRIOR = {"steps": 5, "width": 24, "depth": 2}


def reals_of(psi: Tensor) -> Tensor:
    return torch.cat((psi.real, psi.imag), dim=1)


def distance(phi: Tensor, psi: Tensor) -> float:
    """The Wasserstein distance of as many states, by scipy."""
    cost = 1 - np.abs(phi.numpy().conj() @ psi.numpy().T) ** 2
    return float(cost[linear_sum_assignment(cost)].mean())


@pytest.mark.parametrize("cells", [0, 3])
def test_the_loss_is_a_transport_within_cells(
    cells: int, monkeypatch: pytest.MonkeyPatch, generator: torch.Generator
) -> None:
    """Generated states of a cell are compared with data of this cell alone."""
    prior = DDPM(8, **PRIOR, cells=cells)
    own = torch.eye(4, dtype=torch.complex64)[torch.arange(60) % 3]  # One state for each cell.
    of = torch.arange(60) % 3 if cells else None
    objective = TransportObjective(prior, reals_of(own), batch=31, seed=0, cells=of)
    groups, each = max(1, cells), 31 // max(1, cells)
    made = haar_states(groups * each, qubits=2, generator=generator)
    asked: list[Tensor | None] = []

    def draw(n: int, cell: Tensor | None, generator: torch.Generator) -> Tensor:
        asked.append(cell)
        return reals_of(made)[:n]

    monkeypatch.setattr(prior, "draw", draw)
    targets = objective.targets(torch.Generator().manual_seed(5))
    assert targets.shape == (groups, each, 4)
    loss = objective.loss(0)["loss"].item()

    if cells:
        assert torch.equal(targets, own[:3, None].expand(3, each, 4))
        parts = [distance(m, own[[k]].expand(each, 4)) for k, m in enumerate(made.split(each))]
        assert loss == pytest.approx(np.mean(parts), abs=1e-5)
        assert asked[0] is not None and asked[0].tolist() == [
            k for k in range(3) for _ in range(each)
        ]
    else:
        assert asked == [None] and 0 < loss < 1
        monkeypatch.setattr(objective, "targets", lambda generator: made[None])
        assert objective.loss(0)["loss"].item() == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize("cells", [False, True])
def test_a_diffusion_learns_states_by_transport(cells: bool, generator: torch.Generator) -> None:
    centres = torch.eye(16, dtype=torch.complex64)[[0, 5]]
    states = perturb(centres[(torch.arange(800) % 4 == 3).long()], 0.2, generator)
    model = StateDiffusion(4, {**PRIOR, "cells": cells})
    settings = {"batch_size": 128, "loss": "transport"}
    objective = model.objective(states, torch.zeros(800).long(), settings, seed=0)
    assert isinstance(objective, TransportObjective) and isinstance(model, TrainedInLatents)
    optimizer = torch.optim.Adam(model.prior.parameters(), lr=0.01)
    before = mmdk(model.sample_states(1000), states).item()
    for step in range(200):
        optimizer.param_groups[0]["lr"] = 0.01 * (1 - step / 200)
        optimizer.zero_grad()
        objective.loss(step)["loss"].backward()
        optimizer.step()

    assert mmdk(model.sample_states(1000, seed=1), states).item() < 0.45 * before
    assert torch.allclose(fidelity(objective.states, states), torch.ones(800), atol=1e-5)


def test_a_batch_has_a_state_of_each_cell() -> None:
    prior = DDPM(8, **PRIOR, cells=4)
    with pytest.raises(InputError, match=r"denoising\.batch_size: must be at least 4, was 3"):
        TransportObjective(prior, torch.randn(9, 8), batch=3, seed=0, cells=torch.arange(9) % 4)


def blobs(n: int = 3000) -> Tensor:
    """Two blobs of three coordinates, a third of them in the second one."""
    generator = torch.Generator().manual_seed(0)
    deviations = torch.tensor([[0.2, 1.0, 0.5], [1.0, 0.1, 0.3]])
    means = torch.tensor([[4.0, 0.0, -2.0], [-4.0, 1.0, 2.0]])
    k = (torch.arange(n) % 3 == 0).long()
    return means[k] + deviations[k] * torch.randn(n, 3, generator=generator)


def test_a_fitted_prior_has_the_moments_of_its_latents() -> None:
    model = VAEMixture(1, components=2, latent=3, lift=4)
    assert isinstance(model, FittedToLatents)
    model.fit(blobs(), seed=0)
    prior = cast(DiagonalMixture, model.prior)
    order = prior.means[:, 0].argsort(descending=True)
    drawn = prior.sample(20_000, torch.Generator().manual_seed(1))

    assert torch.allclose(prior.weights[order], torch.tensor([2 / 3, 1 / 3]), atol=1e-3)
    wanted = torch.tensor([[0.2, 1.0, 0.5], [1.0, 0.1, 0.3]])
    assert torch.allclose(prior.deviations[order], wanted, rtol=0.06)
    for sign, deviation, share in ((1, wanted[0], 2 / 3), (-1, wanted[1], 1 / 3)):
        part = drawn[sign * drawn[:, 0] > 0]
        assert len(part) / 20_000 == pytest.approx(share, abs=0.02)
        assert torch.allclose(part.std(dim=0), deviation, rtol=0.06)
    assert prior.freedom == prior_freedom(prior) == 2 * 3 * 2 + 1


def test_a_fitted_prior_is_decoded_and_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = {"channels": 2, "components": 2, "latent": 3, "lift": 4, "seed": 0}
    model = cast(VAEMixture, storage.build("vae_mixture", arguments)).eval()
    model.fit(blobs(), seed=0)
    storage.save(model, tmp_path, "vae_mixture", arguments)
    loaded = cast(VAEMixture, storage.load(tmp_path))
    latents = cast(DiagonalMixture, model.prior).sample(4, torch.Generator().manual_seed(0))

    assert torch.equal(loaded.sample(4, seed=1), model.sample(4, seed=1))
    assert latents.shape == (4, 3) and latents[:, 0].abs().min() > 1
    with pytest.raises(InputError, match=r"prior\.components: needs at least as many"):
        model.fit(blobs(1), seed=0)
    monkeypatch.setattr("baselines.vae_mixture.ROUNDS", 1)
    with pytest.raises(ConvergenceError, match="not converged after 1 rounds"):
        VAEMixture(1, components=9, latent=3, lift=4).fit(blobs(), seed=0)
