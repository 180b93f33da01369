"""The kernel of the MMD on pairs of states."""

import numpy as np

from latentq.engine.native.compiling import Array, compiled


@compiled
def ladder(
    real: Array, imag: Array, u: Array, v: Array, rows: Array, columns: Array, wanted: bool
) -> None:
    r"""Sums :math:`h(F) = F + F^2 + F^4 + F^8 + F^{16}` over a block of pairs of states.

    Arguments:
        real: The real parts of the overlaps, with shape :math:`(r, m)`; multiplied by
            :math:`h'(F)` in place if wanted.
        imag: The imaginary parts, alike.
        u: The weights of the rows, with shape :math:`(r)`.
        v: The weights of the columns, with shape :math:`(m)`.
        rows: Where :math:`\sum_j v_j h(F_{ij})` is added, with shape :math:`(r)`.
        columns: Where :math:`\sum_i u_i h(F_{ij})` is added, with shape :math:`(m)`.
        wanted: Whether the products with the derivative are wanted.
    """
    one, two, zero = v.dtype.type(1), v.dtype.type(2), v.dtype.type(0)
    # Powers that would be subnormal numbers become zero: those are very slow.
    tiny = v.dtype.type(np.finfo(v.dtype).tiny ** 0.25)
    for i in range(len(real)):
        x, y, weight, total = real[i], imag[i], u[i], zero
        for j in range(len(v)):
            f = x[j] * x[j] + y[j] * y[j]
            f2 = f * f
            f4 = f2 * f2
            f4 = f4 if f4 > tiny else zero
            f8 = f4 * f4
            value = f + f2 + f4 + f8 + f8 * f8
            total += v[j] * value
            columns[j] += weight * value
            if wanted:
                slope = one + two * f * (one + two * f2 * (one + two * f4 * (one + two * f8)))
                x[j] *= slope
                y[j] *= slope
        rows[i] += total
