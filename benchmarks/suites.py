"""The rows of each suite, from small to large."""

from collections.abc import Mapping
from typing import Any

from benchmarks.task import BenchmarkTask
from latentq.config.compose import load_config
from latentq.config.schema.quantum import of_all_steps

BATCHES = (1, 4, 16, 64, 256, 1024, 4096)
QUBITS = (2, 3, 4, 6, 8, 10, 12, 14, 16)
PEER_SUITES = ("headline", "step", "batch", "qubits")
SUITES = (*PEER_SUITES, "chain", "solvers", "parts", "choices")
MEANINGS = {
    "headline": "Two sizes of the training iteration.",
    "batch": "The training iteration against the number of states.",
    "chain": "The iteration that trains all steps of the default model together.",
    "parts": "Where the time of an iteration goes.",
    "solvers": "The exact transports of a training step, by our solver and by others.",
    "step": "Circuit and measurement of one step of the default model, with the loss `mmd1`.",
    "choices": "What the engine chooses by a measured rule, against the alternative.",
    "qubits": "The training iteration against the number of qubits, of which one is an ancilla.",
}


def _sizes_of_step() -> list[tuple[int, int, int, int]]:
    """Returns the sizes of the circuits of the default model, those that differ."""
    config = load_config(["model=quantum"])
    prior, batch = config["prior"], config["denoising"]["start_batch_size"]
    ancillas, layers = (of_all_steps(prior[key], prior["steps"]) for key in ("ancillas", "layers"))
    kinds = dict.fromkeys(zip(ancillas, layers, strict=True))
    return [(prior["qubits"], number, depth, batch) for number, depth in kinds]


def tasks_of(suite: str, seed: int, device: str) -> list[BenchmarkTask]:
    """Returns the tasks of a suite."""
    sizes = {
        "headline": [(4, 2, 6, 256), (8, 3, 8, 256)],
        "step": _sizes_of_step(),
        "batch": [(4, 2, 6, batch) for batch in BATCHES],
        "qubits": [(total - 1, 1, 6, 16) for total in QUBITS],
    }
    return [BenchmarkTask(*size, seed=seed, device=device) for size in sizes[suite]]


def size_of_row(suite: str, row: Mapping[str, Any]) -> int:
    """Returns the number that a suite varies, from a row of its results."""
    return int(row["batch"] if suite == "batch" else row["qubits"] + row["ancillas"])
