"""torchquantum, through the one module of this project that imports it."""

from torch import Tensor

from benchmarks.engines.torch_iteration import TorchIteration
from latentq.engine import torchquantum


class TorchQuantum(TorchIteration):
    """The iteration with the circuit executed gate by gate on a batch of states."""

    def run(self, angles: Tensor, psi: Tensor) -> Tensor:
        """Applies the circuit by :func:`latentq.engine.torchquantum.run`."""
        return torchquantum.run(self.task.circuit, angles, psi)
