"""What each stochastic layer of each baseline draws, against closed forms of its moments."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.mixture import GaussianMixture
from torch import Tensor, nn

import baselines.mixture
import baselines.neighbours
from baselines.chains import PerceptronChain
from baselines.codebook import CodebookModel
from baselines.controls import TracedChain
from baselines.ddpm import DDPM, DiffusionObjective
from baselines.ensembles import EnsembleModel
from baselines.latent_diffusion import StateDiffusion, VAEDiffusion
from baselines.mixture import MixtureModel, reals_to_fit
from baselines.neighbours import NeighboursModel
from baselines.vae import VAE
from latentq.diffusion import ForwardProcess
from latentq.quantum.states import fidelity, gram_fidelities, haar_states, mean_state
from tests import oracles

DIFFUSION = {"steps": 5, "width": 8, "depth": 1}


def within(found: Tensor, wanted: Tensor | float, deviation: Tensor | float, n: int) -> bool:
    """Whether means over n draws are within five standard errors of what they are of."""
    error = torch.as_tensor(deviation) / math.sqrt(n)
    return bool(((found - wanted).abs() < 5 * error).all())


# --- VAE


def test_latents_of_training_have_the_moments_of_the_encoder(
    monkeypatch: pytest.MonkeyPatch, generator: torch.Generator
) -> None:
    """Means and log-variances that differ from coordinate to coordinate."""
    n, vae = 4000, VAE(1, latent=3, lift=4)
    mean, log_variance = torch.tensor([1.0, -2.0, 0.5]), torch.tensor([-3.0, 0.0, 1.4])
    drawn: list[Tensor] = []

    def logits(latents: Tensor, labels: Tensor | None = None) -> Tensor:
        drawn.append(latents)
        return torch.zeros(n, 1, 28, 28)

    posterior = (mean.expand(n, 3), log_variance.expand(n, 3))
    monkeypatch.setattr(vae, "posterior", lambda images, labels=None: posterior)
    monkeypatch.setattr(vae, "logits", logits)
    parts = vae.loss(torch.zeros(n, 1, 28, 28), torch.zeros(n), generator)
    deviation = (log_variance / 2).exp()

    (z,) = drawn
    assert within(z.mean(dim=0), mean, deviation, n)
    assert within((z - mean).square().mean(dim=0), deviation**2, math.sqrt(2) * deviation**2, n)
    exact = torch.distributions.kl_divergence(
        torch.distributions.Normal(mean, deviation), torch.distributions.Normal(0, 1)
    )
    assert parts["kl"].item() == pytest.approx(exact.sum().item(), rel=1e-5)
    assert parts["loss"].item() == pytest.approx(784 * math.log(2) + exact.sum().item(), rel=1e-5)


def test_samples_of_a_vae_decode_standard_normal_latents(monkeypatch: pytest.MonkeyPatch) -> None:
    n, vae = 20_000, VAE(1, latent=3, lift=4)
    monkeypatch.setattr(vae, "decode", lambda latents: latents)
    z = vae.sample(n, seed=1)

    for power, moment, deviation in ((1, 0, 1), (2, 1, 2**0.5), (3, 0, 15**0.5), (4, 3, 96**0.5)):
        assert within((z**power).mean(dim=0), float(moment), deviation, n)


def test_a_conditional_vae_reconstructs_with_its_class(generator: torch.Generator) -> None:
    vae = VAE(1, latent=3, lift=4, conditional=True)
    for part in (vae.encoder, vae.decoder):
        torch.nn.init.normal_(part.get_parameter("shift"), generator=generator)
    images, labels = torch.rand(4, 1, 28, 28, generator=generator), torch.tensor([3, 3, 0, 9])
    means = (vae.encoder(images) + vae.encoder.get_parameter("shift")[labels])[:, :3]
    assert isinstance(vae.decoder, nn.Sequential)
    lift, activation, decoder = vae.decoder
    lifted = lift(means) + vae.decoder.get_parameter("shift")[labels]

    expected = decoder(activation(lifted)).sigmoid()
    assert torch.allclose(vae.reconstruct(images, labels), expected, atol=1e-6)


# --- Diffusion


def noted(prior: DDPM, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Tensor, Tensor, Any]]:
    """Lets a model predict zeros, and notes what it is asked."""
    asked = []

    def predict(x: Tensor, t: Tensor, cell: Tensor | None) -> Tensor:
        asked.append((x, t, cell))
        return torch.zeros_like(x)

    monkeypatch.setattr(prior, "predict", predict)
    return asked


def test_a_diffusion_is_trained_at_all_time_steps(
    monkeypatch: pytest.MonkeyPatch, generator: torch.Generator
) -> None:
    """At each step x_t has the mean sqrt(a) x_0 and the variance 1 - a, and v the one a + ..."""
    n, prior = 20_000, DDPM(2, **DIFFUSION)
    x0 = torch.tensor([0.7, -1.5])
    asked = noted(prior, monkeypatch)
    loss = prior.loss(x0.expand(n, 2), None, generator)
    x, t, _ = asked[0]

    shares = torch.bincount(t, minlength=6) / n
    assert shares[0] == 0 and within(shares[1:], 0.2, 0.4, n)
    for step, alpha in enumerate(prior.alphas.tolist()[1:], start=1):
        here, count = x[t == step], int((t == step).sum())
        assert within(here.mean(dim=0), alpha**0.5 * x0, (1 - alpha) ** 0.5, count)
        spread = (here - alpha**0.5 * x0).square().mean(dim=0)
        assert within(spread, 1 - alpha, 2**0.5 * (1 - alpha), count)
    # v = sqrt(a) noise - sqrt(1 - a) x_0 has the mean square a + (1 - a) x_0^2 at each step.
    alphas = prior.alphas[1:].mean().item()
    expected = alphas + (1 - alphas) * x0.square().mean().item()
    assert loss.item() == pytest.approx(expected, abs=0.05)


def test_a_diffusion_standardises_each_coordinate(generator: torch.Generator) -> None:
    latents = torch.randn(500, 3, generator=generator) * torch.tensor([0.1, 1.0, 30.0]) + 4
    prior = DDPM(3, **DIFFUSION)
    prior.standardise(latents)

    assert torch.allclose(prior.mean, latents.mean(dim=0))
    assert torch.allclose(prior.deviation, latents.std(dim=0))


def test_a_diffusion_draws_cells_uniformly(
    monkeypatch: pytest.MonkeyPatch, generator: torch.Generator
) -> None:
    n, prior = 8000, DDPM(2, **DIFFUSION, cells=4)
    asked = noted(prior, monkeypatch)
    prior.sample(n, generator)

    steps = [int(t.unique()) for _, t, _ in asked]
    assert steps == [5, 4, 3, 2, 1]
    assert all(torch.equal(cell, asked[0][2]) for _, _, cell in asked)
    assert within(torch.bincount(asked[0][2], minlength=4) / n, 0.25, 0.43, n)


def test_a_vector_is_trained_on_with_its_own_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    latents = torch.arange(40.0)[:, None].expand(40, 2)
    prior = DDPM(2, **DIFFUSION, cells=4)
    given = []
    objective = DiffusionObjective(prior, latents, batch=64, seed=0, cells=torch.arange(40) % 4)
    monkeypatch.setattr(prior, "loss", lambda x, cell, generator: given.append((x, cell)))
    objective.loss(3)

    ((x, cell),) = given
    assert torch.equal(x[:, 0].long() % 4, cell) and len(x[:, 0].unique()) > 20


@pytest.mark.parametrize("cells", [True, False])
def test_a_diffusion_of_states_is_given_cells_if_asked(cells: bool) -> None:
    model = StateDiffusion(1, {**DIFFUSION, "cells": cells}, qubits=2)
    latents = haar_states(64, qubits=2, generator=torch.Generator().manual_seed(0))
    objective = model.objective(latents, torch.zeros(64), {"batch_size": 8}, seed=0)

    assert model.prior.cells == (4 if cells else 0)
    assert model.prior.network[0].in_features == 8 + 5 + 4 * cells
    assert isinstance(objective, DiffusionObjective)
    if cells:
        assert objective.cells is not None
        assert torch.bincount(objective.cells, minlength=4).min() > 12


def test_a_vae_diffusion_decodes_what_its_prior_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    model = VAEDiffusion(1, DIFFUSION, latent=3, lift=4)
    latents = torch.randn(5, 3, generator=torch.Generator().manual_seed(4)) * 7
    monkeypatch.setattr(model.prior, "sample", lambda n, generator: latents[:n])

    assert torch.equal(model.sample(5), model.decode(latents))


# --- Mixture


def test_a_mixture_draws_its_components(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two components of unequal weight, whose factors are far from symmetric."""
    n, model = 30_000, MixtureModel(1, components=2, qubits=1)
    generator = torch.Generator().manual_seed(2)
    factors = torch.randn(2, 4, 4, generator=generator).tril()
    means, weights = torch.tensor([[9.0, 0, 0, 0], [-9.0, 3, 0, 0]]), torch.tensor([0.3, 0.7])
    model.prior.weights.data, model.prior.means.data = weights, means
    model.prior.factors.data = factors[:, model.prior.lower[0], model.prior.lower[1]]
    monkeypatch.setattr(baselines.mixture, "amplitude_encode", lambda x: x)
    x = model.sample_states(n, seed=1)

    first = (x - means[0]).norm(dim=1) < (x - means[1]).norm(dim=1)
    assert within(first.float().mean(), 0.3, 0.46, n)
    for here, mean, factor in zip((x[first], x[~first]), means, factors, strict=True):
        covariance = factor @ factor.mT
        size = covariance.diagonal().sqrt()
        assert within(here.mean(dim=0), mean, size, len(here))
        error = 1.5 * size[:, None] * size
        assert within(torch.cov(here.mT), covariance, error, len(here))


def test_a_mixture_keeps_the_covariances_that_were_fitted(generator: torch.Generator) -> None:
    psi = haar_states(300, qubits=1, generator=generator)
    psi = psi * torch.tensor([1.0, 0.4])
    psi = psi / psi.norm(dim=1, keepdim=True)
    model = MixtureModel(1, components=2, qubits=1)
    model.fit(psi, seed=5)
    reals = reals_to_fit(psi, 300, 2, "").numpy()
    fitted = GaussianMixture(2, random_state=5).fit(reals)

    for packed, covariance in zip(model.prior.factors, fitted.covariances_, strict=True):
        factor = torch.zeros(4, 4)
        factor[model.prior.lower] = packed.detach()
        assert np.allclose((factor @ factor.mT).numpy(), covariance, atol=1e-5)


# --- Codebook and neighbours


def test_a_codebook_has_the_noise_it_says(generator: torch.Generator) -> None:
    """E |<psi | c + s x>|^2 / E |c + s x|^2 is near (1 + s^2 / d) / (1 + s^2) for many d."""
    n, model = 20_000, CodebookModel(1, centres=2, spread=0.8)
    model.prior.weights.data = torch.tensor([0.25, 0.75])
    model.prior.centres.data = torch.eye(32)[[3, 7]] * torch.tensor([[1.0], [5.0]])
    drawn = model.sample_states(n, seed=2)
    near = drawn[:, [3, 7]].abs().square()

    assert within((near[:, 0] > near[:, 1]).float().mean(), 0.25, 0.45, n)
    assert near.amax(dim=1).mean().item() == pytest.approx((1 + 0.64 / 16) / 1.64, abs=0.015)


def test_neighbours_are_drawn_uniformly(
    monkeypatch: pytest.MonkeyPatch, generator: torch.Generator
) -> None:
    n, model = 12_000, NeighboursModel(1, neighbours=3, qubits=2)
    states = haar_states(8, qubits=2, generator=generator)
    model.fit(states, seed=0)
    given = []

    def between(phi: Tensor, psi: Tensor, u: Tensor) -> Tensor:
        given.append((phi, psi, u))
        return phi

    monkeypatch.setattr(baselines.neighbours, "between", between)
    model.sample_states(n, seed=3)
    ((phi, psi, u),) = given
    first, second = (gram_fidelities(x, states).argmax(dim=1) for x in (phi, psi))
    near = gram_fidelities(states, states).fill_diagonal_(-1).argsort(dim=1, descending=True)
    ranks = (near[first] == second[:, None]).int().argmax(dim=1)

    assert within(torch.bincount(first, minlength=8) / n, 1 / 8, 0.34, n)
    assert within(torch.bincount(ranks, minlength=7)[:3] / n, 1 / 3, 0.48, n) and ranks.max() == 2
    assert within(u.mean(), 0.5, 12**-0.5, n) and within(u.square().mean(), 1 / 3, 0.3, n)
    assert u.min() < 0.01 and u.max() > 0.99


# --- Ensembles


def test_the_terminal_ensemble_is_that_of_the_quantum_model() -> None:
    """The participation of a basis state that is scrambled falls with the noise."""
    for noise in (0.0, 1.5):
        model = EnsembleModel(1, "terminal", noise)
        found = model.sample_states(300, seed=4)
        same = ForwardProcess(4, terminal_strength=noise).terminal_states(300, model.generator(4))
        assert torch.equal(found, same)
    per_qubit = (3 + oracles.mean_cosine(math.pi / 4 * 1.5)) / 4
    assert found.abs().pow(4).sum(dim=1).mean().item() == pytest.approx(per_qubit**4, abs=0.03)


def test_the_mean_state_is_that_of_complex_states(generator: torch.Generator) -> None:
    """A sum of vectors v v^dagger, which a transpose or a conjugate would change."""
    psi = haar_states(5, qubits=2, generator=generator)
    model = EnsembleModel(1, "mean", 1.0, qubits=2)
    model.fit(psi, seed=0)
    (vectors,) = model.sample_states(1)

    assert vectors.shape == (4, 4) and psi.imag.abs().max() > 0.1
    found = oracles.density(vectors.numpy()) * 4
    assert np.allclose(found, mean_state(psi).numpy(), atol=1e-5)


# --- Controls


def test_a_perceptron_s_coin_is_tossed_anew_for_each_state(generator: torch.Generator) -> None:
    n = 6000
    chain = PerceptronChain(ForwardProcess(2, 1), width=7, generator=generator)
    psi = haar_states(1, qubits=2, generator=generator).expand(n, -1)
    (instrument,) = chain.instruments([0], n)
    branches = instrument(psi[:1])[0] * math.sqrt(2)
    chain.forward_process.__dict__["terminal_strength"] = 0.0
    drawn = chain.sample_chain(n, generator, start=torch.zeros(n, dtype=torch.int64))[-1]
    sides = instrument(torch.eye(4, dtype=torch.complex64)[:1])[0] * math.sqrt(2)
    near = gram_fidelities(drawn, sides)

    assert fidelity(*branches).item() < 0.999  # The coin matters.
    assert torch.allclose(near.amax(dim=1), torch.ones(n), atol=1e-4)
    assert within((near[:, 0] > near[:, 1]).float().mean(), 0.5, 0.5, n)


def test_traced_steps_learn_the_ensembles_of_their_own(generator: torch.Generator) -> None:
    """Against density matrices: step t is compared with S_t, and each group with its own."""
    chain = TracedChain(
        ForwardProcess(2, 2), layers=2, loss="wasserstein", generator=generator, init_scale=3.0
    )
    psi, first, last = haar_states(3, 2, qubits=2, generator=generator)
    losses = chain.chain_losses(psi, [first, last], generator, groups=2)

    for k, rho in enumerate(np.stack([oracles.density(p[None].numpy()) for p in psi])):
        for t, wanted in ((1, last), (0, first)):
            matrices = oracles.kraus(chain.circuits[t], chain.angles[t].detach().numpy(), 1)
            rho = oracles.apply_channel(matrices, rho)
            goal = wanted[k].numpy()
            part = 1 - (goal.conj() @ rho @ goal).real
            losses[t] = losses[t] - part / 2

    assert [loss.item() for loss in losses] == pytest.approx([0, 0], abs=1e-5)
