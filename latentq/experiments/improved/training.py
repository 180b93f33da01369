r"""Trainings of a chain, one step after the other, and the gradients on the way.

A cycle trains one step alone, from :math:`t = T - 1` to 0. Before it, the gradient is measured
at the first angles, on inputs as the later steps hand them on, and on ideal ones, drawn from
:math:`S_{t+1}`. Of :math:`R` draws :math:`g_r`, the signal is what does not come from outcomes
and targets that were drawn:

.. math:: \| \mathbb{E} \, g \|^2 \approx \frac{1}{R (R - 1)} \sum_{r \neq s} g_r \cdot g_s .
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from latentq.diffusion import DenoisingObjective, QuDDPM
from latentq.engine.descent import descend
from latentq.experiments.improved.models import Name, Plan
from latentq.randomness import derive_generator

SAMPLES = 256  # States of a chain by which its distance from Haar states is estimated.


@dataclass(frozen=True)
class Cycle:
    """The training of one step.

    Arguments:
        step: The step t.
        norms: The norm of the gradient at each iteration, with shape (I).
        losses: The loss at each iteration, with shape (I).
        handed: Gradients at the start, with shape (R, P).
        ideal: The same with inputs from the forward process.
    """

    step: int
    norms: Tensor
    losses: Tensor
    handed: Tensor
    ideal: Tensor


@dataclass(frozen=True)
class Trained:
    """A trained model.

    Arguments:
        name: The model.
        qubits: The number of qubits.
        seed: The seed.
        prior: The model itself.
        cycles: Its cycles, from the last step to the first.
        purities: The excess of the purity of the ensembles over Haar states, before and after
            training, from the terminal one on, with shape (2, T + 1).
        seconds: The time of one iteration.
    """

    name: str
    qubits: int
    seed: int
    prior: QuDDPM
    cycles: Sequence[Cycle]
    purities: Tensor
    seconds: float


def excess(psi: Tensor) -> float:
    r"""Estimates the MMD of an ensemble to Haar states without bias, with kernel F.

    .. math:: \frac{1}{N (N - 1)} \sum_{i \neq j} F_{ij} - \frac{1}{d}

    Arguments:
        psi: Unit statevectors, with shape :math:`(N, d)`.
    """
    n, d = psi.shape
    side = psi.mT @ psi.conj() if d < n else psi @ psi.mH
    return (side.abs().square().sum().item() - n) / (n * (n - 1)) - 1 / d


def step_gradient(
    prior: QuDDPM, t: int, inputs: Tensor, targets: Tensor, generator: torch.Generator
) -> Tensor:
    """Returns the gradient of the loss of a step alone, with shape (P)."""
    loss = prior.step_loss(t, inputs, targets, generator)
    return torch.autograd.grad(loss, [prior.angles[t]])[0]


def chosen(psi: Tensor, n: int, generator: torch.Generator) -> Tensor:
    """Draws states from a set, with replacement."""
    return psi[torch.randint(len(psi), (n,), generator=generator)]


def gradients_at_start(
    objective: DenoisingObjective, t: int, draws: int, ideal: bool, seed: int
) -> Tensor:
    """Draws gradients of a step as it is, with shape (R, P), with one set of inputs."""
    prior, latents = objective.prior, objective.ensembles[0]
    assert isinstance(prior, QuDDPM)
    generator = derive_generator(seed, "improved", "start", t)
    if ideal:
        states = chosen(latents, objective.input_batch_size, generator)
        inputs = prior.forward_process.diffuse(states, t + 1, generator)
    else:
        inputs = prior.draw_inputs(objective.input_batch_size, generator, t)
    found = [
        step_gradient(
            prior,
            t,
            inputs,
            chosen(objective.ensembles[t], objective.target_batch_size, generator),
            generator,
        )
        for _ in range(draws)
    ]  # fmt: skip
    return torch.stack(found) if found else latents.real.new_zeros(0, prior.angles[t].numel())


def signal(gradients: Tensor) -> float:
    """Estimates the squared norm of the expected gradient from draws with shape (R, P)."""
    draws = len(gradients)
    total = gradients.sum(dim=0).square().sum() - gradients.square().sum()
    return total.item() / (draws * (draws - 1))


def train_cycle(
    objective: DenoisingObjective, phase: int, iterations: int, lr: float
) -> tuple[Tensor, Tensor]:
    """Trains the step of a phase alone, and returns norms of gradients, and losses."""
    objective.begin(phase)
    angles = objective.prior.get_parameter(f"angles.{objective.prior.steps - 1 - phase}")
    norms, losses = [], []

    def loss(draw: int) -> Tensor:
        found = objective.loss(draw)["loss"]
        losses.append(found.detach())
        return found

    def note(_: int) -> None:
        assert angles.grad is not None
        norms.append(angles.grad.norm())

    draws = range(phase * iterations, (phase + 1) * iterations)
    descend(torch.optim.Adam([angles], lr=lr), loss, draws, note=note)
    return torch.stack(norms), torch.stack(losses)


def train(
    plan: Plan, name: Name, qubits: int, seed: int, iterations: int, draws: int,
    scale: float | None = None,
) -> Trained:  # fmt: skip
    """Trains a model.

    Arguments:
        plan: What trainings have in common.
        name: The model.
        qubits: The number of qubits.
        seed: The seed.
        iterations: The number of iterations of a cycle.
        draws: The number of gradients before each cycle, 0 for none.
        scale: The scale of uniform angles; 1 / L if `None`.
    """
    prior = plan.model(name, qubits, seed, scale=scale)
    objective = plan.objective(prior, seed)
    before, cycles, spent = ensembles(prior, seed), [], 0.0
    for phase in range(prior.steps):
        t = prior.steps - 1 - phase
        starts = [gradients_at_start(objective, t, draws, ideal, seed) for ideal in (False, True)]
        begun = time.perf_counter()
        norms, losses = train_cycle(objective, phase, iterations, plan.lr)
        spent += time.perf_counter() - begun
        cycles.append(Cycle(t, norms, losses, *starts))
    purities = torch.tensor([before, ensembles(prior, seed)])
    seconds = spent / (prior.steps * iterations)
    return Trained(name, qubits, seed, prior, cycles, purities, seconds)


def ensembles(prior: QuDDPM, seed: int) -> list[float]:
    """Returns the distances from Haar states along a generation, from the terminal one on."""
    generator = derive_generator(seed, "improved", "chain")
    return [excess(psi) for psi in prior.sample_chain(SAMPLES, generator)]
