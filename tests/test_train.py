"""The real configurations, shrunk: train, save, load, measure, resume, and every wrong input."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import pytest
import torch
import yaml

import latentq
from baselines.vae_mixture import DiagonalMixture, VAEMixture
from latentq.config.compose import load_config
from latentq.data import load_data
from latentq.data.module import Split
from latentq.diffusion import DenoisingObjective
from latentq.errors import InputError, RunError
from latentq.evaluation.scores import evaluate
from latentq.models.classifier import Classifier
from latentq.training import stages
from latentq.training.modules import DenoisingModule
from latentq.training.workflow import open_run
from tests.command_line import CommandLine
from tests.conftest import needs_mnist
from train import train

ROOT = Path(__file__).parent.parent
NO_CELLS = "denoising.cells=false"
LONGER = ("images.epochs=3", "denoising.epochs=3")
SMALL = ["data=digits", "data.limit=200", "metrics.samples=150", "prior.layers=3"]
FILES = [
    *("config.yaml", "environment.json", "metrics.json", "metrics.csv", "last.ckpt"),
    *("samples.png", "reconstructions.png", "model/config.json", "model/weights.safetensors"),
    "model/README.md",
]


def small(root: Path, *overrides: str) -> dict[str, Any]:
    kinds = [o.removeprefix("model=") for o in overrides if o.startswith("model=")]
    circuits = {*kinds} <= {"quantum", "traced"}
    shrunk = SMALL if circuits else SMALL[:-1]
    return load_config(
        [*shrunk, f"run.root={root}", "device=cpu", "threads=1", *overrides], "debug"
    )


def timeless(metrics: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in metrics.items() if k not in ("wall_seconds", "cpu_seconds")}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a finished run of each generative model."""

    root = tmp_path_factory.mktemp("runs")
    for model in ("quantum", "classical"):
        train(small(root, f"model={model}"))
    return root


@pytest.mark.parametrize("model", ["quantum", "classical"])
def test_a_run_leaves_what_the_readme_says(runs: Path, model: str) -> None:
    folder = runs / f"{model}-digits-seed0"
    metrics = json.loads((folder / "metrics.json").read_text())

    for name in (*FILES, *(["samples_chain.png"] if model == "quantum" else [])):
        assert (folder / name).stat().st_size > 0, name
    assert not (folder / "autoencoder").exists()
    assert metrics["name"] == folder.name
    assert metrics["data"]["name"] == "digits"
    assert metrics["n_samples"] == 150
    assert metrics["fid"] > metrics["fid_floor"] > 0
    assert (metrics["fid_haar"] is None) == (model == "classical")
    assert metrics["fid_infinity"] is not None and metrics["fid_deviation"] > 0
    assert 0 <= metrics["coverage"] <= 1 and metrics["density"] >= 0
    assert sum(metrics["class_counts"]) == 150 and 0 < metrics["class_distance"] < 1
    assert set(metrics["memorisation"]) == {*("generated", "reconstructed", "held_out", "closer")}
    counts = metrics["parameters_by_model"]
    assert counts[model] == metrics["parameters"]
    first, others = (3, 3) if model == "quantum" else load_config([])["prior"]["layers"]
    assert counts["quantum"]["prior"] == 2 * (7 * first + 4 * 5 * others)
    assert counts["classical"]["encoder"] == counts["quantum"]["encoder"]
    stages_logged = {r.split(",")[0] for r in (folder / "metrics.csv").read_text().split()[1:]}
    assert stages_logged == {"autoencoder", *(["prior"] if model == "quantum" else [])}


@pytest.mark.parametrize("model", ["quantum", "classical"])
def test_the_saved_model_has_the_measured_fid(runs: Path, model: str) -> None:
    folder = runs / f"{model}-digits-seed0"
    data = load_data("digits", limit=200)
    classifier = latentq.load(ROOT / "checkpoints" / "features")
    assert isinstance(classifier, Classifier)

    rows = evaluate(
        latentq.load(folder),  # type: ignore[arg-type]
        classifier,
        real=data.unlimited.images,
        train=data.train.images,
        test=data.test.images,
        labels=data.test.labels,
        samples=150,
        seed=0,
    )

    metrics = json.loads((folder / "metrics.json").read_text())
    assert {k: metrics[k] for k in rows} == rows


def test_same_seed_gives_the_same_metrics(runs: Path, tmp_path: Path) -> None:
    first = json.loads((runs / "quantum-digits-seed0" / "metrics.json").read_text())

    again, other = train(small(tmp_path)), train(small(tmp_path, "seed=1"))

    assert json.dumps(timeless(again)) == json.dumps(timeless(first))
    assert other["fid"] != first["fid"]


def test_autoencoder_learns(tmp_path: Path) -> None:
    longer = ["images.epochs=8", "data.limit=null", "images.batch_size=64"]
    metrics = train(small(tmp_path, *longer, "denoising.iterations_per_epoch=0"))

    assert metrics["fid_reconstruction"] < 0.4 * metrics["fid_haar"]


class _Interrupt(Exception):
    pass


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of three epochs."""
    root = tmp_path_factory.mktemp("whole")
    train(small(root, *LONGER))
    return root / "quantum-digits-seed0"


@pytest.mark.parametrize("stage", ["autoencoder", "prior"])
def test_an_interrupted_run_resumes_to_the_same_end(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    """The training is cut off in its second epoch, and `resume=last` gives the same numbers."""

    begin = stages.callbacks.SampleGrid.on_train_epoch_end

    def cut(self: Any, trainer: Any, module: Any) -> None:  # noqa: ANN401
        if module.stage == stage and trainer.current_epoch == 1:
            raise _Interrupt
        begin(self, trainer, module)

    monkeypatch.setattr(stages.callbacks.SampleGrid, "on_train_epoch_end", cut)
    with pytest.raises(_Interrupt):
        train(small(tmp_path / "cut", *LONGER))
    monkeypatch.undo()

    with pytest.raises(InputError, match="another configuration"):
        train(small(tmp_path / "cut", *LONGER, "resume=last", "images.lr=0.1"))
    resumed = train(small(tmp_path / "cut", *LONGER, "resume=last"))

    undisturbed = json.loads((whole / "metrics.json").read_text())
    assert json.dumps(timeless(resumed)) == json.dumps(timeless(undisturbed))
    cut_off = tmp_path / "cut" / whole.name
    assert (whole / "metrics.csv").read_text() == (cut_off / "metrics.csv").read_text()
    assert len(list((tmp_path / "cut").iterdir())) == 1


def test_finished_runs_are_skipped_or_kept(runs: Path, tmp_path: Path) -> None:
    root = tmp_path / "copy"
    shutil.copytree(runs, root)

    skipped = train(small(root, "run.skip_finished=true"))
    assert len(list(root.iterdir())) == 2
    assert skipped == json.loads((root / "quantum-digits-seed0/metrics.json").read_text())
    train(small(root, "model=classical", "run.skip_finished=true", "images.lr=0.1"))
    assert (root / "classical-digits-seed0-2" / "metrics.json").is_file()
    with pytest.raises(InputError, match="no unfinished run"):
        train(small(root, "resume=last"))
    with pytest.raises(InputError, match="is finished"):
        train(small(root, f"resume={root}/quantum-digits-seed0"))

    train(small(root, "model=classical"))
    assert (root / "classical-digits-seed0-3" / "metrics.json").is_file()


def test_a_damaged_checkpoint_is_named(runs: Path, tmp_path: Path) -> None:
    folder = tmp_path / "quantum-digits-seed0"
    shutil.copytree(runs / "quantum-digits-seed0", folder)
    (folder / "metrics.json").unlink()
    (folder / "previous.ckpt").unlink()
    content = (folder / "last.ckpt").read_bytes()
    for damaged in (b"", b"<html>", content[: len(content) // 2]):
        (folder / "last.ckpt").write_bytes(damaged)
        with pytest.raises(InputError, match=r"no valid training state is left: .*last\.ckpt"):
            train(small(tmp_path, "resume=last"))


@pytest.mark.parametrize(
    "overrides",
    [
        ["images.batch_size=1", "data.limit=12", "denoising.iterations_per_epoch=1", NO_CELLS],
        ["images.batch_size=199", "model=classical"],
        ["loss=wasserstein", "outcomes=sampled", "denoising.target_batch_size=33"],
        [
            "loss=mmd1",
            "prior.ancillas=0",
            "prior.terminal=zero",
            "denoising.start_batch_size=1",
            NO_CELLS,
        ],
        [
            "engine=torchquantum",
            "prior.terminal=haar",
            "denoising.iterations_per_epoch=1",
            NO_CELLS,
        ],
        [
            "prior.steps=1",
            "prior.layers=3",
            "prior.init_scale=1",
            "prior.ancillas=2",
            "prior.entangled=false",
            "prior.axes=[ry]",
        ],
        ["denoising.epochs=0", "metrics.samples=100", "prior.qubits=3"],
        ["data.validation=20", "data.limit=50"],
    ],
    ids=lambda o: o[0],
)
def test_unusual_settings_work(tmp_path: Path, overrides: list[str]) -> None:
    metrics = train(small(tmp_path, *overrides))

    assert (metrics["fid"] is None) == (metrics["n_samples"] <= 128)
    assert 0 <= metrics["precision"] <= 1


def test_features_are_trained_and_usable(tmp_path: Path) -> None:
    metrics = train(small(tmp_path, "model=features", "images.epochs=6", "data.limit=null"))
    folder = tmp_path / "features-digits-seed0"

    assert metrics["test_accuracy"] > 0.8
    used = train(small(tmp_path, "model=classical", f"metrics.features={folder}"))
    assert used["features"]["name"] == "digits-cnn-128"
    with pytest.raises(InputError, match="must be a features model"):
        train(small(tmp_path, f"metrics.features={tmp_path}/classical-digits-seed0"))


def test_training_stops_at_a_loss_that_is_not_finite(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        DenoisingObjective,
        "loss",
        lambda self, step, value: {"loss": torch.nan * self.prior.angles[0].sum()},
    )

    with pytest.raises(RunError, match="nan at iteration 0"):
        train(small(tmp_path))
    assert not (tmp_path / "quantum-digits-seed0" / "metrics.json").exists()


def test_learning_rates_follow_the_phases() -> None:
    model = latentq.load(ROOT / "checkpoints" / "quantum")
    objective = DenoisingObjective(
        model.prior,  # type: ignore[arg-type]
        model.sample_chain(4)[-1],  # type: ignore[operator]
        input_batch_size=2,
        start_batch_size=2,
        target_batch_size=2,
        intermediate_weight=0.1,
        seed=0,
    )
    module = DenoisingModule(
        objective, iterations_per_epoch=20, epochs=2, lr_single_step=0.2, lr=0.1
    )

    rates = [module._factor(step) for step in range(140)]

    assert module.phases == 7
    assert rates[1] == rates[21] == max(rates[:100]) == 0.2
    assert rates[19] < 0.01
    assert rates[103] == max(rates[100:]) == 0.1
    assert rates[139] < 0.001


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["model=quantm"], "did you mean quantum"),
        (["device=cuda"], "torch sees no GPU"),
        (["metrics.features=nowhere"], "checkpoint: must be a folder"),
        (["data=mnist", "data.download=false", "data.root=/nowhere"], "train-images-idx3-ubyte"),
        (["data=digits", "run.root=/proc/nowhere"], "run.root: must be a writable folder"),
        (["data=digits", "data.limit=5000"], "data.limit: must be from 1 to"),
        (["-m", "model=quantum,classical", "seed=0,-1"], "seed: must be"),
    ],
)
def test_mistakes_are_one_line_and_exit_code_2(
    line: CommandLine, words: list[str], message: str
) -> None:
    if "device=cuda" in words and torch.cuda.is_available():
        words = ["seed=-1"]
        message = "seed"

    done = line.program("train.py", *words)

    assert done.code == 2
    assert len(done.mistakes) == 1 and message in done.mistakes[0]
    assert not [*line.folder.iterdir()]


def test_a_mistake_ends_the_program(tmp_path: Path) -> None:
    words = [sys.executable, str(ROOT / "train.py"), "model=quantm", f"run.root={tmp_path}/runs"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=300)

    assert done.returncode == 2
    assert done.stderr.count("\n") == 1 and done.stderr.startswith("error: model: must be")
    assert list(tmp_path.iterdir()) == []


def test_sweep_and_fallback_from_the_command_line(tmp_path: Path, line: CommandLine) -> None:
    done = line.train(
        *("-m", "--config-name", "debug", "model=classical", "seed=0,1", "data.limit=200"),
        *(f"data.root={tmp_path}/none", "data.download=false", "metrics.samples=140"),
        f"run.root={tmp_path}/runs",
        "run.name=mine",
    )

    assert done.code == 0, done.err
    assert "NOT MNIST" in done.err
    names = sorted(p.name for p in (tmp_path / "runs").iterdir() if p.is_dir())
    assert names == ["mine-digits", "mine-digits-2"]
    config = yaml.safe_load((tmp_path / "runs" / names[1] / "config.yaml").read_text())
    assert config["seed"] == 1


@needs_mnist
def test_debug_run_on_real_mnist(tmp_path: Path) -> None:
    metrics = train(load_config([f"run.root={tmp_path}", "data=mnist", "threads=1"], "debug"))

    assert metrics["data"]["name"] == "mnist"
    assert metrics["data"]["test"] == 10_000
    assert metrics["fid"] is not None


def test_conditional_models_are_measured_by_their_labels(tmp_path: Path) -> None:
    for model in ("quantum", "classical"):
        metrics = train(small(tmp_path, f"model={model}", "model.conditional=true"))

        assert metrics["conditional"] and 0 <= metrics["label_accuracy"] <= 1
        assert latentq.load(tmp_path / f"{model}-conditional-digits-seed0").conditional


@pytest.mark.parametrize("model", ["quantum", "classical"])
def test_a_missing_class_is_told_before_anything_is_trained(model: str, tmp_path: Path) -> None:
    data = load_data("digits", limit=200)
    kept = (data.train.labels != 3) & (data.train.labels != 8)
    data.train = Split(data.train.images[kept], data.train.labels[kept])
    with pytest.raises(InputError, match=r"all 10 classes, 2 of them have none \(3, 8\)"):
        open_run(small(tmp_path, f"model={model}", "model.conditional=true"), data)

    assert not [*tmp_path.iterdir()]


def test_a_trained_autoencoder_is_used_as_it_is(runs: Path, tmp_path: Path) -> None:
    path = runs / "quantum-digits-seed0"
    other = train(small(tmp_path, f"autoencoder={path}", "denoising.iterations_per_epoch=2"))
    models = [latentq.load(p) for p in (path, tmp_path / "quantum-digits-seed0")]

    for part in ("encoder", "decoder"):
        first, second = (getattr(m, part).state_dict() for m in models)
        assert all(torch.equal(first[k], second[k]) for k in first)
    assert "autoencoder" not in other["wall_seconds"]
    angles = [next(m.prior.parameters()) for m in models]  # type: ignore[union-attr]
    assert not torch.equal(*angles)


@pytest.mark.parametrize(
    ("path", "seed", "word"),
    [
        ("no/such/folder", 0, "autoencoder: must be a folder"),
        ("classical", 0, "must have the latent space of a quantum model"),
        ("quantum", 1, r"run on the same images, .* \(seed: was 0, here 1"),
    ],
)
def test_an_autoencoder_must_fit(runs: Path, path: str, seed: int, word: str) -> None:
    folder = runs / f"{path}-digits-seed0"

    with pytest.raises(InputError, match=word):
        train(small(runs, f"autoencoder={folder}", f"seed={seed}"))


SECOND_STAGES = {
    "perceptrons": "quantum",
    "traced": "quantum",
    "latent_diffusion": "quantum",
    "mixture": "quantum",
    "neighbours": "quantum",
    "codebook": "quantum",
    "ensemble": "quantum",
    "vae_diffusion": "classical",
    **dict.fromkeys(("isometries", "linear", "branches"), "quantum"),
    **dict.fromkeys(("measure_and_prepare", "dephased"), "quantum"),
}


@pytest.mark.parametrize("model", SECOND_STAGES)
def test_priors_stand_on_one_autoencoder(runs: Path, tmp_path: Path, model: str) -> None:
    base = runs / f"{SECOND_STAGES[model]}-digits-seed0"
    metrics = train(small(tmp_path, f"model={model}", f"autoencoder={base}"))
    loaded, shared = latentq.load(tmp_path / f"{model}-digits-seed0"), latentq.load(base)

    for part in ("encoder", "decoder"):
        first, second = (getattr(m, part).state_dict() for m in (loaded, shared))
        assert all(torch.equal(first[k], second[k]) for k in first)
    told = json.loads((base / "metrics.json").read_text())
    assert metrics["fid_reconstruction"] == told["fid_reconstruction"]
    assert metrics["latent_freedom"] == (16 if model == "vae_diffusion" else 30)
    assert metrics["fid"] is not None and metrics["fid"] != told["fid"]
    fitted = ("mixture", "neighbours", "codebook", "ensemble")
    assert metrics["iterations"] == (0 if model in fitted else 4)
    assert set(metrics["parameters_by_model"]) == {"quantum", model}
    assert 0 <= metrics["prior_freedom"] <= metrics["parameters"]["prior"]


def test_a_vae_with_a_fitted_prior_is_trained_and_read_again(tmp_path: Path) -> None:
    metrics = train(small(tmp_path, "model=vae_mixture", "prior.components=3"))
    loaded = cast(VAEMixture, latentq.load(tmp_path / "vae_mixture-digits-seed0"))

    assert (metrics["latent_freedom"], metrics["iterations"]) == (30, 0)
    assert metrics["prior_freedom"] == 3 * 61 - 1
    assert cast(DiagonalMixture, loaded.prior).means.std() > 0
    assert loaded.sample(3, seed=1).shape == (3, 1, 28, 28)


def test_few_images_are_seen_often(tmp_path: Path) -> None:
    train(
        small(
            tmp_path,
            "data.limit=40",
            "images.iterations_per_epoch=7",
            "denoising.iterations_per_epoch=0",
        )
    )
    log = (tmp_path / "quantum-digits-seed0" / "metrics.csv").read_text()

    assert "autoencoder" in log and "prior" not in log
    assert json.loads((tmp_path / "quantum-digits-seed0" / "metrics.json").read_text())["fid"]


def test_validation_images_can_be_measured_against(runs: Path, tmp_path: Path) -> None:
    test = json.loads((runs / "quantum-digits-seed0" / "metrics.json").read_text())
    chosen = train(small(tmp_path, "metrics.split=validation"))

    assert (test["split"], chosen["split"]) == ("test", "validation")
    assert chosen["fid_floor"] != test["fid_floor"]


def test_cells_need_as_many_images(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="needs at least 16 training images"):
        train(small(tmp_path, "data.limit=12", "denoising.cells=true"))
