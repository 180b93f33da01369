r"""Distances to nearest neighbours, in blocks that fit into the cache.

.. math:: \| x - y \|^2 = \| x \|^2 + \| y \|^2 - 2 \, x \cdot y

One matrix product gives a block of them. In float32 that is good enough to tell which point is
nearer, once the mean is taken off; a distance that is reported is computed anew in float64.
"""

from collections.abc import Iterator

import torch
from torch import Tensor

ROWS = 250


def squared_distances(points: Tensor, others: Tensor) -> Iterator[Tensor]:
    """Yields the squared distances from points to all others, for 250 points at a time.

    Arguments:
        points: Vectors, with shape (N, F).
        others: Vectors, with shape (M, F).
    """
    centre = others.mean(dim=0)
    columns = (others - centre).float()
    lengths = columns.square().sum(dim=1)
    for part in points.split(ROWS):
        rows = (part - centre).float()
        block = torch.addmm(lengths, rows, columns.mT, alpha=-2)
        yield block.add_(rows.square().sum(dim=1, keepdim=True))


def squared_radii(points: Tensor, neighbours: int) -> Tensor:
    """Returns the squared distance from each point to its k-th nearest other point.

    Arguments:
        points: Vectors, with shape (N, F).
        neighbours: Which neighbour k, from 1 to N - 1.
    """
    radii = []
    for i, block in enumerate(squared_distances(points, points)):
        block.diagonal(offset=i * ROWS).fill_(torch.inf)
        radii.append(block.topk(neighbours, largest=False).values[:, -1])
    return torch.cat(radii)


def nearest_distances(points: Tensor, others: Tensor) -> Tensor:
    """Returns the distance from each point to the nearest of the others, in float64.

    Arguments:
        points: Vectors, with shape (N, F).
        others: Vectors, with shape (M, F).
    """
    least = torch.full((len(points),), torch.inf, dtype=torch.float32)
    index = torch.zeros(len(points), dtype=torch.int64)
    for i, block in enumerate(squared_distances(others, points)):
        values, places = block.min(dim=0)
        index = torch.where(values < least, i * ROWS + places, index)
        least = torch.minimum(values, least)
    return (points.double() - others[index].double()).norm(dim=1)
