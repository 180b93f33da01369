r"""The improved QuDDPM of arXiv 2512.06695 against the original one, on extended GHZ states.

    python -m latentq.experiments.improved
    python -m latentq.experiments.improved steps=30 iterations=300

The original model generates from Haar states, diffuses up to the strengths `strong` and starts
from normal angles. The improved one generates from scrambled zeros, whose strengths are tuned to
an MMD of `distance` to Haar states (`bounded=tuned`), and starts from angles in [-1/L, 1/L]. Both
have the same circuits, the loss `mmd1`, sampled outcomes, and Adam with the same rate. The data
are :math:`\cos\alpha | 0 \dots 0 \rangle + e^{i \beta} \sin\alpha | 1 \dots 1 \rangle`, our
reading of the family, which the paper does not define.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from latentq.config.memory import check_memory
from latentq.config.rules import Rule
from latentq.diffusion import ForwardProcess
from latentq.errors import InputError
from latentq.experiments.improved import gradients, quality, scales, strength, theorems
from latentq.experiments.improved.claims import claims
from latentq.experiments.improved.figures import pictures
from latentq.experiments.improved.models import (
    MODELS,
    Plan,
    data_distance,
    mismatch,
    zero_distance,
)
from latentq.experiments.improved.statistics import cells
from latentq.experiments.improved.summary import summary
from latentq.experiments.improved.training import excess, train
from latentq.experiments.record import Experiment, Record, Tables, parse_counts, progress
from latentq.randomness import derive_generator

COUNT = Rule(int, low=1, high=10**5)
RULES = {
    "qubits": Rule(str),
    "ablated": Rule(int, low=1, high=20),
    "quality": Rule(int, low=1, high=20),
    "steps": Rule(int, low=2, high=1000),
    "layers": Rule(int, low=1, high=1000),
    "ancillas": Rule(int, low=0, high=10),
    "iterations": COUNT,
    "quality_steps": Rule(int, low=2, high=1000),
    "quality_iterations": COUNT,
    "batch": Rule(int, low=2, high=10**5),
    "states": Rule(int, low=2, high=10**5),
    "samples": Rule(int, low=2, high=10**5),
    "draws": Rule(int, low=2, high=1000),
    "theorem_draws": Rule(int, low=10, high=10**5),
    "lr": Rule(float, low=0, high=10, above=True),
    "strong": Rule(str),
    "bounded": Rule(str),
    "distance": Rule(float, low=0, high=1, above=True),
    "seeds": Rule(int, low=3, high=1000),
    "seed": Rule(int, low=0, high=2**32 - 1),
    "memory": Rule(float, low=0, above=True),
}
DEFAULTS = {
    "qubits": "1,4,7,10",
    "ablated": 10,
    "quality": 7,
    "steps": 8,
    "layers": 8,
    "ancillas": 3,
    "iterations": 40,
    "quality_steps": 30,
    "quality_iterations": 300,
    "batch": 32,
    "states": 100,
    "samples": 1000,
    "draws": 4,
    "theorem_draws": 100,
    "lr": 0.005,
    "strong": "1,4",
    "bounded": "tuned",
    "distance": 0.35,
    "seeds": 4,
    "seed": 0,
    "memory": 4.0,
}
FRESH = 4  # The remedies are cheap and take so many times the draws.


def parse_strengths(name: str, text: str, steps: int) -> tuple[float, ...]:
    """Reads strengths such as `1,4`.

    Raises:
        InputError: If they are no numbers, of a wrong count, or negative.
    """
    try:
        found = tuple(float(part) for part in text.split(","))
    except ValueError:
        raise InputError(f"{name}: must be numbers as 1,4, was {text!r}") from None
    try:
        return ForwardProcess(1, steps, found).strength
    except ValueError as error:
        raise InputError(f"{name}: {str(error).removeprefix('strength: ')}") from None


def bytes_for(options: Mapping[str, Any], qubits: int) -> int:
    """Returns about how much memory a size takes: states with ancillas, chains, mean states."""
    d = 2**qubits
    joint = max(options["batch"], options["samples"]) * d * 2 ** options["ancillas"]
    steps = max(options["steps"], options["quality_steps"])
    kept = (steps + 1) * (options["samples"] + options["states"]) * d
    return 8 * (6 * joint + kept + 4 * d * d)


def checked(options: Mapping[str, Any]) -> tuple[Plan, list[int]]:
    """Returns what trainings have in common, and the numbers of qubits, in order.

    Raises:
        InputError: If an option is wrong, or a size does not fit into memory.
    """
    qubits = sorted(set(parse_counts("qubits", options["qubits"], 1, 20)))
    if len(qubits) < 2:
        raise InputError(f"qubits: must be two sizes or more, was {options['qubits']!r}")
    if not options["ancillas"]:
        raise InputError(
            "ancillas: must be at least 1, was 0; the original model starts from Haar states, "
            "which circuits without a measurement leave as they are: nothing can be learned"
        )
    steps, bounded = options["steps"], None
    for number in (steps, options["quality_steps"]):  # A list of strengths has to fit both.
        strong = parse_strengths("strong", options["strong"], number)
        if options["bounded"] != "tuned":
            bounded = parse_strengths("bounded", options["bounded"], number)
    sizes = {
        **{f"qubits={n}": n for n in qubits},
        **{f"{name}={options[name]}": options[name] for name in ("ablated", "quality")},
    }
    for name, n in sizes.items():
        check_memory(bytes_for(options, n), options["memory"], name)
    least = min(sizes.values())
    if options["distance"] >= 1 - 0.5**least:
        raise InputError(
            f"distance: must be below {1 - 0.5**least:g}, the farthest from Haar states that "
            f"{least} qubit{'s' if least > 1 else ''} can be, was {options['distance']:g}"
        )
    names = ("layers", "ancillas", "batch", "states", "lr", "distance", "seed")
    plan = Plan(
        **{name: options[name] for name in names}, steps=steps, strong=strong, bounded=bounded
    )
    return plan, qubits


def schedule_rows(
    plan: Plan, sizes: Sequence[int], samples: int, seeds: Sequence[int]
) -> list[dict[str, Any]]:
    """Measures how far the ends of both models are from Haar states, beside the closed forms."""
    rows = []
    for n in sizes:
        for name in MODELS:
            process = plan.process(name, n)
            h = process.strengths
            found = [
                excess(process.terminal_states(samples, derive_generator(seed, "improved", "end")))
                for seed in seeds
            ]
            zero = name == "improved"
            row: dict[str, Any] = {"model": name, "qubits": n, "first": h[0], "last": h[-1]}
            row |= cells("start_measured", found)
            row["start_exact"] = zero_distance(n, h) if zero else 0.0
            row["data_end_exact"] = data_distance(n, h)
            row["apart_exact"] = mismatch(n, h) if zero else data_distance(n, h)
            rows.append(row)
    return rows


def measure(options: dict[str, Any]) -> Record:
    """Measures all that the record has."""
    plan, sizes = checked(options)
    seeds = range(options["seed"], options["seed"] + options["seeds"])
    draws, samples, n = options["draws"], options["samples"], options["quality"]
    tables: dict[str, Sequence[Mapping[str, Any]]] = {
        "schedules": schedule_rows(plan, sizes, samples, seeds),
        "variances": theorems.variance_rows(options["theorem_draws"], plan.seed),
        "bounds": theorems.bound_rows(plan, n, options["theorem_draws"], plan.seed),
        "zero": theorems.zero_rows(plan, n, plan.seed),
        "remedies": gradients.remedy_rows(plan, sizes, seeds, FRESH * draws),
        **strength.strength_tables(plan, options["ablated"], seeds, draws),
        "scales": scales.scale_rows(plan, n, options["iterations"], samples, seeds, draws),
    }
    longer = replace(plan, steps=options["quality_steps"])
    trained = quality.train_both(longer, n, options["quality_iterations"], seeds)
    found = quality.ensembles(trained, n, samples, seeds)
    tables |= {
        "quality": quality.quality_rows(found, plan.seed),
        "comparisons": quality.comparison_rows(found, plan.seed),
        "histogram": quality.histogram_rows(found),
        "path": quality.path_rows(trained, samples),
    }
    cases = [(name, size, seed) for size in sizes for name in MODELS for seed in seeds]
    runs = [
        train(plan, *case, options["iterations"], draws) for case in progress(cases, "gradients")
    ]
    tables |= {
        "sizes": gradients.size_rows(runs),
        "slopes": gradients.slope_rows(runs),
        "ratios": gradients.ratio_rows(runs),
        "cycles": gradients.cycle_rows(runs),
        "curves": gradients.curve_rows(runs),
        "layers": gradients.layer_rows(runs, plan.layers),
        "chain": gradients.chain_rows(runs),
        "handed": gradients.handed_rows(runs),
    }
    return describe(options, tables)


def describe(options: dict[str, Any], tables: Tables) -> Record:
    """Makes the record of its tables."""
    return Record(summary(options, tables), claims(tables), tables, pictures(tables))


EXPERIMENT = Experiment(
    "improved", "The improved QuDDPM and its barren plateaus", RULES, DEFAULTS, measure, describe
)
