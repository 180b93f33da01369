"""A model on simulated machines: transpiled circuits out, counts in, images out."""

from typing import Any

import torch
from torch import Tensor

from latentq.engine.noisy import Noise
from latentq.engine.qiskit import FakeMachine, aer_sampler
from latentq.evaluation import metrics
from latentq.experiments.devices.options import Options
from latentq.experiments.hardware.measures import Bench
from latentq.experiments.record import Picture, progress
from latentq.models.device import DevicePlan, sample_on
from latentq.report import plots

Row = dict[str, Any]
COLUMNS = 16


def machine_rows(bench: Bench, options: Options) -> tuple[list[Row], Picture]:
    """Returns a row for perfect gates and for each machine, and images of all of them."""
    seed = options.seed % 2**31
    plan = DevicePlan(options.images, options.shots, options.starts, deferred=False)
    perfect = sample_on(bench.model, aer_sampler(Noise(), seed), plan, options.seed)
    rows: list[Row] = [_row(bench, "perfect gates", perfect, options)]
    shown = {"perfect gates": perfect}
    for name in progress(options.machines or (), "machines"):
        machine = FakeMachine(name, seed)
        images = sample_on(bench.model, machine, plan, options.seed)
        errors = torch.tensor([*machine.errors().values()], dtype=torch.float64)
        facts = {
            "calibrated": machine.calibrated, "two_qubit_gates": machine.two_qubit_gates,
            "median_error": errors.median().item(),
        }  # fmt: skip
        rows.append({**_row(bench, name, images, options), **facts})
        shown[name] = images
    return rows, grid_of(shown)


def _row(bench: Bench, name: str, images: Tensor, options: Options) -> Row:
    features = metrics.extract_features(bench.classifier, images)
    return {
        "machine": name, "images": len(images), "shots": options.shots,
        "fid": metrics.fid(features, bench.reference), "calibrated": None,
        "two_qubit_gates": None, "median_error": None,
    }  # fmt: skip


def grid_of(shown: dict[str, Tensor]) -> Picture:
    """Draws two rows of images of each machine, of the same preparations."""
    figure = plots.Figure(figsize=(9.5, 1.3 * len(shown)), dpi=150, layout="constrained")
    figure.set_facecolor(plots.NIGHT)
    for ax, (name, images) in zip(
        figure.subplots(len(shown), 1, squeeze=False)[:, 0], shown.items(), strict=True
    ):
        places = torch.linspace(0, len(images) - 1, 2 * COLUMNS).long()
        plots.image_grid(ax, images[places], COLUMNS)
        ax.set_ylabel(name, color=plots.DARK.ink)
    names = ", ".join(shown)
    return Picture(f"Images by {names}: the same preparations, read by shots.", figure)
