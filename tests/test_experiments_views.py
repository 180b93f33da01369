"""The views of a state: training, verdicts that follow from numbers, and the command."""

import csv
import json
import math
from pathlib import Path

import pytest
import torch

from latentq.engine import fused
from latentq.engine.circuits import cnot_circuit
from latentq.errors import InputError
from latentq.experiments.measures import haar_negative_share
from latentq.experiments.views import claims as views_claims
from latentq.experiments.views import experiment as views
from latentq.experiments.views import measures as views_measures
from latentq.experiments.views.gallery import bins
from latentq.experiments.views.measures import Setting, denoised, original, scrambled
from latentq.experiments.views.statistics import ratio_of_means
from latentq.quantum.entanglement import schmidt_spectrum
from latentq.quantum.states import fidelity, haar_states

SETTING = Setting(4, [2, 6], 3, [0, 1, 5], 1, 0)
SMALL = [
    *("qubits=3", "depths=1,2", "layers=2", "draws=3", "epochs=2", "longer=4"),
    *("reference=50", "seed=1"),
]


def test_the_original_has_a_dominant_schmidt_coefficient() -> None:
    psi = torch.stack(
        [views.original_states(4, torch.Generator().manual_seed(seed))[:2] for seed in range(100)]
    )
    first = schmidt_spectrum(psi, [0, 1])[..., 0]

    # Mean fidelity with a product state is near 1 / (1 + 0.5^2), and 0.61 for a Haar state.
    assert first[:, 0].min() > 0.6 and first[:, 0].mean() > 0.8 > first[:, 1].mean() + 0.1


def test_training_is_adam_on_the_infidelity(generator: torch.Generator) -> None:
    """Two circuits trained together are each trained alone, by an optimizer written out."""
    circuit = cnot_circuit(2, 2)
    psi, goals = haar_states(2, 2, 3, qubits=2, generator=generator)
    start = torch.rand(2, circuit.parameters, generator=generator)
    found = views.denoised_states(circuit, start, psi, goals, [0, 1, 3], 0.1)

    for s in range(2):
        angles = start[s].clone()
        mean, square = torch.zeros(2, circuit.parameters)
        for step in range(4):
            angles.requires_grad_()
            states = fused.run(circuit, angles, psi[s])
            if step in (0, 1, 3):
                assert torch.allclose(found[[0, 1, 3].index(step), s], states, atol=1e-4)
            (grad,) = torch.autograd.grad((1 - fidelity(goals[s], states)).mean(), angles)
            mean, square = 0.9 * mean + 0.1 * grad, 0.999 * square + 0.001 * grad**2
            change = mean / (1 - 0.9 ** (step + 1))
            scale = (square / (1 - 0.999 ** (step + 1))).sqrt() + 1e-8
            angles = (angles - 0.1 * change / scale).detach()


def test_marks_are_those_asked_for_and_the_usual_ones() -> None:
    assert views.marks_of(100, 3000) == [0, 1, 3, 10, 30, 100, 300, 1000, 3000]
    assert views.marks_of(5, 20) == [0, 1, 3, 5, 10, 20]


def test_the_lead_is_that_of_the_magnitudes(generator: torch.Generator) -> None:
    """A state with all magnitudes of its goal leads, one with all phases lags behind."""
    goals = haar_states(1, 4, qubits=4, generator=generator)
    turns = torch.rand(goals.shape, generator=generator)
    sizes = haar_states(1, 4, qubits=4, generator=generator).abs()
    right_sizes = torch.polar(goals.abs(), goals.angle() + turns)
    right_phases = torch.polar(sizes, goals.angle())
    near = goals[None, None].expand(3, 2, -1, -1, -1).clone()
    near[1, 0], near[1, 1] = right_sizes, right_phases
    lead = views_measures.lead(views_measures.learning(SETTING, goals, near))

    assert lead[0].abs().max() < 1e-5
    assert lead[1, 0] > 0.02 and lead[1, 1] < -0.02


def stages(generator: torch.Generator, draws: int = 12) -> dict[str, dict[str, torch.Tensor]]:
    product = torch.zeros(draws, 16, dtype=torch.complex64)
    product[:, 0] = 1
    flat = torch.full((2, draws, 16), 0.25, dtype=torch.complex64)
    return views_measures.stage_numbers(
        Setting(4, [2, 6], draws, [0, 1, 5], 1, 0),
        product,
        flat,
        torch.stack((flat, flat, product.expand(2, -1, -1))),
    )


def test_verdicts_follow_from_the_numbers(generator: torch.Generator) -> None:
    found = stages(generator)
    haar = views_measures.reference(4, 300, 0)

    assert views_claims.grey(SETTING, found, haar).verdict == "confirmed"  # It is flat.
    assert views_claims.signature().verdict == "refuted"
    assert views_claims.pure(SETTING, found).verdict == "confirmed"
    # Recovered in half of the cases: all states here are products.
    assert views_claims.steepness(SETTING, found).verdict == "refuted"
    assert views_claims.flattening(SETTING, found).verdict == "refuted"
    # Products have no negative cells: they are told from Haar states.
    assert views_claims.wigner_values(SETTING, found, haar).verdict == "confirmed"
    assert views_claims.injection(SETTING, found).verdict == "no difference"
    # None of these states has any negativity that could be kept.
    assert views_claims.shuffling(SETTING, found).verdict == "not enough data"
    three = Setting(3, [2, 6], 3, [0, 1, 5], 1, 0)
    assert views_claims.wigner_values(three, found, haar).verdict == "cannot be compared"
    worse = {**found, scrambled(6): {**found[scrambled(6)], "purity": torch.full((12,), 0.9)}}
    assert views_claims.pure(SETTING, worse).verdict == "refuted"


@pytest.mark.parametrize(
    ("shift", "spread", "verdict"),
    [(0.0, 0.01, "no difference"), (0.0, 0.1, "not enough data"), (0.05, 0.01, "confirmed")],
)
def test_shares_are_those_of_haar_states_within_the_convention(
    shift: float, spread: float, verdict: str, generator: torch.Generator
) -> None:
    found, haar = stages(generator), views_measures.reference(4, 300, 0)
    noise = torch.linspace(-1, 1, 12)
    for name in (original(), scrambled(6), denoised(6, 1)):
        found[name]["negative_share"] = haar_negative_share(4) + shift + spread * noise

    assert views_claims.wigner_values(SETTING, found, haar).verdict == verdict


def test_a_ratio_of_means_is_the_inverse_of_the_other_way_round() -> None:
    one, other = torch.tensor([1.0, 2.0, 0.0, 3.0]), torch.tensor([2.0, 5.0, 1.0, 8.0])
    found, back = ratio_of_means(one, other), ratio_of_means(other, one)

    assert found is not None and back is not None and found.mean == pytest.approx(6 / 16)
    assert found.ends is not None and back.ends is not None
    assert found.ends == pytest.approx([1 / end for end in reversed(back.ends)])
    assert ratio_of_means(one, torch.zeros(4)) is None


@pytest.mark.parametrize(
    ("shift", "shuffled", "injected"),
    [(0.1, "corrected", "refuted"), (-0.1, "refuted", "confirmed")],
)
def test_signs_decide(
    shift: float, shuffled: str, injected: str, generator: torch.Generator
) -> None:
    found = stages(generator)
    noise = 1e-3 * torch.randn(12, generator=generator)
    found[original()]["negativity"] = 0.5 + noise
    for name in ("negative_share", "negativity"):
        found[scrambled(6)][name] = found[original()][name] + (1 + (name == "negativity")) * shift
        found[scrambled(6)][name] = found[scrambled(6)][name] + noise.flip(0)
        found[denoised(6, 1)][name] = found[original()][name]

    assert views_claims.shuffling(SETTING, found).verdict == shuffled
    assert views_claims.injection(SETTING, found).verdict == injected


def test_pairs_are_compared_by_their_largest_and_by_correlation(
    generator: torch.Generator,
) -> None:
    found = stages(generator)
    shared = torch.rand(12, 6, generator=generator)
    found[original()]["information"] = shared
    found[scrambled(6)]["information"] = shared.flip(-1)
    for epochs in (1, 5):
        found[denoised(6, epochs)]["information"] = 2 * shared + 1

    assert torch.allclose(views_claims.correlation(shared, 2 * shared + 1), torch.ones(12))
    assert views_claims.topology(SETTING, found).verdict == "confirmed"
    assert views_claims.dominant_pair(SETTING, found).verdict == "confirmed"
    found[scrambled(6)]["information"] = shared
    assert views_claims.dominant_pair(SETTING, found).verdict == "refuted"


def test_bins_hold_equally_many_values() -> None:
    values = torch.arange(97) * 0.5
    ends = bins(values)
    counts = torch.histogram(values, torch.tensor(ends)).hist

    assert counts.sum() == 97 and counts[:-1].unique().numel() == 1


def test_views_writes_its_record(tmp_path: Path) -> None:
    views.EXPERIMENT.run([*SMALL, f"out={tmp_path}"])
    record = json.loads((tmp_path / "record.json").read_text())
    rows = {
        row["stage"]: row
        for row in csv.DictReader((tmp_path / "stages.csv").read_text().splitlines())
    }
    signs = list(csv.DictReader((tmp_path / "orientations.csv").read_text().splitlines()))

    assert len(record["claims"]) == 11 and len(rows) == 1 + 2 + 4 + 1
    assert float(rows["original"]["fidelity"]) == pytest.approx(1, abs=1e-5)
    for row in rows.values():
        spectrum = [float(row[f"spectrum {k}"]) for k in (1, 2)]
        assert math.fsum(spectrum) == pytest.approx(1, abs=1e-5)
        least, share, most = (
            float(row[f"negative_share{end}"]) for end in ("_least", "", "_most")
        )
        assert least <= share <= most
    assert len(signs) == 8 * len(rows) and {row["signs"] for row in signs} >= {"+++", "--+"}
    for name in ("density", "hinton", "wigner", "information", "graph", "schmidt", "learning"):
        assert (tmp_path / f"{name}.png").stat().st_size > 5000
    assert "| claim |" in (tmp_path / "README.md").read_text()


@pytest.mark.parametrize(
    ("option", "word"),
    [
        ("depths=0,2", "depths: must be one or more with commas, each an integer"),
        ("depths=4,2", "depths: must be ascending"),
        ("depths=", "depths: must be one or more"),
        ("qubits=1", "qubits: must be an integer, at least 3"),
        ("qubits=30", "qubits: must be an integer"),
        ("longer=100", "longer: must be more than epochs=100"),
        ("memory=0.001", "qubits=4: needs about"),
    ],
)
def test_mistakes_are_named_before_anything_is_written(
    option: str, word: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=word):
        views.EXPERIMENT.run([option, f"out={tmp_path / 'out'}"])
    assert not list(tmp_path.rglob("*.*"))
