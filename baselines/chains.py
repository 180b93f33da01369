r"""Chains with other steps in the place of circuits: isometries, linear maps, measurements, MLPs.

Everything else is that of :class:`latentq.models.hybrid.LatentQ`: autoencoder, terminal ensemble,
cells, losses, trainer. A chain is told apart from another one by its steps alone, see
:mod:`baselines.steps`.
"""

import math
from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional

from baselines.steps import IsometryStep, MapStep, PrepareStep, Step
from latentq.diffusion import Chain, Forward
from latentq.diffusion.chain import Instrument
from latentq.diffusion.losses import Loss
from latentq.errors import InputError
from latentq.models.hybrid import LatentQ
from latentq.quantum.encoding import amplitude_encode


class StepChain(Chain):
    r"""A chain of given steps, whose outcomes are drawn with their score.

    Arguments:
        forward_process: The forward process.
        steps: The steps :math:`0 \dots T - 1`; step 0 gives the data.
        loss: The name of the loss.
        spread: The strength of the random unitaries after step 0, see the base class.
    """

    def __init__(
        self,
        forward_process: Forward,
        steps: Sequence[Step],
        loss: str | Loss = "wasserstein",
        spread: float = 0.0,
    ) -> None:
        super().__init__(forward_process, loss, "score", spread)

        self.maps = nn.ModuleList(steps)
        self.linear = all(step.linear for step in steps)

    @property
    def freedom(self) -> int:
        """The number of free reals of all steps."""
        return sum(step.freedom for step in self._all_steps())

    def _all_steps(self) -> list[Step]:
        return [step for step in self.maps if isinstance(step, Step)]

    def instruments(self, steps: list[int], batch: int) -> list[Instrument]:
        """Returns the maps of some steps, see the base class."""
        return [self.maps[t] for t in steps]


def of_each_step(value: int | tuple[int, ...], steps: int, name: str) -> tuple[int, ...]:
    """Returns the number of each step, where one number or a number for each of them is given.

    Raises:
        InputError: If there are more or fewer numbers than steps.
    """
    numbers = (value,) * steps if isinstance(value, int) else value
    if len(numbers) != steps:
        raise InputError(f"{name}: must be one number or {steps}, was {list(numbers)}")
    return numbers


def isometries(
    forward_process: Forward,
    branches: int | tuple[int, ...],
    loss: str | Loss = "wasserstein",
    spread: float = 0.0,
    *,
    generator: torch.Generator,
) -> StepChain:
    """Returns a chain of instruments without circuits, with a number of branches for each step."""
    dimension = 2**forward_process.qubits
    numbers = of_each_step(branches, forward_process.steps, "branches")
    steps = [IsometryStep(dimension, n, generator) for n in numbers]
    return StepChain(forward_process, steps, loss, spread)


def linear_maps(
    forward_process: Forward,
    maps: int | tuple[int, ...],
    rank: int,
    loss: str | Loss = "wasserstein",
    spread: float = 0.0,
    *,
    learnt: bool = False,
    generator: torch.Generator,
) -> StepChain:
    """Returns a chain of linear maps, one of which is drawn in each step."""
    dimension = 2**forward_process.qubits
    numbers = of_each_step(maps, forward_process.steps, "maps")
    steps = [MapStep(dimension, n, rank, learnt, generator) for n in numbers]
    return StepChain(forward_process, steps, loss, spread)


def measurements(
    forward_process: Forward,
    effects: int | tuple[int, ...],
    loss: str | Loss = "wasserstein",
    spread: float = 0.0,
    *,
    generator: torch.Generator,
) -> StepChain:
    """Returns a chain that measures and prepares, with a number of outcomes for each step."""
    dimension = 2**forward_process.qubits
    numbers = of_each_step(effects, forward_process.steps, "effects")
    steps = [PrepareStep(dimension, n, generator) for n in numbers]
    return StepChain(forward_process, steps, loss, spread)


class PerceptronChain(Chain):
    r"""A chain whose steps are small MLPs on the reals of a state, and toss one fair coin each.

    .. math:: \psi \to \frac{x + f_t(x, c)}{\| \cdot \|}, \qquad
        x = (\mathrm{Re} \, \psi, \mathrm{Im} \, \psi), \quad c = \pm 1

    The coin gives a step as much chance as one measured ancilla; its two outcomes have the
    probability 1/2 each, whatever the parameters.

    Arguments:
        forward_process: The forward process.
        width: The number of hidden units of a step.
        loss: The name of the loss.
        shared: Whether all steps have one network, which is told the step as a one-hot vector,
            :math:`f_t(x, c) = f(x, c, t)`.
        spread: The strength of the random unitaries after step 0, see the base class.
        generator: The source of the initial weights.
    """

    def __init__(
        self,
        forward_process: Forward,
        width: int,
        loss: str | Loss = "wasserstein",
        shared: bool = False,
        spread: float = 0.0,
        *,
        generator: torch.Generator,
    ) -> None:
        super().__init__(forward_process, loss, "sampled", spread)

        reals, steps = 2 * 2**forward_process.qubits, forward_process.steps
        inputs = reals + 1 + (steps if shared else 0)
        self.shared = shared
        self.networks = nn.ModuleList(
            nn.Sequential(nn.Linear(inputs, width), nn.SiLU(), nn.Linear(width, reals, bias=False))
            for _ in range(1 if shared else steps)
        )
        for parameter in self.networks.parameters():
            bound = 1 / math.sqrt(parameter.shape[-1])
            nn.init.uniform_(parameter, -bound, bound, generator=generator)

    def instruments(self, steps: list[int], batch: int) -> list[Instrument]:
        """Returns the maps of some steps, see the base class."""
        if not self.shared:
            return [partial(_toss, self.networks[t], None) for t in steps]
        times = torch.eye(self.steps, device=next(self.parameters()).device)
        return [partial(_toss, self.networks[0], times[t]) for t in steps]


def _toss(network: nn.Module, time: Tensor | None, psi: Tensor) -> Tensor:
    """Returns the two branches of a coin, with shape (B, 2, d)."""
    reals = torch.cat((psi.real, psi.imag), dim=-1)
    inputs = [functional.pad(reals, (0, 1), value=side) for side in (-1.0, 1.0)]
    if time is not None:
        inputs = [torch.cat((x, time.expand(len(x), -1)), dim=-1) for x in inputs]
    branches = [amplitude_encode(reals + network(x)) for x in inputs]
    return torch.stack(branches, dim=1) / math.sqrt(2)


class Isometries(LatentQ):
    """The quantum model with a free isometry in the place of every circuit."""

    chain = staticmethod(isometries)


class Linear(LatentQ):
    """The quantum model with two linear maps and a fair coin in the place of every circuit."""

    chain = staticmethod(linear_maps)


class Branches(LatentQ):
    """The quantum model with linear maps of learnt weights in the place of every circuit."""

    chain = staticmethod(partial(linear_maps, learnt=True))


class MeasureAndPrepare(LatentQ):
    """The quantum model whose every step measures and prepares."""

    chain = staticmethod(measurements)


class Perceptrons(LatentQ):
    """The quantum model with an MLP in the place of every circuit."""

    chain = PerceptronChain
