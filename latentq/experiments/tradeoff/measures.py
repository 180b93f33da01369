"""FID, precision and recall of priors on one autoencoder, as their spread grows."""

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor

from latentq.errors import InputError
from latentq.experiments.frozen import Frozen, fitted, load_on
from latentq.experiments.record import progress
from latentq.models import storage
from latentq.models.generative import GenerativeModel, in_chunks
from latentq.models.hybrid import quantum_model
from latentq.quantum.states import perturb
from latentq.randomness import derive_generator
from latentq.report.finished import title_of

Row = dict[str, Any]


def row_of(kind: str, name: str, value: float | None, scores: Row) -> Row:
    """Returns a row: the kind of prior, the name of its curve, and what changes along it."""
    return {"kind": kind, "name": name, "value": value, **scores}


def noisy(states: Tensor, noises: Iterable[float], seed: int) -> list[Tensor]:
    """Returns states with noise of growing strength, all of one direction for each state."""
    return [perturb(states, noise, derive_generator(seed, "noise")) for noise in noises]


def codebook_rows(frozen: Frozen, sizes: Sequence[int], noises: Sequence[float]) -> list[Row]:
    """Returns a row for each size of a codebook and each noise on what is drawn."""
    rows = []
    for size in progress(sizes, "codebooks"):
        book = fitted("codebook", frozen.latents, frozen.seed, centres=size, spread=0.0)
        states = book.sample_states(len(frozen.reference), frozen.seed)
        for noise, drawn in zip(noises, noisy(states, noises, frozen.seed), strict=True):
            rows.append(row_of("codebook", f"{size} states", noise, frozen.scores(drawn)))
    return rows


def mixture_rows(frozen: Frozen, components: Sequence[int]) -> list[Row]:
    """Returns a row for each number of components of a Gaussian mixture."""
    rows = []
    for number in progress(components, "mixtures"):
        mixture = fitted("mixture", frozen.latents, frozen.seed, components=number)
        states = mixture.sample_states(len(frozen.reference), frozen.seed)
        rows.append(row_of("mixture", "Gaussian mixtures", number, frozen.scores(states)))
    return rows


def spread_rows(frozen: Frozen, path: str, name: str, spreads: Sequence[float]) -> list[Row]:
    """Returns a row for each spread of a quantum prior; it is put on the same states.

    Arguments:
        frozen: The autoencoder.
        path: The model, which has the same autoencoder.
        name: What to call it.
        spreads: The strengths.
    """
    model, prior = quantum_model(load_on(frozen, path, "quantum"), path)
    rows = []
    for spread in progress(spreads, name):
        prior.spread = spread
        states = model.sample_states(len(frozen.reference), frozen.seed)
        rows.append(row_of("quantum", name, spread, frozen.scores(states)))
    return rows


def other_rows(frozen: Frozen, paths: Iterable[str]) -> list[Row]:
    """Returns a row for each of some trained priors with the same autoencoder."""
    rows = []
    for path in paths:
        states = load_on(frozen, path, "others").sample_states(len(frozen.reference), frozen.seed)
        name = title_of(storage.describe(path)[1]["kind"])
        rows.append(row_of("other", name, None, frozen.scores(states)))
    return rows


@torch.no_grad()
def limit_rows(frozen: Frozen) -> list[Row]:
    """Returns the rows of what no prior has to learn: states of the data, and reconstructions."""
    generator = derive_generator(frozen.seed, "resampled")
    order = torch.randperm(len(frozen.latents), generator=generator)
    drawn = frozen.latents[order[: len(frozen.reference)]]
    rebuilt = in_chunks(frozen.model.encode, frozen.validation)
    return [
        row_of("limit", "states of training images", None, frozen.scores(drawn)),
        row_of("limit", "reconstructions", None, frozen.scores(rebuilt)),
    ]


def vae_row(frozen: Frozen, path: str) -> Row:
    """Returns the row of a VAE, which has an autoencoder of its own.

    Raises:
        InputError: If it is another model.
    """
    model = storage.load(path)
    if not isinstance(model, GenerativeModel) or model.latent_space == "states":
        raise InputError(f"vae: must be a VAE, was {path}")
    images = model.sample(len(frozen.reference), frozen.seed)
    return row_of("vae", "VAE", None, frozen.scores_of_images(images))
