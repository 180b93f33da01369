r"""Assignments of least cost, with the potentials that prove it.

.. math:: \min_\pi \sum_i C_{i \pi(i)} = \max_{u_i + v_j \leq C_{ij}} \sum_i u_i + \sum_j v_j

Rows take their cheapest column, and drive out who was there, for as long as that is worth it.
Each row that is left is brought in along a shortest path (Dijkstra's algorithm on the reduced
costs :math:`C_{ij} - u_i - v_j \geq 0`), on which the rows in between change their columns.

References:
    Jonker and Volgenant (1987), A Shortest Augmenting Path Algorithm for Dense and Sparse Linear
    Assignment Problems, Computing 38.
"""

import numpy as np

from latentq.engine.native.compiling import Array, compiled_for_finite

NONE = -1
BIDS = 4  # for each row, before the shortest paths


@compiled_for_finite
def _least(x: Array) -> float:
    least = np.inf
    for j in range(len(x)):
        least = min(least, x[j])
    return least


@compiled_for_finite
def _place(x: Array, value: float) -> int:
    """Returns the first place of a value that is there."""
    j = 0
    while x[j] != value:
        j += 1
    return j


@compiled_for_finite
def _least_of_columns(cost: Array, v: Array) -> None:
    v[:] = np.inf
    for i in range(len(cost)):
        row = cost[i]
        for j in range(len(v)):
            v[j] = min(v[j], row[j])


@compiled_for_finite
def _bid(cost: Array, columns: Array, rows: Array, v: Array, free: Array, x: Array) -> int:
    """Gives columns to rows that make it dearer for others, and returns how many rows are left.

    A row pays up to where its second choice is as good. It may be driven out, and bids again.
    """
    left, next_one, bids = 0, 0, BIDS * len(v)
    while next_one < len(free):
        i = free[next_one]
        next_one += 1
        for j in range(len(v)):
            x[j] = cost[i, j] - v[j]
        least = _least(x)
        j = _place(x, least)
        x[j] = np.inf
        second = _least(x)
        if rows[j] != NONE and second == least:
            j = _place(x, second)
        other = rows[j]
        if other != NONE and (second == least or bids == 0):
            free[left] = i
            left += 1
            continue
        if second < np.inf:
            v[j] -= second - least
        columns[i], rows[j] = j, i
        if other != NONE:
            bids -= 1
            next_one -= 1
            columns[other], free[next_one] = NONE, other
    return left


@compiled_for_finite
def _shortest_path(
    cost: Array, columns: Array, rows: Array, v: Array, start: int, work: Array, order: Array
) -> None:
    """Brings one more row in, along the shortest path to a free column.

    Arguments:
        cost: The costs.
        columns: The column of each row, or none.
        rows: The row of each column, or none.
        v: The potentials of the columns.
        start: The row.
        work: Room for four numbers a column.
        order: Room for the rows in the order in which they are reached.
    """
    distance, x, closed, offset = work[0], work[1], work[2], work[3]
    distance[:], closed[:] = np.inf, 0
    i, height, reached = start, 0.0, 0
    while True:
        order[reached], offset[reached] = i, height
        reached += 1
        row, least = cost[i], np.inf
        for k in range(len(v)):
            distance[k] = min(distance[k], row[k] - v[k] - height)
            x[k] = distance[k] + closed[k]
            least = min(least, x[k])
        j = _place(x, least)
        i = rows[j]
        if i == NONE:
            break
        closed[j], height = np.inf, cost[i, j] - v[j] - least
    _turn_path(cost, columns, rows, v, j, order[:reached], offset)
    for k in range(len(v)):
        if closed[k] > 0:
            v[k] += distance[k] - least


@compiled_for_finite
def _turn_path(
    cost: Array, columns: Array, rows: Array, v: Array, j: int, order: Array, offset: Array
) -> None:
    """Gives each column of a path, from its end, to the row that it was reached from."""
    last = len(order)
    while last > 0:
        least = np.inf
        for s in range(last):
            value = cost[order[s], j] - v[j] - offset[s]
            if value < least:
                least, found = value, s
        i, last = order[found], found
        rows[j] = i
        columns[i], j = j, columns[i]


@compiled_for_finite
def least_difference(row: Array, v: Array) -> float:
    """Returns the least cost of a row, less the potentials of the columns."""
    least = np.inf
    for j in range(len(v)):
        least = min(least, row[j] - v[j])
    return least


@compiled_for_finite
def excess_of(cost: Array, columns: Array, rows: Array, u: Array, v: Array) -> float:
    """Returns by how much potentials are above the costs at most, and so not optimal.

    It is infinite if two rows have the same column.
    """
    worst = 0.0
    for i in range(len(cost)):
        if rows[columns[i]] != i:
            return np.inf
        worst = max(worst, u[i] - least_difference(cost[i], v))
    return worst


@compiled_for_finite
def assign(cost: Array, columns: Array, u: Array, v: Array, excess: Array) -> None:
    r"""Solves assignments.

    Arguments:
        cost: The costs, all of them finite, with shape :math:`(P, N, N)`.
        columns: Where the column of each row goes, with shape :math:`(P, N)`.
        u: Where the potentials of the rows go, with shape :math:`(P, N)`, float64.
        v: Where those of the columns go, alike.
        excess: Where :math:`\max_{ij} u_i + v_j - C_{ij}` goes, with shape :math:`(P)`, which is
            0 but for rounding; infinite if two rows have the same column.
    """
    size = cost.shape[1]
    work, order = np.empty((4, size)), np.empty(size, np.int64)
    rows = np.empty(size, np.int64)
    for p in range(len(cost)):
        columns[p], rows[:], free = NONE, NONE, np.arange(size)
        _least_of_columns(cost[p], v[p])
        for _ in range(2):
            free = free[: _bid(cost[p], columns[p], rows, v[p], free, work[0])]
        for k in range(len(free)):
            _shortest_path(cost[p], columns[p], rows, v[p], free[k], work, order)
        for i in range(size):
            u[p, i] = cost[p, i, columns[p, i]] - v[p, columns[p, i]]
        excess[p] = excess_of(cost[p], columns[p], rows, u[p], v[p])
