r"""The transports of a training step, by our solver and by those of other libraries.

All of them find the exact assignments

.. math:: \min_\pi \frac{1}{N} \sum_i C_{i \pi(i)}, \qquad C_{ij} = 1 - | \langle \phi_i | \psi_j
    \rangle |^2,

of the same costs, in float64 but for JAX, which has float32. POT's network simplex and SciPy take
one problem at a time; ott-jax, by the Hungarian algorithm, takes all of them in one compiled call.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmarks.check import Disagreement
from benchmarks.timing import Repeated, time_in_turn
from latentq.config.config import Config
from latentq.diffusion.losses import assignment
from latentq.quantum.states import gram_fidelities, haar_states
from latentq.randomness import derive_generator

Solve = Callable[[], np.ndarray]  # The mean cost of each problem.
TOLERANCE = 1e-5
LARGE = 1024


@dataclass(frozen=True)
class Solver:
    """A solver that is timed.

    Arguments:
        label: Its name in tables.
        needs: The package that it imports.
        prepare: Takes costs, with shape (P, N, N), and returns what solves them.
    """

    label: str
    needs: str
    prepare: Callable[[Tensor], Solve]


def _ours(cost: Tensor) -> Solve:
    def solve() -> np.ndarray:
        columns = assignment.assign(cost).columns
        return cost.gather(-1, columns[..., None]).mean(dim=(-2, -1)).numpy()

    return solve


def _scipy(cost: Tensor) -> Solve:
    from scipy.optimize import linear_sum_assignment

    problems = [*cost.numpy()]
    return lambda: np.array([c[linear_sum_assignment(c)].mean() for c in problems])


def _pot(cost: Tensor) -> Solve:
    from ot import emd2

    problems, weights = [*cost.numpy()], np.full(cost.shape[1], 1 / cost.shape[1])
    return lambda: np.array([emd2(weights, weights, c) for c in problems])


def _ott(cost: Tensor) -> Solve:
    import jax
    from ott.geometry.geometry import Geometry
    from ott.tools.unreg import hungarian

    solve = jax.jit(jax.vmap(lambda c: hungarian(Geometry(cost_matrix=c))[0]))
    costs = jax.numpy.asarray(cost.float().numpy())
    return lambda: np.asarray(solve(costs))


OURS = Solver("ours", "latentq", _ours)
SOLVERS = (
    OURS,
    Solver("POT", "ot", _pot),
    Solver("SciPy", "scipy", _scipy),
    Solver("ott-jax", "ott", _ott),
)


def sizes_of(config: Config, classes: int = 10) -> tuple[tuple[int, int], ...]:
    """Returns problems and states of each: those of a step by cells, by classes, and a large one.

    Arguments:
        config: The configuration of a model with a chain.
        classes: The number of classes of a conditional model.
    """
    steps, batch = config["prior"]["steps"], config["denoising"]["start_batch_size"]
    groups = (2 ** config["prior"]["qubits"], classes)
    return (*((steps * n, batch // n) for n in groups), (1, LARGE))


def costs_of(problems: int, states: int, seed: int) -> Tensor:
    """Returns the costs between Haar states, with shape (P, N, N), float64."""
    generator = derive_generator(seed, "benchmark", "solvers", states)
    phi, psi = (haar_states(problems, states, qubits=4, generator=generator) for _ in range(2))
    return torch.stack([1 - gram_fidelities(a, b).double() for a, b in zip(phi, psi, strict=True)])


def time_solvers(problems: int, states: int, budget: float, seed: int) -> dict[str, Any]:
    """Times the solvers that are installed in turn, once they agree on the costs.

    Raises:
        Disagreement: If one finds another cost than ours.
    """
    cost = costs_of(problems, states, seed)
    found = [solver for solver in SOLVERS if find_spec(solver.needs)]
    ready = {solver.label: solver.prepare(cost) for solver in found}
    least = ready[OURS.label]()
    for label, solve in ready.items():
        worst = float(np.abs(solve() - least).max())
        if not worst <= TOLERANCE:
            raise Disagreement(f"{label}: its costs differ from ours by {worst:.2g}")
    ways = {label: Repeated(solve) for label, solve in ready.items()}
    timings = time_in_turn(ways, budget, np.random.default_rng(seed))
    name = f"{problems} transports" if problems > 1 else "one transport"
    return {
        "label": f"{name}, {states} + {states} Haar states",
        "ms": {label: 1e3 * timing.median for label, timing in timings.items()},
        "missing": [solver.label for solver in SOLVERS if solver not in found],
    }
