"""The engine of this project, :mod:`latentq.engine.fused`."""

from torch import Tensor

from benchmarks.engines.torch_iteration import TorchIteration
from latentq.diffusion import select_outcomes
from latentq.diffusion.losses.mmd import mmd1
from latentq.engine import fused


class Fused(TorchIteration):
    """The iteration by the fused engine, and measurement and loss as in training."""

    def run(self, angles: Tensor, psi: Tensor) -> Tensor:
        """Applies the circuit to states of ancillas and data."""
        return fused.run(self.task.circuit, angles, psi)

    def loss(self) -> Tensor:
        """Returns the loss at the present angles, as in training."""
        task = self.task
        branches = fused.branches(task.circuit, self.parameter, task.psi, task.ancillas)
        return mmd1(select_outcomes(branches, task.uniforms), task.targets)
