"""The FID of models against the errors of their two-qubit gates."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from latentq.diffusion import QuDDPM
from latentq.engine.noisy import Noise
from latentq.experiments.hardware.measures import Bench, limit_rows, noisy_states
from latentq.experiments.record import progress
from latentq.quantum import readout

Row = dict[str, Any]
READ = ("linear", "eigenvector")


def gates_of(prior: QuDDPM) -> Row:
    """Returns the sizes of a prior: its angles, CZ of all steps, and gates of a preparation."""
    prepare: Any = prior.forward_process
    made = prepare.preparation(1, torch.Generator()).circuit
    return {
        "angles": sum(angles.numel() for angles in prior.angles),
        "cz": sum(circuit.layers * len(circuit.pairs) for circuit in prior.circuits),
        "rzz": made.layers * len(made.pairs),
    }


def model_row(name: str, bench: Bench) -> Row:
    """Returns the size of a model, and the FID of its terminal states."""
    labels = bench.model.labels(bench.number, bench.seed)
    terminal = bench.model.sample_chain(bench.number, bench.seed, labels)[0]
    undenoised = bench.fid(readout.density_matrices(terminal.to(torch.complex128)))
    return {
        "model": name, **gates_of(bench.prior),
        "fid_terminal": undenoised,
    }  # fmt: skip


def rate_rows(name: str, bench: Bench, rates: Sequence[float]) -> list[Row]:
    """Returns the FID of a model without errors and for error rates of its gates, same draws."""
    rows: list[Row] = []
    for rate in progress([0.0, *rates], name):
        rho = noisy_states(bench, Noise(rate))
        for read in READ:
            found = bench.fid(readout.READOUTS[read](rho))
            rows.append({"model": name, "rate": rate, "readout": read, "fid": found})
    return rows


def rates_that_cost(rows: Sequence[Row]) -> list[Row]:
    """Returns the rates that cost 10% and 50% of the FID, for each model and readout."""
    found = []
    for name in dict.fromkeys(row["model"] for row in rows):
        own = [
            {**row, "error": "gate" if row["rate"] else "none", "shots": None}
            for row in rows
            if row["model"] == name
        ]
        keys = ("readout", "10%", "50%")
        found += [{"model": name, **{k: row[k] for k in keys}} for row in limit_rows(own)]
    return found


@torch.no_grad()
def pair_of_grids(bench: Bench, number: int, rate: float) -> tuple[Tensor, Tensor]:
    """Returns images of the same draws without errors and with, read by the eigenvector."""
    grids = []
    for error in (0.0, rate):
        rho = noisy_states(bench, Noise(error), number)
        grids.append(bench.model.decode_matrices(readout.READOUTS["eigenvector"](rho)))
    return grids[0], grids[1]


def name_of(path: str) -> str:
    """Returns the name of a model: that of its folder, or of its run."""
    folder = Path(path)
    return folder.parent.name if folder.name == "model" else folder.name
