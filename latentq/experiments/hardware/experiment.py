r"""What a quantum computer would give: images against shots, and against the errors of gates.

    python -m latentq.experiments.hardware
    python -m latentq.experiments.hardware samples=2000 points=6 out=results/hardware

The images of a quantum prior are compared with held-out ones as in its evaluation. First its
states are read out by a number of shots each, in three ways. Then the chain is run with errors, as
exact density matrices: depolarised and damped two-qubit gates, and misread bits. Shots and
outcomes follow from `seed`, the same ones for all rows.
"""

import torch

from latentq.diffusion.near_term import NearTermQuDDPM
from latentq.errors import InputError
from latentq.experiments.hardware.findings import describe
from latentq.experiments.hardware.measures import (
    Bench,
    error_rows,
    limit_rows,
    sharing_rows,
    shot_rows,
)
from latentq.experiments.hardware.options import Options
from latentq.experiments.record import Experiment, Record
from latentq.models import storage
from latentq.models.classifier import Classifier
from latentq.models.hybrid import quantum_model
from latentq.quantum.readout import shots_of_settings

RATES = (1e-5, 3e-3)
DAMPINGS = (1e-5, 3e-5, 1e-4, 3e-4, 1e-3)
MISREADINGS = (0.001, 0.003, 0.01, 0.03, 0.1)


def load_bench(options: Options) -> Bench:
    """Loads the model, the classifier, and the images to compare with.

    Raises:
        InputError: If one is missing, or of another kind.
    """
    from latentq.data.identity import features_of, reopen_data

    model, prior = quantum_model(storage.load(options.checkpoint), options.checkpoint)
    features = features_of(options.features, options.checkpoint)
    classifier = storage.load(features)
    if not isinstance(classifier, Classifier):
        raise InputError(f"features: must be a features model, was {features}")
    data = reopen_data(options.checkpoint)
    held_out = data.test if options.split == "test" else data.validation
    return Bench(model, prior, classifier, held_out.images, options.samples, options.seed)


def gate_rates(points: int) -> list[float]:
    """Returns error rates of gates, evenly spaced on a logarithmic axis."""
    low, high = torch.tensor(RATES, dtype=torch.float64).log10().tolist()
    return torch.logspace(low, high, points, dtype=torch.float64).tolist()


def measure(options: Options) -> Record:
    """Measures a trained model as a machine would run it."""
    _, prior = quantum_model(storage.load(options.checkpoint), options.checkpoint)
    if isinstance(prior, NearTermQuDDPM):
        raise InputError(
            "checkpoint: must have the same angles for all basis states, a near_term model has "
            "not; measure it by latentq.experiments.devices"
        )
    for number in options.shots:
        shots_of_settings(number, prior.forward_process.qubits)
    bench = load_bench(options)
    plan = {"gate": gate_rates(options.points), "damping": DAMPINGS, "readout": MISREADINGS}
    errors = error_rows(bench, plan)
    tables = {
        "shots": shot_rows(bench, options.shots),
        "sharing": sharing_rows(bench),
        "errors": errors,
        "limits": limit_rows(errors),
    }
    return describe(options, tables)


EXPERIMENT = Experiment(
    "hardware",
    "What a quantum computer would give",
    Options,
    measure,
    describe,
)
