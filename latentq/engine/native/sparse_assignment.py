r"""One large assignment, of which only the cheap pairs are looked at.

Each row has a list of all columns with :math:`C_{ij} - v_j` up to a limit. The potentials
:math:`v_j` only fall, so what is not on a list stays above its limit: a list has to be made anew
only where a search reaches that far. What is found is the best of all pairs, not of those listed.

The rows bid for columns first, and are brought in along shortest paths then, as in
:mod:`latentq.engine.native.assignment`.

References:
    Jonker and Volgenant (1987), A Shortest Augmenting Path Algorithm for Dense and Sparse Linear
    Assignment Problems, Computing 38.
"""

from typing import NamedTuple

import numpy as np

from latentq.engine.native.assignment import BIDS, NONE, excess_of, least_difference
from latentq.engine.native.compiling import Array, compiled_for_finite

DONE = -2


class Lists(NamedTuple):
    """The listed columns and their costs, with shape (N, N), their lengths and limits, (N)."""

    columns: Array
    price: Array
    length: Array
    limit: Array


class Match(NamedTuple):
    """The column of each row or none, the row of each column, and the potentials of columns."""

    columns: Array
    rows: Array
    v: Array


class Heap(NamedTuple):
    """Nodes in the order of a heap, their keys, and the place of each node, or none, or done."""

    nodes: Array
    keys: Array
    places: Array


@compiled_for_finite
def _make_list(cost: Array, v: Array, lists: Lists, i: int, limit: float) -> None:
    """Lists the columns of a row up to a limit."""
    row, listed, price, n = cost[i], lists.columns[i], lists.price[i], 0
    for j in range(len(v)):
        if row[j] - v[j] <= limit:
            listed[n], price[n] = j, row[j]
            n += 1
    lists.length[i], lists.limit[i] = n, limit


@compiled_for_finite
def _two_least(lists: Lists, v: Array, i: int) -> tuple[float, float, int]:
    """Returns the two least differences on a list, and the column of the first."""
    least, second, place = np.inf, np.inf, 0
    for s in range(lists.length[i]):
        value = lists.price[i, s] - v[lists.columns[i, s]]
        if value < least:
            least, second, place = value, least, s
        elif value < second:
            second = value
    return least, second, lists.columns[i, place]


@compiled_for_finite
def _bid(cost: Array, match: Match, free: Array, lists: Lists, width: float) -> int:
    """Does what the bids of small assignments do, on lists."""
    columns, rows, v = match
    left, k, bids = 0, 0, BIDS * len(v)
    while k < len(free):
        i = free[k]
        least, second, j = _two_least(lists, v, i)
        if second > lists.limit[i] and lists.length[i] < len(v):
            limit = max(lists.limit[i], least_difference(cost[i], v)) + width
            _make_list(cost, v, lists, i, limit)
            continue
        k += 1
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
            k -= 1
            columns[other], free[k] = NONE, other
    return left


@compiled_for_finite
def _push(heap: Heap, size: int, key: float, node: int) -> int:
    """Puts a node into a heap, or further up with a smaller key; returns the new size."""
    nodes, keys, places = heap
    k = places[node]
    if k == NONE:
        k = size
        size += 1
    while k > 0 and keys[(k - 1) // 2] > key:
        above = (k - 1) // 2
        nodes[k], keys[k] = nodes[above], keys[above]
        places[nodes[k]] = k
        k = above
    nodes[k], keys[k], places[node] = node, key, k
    return size


@compiled_for_finite
def _pop(heap: Heap, size: int) -> tuple[int, float]:
    """Takes the node with the least key out of a heap of a size."""
    nodes, keys, places = heap
    first, least = nodes[0], keys[0]
    places[first] = NONE
    node, key, k = nodes[size - 1], keys[size - 1], 0
    while 2 * k + 1 < size - 1:
        below = 2 * k + 1
        if below + 1 < size - 1 and keys[below + 1] < keys[below]:
            below += 1
        if keys[below] >= key:
            break
        nodes[k], keys[k] = nodes[below], keys[below]
        places[nodes[k]] = k
        k = below
    if node != first:
        nodes[k], keys[k], places[node] = node, key, k
    return first, least


@compiled_for_finite
def _reach(
    lists: Lists,
    v: Array,
    i: int,
    offset: float,
    distance: Array,
    source: Array,
    heap: Heap,
    size: int,
) -> int:
    """Goes from a row to the columns on its list and to its end; returns the heap's size."""
    for s in range(lists.length[i]):
        j = lists.columns[i, s]
        value = lists.price[i, s] - v[j] - offset
        # A column that was taken out may look nearer by rounding.
        if value < distance[j] and heap.places[j] != DONE:
            distance[j], source[j] = value, i
            size = _push(heap, size, value, j)
    if lists.length[i] < len(v):
        size = _push(heap, size, lists.limit[i] - offset, len(v) + i)
    return size


@compiled_for_finite
def _shortest_path(
    cost: Array,
    match: Match,
    start: int,
    lists: Lists,
    width: float,
    heap: Heap,
    work: Array,
    source: Array,
    order: Array,
) -> None:
    """Brings one more row in, along the shortest path to a free column.

    A node of the heap is a column, or N + i for the end of the list of row i.
    """  # fmt: skip
    columns, rows, v = match
    distance, offset = work
    distance[:], heap.places[:] = np.inf, NONE
    i, size, reached = start, 0, 0
    offset[i] = 0.0
    while True:
        size = _reach(lists, v, i, offset[i], distance, source, heap, size)
        node, least = _pop(heap, size)
        size -= 1
        if node >= len(v):
            i = node - len(v)
            _make_list(cost, v, lists, i, lists.limit[i] + width)
            continue
        i = rows[node]
        if i == NONE:
            break
        order[reached], heap.places[node] = node, DONE
        reached += 1
        offset[i] = cost[i, node] - v[node] - least
    for j in order[:reached]:
        v[j] += distance[j] - least
    i, j = NONE, node
    while i != start:
        i = source[j]
        rows[j] = i
        columns[i], j = j, columns[i]


@compiled_for_finite
def assign_one(cost: Array, columns: Array, u: Array, v: Array, width: float) -> float:
    r"""Solves one assignment, and returns its excess, see :func:`latentq.engine.native.assign`.

    Arguments:
        cost: The costs, all of them finite, with shape :math:`(N, N)`.
        columns: Where the column of each row goes, with shape :math:`(N)`.
        u: Where the potentials of the rows go, alike, float64.
        v: Any potentials of the columns, alike; the better they are, the less is to do. Where
            those of the solution go.
        width: How far the lists reach at first, above 0; it has no part in what is found.
    """
    n = len(cost)
    lists = Lists(
        np.empty((n, n), np.int32),
        np.empty((n, n), cost.dtype),
        np.empty(n, np.int64),
        np.empty(n),
    )
    heap = Heap(np.empty(2 * n, np.int64), np.empty(2 * n), np.empty(2 * n, np.int64))
    match = Match(columns, np.full(n, NONE), v)
    work, source, order = np.empty((2, n)), np.empty(n, np.int64), np.empty(n, np.int64)
    columns[:], free = NONE, np.arange(n)
    for i in range(n):
        _make_list(cost, v, lists, i, least_difference(cost[i], v) + width)
    for _ in range(2):
        free = free[: _bid(cost, match, free, lists, width)]
    for k in range(len(free)):
        _shortest_path(cost, match, free[k], lists, width, heap, work, source, order)
    for i in range(n):
        u[i] = cost[i, columns[i]] - v[columns[i]]
    return excess_of(cost, columns, match.rows, u, v)
