"""The measurement of ancillas: an outcome is selected and its branch normalised."""

import numpy as np

from latentq.engine.native.compiling import Array, compiled


@compiled
def select(
    branches: Array, uniforms: Array, rows: Array, psi: Array, p: Array, floor: float
) -> None:
    r"""Takes one outcome for each state by inverting its cumulative distribution.

    Arguments:
        branches: Reals of unnormalised branches, with shape :math:`(N, M, 2 d)`.
        uniforms: Numbers in :math:`[0, 1)`, with shape :math:`(N)`.
        rows: Where the outcomes go, with shape :math:`(N)`.
        psi: Where the reals of unit states go, with shape :math:`(N, 2 d)`.
        p: Where their probabilities go, with shape :math:`(N)`.
        floor: The least probability.
    """
    size, outcomes, _ = branches.shape
    weights = np.empty(outcomes, p.dtype)
    for i in range(size):
        total = p.dtype.type(0)
        for m in range(outcomes):
            x, weights[m] = branches[i, m], 0
            for k in range(len(x)):
                weights[m] += x[k] * x[k]
            total += weights[m]
        m, below = 0, weights[0]
        while m < outcomes - 1 and below <= uniforms[i] * total:
            m += 1
            below += weights[m]
        rows[i], p[i] = m, max(weights[m], p.dtype.type(floor))
        x, y, inverse = branches[i, m], psi[i], 1 / np.sqrt(p[i])
        for k in range(len(x)):
            y[k] = x[k] * inverse


@compiled
def pull_select(
    psi: Array, p: Array, grad_psi: Array, grad_p: Array, rows: Array, result: Array
) -> None:
    r"""Takes a gradient back through :func:`select`.

    Arguments:
        psi: The reals of the unit states, with shape :math:`(N, 2 d)`.
        p: Their probabilities, with shape :math:`(N)`.
        grad_psi: The gradient by the unit states, with their shape.
        grad_p: The gradient by the probabilities, with shape :math:`(N)`.
        rows: The outcomes that were selected, with shape :math:`(N)`.
        result: Where the gradient by the branches is put into zeros, with shape
            :math:`(N, M, 2 d)`.
    """
    for i in range(len(psi)):
        x, g, y, along = psi[i], grad_psi[i], result[i, rows[i]], p.dtype.type(0)
        for k in range(len(x)):
            along += x[k] * g[k]
        root = np.sqrt(p[i])
        inverse = 1 / root
        factor = 2 * grad_p[i] * root - along * inverse
        for k in range(len(x)):
            y[k] = g[k] * inverse + x[k] * factor
