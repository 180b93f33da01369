"""The measurement of ancillas: drawing an outcome, and the norm of branches with its gradient."""

import numpy as np

from latentq.native.compiling import Array, compiled


@compiled
def choose(branches: Array, uniforms: Array, rows: Array) -> None:
    r"""Takes one outcome for each state by inverting its cumulative distribution.

    Arguments:
        branches: Unnormalised branches, with shape :math:`(N, M, d)`.
        uniforms: Numbers in :math:`[0, 1)`, with shape :math:`(N)`.
        rows: Where :math:`i M + m_i` goes for the outcome :math:`m_i`, with shape :math:`(N)`.
    """
    size, outcomes, _ = branches.shape
    cumulative = np.empty(outcomes, uniforms.dtype)
    for i in range(size):
        total = uniforms.dtype.type(0)
        for m in range(outcomes):
            for amplitude in branches[i, m]:
                total += amplitude.real * amplitude.real + amplitude.imag * amplitude.imag
            cumulative[m] = total
        m = 0
        while m < outcomes - 1 and cumulative[m] <= uniforms[i] * total:
            m += 1
        rows[i] = i * outcomes + m


@compiled
def normalize(branches: Array, floor: float, psi: Array, p: Array) -> None:
    r"""Splits branches into unit states and probabilities.

    Arguments:
        branches: Reals of unnormalised branches, with shape :math:`(N, 2 d)`.
        floor: The least probability.
        psi: Where the reals of unit states go, with the same shape.
        p: Where the probabilities go, with shape :math:`(N)`.
    """
    for i in range(len(branches)):
        x, y, total = branches[i], psi[i], p.dtype.type(0)
        for k in range(len(x)):
            total += x[k] * x[k]
        p[i] = max(total, p.dtype.type(floor))
        inverse = 1 / np.sqrt(p[i])
        for k in range(len(x)):
            y[k] = x[k] * inverse


@compiled
def pull_norm(psi: Array, p: Array, grad_psi: Array, grad_p: Array, result: Array) -> None:
    r"""Takes a gradient back through :func:`normalize`.

    Arguments:
        psi: The reals of the unit states, with shape :math:`(N, 2 d)`.
        p: The probabilities, with shape :math:`(N)`.
        grad_psi: The gradient by the unit states, with their shape.
        grad_p: The gradient by the probabilities, with shape :math:`(N)`.
        result: Where the gradient by the branches goes, with shape :math:`(N, 2 d)`.
    """
    for i in range(len(psi)):
        x, g, y, along = psi[i], grad_psi[i], result[i], p.dtype.type(0)
        for k in range(len(x)):
            along += x[k] * g[k]
        root = np.sqrt(p[i])
        inverse = 1 / root
        factor = 2 * grad_p[i] * root - along * inverse
        for k in range(len(x)):
            y[k] = g[k] * inverse + x[k] * factor
