r"""A diffusion that is trained by the loss of the quantum model, a transport between ensembles.

.. math:: \min_\theta W( \{ \psi_\theta \}, \{ \psi \} ), \qquad
    \psi_\theta = \frac{x_0}{\| x_0 \|}, \quad x_T \sim N(0, 1), \quad
    x_{t-1} \sim q(x_{t-1} | x_t, \hat{x}_\theta(x_t, t))

All steps are trained at once, through the states that they generate. What a diffusion is
trained on otherwise, the error of its prediction, is not what FID rewards.

References:
    Zhang et al. (2024), Phys. Rev. Lett. 132, 100602, for the loss.
"""

import torch
from torch import Tensor, nn

from baselines.ddpm import DDPM
from latentq.diffusion.losses import wasserstein
from latentq.errors import InputError
from latentq.quantum.encoding import amplitude_encode
from latentq.randomness import derive_generator


class TransportObjective(nn.Module):
    r"""The Wasserstein distance of generated states to those of the data, within each cell.

    Arguments:
        prior: The model, on :math:`(\mathrm{Re} \, \psi, \mathrm{Im} \, \psi)`.
        latents: The reals of the states of the data, with shape (N, D).
        batch: The number of generated states in an iteration, and of targets; it is rounded down
            to a multiple of the number of cells.
        seed: The seed of all draws.
        cells: The cell of each vector, with shape (N), or `None` for all states at once.

    Raises:
        InputError: If there are fewer states in an iteration than cells.
    """

    alone = 0

    def __init__(
        self,
        prior: DDPM,
        latents: Tensor,
        *,
        batch: int,
        seed: int,
        cells: Tensor | None = None,
    ) -> None:
        super().__init__()

        prior.standardise(latents)
        self.prior, self.seed = prior, seed
        self.states = amplitude_encode(latents)
        places = torch.arange(len(latents), device=latents.device)
        groups = prior.cells if cells is not None else 1
        self.members = [places] if cells is None else [places[cells == k] for k in range(groups)]
        if batch < groups:
            raise InputError(f"denoising.batch_size: must be at least {groups}, was {batch}")
        self.each = batch // groups

    def begin(self, phase: int) -> None:
        """Enters a phase; all are alike."""

    def targets(self, generator: torch.Generator) -> Tensor:
        """Draws states of the data, with shape (K, N, d), of one cell after the other."""
        drawn = [
            torch.randint(len(of), (self.each,), device=of.device, generator=generator)
            for of in self.members
        ]
        index = torch.stack([of[k] for of, k in zip(self.members, drawn, strict=True)])
        return self.states[index]

    def loss(self, step: int, value: bool = True) -> dict[str, Tensor]:
        """Returns the loss of an iteration, the mean over cells.

        Arguments:
            step: The number of the iteration, from which all draws are derived.
            value: Not used; the gradient needs the whole loss.
        """
        device = self.states.device
        generator = derive_generator(self.seed, "transport", step, device=device)
        groups = len(self.members)
        cell = torch.arange(groups, device=device).repeat_interleave(self.each)
        drawn = self.prior.draw(len(cell), cell if self.prior.cells else None, generator)
        generated = amplitude_encode(drawn).unflatten(0, (groups, self.each))
        return {"loss": wasserstein(generated, self.targets(generator)).mean()}
