"""What the experiment `latent` reads off ensembles of states, by class."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from latentq.config.schema.data import CLASSES
from latentq.experiments.bands import bounded, mean_of
from latentq.experiments.measures import (
    half_entropy,
    orientations,
    pairs_of,
    single_entropy,
    wigner_numbers,
)
from latentq.quantum.entanglement import mutual_information, page_entropy
from latentq.report.statistics import Judged, Summary, columns_of, judge_interval

MEASURES = ("half_entropy", "single_entropy", "negative_share", "negativity")
LEAST = 10  # A class with fewer states is not compared.


@dataclass(frozen=True)
class Ensemble:
    """The numbers of states, and their classes, with shape (N), where they have any."""

    numbers: Mapping[str, Tensor]
    classes: Tensor | None

    def of(self, measure: str, digit: int | None = None) -> Tensor:
        """Returns the numbers of a measure, of all states or of one class, with shape (N)."""
        values = self.numbers[measure].double()
        if digit is None:
            return values
        assert self.classes is not None
        return values[self.classes == digit]


@dataclass(frozen=True)
class Found:
    """What was found.

    Arguments:
        ensembles: `data`, the chain from `ST` to `S0`, and `Haar`.
        kept: For each step, the share of states whose image already has its final class.
        agreement: The share of reconstructed data with the class of the image.
        qubits: The number of qubits.
    """

    ensembles: Mapping[str, Ensemble]
    kept: list[float]
    agreement: float
    qubits: int

    @property
    def steps(self) -> list[str]:
        """The names of the ensembles of the chain, from noise to data."""
        return [name for name in self.ensembles if name.startswith("S")]

    @property
    def page(self) -> float:
        """The mean entropy in bits of half of the qubits of a Haar state."""
        return page_entropy(self.qubits, self.qubits // 2)

    @property
    def digits(self) -> list[int]:
        """The classes with enough states of the data and generated ones."""
        pair = (self.ensembles["data"], self.ensembles["S0"])
        return [
            digit
            for digit in range(CLASSES)
            if all(len(ensemble.of("half_entropy", digit)) >= LEAST for ensemble in pair)
        ]


def numbers(psi: Tensor) -> dict[str, Tensor]:
    """Returns the numbers of states.

    Arguments:
        psi: Unit statevectors, with shape (N, d).

    Returns:
        Half-chain and single-qubit entropies in bits, averaged over the cuts; mutual information
        by pairs; share of negative Wigner cells and negativity, averaged over the orientations
        of the kernels; and the share for each orientation, with shape (N, 2^n).
    """
    shares, sums = wigner_numbers(psi)
    return {
        "half_entropy": half_entropy(psi),
        "single_entropy": single_entropy(psi),
        "information": pairs_of(mutual_information(psi)),
        "negative_share": shares.mean(dim=0),
        "negativity": sums.mean(dim=0),
        "negative_share_by_orientation": shares.mT,
    }


def mean(values: Tensor) -> Summary:
    """Returns the mean of numbers with its t-interval."""
    return mean_of(values.double().tolist())


def summary_of(measure: str, values: Tensor, found: Found, scale: float = 1.0) -> Summary:
    """Returns the mean of a measure with an interval on its scale.

    Arguments:
        measure: One of the measures; all but the negativity have a largest value.
        values: The numbers, with shape (N).
        found: The sizes.
        scale: What to multiply by.
    """
    tops = {"half_entropy": found.qubits // 2, "single_entropy": 1, "negative_share": 1}
    if measure not in tops:
        return mean(values).times(scale)
    return bounded(values.tolist(), tops[measure]).times(scale)


@dataclass(frozen=True)
class Difference:
    """Generated less data: the mean with the ends of its Welch interval.

    `deviation` is the standard deviation of the data.
    """

    mean: float
    low: float
    high: float
    deviation: float

    @property
    def size(self) -> float:
        """The difference in standard deviations of the data."""
        return self.mean / self.deviation if self.deviation else 0.0

    def judged(self, margin: float) -> Judged:
        """Judges the difference, with a margin in standard deviations of the data."""
        return judge_interval((self.low, self.high), margin * self.deviation)


def difference(found: Found, measure: str, digit: int | None = None) -> Difference:
    """Compares the generated states with the data.

    Arguments:
        found: The ensembles.
        measure: One of the measures.
        digit: The class; all if `None`.
    """
    from scipy.stats import ttest_ind  # Slow to import.

    made, data = (found.ensembles[name].of(measure, digit) for name in ("S0", "data"))
    interval = ttest_ind(made.numpy(), data.numpy(), equal_var=False).confidence_interval()
    gap = float(made.mean() - data.mean())
    return Difference(gap, float(interval.low), float(interval.high), float(data.std()))


def rows_by_class(found: Found) -> list[dict[str, Any]]:
    """Returns a row for each ensemble and class, and one for all classes together."""
    rows = []
    for name, ensemble in found.ensembles.items():
        for digit in (None, *(range(CLASSES) if ensemble.classes is not None else ())):
            if len(ensemble.of("half_entropy", digit)) < 2:
                continue
            row: dict[str, Any] = {
                "ensemble": name,
                "class": "all" if digit is None else digit,
                "states": len(ensemble.of("half_entropy", digit)),
            }
            for measure in MEASURES:
                row |= columns_of(measure, summary_of(measure, ensemble.of(measure, digit), found))
            rows.append(row)
    return rows


def orientation_rows(found: Found) -> list[dict[str, Any]]:
    """Returns the mean share of negative cells of each ensemble for each orientation."""
    rows = []
    for name, ensemble in found.ensembles.items():
        shares = ensemble.numbers["negative_share_by_orientation"].mean(dim=0).tolist()
        for signs, share in zip(orientations(found.qubits), shares, strict=True):
            text = "".join("+" if sign > 0 else "-" for sign in signs)
            rows.append({"ensemble": name, "signs": text, "negative_share": share})
    return rows


def variance_between_classes(ensemble: Ensemble, measure: str) -> float:
    """Returns which share of the variance of a measure is between the classes."""
    values = ensemble.of(measure)
    assert ensemble.classes is not None
    explained = torch.zeros_like(values)
    for digit in ensemble.classes.unique().tolist():
        inside = ensemble.classes == digit
        explained[inside] = values[inside].mean()
    return float(explained.var() / values.var())


def by_digit(found: Found, name: str) -> Tensor:
    """Returns the mean mutual information of each pair for each digit, with shape (C, P)."""
    ensemble = found.ensembles[name]
    assert ensemble.classes is not None
    shared = ensemble.numbers["information"].double()
    return torch.stack([shared[ensemble.classes == d].mean(dim=0) for d in found.digits])
