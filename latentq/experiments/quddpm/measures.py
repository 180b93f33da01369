"""How well generated states agree with new states of a task."""

from typing import Any

import torch
from torch import Tensor

from latentq.diffusion.losses.mmd import Loss, expected_mmd1
from latentq.diffusion.losses.transport import wasserstein
from latentq.experiments.quddpm.tasks import EnsembleTask
from latentq.experiments.quddpm.training import RECIPES, build, train
from latentq.quantum.states import gram_fidelities
from latentq.quantum.targets import magnetisation
from latentq.randomness import derive_generator

MANY = 5000  # states on each side of the unbiased MMD
BINS = 40


def in_parts(loss: Loss, psi: Tensor, data: Tensor, states: int) -> float:
    """Averages a distance of some states from as many others over all such parts.

    Arguments:
        loss: The distance.
        psi: States, with shape (N, d).
        data: Other states, with shape (N, d).
        states: The number of states of a part.
    """
    parts = zip(psi.split(states), data.split(states), strict=True)
    return float(torch.stack([loss(a, b) for a, b in parts]).mean())


def shown(psi: Tensor, task: EnsembleTask) -> Tensor:
    r"""Returns the number by which states of a task are shown, in [0, 1].

    The fidelity with :math:`| 0 \dots 0 \rangle`, the magnetisation, the distance
    :math:`| \langle Y \rangle |` from the great circle, or for correlated noise, where nothing
    is published, the probability of :math:`| 00 \rangle`.
    """
    if task.observable == "magnetisation":
        return magnetisation(psi)
    if task.measure == "wasserstein":
        return 2 * (psi[:, 0].conj() * psi[:, 1]).imag.abs()
    return psi[:, 0].abs().square()


def numbers(psi: Tensor, task: EnsembleTask, generator: torch.Generator) -> dict[str, Any]:
    """Measures how well states agree with new states of a task.

    Arguments:
        psi: :data:`MANY` states, with shape (N, d).
        task: The task.
        generator: The source of the new states.

    Returns:
        The published measures, on average over sets of as many states as there, the unbiased MMD,
        the mean fidelity with the nearest of 500 new states, mean and deviation of the observable,
        and its histogram in [0, 1].
    """
    data = task.target.draw(MANY, generator)
    values = shown(psi, task).double()
    return {
        "mmd": float(expected_mmd1(psi, data, task.states)),
        "unbiased": float(expected_mmd1(psi, data)),
        "wasserstein": in_parts(wasserstein, psi, data, task.states),
        "nearest": float(gram_fidelities(psi, data[:500]).amax(dim=1).mean()),
        "observable": float(values.mean()),
        "deviation": float(values.std()),
        "histogram": (torch.histc(values, BINS, 0, 1) / len(values)).tolist(),
    }


def trained_rows(task: EnsembleTask, recipe: str, seed: int, share: float) -> list[dict[str, Any]]:
    """Trains the circuits of a task, and returns a row for each stage."""
    rows = []
    for way, prior in train(task, recipe, seed, share):
        generator = derive_generator(seed, "test")
        psi = prior.sample_chain(MANY, generator)[-1]
        angles = [p.tolist() for p in prior.parameters()]
        size = sum(map(len, angles))
        row = {"way": way, "parameters": size, **numbers(psi, task, generator)}
        rows.append({**row, "angles": angles})
    return rows


def reference_rows(task: EnsembleTask, seed: int) -> list[dict[str, Any]]:
    """Returns the rows of what needs no training: new states of the task, and Haar states."""
    generator = derive_generator(seed, "references")
    process = build(task, RECIPES["published"], seed).forward_process
    drawn = {
        "data": task.target.draw(MANY, generator),
        "Haar": process.terminal_states(MANY, generator),
    }
    return [
        {"way": way, "parameters": 0, **numbers(psi, task, generator)}
        for way, psi in drawn.items()
    ]
