import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch

from latentq.diffusion.chain import Outcomes
from latentq.diffusion.losses.mmd import mmd1
from latentq.errors import InputError
from latentq.experiments.quddpm import claims, experiment
from latentq.experiments.quddpm.measures import MANY, in_parts, numbers, shown
from latentq.experiments.quddpm.tasks import TASKS, EnsembleTask
from latentq.experiments.quddpm.training import RECIPES, build, objective_of, train, train_phase
from latentq.quantum.states import haar_states

PARAMETERS = {"cluster1": 320, "cluster2": 720, "noise": 960, "circle": 1440, "ising": 4320}


@pytest.mark.parametrize("name", TASKS)
def test_every_recipe_has_the_published_number_of_parameters(name: str) -> None:
    for recipe in RECIPES.values():
        prior = build(TASKS[name], recipe, 0)
        assert sum(angles.numel() for angles in prior.parameters()) == PARAMETERS[name]
        assert prior.steps == recipe.steps or not recipe.steps
    assert len(TASKS[name].strengths) == {"circle": 40, "ising": 30}.get(name, 20)


def test_ising_states_become_haar_states(generator: torch.Generator) -> None:
    # The published distance to Haar states falls from 0.931 to 0.004.
    task = TASKS["ising"]
    process = build(task, RECIPES["published"], 0).forward_process
    psi, haar = (
        task.target.draw(2000, generator),
        haar_states(2000, qubits=4, generator=generator),
    )

    assert mmd1(psi, haar).item() == pytest.approx(0.931, abs=0.01)
    assert mmd1(process.diffuse(psi, 30, generator), haar).item() < 0.008


@pytest.mark.parametrize(("name", "states"), [("cluster1", 100), ("noise", 500)])
def test_the_floor_of_published_errors(name: str, states: int, generator: torch.Generator) -> None:
    task = TASKS[name]
    assert task.states == states
    rho = task.target.draw(MANY, generator)
    purity = (rho.mT @ rho.conj() / MANY).abs().square().sum().item()
    data = numbers(task.target.draw(MANY, generator), task, generator)

    assert data["mmd"] == pytest.approx((1 - purity) * 2 / states, rel=0.2)
    assert abs(data["unbiased"]) < 1e-3
    assert sum(data["histogram"]) == pytest.approx(1)


def test_distances_in_parts_are_averaged(generator: torch.Generator) -> None:
    basis = torch.eye(2, dtype=torch.complex64)
    same, other = basis[[0, 0, 0, 0]], basis[[0, 0, 1, 1]]

    assert in_parts(mmd1, same, other, 2) == pytest.approx(1)  # 0 and 2
    assert in_parts(mmd1, same, other, 4) == pytest.approx(0.5)


def test_what_states_are_shown_by() -> None:
    half = math.sqrt(0.5)
    up = torch.tensor([[1, 0], [half, half * 1j], [half, half]], dtype=torch.complex64)
    ghz = torch.zeros(1, 16, dtype=torch.complex64)
    ghz[0, 0] = ghz[0, 15] = half

    assert shown(up, TASKS["cluster1"]).tolist() == pytest.approx([1, 0.5, 0.5])
    assert shown(up, TASKS["circle"]).tolist() == pytest.approx([0, 1, 0], abs=1e-6)
    assert shown(ghz, TASKS["ising"]).tolist() == pytest.approx([1])


def test_a_step_alone_leaves_the_others(generator: torch.Generator) -> None:
    task = TASKS["cluster1"]
    prior = build(task, RECIPES["ladder"], 0)
    before = [angles.detach().clone() for angles in prior.parameters()]
    train_phase(objective_of(task, prior, 0), 0, range(3), 0.01, cosine=False)
    moved = [
        not torch.equal(old, new) for old, new in zip(before, prior.parameters(), strict=True)
    ]

    assert moved == [False] * 19 + [True]


def test_training_comes_near_the_data(generator: torch.Generator) -> None:
    task = TASKS["cluster1"]
    (_, alone), (_, together) = (
        (way, numbers(prior.sample_chain(MANY, generator)[-1], task, generator))
        for way, prior in train(task, "five steps", 0, share=0.1)
    )

    assert alone["unbiased"] < 0.2 and together["unbiased"] < 0.02  # 0.48 for Haar states
    assert together["observable"] > 0.93


@pytest.mark.parametrize("outcomes", ["sampled", "score"])
def test_one_key_decides_all_outcomes(outcomes: Outcomes) -> None:
    """Losses and samples depend on chance again when states are measured anew."""
    task = TASKS["noise"]
    psi, targets = (task.target.draw(1000, torch.Generator().manual_seed(k)) for k in (1, 2))
    found = []
    for name, prior in train(task, "one key", 0, share=0.001):
        prior.outcomes = outcomes  # Sampled outcomes have a way of their own through the code.
        losses = [
            prior.step_loss(3, psi, targets, torch.Generator().manual_seed(k)).item()
            for k in (3, 4)
        ]
        halves = prior.uniforms(psi, torch.Generator().manual_seed(5)).chunk(2)
        found.append((name, losses[0] == losses[1], torch.equal(*halves)))

    assert found == [("one key", True, True), ("one key, measured anew", False, False)]


def test_one_key_starts_all_steps_alike() -> None:
    alike, other = (
        torch.stack([*build(TASKS["cluster1"], RECIPES[name], 0).angles])
        for name in ("one key", "published")
    )

    assert (alike == alike[0]).all() and alike[0].std() > 0.5
    assert not (other[1:] == other[0]).any()


def test_finished_cells_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []

    def rows(task: EnsembleTask, recipe: str, seed: int, share: float) -> list[dict[str, Any]]:
        made.append((task.title, recipe, seed, share))
        return [{"way": recipe, "parameters": 1, "mmd": 0.1}]

    monkeypatch.setattr(experiment, "trained_rows", rows)
    first = experiment.cell(tmp_path, "cluster1", "five steps", 3, 0.5)
    again = experiment.cell(tmp_path, "cluster1", "five steps", 3, 0.5)
    experiment.cell(tmp_path, "cluster1", "five steps", 4, 0.5)

    assert first == again and first[0]["seed"] == 3 and first[0]["cpu_seconds"] >= 0
    assert made == [("cluster, 1 qubit", "five steps", s, 0.5) for s in (3, 4)]


def test_what_takes_hours_is_trained_once() -> None:
    recipes = ("published", "ladder", "five steps")
    options = experiment.Options(tasks=("cluster1", "circle"), recipes=recipes, seeds=2, first=5)
    trained = [cell for cell in experiment.plan(options) if cell[1] != experiment.REFERENCES]

    assert trained == [
        ("cluster1", "published", 5), ("circle", "published", 5),
        ("cluster1", "ladder", 5), ("circle", "ladder", 5),
        ("cluster1", "five steps", 5), ("circle", "five steps", 5),
        ("cluster1", "published", 6), ("cluster1", "ladder", 6),
        ("circle", "ladder", 6), ("cluster1", "five steps", 6), ("circle", "five steps", 6),
    ]  # fmt: skip


def rows_of(task: str, **errors: tuple[float, ...]) -> list[dict[str, Any]]:
    """Rows with some errors, a seed each; `_` in a name stands for `, `."""
    other = {"unbiased": 0.0, "observable": 0.9}
    return [
        {"task": task, "way": way.replace("_", ", "), "seed": seed, TASKS[task].measure: error,
         "parameters": way != "data", **other}
        for way, values in errors.items() for seed, error in enumerate(values)
    ]  # fmt: skip


def verdicts(rows: list[dict[str, Any]]) -> dict[str, tuple[str, str]]:
    return {claim.statement: (claim.verdict, claim.ours) for claim in claims.settle(rows)}


def test_verdicts_follow_from_the_rows() -> None:
    rows = rows_of(
        "cluster2", data=(0.0009, 0.0009, 0.0009), published=(0.01, 0.012, 0.014),
        exact=(0.009, 0.004, 0.03), ladder=(0.003, 0.0035, 0.005),
        ladder_together=(0.001, 0.0011, 0.0012),
    )  # fmt: skip
    found = verdicts(rows)

    assert found["cluster, 2 qubits: MMD 0.0039 on test states"][0] == "corrected"
    verdict, text = found["cluster, 2 qubits: its circuits reach no less than 0.0039"]
    # The logarithms of 0.001, 0.0011 and 0.0012 have mean -6.8160 and deviation 0.09123.
    assert verdict == "refuted" and "0.00110 [0.00087, 0.00138] (ladder, together)" in text
    assert "0.281 [0.224, 0.353] of the published error; that is less than half of it" in text
    verdict, text = found["The exact gradient of the same loss is better"]
    assert verdict == "not enough data" and "ratio 0.863 [0.0854, 8.72]" in text
    better = next(v for k, v in found.items() if k.startswith("The ladder of kernels"))
    assert better[0] == "confirmed" and ". Better: cluster, 2 qubits; worse: none" in better[1]


def test_verdicts_where_the_paper_is_reached() -> None:
    rows = rows_of("circle", data=(0.0029, 0.0029), published=(0.0026, 0.00262))
    found = verdicts(rows)

    assert found["circle, 1 qubit: Wasserstein distance 0.0028 on test states"][0] == "confirmed"
    wide = verdicts(rows_of("circle", data=(0.0029, 0.0029), published=(0.002, 0.003)))
    statement = "circle, 1 qubit: Wasserstein distance 0.0028 on test states"
    assert wide[statement][0] == "not enough data"
    verdict, text = found["circle, 1 qubit: its circuits reach no less than 0.0028"]
    assert verdict == "cannot be compared"
    assert "all of it is less than two sets of data have, 0.00290" in text


def test_the_error_with_one_key_is_no_test() -> None:
    rows = rows_of(
        "ising", data=(0.0002, 0.0002), published=(0.13, 0.11), one_key=(0.017, 0.019),
        **{"one key, measured anew": (0.31, 0.28)},
    )  # fmt: skip
    rows = [{**row, "way": row["way"].replace("one, key", "one key")} for row in rows]
    found = verdicts(rows)
    statement = next(key for key in found if "one key" in key)

    assert found[statement][0] == "refuted"
    assert "with the key 0.018 [0.009, 0.036], magnetisation" in found[statement][1]
    limit = found["Ising ground states, 4 qubits: its circuits reach no less than 0.0209"]
    assert limit[0] == "confirmed" and "(published)" in limit[1]


def test_the_command_writes_its_record(tmp_path: Path) -> None:
    out = tmp_path / "out"
    options = ["tasks=cluster1", "recipes=published,five steps", "seeds=2", "share=0.002"]
    experiment.EXPERIMENT.run([*options, f"cells={tmp_path}/cells", f"out={out}"])
    record = json.loads((out / "record.json").read_text())
    rows = record["tables"]["rows"]

    assert [row["way"] for row in rows[:5]] == [
        "data", "Haar", "published", "five steps", "five steps, together"
    ]  # fmt: skip
    assert [row["seed"] for row in rows] == [0] * 5 + [1] * 5
    assert "0.002 of the iterations only" in record["summary"]
    assert (out / "errors.png").is_file() and (out / "states.svg").is_file()


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (
            "tasks=cluster",
            r"tasks: must be all, .* ising, was 'cluster' \(did you mean cluster",
        ),
        ("recipes=laddr", r"recipes: must be .*, was 'laddr' \(did you mean ladder\?\)"),
        ("share=0", "share: must be"),
        ("seeds=0", "seeds: must be"),
    ],
)
def test_mistakes_are_named(option: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        experiment.EXPERIMENT.run([option, f"cells={tmp_path}/cells", f"out={tmp_path}/out"])
    assert not list(tmp_path.iterdir())
