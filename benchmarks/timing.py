"""How iterations are timed: in blocks, all engines in turn, in an order that changes."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

BLOCK = 0.05
ROUNDS = (5, 40)


class Steps(Protocol):
    """Something that is done again and again."""

    def step(self) -> Any:  # noqa: ANN401
        """Starts one iteration."""

    def wait(self) -> None:
        """Waits until the iterations that were started are done."""


class Repeated:
    """A function of no arguments, to be done again and again.

    Arguments:
        work: The function, which is done when it returns.
    """

    def __init__(self, work: Callable[[], object]) -> None:
        self.step = work

    def wait(self) -> None:
        """Does nothing, as nothing is left to wait for."""


@dataclass(frozen=True)
class Timing:
    """The time of one iteration in seconds: median and quartiles over the rounds.

    Arguments:
        median: The median.
        lower: The lower quartile.
        upper: The upper quartile.
        rounds: The number of rounds.
        block: The number of iterations of a round.
        cores: The time on processors by the time that passed: below 1 the core was shared.
    """

    median: float
    lower: float
    upper: float
    rounds: int
    block: int
    cores: float


def run_block(iteration: Steps, size: int) -> tuple[float, float]:
    """Runs some iterations; returns the seconds that passed and those on processors."""
    clock, processor = time.perf_counter(), time.process_time()
    for _ in range(size):
        iteration.step()
    iteration.wait()
    return time.perf_counter() - clock, time.process_time() - processor


def plan(seconds_each: float, budget: float) -> tuple[int, int]:
    """Returns the iterations of a block and the number of rounds.

    Arguments:
        seconds_each: The time of an iteration in seconds.
        budget: The time for all rounds in seconds.
    """
    block = max(1, math.ceil(BLOCK / seconds_each))
    return block, min(max(round(budget / (block * seconds_each)), ROUNDS[0]), ROUNDS[1])


def _calibrate(iteration: Steps) -> float:
    """Returns the seconds of an iteration, from more and more of them."""
    size, (seconds, _) = 1, run_block(iteration, 1)
    while seconds < BLOCK / 4:
        size *= 2
        seconds, _ = run_block(iteration, size)
    return seconds / size


def time_in_turn(
    iterations: Mapping[str, Steps], budget: float, generator: np.random.Generator
) -> dict[str, Timing]:
    """Times iterations against each other.

    Each round runs a block of every engine, in a shuffled order, so that a change of the
    machine's speed meets all. Slow engines sit some rounds out.

    Arguments:
        iterations: The iterations, warm.
        budget: The time for each of them in seconds.
        generator: The source of the order.
    """
    plans = {name: plan(_calibrate(it), budget) for name, it in iterations.items()}
    total = max(rounds for _, rounds in plans.values())
    blocks: dict[str, list[tuple[float, float]]] = {name: [] for name in iterations}
    for i in range(total):
        for name in generator.permutation([*iterations]):
            size, rounds = plans[name]
            if (i + 1) * rounds // total > i * rounds // total:
                blocks[name].append(run_block(iterations[name], size))

    return {name: summarize(blocks[name], plans[name][0]) for name in iterations}


def summarize(blocks: list[tuple[float, float]], size: int) -> Timing:
    """Returns the timing of blocks of a size, given as seconds that passed and on processors."""
    passed, processor = np.array(blocks).T
    lower, median, upper = (float(q) for q in np.quantile(passed / size, (0.25, 0.5, 0.75)))
    cores = float(processor.sum() / passed.sum())
    return Timing(median, lower, upper, len(blocks), size, cores)
