"""The log's remedies for its denoiser, each against the reference at equal seeds."""

import math
from collections.abc import Mapping
from operator import attrgetter
from typing import Any

import numpy as np
from torch import Tensor

from latentq.experiments.denoiser.options import Options
from latentq.experiments.denoiser.runs import (
    TrainedDenoiser,
    fidelities,
    over_guess,
    ratio,
    recipe_of,
    seeds_of,
    spread,
    trained,
)
from latentq.experiments.record import Claim, progress
from latentq.experiments.saturation import SATURATED, first_above
from latentq.experiments.verdicts import RATIO, equal, higher, small
from latentq.quantum.curriculum import PATTERN, DenoiserRecipe
from latentq.quantum.otoc import mean_over_circuits
from latentq.randomness import derive_generator
from latentq.report.statistics import Summary, columns_of, judge_ratio
from latentq.report.wording import interval

REFERENCE, FRESH, EXACT = "reference", "fresh states each epoch", "closed form"
ADAPTED, AT_ONCE = "depths to saturation", "one stage, all epochs"
LOCAL, GROWING = "local cost", "layer by layer"
RESET, ANEW = "Adam reset at each stage", "all reset at each stage"
NESTED, RULE = "nested scramblers", "new scramblers each epoch"
WIDEST = 4
NEAR = math.log(1.05)
MORE = {2: "closed form, twice the layers", WIDEST: f"closed form, {WIDEST} times the layers"}
GROWING_EXACT = "closed form, layer by layer"
# What is changed in the recipe of the reference.
CHANGES: dict[str, dict[str, Any]] = {
    REFERENCE: {},
    RESET: {"carried": "angles"},
    ANEW: {"carried": "none"},
    NESTED: {"scrambler": "nested"},
    LOCAL: {"cost": "local"},
    GROWING: {"growing": True},
    FRESH: {"data": "fresh"},
    EXACT: {"data": "exact"},
    GROWING_EXACT: {"data": "exact", "growing": True},
    RULE: {"data": "fresh", "scrambler": "epoch"},
}


def saturation(qubits: int, samples: int, seed: int) -> int:
    """Returns the depth at which the decay of the mean correlator is above 0.9."""
    generator = derive_generator(seed, "saturation", qubits)
    deepest = 4 * qubits + 4
    decay = mean_over_circuits(qubits, deepest, PATTERN, samples, generator)
    found = first_above(np.array(decay), SATURATED)
    assert found is not None  # Light cones meet after n layers.
    return found


def recipes(options: Options, qubits: int) -> dict[str, DenoiserRecipe]:
    """Returns the recipes of all rows for a size."""
    found = {name: recipe_of(options, qubits, **new) for name, new in CHANGES.items()}
    reference = found[REFERENCE]
    for times, name in MORE.items():
        layers = times * reference.layers
        found[name] = recipe_of(options, qubits, data="exact", layers=layers)
    steps = len(reference.depths) * reference.epochs
    last = saturation(qubits, options.strings, options.seed)
    depths = tuple(range(1, last + 1))
    epochs = max(1, steps // last)
    found[ADAPTED] = recipe_of(options, qubits, depths=depths, epochs=epochs)
    found[AT_ONCE] = recipe_of(options, qubits, depths=reference.depths[-1:], epochs=steps)
    return found


def remedies(options: Options, qubits: int) -> dict[str, TrainedDenoiser]:
    """Trains by all recipes for a size."""
    seeds = seeds_of(options, options.remedy_seeds)
    rows = recipes(options, qubits)
    return {
        name: trained(name, recipe, seeds, options.held_out)
        for name, recipe in progress(rows.items(), f"{qubits} qubits, remedies", len(rows))
    }


def last_stage(outcome: TrainedDenoiser) -> Tensor:
    """Returns the expected fidelity at the end of the last stage, by seed."""
    return outcome.history.expected[:, -1]


def remedy_rows(found: Mapping[str, TrainedDenoiser]) -> list[dict[str, Any]]:
    """Returns the table of the remedies of a size, with ratios at equal seeds."""
    reference, rows = found[REFERENCE], []
    for outcome in found.values():
        recipe = outcome.recipe
        rows.append(
            {
                "qubits": recipe.qubits,
                "row": outcome.name,
                "parameters": recipe.circuit.parameters,
                "depths": " ".join(map(str, recipe.depths)),
                "epochs": recipe.epochs,
                "seeds": len(outcome.training),
                "chance": outcome.chance,
                **fidelities("training", outcome.training),
                **fidelities("held_out", outcome.held_out),
                **fidelities("expected", outcome.expected),
                **columns_of("ratio", ratio(outcome.expected, reference.expected)),
                **fidelities("last_stage", last_stage(outcome)),
                **columns_of("last_ratio", ratio(last_stage(outcome), last_stage(reference))),
            }
        )
    return rows


def by_depth_rows(found: Mapping[str, TrainedDenoiser]) -> list[dict[str, Any]]:
    """Returns the expected fidelity at the end of each stage, for all rows of a size."""
    return [
        {
            "qubits": outcome.recipe.qubits,
            "row": outcome.name,
            "depth": depth,
            **fidelities("training", outcome.history.training[:, stage, -1]),
            **fidelities("held_out", outcome.history.held_out[:, stage, -1]),
            **fidelities("expected", outcome.history.expected[:, stage]),
        }
        for outcome in found.values()
        for stage, depth in enumerate(outcome.recipe.depths)
    ]


def ratios(
    found: Mapping[int, Mapping[str, TrainedDenoiser]], one: str, other: str, last: bool = False
) -> dict[int, Summary]:
    """Returns by size how many times as high the expected fidelity of a row is."""
    value = last_stage if last else attrgetter("expected")
    return {n: ratio(value(rows[one]), value(rows[other])) for n, rows in found.items()}


def better(
    found: Mapping[int, Mapping[str, TrainedDenoiser]],
    statement: str,
    one: str,
    other: str = REFERENCE,
    last: bool = False,
) -> Claim:
    """Settles a statement that one row is better than another."""
    parts = []
    gained = ratios(found, one, other, last)
    value = last_stage if last else attrgetter("expected")
    for qubits, gain in gained.items():
        levels = [interval(spread(value(found[qubits][name]), "share")) for name in (one, other)]
        parts.append(f"{qubits} qubits: {levels[0]} against {levels[1]}, ratio {interval(gain)}")
    judged = [judge_ratio(gain) for gain in gained.values()]
    return Claim(statement, f"{'; '.join(parts)}{small(judged)}", higher(judged), RATIO)


def closed_form_claim(found: Mapping[int, Mapping[str, TrainedDenoiser]]) -> Claim:
    """Settles that the closed form is the mean over states that were never trained on."""
    apart = {}
    for qubits, rows in found.items():
        history = rows[EXACT].history
        seen = 0.5 * (history.held_out + history.others)[..., -1]
        apart[qubits] = ratio(seen.mean(dim=1), history.expected.mean(dim=1))
    text = "; ".join(f"{n} qubits: {interval(gap)}" for n, gap in apart.items())
    return Claim(
        "On fresh Haar states the objective is (d + t²) / (d (d + 1)), t = abs Tr W: no data",
        f"mean over states held out by closed form, {text}",
        equal([judge_ratio(gap, NEAR) for gap in apart.values()], "refuted"),
        "ratio from 0.95 to 1.05: it is said to be exact, and states held out are few",
    )


def rule_claim(found: Mapping[int, Mapping[str, TrainedDenoiser]]) -> Claim:
    """Settles whether one circuit can undo scramblers that it has not met."""
    over = {n: over_guess(rows[RULE].expected, rows[RULE].chance) for n, rows in found.items()}
    text = "; ".join(f"{n} qubits: {interval(ratio)}" for n, ratio in over.items())
    verdict = higher([judge_ratio(ratio) for ratio in over.values()])
    return Claim(
        "A denoiser can learn a general rule, one for scramblers that it has not met",
        f"{text} times the fidelity of a guess, which is that of every circuit",
        "refuted" if verdict == "no difference" else verdict,
        RATIO,
    )


def transfer_claim(found: Mapping[int, Mapping[str, TrainedDenoiser]]) -> Claim:
    """Settles whether a stage gains from those before it."""
    gained = ratios(found, REFERENCE, ANEW)
    text = "; ".join(f"{n} qubits: {interval(gain)}" for n, gain in gained.items())
    return Claim(
        "Nothing is handed on from stage to stage: each is a new problem",
        f"curriculum by stages begun anew, {text}",
        equal([judge_ratio(gain) for gain in gained.values()]),
        RATIO,
    )


def remedy_claims(found: Mapping[int, Mapping[str, TrainedDenoiser]]) -> list[Claim]:
    """Settles what the log says of its remedies; all numbers are expected fidelities."""
    widest = MORE[WIDEST]
    return [
        better(found, "Fresh states in each epoch make the denoiser generalise", FRESH),
        closed_form_claim(found),
        better(found, "Training on the closed form beats training on fresh states", EXACT, FRESH),
        better(found, "84 and 126 parameters are too few for an inverse", widest, EXACT),
        better(found, "Depths up to saturation are better, last stage", ADAPTED, last=True),
        better(found, "The curriculum beats as many steps in one stage, last stage",
               REFERENCE, AT_ONCE, last=True),
        better(found, "A local cost is better", LOCAL),
        better(found, "Training layer by layer first is better", GROWING),
        better(found, "Adam's moments are carried over between stages: a help", REFERENCE, RESET),
        better(found, "Scramblers that go on from one another make a better curriculum", NESTED),
        transfer_claim(found),
        rule_claim(found),
    ]  # fmt: skip
