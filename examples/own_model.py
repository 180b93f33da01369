"""Your own model: the autoencoder of the quantum model, and one Gaussian of its latent states.

In this folder: python ../train.py model=gaussian plugin=own_model [model.spread=0.9 ...]
"""

import torch
from torch import Tensor, nn

import latentq
from latentq.models.states import FittedModel
from latentq.quantum.encoding import amplitude_encode, phase_reference, to_reals


@latentq.register("gaussian", title="one Gaussian")
class Gaussian(FittedModel):
    prior: nn.Linear

    def __init__(self, channels: int = 16, spread: float = 1.0, seed: int = 0) -> None:
        super().__init__(channels, nn.Linear(32, 32), seed)
        self.spread = spread

    @torch.no_grad()
    def fit(self, latents: Tensor, seed: int) -> None:
        reals = to_reals(latents, phase_reference(latents))
        factor = torch.linalg.cholesky(torch.cov(reals.T) + 1e-6 * torch.eye(32))
        self.prior.load_state_dict({"weight": factor, "bias": reals.mean(0)})

    def sample_states(self, n: int, seed: int = 0, label: Tensor | int | None = None) -> Tensor:
        noise = self.prior.weight.new_empty(n, 32).normal_(generator=self.generator(seed))
        return amplitude_encode(self.prior(self.spread * noise))
