"""The benchmarks: what they compare, what they count, and what they answer to wrong options."""

import importlib
import itertools
import json
import os
import subprocess
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch

from benchmarks import engines, roofline
from benchmarks.chain import TimedChain, parts_of_chain, time_chain
from benchmarks.chain_rows import before, chain_work, time_chains
from benchmarks.check import Disagreement, Observation, compare, observe
from benchmarks.choices import (
    Choice,
    compiled_or_run,
    copies_or_pairs,
    exchanged,
    loops_or_products,
    time_choice,
    together_or_in_turn,
)
from benchmarks.command import Options
from benchmarks.engines import ENGINES, OURS, PEERS, Engine
from benchmarks.figure import chart
from benchmarks.parts import parts_of_iteration, time_parts
from benchmarks.rows import Limits, time_row
from benchmarks.solvers import SOLVERS, Solver, costs_of, sizes_of, time_solvers
from benchmarks.suites import PEER_SUITES, tasks_of
from benchmarks.tables import (
    document,
    document_of_chain,
    document_of_choices,
    document_of_parts,
    document_of_solvers,
)
from benchmarks.task import BenchmarkTask
from benchmarks.timing import ROUNDS, plan, time_in_turn
from latentq.config.commands import read_options
from latentq.config.compose import load_config
from latentq.config.config import arguments_of
from latentq.diffusion import QuDDPM
from latentq.diffusion.losses import assignment, wasserstein
from latentq.diffusion.losses.mmd import LOSSES
from latentq.diffusion.schedule import cosine_schedule
from latentq.engine import fused
from latentq.errors import InputError
from latentq.models import storage
from latentq.quantum.states import haar_states
from latentq.report.pages import markdown
from tests.command_line import CommandLine

ROOT = Path(__file__).parent.parent
TINY = BenchmarkTask(2, 1, 2, 8)
TINY_CHAIN = (
    *("model=quantum", "prior.layers=2", "prior.qubits=2", "prior.steps=2", "prior.ancillas=1"),
    *("denoising.cells=true", "denoising.intermediate_weight=0.05"),
    *(
        "denoising.input_batch_size=8",
        "denoising.start_batch_size=8",
        "denoising.target_batch_size=8",
    ),
)
# d > B: the loss of the peers takes its other form, and ours does not compile the circuit.
WIDE = BenchmarkTask(3, 1, 3, 4)


def call(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *words],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def spoiled(seen: Observation, **changes: Any) -> Observation:  # noqa: ANN401
    return replace(seen, **changes)


@pytest.fixture(scope="module")
def ours() -> Observation:
    return observe(OURS.build(TINY))


@pytest.mark.filterwarnings("ignore")  # The peers announce deprecations of their own.
@pytest.mark.parametrize("task", [TINY, WIDE], ids=lambda task: task.label)
@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.key)
def test_peers_compute_what_ours_does(peer: Engine, task: BenchmarkTask) -> None:
    for package in peer.needs:
        pytest.importorskip(package)

    compare(peer.label, observe(peer.build(task)), observe(OURS.build(task)))


def test_gradient_is_that_of_the_loss() -> None:
    iteration = OURS.build(TINY)
    _, gradient = iteration.gradient()
    place, width = int(np.abs(gradient).argmax()), 1e-2

    losses = []
    for sign in (-1, 1):
        moved = OURS.build(TINY)
        moved.parameter.data[place] += sign * width  # type: ignore[attr-defined]
        losses.append(moved.gradient()[0])

    assert (losses[1] - losses[0]) / (2 * width) == pytest.approx(gradient[place], rel=1e-2)


def test_check_accepts_rounding(ours: Observation) -> None:
    compare("rounded", spoiled(ours, gradient=ours.gradient * (1 + 1e-5)), ours)


@pytest.mark.parametrize("what", ["loss", "gradient", "angles"])
def test_check_finds_a_wrong_number(ours: Observation, what: str) -> None:
    wrong = np.array(getattr(ours, what))
    steepest = np.abs(ours.gradient).argmax()
    wrong[() if what == "loss" else steepest] *= 1.01

    with pytest.raises(Disagreement, match=f"some engine: its {what} differs"):
        compare("some engine", spoiled(ours, **{what: wrong}), ours)


def test_check_finds_a_gradient_of_one_sign_error(ours: Observation) -> None:
    wrong = ours.gradient.copy()
    wrong[np.abs(wrong).argmin()] *= -1

    with pytest.raises(Disagreement, match="gradient"):
        compare("some engine", spoiled(ours, gradient=wrong), ours)


def test_check_refuses_what_is_not_finite(ours: Observation) -> None:
    lost = spoiled(ours, gradient=np.full_like(ours.gradient, np.nan))

    with pytest.raises(Disagreement):
        compare("lost", lost, lost)


@pytest.mark.parametrize("task", tasks_of("qubits", 0, "cpu")[:7], ids=lambda task: task.label)
def test_gradients_of_all_rows_are_steep_enough_to_compare(task: BenchmarkTask) -> None:
    _, gradient = OURS.build(task).gradient()

    assert np.abs(gradient).max() > 0.05


def test_roofline_counts_an_iteration_by_hand() -> None:
    # One qubit and one ancilla, one layer, two states: 8 amplitudes and 2 matrices, and nothing
    # is compiled. A pair of amplitudes takes 28 operations in one matrix, three times, and 24.
    task = BenchmarkTask(1, 1, 1, 2)
    loops = roofline.circuit_work(task, states=2)
    assert loops == roofline.Work(flops=4 * 2 * (3 * 28 + 24), bytes=8 * 5 * 8)

    # Two products (2 x 2)(2 x 2) for the mean states, one for the gradient, 8 operations an entry.
    loss = roofline.loss_work(task)
    assert loss == roofline.Work(flops=3 * 8 * 8 + 4 * 8, bytes=8 * (3 * 12 + 4 * 4))
    # 4 operations on 8 amplitudes, 20 on 4.
    measured = roofline.measurement_work(task)
    assert measured.flops == 4 * 8 + 20 * 4
    assert roofline.count(task).flops == loops.flops + loss.flops + measured.flops


def test_roofline_counts_matrix_products_by_hand() -> None:
    # The layer is one 4 x 4 matrix. Two products (2 x 4)(4 x 4) and one (4 x 2)(2 x 4), 32
    # multiplications of 8 operations each, and 6 operations on each entry of the matrix.
    work = roofline.product_work(BenchmarkTask(1, 1, 1, 2), states=2)

    assert work.flops == 3 * 32 * 8 + 16 * 6
    # Each product touches 8 + 16 + 8 numbers of 8 bytes; the last 16 are read and written.
    assert work.bytes == 8 * (3 * 32 + 2 * 16)


def test_roofline_counts_kraus_matrices_where_the_engine_compiles() -> None:
    task = BenchmarkTask(1, 1, 1, 64)
    parts = [roofline.circuit_work(task, states=2), roofline.measurement_work(task)]
    rest = roofline.count(task).flops - sum(p.flops for p in parts)

    # Two products of 64 x 2 x 4, forward and for the gradient.
    assert rest - roofline.loss_work(task).flops == 2 * 8 * 64 * 2 * 4


def test_blocks_are_long_and_rounds_fill_the_time() -> None:
    assert plan(0.001, 2.0) == (50, 40)
    assert plan(0.02, 0.6) == (3, 10)
    assert plan(30.0, 2.0) == (1, ROUNDS[0])


class Counter:
    """An iteration that does nothing."""

    def __init__(self) -> None:
        self.steps = 0

    def step(self) -> None:
        self.steps += 1

    def wait(self) -> None:
        pass


def test_every_engine_gets_its_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    plans = iter([(2, 3), (1, 7)])
    monkeypatch.setattr("benchmarks.timing._calibrate", lambda iteration: 0.0)
    monkeypatch.setattr("benchmarks.timing.plan", lambda each, budget: next(plans))
    slow, fast = Counter(), Counter()

    timed = time_in_turn({"slow": slow, "fast": fast}, 1.0, np.random.default_rng(0))

    assert (slow.steps, fast.steps) == (6, 7)
    assert (timed["slow"].rounds, timed["fast"].rounds) == (3, 7)


def test_peer_that_is_not_installed_is_reported() -> None:
    absent = replace(PEERS[0], needs=("no_such_package",))

    assert absent.missing() == ["no_such_package"]
    assert Limits(1e9).reason(absent, TINY) == "not installed: no_such_package"


def test_peers_that_take_too_much_are_left_out() -> None:
    peer = PEERS[0]
    limits = Limits(memory=1e9)

    assert limits.reason(peer, TINY) is None
    assert "GB" in str(limits.reason(peer, BenchmarkTask(15, 1, 6, 16)))
    limits.learn(peer, TINY, first=1.0, each=21.0)
    assert "over 20 s" in str(limits.reason(peer, TINY))


def test_row_becomes_a_table_and_a_figure(tmp_path: Path) -> None:
    tasks = [TINY, replace(TINY, batch=16)]
    peer = replace(PEERS[0], needs=("no_such_package",))
    rows = [time_row(task, [peer], Limits(1e9), 0.2, 1e11, lambda _: None) for task in tasks]
    machine = {"cpu": "some CPU", "device": "cpu", "date": "today", "packages": {}}
    result = {
        "suite": "batch",
        "machine": {**machine, "git_commit": None},
        "rows": rows,
        "peaks": {"flops_per_s": 1e11, "bytes_per_s": 1e10},
    }
    text = markdown(document(result, None), tmp_path)

    assert json.loads(json.dumps(result)) == result
    assert "not installed: no\\_such\\_package" in text
    assert "time / floor" in text
    assert rows[0]["engines"][OURS.key]["median"] > 0
    assert len(chart(rows, "batch").axes[0].lines) == 1


def test_every_engine_has_a_module_and_a_place_in_the_figure() -> None:
    folder = Path(str(engines.__file__)).parent
    for engine in ENGINES.values():
        assert (folder / f"{engine.place.split('.')[0]}.py").is_file()
    assert {key.removesuffix("_kraus") for key in ENGINES} == set(
        importlib.import_module("benchmarks.figure").COLOURS
    )
    assert [len(tasks_of(suite, 0, "cpu")) for suite in PEER_SUITES] == [2, 2, 7, 9]


def test_engines_are_chosen_by_name() -> None:
    assert read_options(["engines=fused,torchquantum"], Options).engines == (
        *("fused", "torchquantum"),
    )
    assert read_options(["engines=all"], Options).engines == tuple(ENGINES)
    with pytest.raises(InputError, match="did you mean torchquantum"):
        read_options(["engines=torchqantum"], Options)


@pytest.mark.parametrize(
    ("word", "message"),
    [
        (
            "suite=headlines",
            "suite: must be one of headline, step, batch, qubits, chain, solvers, parts, choices",
        ),
        ("seconds=0", "seconds: must be a number, above 0"),
        ("engines=nothing", "engines: must be all, or one or more with commas, each one of fused"),
    ],
)
def test_command_names_mistakes_in_one_line(word: str, message: str, line: CommandLine) -> None:
    # It keeps the process to one core, and this one goes on.
    line.patch.setattr("benchmarks.single_thread.restrict", lambda: None)
    done = line.module("benchmarks", word)

    assert done.code == 2
    assert message in done.err
    assert done.err.count("\n") == 1


def test_a_choice_is_timed_against_its_alternative() -> None:
    calls: list[str] = []
    ways = {"fast": lambda: calls.append("fast"), "slow": lambda: time.sleep(0.002)}
    row = time_choice(Choice("nothing", ways, "fast"), 0.05, seed=0)
    text = markdown(document_of_choices({**own_suite("choices"), "rows": [row]}), Path())

    assert row["ms"]["slow"] >= 2 and "fast" in calls
    assert "| nothing | fast: " in text and " | slow: " in text


@pytest.mark.parametrize("qubits", [4, 14])
def test_the_choices_are_those_of_the_engine(qubits: int) -> None:
    assert loops_or_products(qubits, 1).taken == ("loops" if qubits == 4 else "matrix products")
    assert copies_or_pairs(64).taken == "pairs" and copies_or_pairs(512).taken == "copies"
    for task in (TINY, WIDE):
        compiled = fused.compiles(task.circuit, task.ancillas, task.batch)
        assert (compiled_or_run(task).taken == "Kraus matrices") == compiled


def test_both_ways_of_a_choice_agree() -> None:
    pairs = (loops_or_products(3, 4), copies_or_pairs(8), together_or_in_turn(2))
    for choice in pairs:
        one, other = (way() for way in choice.ways.values())
        assert torch.allclose(one, other, atol=1e-5)
    compiled, run = (way() for way in compiled_or_run(TINY).ways.values())
    assert torch.allclose(compiled, run, atol=1e-4)


def test_parts_and_their_whole() -> None:
    row = time_parts(TINY.label, parts_of_iteration(TINY), 0.01, seed=0)
    text = markdown(document_of_parts({**own_suite("parts"), "rows": [row]}), Path())

    assert sum(row["ms"].values()) == pytest.approx(row["whole_ms"])
    assert "| the whole | " in text and "100%" in text


CHANGED = {
    "prior.layers": 3,
    "prior.ancillas": 2,
    "prior.qubits": 2,
    "loss": "mmdk",
    "outcomes": "exact",
    "denoising.cells": False,
    "denoising.single_steps": True,
    "denoising.input_batch_size": 40,
    "denoising.start_batch_size": 8,
    "denoising.target_batch_size": 24,
    "denoising.intermediate_weight": 0.25,
    "denoising.lr": 0.02,
    "prior.steps": 3,
}


@pytest.mark.parametrize("changed", [{}, CHANGED], ids=["shipped", "changed"])
def test_the_chain_that_is_timed_is_that_of_the_configuration(
    changed: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a training builds it, key by key."""
    monkeypatch.setattr("benchmarks.chain.STATES", 400)
    config = load_config([f"{key}={value}" for key, value in changed.items()])
    chain, prior, settings = TimedChain(config, "cpu"), config["prior"], config["denoising"]
    found, objective = cast(QuDDPM, chain.prior), chain.objective

    steps = range(prior["steps"])
    expected = [
        tuple(given[min(t, len(given) - 1)] for t in steps)
        for given in (np.atleast_1d(prior[key]).tolist() for key in ("layers", "ancillas"))
    ]
    assert [tuple(c.layers for c in found.circuits), found.ancillas] == expected
    assert found.forward_process.qubits == prior["qubits"]
    assert (found.outcomes, found.engine) == (config["outcomes"], config["engine"])
    assert found.distance is LOSSES[config["loss"]]
    sizes = (f"{part}_batch_size" for part in ("input", "start", "target"))
    numbers = (*sizes, "intermediate_weight")
    assert [getattr(objective, k) for k in numbers] == [settings[k] for k in numbers]
    assert len(objective.members) == (2 ** prior["qubits"] if settings["cells"] else 1)
    assert objective.phase == objective.alone == (prior["steps"] if changed else 0)
    assert chain.optimizer.param_groups[0]["initial_lr"] == 1.0
    rate = settings["lr"] * cosine_schedule(0, 100 * settings["epochs"])
    assert chain.scheduler.lr_lambdas[0](100 * objective.alone) == pytest.approx(rate)
    for word in (f"L={prior['layers']}", config["loss"], f"{config['outcomes']} outcomes"):
        assert word in chain.label


def test_the_recorded_chain_is_the_model_that_is_shipped(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page calls it so."""
    monkeypatch.setattr("benchmarks.chain.STATES", 400)
    shipped = storage.describe(ROOT / "checkpoints" / "quantum")[1]["arguments"]
    config = load_config(["model=quantum"])
    recorded = json.loads((ROOT / "benchmarks" / "results" / "chain.json").read_text())

    assert arguments_of(config) == shipped
    assert recorded["chain"]["label"] == TimedChain(config, "cpu").label


@pytest.mark.parametrize("outcomes", ["score", "sampled"])
def test_the_parts_of_a_chain_are_what_an_iteration_does(
    outcomes: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmarks.chain.STATES", 200)
    chain = TimedChain(load_config([*TINY_CHAIN, f"outcomes={outcomes}"]), "cpu")
    parts = parts_of_chain(chain)
    calls: list[Any] = []
    solve = assignment.assign

    def spy(cost: torch.Tensor) -> assignment.Assignment:
        calls.append(cost)
        return solve(cost)

    with exchanged(assignment, assign=spy):
        counts = []
        for name in ("the whole", "losses without the solver", "solver of the transports"):
            calls.clear()
            parts[name]()
            counts.append(len(calls))

    assert counts == [2, 0, 2]
    before = [p.detach().clone() for p in chain.prior.parameters()]
    for name, part in parts.items():
        part()
        moved = any(
            not torch.equal(a, b) for a, b in zip(before, chain.prior.parameters(), strict=True)
        )
        assert moved == (name == "the whole"), name
    timing = time_chain(chain, 0.01)
    row = time_parts(chain.label, parts, 0.01, seed=0)
    result = {**own_suite("chain"), "rows": [row]}
    result["chain"] = {"label": chain.label, **asdict(timing), "cores": 0.5}
    result["steps"] = time_chains({"tiny": chain}, 0.01, 0, 1e11)
    result["transports"] = [
        {"case": "a transport", "ms": {"new": 1.0, "old": 3.0}, "taken": "new"}
    ]
    text = markdown(document_of_chain(result), Path())

    assert timing.median > 0 and sum(row["ms"].values()) == pytest.approx(row["whole_ms"])
    assert "| solver of the transports | " in text and "had 50% of its core" in text
    assert "| tiny | " in text and "| a transport | new: 1.00 | old: 3.00 | 3.00 |" in text


def test_the_floor_of_a_chain_is_counted_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four groups of two states, two steps: the sum of its parts."""
    monkeypatch.setattr("benchmarks.chain.STATES", 200)
    chain, task = TimedChain(load_config([*TINY_CHAIN]), "cpu"), BenchmarkTask(2, 1, 2, 8)
    kraus = 3 * 8 * (8 * 4 * 8)
    # Products (2 x 4)(4 x 2), 4 costs of 6 operations, 8 amplitudes of 14.
    transports = 4 * (8 * 2 * 4 * 2 + 4 * 6 + 8 * 14)
    rest = roofline.circuit_work(task, 4).flops + roofline.measurement_work(task).flops

    assert chain_work(chain).flops == 2 * (rest + kraus + transports)


def test_transports_are_what_they_were(generator: torch.Generator) -> None:
    phi, psi = (haar_states(3, 7, qubits=2, generator=generator) for _ in range(2))
    weights = torch.full((3, 7), 1 / 7)

    assert torch.allclose(wasserstein(phi, psi, weights).sum(), before(phi, psi, weights))


def test_solvers_agree_and_are_timed() -> None:
    row = time_solvers(3, 5, 0.01, seed=0)
    text = markdown(document_of_solvers({**own_suite("solvers"), "rows": [row]}), Path())

    assert {"ours", "POT", "SciPy"} <= row["ms"].keys() and min(row["ms"].values()) > 0
    assert row["ms"].keys() | {*row["missing"]} == {solver.label for solver in SOLVERS}
    assert "| 3 transports, 5 + 5 Haar states | " in text


@pytest.mark.parametrize("solver", SOLVERS, ids=lambda solver: solver.label)
def test_every_solver_finds_the_least_cost(solver: Solver) -> None:
    """Of all permutations of four."""
    pytest.importorskip(solver.needs)
    cost = costs_of(2, 4, seed=0)
    orders = [*itertools.permutations(range(4))]

    least = [min(float(c[range(4), order].mean()) for order in orders) for c in cost]

    assert np.allclose(solver.prepare(cost)(), least, rtol=0, atol=1e-6)


def test_a_solver_that_finds_another_cost_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = Solver("greedy", "scipy", lambda cost: lambda: cost.amin(dim=-1).mean(dim=-1).numpy())
    monkeypatch.setattr("benchmarks.solvers.SOLVERS", (*SOLVERS[:2], wrong))

    with pytest.raises(Disagreement, match="greedy: its costs differ from ours by"):
        time_solvers(3, 5, 0.01, seed=0)


def test_transports_of_solvers_are_those_of_the_default_step() -> None:
    config = load_config(["prior.steps=3", "denoising.start_batch_size=640"])

    assert sizes_of(config) == ((48, 40), (30, 64), (1, 1024))


def test_the_suite_of_a_step_has_the_sizes_of_the_configuration() -> None:
    config = load_config(["model=quantum"])
    prior, settings = config["prior"], config["denoising"]

    last, others = tasks_of("step", 0, "cpu")

    assert [last.ancillas, others.ancillas] == prior["ancillas"]
    assert [last.layers, others.layers] == prior["layers"]
    assert (last.qubits, last.batch) == (prior["qubits"], settings["start_batch_size"])


def own_suite(suite: str) -> dict[str, Any]:
    machine = {"cpu": "a processor", "device": "cpu", "date": "2026-01-01", "packages": {}}
    return {"suite": suite, "machine": {**machine, "git_commit": None}}


def test_documented_tables_are_those_of_the_results() -> None:
    lines = (ROOT / "docs" / "performance.md").read_text().splitlines()
    tables = [line for line in lines if line.startswith("|")]
    results = {
        line
        for path in (ROOT / "benchmarks" / "results").glob("*.md")
        for line in path.read_text().splitlines()
    }

    assert len(tables) > 40
    assert [line for line in tables if line not in results] == []
