"""The noise experiment from end to end at a small size, and the verdicts it draws."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from latentq.errors import InputError
from latentq.experiments.noise import experiment as noise
from latentq.experiments.noise import findings
from latentq.experiments.noise.experiment import Curves, means, memory_of, saturation
from latentq.experiments.record import Claim
from latentq.quantum.entanglement import page_entropy
from latentq.quantum.scrambling import haar_moment


def verdicts(claims: list[Claim]) -> list[str]:
    return [claim.verdict for claim in claims]


def test_the_command(tmp_path: Path) -> None:
    options = ["qubits=2,4", "depth=12", "draws=2", "ensembles=2", "states=8", "strings=200"]
    noise.EXPERIMENT.run([*options, f"out={tmp_path}"])
    found = json.loads((tmp_path / "record.json").read_text())
    rows = found["tables"]["means"]

    assert [(row["qubits"], row["depth"]) for row in rows] == [
        (n, t) for n in (2, 4) for t in range(13)
    ]
    assert rows[0]["decay"] == pytest.approx(0, abs=1e-5)
    assert rows[0]["entropy"] == pytest.approx(0, abs=1e-5)
    # |0...0> in all circuits: the overlaps are 1, in units of Haar's mean 1/4.
    assert rows[0]["distance_1"] == pytest.approx(3)
    deep = rows[-1]
    assert deep["decay"] == pytest.approx(1.0, abs=0.1)
    assert deep["entropy"] == pytest.approx(page_entropy(4, 2), abs=0.15)
    assert {row["pattern"] for row in found["tables"]["averages"]} == {
        *("staggered", "brickwork", "ladder")
    }
    page = next(claim for claim in found["claims"] if "Page value" in claim["statement"])
    assert page["verdict"] == "refuted" and page["ours"].startswith("1.331 bits")
    assert (tmp_path / "saturation.svg").is_file() and (tmp_path / "README.md").is_file()


def test_a_seed_tells_the_numbers(tmp_path: Path) -> None:
    options = noise.Options(depth=2, draws=2, ensembles=2, states=4)
    one, two, other = (
        noise.measure_size(3, options.model_copy(update={"seed": seed})).decay
        for seed in (3, 3, 4)
    )

    assert np.array_equal(one, two) and not np.allclose(one, other)


def test_rows_of_known_curves() -> None:
    decay = np.array([[0.0, 0.8, 1.0], [0.0, 0.6, 1.0]])
    distance = np.full((2, 3, 2), haar_moment(16, 1))
    curves = Curves(4, decay, 2 * decay, distance)
    rows, row = means(curves), saturation(curves, 0)

    assert [r["decay"] for r in rows] == pytest.approx([0, 0.7, 1])
    # Two values 0.2 apart: 12.706 standard errors of 0.1.
    ends = rows[1]["decay_low"], rows[1]["decay_high"]
    assert ends == pytest.approx((0.7 - 1.2706, 0.7 + 1.2706), rel=1e-3)
    # In bits, two at most: 1.4 of 2 is 0.7, and the logit half is 1.2706 / 0.21.
    half = 12.7062 * 0.1 / 0.21
    logits = [math.log(0.7 / 0.3) + sign * half for sign in (-1, 1)]
    ends = rows[1]["entropy_low"], rows[1]["entropy_high"]
    assert ends == pytest.approx([2 / (1 + math.exp(-x)) for x in logits], rel=1e-4)
    assert rows[1]["entropy"] == pytest.approx(1.4)
    assert rows[1]["distance_1"] == pytest.approx(1)
    assert rows[1]["distance_2"] == pytest.approx(136 / 16)
    # 0.9 is two thirds of the way from 0.7 to 1.
    assert row["crossing"] == pytest.approx(1 + 2 / 3) and row["depth"] == 2
    assert row["low"] == pytest.approx(1.5) and row["high"] == pytest.approx(1.75)


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (4.2, 4.8, "confirmed"),
        (4.0, 5.0, "confirmed"),
        (3.0, 4.1, "not enough data"),  # The crossing may be in the layer before.
        (4.9, 5.6, "not enough data"),
        (5.1, 5.9, "corrected"),
        (3.0, 3.9, "corrected"),
    ],
)
def test_a_depth_is_confirmed_by_an_interval_within_its_layer(
    low: float, high: float, verdict: str
) -> None:
    row = {"qubits": 4, "crossing": (low + high) / 2, "low": low, "high": high, "depth": 5}

    assert verdicts(findings.depth_claims([row])) == [verdict]


def test_the_slope_is_confirmed_within_its_interval() -> None:
    strings = [
        {"pattern": pattern, "qubits": n, "depth": t, "decay": min(1.0, t / n)}
        for pattern in ("brickwork", "ladder")
        for n in (4, 8, 12)
        for t in range(20)
    ]
    for step, verdict in ((1.5, "confirmed"), (1.74, "not enough data"), (1.9, "corrected")):
        rows = [{"qubits": n, "crossing": step * n + e} for n, e in ((4, 0), (8, 0.01), (12, 0))]
        claim, simple = findings.slope_claims(rows, strings)
        assert claim.verdict == verdict
        # Brickwork and ladder have 0.9 a qubit here: 0.5 is wrong for all three.
        assert simple.verdict == "confirmed"
        assert "1.65" in claim.ours  # of the log's own depths


def test_the_simple_estimate_is_judged_for_every_layer() -> None:
    right, off, wide = (0.45, 0.55), (1.3, 1.5), (0.4, 1.5)

    assert findings.wrong([off, off]) == "confirmed" and findings.wrong([right]) == "refuted"
    assert findings.wrong([off, right]) == "corrected"
    assert findings.wrong([off, wide]) == "not enough data"


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(0.996, 1.004, "corrected"), (0.947, 0.953, "confirmed"), (0.94, 0.96, "not enough data")],
)
def test_levels_are_confirmed_by_narrow_intervals(low: float, high: float, verdict: str) -> None:
    rows = [
        {"qubits": 4, "depth": t, "decay": (low + high) / 2, "decay_low": low, "decay_high": high,
         "entropy": s, "entropy_low": s - 0.01, "entropy_high": s + 0.01}
        for t, s in enumerate((0.0, 0.4, 0.8, 1.0, 1.1, 1.2, 1.25, 1.3, 1.32))
    ]  # fmt: skip
    decay, _, entropy = findings.level_claims(rows)

    assert decay.verdict == verdict and entropy.verdict == "corrected"
    rows[6] |= {"entropy": 1.33, "entropy_low": 1.325, "entropy_high": 1.335}
    assert findings.level_claims(rows)[2].verdict == "confirmed"


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("qubits=1", "qubits: must be .* each an integer, at least 2 and at most 30, was '1'"),
        ("depth=0", "depth: must be an integer, at least 1"),
        ("qubits=4,28", "qubits=28: needs about 256.0 GiB, more than memory=4 GiB"),
        ("draws=1", "draws: must be an integer, at least 2"),
    ],
)
def test_bad_input(option: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        noise.EXPERIMENT.run([option, f"out={tmp_path}/new"])
    assert not (tmp_path / "new").exists()


def test_the_estimate_of_memory() -> None:
    """16 qubits: 32 states of 2^16 amplitudes of 8 bytes, four times."""
    assert memory_of(16, 32) == 2**16 * 8 * 32 * 4
    assert memory_of(16, 8) == 2**16 * 8 * 16 * 4
