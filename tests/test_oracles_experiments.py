"""Signs and streams of the experiments: what is taken from what, and drawn from where."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from scipy.stats import t as student
from torch import Tensor

from latentq.diffusion import ForwardProcess
from latentq.diffusion.losses.mmd import expected_mmd1
from latentq.experiments import ablation
from latentq.experiments.bands import mean_of
from latentq.experiments.denoiser import claims as denoiser_claims
from latentq.experiments.denoiser.remedies import (
    REFERENCE,
    better,
    ratios,
    remedy_rows,
)
from latentq.experiments.denoiser.runs import TrainedDenoiser
from latentq.experiments.improved import claims, gradients, quality, scales
from latentq.experiments.improved import training as improved
from latentq.experiments.improved.models import Plan
from latentq.experiments.latent.measures import Ensemble, Found, difference
from latentq.experiments.noise.findings import pattern_crossings
from latentq.experiments.plateaus import claims as plateaus
from latentq.experiments.plateaus import training as costs
from latentq.experiments.quddpm import claims as quddpm
from latentq.experiments.quddpm import measures
from latentq.experiments.quddpm.tasks import TASKS
from latentq.experiments.views.measures import (
    Setting,
    denoised,
    original,
    scrambled,
    stage_numbers,
)
from latentq.experiments.views.statistics import ratio_of_means
from latentq.quantum.curriculum import DenoiserRecipe, DenoiserTraining, History
from latentq.quantum.states import gram_fidelities, haar_states, perturb
from latentq.quantum.targets import ExtendedGHZ
from latentq.randomness import derive_generator, derive_seed
from latentq.report.statistics import columns_of

PLAN = Plan(
    steps=3, layers=4, ancillas=1, batch=8, states=20, lr=0.005, strong=(1.0, 4.0), bounded=None,
    distance=0.35, seed=0,
)  # fmt: skip


# --- The improved model against the original


def sets(seeds: int = 4, n: int = 200) -> dict[str, list[Tensor]]:
    """Samples of the improved model are near the family, all others are Haar states."""
    generators = [torch.Generator().manual_seed(k) for k in range(seeds)]
    haar = [haar_states(n, qubits=2, generator=g) for g in generators]
    return {
        "original": haar,
        "improved": [perturb(ExtendedGHZ(2).draw(n, g), 0.6, g) for g in generators],
        quality.UNDENOISED: haar,
        "Haar states": haar,
        "the family": haar,
    }


def rows_by(rows: Sequence[dict[str, Any]], *keys: str) -> dict[tuple[Any, ...], dict[str, Any]]:
    return {tuple(row[key] for key in keys): row for row in rows}


def test_ratios_are_of_the_improved_model_to_the_others() -> None:
    states = sets()
    found = rows_by(quality.comparison_rows(states, 0), "against", "measure")
    pairs = [*zip(states["improved"], states["original"], strict=True)]
    fidelities = [[quality.best_fidelity(psi).mean() for psi in pair] for pair in pairs]
    gains = [math.log2(new / old) for new, old in fidelities]

    for other in ("original", quality.UNDENOISED):
        for measure in ("kl", "mmd", "mmd_unbiased", "mmd_ladder"):
            assert found[other, measure]["log2_ratio_high"] < -1, measure
        row = found[other, "best_fidelity"]
        assert row["log2_ratio"] == pytest.approx(math.fsum(gains) / len(gains))
        assert 0.5 < row["log2_ratio_low"] < row["log2_ratio"] < row["log2_ratio_high"]


def test_there_is_no_ratio_without_positive_values() -> None:
    """An unbiased estimate of nothing is negative half of the time."""
    assert [*quality.log_ratio([1.0, -0.1], [2.0, 2.0]).values()] == [None] * 3
    assert quality.log_ratio([1.0, 4.0], [2.0, 2.0])["log2_ratio"] == 0


def test_better_samples_confirm_and_worse_ones_refute() -> None:
    good = sets()
    bad = {**good, "original": good["improved"], "improved": good["original"]}
    verdicts = []
    for found in (good, bad):
        tables = {
            "quality": quality.quality_rows(found, 0),
            "comparisons": quality.comparison_rows(found, 0),
        }
        verdicts.append(claims.better(tables, "original", "It is better").verdict)

    assert verdicts == ["confirmed", "refuted"]


def chained(name: str, chain: Tensor, seed: int = 0) -> Any:  # noqa: ANN401
    """A trained model whose generation is known."""
    prior = SimpleNamespace(sample_chain=lambda n, generator: chain)
    return SimpleNamespace(name=name, seed=seed, qubits=2, prior=prior)


def test_samples_are_the_ends_of_generations(generator: torch.Generator) -> None:
    chains = haar_states(2, 4, 6, qubits=2, generator=generator)
    runs = [chained(name, chain) for name, chain in zip(quality.MODELS, chains, strict=True)]
    found = quality.ensembles(runs, 2, 6, [0])

    assert torch.equal(found["original"][0], chains[0, -1])
    assert torch.equal(found["improved"][0], chains[1, -1])
    assert torch.equal(found[quality.UNDENOISED][0], chains[1, 0])


def test_a_fall_of_the_divergence_is_positive(generator: torch.Generator) -> None:
    noise = haar_states(400, qubits=2, generator=generator)
    chain = torch.stack((noise, ExtendedGHZ(2).draw(400, generator)))
    rows = quality.path_rows([chained(name, chain) for name in quality.MODELS], 400)

    for row in rows:
        assert row["fall"] == pytest.approx(0) if row["step"] == 1 else row["fall"] > 0.3
    assert [row["step"] for row in rows] == [1, 0, 1, 0]


def cycle(step: int, handed: float, ideal: float) -> Any:  # noqa: ANN401
    """A cycle with gradients of known norms."""
    one = torch.ones(3, 4) / 2
    norms = torch.full((5,), handed)
    return SimpleNamespace(step=step, norms=norms, handed=handed * one, ideal=ideal * one)


def test_sizes_of_gradients_are_compared_the_right_way_round() -> None:
    """The original loses a factor of 8 from cycle to cycle, and 16 to ideal inputs at the end."""
    runs = [
        SimpleNamespace(
            name=name, qubits=2, seed=seed, cycles=[cycle(1, 8.0, 8.0), cycle(0, *last)]
        )
        for seed in (0, 1)
        for name, last in (("original", (1.0, 16.0)), ("improved", (64.0, 64.0)))
    ]
    handed = rows_by(gradients.handed_rows(runs), "model", "step")  # type: ignore[arg-type]
    (ratio,) = gradients.ratio_rows(runs)  # type: ignore[arg-type]

    assert handed["original", 0]["log2_lost"] == pytest.approx(4)
    assert handed["original", 0]["log2_since_first"] == pytest.approx(-3)
    assert handed["improved", 0]["log2_lost"] == pytest.approx(0)
    assert handed["improved", 0]["log2_since_first"] == pytest.approx(3)
    # Root mean squares over both cycles: sqrt(64 + 4096) against sqrt(64 + 1).
    assert ratio["log2_ratio"] == pytest.approx(math.log2(4160 / 65) / 2)


@pytest.mark.parametrize(("angles", "least", "most"), [("small", 0.0, 0.25), ("normal", 0.6, 2)])
def test_remedies_have_the_angles_that_they_name(
    angles: str, least: float, most: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gradient is replaced by the angles themselves: 1 / L is a quarter."""
    monkeypatch.setattr(
        gradients, "step_gradient", lambda prior, t, *rest: prior.angles[t].detach()
    )
    size = 2 ** gradients.remedy_gradient(PLAN, 2, ("zero", angles), 0, 5)
    root = PLAN.model("improved", 2, 0).angles[0].numel() ** 0.5

    assert least < size / root < most


def test_ideal_inputs_are_of_the_step_before(monkeypatch: pytest.MonkeyPatch) -> None:
    objective = PLAN.objective(PLAN.model("improved", 2, 0), 0)
    steps: list[int] = []

    def noting(self: ForwardProcess, psi: Tensor, t: int, generator: torch.Generator) -> Tensor:
        steps.append(t)
        return psi

    monkeypatch.setattr(ForwardProcess, "diffuse", noting)
    for t in (2, 0):
        improved.gradients_at_start(objective, t, 2, True, 0)

    assert steps == [3, 1]


def test_larger_angles_are_compared_with_those_of_one_over_l(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The gradient is as large as the scale itself."""

    def train(plan: Plan, name: str, qubits: int, seed: int, *rest: Any) -> Any:  # noqa: ANN401
        scale = rest[-1]
        return SimpleNamespace(cycles=[SimpleNamespace(handed=torch.full((2, 1), scale))])

    monkeypatch.setattr(scales, "train", train)
    monkeypatch.setattr(scales, "drawn", lambda run, samples: torch.eye(4)[None].to(torch.cfloat))
    monkeypatch.setattr(scales, "over_cycles", lambda run: 0.0)
    monkeypatch.setattr(scales, "divergence", lambda psi: 0.0)
    rows = rows_by(scales.scale_rows(PLAN, 2, 1, 1, [0, 1], 1), "scale")

    assert rows[("1/L",)]["log2_more"] == pytest.approx(0)
    assert rows[("pi",)]["log2_more"] == pytest.approx(math.log2(4 * math.pi))


# --- The denoiser


def outcome(
    expected: Sequence[Sequence[float]], name: str = "", best: Sequence[float] = (0.5, 0.5)
) -> TrainedDenoiser:
    """Two stages; training fidelities are far from those of states held out."""
    values = torch.tensor(expected)
    spread = 0.001 * torch.arange(len(values))[:, None, None]
    training = torch.tensor(best)[None, :, None] * torch.ones(len(values), 1, 4) + spread
    looks = torch.stack((values / 2, values), dim=-1)
    recipe = DenoiserRecipe(2, 2, depths=(2, 4), epochs=4)
    return TrainedDenoiser(name, recipe, History(training, looks, looks.flip(-1), values))


LOW = outcome([[0.3, 0.1], [0.31, 0.12], [0.29, 0.11]], REFERENCE)
HIGH = outcome([[0.2, 0.6], [0.21, 0.62], [0.19, 0.61]], "remedy")


def test_what_is_held_out_was_not_trained_on() -> None:
    run = DenoiserTraining(
        DenoiserRecipe(2, 1, depths=(1,), epochs=2, states=4), [0, 1], held_out=3
    )
    for seen, unseen in zip(run.states, run.unseen, strict=True):
        assert gram_fidelities(seen, unseen).max() < 0.999 and len(unseen) == 6
    assert HIGH.held_out.tolist() == pytest.approx([0.4, 0.415, 0.4])
    assert HIGH.training.tolist() == pytest.approx([0.5, 0.501, 0.502])


def test_fresh_states_are_new_in_each_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Tensor] = []
    run = DenoiserTraining(
        DenoiserRecipe(2, 1, depths=(1,), epochs=2, states=4, data="fresh"), [0], held_out=3
    )

    def noting(psi: Tensor, *rest: object) -> Tensor:
        drawn.append(psi)
        return psi

    monkeypatch.setattr(run, "scrambled", noting)
    for _ in range(2):
        run.fidelities(1, torch.eye(4, dtype=torch.complex64)[None], 1)

    overlaps = [
        gram_fidelities(one[0], other[0]).max().item()
        for one, other in itertools.combinations([*drawn, run.states], 2)
    ]
    assert len(overlaps) == 3 and max(overlaps) < 0.999


def geometric(*values: float) -> Any:  # noqa: ANN401
    return pytest.approx(math.prod(values) ** (1 / len(values)), rel=1e-5)


# Of the remedy to the reference at equal seeds: over both stages, and at the last one.
OVER_STAGES = geometric(0.4 / 0.2, 0.415 / 0.215, 0.4 / 0.2)
AT_THE_LAST = geometric(0.6 / 0.1, 0.62 / 0.12, 0.61 / 0.11)


@pytest.mark.parametrize(("last", "gain"), [(False, OVER_STAGES), (True, AT_THE_LAST)])
def test_a_remedy_that_helps_has_a_ratio_above_one(last: bool, gain: object) -> None:
    found = {2: {REFERENCE: LOW, "remedy": HIGH}}
    (ratio,) = ratios(found, "remedy", REFERENCE, last).values()

    assert ratio.mean == gain
    assert ratio.ends is not None and 1 < ratio.ends[0] < ratio.mean < ratio.ends[1]
    assert better(found, "It helps", "remedy", last=last).verdict == "confirmed"
    assert better(found, "It helps", REFERENCE, "remedy", last=last).verdict == "refuted"


def test_the_table_of_remedies_has_the_same_ratios() -> None:
    rows = rows_by(remedy_rows({REFERENCE: LOW, "remedy": HIGH}), "row")

    assert rows[("remedy",)]["ratio"] == OVER_STAGES
    assert rows[("remedy",)]["last_ratio"] == AT_THE_LAST
    assert rows[("remedy",)]["last_stage"] == pytest.approx(0.61, abs=0.001)
    assert rows[(REFERENCE,)]["ratio"] == pytest.approx(1)


def test_a_single_run_is_expected_in_a_wider_interval() -> None:
    """That of a new value, on the scale of logits: a root of 1 + 1 / n for one of 1 / n."""
    values = torch.tensor([0.2, 0.3, 0.4])
    half = student.ppf(0.975, 2) * 0.1 * (1 + 1 / 3) ** 0.5 / (0.3 * 0.7)
    expected = [1 / (1 + 7 / 3 * math.exp(side * half)) for side in (1, -1)]

    assert denoiser_claims.run_ends(values) == pytest.approx(expected)


def test_selection_over_epochs_is_no_learning() -> None:
    """The maximum is far above other states at that epoch: it does not measure what it says."""
    assert denoiser_claims.maximum_claim({2: {"rate": HIGH}}).verdict == "refuted"
    history = replace(HIGH.history, others=HIGH.history.held_out)
    fair = TrainedDenoiser("", HIGH.recipe, history)
    assert denoiser_claims.maximum_claim({2: {"rate": fair}}).verdict == "confirmed"
    best, other = HIGH.maximum
    assert best.tolist() == pytest.approx([0.6, 0.62, 0.61])
    assert other.tolist() == pytest.approx([0.3, 0.31, 0.305])


def test_a_fall_with_depth_is_a_fall() -> None:
    falls, rises = (
        outcome([[0.3, 0.2]] * 3, best=(0.9, 0.2)),
        outcome([[0.3, 0.2]] * 3, "", (0.2, 0.9)),
    )
    found = [denoiser_claims.depth_claims({"rate": o})[0].verdict for o in (falls, rises)]

    assert found == ["confirmed", "refuted"]


# --- Noise, plateaus and ablation


def test_crossings_are_of_the_pattern_named() -> None:
    rows = [
        {"pattern": pattern, "qubits": 4, "depth": t, "decay": min(1.0, speed * t)}
        for pattern, speed in (("brickwork", 0.5), ("ladder", 0.1))
        for t in range(12)
    ]

    assert pattern_crossings(rows, "brickwork")[4] == pytest.approx(1.8)
    assert pattern_crossings(rows, "ladder")[4] > 8.9


def test_a_power_is_no_exponential() -> None:
    fit = {"sizes": 8, "r2": 0.5, "power_r2": 0.999}
    assert plateaus.law(fit) == "confirmed"
    assert plateaus.law({**fit, "r2": 0.999, "power_r2": 0.5}) == "refuted"


@pytest.mark.parametrize(("marginal", "verdict"), [(0.9, "confirmed"), (0.1, "refuted")])
def test_local_costs_are_needed_where_they_reach_more(marginal: float, verdict: str) -> None:
    noise = torch.tensor([0.0, 0.01, -0.01])
    ends = [
        {
            **{"task": task, "qubits": 8, "cost": cost},
            **columns_of("fidelity", mean_of((reached + noise).tolist(), "share")),
            **columns_of("value", mean_of((1 - reached + noise).tolist(), "share")),
            **columns_of("ratio", mean_of(((reached + noise) / (0.5 + noise)).tolist(), "ratio")),
        }
        for task in ("shallow", "deep", "product")
        for cost, reached in (("global", 0.5), ("marginal", marginal))
    ]

    assert plateaus.training({"ends": ends})[0].verdict == verdict


def test_costs_are_compared_with_the_global_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """The marginal cost reaches twice the fidelity, and the third schedule half of it."""
    reached = iter([0.4, 0.8, 0.2] * len(costs.TASKS))

    def train(*words: object) -> Any:  # noqa: ANN401
        ends = next(reached) * torch.tensor([1.0, 1.1])
        return SimpleNamespace(fidelity=ends.expand(3, 2), cost=1 - ends.expand(3, 2))

    monkeypatch.setattr(costs, "train", train)
    _, ends = costs.curves_and_ends([2], 2, 2, 0)
    found = [row["ratio"] for row in ends]

    assert [row["cost"] for row in ends[:3]] == [*costs.COSTS]
    assert found == pytest.approx([1, 2, 0.5] * len(costs.TASKS))


def test_an_ablation_has_the_autoencoder_of_its_seed() -> None:
    words = ablation.command("mmdk", 4, "runs")

    assert "autoencoder=runs/quantum-mnist-seed4" in words and "seed=4" in words


# --- Latents and views


def test_generated_less_data_is_welch_s_interval() -> None:
    """Numbers and variances are unequal: 3 generated states against 12 of the data."""
    made, data = torch.tensor([2.0, 5.0, 8.0]), torch.arange(12.0) / 11
    ensembles = {"S0": Ensemble({"x": made}, None), "data": Ensemble({"x": data}, None)}
    found = difference(Found(ensembles, [], 0.0, 4), "x")
    parts = [float(x.double().var()) / len(x) for x in (made, data)]
    freedom = sum(parts) ** 2 / (parts[0] ** 2 / 2 + parts[1] ** 2 / 11)
    half = student.ppf(0.975, freedom) * sum(parts) ** 0.5

    assert found.mean == pytest.approx(4.5)
    assert (found.low, found.high) == pytest.approx((4.5 - half, 4.5 + half))
    assert found.size == pytest.approx(4.5 / float(data.double().std()))


def test_stages_are_those_after_their_epochs(generator: torch.Generator) -> None:
    """Nothing is learned at first, half of the way after one epoch, and all of it after five."""
    goals, far = haar_states(2, 3, qubits=2, generator=generator)
    far = far - (goals.conj() * far).sum(dim=-1, keepdim=True) * goals
    far = far / far.norm(dim=-1, keepdim=True)
    learned = torch.stack((far, (goals + far) / 2**0.5, goals))[:, None]
    setting = Setting(2, [4], 3, [0, 1, 5], 1, 0)
    found = stage_numbers(setting, goals, far[None], learned)
    reached = {name: numbers["fidelity"].mean().item() for name, numbers in found.items()}

    assert reached == pytest.approx(
        {original(): 1, scrambled(4): 0, denoised(4, 1): 0.5, denoised(4, 5): 1}, abs=1e-5
    )


# --- The original tasks


def test_the_better_way_has_less_error() -> None:
    rows = [
        {"task": "cluster1", "way": way, "seed": seed, "mmd": error * (1 + 0.01 * seed)}
        for way, error in (("published", 0.01), ("exact", 0.001), ("one key", 0.0001))
        for seed in range(3)
    ]
    rows = [{**row, "parameters": 5, "unbiased": 0.0, "observable": 0.9} for row in rows]
    found = quddpm.ratio(rows, "cluster1", "exact", "published")
    better = quddpm.contest(rows, "It is better", "exact", "published", ["cluster1"])
    worse = quddpm.contest(rows, "It is better", "published", "exact", ["cluster1"])

    assert found is not None and found.mean == pytest.approx(0.1)
    assert quddpm.best(rows, "cluster1")[0] == "exact"  # With one key it is no test.
    assert (better.verdict, worse.verdict) == ("confirmed", "refuted")


def test_states_are_measured_against_new_ones(
    monkeypatch: pytest.MonkeyPatch, generator: torch.Generator
) -> None:
    task = replace(TASKS["cluster1"], states=20)
    monkeypatch.setattr(measures, "MANY", 60)
    psi = haar_states(60, qubits=1, generator=generator)
    found = measures.numbers(psi, task, torch.Generator().manual_seed(5))
    data = task.target.draw(60, torch.Generator().manual_seed(5))

    assert found["unbiased"] == pytest.approx(float(expected_mmd1(psi, data)))
    assert found["mmd"] == pytest.approx(float(expected_mmd1(psi, data, 20)))
    assert found["mmd"] > found["unbiased"] + 0.01


def test_tests_have_a_stream_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    seeds: list[int] = []

    def sample_chain(n: int, generator: torch.Generator) -> Tensor:
        seeds.append(generator.initial_seed())
        return torch.zeros(1)

    prior = SimpleNamespace(sample_chain=sample_chain, parameters=list)
    monkeypatch.setattr(measures, "train", lambda *words: [("published", prior)])
    monkeypatch.setattr(measures, "numbers", lambda *words: {})
    measures.trained_rows(TASKS["cluster1"], "published", 4, 1.0)

    assert seeds == [derive_seed(4, "test")] != [derive_seed(4, "data")]
    assert derive_generator(4, "test").initial_seed() == seeds[0]


def test_the_interval_of_a_ratio_knows_that_the_draws_are_equal() -> None:
    """Proportional draws have one ratio; opposite ones spread by t(0.975, 1) = 12.706."""
    one = torch.tensor([1.0, 2.0, 4.0])
    same = ratio_of_means(one, 3 * one)
    apart = ratio_of_means(torch.tensor([1.0, 3.0]), torch.tensor([3.0, 1.0]))

    assert same is not None and same.ends == (pytest.approx(1 / 3), pytest.approx(1 / 3))
    assert apart is not None and apart.mean == pytest.approx(1)
    assert apart.ends == (
        pytest.approx(math.exp(-12.7062), rel=1e-3),
        pytest.approx(math.exp(12.7062), rel=1e-3),
    )
