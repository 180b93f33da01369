"""The engines: what each is called, which packages it needs, and how it is made.

A peer stands here twice: as it is used, with the circuit on every state of the batch, and with
the idea of our engine lent to it, the circuit on the basis states of the data only (`kraus`).
"""

from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Protocol

import numpy as np

from benchmarks.task import BenchmarkTask
from benchmarks.timing import Steps


class Iteration(Steps, Protocol):
    """One training iteration of an engine, on angles of its own."""

    def gradient(self) -> tuple[float, np.ndarray]:
        """Returns the loss and its gradient at the present angles, without a step."""

    def angles(self) -> np.ndarray:
        """Returns the present angles in radians, with shape (P)."""


@dataclass(frozen=True)
class Engine:
    """An engine that is timed.

    Arguments:
        key: Its name in files and options.
        label: Its name in tables.
        place: Its module and class, `module.Class`.
        needs: The packages that it imports.
        kraus: Whether it executes the circuit on the basis states of the data only.
        devices: Where it runs.
        copies: The complex64 arrays of all states that it keeps for each gate, by experience.
    """

    key: str
    label: str
    place: str
    needs: tuple[str, ...] = ()
    kraus: bool = False
    devices: tuple[str, ...] = ("cpu",)
    copies: int = 2

    def missing(self) -> list[str]:
        """Lists the packages that are not installed."""
        return [name for name in self.needs if find_spec(name) is None]

    def load(self) -> type:
        """Imports the class of the engine."""
        module, name = self.place.split(".")
        return getattr(import_module(f"benchmarks.engines.{module}"), name)

    def build(self, task: BenchmarkTask) -> Iteration:
        """Makes its iteration for a task."""
        return self.load()(task, kraus=self.kraus)

    def memory(self, task: BenchmarkTask) -> float:
        """Estimates the bytes that an iteration takes."""
        states = task.dimension if self.kraus else task.batch
        gates = len([*task.circuit.gates()])
        return 8.0 * self.copies * gates * states * task.joint_dimension


_JAX = ("jax", "optax")
_PEERS = (
    Engine(
        "torchquantum",
        "torchquantum",
        "torchquantum_engine.TorchQuantum",
        ("torchquantum",),
        devices=("cpu", "cuda"),
    ),
    Engine(
        "tensorcircuit_jax",
        "tensorcircuit-ng (JAX)",
        "tensorcircuit_jax.TensorCircuitJax",
        ("tensorcircuit", *_JAX),
    ),
    Engine(
        "tensorcircuit_torch",
        "tensorcircuit-ng (torch)",
        "tensorcircuit_torch.TensorCircuitTorch",
        ("tensorcircuit",),
    ),
    Engine(
        "pennylane_jax",
        "PennyLane (JAX)",
        "pennylane_jax.PennyLaneJax",
        ("pennylane", *_JAX),
    ),
    Engine(
        "pennylane_torch",
        "PennyLane (torch)",
        "pennylane_torch.PennyLaneTorch",
        ("pennylane",),
        copies=6,
    ),
)
OURS = Engine("fused", "fused (ours)", "fused_engine.Fused", devices=("cpu", "cuda"), copies=1)


def _with_kraus(peer: Engine) -> Engine:
    return Engine(
        f"{peer.key}_kraus",
        f"{peer.label}, Kraus",
        peer.place,
        peer.needs,
        kraus=True,
        devices=peer.devices,
        copies=peer.copies,
    )


PEERS = (*_PEERS, *map(_with_kraus, _PEERS))
ENGINES = {engine.key: engine for engine in (OURS, *PEERS)}
