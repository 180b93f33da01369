"""What the page checks itself with: seeds, what they draw, and what Python makes of them."""

from typing import Any

import torch
from torch import Tensor

from latentq.models.generative import GenerativeModel
from latentq.models.hybrid import LatentQ
from latentq.quantum.entanglement import entanglement_entropy, mutual_information
from latentq.quantum.wigner import wigner
from latentq.randomness import derive_generator
from latentq.report.gallery.parts import pack

SEED, NUMBER = 0, 5


def drawn_numbers(model: LatentQ, n: int, seed: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    r"""Draws what decides a generation, in the order of :meth:`LatentQ.sample_chain`.

    Arguments:
        model: The model.
        n: The number of states :math:`N`.
        seed: The seed.

    Returns:
        The basis states to start from, with shape :math:`(N)`; the numbers in :math:`[0, 1)` of
        the scrambling, with shape :math:`(N, 3 q + 1)` for :math:`q` qubits; those of the
        measurements, with shape :math:`(T, N)`, that of :math:`S_T` first; and the complex normal
        numbers of the turns at the end, with shape :math:`(N, d, d)`, none without a spread.
    """
    generator, qubits = model.generator(seed), model.prior.forward_process.qubits
    drawn = torch.randint(2**qubits, (n,), generator=generator)
    labels = model.labels(n, seed)
    angles = torch.rand(n, 3 * qubits + 1, generator=generator)
    uniforms = [torch.rand(n, generator=generator) for _ in range(model.prior.steps)]
    shape = (n, 2**qubits, 2**qubits) if model.prior.spread else (n, 0, 0)
    turns = torch.randn(shape, dtype=torch.complex64, generator=generator)
    return drawn if labels is None else labels, angles, torch.stack(uniforms), turns


@torch.no_grad()
def chain_vectors(model: LatentQ, n: int = NUMBER, seed: int = SEED) -> dict[str, Any]:
    """Returns a generation with all that the page shows of it."""
    starts, angles, uniforms, turns = drawn_numbers(model, n, seed)
    states = model.sample_chain(n, seed)
    qubits = range(model.prior.forward_process.qubits)
    entropies = torch.stack([entanglement_entropy(states, [q]) for q in qubits], dim=-1)
    return {
        "seed": seed,
        "count": n,
        "starts": starts.tolist(),
        "angles": pack(angles),
        "uniforms": pack(uniforms),
        "turns": pack(torch.view_as_real(turns)),
        "states": pack(torch.view_as_real(states)),
        "entropies": pack(entropies),
        "mutual": pack(mutual_information(states)),
        "wigner": pack(wigner(states)),
        "images": pack(model.decode(states[-1])),
    }


def baseline_vectors(
    baseline: GenerativeModel, latent: int, n: int = NUMBER, seed: int = SEED
) -> dict[str, Any]:
    """Returns latents and images of the VAE."""
    latents = torch.randn(n, latent, generator=derive_generator(seed, "sample"))
    return {
        "seed": seed,
        "count": n,
        "latents": pack(latents),
        "images": pack(baseline.sample(n, seed)),
    }
