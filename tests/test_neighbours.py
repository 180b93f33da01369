import numpy as np
import pytest
import torch
from sklearn.neighbors import NearestNeighbors

from latentq.evaluation.neighbours import ROWS, nearest_distances, squared_distances, squared_radii


def points(n: int, generator: torch.Generator, offset: float = 0.0) -> torch.Tensor:
    return torch.randn(n, 6, generator=generator, dtype=torch.float64) + offset


@pytest.mark.parametrize("offset", [0.0, 1e4])
def test_blocks_are_the_squared_distances(offset: float, generator: torch.Generator) -> None:
    """Far from the origin, float32 would lose them if the mean were not taken off."""

    x, y = points(2 * ROWS + 3, generator, offset), points(40, generator, offset)

    blocks = list(squared_distances(x, y))

    expected = (x[:, None] - y).square().sum(dim=-1)
    assert [len(b) for b in blocks] == [ROWS, ROWS, 3]
    assert torch.allclose(torch.cat(blocks).double(), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("k", [1, 4])
def test_radii_are_those_of_scikit_learn(k: int, generator: torch.Generator) -> None:
    x = points(2 * ROWS + 20, generator)
    x[300] = x[7]  # a copy is another point

    found, _ = NearestNeighbors(n_neighbors=k).fit(x.numpy()).kneighbors()

    assert np.allclose(squared_radii(x, k), found[:, -1] ** 2, rtol=1e-4, atol=1e-5)


def test_nearest_are_those_of_scikit_learn(generator: torch.Generator) -> None:
    x, y = points(60, generator), points(2 * ROWS + 20, generator)
    x[3] = y[ROWS + 1]

    found, _ = NearestNeighbors(n_neighbors=1).fit(y.numpy()).kneighbors(x.numpy())

    distances = nearest_distances(x, y)
    assert np.allclose(distances, found[:, 0], rtol=1e-12, atol=0)
    assert distances[3] == 0
