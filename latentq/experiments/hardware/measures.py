"""The quality of images from states that are read out by shots, or made with errors."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from latentq.diffusion import QuDDPM
from latentq.diffusion.near_term import NearTermQuDDPM
from latentq.diffusion.noisy import NoisyChain
from latentq.engine import noisy
from latentq.evaluation import metrics
from latentq.evaluation.scores import random_places
from latentq.evaluation.shots import invert
from latentq.experiments.record import progress
from latentq.models.classifier import Classifier
from latentq.models.generative import in_chunks
from latentq.models.hybrid import LatentQ
from latentq.quantum import readout
from latentq.quantum.states import turn_randomly

Row = dict[str, Any]
RATE = 4000.0  # Shots a second of a superconducting machine.
SHOTS = 2430  # Of the states that are read out with errors.
GROUPS = (1, 8, 32)
EXACT = "exact"


class Bench:
    """A model, and the images that what it makes is compared with.

    Arguments:
        model: The model.
        prior: Its quantum prior.
        classifier: The feature extractor.
        images: Held-out images, with shape (M, 1, 28, 28).
        samples: How many images are generated and compared at the most.
        seed: The seed of the samples.
    """

    def __init__(
        self,
        model: LatentQ,
        prior: QuDDPM,
        classifier: Classifier,
        images: Tensor,
        samples: int,
        seed: int,
    ) -> None:
        self.model, self.prior, self.classifier, self.seed = model, prior, classifier, seed
        chosen = random_places(len(images), samples)
        self.number = len(chosen)
        self.reference = metrics.extract_features(classifier, images[chosen])

    @torch.no_grad()
    def features(self, rho: Tensor) -> Tensor:
        """Decodes density matrices of shape (N, d, d), and returns the features of the images."""
        images = in_chunks(self.model.decode_matrices, rho)
        return metrics.extract_features(self.classifier, images)

    def fid(self, rho: Tensor) -> float | None:
        """Returns the FID of the images of density matrices, with shape (N, d, d)."""
        return metrics.fid(self.features(rho), self.reference)

    def scores(self, rho: Tensor) -> Row:
        """Decodes density matrices of shape (N, d, d) and compares the images."""
        features = self.features(rho)
        precision, recall = metrics.precision_recall(features, self.reference)
        fid = metrics.fid(features, self.reference)
        return {"fid": fid, "precision": precision, "recall": recall}

    def exact(self) -> Tensor:
        """Returns the states of the model, as density matrices."""
        psi = self.model.sample_states(self.number, self.seed).to(torch.complex128)
        return readout.density_matrices(psi)


def shot_rows(bench: Bench, numbers: Sequence[int]) -> list[Row]:
    """Returns the scores of each readout for numbers of shots, after those of exact states."""
    rho = bench.exact()
    rows = [{"readout": EXACT, "shots": None, **bench.scores(rho), "infidelity": 0.0}]
    for number in progress(numbers, "shots"):
        estimate = invert(rho, number, bench.seed)
        for name, read in readout.READOUTS.items():
            found = read(estimate)
            overlap = (found * rho.mT).sum(dim=(-2, -1)).real.mean().item()
            row = {"readout": name, "shots": number, **bench.scores(found)}
            rows.append({**row, "infidelity": 1 - overlap})
    return [{**row, "seconds": row["shots"] and row["shots"] / RATE} for row in rows]


@torch.no_grad()
def sharing_rows(bench: Bench) -> list[Row]:
    """Returns the scores where several images come from one preparation, by outcome string.

    A machine that keeps all shots of a preparation reads out all its outcome strings at once.
    """
    rows, prior = [], bench.prior
    order = [*reversed(range(prior.steps))]
    for group in GROUPS:
        generator = bench.model.generator(bench.seed)
        starts = -(-bench.number // group)
        terminal = prior.forward_process.terminal_states(starts, generator)
        psi = terminal.repeat_interleave(group, dim=0)[: bench.number]
        for step in prior.instruments(order, len(psi)):
            psi = prior.move(step, psi, generator)
        # What is read out is turned, each image by itself.
        psi = turn_randomly(psi, prior.spread, generator)
        rho = readout.density_matrices(psi.to(torch.complex128))
        rows.append({"images": group, "preparations": starts, **bench.scores(rho)})
    return rows


def noisy_states(bench: Bench, noise: noisy.Noise, number: int | None = None) -> Tensor:
    """Returns the states that a machine with errors makes, as density matrices (N, d, d).

    Arguments:
        bench: The model.
        noise: The errors.
        number: The number of states N; as many as are compared if `None`.
    """
    n = bench.number if number is None else number
    start = bench.model.labels(n, bench.seed)
    if isinstance(bench.prior, NearTermQuDDPM):
        return bench.prior.sample_noisy(n, noise, bench.seed, start)
    return NoisyChain(bench.prior, noise).sample(n, bench.seed, start)


def error_rows(bench: Bench, plan: Mapping[str, Sequence[float]]) -> list[Row]:
    """Returns the scores of a chain with errors, by kind of error, rate and readout.

    Arguments:
        bench: The model, and what it is compared with.
        plan: The rates by the kind of error, a field of :class:`latentq.engine.noisy.Noise`.
    """
    rho = bench.exact()
    rows = [{"error": "none", "rate": 0.0, **row} for row in _readouts(bench, rho, True)]
    jobs = [(kind, rate) for kind, rates in plan.items() for rate in rates]
    for kind, rate in progress(jobs, "errors"):
        found = noisy_states(bench, noisy.Noise(**{kind: rate}))
        if kind == "readout":
            found = noisy.from_pauli(noisy.misread(noisy.to_pauli(found), rate))
        with_shots = kind == "gate"
        rows += [
            {"error": kind, "rate": rate, **row} for row in _readouts(bench, found, with_shots)
        ]
    return rows


def _readouts(bench: Bench, rho: Tensor, with_shots: bool) -> list[Row]:
    """Returns the scores of states as they are, and of their eigenvectors."""
    purity = rho.abs().square().sum(dim=(-2, -1)).mean().item()
    eigenvector = readout.READOUTS["eigenvector"]
    estimates: dict[tuple[str, int | None], Tensor] = {
        ("linear", None): rho,
        ("eigenvector", None): eigenvector(rho),
    }
    if with_shots:
        estimates["eigenvector", SHOTS] = eigenvector(invert(rho, SHOTS, bench.seed))
    return [
        {"readout": name, "shots": shots, **bench.scores(found), "purity": purity}
        for (name, shots), found in estimates.items()
    ]


def limit_rows(errors: Sequence[Row]) -> list[Row]:
    """Returns the rates of each error that cost 10% and 50% of the FID, by readout."""
    rows = []
    for kind, name, shots in dict.fromkeys((r["error"], r["readout"], r["shots"]) for r in errors):
        if kind == "none":
            continue
        chosen = [
            (row["rate"], row["fid"])
            for row in errors
            if row["error"] in (kind, "none") and (row["readout"], row["shots"]) == (name, shots)
        ]
        costs = {f"{cost}%": rate_at(chosen, 1 + cost / 100) for cost in (10, 50)}
        rows.append({"error": kind, "readout": name, "shots": shots, **costs})
    return rows


def rate_at(curve: Sequence[tuple[float, float]], factor: float) -> float | None:
    """Returns the rate at which a value is some factor larger than at no error.

    Between two rates it is interpolated on a logarithmic axis of rates; below the first one it is
    taken as proportional to the rate.

    Arguments:
        curve: Rates, the first one 0, and values.
        factor: The factor.
    """
    (_, base), *rest = curve
    wanted = factor * base
    before = curve[0]
    for rate, value in rest:
        if value >= wanted:
            share = (wanted - before[1]) / (value - before[1])
            if not before[0]:
                return rate * share
            return math.exp(math.log(before[0]) + share * math.log(rate / before[0]))
        before = rate, value
    return None
