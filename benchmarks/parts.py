"""Where the time of an iteration goes: its parts, each timed on its own, against the whole."""

from collections.abc import Callable
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor

from benchmarks.chain import Chain
from benchmarks.engines import OURS
from benchmarks.task import Task
from benchmarks.timing import Repeated, time_in_turn
from latentq import fused
from latentq.diffusion import QuDDPM
from latentq.diffusion.measurement import (
    as_states,
    keep_outcomes,
    pull_selection,
    select_branches,
    uniform_particles,
)
from latentq.kernels import ladder_own_sum, ladder_sum
from latentq.mmd import mean_difference, squared_norm
from latentq.randomness import derive_generator

Parts = dict[str, Callable[[], object]]


def parts_of_iteration(task: Task) -> Parts:
    """Returns the parts of an iteration that is compiled, and the whole of it."""
    circuit, angles, n = task.circuit, task.angles, task.batch
    compiled = fused.Compiled(circuit, angles, task.ancillas)
    branches = compiled.branches(task.psi)
    selection = select_branches(branches, task.uniforms)
    states = as_states(selection.psi)
    difference = mean_difference(states, task.targets)
    by_state, by_p = torch.mm(states, difference.mT), torch.zeros_like(selection.p)
    by_branch = pull_selection(selection, by_state, by_p, branches.shape[1])
    by_columns = torch.mm(task.psi.mH, by_branch.view(n, -1))[None]
    ours: Any = OURS.build(task)
    ours.step()
    return {
        "circuit": lambda: fused.Compiled(circuit, angles, task.ancillas),
        "circuit, backward": lambda: compiled.loops.pull_back(compiled.columns, by_columns),
        "Kraus matrices on the batch": lambda: compiled.branches(task.psi),
        "the same, backward": lambda: torch.mm(task.psi.mH, by_branch.view(n, -1)),
        "measurement": lambda: select_branches(branches, task.uniforms),
        "measurement, backward": lambda: pull_selection(
            selection, by_state, by_p, branches.shape[1]
        ),
        "loss": lambda: squared_norm(mean_difference(states, task.targets)),
        "loss, backward": lambda: torch.mm(states, difference.mT),
        "Adam": ours.optimizer.step,
        "the whole": ours.step,
    }


def parts_of_chain(seed: int) -> Parts:
    """Returns the parts of an iteration of the chain, with their gradients, and the whole."""
    chain = Chain(seed, "cpu")
    prior, objective = cast(QuDDPM, chain.prior), chain.objective
    generator = derive_generator(seed, "benchmark", "parts")
    starts = prior.forward_process.terminal_states(objective.starts, generator)
    order = [*reversed(range(prior.steps))]
    particles, clouds = uniform_particles(starts), []
    for instrument in prior.instruments(order, len(starts)):
        particles = keep_outcomes(instrument(particles.psi), particles.weights)
        clouds.append([x.detach().requires_grad_() for x in particles])
    targets = [objective.ensembles[t][: objective.targets] for t in order]
    uniform = targets[0].real.new_full((len(targets[0]),), 1 / len(targets[0]))

    def states() -> Tensor:
        return prior.forward_process.terminal_states(objective.starts, generator)

    def circuits() -> None:
        angles = torch.stack([prior.angles[t] for t in order])
        kraus = fused.kraus(prior.circuits[0], angles, prior.ancillas)
        torch.autograd.grad(kraus.real.sum(), angles)

    return {
        "terminal states": states,
        "circuits and their gradient": circuits,
        "particles with particles": lambda: [ladder_own_sum(p, w) for p, w in clouds],
        "particles with targets": lambda: [
            ladder_sum(p, w, t, uniform) for (p, w), t in zip(clouds, targets, strict=True)
        ],
        "targets with targets": lambda: [ladder_own_sum(t, uniform) for t in targets],
        "the whole": chain.step,
    }


def time_parts(label: str, parts: Parts, budget: float, seed: int) -> dict[str, Any]:
    """Times the parts in turn; what they leave of the whole is autograd and the interpreter."""
    for part in parts.values():
        part()
    ways = {name: Repeated(part) for name, part in parts.items()}
    timings = time_in_turn(ways, budget, np.random.default_rng(seed))
    ms = {name: 1e3 * timing.median for name, timing in timings.items()}
    whole = ms.pop("the whole")
    rest = {"autograd, interpreter and the rest": whole - sum(ms.values())}
    return {"label": label, "ms": ms | rest, "whole_ms": whole}
