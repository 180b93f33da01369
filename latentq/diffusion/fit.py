r"""The training of a chain on states: each step alone, then all of them together, by Adam.

What is minimised is :class:`~latentq.diffusion.DenoisingObjective`, as in the training of the
hybrid model.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from latentq.config.progress import Show, bar
from latentq.diffusion.chain import Chain
from latentq.diffusion.objective import DenoisingObjective
from latentq.diffusion.schedule import cosine_schedule
from latentq.engine.descent import descend
from latentq.engine.process import own_defaults
from latentq.errors import InputError, NonFiniteError
from latentq.quantum.states import check_ensemble
from latentq.randomness import check_whole, derive_generator

EVERY = 10  # Values that are noted cost time: the gradient needs fewer terms.
BRANCHING = 32  # Terminal states of a chain that keeps all outcomes, which multiply them.

History = list[dict[str, float]]
Note = Callable[[int, dict[str, Tensor]], None]


def train_phase(
    objective: DenoisingObjective,
    phase: int,
    draws: range,
    lr: float,
    *,
    cosine: bool = True,
    fused: bool = True,
    note: Note | None = None,
) -> None:
    """Trains one phase of an objective by Adam.

    Arguments:
        objective: The objective.
        phase: The phase.
        draws: The numbers of the iterations, from which all draws are derived.
        lr: The learning rate, or its maximum.
        cosine: Whether it follows :func:`~latentq.diffusion.schedule.cosine_schedule`.
        fused: Whether Adam is fused, which is faster, and rounds otherwise.
        note: What is told the number and the losses of every tenth iteration and of the last.
    """
    objective.begin(phase)
    # Steps that have no gradient in this phase are left as they are.
    optimizer = torch.optim.Adam(objective.prior.parameters(), lr=lr, fused=fused)

    def loss(draw: int) -> Tensor:
        value = note is not None and (draw % EVERY == 0 or draw == draws[-1])
        losses = objective.loss(draw, value=value)
        if note is not None and value:
            note(draw, losses)
        return losses["loss"]

    def rate(draw: int) -> float:
        return lr * cosine_schedule(draw - draws.start, len(draws))

    descend(optimizer, loss, draws, rate=rate if cosine else None)


def fit(
    prior: Chain,
    states: Tensor,
    iterations: int = 500,
    *,
    alone: float = 0.2,
    batch_size: int = 256,
    start_batch_size: int | None = None,
    intermediate_weight: float = 0.0,
    lr: float = 0.05,
    seed: int = 0,
    progress: bool = True,
) -> History:
    r"""Trains a chain, such as a QuDDPM, to generate an ensemble of states.

    The same seed gives the same weights. Where all outcomes are kept, the time grows as
    :math:`2^{n_A T}`; a prior with `outcomes="score"` draws them.

    Arguments:
        prior: The chain, which is trained in place, from the weights that it has.
        states: The states of the data, with shape :math:`(N, 2^n)`, complex and of unit norm.
        iterations: The number of iterations, those of all phases together.
        alone: The share of the iterations in which the steps are trained one after the other,
            before all of them together, in :math:`[0, 1)`.
        batch_size: The number of target states of a loss, and of input states of a step alone.
        start_batch_size: The number of terminal states of a chain that is trained as a whole;
            `batch_size` if `None`, but 32 where all outcomes are kept.
        intermediate_weight: The weight of the intermediate ensembles where all steps are trained
            together, see :class:`~latentq.diffusion.DenoisingObjective`; with 0 the generated
            states alone are compared, which takes less time.
        lr: The largest learning rate of Adam, which follows a cosine.
        seed: The seed of all draws.
        progress: Whether to show a bar, where there is a terminal or a notebook.

    Returns:
        The history, a row for every tenth iteration and the last: its `iteration`, its `loss`,
        and `loss_t` for the steps that were trained.

    Raises:
        InputError: If an argument is not as it must be.
        NonFiniteError: If the loss becomes NaN or infinite.
    """
    _check(
        prior, iterations, batch_size, lr=lr, intermediate_weight=intermediate_weight, alone=alone
    )
    if start_batch_size is None:
        start_batch_size = BRANCHING if prior.outcomes == "exact" else batch_size
    check_whole(start_batch_size, "start_batch_size", 1)
    check_whole(seed, "seed")
    with own_defaults(), torch.enable_grad(), bar(iterations, "training", progress) as show:
        states = _check_ensembles(prior, states, seed)
        objective = DenoisingObjective(
            prior, states, input_batch_size=batch_size, start_batch_size=start_batch_size,
            target_batch_size=batch_size, intermediate_weight=intermediate_weight, seed=seed,
        )  # fmt: skip
        return _run(objective, iterations, int(alone * iterations / prior.steps), lr, show)


def _run(objective: DenoisingObjective, total: int, alone: int, lr: float, show: Show) -> History:
    """Trains all phases, those of a step alone for a number of iterations each."""
    history: History = []

    def note(draw: int, losses: dict[str, Tensor]) -> None:
        row = {name: value.item() for name, value in losses.items()}
        if not math.isfinite(row["loss"]):
            raise NonFiniteError(f"loss: became {row['loss']} in iteration {draw}")
        history.append({"iteration": draw, **row})
        show(draw + 1, f"loss {row['loss']:.3g}")

    steps = objective.alone
    edges = [*range(0, alone * steps + 1, alone)] if alone else [0] * (steps + 1)
    for phase, (start, stop) in enumerate(zip(edges, [*edges[1:], total], strict=True)):
        if start < stop:
            train_phase(objective, phase, range(start, stop), lr, note=note)
    return history


def _check(prior: object, iterations: int, batch_size: int, **numbers: float) -> None:
    if not isinstance(prior, Chain):
        raise InputError(f"prior: must be a QuDDPM, was of type {type(prior).__name__}")
    check_whole(iterations, "iterations", 1)
    check_whole(batch_size, "batch_size", 1)
    for name, value in numbers.items():
        top = 1 if name == "alone" else math.inf
        least = "above 0" if name == "lr" else "at least 0"
        if not (value > 0 or (name != "lr" and value == 0)) or not value < top:
            raise InputError(f"{name}: must be {least} and below {top}, was {value}")


def _check_ensembles(prior: Chain, states: Tensor, seed: int) -> Tensor:
    """Returns the states on the device of the prior, if they and its process's are states."""
    process, device = prior.forward_process, next(prior.parameters()).device
    states = check_ensemble(states, "states", process.qubits, least=2).to(device)
    generator = derive_generator(seed, "check", device=device)
    drawn = {
        "diffuse": process.diffuse(states[:2], process.steps, generator),
        "terminal_states": process.terminal_states(2, generator),
    }
    for name, found in drawn.items():
        check_ensemble(found, f"forward_process.{name}", process.qubits, least=2)
        if found.dtype != torch.complex64:
            raise InputError(f"forward_process.{name}: must be complex64, was {found.dtype}")
    return states
