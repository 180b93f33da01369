r"""Circuits of rotations and signs on batches of states, and their gradient.

States are kept with amplitudes outside and states inside, real and imaginary parts apart: a gate
then combines two rows of numbers, as wide as the vector registers like. As many states are worked
on at a time as stay in the cache, and taken through all layers.

Backwards, states and gradients are taken back through the layers together, as these are unitary.
Before a layer, the derivative by the angle of its first rotation is
:math:`b_P = \frac{1}{2} \mathrm{Im} \, \langle g | P | x \rangle`; each rotation that has acted
turns :math:`b` as it turns a Bloch vector.
"""

import numpy as np

from latentq.engine.native.compiling import Array, compiled

BYTES = 2**20  # of states and gradients that are worked on at a time
TILE = 1024


@compiled
def _rotate(
    re: Array,
    im: Array,
    i: int,
    j: int,
    run: int,
    ar: float,
    ai: float,
    br: float,
    bi: float,
) -> None:
    """Applies the matrix (a, -b*; b, a*) to two rows."""
    xr, xi, yr, yi = re[i : i + run], im[i : i + run], re[j : j + run], im[j : j + run]
    for k in range(run):
        pr, pi, qr, qi = xr[k], xi[k], yr[k], yi[k]
        xr[k] = ar * pr - ai * pi - br * qr - bi * qi
        xi[k] = ar * pi + ai * pr - br * qi + bi * qr
        yr[k] = br * pr - bi * pi + ar * qr + ai * qi
        yi[k] = br * pi + bi * pr + ar * qi - ai * qr


@compiled
def _overlaps(
    xr: Array, xi: Array, gr: Array, gi: Array, i: int, j: int, run: int
) -> tuple[float, float, float]:
    """Returns Im <g|X|x>, Im <g|Y|x> and Im <g|Z|x> for states x and gradients g on two rows."""
    x0, y0, x1, y1 = xr[i : i + run], xi[i : i + run], xr[j : j + run], xi[j : j + run]
    g0, h0, g1, h1 = gr[i : i + run], gi[i : i + run], gr[j : j + run], gi[j : j + run]
    x = y = z = 0 * xr[0]
    for k in range(run):
        x += g0[k] * y1[k] - h0[k] * x1[k] + g1[k] * y0[k] - h1[k] * x0[k]
        y += g1[k] * x0[k] + h1[k] * y0[k] - g0[k] * x1[k] - h0[k] * y1[k]
        z += g0[k] * y0[k] - h0[k] * x0[k] - g1[k] * y1[k] + h1[k] * x1[k]
    return x, y, z


@compiled
def _flip(re: Array, im: Array, signs: Array, columns: int) -> None:
    """Turns the sign of rows."""
    for d in range(len(signs)):
        if signs[d] < 0:
            x, y = re[d * columns : (d + 1) * columns], im[d * columns : (d + 1) * columns]
            for k in range(columns):
                x[k], y[k] = -x[k], -y[k]


@compiled
def _load(psi: Array, first: int, columns: int) -> tuple[Array, Array]:
    """Takes some states into rows, one for each amplitude."""
    re = np.empty(psi.shape[1] * columns, psi.real.dtype)
    im = np.empty_like(re)
    for k in range(columns):
        for d in range(psi.shape[1]):
            re[d * columns + k] = psi[first + k, d].real
            im[d * columns + k] = psi[first + k, d].imag
    return re, im


@compiled
def _store(psi: Array, re: Array, im: Array, first: int, columns: int) -> None:
    for k in range(columns):
        for d in range(psi.shape[1]):
            psi[first + k, d] = complex(re[d * columns + k], im[d * columns + k])


@compiled
def _columns(dimension: int, total: int, itemsize: int) -> int:
    """Returns how many states, with their gradients, are worked on at a time."""
    return max(1, min(total, BYTES // (4 * dimension * itemsize)))


@compiled
def _turn(q: Array, axis: int, angle: float) -> None:
    """Multiplies a quaternion w - i (x X + y Y + z Z) by a rotation from the left, in place."""
    cos, sin = np.cos(0.5 * angle), np.sin(0.5 * angle)
    a, b, c = 1 + axis, 1 + (axis + 1) % 3, 1 + (axis + 2) % 3
    q[0], q[a] = cos * q[0] - sin * q[a], cos * q[a] + sin * q[0]
    q[b], q[c] = cos * q[b] - sin * q[c], cos * q[c] + sin * q[b]


@compiled
def quaternions(angles: Array, axes: Array) -> Array:
    r"""Returns the products of a layer's rotations as quaternions, with shape :math:`(L, n, 4)`.

    Arguments:
        angles: The angles in radians, with shape :math:`(L, A, n)`.
        axes: The axes in the order in which they act, 0 for X, 1 for Y and 2 for Z.
    """
    result = np.zeros((angles.shape[0], angles.shape[2], 4), angles.dtype)
    result[..., 0] = 1
    for layer in range(angles.shape[0]):
        for qubit in range(angles.shape[2]):
            for k in range(len(axes)):
                _turn(result[layer, qubit], axes[k], angles[layer, k, qubit])
    return result


@compiled
def evolve(angles: Array, axes: Array, signs: Array, psi: Array, result: Array) -> None:
    r"""Applies circuits of rotations and signs to states.

    Arguments:
        angles: The angles in radians, with shape :math:`(S, L, A, n)`.
        axes: The axes in the order in which they act, 0 for X, 1 for Y and 2 for Z.
        signs: The diagonal of the entangler, with shape :math:`(2^n)`.
        psi: Statevectors, with shape :math:`(S, C, 2^n)`.
        result: Where the states go, with the same shape.
    """
    size, total, dimension = psi.shape
    step = _columns(dimension, total, signs.itemsize)
    for s in range(size):
        q = quaternions(angles[s], axes)
        for first in range(0, total, step):
            columns = min(step, total - first)
            re, im = _load(psi[s], first, columns)
            for layer in range(q.shape[0]):
                for qubit in range(q.shape[1]):
                    w, x, y, z = q[layer, qubit]
                    run = (dimension >> (qubit + 1)) * columns
                    for i in range(0, dimension * columns, 2 * run):
                        _rotate(re, im, i, i + run, run, w, -z, y, -x)
                _flip(re, im, signs, columns)
            _store(result[s], re, im, first, columns)


@compiled
def evolve_each(
    angles: Array, shared: Array, axes: Array, diagonal: Array, psi: Array, result: Array
) -> None:
    r"""Applies to each state a circuit of its own.

    Arguments:
        angles: The angles of the rotations in radians, with shape :math:`(B, L, A, n)`.
        shared: The angles :math:`g` of the entanglers, with shape :math:`(B, L)`, or empty.
        axes: The axes in the order in which they act, 0 for X, 1 for Y and 2 for Z.
        diagonal: The parities :math:`Z` of entanglers :math:`e^{-i g Z / 2}`, or the signs of
            entanglers without angle, with shape :math:`(2^n)`.
        psi: Statevectors, with shape :math:`(B, 2^n)`.
        result: Where the states go, with the same shape.
    """
    dimension = psi.shape[1]
    for b in range(len(psi)):
        q = quaternions(angles[b], axes)
        re, im = psi[b].real.copy(), psi[b].imag.copy()
        for layer in range(q.shape[0]):
            for qubit in range(q.shape[1]):
                w, x, y, z = q[layer, qubit]
                run = dimension >> (qubit + 1)
                for i in range(0, dimension, 2 * run):
                    _rotate(re, im, i, i + run, run, w, -z, y, -x)
            for d in range(dimension):
                if shared.size:
                    phase = -0.5 * shared[b, layer] * diagonal[d]
                    cos, sin = np.cos(phase), np.sin(phase)
                    re[d], im[d] = cos * re[d] - sin * im[d], cos * im[d] + sin * re[d]
                else:
                    re[d], im[d] = diagonal[d] * re[d], diagonal[d] * im[d]
        for d in range(dimension):
            result[b, d] = complex(re[d], im[d])


@compiled
def _undo_layer(
    xr: Array,
    xi: Array,
    gr: Array,
    gi: Array,
    q: Array,
    signs: Array,
    columns: int,
    bloch: Array,
) -> None:
    """Takes states and gradients back through a layer, and adds up the overlaps before it."""
    _flip(xr, xi, signs, columns)
    _flip(gr, gi, signs, columns)
    for qubit in range(len(q)):
        w, x, y, z = q[qubit]
        run = (len(signs) >> (qubit + 1)) * columns
        tile = min(run, TILE)
        for start in range(0, len(xr), 2 * run):
            for i in range(start, start + run, tile):
                width = min(tile, start + run - i)
                _rotate(xr, xi, i, i + run, width, w, z, -y, x)
                _rotate(gr, gi, i, i + run, width, w, z, -y, x)
                overlaps = _overlaps(xr, xi, gr, gi, i, i + run, width)
                for p in range(3):
                    bloch[qubit, p] += overlaps[p]


@compiled
def _angle_gradients(bloch: Array, angles: Array, axes: Array, result: Array) -> None:
    """Reads the derivatives off the overlaps before a layer, which each rotation turns."""
    for layer in range(len(bloch)):
        for qubit in range(bloch.shape[1]):
            b = bloch[layer, qubit]
            for k in range(len(axes)):
                angle, y, z = angles[layer, k, qubit], (axes[k] + 1) % 3, (axes[k] + 2) % 3
                result[layer, k, qubit] = 0.5 * b[axes[k]]
                cos, sin = np.cos(angle), np.sin(angle)
                b[y], b[z] = cos * b[y] - sin * b[z], cos * b[z] + sin * b[y]


@compiled
def pull_back(
    angles: Array,
    axes: Array,
    signs: Array,
    psi: Array,
    grad: Array,
    by_psi: Array,
    by_angles: Array,
) -> None:
    r"""Takes a gradient back through circuits, and undoes the circuits on the states as it goes.

    Arguments:
        angles: The angles in radians, with shape :math:`(S, L, A, n)`.
        axes: The axes, as in :func:`evolve`.
        signs: The diagonal of the entangler, with shape :math:`(2^n)`.
        psi: The states at the end, with shape :math:`(S, C, 2^n)`.
        grad: The gradient at the end, with the same shape.
        by_psi: Where the gradient at the beginning goes, with the same shape.
        by_angles: Where the gradient by the angles goes, with their shape.
    """
    size, total, dimension = psi.shape
    step = _columns(dimension, total, signs.itemsize)
    for s in range(size):
        q = quaternions(angles[s], axes)
        bloch = np.zeros((q.shape[0], q.shape[1], 3))
        for first in range(0, total, step):
            columns = min(step, total - first)
            xr, xi = _load(psi[s], first, columns)
            gr, gi = _load(grad[s], first, columns)
            for layer in range(len(q) - 1, -1, -1):
                _undo_layer(xr, xi, gr, gi, q[layer], signs, columns, bloch[layer])
            _store(by_psi[s], gr, gi, first, columns)
        _angle_gradients(bloch, angles[s], axes, by_angles[s])
