"""The experiment on barren plateaus: its parts, and its command from end to end."""

import csv
import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from latentq.engine import fused
from latentq.engine.circuits import cnot_circuit
from latentq.errors import InputError
from latentq.experiments.plateaus import claims as judged
from latentq.experiments.plateaus import log
from latentq.experiments.plateaus.experiment import EXPERIMENT, check_sizes
from latentq.experiments.plateaus.log import mean_infidelity, of_all_states, scrambled
from latentq.experiments.plateaus.statistics import fit_rows, line, mean_interval
from latentq.experiments.plateaus.training import schedule, task_states
from latentq.quantum.plateaus import drawn_states, global_cost, marginal_cost
from latentq.quantum.states import fidelity, haar_states
from latentq.randomness import derive_generator
from tests.command_line import CommandLine

ROOT = Path(__file__).parent.parent
TINY = [
    *("qubits=2,4,5,6", "layers=1,12", "draws=100", "trained=2,3", "iterations=20", "seeds=3"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("plateaus")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(log, "SIGNAL_DRAWS", 3)  # They take most of the time.
        EXPERIMENT.run([*TINY, f"out={out}"])
    return out


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    return [*csv.DictReader((folder / f"{name}.csv").read_text().splitlines())]


def test_the_command_writes_what_theory_says(folder: Path) -> None:
    for row in rows(folder, "variances"):
        assert float(row["low"]) <= float(row["variance"]) <= float(row["high"])
        haar = row["inputs"] == row["targets"] == "haar"
        if haar and row["cost"] == "global" and row["angle"] == "all":
            assert float(row["variance"]) == pytest.approx(float(row["deep_theory"]), rel=0.3)
    for row in rows(folder, "checks"):
        assert float(row["variance"]) == pytest.approx(float(row["closed_form"]), rel=0.3)
    for row in rows(folder, "pairs"):
        assert float(row["marginal_cost"]) == pytest.approx(float(row["closed_form"]), rel=0.3)


def test_the_command_writes_all_files(folder: Path) -> None:
    record = json.loads((folder / "record.json").read_text())
    page = (folder / "README.md").read_text()

    for name in ("variance", "depth", "training", "blindness"):
        assert (folder / f"{name}.png").stat().st_size > 5000 and f"{name}.svg" in page
    assert all(claim["statement"] in page for claim in record["claims"])
    verdicts = [claim["verdict"] for claim in record["claims"]]
    assert verdicts[:2] == ["corrected", "not enough data"]  # Of ten draws.
    assert len(rows(folder, "variances")) == 4 * 2 * 3 * 2 * 2


def test_the_log_has_less_signal_than_noise(folder: Path) -> None:
    found = {row["states"]: row for row in rows(folder, "log")}
    one, ten, every = (float(found[key]["typical"]) for key in ("1", "10", "all"))

    assert found["1"]["angles"] == "216"
    # 1 / (sqrt(2) (d + 1)) for one state, less by sqrt(10) for ten, and order 1 / d^2 for all.
    assert one == pytest.approx(1 / (2**0.5 * 257), rel=0.1)
    assert ten == pytest.approx(one / 10**0.5, rel=0.1)
    assert 0.1 / 256**2 < every < 3 / 256**2


def test_a_line_is_found_again() -> None:
    x = np.array([4.0, 6.0, 8.0, 10.0])
    noise = np.array([0.1, -0.1, -0.1, 0.1])  # has no slope
    slope, half, r2 = line(x, 3 - 2 * x + noise)

    assert slope == pytest.approx(-2)
    # s^2 = 0.04 / 2, standard error sqrt(0.02 / 20), t(0.975, 2) = 4.3027.
    assert half == pytest.approx(4.3027 * 0.001**0.5, rel=1e-4)
    assert r2 == pytest.approx(80 / 80.04)


def test_fits_tell_an_exponential_from_a_power() -> None:
    common = {"inputs": "haar", "targets": "haar", "angle": "all", "layers": 1}
    found = fit_rows(
        [
            {**common, "cost": cost, "qubits": n, "variance": law(n), "deep_theory": 2.0**-n}
            for cost, law in (("global", lambda n: 4.0**-n), ("marginal", lambda n: n**-2.0))
            for n in range(2, 10)
        ]
    )

    assert [row["sizes"] for row in found] == [6, 6]
    assert found[0]["slope"] == pytest.approx(-2) and found[1]["power"] == pytest.approx(-2)
    assert [judged.law(row) for row in found] == ["refuted", "confirmed"]
    unclear = {**found[0], "r2": 0.99, "power_r2": 0.98}
    assert judged.law(unclear) == "not enough data"


def test_verdicts_follow_the_intervals() -> None:
    found = [judged.agrees(*of, -2) for of in ((-1.98, 0.02), (-1.8, 0.1), (-1.9, 0.06))]
    assert found == ["confirmed", "corrected", "not enough data"]
    signal = {"typical": 3.0, "low": 2.9, "high": 3.1}
    ratio = judged.signal_to_noise(signal, {"typical": 5.0, "low": 4.9, "high": 5.1})
    assert ratio.mean == pytest.approx(3 / 4) and ratio.ends is not None
    assert ratio.ends[0] == pytest.approx(2.9 / math.sqrt(5.1**2 - 2.9**2))
    assert ratio.ends[0] < ratio.mean < ratio.ends[1]


@pytest.mark.parametrize(
    ("ratio", "deep", "needed", "fails"),
    [
        ((0.01, 0.5), (0.7, 0.8), "refuted", "refuted"),
        ((2.0, 3.0), (0.001, 0.03), "confirmed", "confirmed"),
        ((0.9, 1.1), (0.03, 0.06), "no difference", "not enough data"),
        ((0.5, 1.5), (0.03, 0.06), "not enough data", "not enough data"),
    ],
)
def test_trainings_are_judged_by_their_ratio(
    ratio: tuple[float, float], deep: tuple[float, float], needed: str, fails: str
) -> None:
    ends = [
        {"task": task, "qubits": 8, "cost": cost, "fidelity": sum(deep) / 2,
         "fidelity_low": deep[0], "fidelity_high": deep[1], "ratio": sum(ratio) / 2,
         "ratio_low": ratio[0], "ratio_high": ratio[1]}
        for task in ("shallow", "deep", "product") for cost in ("global", "marginal")
    ]  # fmt: skip
    claims = judged.training({"ends": ends})

    assert [claim.verdict for claim in claims] == [needed, fails]


def test_an_interval_is_that_of_the_mean() -> None:
    values = torch.randn(2000, generator=torch.Generator().manual_seed(0)).double()
    mean, low, high = mean_interval(values, 0)

    assert mean == pytest.approx(values.mean().item())
    assert (high - low) / 2 == pytest.approx(1.96 / 2000**0.5, rel=0.1)


def test_the_mean_over_haar_states_has_a_closed_form(generator: torch.Generator) -> None:
    unitary = torch.linalg.qr(torch.randn(1, 4, 4, dtype=torch.complex128, generator=generator))[0]
    psi = haar_states(40_000, qubits=2, generator=generator, dtype=torch.complex128)
    sampled = 1 - fidelity(psi, psi @ unitary[0].mT).mean()

    assert mean_infidelity(unitary).item() == pytest.approx(sampled.item(), abs=0.005)


def test_the_signal_is_the_gradient_of_that_mean() -> None:
    circuit = cnot_circuit(8, 1)
    angles = torch.zeros(1, circuit.parameters, dtype=torch.float64)
    found = of_all_states(circuit, angles, derive_generator(0, "signal"))
    basis = torch.eye(256, dtype=torch.complex128)[None]
    inputs = scrambled(basis, derive_generator(0, "signal"))
    ends = []
    for sign in (1, -1):
        moved = angles.clone()
        moved[0, 9] += sign * 1e-3
        ends.append(mean_infidelity(fused.evolve(circuit, moved, inputs)).item())

    assert found[0, 9].item() == pytest.approx((ends[0] - ends[1]) / 2e-3, rel=1e-3)


def test_a_product_task_can_be_solved() -> None:
    circuit = cnot_circuit(3, 2)
    psi, target = task_states("product", circuit, 2, derive_generator(0, "task"))
    again = derive_generator(0, "task")
    angles = 2 * torch.pi * torch.rand(2, 2, 3, 3, dtype=torch.float64, generator=again)
    output = fused.evolve(circuit, angles.flatten(1), psi)

    assert torch.allclose(target, drawn_states("zero", 2, 3, again))
    assert torch.allclose(fidelity(output, target), torch.ones(2, 1, dtype=torch.float64))
    assert fidelity(psi, target).max() < 0.9


def test_schedules() -> None:
    assert schedule("global", 2) == [global_cost] * 2
    assert schedule("marginal", 2) == [marginal_cost] * 2
    assert schedule("marginal, then global", 3) == [marginal_cost] + [global_cost] * 2


@pytest.mark.parametrize(
    ("option", "word"),
    [
        ("qubits=1,4,5,6", "qubits: must be .* each an integer, at least 2"),
        ("qubits=2,4,6", "qubits: must have three sizes of 4"),
        ("qubits=4,5,30", "qubits=30: needs about"),
        ("layers=0,4", "layers: must be .* each an integer, at least 1"),
        ("layers=4", "layers: must be 2 or more"),
        ("trained=4,x", "trained: must be .* an integer"),
        ("trained=26", "trained=26: needs about"),
        ("memory=0.01", "qubits=12: needs about"),
    ],
)
def test_bad_lists_are_refused(option: str, word: str) -> None:
    with pytest.raises(InputError, match=word):
        check_sizes(EXPERIMENT.options([option]))


def test_the_command_line_exits_with_two(line: CommandLine) -> None:
    done = line.program("latentq/experiments/plateaus/__main__.py", "layers=0,1", "out=place")

    assert done.code == 2 and done.mistakes[0].startswith("layers: must be")
    assert len(done.mistakes) == 1 and not [*line.folder.iterdir()]
