"""PennyLane's `default.qubit` on torch."""

from torch import Tensor

from benchmarks.engines.pennylane_circuit import node
from benchmarks.engines.torch_iteration import TorchIteration
from benchmarks.task import BenchmarkTask


class PennyLaneTorch(TorchIteration):
    """The iteration with PennyLane's broadcasting over the states."""

    def __init__(self, task: BenchmarkTask, kraus: bool = False) -> None:
        super().__init__(task, kraus)
        self._node = node(task.circuit, "torch")

    def run(self, angles: Tensor, psi: Tensor) -> Tensor:
        """Applies the circuit to the batch."""
        # Its states come back as complex128, whatever goes in.
        return self._node(angles, psi).to(psi.dtype)
