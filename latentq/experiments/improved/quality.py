r"""How good generated states are, for the family of extended GHZ states.

The largest fidelity of a state with :math:`\cos\alpha | 0 \dots 0 \rangle + e^{i \beta}
\sin\alpha | 1 \dots 1 \rangle` is, by Cauchy and Schwarz in the span of the two,

.. math:: F = \max_{\alpha, \beta} | \cos\alpha \, \psi_0 + e^{- i \beta} \sin\alpha \,
    \psi_{d - 1} |^2 = | \psi_0 |^2 + | \psi_{d - 1} |^2 ,

with :math:`\tan\alpha = |\psi_{d - 1}| / |\psi_0|`. A basis state of the two has it too: how much
of a superposition there is, :math:`2 | \psi_0 \psi_{d - 1} |`, has the mean :math:`2 / \pi` in
the family. The divergence is that of the probabilities :math:`p = (\frac{1}{2}, 0, \dots, 0,
\frac{1}{2})` of the family's mean state from those of the model's,

.. math:: \mathrm{KL}(p \| q) = - \log 2 - \frac{1}{2} (\log q_0 + \log q_{d - 1}) .
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from latentq.diffusion.losses.mmd import mmd1, mmdk
from latentq.experiments.improved.models import MODELS, Plan
from latentq.experiments.improved.statistics import bits, cells
from latentq.experiments.improved.training import Trained, excess, train
from latentq.experiments.record import progress
from latentq.quantum.states import haar_states
from latentq.quantum.targets import ExtendedGHZ
from latentq.randomness import derive_generator
from latentq.report.statistics import Scale

BINS = 25
SCALES: dict[str, Scale] = {"best_fidelity": "share", "superposition": "share"}
UNDENOISED = "improved, undenoised"


def best_fidelity(psi: Tensor) -> Tensor:
    """Returns the largest fidelity with an extended GHZ state, with shape (N)."""
    return psi[:, 0].abs().square() + psi[:, -1].abs().square()


def superposition(psi: Tensor) -> Tensor:
    r"""Returns :math:`2 | \psi_0 \psi_{d - 1} |`, with shape (N)."""
    return 2 * (psi[:, 0] * psi[:, -1]).abs()


def divergence(psi: Tensor) -> float:
    """Returns the divergence of the family's mean probabilities from the model's, in nats."""
    q = psi.abs().square().mean(dim=0).double()
    return -math.log(2) - (q[0].log() + q[-1].log()).item() / 2


def unbiased_mmd(psi: Tensor) -> float:
    r"""Estimates the MMD with kernel F to all extended GHZ states, without bias.

    Their mean state is :math:`\frac{1}{2}` at both ends of the diagonal, so that the mean
    fidelity with them is half of :func:`best_fidelity`, and their own mean fidelity a half.
    """
    own = excess(psi) + 1 / psi.shape[1]
    return own + 0.5 - best_fidelity(psi).mean().item()


def numbers(psi: Tensor, generator: torch.Generator) -> dict[str, float]:
    """Measures an ensemble against fresh states of the family."""
    target = ExtendedGHZ(psi.shape[1].bit_length() - 1).draw(len(psi), generator)
    return {
        "kl": divergence(psi),
        "best_fidelity": best_fidelity(psi).mean().item(),
        "superposition": superposition(psi).mean().item(),
        "mmd": mmd1(psi, target).item(),
        "mmd_unbiased": unbiased_mmd(psi),
        "mmd_ladder": mmdk(psi, target).item(),
    }


def drawn(run: Trained, samples: int) -> Tensor:
    """Draws the ensembles of a generation, with shape (T + 1, N, d)."""
    return run.prior.sample_chain(samples, derive_generator(run.seed, "improved", "samples"))


def ensembles(
    runs: Sequence[Trained], qubits: int, samples: int, seeds: Sequence[int]
) -> dict[str, list[Tensor]]:
    """Returns generated states and controls by name, one set for each seed."""
    found: dict[str, list[Tensor]] = {}
    for name in MODELS:
        chains = [drawn(run, samples) for run in runs if run.name == name]
        found[name] = [chain[-1] for chain in chains]
        if name == "improved":
            found[UNDENOISED] = [chain[0] for chain in chains]
    generators = [derive_generator(seed, "improved", "controls") for seed in seeds]
    found["Haar states"] = [haar_states(samples, qubits=qubits, generator=g) for g in generators]
    found["the family"] = [ExtendedGHZ(qubits).draw(samples, g) for g in generators]
    return found


def quality_rows(found: Mapping[str, Sequence[Tensor]], seed: int) -> list[dict[str, Any]]:
    """Returns the numbers of ensembles over seeds."""
    rows = []
    for name, sets in found.items():
        each = [
            numbers(psi, derive_generator(seed + k, "improved", "held out"))
            for k, psi in enumerate(sets)
        ]
        row: dict[str, Any] = {"states": name, "seeds": len(sets), "samples": len(sets[0])}
        for key in each[0]:
            row |= cells(key, [of[key] for of in each], SCALES.get(key, "ratio"))
        rows.append(row)
    return rows


def comparison_rows(found: Mapping[str, Sequence[Tensor]], seed: int) -> list[dict[str, Any]]:
    """Returns the ratios of the improved model's numbers to those of others, at equal seeds."""
    rows = []
    for other in ("original", UNDENOISED):
        each = [
            [numbers(psi, derive_generator(seed + k, "improved", "held out")) for psi in pair]
            for k, pair in enumerate(zip(found[other], found["improved"], strict=True))
        ]
        rows += [
            {
                "against": other,
                "measure": key,
                **log_ratio([new[key] for _, new in each], [old[key] for old, _ in each]),
            }
            for key in each[0][0]
        ]
    return rows


def log_ratio(first: Sequence[float], second: Sequence[float]) -> dict[str, float | None]:
    """Returns the cells of a ratio in bits, which are empty where a value is not positive."""
    if min(*first, *second) <= 0:
        return dict.fromkeys(("log2_ratio", "log2_ratio_low", "log2_ratio_high"))
    return cells("log2_ratio", [bits(a / b) for a, b in zip(first, second, strict=True)])


def histogram_rows(found: Mapping[str, Sequence[Tensor]]) -> list[dict[str, Any]]:
    """Returns the histograms of the best fidelity, in shares of all states."""
    rows = []
    for name, sets in found.items():
        values = torch.cat([best_fidelity(psi) for psi in sets]).clamp(0, 1)
        shares = torch.histc(values, BINS, 0, 1) / len(values)
        rows += [
            {"states": name, "low": k / BINS, "high": (k + 1) / BINS, "share": share}
            for k, share in enumerate(shares.tolist())
        ]
    return rows


def path_rows(runs: Sequence[Trained], samples: int) -> list[dict[str, Any]]:
    """Returns the divergence along the generation, and how much it fell since the beginning."""
    rows = []
    for name in MODELS:
        chains = [[divergence(psi) for psi in drawn(r, samples)] for r in runs if r.name == name]
        falls = [[chain[0] - value for value in chain] for chain in chains]
        for k, values in enumerate(zip(*chains, strict=True)):
            row = {"model": name, "step": len(chains[0]) - 1 - k, **cells("kl", values, "ratio")}
            rows.append(row | cells("fall", [fall[k] for fall in falls]))
    return rows


def train_both(plan: Plan, qubits: int, iterations: int, seeds: Sequence[int]) -> list[Trained]:
    """Trains both models for every seed."""
    cases = [(name, seed) for name in MODELS for seed in seeds]
    return [
        train(plan, name, qubits, seed, iterations, 0) for name, seed in progress(cases, "quality")
    ]
