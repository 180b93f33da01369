r"""How fast gradients vanish with qubits and depth, and what the local cost does about it.

    python -m latentq.experiments.plateaus
    python -m latentq.experiments.plateaus qubits=4,6,8 layers=1,16 draws=200 trained=4,6

Layers of RZ RY RZ and CNOTs have uniform angles. Inputs and targets are Haar states, as in the
research log's denoiser, or :math:`| 0 \dots 0 \rangle`. The variance of a derivative is the mean
of its square, as the mean of the derivative over a period is zero; intervals of variances are
percentiles of bootstrap samples of the draws. The second half trains circuits to states that the
same circuit can reach, by the infidelity and by the fidelity of single qubits.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import torch
from annotated_types import Ge, Le, MinLen
from pydantic import Field

from latentq.config.marks import Commas, joined
from latentq.config.memory import check_memory
from latentq.engine.circuits import Circuit, cnot_circuit
from latentq.errors import InputError
from latentq.experiments.plateaus.claims import claims, summary
from latentq.experiments.plateaus.figures import pictures
from latentq.experiments.plateaus.log import log_rows
from latentq.experiments.plateaus.statistics import FIT_FROM, fit_rows, mean_interval
from latentq.experiments.plateaus.training import curves_and_ends
from latentq.experiments.record import Experiment, Record, SeededOptions, Tables, progress
from latentq.quantum import plateaus
from latentq.quantum.plateaus import Source
from latentq.randomness import derive_generator

Layers = Annotated[tuple[Annotated[int, Ge(1), Le(1000)], ...], Commas(ordered=True), MinLen(2)]
Sizes = Annotated[tuple[Annotated[int, Ge(2), Le(30)], ...], Commas(ordered=True)]
SETTINGS: tuple[tuple[Source, Source], ...] = (
    ("haar", "haar"),
    ("zero", "haar"),
    ("zero", "zero"),
)
CHECKED = (2, 4, 6)
SAMPLES = 20  # Oracle checks are cheap and take so many times the draws.


class Options(SeededOptions):
    """What is measured, and what is trained."""

    qubits: Sizes = Field(tuple(range(2, 13)), description="the sizes of random circuits")
    layers: Layers = Field((1, 2, 4, 8, 16, 24), description="the depths of their circuits")
    draws: int = Field(500, ge=10, le=10**5, description="random circuits for each size and depth")
    trained: Sizes = Field((4, 6, 8, 10), description="the sizes that are trained")
    iterations: int = Field(300, ge=2, le=10**5, description="the steps of a training")
    seeds: int = Field(10, ge=2, le=1000, description="trainings of a size")


def check_sizes(options: Options) -> None:
    """Refuses sizes that are too few for a fit, or need too much memory.

    Raises:
        InputError: If there are some.
    """
    qubits, layers, trained = options.qubits, options.layers, options.trained
    if sum(n >= FIT_FROM for n in qubits) < 3:
        raise InputError(
            f"qubits: must have three sizes of {FIT_FROM} or more, was {joined(qubits)}"
        )
    limit, at_once = options.memory, 4 * plateaus.BYTES
    need = at_once + 4 * plateaus.bytes_of_draw(qubits[-1], layers[-1])
    check_memory(need, limit, f"qubits={qubits[-1]}")
    need = at_once + 4 * options.seeds * plateaus.bytes_of_draw(trained[-1], trained[-1])
    check_memory(need, limit, f"trained={trained[-1]}")


def design(targets: Source, cost: str, qubits: int) -> float:
    """Returns the variance that deep circuits have in theory."""
    if cost == "global":
        return plateaus.design_variance(qubits)
    if targets == "zero":
        return plateaus.design_marginal_variance(qubits)
    return plateaus.haar_marginal_variance(qubits)


def variance_rows(
    circuit: Circuit, inputs: Source, targets: Source, draws: int, seed: int
) -> list[dict[str, Any]]:
    """Measures the variances of one circuit: of its middle angle, and averaged over all."""
    name = (inputs, targets, circuit.qubits, circuit.layers)
    generator = derive_generator(seed, "plateaus", *name)
    found = plateaus.random_gradients(circuit, draws, generator, inputs=inputs, targets=targets)
    rows = []
    for cost, gradients in found.items():
        squares = gradients.square()
        middle = squares[:, plateaus.middle_angle(circuit)]
        for angle, values in (("middle", middle), ("all", squares.mean(dim=1))):
            mean, low, high = mean_interval(values, seed)
            rows.append(
                {
                    **{"inputs": inputs, "targets": targets, "cost": cost, "angle": angle},
                    **{"qubits": circuit.qubits, "layers": circuit.layers, "draws": draws},
                    **{"variance": mean, "low": low, "high": high},
                    "deep_theory": design(targets, cost, circuit.qubits),
                }
            )
    return rows


def check_rows(draws: int, seed: int) -> list[dict[str, Any]]:
    """Measures what has a closed form: one RY on each qubit, with zeros as input and target."""
    rows = []
    for qubits in CHECKED:
        circuit = Circuit(qubits, 1, ("ry",), "cz", ())
        generator = derive_generator(seed, "checks", qubits)
        found = plateaus.random_gradients(circuit, draws, generator, inputs="zero", targets="zero")
        for cost, closed in (
            ("global", plateaus.product_variance(qubits)),
            ("marginal", plateaus.product_marginal_variance(qubits)),
        ):
            mean, low, high = mean_interval(found[cost][:, 0].square(), seed)
            row = {"qubits": qubits, "cost": cost, "variance": mean, "low": low, "high": high}
            rows.append({**row, "closed_form": closed})
    return rows


def pair_rows(qubits: Sequence[int], draws: int, seed: int) -> list[dict[str, Any]]:
    """Measures the marginal cost of independent Haar states."""
    rows = []
    for n in qubits:
        generator = derive_generator(seed, "pairs", n)
        values = [_pair_cost(n, generator) for _ in range(draws)]
        mean, low, high = mean_interval(torch.tensor(values, dtype=torch.float64), seed)
        row = {"qubits": n, "draws": draws, "marginal_cost": mean, "low": low, "high": high}
        rows.append({**row, "closed_form": plateaus.haar_marginal_cost(n)})
    return rows


def _pair_cost(qubits: int, generator: torch.Generator) -> float:
    one, two = plateaus.drawn_states("haar", 2, qubits, generator)
    return float(plateaus.marginal_cost(one, two))


def measure(options: Options) -> Record:
    """Measures variances over random circuits, fits them, and trains by both costs."""
    check_sizes(options)
    qubits, layers, trained = options.qubits, options.layers, options.trained
    draws, seed = options.draws, options.seed
    cases = [(s, n, depth) for n in qubits for depth in layers for s in SETTINGS]
    variances = [
        row
        for setting, n, depth in progress(cases, "gradients")
        for row in variance_rows(cnot_circuit(n, depth), *setting, draws, seed)
    ]
    curves, ends = curves_and_ends(trained, options.iterations, options.seeds, seed)
    tables: dict[str, Sequence[Mapping[str, Any]]] = {
        "variances": variances,
        "fits": fit_rows(variances),
        "checks": check_rows(SAMPLES * draws, seed),
        "pairs": pair_rows(qubits, draws, seed),
        "log": log_rows(draws, seed),
        "ends": ends,
        "curves": curves,
    }
    return describe(options, tables)


def describe(options: Options, tables: Tables) -> Record:
    """Makes the record of its tables."""
    return Record(summary(tables), claims(tables), tables, pictures(tables))


EXPERIMENT = Experiment(
    "plateaus", "Barren plateaus of global and local costs", Options, measure, describe
)
