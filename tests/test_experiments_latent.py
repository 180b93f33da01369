"""The latents of digits as quantum states: comparisons on made-up numbers, and the command."""

import csv
import json
import math
from pathlib import Path

import pytest
import torch
from torch import Tensor

from latentq.errors import InputError
from latentq.experiments.latent import claims as latent_claims
from latentq.experiments.latent import experiment as latent
from latentq.experiments.latent.measures import (
    Ensemble,
    Found,
    by_digit,
    difference,
    numbers,
    rows_by_class,
    variance_between_classes,
)
from latentq.experiments.latent.pictures import matrix_of
from latentq.experiments.measures import haar_negative_share
from latentq.report.statistics import Judged
from tests.conftest import needs_mnist

CLASSES = torch.arange(400) % 10


def ensemble(half: Tensor, share: Tensor | None = None, pairs: Tensor | None = None) -> Ensemble:
    n = len(half)
    shares = torch.full((n,), haar_negative_share(4)) if share is None else share
    return Ensemble(
        {
            "half_entropy": half,
            "single_entropy": half / 2,
            "negative_share": shares,
            "negativity": shares,
            "information": torch.ones(n, 6) if pairs is None else pairs,
            "negative_share_by_orientation": torch.stack((shares - 1e-3, shares + 1e-3), dim=1),
        },
        CLASSES,
    )


def found(generator: torch.Generator, shift: Tensor | float = 0.0) -> Found:
    half = 1.2 + 0.1 * torch.randn(400, generator=generator)
    made = 1.2 + 0.1 * torch.randn(400, generator=generator)
    gap = made.mean() - half.mean()
    base = {"data": ensemble(half), "S1": ensemble(half - 1), "S0": ensemble(made - gap + shift)}
    return Found({**base, "Haar": ensemble(half)}, [0.1, 1.0], 0.9, 4)


def test_numbers_of_known_states() -> None:
    states = torch.zeros(2, 16, dtype=torch.complex64)
    states[0, 0] = 1
    states[1, 0] = states[1, 15] = math.sqrt(0.5)
    read = numbers(states)

    assert read["half_entropy"].tolist() == pytest.approx([0, 1], abs=1e-5)
    assert read["single_entropy"].tolist() == pytest.approx([0, 1], abs=1e-5)
    assert torch.allclose(
        read["information"], torch.tensor([[0.0], [1.0]]).expand(2, 6), atol=1e-5
    )
    assert read["negative_share_by_orientation"].shape == (2, 16)
    assert read["negative_share"].tolist()[0] == 0  # A basis state, in any orientation.


def test_a_difference_has_the_interval_of_welch(generator: torch.Generator) -> None:
    gap = difference(found(generator, 0.05), "half_entropy")

    assert gap.mean == pytest.approx(0.05, abs=1e-6)
    # With 400 states each, 1.96 standard errors of 0.1 sqrt(2 / 400).
    assert gap.high - gap.mean == pytest.approx(1.96 * 0.1 * math.sqrt(2 / 400), rel=0.08)
    assert gap.low - gap.mean == pytest.approx(gap.mean - gap.high)
    assert gap.size == pytest.approx(0.5, rel=0.08)
    assert gap.judged(0.2) == Judged("higher", False) and gap.judged(0.9) == Judged("higher", True)


@pytest.mark.parametrize(
    ("shift", "verdict"), [(0.0, "confirmed"), (0.013, "not enough data"), (-0.2, "refuted")]
)
def test_the_verdict_follows_from_the_difference(
    shift: float, verdict: str, generator: torch.Generator
) -> None:
    assert latent_claims.matching(found(generator, shift)).verdict == verdict


def test_digits_are_judged_one_by_one(generator: torch.Generator) -> None:
    claim = latent_claims.by_class(found(generator, 0.5 * (CLASSES == 7)))

    assert claim.verdict == "refuted" and "largest for 7: " in claim.ours


def test_variance_between_classes_is_a_share(generator: torch.Generator) -> None:
    noise = torch.randn(400, generator=generator)

    assert variance_between_classes(ensemble(CLASSES.double()), "half_entropy") == pytest.approx(1)
    assert variance_between_classes(ensemble(noise), "half_entropy") < 0.08


def test_the_course_says_which_way_it_goes(generator: torch.Generator) -> None:
    assert "rises from S1 to S0 (1.0" in latent_claims.course_of(found(generator))
    base = found(generator)
    values = base.ensembles["S0"].of("half_entropy")
    noise = 0.1 * torch.randn(400, generator=generator)
    # As far apart as nothing, by states that vary as much, and by states that do not vary.
    for before, verb in (
        (values + noise - noise.mean(), "stays"),
        (torch.full_like(values, float(values.mean())), "may rise or fall"),
    ):
        moved = {**base.ensembles, "S1": ensemble(before)}
        text = latent_claims.course_of(Found(moved, base.kept, 0.9, 4))
        assert f"{verb} from S1 to S0" in text


def test_pairs_are_compared_digit_by_digit(generator: torch.Generator) -> None:
    base = found(generator)
    shared = torch.rand(10, 6, generator=generator)[CLASSES]
    same = {"data": ensemble(base.ensembles["data"].of("half_entropy"), pairs=shared)}
    same["S0"] = ensemble(base.ensembles["S0"].of("half_entropy"), pairs=2 * shared + 1)
    known = Found({**base.ensembles, **same}, base.kept, 0.9, 4)

    assert torch.allclose(by_digit(known, "S0"), 2 * shared[:10].double() + 1)
    assert latent_claims.pairs(known).verdict == "confirmed"
    low, high = latent_claims.correlation_ends(0.5, 60)
    # Fisher: tanh(0.5493 - 0.2596) and tanh(0.5493 + 0.2596).
    assert (low, high) == (pytest.approx(0.2818, abs=1e-4), pytest.approx(0.6690, abs=1e-4))


@pytest.mark.parametrize(("shift", "verdict"), [(0.0, "refuted"), (0.01, "confirmed")])
def test_negative_cells_must_differ_by_more_than_the_convention(
    shift: float, verdict: str, generator: torch.Generator
) -> None:
    base = found(generator)
    shares = torch.full((400,), haar_negative_share(4) + shift)
    data = ensemble(base.ensembles["data"].of("half_entropy"), shares)
    known = Found({**base.ensembles, "data": data}, base.kept, 0.9, 4)

    assert latent_claims.negative(known).verdict == verdict


def test_small_classes_are_not_compared(generator: torch.Generator) -> None:
    base = found(generator)
    rare = Ensemble(base.ensembles["S0"].numbers, CLASSES.where(CLASSES != 4, 5))
    known = Found({**base.ensembles, "S0": rare}, base.kept, 0.9, 4)

    assert known.digits == [0, 1, 2, 3, 5, 6, 7, 8, 9]
    rows = {(row["ensemble"], row["class"]): row for row in rows_by_class(known)}
    assert ("S0", 4) not in rows and rows["S0", 5]["states"] == 80
    assert rows["data", "all"]["half_entropy"] == pytest.approx(1.2, abs=0.02)


def test_pairs_stand_on_both_sides_of_the_diagonal() -> None:
    matrix = matrix_of(torch.arange(1.0, 7.0), 4)

    assert matrix[0].tolist() == [0, 1, 2, 3] and matrix[:, 3].tolist() == [3, 5, 6, 0]


@needs_mnist
def test_latent_writes_its_record(tmp_path: Path) -> None:
    latent.EXPERIMENT.run(["n=300", f"out={tmp_path}"])
    record = json.loads((tmp_path / "record.json").read_text())
    rows = list(csv.DictReader((tmp_path / "classes.csv").read_text().splitlines()))
    means = {row["ensemble"]: row for row in rows if row["class"] == "all"}

    assert list(means) == ["data", "S5", "S4", "S3", "S2", "S1", "S0", "Haar"]
    # The mean of Haar states is Page's, 1.331; the terminal states are near to basis states.
    assert float(means["Haar"]["half_entropy"]) == pytest.approx(1.331, abs=0.05)
    assert float(means["S5"]["half_entropy"]) < 0.1 < float(means["S0"]["half_entropy"])
    assert len(record["claims"]) == 6 and "S5" in record["summary"]
    for name in ("chain", "classes", "information", "pairs"):
        assert (tmp_path / f"{name}.png").stat().st_size > 5000


@pytest.mark.parametrize(
    ("option", "word"),
    [
        ("checkpoint=checkpoints/classical", "checkpoint: must be a quantum model"),
        ("checkpoint=nowhere", "checkpoint"),
        ("features=checkpoints/quantum", "features: must be a features model"),
        ("n=5", "n: must be an integer, at least 100"),
        ("memory=0.1", "n=6000: needs about 1.1 GiB"),
    ],
)
def test_mistakes_are_named(option: str, word: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=word):
        latent.EXPERIMENT.run([option, f"out={tmp_path / 'out'}"])
    assert not list(tmp_path.rglob("*.*"))
