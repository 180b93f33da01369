r"""From the sums :math:`\sigma = X H^T` of a backward pass to the derivatives by the angles.

For states :math:`X` and the conjugate :math:`H` of their gradient, a rotation about :math:`P`
changes the loss by :math:`b_P = \frac{1}{2} \mathrm{Im} \, \mathrm{Tr} (P \sigma)` per radian.
"""

import torch
from torch import Tensor

from latentq.engine.circuits import Circuit
from latentq.engine.fused.constants import constant
from latentq.engine.fused.gates import UNITS


@constant
def _flips(qubits: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Returns the places (i, i with bit q flipped) of a matrix, and the signs z_q(i): (n, 2^n)."""
    index = torch.arange(2**qubits, device=device)
    bit = 2 ** torch.arange(qubits - 1, -1, -1, device=device)[:, None]
    return index * 2**qubits + (index ^ bit), 1 - 2 * (index & bit).clamp_max(1)


def bloch_vectors(sigma: Tensor) -> Tensor:
    r"""Returns :math:`b_P = \frac{1}{2} \mathrm{Im} \, \mathrm{Tr} (P \sigma)` of all qubits.

    Arguments:
        sigma: The matrices :math:`\sigma` on some qubits, with shape :math:`(*, 2^n, 2^n)`.

    Returns:
        The vectors :math:`(b_X, b_Y, b_Z)`, with shape :math:`(*, n, 3)`.
    """
    places, z = _flips(sigma.shape[-1].bit_length() - 1, sigma.device)
    z = z.to(sigma.real)
    flipped = sigma.flatten(-2)[..., places]
    diagonal = sigma.diagonal(dim1=-2, dim2=-1).imag
    parts = (flipped.imag.sum(dim=-1), (flipped.real * z).sum(dim=-1), diagonal @ z.mT)
    return 0.5 * torch.stack(parts, dim=-1)


def angle_gradients(circuit: Circuit, angles: Tensor, bloch: Tensor) -> Tensor:
    r"""Returns the derivatives by the angles of all rotations.

    The angle of axis :math:`P` has the derivative :math:`b_P`, with :math:`b` turned by the
    rotations of the layer that act before it.

    Arguments:
        circuit: The circuit.
        angles: The angles of its rotations in radians, with shape :math:`(*, L, A, n)`.
        bloch: The vectors :math:`b` before each layer, with shape :math:`(*, L, n, 3)`.

    Returns:
        The derivatives, with shape :math:`(*, L, A, n)`.
    """
    b, gradients = [*bloch.unbind(dim=-1)], []
    cosines, sines = angles.cos().unbind(dim=-2), angles.sin().unbind(dim=-2)
    for axis, cos, sin in zip(circuit.axes, cosines, sines, strict=True):
        p = UNITS[axis] - 1
        q, r = (p + 1) % 3, (p + 2) % 3
        gradients.append(b[p])
        b[q], b[r] = cos * b[q] - sin * b[r], cos * b[r] + sin * b[q]

    return torch.stack(gradients, dim=-2)
