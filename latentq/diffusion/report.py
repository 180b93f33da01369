"""How well the ensembles that a chain generates agree with those of the data, step by step."""

import torch
from torch import Tensor

from latentq.diffusion.chain import Chain
from latentq.diffusion.objective import diffused
from latentq.randomness import derive_generator


@torch.no_grad()
def report(
    prior: Chain, latents: Tensor, seed: int, start: Tensor | None = None
) -> dict[str, object]:
    r"""Measures how well the generated ensembles agree with those of the data.

    They are those of :meth:`~latentq.diffusion.Chain.sample_chain`, whatever the chain is made of,
    and are compared by :meth:`~latentq.diffusion.Chain.discrepancy`.

    Arguments:
        prior: The chain.
        latents: States of the data, with shape :math:`(N, d)`; as many are generated.
        seed: The seed of all draws.
        start: The basis states to start from, with shape :math:`(N)`; random ones if `None`.

    Returns:
        The MMD :math:`D(P_t, S_t)` for :math:`t = 0 \dots T - 1`, that of the undenoised terminal
        ensemble to :math:`S_0`, and that of :math:`S_T` to the terminal ensemble.
    """
    process = prior.forward_process
    generator = derive_generator(seed, "report", 0, device=latents.device)
    *steps, terminal = prior.sample_chain(len(latents), generator, start=start).flip(0)
    targets = diffused(process, latents, seed, prior.steps)
    end = process.diffuse(latents, prior.steps, generator)
    return {
        "steps": [prior.discrepancy(p, s) for p, s in zip(steps, targets, strict=True)],
        "undenoised": prior.discrepancy(terminal, latents),
        "forward_end": prior.discrepancy(end, terminal),
    }
