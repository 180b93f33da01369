r"""Models of different sizes on a machine with errors: FID against the error rate of its gates.

    python -m latentq.experiments.devices models=checkpoints/quantum,runs/near-term
    python -m latentq.experiments.devices models=runs/near-term samples=2000 points=6

Every model is run as in `latentq.experiments.hardware`: exact density matrices, depolarised
two-qubit gates, the same seed for all rows. The decoder reads the state as it is, or its top
eigenvector. The grids show images of each model without errors and with `shown` of them.

With `machines=prague,kolkata` the model of the fewest CZ is also run on simulated machines of
Qiskit: transpiled circuits out, counts in. Its images are compared with as many of the same
preparations by perfect gates and as many shots.
"""

import math

import torch

from latentq.errors import InputError
from latentq.experiments.devices.findings import describe, grid_picture
from latentq.experiments.devices.machines import machine_rows
from latentq.experiments.devices.measures import (
    model_row,
    name_of,
    pair_of_grids,
    rate_rows,
    rates_that_cost,
)
from latentq.experiments.devices.options import Options
from latentq.experiments.hardware.experiment import load_bench
from latentq.experiments.hardware.options import Options as OneModel
from latentq.experiments.record import Experiment, Record
from latentq.models.hybrid import quantum_model
from latentq.models.storage import load

GRID = 32
RATES = (1e-5, 3e-2)


def rates_of(options: Options) -> list[float]:
    """Returns the error rates, evenly spaced on a logarithmic axis, and the one of the grids."""
    low, high = (math.log10(rate) for rate in RATES)
    even = torch.logspace(low, high, options.points, dtype=torch.float64).tolist()
    return sorted({*even, options.shown})


def measure(options: Options) -> Record:
    """Measures trained models as machines of different errors would run them."""
    names = [name_of(path) for path in options.models]
    if len(set(names)) < len(names):
        raise InputError(f"models: must have different names, were {', '.join(names)}")
    for path in options.models:
        quantum_model(load(path), path)
    models, rows, pictures, benches = [], [], {}, []
    for name, path in zip(names, options.models, strict=True):
        chosen = {key: getattr(options, key) for key in ("features", "split", "samples", "seed")}
        bench = load_bench(OneModel(checkpoint=path, **chosen))
        benches.append(bench)
        models.append(model_row(name, bench))
        rows += rate_rows(name, bench, rates_of(options))
        grids = pair_of_grids(bench, GRID, options.shown)
        pictures[f"grid-{name}"] = grid_picture(name, *grids, options.shown)
    tables = {"models": models, "rates": rows, "limits": rates_that_cost(rows)}
    if options.machines:
        _, least = min((row["cz"], k) for k, row in enumerate(models))
        found, grid = machine_rows(benches[least], options)
        tables["machines"] = [{"model": names[least], **row} for row in found]
        pictures["machines"] = grid
    record = describe(options, tables)
    return Record(record.summary, record.claims, tables, {**record.pictures, **pictures})


EXPERIMENT = Experiment(
    "devices",
    "Models of different sizes on a machine with errors",
    Options,
    measure,
    describe,
)
