"""The engine of this project, :mod:`latentq.engine.fused`."""

from torch import Tensor

from benchmarks.engines.torch_iteration import TorchIteration
from latentq.diffusion.published import sampled_distance
from latentq.engine import fused


class Fused(TorchIteration):
    """The iteration by the fused engine, and measurement and loss as in training."""

    def run(self, angles: Tensor, psi: Tensor) -> Tensor:
        """Applies the circuit to states of ancillas and data."""
        return fused.run(self.task.circuit, angles, psi)

    def loss(self) -> Tensor:
        """Returns the loss at the present angles, as in training."""
        task = self.task
        return sampled_distance(
            task.circuit, self.parameter, task.psi, task.uniforms, task.targets, task.ancillas
        )
