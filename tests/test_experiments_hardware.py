"""The experiment on a quantum computer: limits of rates, claims, and the whole of it, small."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch

import latentq
from latentq.experiments.hardware import experiment
from latentq.experiments.hardware.findings import describe, error_claims, shot_claims
from latentq.experiments.hardware.measures import (
    Bench,
    error_rows,
    limit_rows,
    rate_at,
    sharing_rows,
)
from latentq.experiments.hardware.options import Options
from latentq.models.hybrid import quantum_model
from latentq.quantum.states import haar_states
from latentq.randomness import derive_generator
from tests.command_line import CommandLine

RECORDED = Path(__file__).parent.parent / "docs" / "results" / "hardware"


def test_a_limit_lies_between_two_rates() -> None:
    curve = [(0.0, 20.0), (1e-4, 20.0), (1e-2, 24.0)]

    assert rate_at(curve, 1.1) == pytest.approx(1e-3)
    assert rate_at(curve, 1.2) == pytest.approx(1e-2)
    assert rate_at(curve, 1.3) is None
    assert rate_at([(0.0, 20.0), (1e-4, 24.0)], 1.1) == pytest.approx(5e-5)


def row(error: str, rate: float, fid: float, readout: str = "linear") -> dict[str, Any]:
    return {"error": error, "rate": rate, "readout": readout, "shots": None, "fid": fid}


def test_limits_are_those_of_their_own_rows() -> None:
    rows = [
        row("none", 0.0, 10.0), row("none", 0.0, 20.0, "eigenvector"),
        row("gate", 1e-3, 11.0), row("gate", 1e-3, 20.0, "eigenvector"),
        row("gate", 1e-2, 16.0), row("gate", 1e-2, 26.0, "eigenvector"),
    ]  # fmt: skip
    plain, mended = limit_rows(rows)

    assert plain == {
        "error": "gate", "readout": "linear", "shots": None, "10%": pytest.approx(1e-3),
        "50%": pytest.approx(1e-3 * 10**0.8),
    }  # fmt: skip
    assert mended["10%"] == pytest.approx(1e-3 * 10 ** (1 / 3)) and mended["50%"] is None


def shots(readout: str, number: int | None, fid: float) -> dict[str, Any]:
    return {"readout": readout, "shots": number, "fid": fid}


@pytest.mark.parametrize(
    ("found", "verdicts"),
    [
        ((19.2, 79.0), ["confirmed", "confirmed"]),
        ((20.2, 18.9), ["refuted", "refuted"]),
    ],
)
def test_shots_are_judged(found: tuple[float, float], verdicts: list[str]) -> None:
    rows = [shots("exact", None, 18.7), shots("eigenvector", 810, 30.0)]
    rows += [shots("eigenvector", 2430, found[0]), shots("clipped", 2430, found[1])]

    assert [claim.verdict for claim in shot_claims(rows)] == verdicts
    assert shot_claims(rows[:2]) == []


@pytest.mark.parametrize(
    ("mended", "verdict"), [(None, "confirmed"), (2e-5, "confirmed"), (1.2e-5, "refuted")]
)
def test_what_the_eigenvector_mends_is_judged(mended: float | None, verdict: str) -> None:
    limits = [
        {"error": "gate", "readout": "linear", "shots": None, "10%": 1e-5},
        {"error": "gate", "readout": "eigenvector", "shots": None, "10%": mended},
    ]
    assert [claim.verdict for claim in error_claims(limits)] == [verdict]


def against_itself(layers: int | None = None) -> Bench:
    """The shipped model, or one of shallow circuits, against 200 of its own images."""
    model, prior = quantum_model(latentq.load("quantum"), "quantum")
    if layers:
        prior = latentq.QuDDPM(
            prior.forward_process, [2, 1], layers, init_scale=3.1, spread=0.3, seed=0
        )
        model.prior = prior
    classifier: Any = latentq.load("features")
    images = model.sample(200, 9).detach()
    return Bench(model, prior, classifier, images, 200, 0)


@pytest.fixture(scope="module")
def shallow() -> Bench:
    """Errors of the shipped circuits would take long to compute."""
    return against_itself(8)


def test_states_are_scored_as_their_images() -> None:
    bench = against_itself()
    rho = bench.exact()
    generator = derive_generator(0, "states")
    haar = haar_states(200, qubits=4, generator=generator, dtype=torch.complex128)
    other = haar[:, :, None] * haar[:, None, :].conj()
    near, far = bench.scores(rho), bench.scores(other)

    assert near["fid"] < 60 < 200 < far["fid"] and near["recall"] > 0.5


def test_errors_cost_more_where_the_state_is_taken_as_it_is(shallow: Bench) -> None:
    rows = error_rows(shallow, {"readout": [0.1]})
    found = {(row["error"], row["readout"]): row for row in rows if row["shots"] is None}
    plain, mended = found["readout", "linear"], found["readout", "eigenvector"]

    assert len(rows) == 5
    assert plain["fid"] > 2 * mended["fid"] and plain["purity"] < 0.4
    assert found["none", "linear"]["purity"] == pytest.approx(1)


def test_one_image_of_each_preparation_is_exact_sampling(shallow: Bench) -> None:
    alone, shared, _ = sharing_rows(shallow)
    exact = shallow.scores(shallow.exact())

    assert alone["fid"] == pytest.approx(exact["fid"], abs=1e-3)
    assert (alone["preparations"], shared["preparations"]) == (200, 25)
    assert shared["fid"] > alone["fid"]


def test_rates_are_even_on_a_logarithmic_axis() -> None:
    rates = experiment.gate_rates(3)
    assert rates == pytest.approx([1e-5, math.sqrt(3e-8), 3e-3])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["shots=0,810"], "shots: must be one or more with commas, each an integer, at least 1"),
        (["shots=80"], "shots: must be at least 81, one for each of the 81 settings of 4 qubits"),
        (["checkpoint=classical"], "checkpoint: must be a model with a quantum prior"),
        (["points=1"], "points: must be an integer, at least 2"),
    ],
)
def test_a_wrong_word_is_one_line(words: list[str], message: str, line: CommandLine) -> None:
    done = line.latentq("experiments", "hardware", "out=new", *words)

    assert done.code == 2 and len(done.mistakes) == 1
    assert done.mistakes[0].startswith(message)
    assert list(line.folder.iterdir()) == []


def test_the_recorded_page_follows_from_its_tables() -> None:
    record = json.loads((RECORDED / "record.json").read_text())
    again = describe(Options.model_validate(record["options"], strict=False), record["tables"])

    assert again.summary == record["summary"]
    assert [claim.verdict for claim in again.claims] == [c["verdict"] for c in record["claims"]]
    assert sorted(again.pictures) == sorted(record["captions"])
    assert limit_rows(record["tables"]["errors"]) == record["tables"]["limits"]
