"""A run from its folder to its `metrics.json`: what `train.py` does after reading its options."""

import json
import os
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import torch
import yaml
from rich.console import Console
from rich.table import Table
from torch import nn

from latentq import evaluation, plots, runs, stages, storage
from latentq.compose import load_config
from latentq.config import Config
from latentq.errors import InputError
from latentq.features import Classifier
from latentq.model import GenerativeModel, LatentQ, in_chunks
from latentq.training import ImageSource

AUTOENCODER = "autoencoder"
GENERATORS = ("quantum", "classical")
SHOWN = 64
Arguments = dict[str, Any]


@dataclass
class Run:
    """A run folder with its configuration, device, commit, and the seconds of its stages."""

    folder: Path
    config: Config
    device: str
    title: str
    git_commit: str | None = None
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def finished(self) -> bool:
        """Whether the run is complete."""
        return runs.is_finished(self.folder)

    def metrics(self) -> dict[str, Any]:
        """Reads the metrics of a finished run."""
        return json.loads((self.folder / runs.METRICS).read_text())


def prepare(config: Config) -> None:
    """Checks device and feature network, and sets the number of threads, before any work.

    Raises:
        InputError: If a GPU is asked for and absent, or the feature network is missing.
    """
    stages.accelerator(config["device"])
    torch.set_num_threads(config["threads"])
    if config["model"]["kind"] in GENERATORS:
        feature_network(config)


def feature_network(config: Config) -> tuple[Classifier, dict[str, Any]]:
    """Loads the classifier of `fid`, and describes it for `metrics.json`.

    Raises:
        InputError: If there is none at `metrics.features`.
    """
    path = config["metrics"]["features"]
    if not Path(path).is_absolute() and not Path(path).exists():
        path = str(Path(__file__).parent.parent / path)
    _, description = storage.describe(path)
    if description["kind"] != "features":
        raise InputError(
            f"metrics.features: must be a features model, was a {description['kind']} model"
        )
    notes = description.get("notes", {})
    described = {
        "name": notes.get("name", "classifier"),
        "sha256": description["sha256"],
        "test_accuracy": notes.get("test_accuracy"),
    }
    return cast(Classifier, storage.load(path)), described


def arguments_of(config: Config) -> Arguments:
    """Returns the arguments that build the model of a configuration."""
    model = config["model"]
    if model["kind"] == "quantum":
        chosen = {k: config[k] for k in ("loss", "outcomes", "engine")}
        return {
            "channels": model["channels"],
            "prior": {**config["prior"], **chosen},
            "seed": config["seed"],
        }

    return {**{k: v for k, v in model.items() if k != "kind"}, "seed": config["seed"]}


def open_run(config: Config, data: ImageSource) -> Run:
    """Makes the run folder, or finds the one to resume or to skip.

    Raises:
        InputError: If the folder cannot be written, or the run to resume does not fit.
    """
    kind, root = config["model"]["kind"], Path(config["run"]["root"])
    name = config["run"]["name"] or f"{kind}-{data.name}-seed{config['seed']}"
    if data.name == "digits" and "digits" not in name:
        name += "-digits"
    title = f"{kind} on {data.name}, seed {config['seed']}"
    device = stages.accelerator(config["device"])
    finished = [p for p in runs.versions_of(root, name) if runs.is_finished(p)]
    done = [p for p in finished if not runs.differences(p, config)]
    if config["run"]["skip_finished"] and done:
        print(f"{done[-1]} is finished, nothing to do")
        return Run(done[-1], config, device, title)

    if config["resume"]:
        folder = runs.find_run(config["resume"], root, name)
        runs.check_same_config(folder, config)
        stages.read_checkpoint(folder)
    else:
        folder = runs.new_run(root, name)
        content = yaml.safe_dump(config, sort_keys=False)
        storage.write_atomically(folder / runs.CONFIG, content.encode())
    environment = runs.environment()
    runs.write_json(folder / "environment.json", environment)
    print(f"run folder: {folder}", flush=True)
    return Run(folder, config, device, title, environment["git_commit"])


def train_features(run: Run, data: ImageSource) -> dict[str, Any]:
    """Trains the classifier and records its accuracy on the test images."""
    arguments = arguments_of(run.config)
    seed = arguments.pop("seed")
    model = cast(Classifier, storage.build_seeded("features", arguments, seed))
    seconds = stages.train_images(model, data, run.config, run.folder, run.title, run.device)
    test_accuracy = evaluation.accuracy(model.cpu(), data.test.images, data.test.labels)
    metrics = {
        "model": "features",
        "seed": seed,
        "test_accuracy": test_accuracy,
        "parameters": evaluation.count_parameters(model),
        "data": data.describe(),
        "wall_seconds": {"classifier": seconds},
        "git_commit": run.git_commit,
    }
    notes = {"name": f"{data.name}-cnn-128", "test_accuracy": test_accuracy}
    return finish(run, model, arguments, metrics, notes)


def train_generator(run: Run, data: ImageSource) -> dict[str, Any]:
    """Trains a generative model in its stages and measures it on the test images."""
    arguments = arguments_of(run.config)
    model = train_autoencoder(run, data, arguments)
    mmd = train_prior(run, model, data) if isinstance(model, LatentQ) else None
    model = model.cpu().eval()
    start = time.perf_counter()
    classifier, described = feature_network(run.config)
    print("measuring on the test images", flush=True)
    rows = evaluation.evaluate(
        model.to(run.device),
        classifier.to(run.device),
        real=data.unlimited.images,
        test=data.test.images,
        samples=run.config["metrics"]["samples"],
        seed=run.config["seed"],
    )
    draw_pictures(run, model, data)
    run.seconds["evaluation"] = time.perf_counter() - start
    kind = run.config["model"]["kind"]
    metrics = {
        "model": kind,
        "name": run.folder.name,
        "seed": run.config["seed"],
        "data": data.describe(),
        "features": described,
        **rows,
        "parameters": evaluation.parameter_counts(model),
        "parameters_by_model": compare_parameters(run.config, model),
        "mmd": mmd,
        "wall_seconds": run.seconds,
        "git_commit": run.git_commit,
    }
    show(metrics)
    return finish(run, model, arguments, metrics, {"data": data.name, "fid": rows["fid"]})


def train_autoencoder(run: Run, data: ImageSource, arguments: Arguments) -> GenerativeModel:
    """Trains the autoencoder of a model, or loads it if a resumed run has finished it."""
    kept = run.folder / AUTOENCODER
    if (kept / storage.CONFIG).is_file():
        return cast(GenerativeModel, storage.load(kept))

    kind = run.config["model"]["kind"]
    model = cast(GenerativeModel, storage.build(kind, arguments))
    run.seconds["autoencoder"] = stages.train_images(
        model, data, run.config, run.folder, run.title, run.device
    )
    storage.save(model, kept, kind, arguments)
    return model


def train_prior(run: Run, model: LatentQ, data: ImageSource) -> dict[str, Any]:
    """Trains the QuDDPM on the frozen latent states and measures it on validation states."""
    objective = stages.denoising_objective(model, data.train.images, run.config, run.device)
    run.seconds["prior"] = stages.train_denoising(
        model, objective, run.config, run.folder, run.title, run.device
    )
    held_out = stages.denoising_objective(model, data.validation.images, run.config, run.device)
    return {"loss": run.config["loss"], **held_out.report(len(data.validation.images))}


def compare_parameters(config: Config, model: GenerativeModel) -> dict[str, dict[str, int]]:
    """Returns the parameter counts of this model and of its counterpart, side by side."""
    other_kind = next(k for k in GENERATORS if k != config["model"]["kind"])
    other = load_config([f"model={other_kind}", f"model.channels={config['model']['channels']}"])
    counterpart = cast(GenerativeModel, storage.build(other_kind, arguments_of(other)))
    counts = {
        config["model"]["kind"]: evaluation.parameter_counts(model),
        other_kind: evaluation.parameter_counts(counterpart),
    }
    return {kind: counts[kind] for kind in GENERATORS}


@torch.no_grad()
def draw_pictures(run: Run, model: GenerativeModel, data: ImageSource) -> None:
    """Draws the samples, the reconstructions and the denoising chain of a model."""
    seed = run.config["seed"]
    images = model.sample(SHOWN, seed).cpu()
    plots.save_samples(images, run.folder / "samples.png", f"{run.title}: samples")
    originals = data.test.images[:16]
    decoded = evaluation.reconstruct(model, originals).cpu()
    plots.save_reconstructions(
        originals, decoded, run.folder / "reconstructions.png", f"{run.title}: reconstructions"
    )
    if isinstance(model, LatentQ):
        chain = model.sample_chain(12, seed)
        decoded = in_chunks(model.decode, chain.flatten(0, 1)).unflatten(0, chain.shape[:2])
        title = f"{run.title}: denoising chain"
        plots.save_chain(decoded.cpu(), run.folder / "samples_chain.png", title)


def show(metrics: Mapping[str, Any]) -> None:
    """Prints the numbers of a run, and the parameters of both models side by side."""
    console = Console()
    table = Table(
        title=f"{metrics['name']}: {metrics['n_samples']} samples, {metrics['features']['name']}"
    )
    table.add_column("metric")
    table.add_column("value", justify="right")
    for key in (
        *("fid", "fid_reconstruction", "fid_floor", "fid_terminal", "fid_haar"),
        *("kid", "precision", "recall"),
    ):
        value = metrics[key]
        table.add_row(key, "not estimable" if value is None else f"{value:.4g}")
    console.print(table)
    counts = metrics["parameters_by_model"]
    table = Table("parameters", *counts)
    for part in ("encoder", "decoder", "prior", "total"):
        table.add_row(part, *(f"{c[part]:,}" for c in counts.values()))
    console.print(table)


def finish(
    run: Run,
    model: nn.Module,
    arguments: Arguments,
    metrics: dict[str, Any],
    notes: dict[str, Any],
) -> dict[str, Any]:
    """Saves the model, joins the logs, and writes `metrics.json`, which marks the run finished."""
    notes = {**notes, "seed": run.config["seed"], "git_commit": metrics["git_commit"]}
    storage.save(model, run.folder / "model", run.config["model"]["kind"], arguments, notes)
    shutil.rmtree(run.folder / AUTOENCODER, ignore_errors=True)
    runs.merge_logs(run.folder, ["classifier", "autoencoder", "prior"])
    runs.write_json(run.folder / runs.METRICS, metrics)
    print(f"finished: {os.path.join(run.folder, runs.METRICS)}", flush=True)
    return run.metrics()
