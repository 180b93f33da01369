"""Where the time of an iteration goes: its parts, each timed on its own, against the whole."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from benchmarks.engines import OURS
from benchmarks.task import BenchmarkTask
from benchmarks.timing import Repeated, time_in_turn
from latentq.diffusion.losses.mmd import mean_difference, squared_norm
from latentq.diffusion.measurement import as_states, pull_selection, select_branches
from latentq.engine import fused

Parts = dict[str, Callable[[], object]]


def parts_of_iteration(task: BenchmarkTask) -> Parts:
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
