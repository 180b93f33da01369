r"""How well a unitary undoes another: on given states, on all of them, and qubit by qubit.

Over Haar states the fidelity of a state with what :math:`W` makes of it has a closed form,

.. math:: \mathbb{E}_\psi \, |\langle \psi | W | \psi \rangle|^2
    = \frac{d + |\mathrm{Tr} \, W|^2}{d (d + 1)} .

References:
    A simple formula for the average gate fidelity of a quantum dynamical operation (Nielsen,
    2002), Phys. Lett. A 303, 249.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from latentq.quantum.entanglement import bloch_vectors


def expected_fidelity(trace: Tensor, dimension: int) -> Tensor:
    r"""Returns :math:`(d + |\mathrm{Tr} \, W|^2) / (d (d + 1))`, the mean over Haar states."""
    squared = trace.real.square() + trace.imag.square()
    return (dimension + squared) / (dimension * (dimension + 1))


def local_fidelity(phi: Tensor, psi: Tensor) -> Tensor:
    r"""Returns the mean over qubits of the fidelity of single-qubit marginals.

    With their Bloch vectors :math:`r` and :math:`s`,

    .. math:: F = \tfrac{1}{2} \left( 1 + r \cdot s
        + \sqrt{(1 - |r|^2) (1 - |s|^2)} \right) .

    Arguments:
        phi: Unit statevectors of two qubits or more, with shape :math:`(*, d)`.
        psi: Unit statevectors with the same shape.

    References:
        Fidelity for mixed quantum states (Jozsa, 1994), J. Mod. Opt. 41, 2315.
    """
    r, s = bloch_vectors(phi), bloch_vectors(psi)
    mixed = (1 - r.square().sum(dim=-1)) * (1 - s.square().sum(dim=-1))
    # A root has no derivative at zero, where pure states are.
    root = mixed.clamp_min(torch.finfo(mixed.dtype).eps ** 2).sqrt()
    return 0.5 * (1 + (r * s).sum(dim=-1) + root).mean(dim=-1)


def parameter_shift(cost: Callable[[Tensor], Tensor], angles: Tensor) -> Tensor:
    r"""Returns the gradient of a cost by the parameter-shift rule.

    .. math:: \partial_j C = \tfrac{1}{2} \left(
        C(\theta + \tfrac{\pi}{2} e_j) - C(\theta - \tfrac{\pi}{2} e_j) \right)

    Arguments:
        cost: Takes angles of shape :math:`(K, P)` to costs of shape :math:`(K)`, each an
            expectation value and hence sinusoidal in every angle.
        angles: The angles in radians, with shape :math:`(P)`.
    """
    shifts = 0.5 * math.pi * torch.eye(len(angles), dtype=angles.dtype)
    up, down = cost(torch.cat((angles + shifts, angles - shifts))).chunk(2)
    return 0.5 * (up - down)
