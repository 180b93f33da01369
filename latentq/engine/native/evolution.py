r"""Circuits of rotations and signs on batches of states, and their gradient.

:data:`LANES` states are worked on at a time and taken through all layers. Each amplitude is then
a row of numbers: the real parts of these states, and their imaginary parts. A gate combines two
rows, whose length is known when the loops are compiled, as the vector registers like.

Backwards, states and gradients are taken back through the layers together, as these are unitary.
Before a layer, the derivative by the angle of its first rotation is
:math:`b_P = \frac{1}{2} \mathrm{Im} \, \langle g | P | x \rangle`; each rotation that has acted
turns :math:`b` as it turns a Bloch vector.
"""

import numpy as np

from latentq.engine.native.compiling import Array, compiled, compiled_in_order

LANES = 16


@compiled_in_order
def _turned(
    pr: float, pi: float, qr: float, qi: float, w: float, x: float, y: float, z: float
) -> tuple[float, float, float, float]:
    """Applies the matrix w - i (x X + y Y + z Z) to two amplitudes p and q."""
    zero = w - w  # Added, it has a product rounded on its own: the bits are those of old samples.
    return (
        w * pr + zero + z * pi - y * qr + x * qi,
        -x * qr - y * qi - z * pr + w * pi,
        y * pr + zero + x * pi + w * qr - z * qi,
        -x * pr + y * pi + z * qr + w * qi,
    )


@compiled
def _rotate(p: Array, q: Array, w: float, x: float, y: float, z: float) -> None:
    """Applies a rotation to two rows."""
    for k in range(LANES):
        turned = _turned(p[k], p[LANES + k], q[k], q[LANES + k], w, x, y, z)
        p[k], p[LANES + k], q[k], q[LANES + k] = turned


@compiled
def _rotate_each(p: Array, q: Array, r: Array) -> None:
    """Applies to two rows a rotation for each lane, with the quaternions r, shape (4, LANES)."""
    for k in range(LANES):
        w, x, y, z = r[0, k], r[1, k], r[2, k], r[3, k]
        turned = _turned(p[k], p[LANES + k], q[k], q[LANES + k], w, x, y, z)
        p[k], p[LANES + k], q[k], q[LANES + k] = turned


@compiled
def _undo(p: Array, q: Array, g: Array, h: Array, r: Array, sums: Array) -> None:
    """Takes a rotation back on states p, q and gradients g, h, and adds up their overlaps.

    They are Im <g|X|p>, Im <g|Y|p> and Im <g|Z|p> before the rotation, those of each lane apart.
    """
    w, x, y, z = r[0], -r[1], -r[2], -r[3]
    for k in range(LANES):
        x0, y0, x1, y1 = _turned(p[k], p[LANES + k], q[k], q[LANES + k], w, x, y, z)
        p[k], p[LANES + k], q[k], q[LANES + k] = x0, y0, x1, y1
        g0, h0, g1, h1 = _turned(g[k], g[LANES + k], h[k], h[LANES + k], w, x, y, z)
        g[k], g[LANES + k], h[k], h[LANES + k] = g0, h0, g1, h1
        sums[0, k] += g0 * y1 - h0 * x1 + g1 * y0 - h1 * x0
        sums[1, k] += g1 * x0 + h1 * y0 - g0 * x1 - h0 * y1
        sums[2, k] += g0 * y0 - h0 * x0 - g1 * y1 + h1 * x1


@compiled
def _flip(rows: Array, signs: Array) -> None:
    """Turns the sign of rows."""
    for d in range(len(signs)):
        if signs[d] < 0:
            row = rows[d]
            for k in range(2 * LANES):
                row[k] = -row[k]


@compiled
def _load(psi: Array, first: int, rows: Array) -> None:
    """Takes some states into rows, one for each amplitude; lanes without a state are zero."""
    rows[:] = 0
    for k in range(min(LANES, len(psi) - first)):
        for d in range(psi.shape[1]):
            rows[d, k] = psi[first + k, d].real
            rows[d, LANES + k] = psi[first + k, d].imag


@compiled
def _store(psi: Array, rows: Array, first: int) -> None:
    for k in range(min(LANES, len(psi) - first)):
        for d in range(psi.shape[1]):
            psi[first + k, d] = complex(rows[d, k], rows[d, LANES + k])


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
def _put(q: Array, own: Array, k: int) -> None:
    """Writes quaternions into a lane; numba takes seconds to compile `q[..., k] = own`."""
    for layer in range(own.shape[0]):
        for qubit in range(own.shape[1]):
            for part in range(4):
                q[layer, qubit, part, k] = own[layer, qubit, part]


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
    rows = np.empty((dimension, 2 * LANES), signs.dtype)
    for s in range(size):
        q = quaternions(angles[s], axes)
        for first in range(0, total, LANES):
            _load(psi[s], first, rows)
            for layer in range(q.shape[0]):
                for qubit in range(q.shape[1]):
                    w, x, y, z = q[layer, qubit]
                    step = dimension >> (qubit + 1)
                    for start in range(0, dimension, 2 * step):
                        for d in range(start, start + step):
                            _rotate(rows[d], rows[d + step], w, x, y, z)
                _flip(rows, signs)
            _store(result[s], rows, first)


@compiled
def _turn_phases(rows: Array, shared: Array, diagonal: Array) -> None:
    r"""Multiplies rows by :math:`e^{-i g Z / 2}`, with an angle g for each state."""
    cos, sin = np.empty((2, len(rows), LANES))
    for d in range(len(rows)):
        same = 0
        while diagonal[same] != diagonal[d]:
            same += 1
        row = rows[d]
        for k in range(min(LANES, len(shared))):
            if same == d:
                phase = -0.5 * shared[k] * diagonal[d]
                cos[d, k], sin[d, k] = np.cos(phase), np.sin(phase)
            re, im, c, s = row[k], row[LANES + k], cos[same, k], sin[same, k]
            row[k], row[LANES + k] = c * re - s * im, c * im + s * re


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
    rows = np.empty((dimension, 2 * LANES), diagonal.dtype)
    q = np.zeros((angles.shape[1], angles.shape[3], 4, LANES), angles.dtype)
    for first in range(0, len(psi), LANES):
        _load(psi, first, rows)
        for k in range(min(LANES, len(psi) - first)):
            _put(q, quaternions(angles[first + k], axes), k)
        for layer in range(q.shape[0]):
            for qubit in range(q.shape[1]):
                step = dimension >> (qubit + 1)
                for start in range(0, dimension, 2 * step):
                    for d in range(start, start + step):
                        _rotate_each(rows[d], rows[d + step], q[layer, qubit])
            if shared.size:
                _turn_phases(rows, shared[first:, layer], diagonal)
            else:
                _flip(rows, diagonal)
        _store(result, rows, first)


@compiled
def _undo_layer(states: Array, grads: Array, q: Array, signs: Array, bloch: Array) -> None:
    """Takes states and gradients back through a layer, and adds up the overlaps before it."""
    sums = np.empty((3, LANES), signs.dtype)
    _flip(states, signs)
    _flip(grads, signs)
    for qubit in range(len(q)):
        step = len(signs) >> (qubit + 1)
        sums[:] = 0
        for start in range(0, len(signs), 2 * step):
            for d in range(start, start + step):
                _undo(states[d], states[d + step], grads[d], grads[d + step], q[qubit], sums)
        for p in range(3):
            bloch[qubit, p] += sums[p].sum()


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
    states = np.empty((dimension, 2 * LANES), signs.dtype)
    grads = np.empty_like(states)
    for s in range(size):
        q = quaternions(angles[s], axes)
        bloch = np.zeros((q.shape[0], q.shape[1], 3))
        for first in range(0, total, LANES):
            _load(psi[s], first, states)
            _load(grad[s], first, grads)
            for layer in range(len(q) - 1, -1, -1):
                _undo_layer(states, grads, q[layer], signs, bloch[layer])
            _store(by_psi[s], grads, first)
        _angle_gradients(bloch, angles[s], axes, by_angles[s])
