"""One row of a suite: every engine checked against ours, then timed against it."""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from benchmarks import roofline
from benchmarks.check import Observation, compare, observe
from benchmarks.engines import OURS, Engine, Iteration
from benchmarks.task import BenchmarkTask
from benchmarks.timing import run_block, time_in_turn

SLOW = 20.0
SLOW_START = 120.0


@dataclass
class Limits:
    """What engines may take, and which have taken more in an earlier row.

    Arguments:
        memory: The bytes that an iteration may take, as estimated.
        reasons: Why an engine is left out from now on, by its key.
    """

    memory: float
    reasons: dict[str, str] = field(default_factory=dict)

    def reason(self, engine: Engine, task: BenchmarkTask) -> str | None:
        """Says why an engine has no place in a row, or nothing."""
        if missing := engine.missing():
            return f"not installed: {', '.join(missing)}"
        if task.device not in engine.devices:
            return f"not on {task.device}"
        if engine.kraus and task.dimension >= task.batch:
            return "no gain: d >= B"
        if engine.memory(task) > self.memory:
            return f"not run: estimated {engine.memory(task) / 1e9:.0f} GB"
        return self.reasons.get(engine.key)

    def learn(self, engine: Engine, task: BenchmarkTask, first: float, each: float) -> None:
        """Leaves an engine out of the following rows if this one took too long."""
        if each > SLOW:
            self.reasons[engine.key] = f"over {SLOW:.0f} s an iteration at {task.label}"
        elif first > SLOW_START:
            self.reasons[engine.key] = f"over {SLOW_START:.0f} s to compile at {task.label}"


def start(engine: Engine, task: BenchmarkTask) -> tuple[Iteration, Observation, float]:
    """Makes an iteration and runs it for the first time; returns the seconds of that too."""
    engine.load()  # Importing a package is not part of the first call.
    clock = time.perf_counter()
    iteration = engine.build(task)
    seen = observe(iteration)
    return iteration, seen, time.perf_counter() - clock


def time_row(
    task: BenchmarkTask,
    peers: Sequence[Engine],
    limits: Limits,
    budget: float,
    flop_rate: float,
    say: Callable[[str], None],
) -> dict[str, Any]:
    """Times one row.

    Arguments:
        task: The sizes and numbers of the iteration.
        peers: The engines besides ours.
        limits: What they may take; it learns from this row.
        budget: The time for each engine in seconds.
        flop_rate: The measured rate of operations in 1/s, for the roofline.
        say: Told what happens.

    Raises:
        Disagreement: If an engine does not compute what ours does.
    """
    ready: dict[str, Iteration] = {}
    cells: dict[str, dict[str, Any]] = {}
    ours: Observation | None = None
    for engine in (OURS, *peers):
        if reason := limits.reason(engine, task):
            cells[engine.key] = {"left_out": reason}
            continue
        say(f"{task.label}: {engine.label}")
        iteration, seen, first = start(engine, task)
        ours = ours or seen
        compare(engine.label, seen, ours)
        limits.learn(engine, task, first, run_block(iteration, 1)[0])
        ready[engine.key], cells[engine.key] = iteration, {"first_s": first}

    timings = time_in_turn(ready, budget, np.random.default_rng(task.seed))
    for key, timing in timings.items():
        cells[key] |= asdict(timing)
    sizes = {k: getattr(task, k) for k in ("qubits", "ancillas", "layers", "batch")}
    row = {"label": task.label, **sizes, "engines": cells}
    if task.device == "cpu":
        row["roofline"] = describe_floor(task, flop_rate, timings[OURS.key].median)
    return row


def describe_floor(task: BenchmarkTask, flop_rate: float, seconds: float) -> dict[str, Any]:
    """Returns the roofline of our engine in a row, given its time in seconds."""
    least = roofline.floor(task, flop_rate)
    return {
        "flops": least.work.flops,
        "bytes": least.work.bytes,
        "bytes_per_s": least.byte_rate,
        "floor_s": least.seconds,
        "bound": least.bound,
        "ratio": seconds / least.seconds,
    }
