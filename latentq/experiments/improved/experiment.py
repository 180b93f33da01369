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
from latentq.experiments.improved.options import Options
from latentq.experiments.improved.statistics import cells
from latentq.experiments.improved.summary import summary
from latentq.experiments.improved.training import excess, train
from latentq.experiments.record import Experiment, Record, Tables, progress
from latentq.randomness import derive_generator

FRESH = 4  # The remedies are cheap and take so many times the draws.


def strengths(name: str, given: tuple[float, ...], steps: int) -> tuple[float, ...]:
    """Returns the strength of each step.

    Raises:
        InputError: If there are neither two of them nor one for each step.
    """
    try:
        return ForwardProcess(1, steps, given).strength
    except ValueError as error:
        raise InputError(f"{name}: {str(error).removeprefix('strength: ')}") from None


def bytes_for(options: Options, qubits: int) -> int:
    """Returns about how much memory a size takes: states with ancillas, chains, mean states."""
    d = 2**qubits
    joint = max(options.batch, options.samples) * d * 2**options.ancillas
    steps = max(options.steps, options.quality_steps)
    kept = (steps + 1) * (options.samples + options.states) * d
    return 8 * (6 * joint + kept + 4 * d * d)


def plan_of(options: Options) -> Plan:
    """Returns what trainings have in common.

    Raises:
        InputError: If an option is wrong, or a size does not fit into memory.
    """
    if not options.ancillas:
        raise InputError(
            "ancillas: must be at least 1, was 0; the original model starts from Haar states, "
            "which circuits without a measurement leave as they are: nothing can be learned"
        )
    steps, bounded = options.steps, None
    for number in (steps, options.quality_steps):  # A list of strengths has to fit both.
        strong = strengths("strong", options.strong, number)
        if options.bounded != "tuned":
            bounded = strengths("bounded", options.bounded, number)
    sizes = {f"qubits={n}": n for n in options.qubits}
    sizes |= {f"ablated={options.ablated}": options.ablated}
    sizes |= {f"quality={options.quality}": options.quality}
    for name, n in sizes.items():
        check_memory(bytes_for(options, n), options.memory, name)
    least = min(sizes.values())
    if options.distance >= 1 - 0.5**least:
        raise InputError(
            f"distance: must be below {1 - 0.5**least:g}, the farthest from Haar states that "
            f"{least} qubit{'s' if least > 1 else ''} can be, was {options.distance:g}"
        )
    names = {"layers", "ancillas", "batch", "states", "lr", "distance", "seed"}
    return Plan(**options.model_dump(include=names), steps=steps, strong=strong, bounded=bounded)


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


def measure(options: Options) -> Record:
    """Measures all that the record has."""
    plan, sizes = plan_of(options), options.qubits
    seeds = range(options.seed, options.seed + options.seeds)
    draws, samples, n = options.draws, options.samples, options.quality
    tables: dict[str, Sequence[Mapping[str, Any]]] = {
        "schedules": schedule_rows(plan, sizes, samples, seeds),
        "variances": theorems.variance_rows(options.theorem_draws, plan.seed),
        "bounds": theorems.bound_rows(plan, n, options.theorem_draws, plan.seed),
        "zero": theorems.zero_rows(plan, n, plan.seed),
        "remedies": gradients.remedy_rows(plan, sizes, seeds, FRESH * draws),
        **strength.strength_tables(plan, options.ablated, seeds, draws),
        "scales": scales.scale_rows(plan, n, options.iterations, samples, seeds, draws),
    }
    longer = replace(plan, steps=options.quality_steps)
    trained = quality.train_both(longer, n, options.quality_iterations, seeds)
    found = quality.ensembles(trained, n, samples, seeds)
    tables |= {
        "quality": quality.quality_rows(found, plan.seed),
        "comparisons": quality.comparison_rows(found, plan.seed),
        "histogram": quality.histogram_rows(found),
        "path": quality.path_rows(trained, samples),
    }
    cases = [(name, size, seed) for size in sizes for name in MODELS for seed in seeds]
    runs = [train(plan, *case, options.iterations, draws) for case in progress(cases, "gradients")]
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


def describe(options: Options, tables: Tables) -> Record:
    """Makes the record of its tables."""
    return Record(summary(options, tables), claims(tables), tables, pictures(tables))


EXPERIMENT = Experiment(
    "improved", "The improved QuDDPM and its barren plateaus", Options, measure, describe
)
