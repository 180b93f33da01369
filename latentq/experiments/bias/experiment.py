r"""What losses between finite batches prefer: data, or narrower ensembles.

    python -m latentq.experiments.bias
    python -m latentq.experiments.bias models=runs/quantum-mnist-seed0 draws=5 batches=64,256

Fresh states of the data, prototypes of them without and with noise, and samples of trained models
are compared with states of the data, by nine losses, with as many states on either side as
`batches` says; and with `cell` states in each of 16 cells, as the first recipe compares them. All
ensembles meet the same targets in a draw, and no state is drawn twice in it.
"""

from latentq.errors import InputError
from latentq.experiments.bias.ensembles import CELLS, SIZE, in_cells, whole
from latentq.experiments.bias.findings import describe, preferred_rows
from latentq.experiments.bias.measures import bias_rows
from latentq.experiments.bias.options import Options
from latentq.experiments.frozen import load_on, names_of, open_frozen
from latentq.experiments.record import Experiment, Record


def measure(options: Options) -> Record:
    """Measures all losses of all ensembles."""
    names = names_of("models", options.models, options.names)
    frozen = open_frozen(options.checkpoint, options.features)
    models = {
        name: load_on(frozen, path, "models")
        for name, path in zip(names, options.models, strict=True)
    }
    room = min(SIZE, len(frozen.latents) // 2), len(frozen.latents) // CELLS // 2
    for key, most, given in zip(
        ("batches", "cell"), room, (max(options.batches), options.cell), strict=True
    ):
        if 2 * given > most:
            raise InputError(f"{key}: must be at most {most // 2} with these data, was {given}")
    pools = [whole(frozen, models, options.seed)]
    rows = [
        row for n in options.batches for row in bias_rows(pools, n, options.draws, options.seed)
    ]
    cells = in_cells(frozen, models, options.cell, options.seed)
    rows += bias_rows(cells, options.cell, options.draws, options.seed)
    return describe(options, {"losses": rows, "preferred": preferred_rows(rows)})


EXPERIMENT = Experiment("bias", "What losses of finite batches prefer", Options, measure, describe)
