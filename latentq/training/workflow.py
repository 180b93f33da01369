"""A run from its folder to its `metrics.json`: what `train.py` does after reading its options."""

import os
import shutil
from pathlib import Path
from typing import Any, cast

import torch
import yaml
from torch import nn

from latentq import paths
from latentq.config import registry
from latentq.config.config import Config, arguments_of, check_training_images
from latentq.data.identity import data_differences, shared_classes
from latentq.data.protocol import ImageSource
from latentq.diffusion import report
from latentq.errors import InputError, NumericalError, RunError
from latentq.evaluation import scores
from latentq.models import storage
from latentq.models.classifier import Classifier
from latentq.models.generative import (
    GenerativeModel,
    count_parameters,
    parameter_counts,
    prior_freedom,
)
from latentq.models.hybrid import LatentQ
from latentq.report.cards import write_card
from latentq.training import reuse, run_folder, stages, summary
from latentq.training.checkpoints import newest
from latentq.training.logs import merge_logs
from latentq.training.modules import FittedToLatents, TrainedInLatents
from latentq.training.run import Run

AUTOENCODER = "autoencoder"
Arguments = dict[str, Any]


def open_run(config: Config, data: ImageSource) -> Run:
    """Makes the run folder, or finds the one to resume or to skip.

    Raises:
        InputError: If the training images are too few, the folder cannot be written, or the run to
            resume does not fit.
    """
    counts = torch.bincount(data.train.labels, minlength=data.classes)
    check_training_images(config, counts.tolist())
    kind, root = config["model"]["kind"], Path(config["run"]["root"])
    if config["model"].get("conditional"):
        kind += "-conditional"
    name = config["run"]["name"] or f"{kind}-{data.name}-seed{config['seed']}"
    if data.name == "digits" and "digits" not in name:
        name += "-digits"
    title = f"{kind} on {data.name}, seed {config['seed']}"
    device = stages.accelerator(config["device"])
    finished = [p for p in run_folder.versions_of(root, name) if run_folder.is_finished(p)]
    done = [p for p in finished if not _differences(p, config, data)]
    if config["run"]["skip_finished"] and done:
        print(f"{done[-1]} is finished, nothing to do")
        return Run(done[-1], config, device, title)

    if config["resume"]:
        folder = run_folder.find_run(config["resume"], root, name)
        if differ := _differences(folder, config, data):
            raise InputError(
                f"resume: {folder} was started with another configuration ({'; '.join(differ)})"
            )
    else:
        folder = run_folder.new_run(root, name)
        run_folder.write_json(folder / run_folder.DATA, data.describe())
        content = yaml.safe_dump(config, sort_keys=False)
        paths.write_atomically(folder / run_folder.CONFIG, content.encode())
    return Run(folder, config, device, title)


def _differences(folder: Path, config: Config, data: ImageSource) -> list[str]:
    """Lists how a run differs from what is asked for now, in its configuration or its data."""
    recorded = run_folder.data_of(folder)
    return [*run_folder.differences(folder, config), *data_differences(recorded, data.describe())]


def work(run: Run, data: ImageSource) -> dict[str, Any]:
    """Trains and measures, or goes on with it, and returns the content of `metrics.json`.

    Raises:
        InputError: If another process is in the run folder, or no valid state is left there.
        RunError: If the training goes wrong, or its state cannot be saved.
    """
    with run_folder.held(run.folder):
        if run.config["resume"]:
            run.state = newest(run.folder, run_folder.decisive(run.config))
        run.git_commit = run_folder.note_environment(run.folder)
        print(f"run folder: {run.folder}", flush=True)
        if registry.find(run.config["model"]["kind"]).classifier:
            return train_features(run, data)
        return train_generator(run, data)


def train_features(run: Run, data: ImageSource) -> dict[str, Any]:
    """Trains the classifier and records its accuracy on the test images."""
    kind, seed = run.config["model"]["kind"], run.config["seed"]
    arguments = arguments_of(run.config)
    model = cast(Classifier, storage.build_seeded(kind, arguments, seed))
    with run.timed("classifier"):
        stages.train_images(run, model, data)
    test_accuracy = scores.accuracy(model.cpu(), data.test.images, data.test.labels)
    metrics = {
        "model": kind,
        "seed": seed,
        "test_accuracy": test_accuracy,
        "parameters": count_parameters(model),
        "data": data.describe(),
    }
    notes = {
        "name": f"{data.name}-cnn-128",
        "test_accuracy": test_accuracy,
        "data": data.describe(),
    }
    return finish(run, model, arguments, metrics, notes)


def train_generator(run: Run, data: ImageSource) -> dict[str, Any]:
    """Trains a generative model in its stages and measures it on the test images."""
    arguments = arguments_of(run.config, data.classes)
    model = train_autoencoder(run, data, arguments)
    train_prior(run, model, data)
    mmd = measure_chain(run, model, data) if isinstance(model, LatentQ) else None
    model = model.cpu().eval()
    with run.timed("evaluation"):
        rows = measure(run, model, data)
        with run.optional_output("the pictures of the run"):
            summary.draw_pictures(run, model, data)
    kind = run.config["model"]["kind"]
    metrics = {
        "model": kind,
        "name": run.folder.name,
        "seed": run.config["seed"],
        "data": data.describe(),
        "split": run.config["metrics"]["split"],
        "conditional": model.conditional,
        **rows,
        "parameters": parameter_counts(model),
        "latent_freedom": model.latent_freedom,
        "prior_freedom": prior_freedom(getattr(model, "prior", None)),
        "iterations": summary.prior_iterations(run.config),
        "parameters_by_model": summary.compare_parameters(run.config, model),
        "mmd": mmd,
    }
    summary.show(metrics)
    notes = {"data": data.describe(), "fid": rows["fid"]}
    return finish(run, model, arguments, metrics, notes)


def train_autoencoder(run: Run, data: ImageSource, arguments: Arguments) -> GenerativeModel:
    """Trains or borrows the autoencoder of a model, or loads it if a resumed run has it already.

    A borrowed one is kept too: its run may be gone, or another one, when this run is resumed.
    """
    kept = run.folder / AUTOENCODER
    if (kept / storage.CONFIG).is_file():
        run.recall(storage.describe(kept)[1]["notes"])
        return cast(GenerativeModel, storage.load(kept))

    kind, seed = run.config["model"]["kind"], run.config["seed"]
    model = cast(GenerativeModel, storage.build_seeded(kind, arguments, seed))
    if run.config.get("autoencoder"):
        reuse.with_autoencoder(model, run.config["autoencoder"])
    else:
        with run.timed("autoencoder"):
            stages.train_images(run, model, data)
    storage.save(model, kept, kind, arguments, run.notes())
    # Read back, so that a run which is resumed here goes on from the very same tensors.
    return cast(GenerativeModel, storage.load(kept))


def train_prior(run: Run, model: GenerativeModel, data: ImageSource) -> None:
    """Trains or fits the prior on the frozen latents, if the model has one."""
    if not isinstance(model, (FittedToLatents, TrainedInLatents)):
        return
    latents, seed = stages.encode(run, model, data.train), run.config["seed"]
    if isinstance(model, FittedToLatents):
        with run.timed("prior"):
            model.fit(latents, seed)
    else:
        labels = data.train.labels.to(latents.device)
        objective = model.objective(latents, labels, run.config["denoising"], seed)
        with run.timed("prior"):
            stages.train_prior(run, model, objective)


def measure(run: Run, model: GenerativeModel, data: ImageSource) -> dict[str, Any]:
    """Measures a trained model on held-out images.

    Raises:
        RunError: If its images are not finite.
    """
    classifier, described, notes = reuse.feature_network(run.config)
    split, samples = run.config["metrics"]["split"], run.config["metrics"]["samples"]
    print(f"measuring on the {split} images", flush=True)
    networks = model.to(run.device), classifier.to(run.device)
    try:
        rows = scores.evaluate_on(
            *networks, data, split, samples, run.config["seed"], shared_classes(notes, data)
        )
    except NumericalError as error:
        raise RunError(f"evaluation: {error}") from error
    return {"features": described, **rows}


def measure_chain(run: Run, model: LatentQ, data: ImageSource) -> dict[str, Any]:
    """Measures the ensembles of a denoising chain on validation states."""
    latents = stages.encode(run, model, data.validation)
    start = data.validation.labels.to(latents.device) if model.conditional else None
    return {"loss": "mmdk", **report(model.prior, latents, run.config["seed"], start)}


def finish(
    run: Run,
    model: nn.Module,
    arguments: Arguments,
    metrics: dict[str, Any],
    notes: dict[str, Any],
) -> dict[str, Any]:
    """Saves the model, joins the logs, and writes `metrics.json`, which marks the run finished."""
    notes = {**notes, "seed": run.config["seed"], "git_commit": run.git_commit}
    storage.save(model, run.folder / "model", run.config["model"]["kind"], arguments, notes)
    with run.optional_output("the card of the model"):
        facts = {**metrics, "git_commit": run.git_commit}
        write_card(run.folder / "model", facts, run.folder.name)
    with run.optional_output(run_folder.LOG):
        merge_logs(run.folder, ["classifier", "autoencoder", "prior"])
    told = {"gradients": run.gradients, "missing": run.missing}
    metrics |= {key: value for key, value in told.items() if value}
    metrics |= {"wall_seconds": run.seconds, "cpu_seconds": run.cpu_seconds}
    run_folder.write_json(
        run.folder / run_folder.METRICS, {**metrics, "git_commit": run.git_commit}
    )
    shutil.rmtree(run.folder / AUTOENCODER, ignore_errors=True)
    print(f"finished: {os.path.join(run.folder, run_folder.METRICS)}", flush=True)
    return run.metrics()
