"""The denoiser's experiment: its tests and verdicts, and its command from end to end."""

import csv
import json
import math
import sys
from pathlib import Path

import pytest
import torch
from scipy.stats import t as student

from latentq.config.commands import run_command
from latentq.errors import InputError
from latentq.experiments.denoiser import experiment as denoiser
from latentq.experiments.denoiser.claims import (
    against_chance,
    chance_claims,
    chance_verdict,
    depth_claims,
    learning_claims,
    maximum_claim,
    run_ends,
    single_runs,
)
from latentq.experiments.denoiser.remedies import (
    ADAPTED,
    AT_ONCE,
    CHANGES,
    MORE,
    REFERENCE,
    RULE,
    better,
    recipes,
    saturation,
)
from latentq.experiments.denoiser.runs import EVERY, TrainedDenoiser, gradient_row
from latentq.quantum.curriculum import DenoiserRecipe, History
from latentq.report.statistics import Summary

TINY = [
    *("qubits=2,4", "remedies=2", "depths=1,2,3", "epochs=6", "seeds=2", "remedy_seeds=2"),
    *("held_out=4", "strings=100"),
]


def outcome(held_out: list[float], qubits: int = 2) -> TrainedDenoiser:
    values = torch.tensor(held_out)
    training = torch.linspace(0, 1, 11).square().expand(len(values), 1, 11)
    looks = torch.stack((values + 0.1, values), dim=-1)[:, None]
    history = History(training, looks, looks.flip(-1), values[:, None])
    return TrainedDenoiser("", DenoiserRecipe(qubits, 2, depths=(2,), epochs=11), history)


def test_p_values_are_adjusted_for_the_number_of_sizes() -> None:
    # A guess has 0.25 with two qubits.
    near, far = (outcome([s, s + 0.01, s - 0.01]) for s in (0.27, 0.35))
    (one, one_adjusted), (two, two_adjusted) = against_chance([near, far])

    assert two < one and two_adjusted == pytest.approx(2 * two)
    assert one_adjusted == pytest.approx(max(one, 2 * two))


def test_the_test_against_a_guess_is_that_of_student() -> None:
    values = [0.27, 0.29, 0.26, 0.31]
    (p, adjusted), (other, _) = against_chance([outcome(values), outcome([0.24, 0.26, 0.25])])
    mean, deviation = 0.2825, math.sqrt(sum((v - 0.2825) ** 2 for v in values) / 3)
    statistic = (mean - 0.25) / (deviation / 2)

    assert p == pytest.approx(2 * student.sf(statistic, 3), rel=1e-4)
    assert adjusted == pytest.approx(2 * p) and other > 0.9


def test_a_single_run_lies_further_from_the_mean_than_means_do() -> None:
    low, high = run_ends(torch.tensor([0.4, 0.5, 0.6], dtype=torch.float64))

    # s = 0.1, n = 3, m = 0.5: the logit is 0 within t s sqrt(1 + 1/n) / 0.25.
    half = 4.30265 * 0.1 * math.sqrt(4 / 3) / 0.25
    assert high == pytest.approx(1 / (1 + math.exp(-half)), rel=1e-4)
    assert low + high == pytest.approx(1)


def trained_to(
    first: list[float], last: list[float], held: float = 0.06
) -> dict[str, TrainedDenoiser]:
    """A rate whose best fidelity of two stages is known; other states have `held`."""
    best = torch.tensor([first, last]).mT[..., None]
    training = torch.cat((best * 0.5, best * 0.9, best), dim=-1)
    looks = held * torch.ones(len(first), 2, 2)
    history = History(training, looks, looks, looks[..., 0])
    return {
        "rate": TrainedDenoiser("rate", DenoiserRecipe(4, 2, depths=(2, 12), epochs=3), history)
    }


@pytest.mark.parametrize(
    ("last", "verdict"),
    [
        ([0.15, 0.16, 0.14], "confirmed"),
        ([0.6, 0.62, 0.58], "refuted"),
        ([0.3, 0.305, 0.295], "no difference"),
        ([0.2, 0.3, 0.45], "not enough data"),  # It contains equality, and much else.
    ],
)
def test_a_fall_is_judged_by_its_ratio(last: list[float], verdict: str) -> None:
    fall, flat = depth_claims(trained_to([0.3, 0.31, 0.29], last))

    assert fall.verdict == verdict and flat.verdict == "confirmed"
    assert all("0.8 to 1.25" in claim.margin for claim in (fall, flat))


def test_remedies_are_judged_by_ratios() -> None:
    rows = {
        "one": outcome([0.4, 0.41, 0.42]),
        REFERENCE: outcome([0.2, 0.21, 0.2]),
        "same": outcome([0.205, 0.205, 0.205]),
        "wide": outcome([0.1, 0.21, 0.4]),
    }
    found = {name: better({4: rows}, "It is better", name) for name in rows}

    assert {name: claim.verdict for name, claim in found.items()} == {
        "one": "confirmed", REFERENCE: "no difference", "same": "no difference",
        "wide": "not enough data",
    }  # fmt: skip
    assert "ratio 2.0" in found["one"].ours  # Of the row to the reference, not the inverse.
    assert better({4: rows}, "", REFERENCE, "one").verdict == "refuted"


def test_what_is_lost_is_judged_by_the_fidelity_of_a_guess() -> None:
    alike = trained_to([0.125] * 3, [0.124, 0.125, 0.126], held=0.03)
    five, _, lost = learning_claims(alike)

    assert lost.verdict == "confirmed"  # Half of 0.125 is a guess of four qubits.
    assert five.verdict == "confirmed" and five.ours.startswith("4.1")
    assert learning_claims(trained_to([0.3] * 3, [0.3] * 3))[2].verdict == "corrected"


@pytest.mark.parametrize(
    ("qubits", "ends", "beyond", "verdict"),
    [
        (8, (0.95, 1.1), False, "confirmed"),
        (8, (0.9, 1.3), False, "not enough data"),
        (8, (1.3, 1.6), True, "corrected"),
        (4, (1.1, 1.2), True, "confirmed"),
        (4, (1.0, 1.3), True, "not enough data"),
        (4, (3.0, 3.4), True, "corrected"),
    ],
)
def test_states_held_out_against_a_guess(
    qubits: int, ends: tuple[float, float], beyond: bool, verdict: str
) -> None:
    assert chance_verdict(qubits, [Summary(sum(ends) / 2, ends)], [beyond])[1] == verdict


def test_a_single_run_of_the_log_confirms_little() -> None:
    (rate,) = trained_to([0.3, 0.31, 0.29], [0.3, 0.2, 0.1]).values()
    found = [
        single_runs("", log, rate, rate.best)[0].verdict
        for log in ({2: 0.3}, {12: 0.2}, {2: 0.9}, {2: 0.3, 12: 0.2})
    ]

    assert found == ["confirmed", "not enough data", "corrected", "not enough data"]


def test_the_maximum_is_held_to_other_states() -> None:
    sizes = {2: {"rate": outcome([0.3, 0.31, 0.29])}}  # The others are lower by 0.1.

    assert maximum_claim(sizes).verdict == "refuted"
    assert len(chance_claims({8: {"rate": outcome([0.0039, 0.004, 0.0038], 8)}})) == 1


def test_an_outcome_is_read_at_the_ends_of_stages() -> None:
    found = outcome([0.3, 0.5])

    assert found.held_out.tolist() == pytest.approx([0.3, 0.5])
    assert [v.tolist() for v in found.maximum] == [
        pytest.approx([0.4, 0.6]),
        pytest.approx([0.3, 0.5]),
    ]
    assert found.early.tolist() == pytest.approx([0.09, 0.09])  # 3 of 10 steps, squared.
    assert found.chance == 0.25


def test_saturation_is_later_for_more_qubits() -> None:
    assert 2 <= saturation(2, 500, 0) < saturation(4, 500, 0)


def test_remedies_have_the_same_number_of_steps() -> None:
    options = denoiser.Options(strings=200)
    found = recipes(options, 4)
    steps = {name: len(r.depths) * r.epochs for name, r in found.items()}

    assert all(abs(s - 600) < 10 for s in steps.values())
    assert found[AT_ONCE].depths == (12,) and found[ADAPTED].depths[:3] == (1, 2, 3)
    assert [found[MORE[k]].circuit.parameters for k in (2, 4)] == [168, 336]


def test_the_log_has_these_parameters() -> None:
    options = denoiser.Options()
    counts = [denoiser.recipe_of(options, n).circuit.parameters for n in (4, 6, 8, 10)]

    assert counts == [84, 126, 216, 270]


def test_gradients_of_both_rules_are_compared() -> None:
    row = gradient_row(DenoiserRecipe(3, 2), range(2))

    assert row["evaluations"] == 2 * 18 and row["difference"] < 1e-12 < row["mean_absolute"]


def test_the_command_writes_its_record(tmp_path: Path) -> None:
    denoiser.EXPERIMENT.run([*TINY, f"out={tmp_path}"])
    found = json.loads((tmp_path / "record.json").read_text())
    with (tmp_path / "remedies.csv").open() as file:
        rows = {row["row"]: row for row in csv.DictReader(file)}

    assert set(rows) == {*CHANGES, *MORE.values(), ADAPTED, AT_ONCE}
    assert float(rows[RULE]["chance"]) == 0.25
    assert abs(float(rows[RULE]["expected"]) - 0.25) < 0.05  # 1000 states, each by its circuit.
    assert [(r["qubits"], r["lr"]) for r in found["tables"]["sizes"]] == [
        *((2, 0.1), (2, 0.002), (4, 0.1), (4, 0.002)),
    ]
    by_stage = [
        r["held_out"] for r in found["tables"]["stages"] if (r["qubits"], r["lr"]) == (4, 0.1)
    ]
    size = found["tables"]["sizes"][2]
    assert size["held_out"] == pytest.approx(sum(by_stage) / 3)
    assert size["ratio"] == pytest.approx(16 * size["held_out"], rel=1e-5)
    assert max(r["difference"] for r in found["tables"]["gradients"]) < 1e-10
    verdicts = {c["statement"][:30]: c["verdict"] for c in found["claims"]}
    assert verdicts["The denoiser has 84, 126 and 2"] == "confirmed"
    assert verdicts["The fidelity of a guess is 0.0"] == "confirmed"
    for name in ("training", "chance", "rates", "gain", "remedies", "depths"):
        assert (tmp_path / f"{name}.png").stat().st_size > 5000
    assert EVERY == 5 and "Holm" in (tmp_path / "README.md").read_text()


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("qubits=1", "qubits: must be .* each an integer, at least 2"),
        ("remedies=4,x", "remedies: must be .* an integer"),
        ("depths=0", "depths: must be .* an integer, at least 1"),
        ("depths=4", "depths: must be 2 or more"),
        ("qubits=16", "qubits=16: needs about"),
        ("remedies=12", "remedies=12: needs about"),
        ("seeds=1", "seeds: must be an integer, at least 2"),
        ("lr=0", "lr: must be a number, above 0"),
    ],
)
def test_wrong_options_are_refused(argument: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        denoiser.denoiser(denoiser.EXPERIMENT.options([argument]))


def test_the_command_line_answers_a_mistake_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["denoiser", "depths=0", f"out={tmp_path / 'x'}"])

    assert run_command(denoiser.EXPERIMENT.run, None) == 2
    (said,) = capsys.readouterr().err.splitlines()
    must = "depths: must be 2 or more with commas, each an integer, at least 1 and at most 1000"
    assert said == f"error: {must}, was '0'"
    assert not (tmp_path / "x" / "record.json").exists()
