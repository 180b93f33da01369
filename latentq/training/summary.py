"""What a finished run shows: its pictures, its table, and the parameters of both models."""

from collections.abc import Mapping
from typing import Any, cast

import torch
from rich.console import Console
from rich.table import Table
from rich.text import Text

from latentq.config.compose import load_config
from latentq.config.config import Config, arguments_of
from latentq.data.protocol import ImageSource
from latentq.evaluation import scores
from latentq.models import storage
from latentq.models.generative import GenerativeModel, in_chunks, parameter_counts
from latentq.models.hybrid import LatentQ
from latentq.report import plots
from latentq.training.run import Run

SHOWN = 64


def compare_parameters(config: Config, model: GenerativeModel) -> dict[str, dict[str, int]]:
    """Returns the parameter counts of this model and of its counterpart, side by side.

    The counterpart of the quantum model is the VAE, that of every other model is the quantum one.
    """
    kind = config["model"]["kind"]
    other_kind = "classical" if kind == "quantum" else "quantum"
    keys = [key for key in ("channels", "conditional") if key in config["model"]]
    shared = [f"model.{key}={config['model'][key]}" for key in keys]
    other = load_config([f"model={other_kind}", *shared])
    counterpart = cast(
        GenerativeModel, storage.build(other_kind, arguments_of(other, model.classes))
    )
    counts = {
        kind: parameter_counts(model),
        other_kind: parameter_counts(counterpart),
    }
    return dict(sorted(counts.items(), key=lambda item: item[0] != "quantum"))


def prior_iterations(config: Config) -> int:
    """Returns the number of iterations that train the prior, 0 if it is fitted or fixed."""
    settings = config.get("denoising")
    if settings is None:
        return 0
    alone = config["prior"]["steps"] if settings.get("single_steps") else 0
    return settings["iterations_per_epoch"] * (alone + settings["epochs"])


@torch.no_grad()
def draw_pictures(run: Run, model: GenerativeModel, data: ImageSource) -> None:
    """Draws the samples, the reconstructions and the denoising chain of a model."""
    seed = run.config["seed"]
    images = model.sample(SHOWN, seed).cpu()
    plots.save_samples(images, run.folder / "samples.png", f"{run.title}: samples")
    originals, labels = data.test.images[:16], data.test.labels[:16]
    decoded = scores.reconstruct(model, originals, labels).cpu()
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
    title = f"{metrics['name']}: {metrics['n_samples']} samples, {metrics['features']['name']}"
    table = Table(title=Text(title))  # As it is: what stands in brackets in a name is no markup.
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
