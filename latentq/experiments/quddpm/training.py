"""The recipes by which the circuits of a task are trained.

- `published`: one step after the other by the published loss on sampled outcomes, whose gradient
  ignores their probabilities, with Adam at 5e-4 from normal angles;
- `longer`: the same, for four times the iterations;
- `exact`: as published, with all outcomes as weighted branches, whose gradient is exact;
- `ladder`: one step after the other by the ladder of kernels, on sampled outcomes with the
  gradient of their probabilities, with Adam and a cosine from 5e-3; then `ladder, together`: all
  steps at once by the Wasserstein distance of their last output;
- `five steps`: the same two stages, for a chain of five steps with as many parameters in all;
- `one key`: as published, but every iteration, step and test draws the outcomes with the same
  numbers, and all steps start from the same angles, as the code of the authors does where its
  random key is a constant; then the same circuits `measured anew`;
- `one step`: one circuit with all the parameters, by the published loss (the published benchmark
  QuDT), for as many iterations as the chain has in all.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from latentq.diffusion import DenoisingObjective, ForwardProcess, QuDDPM
from latentq.diffusion.chain import Outcomes
from latentq.diffusion.fit import train_phase
from latentq.diffusion.losses.mmd import LOSSES
from latentq.experiments.quddpm.tasks import EnsembleTask, evenly
from latentq.randomness import derive_generator

TOGETHER = 2000  # iterations of all steps at once
LR_PUBLISHED, LR = 5e-4, 5e-3
FEW = 5


@dataclass(frozen=True)
class ChainRecipe:
    """How circuits are trained.

    Arguments:
        outcomes: What the gradient knows of outcomes.
        steps: The number of steps; 0 for that of the task.
        loss: The loss of a step alone; empty for that of the task.
        lr: The learning rate of a step alone.
        tuned: Whether the learning rate follows a cosine, and all steps are trained together
            afterwards.
        times: The number of iterations, in units of the published number.
        one_key: Whether the same numbers decide all outcomes, and steps start from equal angles.
        tasks: The tasks it is for; empty for all.
    """

    outcomes: Outcomes = "sampled"
    steps: int = 0
    loss: str = ""
    lr: float = LR_PUBLISHED
    tuned: bool = False
    times: int = 1
    one_key: bool = False
    tasks: tuple[str, ...] = ()


SMALL = ("cluster1", "cluster2", "noise")
RECIPES = {
    "published": ChainRecipe(),
    "longer": ChainRecipe(times=4, tasks=("cluster1", "cluster2")),
    "exact": ChainRecipe("exact", tasks=("cluster1", "cluster2")),
    "ladder": ChainRecipe("score", loss="mmdk", lr=LR, tuned=True),
    "five steps": ChainRecipe("score", FEW, "mmdk", LR, tuned=True),
    "one key": ChainRecipe(one_key=True, tasks=(*SMALL, "ising")),
    "one step": ChainRecipe(steps=1, tasks=("cluster2",)),
}


class OneKeyQuDDPM(QuDDPM):
    """A QuDDPM whose outcomes can be decided by the same numbers whenever it is run."""

    #: The numbers, which repeat for more states; none for outcomes that are drawn anew.
    numbers: Tensor = torch.empty(0)

    def uniforms(self, psi: Tensor, generator: torch.Generator) -> Tensor:
        """Returns the numbers that decide the outcomes of states, with shape (N)."""
        if not len(self.numbers):
            return super().uniforms(psi, generator)
        return self.numbers.repeat(-(-len(psi) // len(self.numbers)))[: len(psi)]


def suits(recipe: str, task: str) -> bool:
    """Returns whether a recipe is tried on a task, both by name."""
    return not RECIPES[recipe].tasks or task in RECIPES[recipe].tasks


def build(task: EnsembleTask, recipe: ChainRecipe, seed: int) -> OneKeyQuDDPM:
    """Returns the untrained circuits of a task.

    Arguments:
        task: The task.
        recipe: The recipe; where it has fewer steps, these have more layers.
        seed: The seed of the angles.
    """
    steps, strengths = recipe.steps or task.steps, task.strengths
    if steps == 1:
        strengths = (math.fsum(strengths),)
    elif steps != task.steps:
        strengths = evenly(1, 4, steps)
    prior = OneKeyQuDDPM(
        ForwardProcess(task.target.qubits, steps, strengths, "haar"),
        task.ancillas,
        task.layers * task.steps // steps,
        recipe.loss or task.loss,
        recipe.outcomes,
        init="normal",
        generator=derive_generator(seed, "init"),
    )
    if recipe.one_key:
        prior.numbers = torch.rand(task.states, generator=derive_generator(seed, "key"))
        for angles in prior.angles:
            angles.data.copy_(prior.angles[0])
    return prior


def objective_of(task: EnsembleTask, prior: QuDDPM, seed: int) -> DenoisingObjective:
    """Returns what circuits are trained on; only the last output where all are trained."""
    return DenoisingObjective(
        prior,
        task.target.draw(task.pool, derive_generator(seed, "data")),
        input_batch_size=task.states,
        start_batch_size=task.states,
        target_batch_size=task.states,
        intermediate_weight=0.0,
        seed=seed,
    )


def train(
    task: EnsembleTask, name: str, seed: int, share: float = 1.0
) -> Iterator[tuple[str, QuDDPM]]:
    """Trains the circuits of a task, and gives them at the end of each stage.

    Arguments:
        task: The task.
        name: The recipe.
        seed: The seed of data, angles and draws.
        share: The share of the iterations; below 1 only for a quick look.

    Returns:
        The name of the stage and the circuits, which the next stage trains on.
    """
    recipe = RECIPES[name]
    prior = build(task, recipe, seed)
    objective = objective_of(task, prior, seed)
    times = task.steps if prior.steps == 1 else recipe.times
    iterations = math.ceil(share * task.iterations * times)
    for phase in range(prior.steps):
        draws = range(phase * iterations, (phase + 1) * iterations)
        train_phase(objective, phase, draws, recipe.lr, cosine=recipe.tuned)
    yield name, prior
    if recipe.one_key:
        prior.numbers = prior.numbers[:0]
        yield f"{name}, measured anew", prior
    if recipe.tuned:
        prior.distance = LOSSES["wasserstein"]
        draws = range(draws.stop, draws.stop + math.ceil(share * TOGETHER))
        train_phase(objective, prior.steps, draws, LR, cosine=True)
        yield f"{name}, together", prior
