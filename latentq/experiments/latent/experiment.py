r"""The latent states of digits as quantum states: of the data, and along a generation.

    python -m latentq.experiments.latent
    python -m latentq.experiments.latent checkpoint=checkpoints/quantum n=5000 out=results/latent

Entanglement, mutual information and Wigner functions of the latents of validation images, and of
the ensembles S_T to S_0 of a generation. A generated state has the class that the classifier
sees in the image at the end of its chain; a data state has the class of its image. Intervals are
95% over the states of one trained model; they say nothing of other models.
"""

from typing import Any

import torch
from pydantic import Field

from latentq.config.fields import Folder
from latentq.config.memory import check_memory
from latentq.config.schema.data import AUTO
from latentq.errors import InputError
from latentq.evaluation import metrics
from latentq.experiments.latent.claims import claims, summary
from latentq.experiments.latent.measures import (
    Ensemble,
    Found,
    by_digit,
    numbers,
    orientation_rows,
    rows_by_class,
)
from latentq.experiments.latent.pictures import pictures
from latentq.experiments.measures import pair_names
from latentq.experiments.record import Experiment, Record, SeededOptions, progress
from latentq.models import storage
from latentq.models.classifier import Classifier
from latentq.models.generative import in_chunks
from latentq.models.hybrid import LatentQ
from latentq.quantum.states import haar_states
from latentq.randomness import derive_generator

BYTES = 20_000  # Of a state along the chain with its image, generously.
FIXED = 2**30  # Of MNIST, and of a chunk of images on its way through the networks.


class Options(SeededOptions):
    """What is looked at."""

    checkpoint: Folder = Field("checkpoints/quantum", description="a quantum model")
    features: Folder = Field(AUTO, description="the classifier; auto is that of the data")
    n: int = Field(6000, ge=100, le=100_000, description="states of each ensemble, at the most")


def load_models(options: Options) -> tuple[LatentQ, Classifier]:
    """Loads the model and the classifier.

    Raises:
        InputError: If one is missing, or of another kind.
    """
    from latentq.data.identity import features_of

    model = storage.load(options.checkpoint)
    if not (isinstance(model, LatentQ) and model.prior.pure):
        raise InputError(
            f"checkpoint: must be a quantum model of pure states, was {options.checkpoint}"
        )
    if model.prior.forward_process.qubits < 2:
        raise InputError(f"checkpoint: must be of two qubits or more, was {options.checkpoint}")
    features = features_of(options.features, options.checkpoint)
    classifier = storage.load(features)
    if not isinstance(classifier, Classifier):
        raise InputError(f"features: must be a features model, was {features}")
    return model, classifier


@torch.no_grad()
def find(model: LatentQ, classifier: Classifier, options: Options) -> Found:
    """Encodes the data, generates, and reads off what is to be compared.

    Arguments:
        model: The model.
        classifier: The classifier.
        options: The options of the command.
    """
    from latentq.data.identity import reopen_data

    held_out = reopen_data(options.checkpoint).validation
    latents = in_chunks(model.encode, held_out.images[: options.n])
    chain = model.sample_chain(options.n, options.seed)
    seen = torch.stack(
        [metrics.classify(classifier, in_chunks(model.decode, psi)) for psi in chain]
    )
    generator = derive_generator(options.seed, "haar")
    haar = haar_states(options.n, qubits=model.prior.forward_process.qubits, generator=generator)
    labels = held_out.labels[: options.n]
    decoded = metrics.classify(classifier, in_chunks(model.decode, latents))
    named = {f"S{t}": psi for t, psi in zip(reversed(range(len(chain))), chain, strict=True)}
    everything = {"data": latents, **named, "Haar": haar}
    classes = {"data": labels, "Haar": None}
    return Found(
        {
            name: Ensemble(numbers(psi), classes.get(name, seen[-1]))
            for name, psi in progress(list(everything.items()), "measuring")
        },
        kept=(seen == seen[-1]).double().mean(dim=1).tolist(),
        agreement=float((decoded == labels).double().mean()),
        qubits=model.prior.forward_process.qubits,
    )


def information_rows(found: Found) -> list[dict[str, Any]]:
    """Returns the mean mutual information of each pair, of all states and of each digit."""
    names, rows = pair_names(found.qubits), []
    for name, ensemble in found.ensembles.items():
        means = {"all": ensemble.numbers["information"].mean(dim=0)}
        if name in ("data", "S0"):
            means |= dict(zip(map(str, found.digits), by_digit(found, name), strict=True))
        for digit, values in means.items():
            shared = dict(zip(names, values.tolist(), strict=True))
            rows.append({"ensemble": name, "class": digit, **shared})
    return rows


def measure(options: Options) -> Record:
    """Looks at the latents of a trained model."""
    check_memory(FIXED + BYTES * options.n, options.memory, f"n={options.n}")
    model, classifier = load_models(options)
    found = find(model, classifier, options)
    return Record(
        summary(found),
        claims(found),
        {
            "classes": rows_by_class(found),
            "information": information_rows(found),
            "orientations": orientation_rows(found),
        },
        pictures(found),
    )


EXPERIMENT = Experiment(
    "latent",
    "The latent states of digits as quantum states",
    Options,
    measure,
)
