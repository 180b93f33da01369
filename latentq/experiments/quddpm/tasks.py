"""The five tasks of the original QuDDPM: ensembles, circuits, and the published numbers.

References:
    Zhang et al. (2024), Phys. Rev. Lett. 132, 100602; numbers of states and iterations, and
    values on test states, from the authors' stored results in their repository QuantGenMdl.
"""

from dataclasses import dataclass

import torch

from latentq.quantum.targets import Circle, Cluster, CorrelatedNoise, IsingGround, Target


@dataclass(frozen=True)
class EnsembleTask:
    r"""A task of the paper; generation starts from Haar states.

    Arguments:
        title: What it is called.
        target: The ensemble.
        ancillas: The number of ancillas.
        layers: The number of layers of a step.
        strengths: The strengths of the forward process, one for each step.
        loss: The loss of the published training, which is also the published measure.
        pool: How many states of the ensemble are diffused.
        states: The number of states on each side of a loss, and of the published test.
        iterations: The iterations of a step.
        error: The published value of the measure on test states.
        observable: What else is published of the test states: `fidelity` with the state
            :math:`| 0 \dots 0 \rangle`, `magnetisation`, or nothing.
        observed: Its published mean.
        one_key: Whether the authors' notebook draws all outcomes with one random key.
    """

    title: str
    target: Target
    ancillas: int
    layers: int
    strengths: tuple[float, ...]
    loss: str
    pool: int
    states: int
    iterations: int
    error: float
    observable: str = ""
    observed: float | None = None
    one_key: bool = False

    @property
    def steps(self) -> int:
        """The number of steps."""
        return len(self.strengths)

    @property
    def measure(self) -> str:
        """The published measure, as the name of a number of a row."""
        return "wasserstein" if self.loss == "wasserstein" else "mmd"


def evenly(first: float, last: float, number: int) -> tuple[float, ...]:
    """Returns evenly spaced strengths."""
    return tuple(torch.linspace(first, last, number, dtype=torch.float64).tolist())


NOISE = evenly(0.05, 1, 12) + evenly(1.2, 4, 8)
CIRCLE = tuple(0.001 * t * t for t in range(1, 41))
TASKS = {
    "cluster1": EnsembleTask(
        "cluster, 1 qubit", Cluster(1, 0.08), 1, 4, evenly(1, 4, 20), "mmd1", 1000, 100, 1000,
        0.0006, "fidelity", 0.993,
    ),
    "cluster2": EnsembleTask(
        "cluster, 2 qubits", Cluster(2, 0.06), 1, 6, evenly(0.5, 4, 20), "mmd1", 1000, 100, 2000,
        0.0039, "fidelity", 0.944,
    ),
    "noise": EnsembleTask(
        "correlated noise, 2 qubits", CorrelatedNoise(), 2, 6, NOISE, "mmd1", 5000, 500, 2500,
        0.0028,
    ),
    "circle": EnsembleTask(
        "circle, 1 qubit", Circle(), 2, 6, CIRCLE, "wasserstein", 5000, 500, 5000, 0.0028,
    ),
    "ising": EnsembleTask(
        "Ising ground states, 4 qubits", IsingGround(4), 2, 12, evenly(0.1, 2, 30), "mmd1",
        10_000, 100, 3001, 0.0209, "magnetisation", 0.884, one_key=True,
    ),
}  # fmt: skip
