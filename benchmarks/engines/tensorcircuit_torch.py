"""tensorcircuit-ng on torch, vectorised over the batch as in the published code of QuDDPM."""

from torch import Tensor

from benchmarks.engines.tensorcircuit_circuit import settings, state
from benchmarks.engines.torch_iteration import TorchIteration


class TensorCircuitTorch(TorchIteration):
    """The iteration with the package's own `vmap` over the states."""

    def run(self, angles: Tensor, psi: Tensor) -> Tensor:
        """Applies the circuit to every state."""
        circuit = self.task.circuit
        with settings("pytorch") as backend:
            return backend.vmap(lambda one: state(circuit, angles, one))(psi)
