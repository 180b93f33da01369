r"""What other priors reach in the latent space of a trained quantum model.

    python -m latentq.experiments.bounds checkpoint=runs/quantum-mnist-seed0 out=bounds.json

Rows: a codebook, Gaussian mixtures of 1, 10 and 100 components, and chains whose steps are not
circuits but unconstrained instruments, any :math:`K_m` with :math:`\sum_m K_m^\dagger K_m = 1`,
trained by the same objective. They tell whether circuit, chain or latent space is the limit. All
numbers are FIDs of the decoded states against validation images, in the features of the shipped
classifier.
"""

import json
import math
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, cast

import torch
from pydantic import Field
from torch import Tensor, nn

from latentq import paths
from latentq.config.commands import read_options, run_command
from latentq.config.fields import Count, Folder, Positive, Settings
from latentq.config.schema.data import AUTO
from latentq.diffusion import Chain, DenoisingObjective, Forward
from latentq.diffusion.chain import Instrument
from latentq.diffusion.fit import train_phase
from latentq.diffusion.partition import balanced_cells
from latentq.engine.fused import apply_kraus
from latentq.errors import InputError
from latentq.evaluation import metrics
from latentq.models import storage
from latentq.models.classifier import Classifier
from latentq.models.generative import count_parameters, in_chunks
from latentq.models.hybrid import LatentQ
from latentq.models.states import FittedModel
from latentq.randomness import derive_generator
from latentq.report.tables import markdown_table

PLACES = {"fid": 1, "precision": 3, "recall": 3}  # Decimals.
Fits = dict[str, tuple[str, dict[str, Any]]]
FITS: Fits = {
    # As with model=codebook.
    "130 states with noise": ("codebook", {"centres": 130, "spread": 0.45}),
    **{f"mixture, {k}": ("mixture", {"components": k}) for k in (1, 10, 100)},
}
ANCILLAS = (1, 2, 3)


class Options(Settings):
    """What is compared."""

    checkpoint: Folder = Field("checkpoints/quantum", description="an unconditional quantum model")
    features: Folder = Field(AUTO, description="the classifier; auto is that of the data")
    out: Folder = Field("bounds.json", description="the file of the table")
    iterations: Count = Field(1500, le=10**6, description="the iterations for the instruments")
    lr: Positive = Field(0.01, le=1, description="their largest learning rate")


class FreeInstruments(Chain):
    r"""A chain whose steps are isometries without a circuit.

    Step :math:`t` has a trained matrix :math:`A_t` of shape :math:`(2^{n_A} d, d)`, whose
    orthonormal columns :math:`Q_t` in :math:`A_t = Q_t R_t` are the stacked :math:`K_m`.

    Arguments:
        forward_process: The forward process.
        ancillas: The number of ancillas :math:`n_A` of a step.
        generator: The source of the initial matrices.
    """

    linear = True

    def __init__(
        self, forward_process: Forward, ancillas: int, *, generator: torch.Generator
    ) -> None:
        super().__init__(forward_process, loss="wasserstein", outcomes="score")
        self.ancillas = ancillas
        self.dimension = 2**forward_process.qubits
        rows = 2**ancillas * self.dimension
        shape = (rows, self.dimension, 2)
        identity = torch.view_as_real(torch.eye(rows, self.dimension, dtype=torch.complex64))
        self.matrices = nn.ParameterList(
            identity + torch.randn(shape, generator=generator) / math.sqrt(2 * rows)
            for _ in range(forward_process.steps)
        )

    def instruments(self, steps: list[int], batch: int) -> list[Instrument]:
        """Returns the maps of some steps, see the base class."""
        matrices = [torch.view_as_complex(self.matrices[t]) for t in steps]
        shape = (2**self.ancillas, self.dimension, self.dimension)
        stacked = [torch.linalg.qr(matrix).Q.reshape(shape) for matrix in matrices]
        return [partial(apply_kraus, kraus) for kraus in stacked]


def fitted(kind: str, latents: Tensor, seed: int, **arguments: Any) -> FittedModel:  # noqa: ANN401
    """Fits a prior of a baseline to states.

    Arguments:
        kind: The kind of model, such as `mixture`.
        latents: The states, with shape (N, d).
        seed: The seed of the fit.
        arguments: What the prior is built with.
    """
    built = storage.build(kind, {"channels": 1, "seed": seed, **arguments})
    model = cast(FittedModel, built)
    model.fit(latents, seed)
    return model


def instrument_states(
    objective: DenoisingObjective, iterations: int, lr: float, n: int, seed: int
) -> Tensor:
    """Trains all steps of a prior together, and draws from it.

    Arguments:
        objective: The objective, with the prior.
        iterations: The number of iterations of Adam.
        lr: The largest learning rate.
        n: The number of states to draw.
        seed: The seed of the draw.
    """
    prior = objective.prior
    train_phase(objective, prior.steps, range(iterations), lr, fused=False)
    return prior.sample_chain(n, derive_generator(seed, "sample"))[-1]


def rows(
    model: LatentQ,
    latents: Tensor,
    n: int,
    iterations: int,
    lr: float,
    seed: int,
    fits: Fits = FITS,
) -> dict[str, tuple[int, Callable[[], Tensor]]]:
    """Returns the rows by name: the number of free reals, and what draws states.

    Arguments:
        model: The trained model.
        latents: The states of the training images, with shape (N, d).
        n: The number of states to draw.
        iterations: The number of iterations for instruments.
        lr: Their learning rate.
        seed: The seed of all draws.
        fits: The priors that are fitted: the kind of model and its arguments, by name.
    """
    process = model.prior.forward_process
    found: dict[str, tuple[int, Callable[[], Tensor]]] = {}
    for name, (kind, arguments) in fits.items():
        other = fitted(kind, latents, seed, **arguments)
        draw = partial(other.sample_states, n, seed)
        found[name] = count_parameters(other.prior), draw
    cells = balanced_cells(latents, latents.shape[1], seed)
    for ancillas in ANCILLAS:
        prior = FreeInstruments(process, ancillas, generator=derive_generator(seed, "free"))
        objective = DenoisingObjective(
            prior,
            latents,
            input_batch_size=512,
            start_batch_size=1024,
            target_batch_size=512,
            intermediate_weight=0.05,
            seed=seed,
            groups=cells,
        )
        size = process.steps * (2 * 2**ancillas - 1) * latents.shape[1] ** 2
        draw = partial(instrument_states, objective, iterations, lr, n, seed)
        found[f"instruments, {ancillas} ancillas"] = size, draw
    return found


def markdown(table: dict[str, dict[str, Any]]) -> str:
    """Returns the table of rows as Markdown."""
    rows = [
        [name, f"{row['reals']:,}", *(f"{row[k]:.{n}f}" for k, n in PLACES.items())]
        for name, row in table.items()
    ]
    return markdown_table(["prior", "reals", "FID", "precision", "recall"], rows)


def bounds(arguments: list[str]) -> None:
    """Prints the table of bounds and writes it as JSON.

    Raises:
        InputError: If an option is wrong, or the checkpoint is no unconditional quantum model.
    """
    options = read_options(arguments, Options)
    _, description = storage.describe(options.checkpoint)
    if description["kind"] != "quantum" or description["arguments"].get("conditional"):
        raise InputError(
            "checkpoint: must be an unconditional quantum model, was " + options.checkpoint
        )
    from latentq.data.identity import features_of, reopen_data

    model = cast(LatentQ, storage.load(options.checkpoint))
    path = features_of(options.features, options.checkpoint)
    classifier = cast(Classifier, storage.load(path))
    data = reopen_data(options.checkpoint)
    seed = data.seed
    with torch.no_grad():
        latents = in_chunks(model.encode, data.train.images)
        reference = metrics.extract_features(classifier, data.validation.images)
    table: dict[str, dict[str, Any]] = {}
    for name, (size, draw) in rows(
        model, latents, len(reference), options.iterations, options.lr, seed
    ).items():
        states = draw()
        with torch.no_grad():
            images = in_chunks(model.decode, states)
        features = metrics.extract_features(classifier, images)
        precision, recall = metrics.precision_recall(features, reference)
        table[name] = {
            "reals": size,
            "fid": metrics.fid(features, reference),
            "precision": precision,
            "recall": recall,
        }
        print(f"{name}: FID {table[name]['fid']:.1f}", flush=True)
    content = {"checkpoint": options.checkpoint, "seed": seed, "rows": table}
    paths.write_atomically(Path(options.out), (json.dumps(content, indent=2) + "\n").encode())
    print(markdown(table))


if __name__ == "__main__":
    sys.exit(run_command(bounds, __doc__, Options))
