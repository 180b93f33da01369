"""The training iteration of the engines that run on torch: everything but the circuit."""

from abc import ABC, abstractmethod

import numpy as np
import torch
from torch import Tensor

from benchmarks.task import LEARNING_RATE, BenchmarkTask


def measure(branches: Tensor, uniforms: Tensor) -> Tensor:
    r"""Draws one outcome for each state by inverting the cumulative distribution.

    Arguments:
        branches: Unnormalised branches :math:`\phi_m`, with shape :math:`(B, M, d)`.
        uniforms: Numbers in :math:`[0, 1)`, with shape :math:`(B)`.

    Returns:
        The states after the measurement, with shape :math:`(B, d)`.
    """
    with torch.no_grad():
        p = torch.view_as_real(branches).square().sum(dim=(-2, -1))
        cumulative = p.cumsum(dim=-1)
        outcome = (cumulative[:, :-1] < uniforms[:, None] * cumulative[:, -1:]).sum(dim=-1)
    chosen = branches[torch.arange(len(p), device=p.device), outcome]
    return chosen / torch.linalg.vector_norm(chosen, dim=-1, keepdim=True)


def mean_state_distance(phi: Tensor, psi: Tensor) -> Tensor:
    r"""Returns :math:`\| \rho_\phi - \rho_\psi \|_{HS}^2` by the cheaper of two forms.

    With at least as many states as dimensions these are the two mean states, otherwise the mean
    fidelities of the three pairings of the ensembles.

    Arguments:
        phi: Unit statevectors, with shape :math:`(B, d)`.
        psi: Unit statevectors, with shape :math:`(B, d)`.
    """
    if phi.shape[-1] <= len(phi):
        rho = (phi.mT @ phi.conj() - psi.mT @ psi.conj()) / len(phi)
        return torch.view_as_real(rho).square().sum()

    own, other, cross = (a.conj() @ b.mT for a, b in ((phi, phi), (psi, psi), (phi, psi)))
    own, other, cross = (torch.view_as_real(g).square().sum() for g in (own, other, cross))
    return (own + other - 2 * cross) / len(phi) ** 2


class TorchIteration(ABC):
    """One training iteration on torch; a subclass executes the circuit.

    Arguments:
        task: The sizes and numbers of the iteration.
        kraus: Whether the circuit is executed on the basis states of the data only, which gives
            its Kraus matrices, and these are applied to the batch.
    """

    def __init__(self, task: BenchmarkTask, kraus: bool = False) -> None:
        self.task = task
        self.kraus = kraus
        self.parameter = task.angles.clone().requires_grad_()
        self.optimizer = torch.optim.Adam([self.parameter], lr=LEARNING_RATE, fused=True)
        inputs = torch.eye(task.dimension).to(task.psi) if kraus else task.psi
        padding = task.joint_dimension - task.dimension
        self.joint = torch.nn.functional.pad(inputs, (0, padding))

    @abstractmethod
    def run(self, angles: Tensor, psi: Tensor) -> Tensor:
        r"""Applies the circuit to states of ancillas and data, with shape :math:`(*, D)`."""

    def branches(self, angles: Tensor) -> Tensor:
        r"""Returns the branches of the states of the task, with shape :math:`(B, M, d)`."""
        states = self.run(angles, self.joint)
        states = self.task.psi @ states if self.kraus else states
        return states.reshape(self.task.batch, -1, self.task.dimension)

    def measure(self, branches: Tensor) -> Tensor:
        r"""Returns the states after the measurement, with shape :math:`(B, d)`."""
        return measure(branches, self.task.uniforms)

    def distance(self, phi: Tensor, psi: Tensor) -> Tensor:
        """Returns the loss of states against targets."""
        return mean_state_distance(phi, psi)

    def loss(self) -> Tensor:
        """Returns the loss at the present angles."""
        states = self.measure(self.branches(self.parameter))
        return self.distance(states, self.task.targets)

    def step(self) -> Tensor:
        """Runs one iteration and returns its loss."""
        self.optimizer.zero_grad()
        loss = self.loss()
        loss.backward()
        self.optimizer.step()
        return loss.detach()

    def wait(self) -> None:
        """Waits until the iterations that were started are done."""
        if self.task.device == "cuda":
            torch.cuda.synchronize()

    def gradient(self) -> tuple[float, np.ndarray]:
        """Returns the loss and its gradient at the present angles, without a step."""
        loss = self.loss()
        (gradient,) = torch.autograd.grad(loss, self.parameter)
        return loss.item(), gradient.cpu().numpy()

    def angles(self) -> np.ndarray:
        """Returns the present angles in radians, with shape (P)."""
        return self.parameter.detach().cpu().numpy().copy()
