"""The experiments: their parts against closed forms, their commands from end to end."""

import json
from pathlib import Path

import pytest
import torch
import yaml

from latentq.config.compose import check_command_line, load_config
from latentq.config.config import arguments_of
from latentq.diffusion import DenoisingObjective, ForwardProcess
from latentq.diffusion.losses.mmd import mmdk
from latentq.errors import InputError
from latentq.experiments import ablation, bounds, ensembles, gradients
from latentq.experiments.bounds import FreeInstruments, instrument_states
from latentq.experiments.ensembles import principal_axes
from latentq.experiments.frozen import fitted
from latentq.experiments.ingredients import FIRST, SECOND
from latentq.experiments.latent.experiment import EXPERIMENT as LATENT
from latentq.models import storage
from latentq.models.generative import count_parameters
from latentq.quantum.states import fidelity, haar_states, perturb
from tests.conftest import needs_mnist

ROOT = Path(__file__).parent.parent


def test_free_instruments_are_complete(generator: torch.Generator) -> None:
    prior = FreeInstruments(ForwardProcess(2, 3), 2, generator=generator)
    psi = haar_states(6, qubits=2, generator=generator)

    for instrument in prior.instruments([2, 0], 6):
        branches = instrument(psi)
        assert branches.shape == (6, 4, 4)
        assert torch.allclose(branches.abs().square().sum(dim=(1, 2)), torch.ones(6))
    assert sum(p.numel() for p in prior.parameters()) == 3 * 2 * 16 * 4


def test_free_instruments_learn_a_state(generator: torch.Generator) -> None:
    goal = haar_states(1, qubits=2, generator=generator)
    prior = FreeInstruments(ForwardProcess(2, 2), 1, generator=generator)
    objective = DenoisingObjective(
        prior,
        goal.expand(50, -1),
        input_batch_size=16,
        start_batch_size=16,
        target_batch_size=16,
        intermediate_weight=0.0,
        seed=0,
    )
    psi = instrument_states(objective, iterations=150, lr=0.05, n=200, seed=0)

    assert fidelity(psi, goal).mean() > 0.95


def test_a_mixture_finds_its_clusters(generator: torch.Generator) -> None:
    index = torch.arange(800) % 2
    psi = perturb(torch.eye(16, dtype=torch.complex64)[index], 0.3, generator)
    drawn = [fitted("mixture", psi, 0, components=k).sample_states(800) for k in (1, 2)]

    assert mmdk(drawn[1], psi) < 0.02 < mmdk(drawn[0], psi)


def test_free_numbers_are_counted(generator: torch.Generator) -> None:
    """The columns of an isometry: one of length one, each next one also orthogonal to the rest."""
    for structure in bounds.STRUCTURES.values():
        prior = FreeInstruments(ForwardProcess(), structure.ancillas, generator=generator)
        sizes = [16 * 2**n for n in structure.ancillas]
        free = sum(2 * size - 1 - 2 * earlier for size in sizes for earlier in range(16))
        assert prior.freedom == free

    psi = haar_states(140, qubits=4, generator=generator)
    for name, free in (
        ("mixture, 1", 1 + 32 + 32 * 33 // 2),
        ("130 states with noise", 130 * 33),
    ):
        kind, arguments = bounds.FITS[name]
        assert count_parameters(fitted(kind, psi, 0, **arguments).prior) == free
    shipped = load_config(["model=codebook"])["prior"]
    chosen = bounds.FITS["130 states with noise"][1]
    assert {key: shipped[key] for key in chosen} == chosen


def test_instruments_are_trained_as_the_circuits_of_their_recipe(
    generator: torch.Generator,
) -> None:
    psi = haar_states(320, qubits=4, generator=generator)
    process = ForwardProcess(terminal_strength=0.7)
    for structure in bounds.STRUCTURES.values():
        objective = bounds.objective_of(structure, process, psi, 0)
        recipe = SECOND if structure.second else FIRST
        config = load_config(["model=quantum", *recipe])
        phases, prior = config["denoising"], config["prior"]

        assert isinstance(objective.prior.forward_process, ForwardProcess)
        start = objective.prior.forward_process.terminal_strength
        assert start == prior["terminal_strength"]
        assert (len(objective.members) == 16) is phases["cells"]
        assert (objective.alone > 0) is phases["single_steps"]
        for key in ("start_batch_size", "target_batch_size", "intermediate_weight"):
            assert getattr(objective, key) == phases[key]
    assert load_config(["model=quantum"])["prior"]["spread"] == bounds.SPREAD


def test_gradients_shows_the_bias(tmp_path: Path) -> None:
    out = tmp_path / "gradients.json"
    gradients.gradients(["layers=2", "draws=40", "seeds=1", "trained=0", f"out={out}"])
    rows = {row["loss"]: row for row in json.loads(out.read_text())["rows"]}

    assert set(rows) == {"mmd1", "mmdk", "wasserstein"}
    for row in rows.values():
        assert row["differences"] < 1e-6
        assert row["sampled"]["bias"] > 2 * row["sampled"]["bias_noise"]
        assert row["score"]["cosine"] > row["sampled"]["cosine"]


def test_bounds_refuses_other_models() -> None:
    with pytest.raises(InputError, match="unconditional quantum model"):
        bounds.bounds(["checkpoint=checkpoints/classical"])


def finished(
    root: Path, name: str, seed: int, fid: float, number: str = "", *overrides: str
) -> None:
    folder = root / "ablation" / f"{name}-seed{seed}{number}"
    folder.mkdir(parents=True)
    config = load_config([*ablation.command(name, seed, str(root))[2:], *overrides])
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    metrics = {
        **{"seed": seed, "fid": fid, "precision": 0.5, "recall": 0.25, "git_commit": "abc"},
        **{"mmd": {"steps": [0.1]}, "parameters": {"prior": 4300}, "wall_seconds": {"prior": 9.0}},
    }
    (folder / "metrics.json").write_text(json.dumps(metrics))


def test_ablation_collects_what_is_finished(tmp_path: Path) -> None:
    for seed, fid in enumerate((20.0, 22.0, 24.0)):
        finished(tmp_path, "reference", seed, fid)
    # What was run before the row changed counts for nothing, wherever it lies.
    finished(tmp_path, "mmdk", 1, 9.0, "", "denoising.epochs=3")
    finished(tmp_path, "mmdk", 1, 70.0, "-2")
    finished(tmp_path, "mmdk", 2, 8.0, "", "images.epochs=3")
    found = ablation.collect(["reference", "mmdk", "init"], [0, 1, 2], str(tmp_path))
    lines = ablation.markdown(found).splitlines()

    assert len(lines) == 4 and ablation.parameter_curve(found) is None
    # The logarithms of 20, 22 and 24 have mean 3.0883 and the half width 0.2266.
    scores = "21.9 [17.5, 27.5] | 0.500 [0.500, 0.500] | 0.250 [0.250, 0.250]"
    assert lines[2] == f"| the reference | 4,300 | 3 | {scores} |"
    assert lines[3].startswith("| loss: MMD with the ladder of kernels | 4,300 | 1 | 70.0 |")


@pytest.mark.parametrize("name", ablation.ROWS)
def test_every_row_is_a_configuration(name: str) -> None:
    check_command_line(ablation.command(name, 1, "runs")[2:])


@pytest.mark.parametrize(
    ("option", "word"),
    [
        ("rows=nothing", "rows: must be all, or .* reference"),
        ("seeds=a", "seeds: must be .* an integer"),
    ],
)
def test_ablation_names_mistakes(option: str, word: str) -> None:
    with pytest.raises(InputError, match=word):
        ablation.ablation([option])


def test_principal_axes_are_those_of_the_largest_variance(generator: torch.Generator) -> None:
    scale = torch.tensor([0.1, 3.0, 0.2, 1.0])
    features = torch.randn(4000, 4, generator=generator) * scale + 5
    mean, axes = principal_axes(features)

    assert torch.allclose(mean, torch.full((4,), 5.0), atol=0.2)
    assert axes.shape == (4, 2) and axes.abs().argmax(dim=0).tolist() == [1, 3]


def test_ensembles_names_a_wrong_file() -> None:
    with pytest.raises(InputError, match=r"out: must be a .png or .svg"):
        ensembles.ensembles(["out=picture.gif"])


def test_mixed_states_are_not_looked_at_as_pure_ones(tmp_path: Path) -> None:
    arguments = arguments_of(load_config(["model=traced", "prior.layers=1", "model.channels=2"]))
    folder = tmp_path / "model"
    storage.save(storage.build("traced", arguments), folder, "traced", arguments)
    words = [f"checkpoint={folder}", f"out={tmp_path / 'e.png'}"]
    for look in (ensembles.ensembles, LATENT.run):
        with pytest.raises(InputError, match="must be a quantum model of pure states"):
            look(words)


@needs_mnist
def test_ensembles_draws_a_figure(tmp_path: Path) -> None:
    ensembles.ensembles(["n=50", f"out={tmp_path / 'e.png'}"])

    assert (tmp_path / "e.png").stat().st_size > 5000


def test_the_curve_has_the_means_of_its_rows() -> None:
    found = {
        name: [{"parameters": size, "fid": fid} for fid in fids]
        for name, size, fids in (
            ("reference", 4300, (20.0, 22.0)),
            ("layers2", 100, (150.0,)),
            ("mmdk", 4300, (70.0,)),
            ("small", 1000, (45.0, 55.0)),
        )
    }
    figure = ablation.parameter_curve(found)
    assert figure is not None
    curve, *_, cross = figure.axes[0].lines

    assert curve.get_xydata().tolist() == [[100, 150], [4300, 21]]  # type: ignore[union-attr]
    assert cross.get_xydata().tolist() == [[1000, 45], [1000, 55]]  # type: ignore[union-attr]


def test_the_document_has_the_recorded_numbers() -> None:
    text = (ROOT / "docs" / "quantum-prior.md").read_text()
    results = (ROOT / "docs" / "results.md").read_text().splitlines()
    recorded = json.loads((ROOT / "docs" / "results" / "ablation.json").read_text())
    limits = json.loads((ROOT / "docs" / "results" / "bounds.json").read_text())["rows"]

    assert "@@" not in text
    for line in ablation.markdown(recorded["rows"]).splitlines():
        assert line in text
    for line in bounds.markdown(limits).splitlines():
        assert line in text
    table = ablation.markdown(recorded["rows"]).splitlines()
    starts = tuple(f"| {row.what} |" for row in ablation.ROWS.values())
    shown = [line for line in results if line.startswith(starts)]
    assert len(shown) > 3 and set(shown) <= set(table)
