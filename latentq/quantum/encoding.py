r"""Real features to unit statevectors and back, with the global phase taken care of.

The encoder network gives :math:`2 d` reals :math:`(a, b)`. They become the amplitudes

.. math:: \psi = \frac{a + i b}{\| a + i b \|}

of :math:`n = \log_2 d` qubits. A global phase :math:`e^{i \theta} \psi` is unphysical, and a
measurement of ancillas leaves an arbitrary one. A decoder therefore sees
:math:`\rho = | \psi \rangle \langle \psi |` instead, in which the phase cancels.
"""

import math

import torch
from torch import Tensor

from latentq.quantum.states import mean_state, normalize


def amplitude_encode(features: Tensor) -> Tensor:
    r"""Returns the unit statevectors :math:`\psi` of real features.

    Arguments:
        features: Reals :math:`(a, b)`, with shape :math:`(*, 2 d)`.

    Returns:
        Statevectors, with shape :math:`(*, d)`, complex64 or complex128.

    Raises:
        NumericalError: If a feature vector is zero or not finite.
        ValueError: If their length is odd.
    """
    if features.shape[-1] % 2:
        raise ValueError(f"features: must be of even length, was {features.shape[-1]}")

    return normalize(torch.complex(*features.chunk(2, dim=-1)))


def density_coordinates(psi: Tensor) -> Tensor:
    r"""Returns the :math:`d^2` real coordinates of :math:`\rho = | \psi \rangle \langle \psi |`.

    They are the diagonal of :math:`\rho` and :math:`\sqrt{2}` times the real and imaginary parts
    above it. Their inner product is the fidelity, :math:`\langle x(\phi), x(\psi) \rangle = F`,
    and a global phase of :math:`\psi` leaves them unchanged.

    Arguments:
        psi: Unit statevectors, with shape :math:`(*, d)`.

    Returns:
        Real features, with shape :math:`(*, d^2)` and unit norm.
    """
    row, column = torch.triu_indices(psi.shape[-1], psi.shape[-1], offset=1, device=psi.device)
    above = math.sqrt(2) * psi[..., row] * psi[..., column].conj()
    diagonal = psi.real.square() + psi.imag.square()
    return torch.cat((diagonal, above.real, above.imag), dim=-1)


def matrix_features(rho: Tensor) -> Tensor:
    r"""Returns the density coordinates of matrices, see :func:`density_coordinates`.

    They are linear in :math:`\rho`, which may be an estimate with negative eigenvalues.

    Arguments:
        rho: Hermitian matrices, with shape :math:`(*, d, d)`.

    Returns:
        Real features, with shape :math:`(*, d^2)`.
    """
    row, column = torch.triu_indices(rho.shape[-1], rho.shape[-1], offset=1, device=rho.device)
    above = math.sqrt(2) * rho[..., row, column]
    return torch.cat((rho.diagonal(dim1=-2, dim2=-1).real, above.real, above.imag), dim=-1)


def phase_reference(psi: Tensor) -> Tensor:
    """Returns the vector that fixes the phases of states: the top eigenvector of their mean state.

    Arguments:
        psi: Unit statevectors, with shape :math:`(N, d)`.

    Returns:
        A statevector, with shape :math:`(d)`.
    """
    return torch.linalg.eigh(mean_state(psi)).eigenvectors[:, -1]


def to_reals(psi: Tensor, reference: Tensor) -> Tensor:
    r"""Returns the reals of states whose overlap with a reference is made positive.

    .. math:: e^{- i \arg \langle r | \psi \rangle} \psi = a + i b \to (a, b)

    Arguments:
        psi: Unit statevectors, with shape :math:`(*, d)`.
        reference: The reference :math:`r`, with shape :math:`(d)`.

    Returns:
        Real coordinates, with shape :math:`(*, 2 d)`, which a global phase leaves unchanged;
        :func:`amplitude_encode` turns them back into states.
    """
    phase = torch.angle(psi @ reference.conj())
    fixed = psi * torch.polar(torch.ones_like(phase), -phase)[..., None]
    return torch.cat((fixed.real, fixed.imag), dim=-1)
