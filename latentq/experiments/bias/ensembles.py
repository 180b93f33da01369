"""The ensembles whose losses are compared: data, prototypes of the data, and trained models."""

import torch
from torch import Tensor

from latentq.diffusion.partition import balanced_cells
from latentq.experiments.bias.measures import REAL
from latentq.experiments.frozen import Frozen, fitted
from latentq.models.states import StateModel
from latentq.quantum.states import gram_fidelities
from latentq.randomness import derive_generator

Group = tuple[dict[str, Tensor], Tensor]
SIZE = 16_384  # of a pool: drawn without repetition, two batches of 4,096 leave half of it
CELLS, NEAR = 16, 4096
SPREAD = 0.45  # of the list of 130 states, as with model=codebook
PROTOTYPES = {
    "16 prototypes": (16, 0.0),
    "130 prototypes": (130, 0.0),
    "130 prototypes, noise 0.45": (130, SPREAD),
}


def halves(latents: Tensor, seed: int) -> tuple[Tensor, Tensor]:
    """Divides states into those that stand for fresh data, and those that are targets."""
    order = torch.randperm(len(latents), generator=derive_generator(seed, "halves"))
    first, second = order.chunk(2)
    return latents[first], latents[second]


def prototypes(latents: Tensor, centres: int, spread: float, n: int, seed: int) -> Tensor:
    """Draws states of a codebook that is fitted to states, with shape (n, d).

    Arguments:
        latents: The states, with shape (N, d).
        centres: The number of centres.
        spread: The strength of the noise.
        n: The number of states to draw.
        seed: The seed of fit and draw.
    """
    book = fitted("codebook", latents, seed, centres=centres, spread=spread)
    return book.sample_states(n, seed)


def whole(frozen: Frozen, models: dict[str, StateModel], seed: int) -> Group:
    """Returns the pools of all ensembles, and the targets.

    Arguments:
        frozen: The autoencoder and its states.
        models: Models with the same autoencoder, by name.
        seed: The seed of fits and draws.
    """
    fresh, targets = halves(frozen.latents, seed)
    pools = {REAL: fresh}
    for name, (centres, spread) in PROTOTYPES.items():
        pools[name] = prototypes(frozen.latents, centres, spread, SIZE, seed)
    pools |= {name: model.sample_states(SIZE, seed) for name, model in models.items()}
    return pools, targets


def nearest_cells(states: Tensor, latents: Tensor, cells: Tensor) -> Tensor:
    """Returns the cell of the data state that each state has the largest fidelity with.

    Arguments:
        states: The states, with shape (N, d).
        latents: States of the data, with shape (M, d).
        cells: Their cells, with shape (M).
    """
    nearest = [gram_fidelities(chunk, latents).argmax(dim=1) for chunk in states.split(NEAR)]
    return cells[torch.cat(nearest)]


def in_cells(frozen: Frozen, models: dict[str, StateModel], n: int, seed: int) -> list[Group]:
    """Returns pools and targets for each of 16 cells of equal mass.

    Prototypes are equally many in each cell, of data in the cell; states of a model are in the
    cell of the data state next to them. A model with fewer than two batches in a cell is left out.

    Arguments:
        frozen: The autoencoder and its states.
        models: Models with the same autoencoder, by name.
        n: The states of a batch.
        seed: The seed of cells, fits and draws.
    """
    latents = frozen.latents
    cells = balanced_cells(latents, CELLS, seed)
    drawn = {name: model.sample_states(2 * SIZE, seed) for name, model in models.items()}
    places = {
        name: nearest_cells(states, latents[:NEAR], cells[:NEAR]) for name, states in drawn.items()
    }
    full = [
        name for name, k in places.items()
        if int(torch.bincount(k, minlength=CELLS).min()) >= 2 * n
    ]  # fmt: skip
    found = []
    for cell in range(CELLS):
        own = latents[cells == cell]
        fresh, targets = halves(own, seed)
        pools = {REAL: fresh}
        for name, (centres, spread) in PROTOTYPES.items():
            pools[name] = prototypes(own, centres // CELLS, spread, 2 * n, seed)
        pools |= {name: drawn[name][places[name] == cell] for name in full}
        found.append((pools, targets))
    return found
