"""Models of different sizes on machines with errors: sizes, rates, claims and the page."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

import latentq
from latentq.diffusion import ForwardProcess, QuDDPM
from latentq.diffusion.near_term import NearTermQuDDPM
from latentq.engine.noisy import Noise
from latentq.experiments.devices.experiment import rates_of
from latentq.experiments.devices.findings import claims, describe, machine_lines, summary
from latentq.experiments.devices.measures import gates_of, name_of, rates_that_cost
from latentq.experiments.devices.options import Options
from latentq.experiments.hardware.measures import Bench, noisy_states
from latentq.models.hybrid import quantum_model
from latentq.quantum.readout import density_matrices
from tests.command_line import CommandLine

RECORDED = Path(__file__).parent.parent / "docs" / "results" / "devices"
NEAR = ForwardProcess(qubits=2, steps=3, terminal="product")


def test_sizes_count_what_a_machine_runs() -> None:
    small = NearTermQuDDPM(NEAR, 4, layers=(1, 2, 1), seed=0)
    large = QuDDPM(ForwardProcess(), layers=86, seed=0)

    assert gates_of(small) == {"angles": 4 * 4 * 6, "cz": 8, "rzz": 0}
    assert gates_of(large) == {"angles": 4300, "cz": 1720, "rzz": 6}


def test_a_model_has_the_name_of_its_run() -> None:
    assert name_of("checkpoints/quantum") == "quantum"
    assert name_of("runs/near-term/model") == "near-term"


def test_rates_have_the_one_of_the_grids() -> None:
    rates = rates_of(Options(points=3, shown=0.003))
    assert rates == pytest.approx([1e-5, 10**-3.2614, 0.003, 0.03], rel=1e-3)


def rows_of(name: str, *fids: float) -> list[dict[str, Any]]:
    rates = (0.0, 1e-3, 3e-3)
    return [
        {"model": name, "rate": rate, "readout": read, "fid": fid + 5 * (read == "linear")}
        for rate, fid in zip(rates, fids, strict=True)
        for read in ("linear", "eigenvector")
    ]


def tables(fid: float) -> dict[str, Any]:
    rates = [*rows_of("a", 20.0, 22.0, fid), *rows_of("b", 10.0, 10.0, 11.0)]
    models = [
        {"model": name, "angles": 70, "cz": 28, "rzz": 6, "fid_terminal": 300.0} for name in "ab"
    ]
    return {"models": models, "rates": rates, "limits": rates_that_cost(rates)}


@pytest.mark.parametrize(("fid", "verdict"), [(149.0, "confirmed"), (151.0, "refuted")])
def test_half_of_the_terminal_states_is_the_bound(fid: float, verdict: str) -> None:
    assert [c.verdict for c in claims(Options(), tables(fid))] == [verdict, "confirmed"]


def test_each_model_has_its_own_limits() -> None:
    found = {(r["model"], r["readout"]): r for r in tables(32.0)["limits"]}

    assert found["a", "eigenvector"]["10%"] == pytest.approx(1e-3)
    assert found["a", "eigenvector"]["50%"] == pytest.approx(1e-3 * 3**0.8)
    assert found["b", "eigenvector"] == {
        "model": "b", "readout": "eigenvector", "10%": pytest.approx(3e-3), "50%": None,
    }  # fmt: skip
    assert "b (70 angles, 28 CZ and 6 RZZ) has FID 15.0 without errors" in summary(
        Options(), tables(32.0)
    )


def test_machines_are_told_with_their_day() -> None:
    perfect = {"machine": "perfect gates", "fid": 40.0}
    one = {
        "model": "a", "machine": "prague", "calibrated": "2023-01-12", "two_qubit_gates": 28,
        "median_error": 0.003, "images": 320, "fid": 45.0,
    }  # fmt: skip
    (line,) = machine_lines({**tables(30.0), "machines": [perfect, one]})

    assert "calibrated 2023-01-12" in line and "28 two-qubit gates" in line
    assert "have FID 45.0; by perfect gates as many have 40.0" in line
    assert machine_lines(tables(30.0)) == []


def test_noisy_states_of_a_conditional_model_are_of_its_classes() -> None:
    model, shipped = quantum_model(latentq.load("quantum-conditional"), "quantum-conditional")
    process = shipped.forward_process
    prior = latentq.QuDDPM(process, ancillas=[2, 1], layers=3, init_scale=3.1, spread=0.3, seed=0)
    model.prior = prior
    classifier: Any = latentq.load("features")
    images = model.sample(200, 9).detach()
    bench = Bench(model, prior, classifier, images, 200, 0)
    psi = model.sample_states(200, 0).to(torch.complex128)

    assert torch.allclose(noisy_states(bench, Noise()), density_matrices(psi), atol=1e-4)


def test_the_recorded_page_follows_from_its_tables() -> None:
    record = json.loads((RECORDED / "record.json").read_text())
    again = describe(Options.model_validate(record["options"], strict=False), record["tables"])

    assert again.summary == record["summary"]
    assert [claim.verdict for claim in again.claims] == [c["verdict"] for c in record["claims"]]
    assert {*again.pictures} < {*record["captions"]}
    assert rates_that_cost(record["tables"]["rates"]) == record["tables"]["limits"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["models=quantum,quantum"], "models: must have different names, were quantum, quantum"),
        (["models=classical"], "checkpoint: must be a model with a quantum prior"),
        (["machines=osaka"], "machines: must be one or more with commas"),
        (["points=1"], "points: must be an integer, at least 2"),
    ],
)
def test_a_wrong_word_is_one_line(words: list[str], message: str, line: CommandLine) -> None:
    done = line.latentq("experiments", "devices", "out=new", *words)

    assert done.code == 2 and len(done.mistakes) == 1
    assert done.mistakes[0].startswith(message)
    assert [*Path(line.folder).iterdir()] == []
