r"""Losses between finite batches, of the data with themselves and of narrower ensembles with them.

A loss of :math:`n` generated and :math:`n` data states has an expectation, which is what training
minimises. It is biased towards narrow ensembles if one of these has a smaller expectation than
fresh data.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor

from latentq.diffusion.losses import mmdk, wasserstein
from latentq.diffusion.losses.kernels import RUNGS
from latentq.experiments.record import progress
from latentq.quantum.states import gram_fidelities
from latentq.randomness import derive_generator
from latentq.report.statistics import summarize

Row = dict[str, Any]
Kernel = Callable[[Tensor], Tensor]
Three = Callable[[Tensor, Tensor, Tensor], Tensor]
Pools = Mapping[str, Tensor]
WIDTH = 0.2  # of the Gaussian kernel, in units of 1 - F
REAL = "fresh data"


def gaussian(fidelity: Tensor) -> Tensor:
    r"""Returns :math:`e^{-(1 - F) / \tau}`, Gaussian in the distance of density matrices."""
    return torch.exp((fidelity - 1) / WIDTH)


def rungs(fidelity: Tensor) -> Tensor:
    """Returns the mean of the powers of a fidelity that the ladder of kernels has."""
    return torch.stack([fidelity ** (2**rung) for rung in range(RUNGS)]).mean(dim=0)


def minus_distance(fidelity: Tensor) -> Tensor:
    r"""Returns :math:`-\sqrt{1 - F}`, the kernel of the energy distance."""
    return -(1 - fidelity).clamp(min=0).sqrt()


def kernel_distance(phi: Tensor, psi: Tensor, kernel: Kernel, *, unbiased: bool) -> Tensor:
    r"""Returns the squared MMD of two batches with a kernel on fidelities.

    .. math:: \langle k(x, x') \rangle + \langle k(s, s') \rangle - 2 \langle k(x, s) \rangle

    With all pairs, :math:`x = x'` among them, the first mean is expected to be larger than that
    of independent states by :math:`(\mathbb{E} k(x, x) - \mathbb{E} k(x, x')) / n`.

    Arguments:
        phi: The states of the model, with shape (N, d).
        psi: The target states, with shape (M, d).
        kernel: The kernel, a function of fidelities.
        unbiased: Whether pairs of a state with itself are left out.
    """

    def own(states: Tensor) -> Tensor:
        n, values = len(states), kernel(gram_fidelities(states, states))
        if not unbiased:
            return values.mean()
        return (values.sum() - values.diagonal().sum()) / (n * (n - 1))

    return own(phi) + own(psi) - 2 * kernel(gram_fidelities(phi, psi)).mean()


def split_wasserstein(phi: Tensor, second: Tensor, psi: Tensor, weight: float) -> Tensor:
    r"""Returns :math:`W(P, S) - \tfrac{w}{2} W(P, P')` with a second batch of the model.

    Arguments:
        phi: A batch of the model, with shape (N, d).
        second: An independent one, with the same shape.
        psi: The target states, with shape (M, d).
        weight: The weight :math:`w`.

    References:
        Salimans et al. (2018), Improving GANs Using Optimal Transport, arXiv 1803.05573.
    """
    return wasserstein(phi, psi) - weight / 2 * wasserstein(phi, second)


def _first(loss: Callable[[Tensor, Tensor], Tensor]) -> Three:
    """Makes a loss of two batches one that ignores the second batch of the model."""
    return lambda phi, _, psi: loss(phi, psi)


LOSSES: dict[str, Three] = {
    "W": _first(wasserstein),
    "W, split 0.5": partial(split_wasserstein, weight=0.5),
    "W, split 1": partial(split_wasserstein, weight=1.0),
    "MMD, ladder": _first(mmdk),
    "MMD, ladder, unbiased": _first(partial(kernel_distance, kernel=rungs, unbiased=True)),
    "MMD, Gaussian": _first(partial(kernel_distance, kernel=gaussian, unbiased=False)),
    "MMD, Gaussian, unbiased": _first(partial(kernel_distance, kernel=gaussian, unbiased=True)),
    "energy": _first(partial(kernel_distance, kernel=minus_distance, unbiased=False)),
    "energy, unbiased": _first(partial(kernel_distance, kernel=minus_distance, unbiased=True)),
}


def two_batches(pool: Tensor, n: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Draws two batches of n states each from a pool, no state twice."""
    chosen = pool[torch.randperm(len(pool), generator=generator)[: 2 * n]]
    return chosen[:n], chosen[n:]


def draw_losses(
    pools: Pools, targets: Tensor, n: int, generator: torch.Generator
) -> dict[tuple[str, str], float]:
    """Draws one value of each loss of each ensemble, all against the same target states.

    Arguments:
        pools: The states of each ensemble, each with shape (N, d), at least 2 n of them.
        targets: The states of the data, with shape (M, d), at least n.
        n: The number of states on either side.
        generator: The source of all draws.
    """
    psi = targets[torch.randperm(len(targets), generator=generator)[:n]]
    found = {}
    for name, pool in pools.items():
        phi, second = two_batches(pool, n, generator)
        for loss, function in LOSSES.items():
            found[loss, name] = function(phi, second, psi).item()
    return found


def bias_rows(groups: Sequence[tuple[Pools, Tensor]], n: int, draws: int, seed: int) -> list[Row]:
    """Returns a row for each loss and ensemble: its mean, and how far it is above fresh data.

    Arguments:
        groups: The pools and the targets of each group; a loss is the mean over the groups.
        n: The number of states on either side in a group.
        draws: The number of draws.
        seed: The seed of them.
    """
    values: dict[tuple[str, str], list[float]] = {}
    for draw in progress(range(draws), f"{n} states"):
        generator = derive_generator(seed, "bias", n, len(groups), draw)
        found = [draw_losses(pools, targets, n, generator) for pools, targets in groups]
        for key in found[0]:
            values.setdefault(key, []).append(sum(one[key] for one in found) / len(found))
    return [
        {"loss": loss, "groups": len(groups), "batch": n, "ensemble": name}
        | _columns(own, values[loss, REAL])
        for (loss, name), own in values.items()
    ]


def _columns(own: Sequence[float], real: Sequence[float]) -> Row:
    """Returns mean and standard error, and the paired difference to data with its interval."""
    deviation = torch.tensor(own, dtype=torch.float64).std().item()
    gap = summarize(a - b for a, b in zip(own, real, strict=True))
    assert gap is not None and gap.ends is not None
    return {
        "mean": sum(own) / len(own),
        "error": deviation / len(own) ** 0.5,
        "gap": gap.mean,
        "gap_low": gap.ends[0],
        "gap_high": gap.ends[1],
        "preferred": gap.ends[1] < 0,
    }
