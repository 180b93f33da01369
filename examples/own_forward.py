"""Diffuse by your own process: states are mixed with Gaussian noise until only noise is left."""

import torch
from torch import Tensor, nn

import latentq


class Blur:
    """At step t a share t / T of a state is noise; at the end all of it."""

    qubits, steps = 1, 4

    def diffuse(self, psi: Tensor, t: int, generator: torch.Generator) -> Tensor:
        noise = self.terminal_states(len(psi), generator)
        return nn.functional.normalize((1 - t / self.steps) * psi + t / self.steps * noise)

    def terminal_states(
        self, n: int, generator: torch.Generator, start: Tensor | None = None
    ) -> Tensor:
        return nn.functional.normalize(torch.randn(n, 2, dtype=torch.cfloat, generator=generator))


angles = torch.linspace(0, torch.pi, 400)
states = torch.stack((angles.cos(), angles.sin()), dim=1).to(torch.complex64)
prior = latentq.QuDDPM(Blur(), layers=8, seed=0)
latentq.fit(prior, states, iterations=150)
psi = prior.sample(500, seed=0)
imaginary = 2 * (psi[:, 0] * psi[:, 1].conj()).imag.abs().mean().item()
print(f"|<Y>| {imaginary:.3f}: real states have 0, noise has 0.5")
