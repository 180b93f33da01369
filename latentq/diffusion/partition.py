r"""A division of states into cells of equal mass, found without labels.

Cell :math:`k` holds the states that are nearer to its centre than to any other,

.. math:: C_k = \{ \psi : \| \rho_\psi - \mu_k \|^2 - g_k \leq
    \| \rho_\psi - \mu_j \|^2 - g_j \; \forall j \}, \qquad \rho = | \psi \rangle \langle \psi |,

where the offsets :math:`g_k` are those that give all cells the same mass, and each centre
:math:`\mu_k` is the mean of its cell: Lloyd's algorithm with an optimal transport in each round.

References:
    Constrained k-means clustering (Bradley, Bennett and Demiriz, 2000), MSR-TR-2000-65.
"""

import torch
from torch import Tensor

from latentq.diffusion.losses.transport import optimal_transport
from latentq.errors import InputError, NumericalError
from latentq.quantum.encoding import density_coordinates
from latentq.randomness import derive_generator

ROUNDS = 25
SUBSET = 6400  # an exact transport of more states takes minutes


def _first_centres(points: Tensor, cells: int, generator: torch.Generator) -> Tensor:
    """Draws centres one after the other, far from those before (k-means++)."""
    centres = points[:1]
    while len(centres) < cells:
        gap = torch.cdist(points, centres).amin(dim=1).square()
        if not bool(gap.sum() > 0):
            raise NumericalError(f"cells: {cells} were asked for, {len(centres)} states differ")
        chosen = torch.multinomial(gap, 1, generator=generator)
        centres = torch.cat((centres, points[chosen]))
    return centres


def _transport(points: Tensor, centres: Tensor) -> tuple[Tensor, Tensor]:
    """Returns the mean of each of the cells of equal mass, and their offsets."""
    cost = torch.cdist(points, centres).square().double().cpu()
    mass = (cost.new_full((size,), 1 / size) for size in cost.shape)
    plan, _, offsets = optimal_transport(cost, *mass)
    return plan.to(points).mT @ points * len(centres), offsets.to(points)


def balanced_cells(psi: Tensor, cells: int, seed: int) -> Tensor:
    r"""Divides states into cells of nearly equal mass.

    The centres are found on a subset of the states.

    Arguments:
        psi: Unit statevectors, with shape :math:`(N, d)`.
        cells: The number of cells :math:`K`.
        seed: The seed of the subset and of the first centres.

    Returns:
        The cell of each state, with shape :math:`(N)`, integers from 0 to :math:`K - 1`.

    Raises:
        InputError: If there are fewer states than cells.
        NumericalError: If a cell has no state, as too many of them are the same.
    """
    if len(psi) < cells:
        raise InputError(f"psi: must be at least {cells} states, one for a cell, was {len(psi)}")

    generator = derive_generator(seed, "cells")
    subset = psi[torch.randperm(len(psi), generator=generator)[:SUBSET].to(psi.device)].cpu()
    points = density_coordinates(subset)
    centres = _first_centres(points, cells, generator)
    for _ in range(ROUNDS):
        centres, _ = _transport(points, centres)
    _, offsets = _transport(points, centres)
    nearest = [
        (torch.cdist(density_coordinates(chunk.cpu()), centres).square() - offsets).argmin(dim=1)
        for chunk in psi.split(SUBSET)
    ]
    found = torch.cat(nearest)
    if empty := cells - len(found.unique()):
        raise NumericalError(f"cells: {empty} of {cells} have no state, too many are the same")
    return found.to(psi.device)
