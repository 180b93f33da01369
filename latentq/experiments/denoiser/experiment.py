r"""The research log's single-shot denoiser: its curriculum, its tests, and its remedies.

    python -m latentq.experiments.denoiser out=results/denoiser
    python -m latentq.experiments.denoiser qubits=4 remedies=4 seeds=5 remedy_seeds=5

A circuit of layers of RZ RY RZ and CNOTs is trained to undo one random circuit in each stage, and
deeper ones in later stages, on ten fixed Haar states. What it does to states never trained on is
tested against a guess at the end of stages, over `seeds`, or `large_seeds` above 8 qubits. The log
does not state its learning rate: `lr` and a `slow` one are reported side by side, and a sweep
shows where its numbers lie. Remedies are compared with the reference at equal seeds.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from latentq.experiments.denoiser import figures
from latentq.experiments.denoiser.claims import (
    STAGES,
    Sizes,
    against_chance,
    chance_claims,
    maximum_claim,
    simple_claims,
    stage_claims,
)
from latentq.experiments.denoiser.options import Options
from latentq.experiments.denoiser.remedies import (
    EXACT,
    FRESH,
    MORE,
    REFERENCE,
    RULE,
    WIDEST,
    by_depth_rows,
    remedies,
    remedy_claims,
    remedy_rows,
)
from latentq.experiments.denoiser.runs import (
    TrainedDenoiser,
    check_sizes,
    count_for,
    fidelities,
    gradient_row,
    over_guess,
    recipe_of,
    seeds_of,
    spread,
    trained,
)
from latentq.experiments.record import Experiment, Record, progress
from latentq.report.statistics import columns_of
from latentq.report.wording import interval, listed, number

RATES = (0.001, 0.002, 0.005, 0.02, 0.1, 0.5)
GRADIENT_SEEDS = 5


def train_sizes(options: Options) -> Sizes:
    """Trains every size at both learning rates."""
    rates = {f"rate {rate:g}": rate for rate in (options.lr, options.slow)}
    pairs = [(qubits, name) for qubits in options.qubits for name in rates]
    found: dict[int, dict[str, TrainedDenoiser]] = {qubits: {} for qubits in options.qubits}
    for qubits, name in progress(pairs, "sizes", len(pairs)):
        recipe = recipe_of(options, qubits, lr=rates[name])
        seeds = seeds_of(options, count_for(options, qubits))
        found[qubits][name] = trained(name, recipe, seeds, options.held_out)
    return found


def size_rows(sizes: Sizes) -> list[dict[str, Any]]:
    """Returns the table of sizes and learning rates."""
    rates = next(iter(sizes.values()))
    tests = {rate: against_chance([of[rate] for of in sizes.values()]) for rate in rates}
    rows = []
    for i, (qubits, of) in enumerate(sizes.items()):
        for rate, outcome in of.items():
            best, other = outcome.maximum
            rows.append(
                {
                    "qubits": qubits,
                    "lr": outcome.recipe.lr,
                    "parameters": outcome.recipe.circuit.parameters,
                    "seeds": len(best),
                    "chance": outcome.chance,
                    **fidelities("training", outcome.training),
                    **fidelities("held_out", outcome.held_out),
                    **columns_of("ratio", over_guess(outcome.held_out, outcome.chance)),
                    "p": tests[rate][i][0],
                    "p_holm": tests[rate][i][1],
                    **columns_of("expected_ratio", over_guess(outcome.expected, outcome.chance)),
                    **columns_of("maximum_ratio", over_guess(best, outcome.chance)),
                    **columns_of("others_ratio", over_guess(other, outcome.chance)),
                    **columns_of("early", spread(outcome.early)),
                    **columns_of("start_ratio", over_guess(outcome.starts, outcome.chance)),
                }
            )
    return rows


def stage_rows(sizes: Sizes) -> list[dict[str, Any]]:
    """Returns the table of stages, with the log's training fidelity of 4 qubits."""
    return [
        {
            "qubits": qubits,
            "lr": outcome.recipe.lr,
            "depth": depth,
            **fidelities("best", outcome.best[:, k]),
            "log": STAGES.get(depth) if qubits == 4 else None,
            **fidelities("held_out", outcome.history.held_out[:, k, -1]),
            **fidelities("expected", outcome.history.expected[:, k]),
        }
        for qubits, of in sizes.items()
        for outcome in of.values()
        for k, depth in enumerate(outcome.recipe.depths)
    ]


def rate_rows(options: Options) -> list[dict[str, Any]]:
    """Trains the smallest size at several learning rates."""
    qubits, rows = options.qubits[0], []
    for rate in progress(RATES, "learning rates", len(RATES)):
        recipe = recipe_of(options, qubits, lr=rate)
        outcome = trained("", recipe, seeds_of(options, options.remedy_seeds), options.held_out)
        rows.append(
            {
                "qubits": qubits,
                "lr": rate,
                "chance": outcome.chance,
                **fidelities("best", outcome.best.mean(dim=1)),
                **fidelities("first", outcome.best[:, 0]),
                **fidelities("held_out", outcome.held_out),
                **columns_of("early", spread(outcome.early)),
            }
        )
    return rows


def summary(
    sizes: Sizes,
    rates: Sequence[Mapping[str, Any]],
    found: Mapping[int, Mapping[str, TrainedDenoiser]],
) -> str:
    """Says what was found."""
    of = sizes[min(sizes)]
    nearest = min(rates, key=lambda row: abs(row["first"] - STAGES[2]))
    parts = [
        f"{min(sizes)} qubits, states held out over a guess: "
        + " and ".join(
            f"{interval(over_guess(o.held_out, o.chance))} ({r})" for r, o in of.items()
        ),
        f"the learning rate that comes nearest to the log's first stage is {nearest['lr']:g}",
    ]
    for qubits, rows in found.items():
        names = (REFERENCE, FRESH, EXACT, MORE[WIDEST], RULE)
        values = [f"{interval(spread(rows[name].expected, 'share'))} ({name})" for name in names]
        parts.append(
            f"expected fidelity over all states with {qubits} qubits, where a guess has "
            f"{number(2.0**-qubits)}: {listed(values)}"
        )
    return (
        "A circuit was trained to undo one known random circuit in each stage, that is to compile "
        f"its inverse. {'; '.join(parts)}. Intervals are 95% over seeds."
    )


def denoiser(options: Options) -> Record:
    """Measures all that the record has."""
    check_sizes(options, WIDEST)
    gradients = [
        gradient_row(recipe_of(options, qubits), seeds_of(options, GRADIENT_SEEDS))
        for qubits in progress(options.qubits, "gradients", len(options.qubits))
    ]
    sizes, rates = train_sizes(options), rate_rows(options)
    found = {qubits: remedies(options, qubits) for qubits in options.remedies}
    rows = [row for of in found.values() for row in remedy_rows(of)]
    depths = [row for of in found.values() for row in by_depth_rows(of)]
    claims = [
        *simple_claims(options, gradients),
        *(stage_claims(sizes[4]) if 4 in sizes else []),
        *chance_claims(sizes),
        maximum_claim(sizes),
        *remedy_claims(found),
    ]
    shown = (REFERENCE, FRESH, EXACT, *MORE.values())
    return Record(
        summary(sizes, rates, found),
        claims,
        {
            "sizes": size_rows(sizes),
            "stages": stage_rows(sizes),
            "rates": rates,
            "gradients": gradients,
            "remedies": rows,
            "depths": depths,
        },
        {
            "training": figures.training_figure(sizes),
            "chance": figures.chance_figure(sizes),
            "rates": figures.rates_figure(rates),
            "gain": figures.gain_figure(sizes),
            "remedies": figures.remedies_figure(rows),
            "depths": figures.depth_figure(depths, shown),
        },
    )


EXPERIMENT = Experiment(
    "denoiser",
    "The single-shot denoiser and its curriculum",
    Options,
    denoiser,
)
