"""A run from its folder to its `metrics.json`: what `train.py` does after reading its options."""

import os
import shutil
from pathlib import Path
from typing import Any, cast

import torch
import yaml
from torch import nn

from latentq import evaluation, runs, stages, storage, summary
from latentq.config import Config, arguments_of
from latentq.errors import InputError
from latentq.features import Classifier
from latentq.generative import GenerativeModel, count_parameters, parameter_counts
from latentq.model import FittedModel, LatentQ
from latentq.rules import VAES
from latentq.training import ImageSource, TrainedInLatents

AUTOENCODER = "autoencoder"
Arguments = dict[str, Any]


def prepare(config: Config) -> None:
    """Checks device and feature network, and sets the number of threads, before any work.

    Raises:
        InputError: If a GPU is asked for and absent, or a network that it needs is missing.
    """
    stages.accelerator(config["device"])
    torch.set_num_threads(config["threads"])
    if config["model"]["kind"] != "features":
        feature_network(config)
    if config.get("autoencoder"):
        check_autoencoder(config)


def check_autoencoder(config: Config) -> None:
    """Checks the model whose autoencoder is to be used.

    Raises:
        InputError: If it has another latent space, or its seed is another one: then it may have
            been trained on images that this run sets aside for validation.
    """
    path, seed = config["autoencoder"], config["seed"]
    try:
        _, description = storage.describe(path)
    except InputError as error:
        raise InputError(f"autoencoder: {str(error).removeprefix('checkpoint: ')}") from error
    kind, wanted = description["kind"], config["model"]["kind"]
    if kind == "features" or (kind in VAES) != (wanted in VAES):
        raise InputError(
            f"autoencoder: must have the latent space of a {wanted} model, {path} is a {kind} "
            "model"
        )
    trained = description.get("notes", {}).get("seed")
    if trained != seed:
        raise InputError(
            f"autoencoder: must be of a run with this seed, {seed}, that of {path} was {trained}"
        )


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


def open_run(config: Config, data: ImageSource) -> runs.Run:
    """Makes the run folder, or finds the one to resume or to skip.

    Raises:
        InputError: If the folder cannot be written, or the run to resume does not fit.
    """
    kind, root = config["model"]["kind"], Path(config["run"]["root"])
    if config["model"].get("conditional"):
        kind += "-conditional"
    name = config["run"]["name"] or f"{kind}-{data.name}-seed{config['seed']}"
    if data.name == "digits" and "digits" not in name:
        name += "-digits"
    title = f"{kind} on {data.name}, seed {config['seed']}"
    device = stages.accelerator(config["device"])
    finished = [p for p in runs.versions_of(root, name) if runs.is_finished(p)]
    done = [p for p in finished if not runs.differences(p, config)]
    if config["run"]["skip_finished"] and done:
        print(f"{done[-1]} is finished, nothing to do")
        return runs.Run(done[-1], config, device, title)

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
    return runs.Run(folder, config, device, title, environment["git_commit"])


def train_features(run: runs.Run, data: ImageSource) -> dict[str, Any]:
    """Trains the classifier and records its accuracy on the test images."""
    arguments = arguments_of(run.config)
    seed = arguments.pop("seed")
    model = cast(Classifier, storage.build_seeded("features", arguments, seed))
    with run.timed("classifier"):
        stages.train_images(run, model, data)
    test_accuracy = evaluation.accuracy(model.cpu(), data.test.images, data.test.labels)
    metrics = {
        "model": "features",
        "seed": seed,
        "test_accuracy": test_accuracy,
        "parameters": count_parameters(model),
        "data": data.describe(),
        "wall_seconds": run.seconds,
        "cpu_seconds": run.cpu_seconds,
        "git_commit": run.git_commit,
    }
    notes = {"name": f"{data.name}-cnn-128", "test_accuracy": test_accuracy}
    return finish(run, model, arguments, metrics, notes)


def train_generator(run: runs.Run, data: ImageSource) -> dict[str, Any]:
    """Trains a generative model in its stages and measures it on the test images."""
    arguments = arguments_of(run.config)
    model = train_autoencoder(run, data, arguments)
    train_prior(run, model, data)
    mmd = measure_chain(run, model, data) if isinstance(model, LatentQ) else None
    model = model.cpu().eval()
    classifier, described = feature_network(run.config)
    split, samples = run.config["metrics"]["split"], run.config["metrics"]["samples"]
    print(f"measuring on the {split} images", flush=True)
    with run.timed("evaluation"):
        rows = evaluation.evaluate_on(
            model.to(run.device),
            classifier.to(run.device),
            data,
            split,
            samples,
            run.config["seed"],
        )
        summary.draw_pictures(run, model, data)
    kind = run.config["model"]["kind"]
    metrics = {
        "model": kind,
        "name": run.folder.name,
        "seed": run.config["seed"],
        "data": data.describe(),
        "split": split,
        "conditional": model.conditional,
        "features": described,
        **rows,
        "parameters": parameter_counts(model),
        "latent_freedom": model.latent_freedom,
        "iterations": summary.prior_iterations(run.config),
        "parameters_by_model": summary.compare_parameters(run.config, model),
        "mmd": mmd,
        "wall_seconds": run.seconds,
        "cpu_seconds": run.cpu_seconds,
        "git_commit": run.git_commit,
    }
    summary.show(metrics)
    notes = {"data": data.name, "limit": run.config["data"]["limit"], "fid": rows["fid"]}
    return finish(run, model, arguments, metrics, notes)


def train_autoencoder(run: runs.Run, data: ImageSource, arguments: Arguments) -> GenerativeModel:
    """Trains the autoencoder of a model, or loads it if a resumed run has finished it."""
    kept = run.folder / AUTOENCODER
    if (kept / storage.CONFIG).is_file():
        return cast(GenerativeModel, storage.load(kept))

    kind = run.config["model"]["kind"]
    model = cast(GenerativeModel, storage.build(kind, arguments))
    if run.config.get("autoencoder"):
        return with_autoencoder(model, run.config["autoencoder"])
    with run.timed("autoencoder"):
        stages.train_images(run, model, data)
    storage.save(model, kept, kind, arguments)
    return model


def with_autoencoder(model: GenerativeModel, path: str) -> GenerativeModel:
    """Gives a model the trained encoder and decoder of another one.

    Raises:
        InputError: If its networks have other sizes.
    """
    other = cast(GenerativeModel, storage.load(path))
    try:
        model.encoder.load_state_dict(other.encoder.state_dict())
        model.decoder.load_state_dict(other.decoder.state_dict())
    except RuntimeError as error:
        raise InputError(f"autoencoder: its networks have other sizes, was {path}") from error
    return model


def train_prior(run: runs.Run, model: GenerativeModel, data: ImageSource) -> None:
    """Trains or fits the prior on the frozen latents, if the model has one."""
    latents, seed = stages.encode(run, model, data.train), run.config["seed"]
    if isinstance(model, FittedModel):
        with run.timed("prior"):
            model.fit(latents, seed)
    elif isinstance(model, TrainedInLatents):
        labels = data.train.labels.to(latents.device)
        objective = model.objective(latents, labels, run.config["denoising"], seed)
        with run.timed("prior"):
            stages.train_prior(run, model, objective)


def measure_chain(run: runs.Run, model: LatentQ, data: ImageSource) -> dict[str, Any]:
    """Measures the ensembles of a denoising chain on validation states."""
    settings = {**run.config["denoising"], "cells": False}
    latents = stages.encode(run, model, data.validation)
    labels = data.validation.labels.to(latents.device)
    objective = model.objective(latents, labels, settings, run.config["seed"])
    return {"loss": "mmdk", **objective.report(len(latents))}


def finish(
    run: runs.Run,
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
