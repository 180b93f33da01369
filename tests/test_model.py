import math
from typing import cast

import pytest
import torch
from torch import nn

from baselines.vae import VAE, kl_to_normal
from latentq.diffusion import QuDDPM
from latentq.errors import InputError
from latentq.models.generative import (
    GenerativeModel,
    in_chunks,
    parameter_counts,
    pixel_loss,
    seeded,
)
from latentq.models.hybrid import LatentQ
from latentq.quantum.encoding import density_coordinates
from latentq.quantum.states import fidelity, haar_states, perturb

PRIOR = {
    **{
        "qubits": 4,
        "steps": 5,
        "strength": [0.1, 2.0],
        "terminal": "basis",
        "terminal_strength": 1.0,
    },
    **{"ancillas": 1, "layers": 2, "axes": ["rx", "ry"], "entangled": True, "init_scale": 1.0},
    **{"loss": "mmdk", "outcomes": "exact", "engine": "fused"},
}


@pytest.fixture
def model() -> LatentQ:
    return LatentQ(channels=4, prior=PRIOR, seed=0).eval()


def test_decoder_does_not_see_the_global_phase(model: LatentQ, generator: torch.Generator) -> None:
    model = model.double()
    psi = haar_states(8, qubits=4, generator=generator, dtype=torch.complex128)
    phase = torch.polar(torch.ones(8), 2 * math.pi * torch.rand(8, generator=generator))
    relative = psi * torch.polar(torch.ones(16), torch.linspace(0, 1, 16))

    images = model.decode(psi)

    assert torch.allclose(model.decode(phase[:, None] * psi), images, atol=1e-12)
    assert (model.decode(relative) - images).abs().max() > 1e-5
    assert (model.decode(psi.conj()) - images).abs().max() > 1e-5


def test_encode_gives_unit_states(model: LatentQ, generator: torch.Generator) -> None:
    psi = model.encode(torch.rand(3, 1, 28, 28, generator=generator))

    assert psi.shape == (3, 16)
    assert psi.dtype == torch.complex64
    assert torch.allclose(fidelity(psi, psi), torch.ones(3))


def test_encode_refuses_a_vanishing_latent(model: LatentQ) -> None:
    for parameter in model.encoder.parameters():
        torch.nn.init.zeros_(parameter)

    with pytest.raises(ValueError, match="zero"):
        model.encode(torch.zeros(1, 1, 28, 28))


def test_samples_follow_from_the_seed(model: LatentQ) -> None:
    state = torch.get_rng_state()

    images, again, other = model.sample(6, seed=3), model.sample(6, seed=3), model.sample(6, 4)

    assert images.shape == (6, 1, 28, 28)
    assert images.dtype == torch.float32
    assert images.min() >= 0
    assert images.max() <= 1
    assert torch.equal(images, again)
    assert not torch.equal(images, other)
    assert torch.equal(state, torch.get_rng_state())


def test_samples_are_the_decoded_end_of_the_chain(model: LatentQ) -> None:
    chain = model.sample_chain(6, seed=3)

    assert chain.shape == (6, 6, 16)
    assert torch.allclose(model.decode(chain[-1]), model.sample(6, seed=3), atol=1e-6)


def test_initial_weights_follow_from_the_seed() -> None:
    first, again, other = (LatentQ(4, PRIOR, seed) for seed in (0, 0, 1))

    for name, value in first.state_dict().items():
        assert torch.equal(value, again.state_dict()[name]), name
    assert not torch.equal(*(cast(QuDDPM, m.prior).angles[0] for m in (first, other)))
    assert not torch.equal(*(next(m.encoder.parameters()) for m in (first, other)))


def test_parts_of_a_model_begin_with_weights_of_their_own() -> None:
    one, other, again = (
        cast(nn.Linear, seeded(lambda: nn.Linear(4, 4), 7, name)).weight
        for name in ("encoder", "decoder", "encoder")
    )

    assert torch.equal(one, again) and not torch.equal(one, other)


def test_pixel_loss_is_the_summed_cross_entropy() -> None:
    logits = torch.tensor([0.3, -1.2]).reshape(2, 1, 1, 1).expand(2, 1, 28, 28)
    images = torch.tensor([1.0, 0.25]).reshape(2, 1, 1, 1).expand(2, 1, 28, 28)

    p, q = 1 / (1 + math.exp(-0.3)), 1 / (1 + math.exp(1.2))
    expected = -math.log(p) - 0.25 * math.log(q) - 0.75 * math.log(1 - q)

    assert pixel_loss(logits, images).item() == pytest.approx(784 * expected / 2, rel=1e-5)


def test_in_chunks_is_the_whole() -> None:
    inputs = torch.arange(2500.0)

    assert torch.equal(in_chunks(lambda x: x + 1, inputs), inputs + 1)


def test_kl_agrees_with_torch_distributions(generator: torch.Generator) -> None:
    mean = torch.randn(4, 3, generator=generator, dtype=torch.float64)
    log_variance = torch.randn(4, 3, generator=generator, dtype=torch.float64)

    posterior = torch.distributions.Normal(mean, (0.5 * log_variance).exp())
    standard = torch.distributions.Normal(torch.zeros_like(mean), torch.ones_like(mean))
    expected = torch.distributions.kl_divergence(posterior, standard).sum(dim=-1)

    assert torch.allclose(kl_to_normal(mean, log_variance), expected)


def test_vae_loss_is_the_negative_bound(generator: torch.Generator) -> None:
    vae = VAE(channels=4, latent=16, seed=0)
    images = torch.rand(5, 1, 28, 28, generator=generator)
    same = [torch.Generator().manual_seed(7) for _ in range(2)]

    losses = vae.loss(images, torch.zeros(5), same[0])

    mean, log_variance = vae.encoder(images).chunk(2, dim=-1)
    noise = torch.randn(5, 16, generator=same[1])
    latent = mean + noise * torch.exp(log_variance / 2)
    assert torch.allclose(losses["pixels"], pixel_loss(vae.decoder(latent), images))
    assert torch.allclose(losses["loss"], losses["pixels"] + losses["kl"])
    assert torch.equal(vae.encode(images), mean)


def test_vae_samples_decode_normal_noise() -> None:
    vae = VAE(channels=4, seed=0)

    assert torch.equal(vae.sample(5, seed=1), vae.sample(5, seed=1))
    assert not torch.equal(vae.sample(5, seed=1), vae.sample(5, seed=2))
    assert vae.sample(5).shape == (5, 1, 28, 28)


def test_quantum_and_classical_models_match_in_parameters() -> None:
    quantum, classical = (
        parameter_counts(m) for m in (LatentQ(16, {**PRIOR, "layers": 86}), VAE(16))
    )

    assert quantum["encoder"] == classical["encoder"]
    assert quantum["prior"] == 5 * 86 * 2 * 5
    assert abs(quantum["total"] - classical["total"]) < 0.01 * quantum["total"]


@pytest.fixture(params=["quantum", "classical"])
def conditional(request: pytest.FixtureRequest) -> GenerativeModel:
    if request.param == "quantum":
        return LatentQ(4, PRIOR, conditional=True).eval()
    vae = VAE(4, conditional=True).eval()
    for part in (vae.encoder, vae.decoder):
        torch.nn.init.normal_(
            part.get_parameter("shift"), generator=torch.Generator().manual_seed(0)
        )
    return vae


def test_conditional_samples_depend_on_the_label(conditional: GenerativeModel) -> None:
    sevens, threes = conditional.sample(4, seed=1, label=7), conditional.sample(4, 1, label=3)
    mixed = conditional.sample(4, 1, label=torch.tensor([7, 3, 3, 7]))

    assert not torch.allclose(sevens, threes, atol=1e-4)
    assert torch.allclose(mixed[0], sevens[0], atol=1e-6)
    assert torch.equal(sevens, conditional.sample(4, 1, label=torch.full((4,), 7)))
    labels = conditional.labels(2000, seed=1)
    assert labels is not None and torch.bincount(labels, minlength=10).min() > 140
    drawn = conditional.labels(4, seed=1)
    assert torch.equal(conditional.sample(4, seed=1), conditional.sample(4, 1, label=drawn))


@pytest.mark.parametrize("label", [-1, 10, 2.5, "seven"])
def test_a_label_must_be_a_class(conditional: GenerativeModel, label: object) -> None:
    with pytest.raises(ValueError, match="label: must be classes from 0 to 9"):
        conditional.sample(2, label=label)  # type: ignore[arg-type]


def test_a_label_needs_a_conditional_model(model: LatentQ) -> None:
    assert model.labels(5) is None
    with pytest.raises(ValueError, match="label: needs a model with"):
        model.sample(2, label=3)


def test_a_class_starts_in_its_basis_state() -> None:
    model = LatentQ(4, {**PRIOR, "terminal_strength": 0.0}, conditional=True)
    start = model.sample_chain(3, label=torch.tensor([9, 0, 4]))[0]

    assert torch.equal(start, torch.eye(16, dtype=torch.complex64)[[9, 0, 4]])


def test_a_class_without_states_is_named() -> None:
    """The highest ones would be generated from basis states that nothing was trained on."""
    model, latents = LatentQ(4, PRIOR, conditional=True), torch.eye(16, dtype=torch.complex64)
    numbers = {
        "input_batch_size": 20,
        "start_batch_size": 20,
        "target_batch_size": 20,
        "intermediate_weight": 0.1,
    }
    settings = {**numbers, "cells": False, "single_steps": True}
    model.objective(latents, torch.arange(16) % 10, settings, seed=0)

    with pytest.raises(InputError, match=r"labels: must hold all 10 classes .*, 2 of them"):
        model.objective(latents, torch.arange(16) % 8, settings, seed=0)


def test_noise_on_states_is_for_training_only(generator: torch.Generator) -> None:
    images = torch.rand(5, 1, 28, 28, generator=generator)
    plain, noisy = (LatentQ(4, PRIOR, latent_noise=noise) for noise in (0.0, 0.4))
    draws = [torch.Generator().manual_seed(7) for _ in range(2)]
    psi = perturb(noisy.encode(images), 0.4, draws[0])
    expected = pixel_loss(noisy.decoder(density_coordinates(psi)), images)

    assert torch.equal(noisy.loss(images, torch.zeros(5), draws[1])["loss"], expected)
    assert not torch.equal(plain.loss(images, torch.zeros(5), draws[1])["loss"], expected)
    assert torch.equal(plain.encode(images), noisy.encode(images))


def test_conditional_vae_sees_the_class_in_training(generator: torch.Generator) -> None:
    vae, images = VAE(4, conditional=True), torch.rand(5, 1, 28, 28, generator=generator)
    torch.nn.init.normal_(vae.decoder.get_parameter("shift"), generator=generator)
    losses = [
        vae.loss(images, labels, torch.Generator().manual_seed(7))["pixels"].item()
        for labels in (torch.zeros(5).long(), torch.ones(5).long())
    ]

    assert losses[0] != losses[1]
    assert parameter_counts(vae)["total"] == sum(p.numel() for p in vae.parameters())
