"""The improved QuDDPM: closed forms, estimators, and the command from end to end."""

import csv
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from scipy.optimize import minimize
from scipy.stats import entropy

from latentq.diffusion import ForwardProcess
from latentq.diffusion.losses.mmd import mmd1
from latentq.engine.circuits import denoising_circuit
from latentq.errors import InputError
from latentq.experiments.improved import claims as improved_claims
from latentq.experiments.improved import theorem_claims, theorems, verdicts
from latentq.experiments.improved.claims import GOOD, better
from latentq.experiments.improved.experiment import EXPERIMENT, plan_of
from latentq.experiments.improved.gradients import blocks, by_layer, fitted, over_cycles
from latentq.experiments.improved.models import (
    Plan,
    data_distance,
    mismatch,
    shrinking,
    spaced,
    tuned,
    zero_distance,
)
from latentq.experiments.improved.quality import (
    best_fidelity,
    divergence,
    log_ratio,
    superposition,
    unbiased_mmd,
)
from latentq.experiments.improved.scales import scale_of
from latentq.experiments.improved.statistics import crossing, factor, slopes
from latentq.experiments.improved.strength import crossings
from latentq.experiments.improved.training import excess, signal, train
from latentq.quantum.plateaus import design_variance
from latentq.quantum.states import gram_fidelities, haar_states
from latentq.quantum.targets import ExtendedGHZ
from latentq.randomness import derive_generator
from latentq.report.statistics import Summary, around
from tests import oracles
from tests.command_line import CommandLine

ROOT = Path(__file__).parent.parent
PLAN = Plan(
    steps=3, layers=2, ancillas=1, batch=8, states=20, lr=0.005, strong=(1.0, 4.0), bounded=None,
    distance=0.35, seed=0,
)  # fmt: skip
TINY = [
    *("qubits=1,2", "ablated=2", "quality=2", "steps=2", "layers=2", "ancillas=1"),
    *(
        "iterations=4",
        "quality_steps=3",
        "quality_iterations=6",
        "batch=6",
        "states=10",
        "samples=40",
        "draws=2",
    ),
    *("theorem_draws=10", "seeds=3"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("improved")
    EXPERIMENT.run([*TINY, f"out={out}"])
    return out


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    return [*csv.DictReader((folder / f"{name}.csv").read_text().splitlines())]


@pytest.mark.parametrize("strength", [0.0, 1.0, 3.0])
def test_scrambling_shrinks_the_z_component(strength: float) -> None:
    """One qubit by quadrature: RZ leaves z, RY turns it by a uniform angle."""
    delta = math.pi * strength / 8
    mean = quad(math.cos, -delta, delta)[0] / (2 * delta) if delta else 1.0

    assert shrinking([strength]) == pytest.approx(mean)
    assert shrinking([strength] * 3) == pytest.approx(mean**3)


@pytest.mark.parametrize("qubits", [1, 3])
def test_distances_are_those_of_samples(qubits: int, generator: torch.Generator) -> None:
    process = ForwardProcess(qubits, 4, (0.5, 3.0), "zero")
    n = 6000
    zeros = process.terminal_states(n, generator)
    data = process.diffuse(ExtendedGHZ(qubits).draw(n, generator), 4, generator)
    h = process.strengths

    assert excess(zeros) == pytest.approx(zero_distance(qubits, h), abs=0.015)
    assert excess(data) == pytest.approx(data_distance(qubits, h), abs=0.015)
    assert mmd1(zeros, data).item() == pytest.approx(mismatch(qubits, h), abs=0.015)


@pytest.mark.parametrize("qubits", [1, 4, 7, 10])
def test_schedules_are_tuned(qubits: int) -> None:
    strengths = tuned(qubits, 8, 0.35)

    assert zero_distance(qubits, strengths) == pytest.approx(0.35, abs=1e-9)
    assert strengths[0] == pytest.approx(strengths[-1] / 20)
    assert np.allclose(np.diff(strengths), np.diff(strengths)[0])
    assert spaced(2.0, 5) == pytest.approx(tuple(np.linspace(0.1, 2, 5)))


def test_the_excess_has_no_bias(generator: torch.Generator) -> None:
    psi = haar_states(7, qubits=2, generator=generator)
    pairs = gram_fidelities(psi, psi).fill_diagonal_(0).sum().item() / 42

    assert excess(psi) == pytest.approx(pairs - 1 / 4, abs=1e-6)
    assert (
        excess(psi[:3])
        == pytest.approx(  # fewer states than dimensions
            gram_fidelities(psi[:3], psi[:3]).fill_diagonal_(0).sum().item() / 6 - 1 / 4, abs=1e-6
        )
    )
    assert excess(torch.eye(2, dtype=torch.complex64)) == pytest.approx(-1 / 2)


def test_the_signal_leaves_noise_out(generator: torch.Generator) -> None:
    draws = torch.tensor([[3.0, 4.0], [1.0, -2.0]])
    mean = torch.tensor([1.0, 2.0])
    many = mean + 3 * torch.randn(20_000, 2, dtype=torch.float64, generator=generator)

    assert signal(draws) == pytest.approx(3 - 8)
    assert signal(many) == pytest.approx(5, abs=0.3)


def test_first_angles() -> None:
    improved, original = (
        torch.cat([*Plan(**{**vars(PLAN), "layers": 50}).model(name, 4, 0).angles]).detach()
        for name in ("improved", "original")
    )

    assert improved.abs().max() <= 1 / 50 and improved.abs().max() > 0.95 / 50
    assert original.std().item() == pytest.approx(1, abs=0.05)
    assert scale_of("L^-1/2", 4) == 0.5 and scale_of("1/L", 4) == 0.25


def test_a_training_records_its_gradients() -> None:
    run = train(PLAN, "improved", 2, 0, 3, 2)
    prior = PLAN.model("improved", 2, 0)
    objective = PLAN.objective(prior, 0)
    objective.begin(0)
    loss = objective.loss(0)["loss"]
    (gradient,) = torch.autograd.grad(loss, [prior.angles[2]])

    assert [cycle.step for cycle in run.cycles] == [2, 1, 0]
    assert run.cycles[0].norms[0].item() == pytest.approx(gradient.norm().item(), rel=1e-5)
    assert run.cycles[0].losses[0].item() == pytest.approx(loss.item(), rel=1e-5)
    norms = torch.cat([cycle.norms for cycle in run.cycles])
    assert 2 ** over_cycles(run) == pytest.approx(norms.square().mean().item() ** 0.5)
    # Mean squares of layers, times the angles of a layer, are the squared norm.
    squares = sum(4**size for size in by_layer(run.cycles[0], 2)) * 6
    assert squares == pytest.approx(run.cycles[0].handed.square().sum(dim=1).mean().item())
    assert blocks(torch.tensor([3.0, 3.0, 4.0, 4.0, 5.0, 5.0, 1.0, 1.0, 2.0, 2.0])) == [
        (pytest.approx(0.1 + 0.2 * k), pytest.approx(math.log2(size)))
        for k, size in enumerate((3, 4, 5, 1, 2))
    ]


def test_training_moves_only_its_step() -> None:
    run, start = train(PLAN, "original", 1, 0, 2, 0), PLAN.model("original", 1, 0)
    moved = [
        (a - b).abs().max().item() for a, b in zip(run.prior.angles, start.angles, strict=True)
    ]

    assert all(0 < move < 2.1 * PLAN.lr for move in moved)


@pytest.mark.parametrize("kind", theorems.KINDS)
def test_gradients_of_the_cross_term(kind: str, generator: torch.Generator) -> None:
    """Against central differences of the double sum over pairs, with matrices made of gates."""
    circuit = denoising_circuit(2, 2)
    psi = haar_states(1, 3, qubits=2, generator=generator, dtype=torch.complex128)
    target = theorems.targets_of(kind, 1, 3, 2, generator)
    angles = torch.rand(1, 8, dtype=torch.float64, generator=generator)

    def cross(theta: np.ndarray) -> float:
        out = psi[0].numpy() @ oracles.unitary(circuit, theta).T
        pairs = [abs(np.vdot(t, phi)) ** 2 for t in target[0].numpy() for phi in out]
        return -2 * float(np.mean(pairs))

    wanted = oracles.gradient(cross, angles[0].numpy())
    found = theorems.cross_gradients(circuit, angles, psi, target)[0].tolist()
    assert found == pytest.approx(wanted, abs=1e-7)


@pytest.mark.parametrize(("kind", "targets"), [("one state", 1), ("Haar states", 4)])
def test_the_variance_for_haar_inputs(kind: str, targets: int) -> None:
    mean, low, high = theorems.variance(kind, 2, 4, 1500, 0)
    closed = theorems.haar_variance(4, targets, 2)

    assert mean == pytest.approx(closed, rel=0.15) and low < mean < high
    assert closed == pytest.approx(4 * design_variance(2) / (4 * targets))
    assert theorems.printed_bound(4, 2) == pytest.approx(8 / 256 / 15)
    assert theorems.printed_bound(4, 2) == pytest.approx(theorems.linear_bound(4, 2) / 64)


@pytest.mark.parametrize("s", [0.3, 1.0, math.pi])
def test_the_factor_of_a_layer(s: float) -> None:
    mean = quad(lambda x: math.cos(x) ** 2, -s, s)[0] / (2 * s)

    assert theorems.cosine_square(s) == pytest.approx(mean)
    assert theorems.cosine_square(math.pi) == pytest.approx(0.5)
    assert theorems.cosine_square(1e-4) == pytest.approx(1) == theorems.cosine_square(0)


def test_one_random_angle_has_an_exact_mean_square(generator: torch.Generator) -> None:
    circuit, s, k = denoising_circuit(2, 2), 0.8, 5
    psi = haar_states(1, 3, qubits=2, generator=generator, dtype=torch.complex128)
    target = haar_states(1, 2, qubits=2, generator=generator, dtype=torch.complex128)
    first, hessian = theorems.at_zero(circuit, psi, target)
    places, weights = np.polynomial.legendre.leggauss(20)
    angles = torch.zeros(20, circuit.parameters, dtype=torch.float64)
    angles[:, k] = torch.as_tensor(s * places)
    inputs, wanted = (x.expand(20, -1, -1) for x in (psi, target))
    squares = theorems.cross_gradients(circuit, angles, inputs, wanted)[:, k].square()
    factor = theorems.cosine_square(s)

    assert weights @ squares.numpy() / 2 == pytest.approx(
        (first[k] ** 2 * factor + hessian[k] ** 2 * (1 - factor)).item()
    )


def test_mean_states_have_no_gradient_at_zero() -> None:
    """Diagonal mean states as sets of basis states with repetitions."""
    basis = torch.eye(8, dtype=torch.complex128)
    psi, target = basis[[0, 0, 0, 1, 2, 5]][None], basis[[0, 7]][None]
    first, hessian = theorems.at_zero(denoising_circuit(3, 2), psi, target)

    assert first.abs().max() < 1e-12 and hessian.abs().max() > 0.1


def test_the_best_fidelity_is_the_largest(generator: torch.Generator) -> None:
    psi = haar_states(3, qubits=2, generator=generator, dtype=torch.complex128)

    for state, found in zip(psi.numpy(), best_fidelity(psi).tolist(), strict=True):

        def loss(x: np.ndarray, state: np.ndarray = state) -> float:
            member = np.array([np.cos(x[0]), 0, 0, np.exp(1j * x[1]) * np.sin(x[0])])
            return -(abs(np.vdot(member, state)) ** 2)

        tries = [minimize(loss, [0.7, b]).fun for b in (0.0, 2.0, 4.0)]
        assert found == pytest.approx(-min(tries), abs=1e-6)


def test_the_family_is_perfect(generator: torch.Generator) -> None:
    psi = ExtendedGHZ(3).draw(20_000, generator)

    assert best_fidelity(psi).min() > 1 - 1e-6
    assert divergence(psi) == pytest.approx(0, abs=1e-3)
    assert unbiased_mmd(psi) == pytest.approx(0, abs=0.005)
    assert superposition(psi).mean().item() == pytest.approx(2 / math.pi, abs=0.01)


def test_the_divergence_is_that_of_scipy(generator: torch.Generator) -> None:
    psi = haar_states(5, qubits=2, generator=generator)
    q = psi.abs().square().mean(dim=0).numpy()

    assert divergence(psi) == pytest.approx(entropy([0.5, 0, 0, 0.5], q), rel=1e-5)


def test_the_unbiased_mmd_is_that_of_many_targets(generator: torch.Generator) -> None:
    psi = haar_states(6, qubits=2, generator=generator)
    target = ExtendedGHZ(2).draw(20_000, generator)
    own = gram_fidelities(psi, psi).fill_diagonal_(0).sum().item() / 30
    biased = gram_fidelities(psi, psi).mean().item()

    assert unbiased_mmd(psi) == pytest.approx(mmd1(psi, target).item() - biased + own, abs=0.01)


def test_slopes_and_crossings() -> None:
    found = slopes([{1: 0.0, 4: -3.0, 7: -6.0}, {1: 5.0, 4: -1.0, 7: -7.0}])

    assert found.mean == pytest.approx(-1.5) and len(found.values) == 2
    assert crossing([1.0, 4.0, 16.0], [0.0, 2.0, 6.0], 4.0) == pytest.approx(8.0)
    assert crossing([1.0, 2.0], [0.0, 1.0], 2.0) is None
    # Floor 0, top 8: the level 4 is half way from 0.01 to 0.04 on a scale of logarithms.
    # The other seed loses bits with the distance.
    sizes = {0.0: [0.0, 9.0], 0.01: [2.0, 9.0], 0.04: [6.0, 9.5], 0.7: [8.0, 8.5]}
    assert crossings(sizes)[0] == pytest.approx(0.02) and len(crossings(sizes)) == 1
    assert fitted([1, 4, 7]) == [4, 7] and fitted([1, 2]) == [1, 2]
    assert factor(around(3.0, 1.0)) == "8.0 [4.0, 16.0]"


def test_verdicts_follow_the_intervals() -> None:
    def of(mean: float, half: float = 0.1) -> Summary:
        return around(mean, half)

    assert verdicts.order(Summary(1.0, None)).side == "not enough data"
    assert [verdicts.order(of(x)).side for x in (-1, 1)] == ["lower", "higher"]
    slope = [verdicts.decay(of(x)) for x in (-1, -0.5, 0, 1, -0.9)]
    assert slope == ["confirmed", "corrected", "not enough data", "refuted", "not enough data"]
    flat = [verdicts.flatness(of(x)) for x in (0, -0.25, -1)]
    assert flat == ["confirmed", "not enough data", "refuted"]
    ratio = [verdicts.larger(of(x)) for x in (8, 3, 0, -3, 6.64)]
    assert ratio[:4] == ["confirmed", "corrected", "no difference", "refuted"]
    assert ratio[4] == "not enough data"  # The interval holds 100.
    assert verdicts.larger(of(0, 0.4)) == "not enough data"


@pytest.mark.parametrize(
    ("bits", "half", "verdict"),
    [
        (1.0, 0.3, "confirmed"),
        (-1.0, 0.3, "refuted"),
        (0.0, 0.3, "no difference"),
        (0.0, 0.5, "not enough data"),
    ],
)
def test_better_samples_have_less_error(bits: float, half: float, verdict: str) -> None:
    """`bits` are by how much the improved model is better, in all four measures."""

    def row(name: str, mean: float, half: float) -> dict[str, float]:
        return {name: mean, f"{name}_low": mean - half, f"{name}_high": mean + half}

    states = ("improved", "original")
    quality = [
        {"states": s} | {k: v for m in GOOD for k, v in row(m, 0.5, 0.1).items()} for s in states
    ]
    comparisons = [
        {"against": "original", "measure": m, **row("log2_ratio", sign * bits, half)}
        for m, (_, sign) in GOOD.items()
    ]
    claim = better({"quality": quality, "comparisons": comparisons}, "original", "It is better")

    assert claim.verdict == verdict and "ratio" in claim.margin


def ends(name: str, low: float, high: float) -> dict[str, float]:
    return {name: (low + high) / 2, f"{name}_low": low, f"{name}_high": high}


@pytest.mark.parametrize(
    ("low", "high", "handed", "falls"),
    [
        (1.0, 2.0, "confirmed", "refuted"),
        (-2.0, -1.0, "refuted", "confirmed"),
        (-0.2, 0.2, "no difference", "no difference"),
        (-1.0, 1.0, "not enough data", "not enough data"),
    ],
)
def test_a_cascade_is_judged_by_its_sign(low: float, high: float, handed: str, falls: str) -> None:
    """Ideal inputs have a larger gradient than those handed on; the chain's grows or falls."""
    row = {"model": "original", "qubits": 4, "step": 0, "forward": 0.1, **ends("trained", 0, 1)}
    gap = ends("log2_lost", low, high) | ends("log2_since_first", low, high)
    found = improved_claims.cascade({"handed": [row | gap], "chain": [row]})

    assert [claim.verdict for claim in found] == [handed, falls]


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (-2.0, -1.0, "confirmed"),  # Other scales have less gradient.
        (1.0, 2.0, "refuted"),
        (-0.1, 0.2, "no difference"),
        (-1.0, 0.2, "not enough data"),
    ],
)
def test_scales_are_judged_by_their_sign(low: float, high: float, verdict: str) -> None:
    rows = [
        {"scale": name, "qubits": 4, **ends("log2_more", low, high), **ends("kl", 1, 2)}
        for name in ("1/L", "L^-1/2", "pi")
    ]

    assert improved_claims.scales({"scales": rows}).verdict == verdict


@pytest.mark.parametrize(
    ("haar", "bounded", "verdict"),
    [
        (-0.9, 0.0, "confirmed"),
        (0.0, 0.0, "refuted"),
        (-0.9, -0.9, "corrected"),
        (-0.9, -0.25, "not enough data"),
        (-0.25, 0.0, "not enough data"),
    ],
)
def test_the_cause_of_a_plateau(haar: float, bounded: float, verdict: str) -> None:
    """Slopes of Haar inputs with small angles, and of bounded ones with normal angles."""
    slopes = {("haar", "small"): haar, ("zero", "normal"): bounded}
    rows = [
        {"inputs": a, "angles": b, **ends("slope", slope - 0.05, slope + 0.05)}
        for (a, b), slope in slopes.items()
    ]

    assert improved_claims.cause({"remedies": rows}).verdict == verdict


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(0.01, 0.02, "confirmed"), (0.31, 0.4, "refuted"), (0.2, 0.4, "not enough data")],
)
def test_a_threshold_is_below_or_above(low: float, high: float, verdict: str) -> None:
    rows = [{"target": t, "found": 4, "seeds": 4, **ends("threshold", low, high)}
            for t in ("schedule", "data")]  # fmt: skip
    found = improved_claims.diffusion({"strength": [{"qubits": 4}], "thresholds": rows})

    assert [claim.verdict for claim in found] == [verdict] * 2


@pytest.mark.parametrize(
    ("improved", "original", "verdict"),
    [
        ((1, 2), (-0.2, 0.2), "confirmed"),
        ((1, 2), (1, 2), "corrected"),
        ((-2, -1), (-0.2, 0.2), "refuted"),
        ((-0.2, 0.2), (1, 2), "no difference"),
        ((1, 2), (-1, 1), "not enough data"),
        ((-1, 1), (-0.2, 0.2), "not enough data"),
    ],
)
def test_a_fall_of_the_divergence(
    improved: tuple[float, float], original: tuple[float, float], verdict: str
) -> None:
    fall = {"improved": improved, "original": original}
    row = {"states": "", **ends("best_fidelity", 0.4, 0.5), **ends("superposition", 0, 0.1)}
    row |= {k: v for m in GOOD for k, v in ends(m, 0.4, 0.5).items()}
    names = ("improved", "original", "improved, undenoised", "Haar states", "the family")
    tables: dict[str, Any] = {
        "path": [{"model": m, "step": 0, **ends("fall", *of)} for m, of in fall.items()],
        "quality": [row | {"states": name} for name in names],
        "scales": [{"qubits": 4}],
        "comparisons": [
            {"against": name, "measure": m, **ends("log2_ratio", -1, 1)}
            for name in names[1:3] for m in GOOD
        ],
    }  # fmt: skip
    found = improved_claims.quality(tables)

    assert found[0].verdict == verdict and found[3].verdict == "confirmed"


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(1.0, 2.0, "confirmed"), (4.0, 5.0, "refuted"), (1.0, 4.0, "not enough data")],
)
def test_bounds_hold_by_whole_intervals(low: float, high: float, verdict: str) -> None:
    """A bound of 3 on all settings, among them those that the powers are taken from."""
    rows = [
        {"targets": kind, "qubits": n, "states": states, "closed_form": None, "low": low,
         "high": high, "variance": high, "printed_bound": 3.0, "linear_bound": 3.0}
        for kind in theorems.KINDS for n in theorems.QUBITS for states in theorems.SETS
    ]  # fmt: skip
    found = theorem_claims.first_theorem({"variances": rows})

    assert [claim.verdict for claim in found] == [verdict] * 2


def test_a_ratio_is_that_of_new_to_old() -> None:
    found = log_ratio([4.0, 8.0], [2.0, 4.0])

    assert found["log2_ratio"] == pytest.approx(1.0)
    assert set(log_ratio([4.0, -1.0], [2.0, 4.0]).values()) == {None}


def test_the_command_writes_all_files(folder: Path) -> None:
    record = json.loads((folder / "record.json").read_text())
    page = (folder / "README.md").read_text()

    for name in record["captions"]:
        assert (folder / f"{name}.png").stat().st_size > 5000 and f"{name}.svg" in page
    assert len(record["captions"]) == 8
    for name, table in record["tables"].items():
        assert len(rows(folder, name)) == len(table) > 0
    assert all(claim["statement"] in page for claim in record["claims"])
    assert all(line.count("|") == 5 for line in page.splitlines() if line.startswith("|"))
    assert (
        "T = 30 and 300 iterations" in page
        and "here T = 2 and 4, for the quality of samples T = 3 and 6" in page
    )


def test_the_command_measures_what_is_known(folder: Path) -> None:
    for row in rows(folder, "schedules"):
        exact = 0.35 if row["model"] == "improved" else 0.0
        assert float(row["start_exact"]) == pytest.approx(exact)
        assert float(row["start_measured"]) == pytest.approx(exact, abs=0.1)
    assert all(float(r["low"]) > float(r["printed_bound"]) for r in rows(folder, "variances"))
    assert len(rows(folder, "cycles")) == 2 * 2 * 3 * 2
    shares = [float(row["share"]) for row in rows(folder, "histogram")]
    assert sum(shares) == pytest.approx(5)
    few, *_, many = (float(row["gradient_squared"]) for row in rows(folder, "zero"))
    assert many < few / 4


@pytest.mark.parametrize(
    ("option", "word"),
    [
        ("qubits=1", "qubits: must be 2 or more"),
        ("qubits=0,4", "qubits: must be .*, each an integer, at least 1"),
        ("qubits=4,20", "qubits=20: needs about"),
        ("ablated=18", "ablated=18: needs about"),
        ("ancillas=0", "ancillas: must be at least 1, was 0; .* nothing can be learned"),
        ("strong=1,2,3", "strong: must be the first and the last, or one for each of 8"),
        ("strong=1,-4", "strong: must be .*, each a number, at least 0, was '-4'"),
        ("strong=1,inf", "strong: must be .* a number, at least 0, was 'inf'"),
        (
            "bounded=soft",
            "bounded: must be tuned or one or more .* a number, .* 'soft'",
        ),
        ("bounded=1", "bounded: must be the first and the last"),
        ("distance=0.6", r"distance: must be below 0.5, .* 1 qubit can be, was 0.6"),
    ],
)
def test_bad_options_are_refused(option: str, word: str) -> None:
    with pytest.raises(InputError, match=word):
        plan_of(EXPERIMENT.options([option]))


def test_options_become_a_plan() -> None:
    options = EXPERIMENT.options(["qubits=4,1,4", "bounded=0.1,2"])
    plan = plan_of(options)
    generator = derive_generator(0, "plan")

    assert options.qubits == (1, 4) and plan.process("improved", 4).strengths[-1] == 2
    assert plan.process("original", 4).terminal_states(3, generator).shape == (3, 16)
    assert plan.process("original", 4).terminal == "haar"


def test_the_command_line_exits_with_two(line: CommandLine) -> None:
    done = line.program("latentq/experiments/improved/__main__.py", "strong=1,-4", "out=place")

    assert done.code == 2 and done.mistakes[0].startswith("strong: must be one or more")
    assert len(done.mistakes) == 1 and not [*line.folder.iterdir()]
