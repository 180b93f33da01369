r"""The MMD between ensembles of mixed states, by the kernel of the pure ones.

For pure states the fidelity is :math:`\mathrm{Tr} \, \rho \sigma`, an inner product of density
matrices. Its powers are kernels for all of them,

.. math:: k(\rho, \sigma) = \frac{1}{5} \sum_{j=0}^{4} (\mathrm{Tr} \, \rho \sigma)^{2^j},

so that :func:`mixed_mmdk` is :func:`latentq.diffusion.losses.mmd.mmdk` wherever all states are
pure: one formula measures both. Its lowest rung is
:math:`\| \bar\rho - \bar\sigma \|_{HS}^2` of the mean states.

References:
    Powers of the kernel: arXiv 2601.22005.
"""

import math

import torch
from torch import Tensor

from latentq.diffusion.losses.kernels import RUNGS

ROWS = 500  # The states whose overlaps with all others are held at a time.


def mixed_features(vectors: Tensor) -> Tensor:
    r"""Returns the :math:`d^2` real coordinates of mixed states.

    Their inner product is :math:`\mathrm{Tr} \, \rho \sigma`. They are the sum over
    :math:`k` of :func:`latentq.quantum.encoding.density_coordinates`, by way of the matrix
    :math:`\rho`.

    Arguments:
        vectors: The vectors :math:`\phi_k` of
            :math:`\rho = \sum_k | \phi_k \rangle \langle \phi_k |`, with shape :math:`(N, K, d)`.

    Returns:
        The coordinates, with shape :math:`(N, d^2)`.
    """
    rho = vectors.mT @ vectors.conj()
    size = vectors.shape[-1]
    row, column = torch.triu_indices(size, size, offset=1, device=rho.device)
    above = math.sqrt(2) * rho[:, row, column]
    diagonal = rho.diagonal(dim1=1, dim2=2).real
    return torch.cat((diagonal, above.real, above.imag), dim=1)


def _mean_kernel(x: Tensor, y: Tensor) -> float:
    """Returns the mean over all pairs of the ladder of powers of their inner product."""
    total = 0.0
    for rows in x.split(ROWS):
        power = rows @ y.mT
        for _ in range(RUNGS):
            total += power.sum(dtype=torch.float64).item()
            power = power.square()
    return total / (RUNGS * len(x) * len(y))


def mixed_mmdk(phi: Tensor, psi: Tensor) -> float:
    r"""Returns the MMD with the ladder of powers of :math:`\mathrm{Tr} \, \rho \sigma`.

    Arguments:
        phi: The vectors of equally weighted mixed states, with shape :math:`(N, K, d)`.
        psi: Those of the others, with shape :math:`(M, L, d)`.
    """
    x, y = mixed_features(phi), mixed_features(psi)
    return _mean_kernel(x, x) + _mean_kernel(y, y) - 2 * _mean_kernel(x, y)
