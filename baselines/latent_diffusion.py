r"""Classical latent diffusion, in the latent space of the quantum model or in that of the VAE.

References:
    High-Resolution Image Synthesis with Latent Diffusion Models (Rombach et al., 2022),
    arXiv 2112.10752.
"""

from collections.abc import Mapping
from typing import Any, cast

import torch
from torch import Tensor

from baselines.ddpm import DDPM, DiffusionObjective
from baselines.transported import TransportObjective
from baselines.vae import VAE
from latentq.models.generative import Labels, in_chunks, seeded
from latentq.models.states import StateModel, cells_of
from latentq.quantum.encoding import amplitude_encode, phase_reference, to_reals
from latentq.quantum.states import turn_randomly
from latentq.randomness import derive_generator


class StateDiffusion(StateModel):
    r"""The autoencoder of the quantum model with a classical diffusion of its states.

    It works on :math:`(\mathrm{Re} \, \psi, \mathrm{Im} \, \psi)` in a phase gauge and
    normalises what it draws.

    Arguments:
        channels: The number of channels of the networks.
        prior: The arguments `steps`, `width` and `depth` of :class:`~baselines.ddpm.DDPM`;
            `cells`: whether it is given one of 16 cells of the states; and `spread`: the strength
            of the random unitaries that turn what it draws, see
            :func:`latentq.quantum.states.turn_randomly`.
        qubits: The number of qubits.
        seed: The seed of the initial weights.
        latent_noise: The noise on the states while the autoencoder is trained.
    """

    prior: DDPM

    def __init__(
        self,
        channels: int,
        prior: Mapping[str, Any],
        qubits: int = 4,
        seed: int = 0,
        *,
        latent_noise: float = 0.0,
    ) -> None:
        number, arguments = 2**qubits, dict(prior)
        spread = arguments.pop("spread", 0.0)
        arguments |= {"size": 2 * number, "cells": number if prior["cells"] else 0}
        network = seeded(lambda: DDPM(**arguments), seed, "prior")
        super().__init__(channels, network, seed, qubits=qubits, latent_noise=latent_noise)

        self.spread = spread

    def objective(
        self, latents: Tensor, labels: Tensor, settings: Mapping[str, Any], seed: int
    ) -> DiffusionObjective | TransportObjective:
        r"""Returns what the prior is trained on.

        Arguments:
            latents: The states of the training images, with shape :math:`(N, d)`.
            labels: Not used.
            settings: The section `denoising` of the configuration: `batch_size`, and `loss`,
                `transport` or else the error of the prediction.
            seed: The seed of all draws.

        Raises:
            InputError: If there are fewer states than cells.
        """
        objective = (
            TransportObjective if settings.get("loss") == "transport" else DiffusionObjective
        )
        cells = cells_of(latents, "prior.cells", seed) if self.prior.cells else None
        reals = to_reals(latents, phase_reference(latents))
        return objective(self.prior, reals, batch=settings["batch_size"], seed=seed, cells=cells)

    @torch.no_grad()
    def sample_states(self, n: int, seed: int = 0, label: Labels = None) -> Tensor:
        """Draws states, with shape (N, 16), see the base class."""
        self.labels(n, seed, label)
        generator = self.generator(seed)
        drawn = amplitude_encode(self.prior.sample(n, generator))
        return turn_randomly(drawn, self.spread, generator)


class VAEDiffusion(VAE):
    r"""The VAE with a classical diffusion of its posterior means as its prior.

    Arguments:
        channels: The number of channels of the networks.
        prior: The arguments `steps`, `width` and `depth` of :class:`~baselines.ddpm.DDPM`.
        latent: The number of real latent variables.
        lift: The width of the layer between the latent and the decoder.
        seed: The seed of the initial weights.
    """

    def __init__(
        self,
        channels: int,
        prior: Mapping[str, Any],
        latent: int = 16,
        lift: int = 256,
        seed: int = 0,
    ) -> None:
        super().__init__(channels, latent, lift, seed)

        self.prior = seeded(lambda: DDPM(latent, **prior), seed, "prior")

    def objective(
        self, latents: Tensor, labels: Tensor, settings: Mapping[str, Any], seed: int
    ) -> DiffusionObjective:
        r"""Returns what the prior is trained on.

        Arguments:
            latents: The posterior means of the training images, with shape :math:`(N, D)`.
            labels: Not used.
            settings: The section `denoising` of the configuration: `batch_size`.
            seed: The seed of all draws.
        """
        prior = cast(DDPM, self.prior)
        return DiffusionObjective(prior, latents, batch=settings["batch_size"], seed=seed)

    @torch.no_grad()
    def sample(self, n: int, seed: int = 0, label: Labels = None) -> Tensor:
        r"""Draws images, with shape :math:`(N, 1, 28, 28)`, in :math:`[0, 1]`.

        Arguments:
            n: The number of images :math:`N`.
            seed: The seed of the draw; the same seed gives the same images.
            label: Not used, as the model knows no classes.
        """
        self.labels(n, seed, label)
        generator = derive_generator(seed, "sample", device=next(self.parameters()).device)
        return in_chunks(self.decode, cast(DDPM, self.prior).sample(n, generator))
