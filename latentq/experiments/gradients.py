r"""Bias of the published training gradient, which ignores the outcome probabilities.

    python -m latentq.experiments.gradients out=gradients.json

The loss of a whole chain depends on the angles through the states after the measurements and
through the probabilities of the outcomes. Keeping all outcomes as weighted branches gives its
exact gradient :math:`g`, and central differences in complex128 are the judge of that. The point is
random, or reached from there by some steps on the exact gradient (`trained`). The published
estimate draws outcomes and follows the states alone; the score estimate follows the weights
:math:`p / \bar{p}` too. Each is averaged over draws until its own noise is small, then

.. math:: \text{bias} = \| \bar{g} - g \| / \| g \|, \qquad
    \text{cosine} = \langle \bar{g}, g \rangle / \| \bar{g} \| \| g \|, \qquad
    \text{noise} = \sqrt{ \mathrm{Tr} \, \mathrm{Cov}(\hat{g}) } / \| g \| .

The noise is that of one draw with as many particles as there are exact branches.
"""

import json
import math
import sys
from pathlib import Path
from typing import Any

import torch
from pydantic import Field
from torch import Tensor

from latentq import paths
from latentq.config.commands import read_options, run_command
from latentq.config.fields import Count, Folder, Settings, Size
from latentq.diffusion import ForwardProcess, QuDDPM, uniform_particles
from latentq.diffusion.chain import Outcomes
from latentq.engine.descent import descend
from latentq.quantum.states import haar_states, perturb
from latentq.randomness import derive_generator

STARTS, TARGETS, CHECKED = 32, 256, 12
STEP = 1e-5  # of the central differences


class Options(Settings):
    """What is compared."""

    layers: Count = Field(6, le=1000, description="the layers of a circuit")
    draws: int = Field(200, ge=2, le=10**6, description="the draws behind an estimate")
    seeds: Count = Field(3, le=100, description="how many chains")
    trained: Size = Field(200, le=10**5, description="the steps on the exact gradient")
    out: Folder = Field("gradients.json", description="the file of the rows")


def chain(layers: int, loss: str, seed: int) -> QuDDPM:
    """Returns a prior of four qubits and five steps with one ancilla, in double precision."""
    generator = derive_generator(seed, "gradients")
    prior = QuDDPM(
        ForwardProcess(), layers=layers, loss=loss, init_scale=math.pi, generator=generator
    )
    return prior.double()


def ensembles(seed: int) -> tuple[Tensor, Tensor]:
    """Returns terminal states, and targets in four clouds, both complex128."""
    generator = derive_generator(seed, "ensembles")
    starts = ForwardProcess().terminal_states(STARTS, generator).to(torch.complex128)
    centres = haar_states(4, qubits=4, generator=generator, dtype=torch.complex128)
    targets = perturb(centres[torch.arange(TARGETS) % 4], 0.3, generator)
    return starts / torch.linalg.vector_norm(starts, dim=1, keepdim=True), targets


def loss_of(
    prior: QuDDPM, starts: Tensor, targets: Tensor, outcomes: Outcomes, generator: torch.Generator
) -> Tensor:
    """Returns the loss of the last ensemble of a chain."""
    prior.outcomes = outcomes
    particles = uniform_particles(starts)
    for instrument in prior.instruments([*reversed(range(prior.steps))], len(starts)):
        particles = prior.advance(instrument, particles, generator)
    return prior.distance(particles.psi, targets, particles.weights / particles.weights.sum())


def gradient(prior: QuDDPM, loss: Tensor) -> Tensor:
    """Returns the gradient of a loss by all angles, as one vector."""
    return torch.cat(torch.autograd.grad(loss, list(prior.parameters())))


@torch.no_grad()
def central_differences(prior: QuDDPM, starts: Tensor, targets: Tensor) -> Tensor:
    """Returns central differences of the exact loss by the first angles of the first steps."""
    generator, found = derive_generator(0, "unused"), []
    for i in range(CHECKED):
        angle = prior.angles[i % prior.steps]
        values = []
        for sign in (1, -1):
            angle[i] += sign * STEP
            values.append(loss_of(prior, starts, targets, "exact", generator))
            angle[i] -= sign * STEP
        found.append((values[0] - values[1]) / (2 * STEP))
    return torch.stack(found)


def train(prior: QuDDPM, starts: Tensor, targets: Tensor, steps: int) -> None:
    """Takes some steps of Adam on the exact loss."""

    def loss(_: int) -> Tensor:
        return loss_of(prior, starts, targets, "exact", derive_generator(0, "unused"))

    descend(torch.optim.Adam(prior.parameters(), lr=0.05), loss, range(steps))


def measure(prior: QuDDPM, starts: Tensor, targets: Tensor, draws: int) -> dict[str, Any]:
    """Compares the estimates with the exact gradient at one point.

    Arguments:
        prior: The prior, with its angles.
        starts: Terminal states, with shape (N, d).
        targets: Target states, with shape (M, d).
        draws: The number of draws to average an estimate over.
    """
    generator = derive_generator(0, "draws")
    exact = gradient(prior, loss_of(prior, starts, targets, "exact", generator))
    size = prior.circuits[0].parameters
    chosen = torch.tensor([(i % prior.steps) * size + i for i in range(CHECKED)])
    judge = central_differences(prior, starts, targets)
    result: dict[str, Any] = {
        "exact_norm": exact.norm().item(),
        "differences": ((judge - exact[chosen]).abs().max() / exact.abs().max()).item(),
    }
    copies = starts.repeat_interleave(2 ** sum(prior.ancillas), dim=0)
    kinds: tuple[Outcomes, ...] = ("sampled", "score")
    for outcomes in kinds:
        drawn = torch.stack(
            [
                gradient(prior, loss_of(prior, copies, targets, outcomes, generator))
                for _ in range(draws)
            ]
        )
        mean, spread = drawn.mean(dim=0), drawn.var(dim=0).sum().sqrt()
        result[outcomes] = {
            "bias": ((mean - exact).norm() / exact.norm()).item(),
            "bias_noise": (spread / math.sqrt(draws) / exact.norm()).item(),
            "cosine": torch.cosine_similarity(mean, exact, dim=0).item(),
            "noise": (spread / exact.norm()).item(),
        }
    return result


def gradients(arguments: list[str]) -> None:
    """Prints the comparison for each loss and seed, and writes it as JSON.

    Raises:
        InputError: If an option is wrong.
    """
    options = read_options(arguments, Options)
    rows = []
    for loss in ("mmd1", "mmdk", "wasserstein"):
        for seed in range(options.seeds):
            prior, (starts, targets) = chain(options.layers, loss, seed), ensembles(seed)
            for steps in dict.fromkeys((0, options.trained)):
                train(prior, starts, targets, steps)
                found = measure(prior, starts, targets, options.draws)
                rows.append({"loss": loss, "seed": seed, "trained": steps, **found})
                print(json.dumps(rows[-1]), flush=True)
    given = options.model_dump(exclude={"out"})
    content = json.dumps({"options": given, "rows": rows}, indent=2) + "\n"
    paths.write_atomically(Path(options.out), content.encode())


if __name__ == "__main__":
    sys.exit(run_command(gradients, __doc__, Options))
