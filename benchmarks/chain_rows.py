r"""The rows of the suite `chain`: steps with the floors that they are counted to have, transports.

The floor is that of :mod:`benchmarks.roofline`, of the same algorithm: circuits on the basis
states of the data, Kraus matrices on the batch, measurements and losses of all steps that are
compared. Of a transport it counts the costs, and one look at each: a solver needs more.
"""

from collections.abc import Mapping
from dataclasses import asdict
from functools import reduce
from operator import add
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor

from benchmarks.chain import TimedChain
from benchmarks.choices import Choice
from benchmarks.roofline import (
    Floor,
    Work,
    circuit_work,
    elementwise,
    loss_work,
    measurement_work,
    peak_bytes,
    product,
)
from benchmarks.task import BenchmarkTask
from benchmarks.timing import time_in_turn
from latentq.diffusion import QuDDPM
from latentq.diffusion.losses import wasserstein
from latentq.diffusion.losses.transport import optimal_transport
from latentq.quantum.states import gram_fidelities, haar_states
from latentq.randomness import derive_generator

VARIANTS: dict[str, tuple[str, ...]] = {
    "shipped": (),
    "conditional": ("model.conditional=true",),
    "published": ("loss=mmd1", "outcomes=sampled", "denoising.cells=false"),
}
SIZES = ((80, 64), (1, 1024), (1, 2048))


def transport_work(problems: int, states: int, dimension: int) -> Work:
    """Counts transports of equally many states on both sides, with their gradients.

    The overlaps are a complex product, a cost takes 4 operations more, and one look at it, which
    subtracts and compares, 2. The gradient takes 14 operations for each amplitude.
    """
    costs = elementwise(states * states, 6, arrays=1)
    carried = elementwise(states * dimension, 14, arrays=4)
    return (product(states, dimension, states) + costs + carried) * problems


def step_work(task: BenchmarkTask) -> Work:
    """Counts a step: the circuit on basis states, the outcomes, and the products with states."""
    batch, d, joint = task.batch, task.dimension, task.joint_dimension
    products = product(batch, d, joint) + product(d, batch, joint) + product(batch, joint, d)
    return circuit_work(task, d) + measurement_work(task) + products


def chain_work(chain: TimedChain) -> Work:
    """Counts an iteration that trains all steps, Adam aside."""
    objective, config = chain.objective, chain.config["prior"]
    prior = cast(QuDDPM, chain.prior)
    batch, groups = objective.start_batch_size, len(objective.members)
    tasks = [
        BenchmarkTask(config["qubits"], ancillas, circuit.layers, batch)
        for ancillas, circuit in zip(prior.ancillas, prior.circuits, strict=True)
    ]
    transported = transport_work(groups, batch // groups, tasks[0].dimension)
    loss = transported if chain.config["loss"] == "wasserstein" else loss_work(tasks[0])
    compared = prior.steps if objective.intermediate_weight else 1
    return reduce(add, map(step_work, tasks)) + loss * compared


def time_chains(
    chains: Mapping[str, TimedChain], budget: float, seed: int, flop_rate: float
) -> list[dict[str, Any]]:
    """Times iterations in turn, each with its floor."""
    timings = time_in_turn(chains, budget, np.random.default_rng(seed))
    byte_rate = peak_bytes(2**17)
    return [
        {
            "name": name,
            "label": chain.label,
            **asdict(timings[name]),
            "floor_s": Floor(chain_work(chain), flop_rate, byte_rate).seconds,
        }
        for name, chain in chains.items()
    ]


def before(phi: Tensor, psi: Tensor, weights: Tensor) -> Tensor:
    """The sum of transports, one after the other by the network simplex, as it was before."""
    values = []
    for one, other, w in zip(phi, psi, weights, strict=True):
        cost = 1 - gram_fidelities(one, other)
        source = w.detach().double()
        target = torch.full_like(source, float(source.sum()) / len(source))
        plan, u, _ = optimal_transport(cost.detach().double(), source, target)
        values.append((plan.to(cost) * cost).sum() + ((w - w.detach()) * u.to(cost)).sum())
    return torch.stack(values).sum()


def _ways(problems: int, states: int, seed: int) -> Choice:
    generator = derive_generator(seed, "benchmark", "transport", states)
    phi, psi = (haar_states(problems, states, qubits=4, generator=generator) for _ in range(2))
    weights = torch.full((problems, states), 1 / states).requires_grad_()
    leaves = (phi.requires_grad_(), weights)
    ways = {
        "assignment": lambda: torch.autograd.grad(wasserstein(phi, psi, weights).sum(), leaves),
        "network simplex": lambda: torch.autograd.grad(before(phi, psi, weights), leaves),
    }
    label = f"{problems} transports" if problems > 1 else "one transport"
    return Choice(f"{label}, {states} + {states} Haar states, with gradient", ways, "assignment")


def transports(seed: int) -> list[Choice]:
    """Returns transports with their gradients by states and weights, now and as before."""
    return [_ways(*size, seed) for size in SIZES]
