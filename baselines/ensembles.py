"""Controls without a trained prior: fixed ensembles of states, decoded.

- `haar`: Haar states, the level of chance;
- `terminal`: the terminal ensemble of the quantum model, not denoised;
- `mean`: the mean state of the training images, the same mixed state every time.
"""

from typing import Literal

import torch
from torch import Tensor, nn

from latentq.diffusion import ForwardProcess
from latentq.models.generative import Labels
from latentq.models.states import FittedModel
from latentq.quantum.states import haar_states, mean_state

Ensemble = Literal["haar", "terminal", "mean"]


class MeanState(nn.Module):
    """A mixed state as vectors, kept as pairs of reals with shape (d, d, 2)."""

    reals: Tensor

    def __init__(self, dimension: int) -> None:
        super().__init__()

        self.register_buffer("reals", torch.zeros(dimension, dimension, 2))


class EnsembleModel(FittedModel):
    """The autoencoder of the quantum model with a fixed ensemble as prior.

    Arguments:
        channels: The number of channels of the networks.
        ensemble: The name of the ensemble.
        terminal_strength: The scrambling strength of the terminal ensemble, as in the quantum
            model.
        qubits: The number of qubits.
        seed: The seed of the initial weights.
        latent_noise: The noise on the states while the autoencoder is trained.
    """

    prior: MeanState

    def __init__(
        self,
        channels: int,
        ensemble: Ensemble,
        terminal_strength: float,
        qubits: int = 4,
        seed: int = 0,
        *,
        latent_noise: float = 0.0,
    ) -> None:
        super().__init__(
            channels, MeanState(2**qubits), seed, qubits=qubits, latent_noise=latent_noise
        )

        self.ensemble = ensemble
        self.process = ForwardProcess(qubits, terminal_strength=terminal_strength)

    @torch.no_grad()
    def fit(self, latents: Tensor, seed: int) -> None:
        r"""Notes the mean state :math:`\sum_k \lambda_k | v_k \rangle \langle v_k |`."""
        values, vectors = torch.linalg.eigh(mean_state(latents))
        rows = (vectors * values.clamp_min(0).sqrt()).mT
        self.prior.reals = torch.view_as_real(rows.contiguous())

    @torch.no_grad()
    def sample_states(self, n: int, seed: int = 0, label: Labels = None) -> Tensor:
        """Draws states of the ensemble, with shape (N, 16), or (N, 16, 16) if they are mixed."""
        self.labels(n, seed, label)
        generator = self.generator(seed)
        if self.ensemble == "haar":
            return haar_states(n, qubits=self.process.qubits, generator=generator)
        if self.ensemble == "terminal":
            return self.process.terminal_states(n, generator)

        return torch.view_as_complex(self.prior.reals).expand(n, -1, -1)
