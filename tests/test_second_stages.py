"""Priors in the latent space of the quantum model: mixtures, neighbours, ensembles, diffusions."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from baselines.codebook import CodebookModel
from baselines.ensembles import EnsembleModel
from baselines.latent_diffusion import StateDiffusion, VAEDiffusion
from baselines.mixture import MixtureModel
from baselines.neighbours import NeighboursModel, between
from latentq.diffusion.losses.mmd import mmdk
from latentq.errors import ConvergenceError, InputError
from latentq.models import storage
from latentq.models.generative import parameter_counts
from latentq.models.states import FittedModel
from latentq.quantum.encoding import amplitude_encode, density_coordinates
from latentq.quantum.states import fidelity, haar_states, mean_state, perturb


@pytest.fixture
def clusters(generator: torch.Generator) -> Tensor:
    """States around two states, three quarters of them around the first."""
    centres = torch.zeros(2, 16, dtype=torch.complex64)
    centres[0, 0], centres[1, 0], centres[1, 5] = 1, 0.5, 0.75**0.5
    index = (torch.arange(800) % 4 == 3).long()
    phases = torch.polar(torch.ones(800), 6 * torch.rand(800, generator=generator))
    return phases[:, None] * perturb(centres[index], 0.2, generator)


def test_a_mixture_has_the_shares_of_its_clusters(clusters: Tensor) -> None:
    model = MixtureModel(4, components=2)
    model.fit(clusters, seed=0)
    drawn = model.sample_states(2000, seed=1)

    assert torch.allclose(fidelity(drawn, drawn), torch.ones(2000), atol=1e-5)
    assert mmdk(drawn, clusters) < 0.005
    assert (drawn[:, 0].abs() > 0.7).double().mean().item() == pytest.approx(0.75, abs=0.04)


def test_a_single_gaussian_cannot(clusters: Tensor) -> None:
    models = [MixtureModel(4, components=k) for k in (1, 2)]
    for model in models:
        model.fit(clusters, seed=0)
    one, two = (mmdk(model.sample_states(1000), clusters).item() for model in models)

    assert one > 5 * two


@pytest.mark.parametrize("name", ["mixture", "codebook"])
def test_a_fit_that_has_not_converged_is_an_error(
    name: str, clusters: Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = MixtureModel(4, 3) if name == "mixture" else CodebookModel(4, 9, spread=0.1)
    model.fit(clusters, seed=0)
    monkeypatch.setattr(f"baselines.{name}.ROUNDS", 2)

    with pytest.raises(ConvergenceError, match="not converged after 2 rounds"):
        model.fit(clusters, seed=0)


def test_a_mixture_counts_its_free_numbers() -> None:
    count = parameter_counts(MixtureModel(4, components=10))["prior"]

    assert count == 10 * (1 + 32 + 32 * 33 // 2)


def test_a_mixture_needs_as_many_states_as_components(clusters: Tensor) -> None:
    with pytest.raises(InputError, match=r"prior\.components: needs at least as many"):
        MixtureModel(4, components=10).fit(clusters[:9], seed=0)


def test_neighbours_lie_between_neighbours(clusters: Tensor) -> None:
    model = NeighboursModel(4, neighbours=3)
    model.fit(clusters, seed=0)
    drawn = model.sample_states(300, seed=2)
    nearest = (drawn.conj() @ clusters.mT).abs().square()

    assert torch.allclose(fidelity(drawn, drawn), torch.ones(300), atol=1e-5)
    assert nearest.max(dim=1).values.min() > 0.9
    assert (nearest.max(dim=1).values < 0.9999).double().mean() > 0.8
    with pytest.raises(InputError, match=r"prior\.neighbours: must be fewer than the 3"):
        model.fit(clusters[:3], seed=0)


def test_neighbours_are_the_nearest(clusters: Tensor) -> None:
    model = NeighboursModel(4, neighbours=4)
    model.fit(clusters, seed=0)
    found = model._neighbours(torch.tensor([3, 17]))
    fidelities = (clusters[[3, 17]].conj() @ clusters.mT).abs().square()

    for row, index, own in zip(fidelities, found, (3, 17), strict=True):
        assert own not in index
        assert torch.equal(row.argsort(descending=True)[1:5], index)


def test_between_ignores_phases(generator: torch.Generator) -> None:
    phi, psi = haar_states(2, 6, qubits=2, generator=generator)
    turn = torch.polar(torch.ones(6), 6 * torch.rand(6, generator=generator))[:, None]
    u = torch.rand(6, generator=generator)

    assert torch.allclose(fidelity(between(phi, psi, u * 0), phi), torch.ones(6), atol=1e-5)
    assert torch.allclose(fidelity(between(phi, psi, u * 0 + 1), psi), torch.ones(6), atol=1e-5)
    same = fidelity(between(phi, psi, u), between(phi, turn * psi, u))
    assert torch.allclose(same, torch.ones(6), atol=1e-5)
    overlap = (phi.conj() * psi).sum(dim=1).abs()
    half = fidelity(between(phi, psi, u * 0 + 0.5), phi)
    assert torch.allclose(half, (1 + overlap) / 2, atol=1e-5)


def test_ensembles_are_what_they_say(clusters: Tensor) -> None:
    models = {name: EnsembleModel(4, name, 1.5) for name in ("haar", "terminal", "mean")}
    for model in models.values():
        model.fit(clusters, seed=0)
    haar, terminal = (models[name].sample_states(4000, seed=1) for name in ("haar", "terminal"))
    mean = models["mean"].sample_states(3)
    expected = (density_coordinates(clusters)).mean(dim=0)

    assert torch.allclose(mean_state(haar), torch.eye(16) / 16 + 0j, atol=0.01)
    assert haar.abs().square().amax(dim=1).mean() < terminal.abs().square().amax(dim=1).mean()
    assert torch.allclose(density_coordinates(mean).sum(dim=1)[2], expected, atol=1e-5)


def test_a_codebook_keeps_the_centres_and_their_shares(clusters: Tensor) -> None:
    model = CodebookModel(4, centres=2, spread=0.0)
    model.fit(clusters, seed=0)
    drawn = model.sample_states(2000, seed=1)
    expected = torch.zeros(2, 16, dtype=torch.complex64)
    expected[0, 0], expected[1, 0], expected[1, 5] = 1, 0.5, 0.75**0.5
    overlaps = torch.stack([fidelity(drawn, centre) for centre in expected])

    assert parameter_counts(model)["prior"] == 2 * 33
    assert overlaps.max(dim=0).values.min() > 0.98
    assert (overlaps[0] > overlaps[1]).double().mean().item() == pytest.approx(0.75, abs=0.04)
    model.spread = 0.5
    spread = fidelity(model.sample_states(2000, seed=1), drawn).mean().item()
    assert spread == pytest.approx(1 / 1.25, abs=0.03)
    with pytest.raises(InputError, match=r"prior\.centres: needs at least as many"):
        CodebookModel(4, centres=10, spread=0.0).fit(clusters[:9], seed=0)


FITTED: dict[str, dict[str, object]] = {
    "mixture": {"components": 2},
    "neighbours": {"neighbours": 3},
    "codebook": {"centres": 3, "spread": 0.2},
    "ensemble": {"ensemble": "mean", "terminal_strength": 1.5},
}


@pytest.mark.parametrize("kind", FITTED)
def test_fitted_priors_survive_the_disk(kind: str, clusters: Tensor, tmp_path: Path) -> None:
    arguments: dict[str, object] = {"channels": 4, "seed": 0, "latent_noise": 0.1, **FITTED[kind]}
    model = storage.build(kind, arguments)
    assert isinstance(model, FittedModel)
    model.fit(clusters, seed=0)
    storage.save(model, tmp_path, kind, arguments)
    loaded = storage.load(tmp_path)

    assert torch.equal(loaded.sample(5, seed=2), model.eval().sample(5, seed=2))  # type: ignore[operator]
    with pytest.raises(ValueError, match="label"):
        loaded.sample(5, seed=2, label=3)  # type: ignore[operator]


DIFFUSION = {"steps": 5, "width": 24, "depth": 2}


@pytest.mark.parametrize("cells", [False, True])
def test_a_diffusion_of_states_learns_them(cells: bool, clusters: Tensor) -> None:
    model = StateDiffusion(4, {**DIFFUSION, "cells": cells})
    labels = torch.zeros(len(clusters), dtype=torch.int64)
    objective = model.objective(clusters, labels, {"batch_size": 256}, seed=0)
    optimizer = torch.optim.Adam(model.prior.parameters(), lr=0.01)
    before = mmdk(model.sample_states(1000), clusters).item()
    for step in range(300):
        optimizer.zero_grad()
        objective.loss(step)["loss"].backward()
        optimizer.step()
    drawn = model.sample_states(1000, seed=1)

    assert torch.allclose(fidelity(drawn, drawn), torch.ones(1000), atol=1e-5)
    assert mmdk(drawn, clusters).item() < 0.2 * before
    assert (objective.cells is not None) == cells


def test_cells_need_states(clusters: Tensor) -> None:
    model = StateDiffusion(4, {**DIFFUSION, "cells": True})
    with pytest.raises(
        InputError, match=r"prior\.cells: needs at least 16 training images, had 9"
    ):
        model.objective(clusters[:9], torch.zeros(9).long(), {"batch_size": 8}, seed=0)


def test_a_diffusion_sees_no_global_phase(clusters: Tensor) -> None:
    labels = torch.zeros(len(clusters), dtype=torch.int64)
    turned = torch.polar(torch.ones(800), torch.linspace(0, 6, 800))[:, None] * clusters
    parts = [
        StateDiffusion(4, {**DIFFUSION, "cells": False})
        .objective(psi, labels, {"batch_size": 256}, seed=0)
        .latents
        for psi in (clusters, turned)
    ]
    # Whatever unit vector the eigensolver returns, one phase for all states is left.
    states = [amplitude_encode(x) for x in parts if isinstance(x, Tensor)]
    overlap = (states[0].conj() * states[1]).sum(dim=1)

    assert torch.allclose(overlap, overlap[:1].expand(800), atol=1e-3)
    assert overlap.abs().min() > 0.999


def test_a_diffusion_of_vae_latents_samples_images() -> None:
    model = VAEDiffusion(4, {**DIFFUSION}).eval()
    latents = torch.randn(100, 16, generator=torch.Generator().manual_seed(0)) * 3 + 1
    objective = model.objective(latents, latents[:, 0].long(), {"batch_size": 32}, seed=0)

    assert torch.allclose(objective.prior.mean, latents.mean(dim=0))
    assert torch.equal(model.sample(4, seed=1), model.sample(4, seed=1))
    assert not torch.equal(model.sample(4, seed=1), model.sample(4, seed=2))
