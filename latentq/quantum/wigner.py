r"""The discrete Wigner function of qubits, by tensor products of Stratonovich-Weyl kernels.

A qubit has four cells :math:`(q, p)`, whose kernels are the Stratonovich-Weyl kernel at the four
corners of a tetrahedron,

.. math:: A_{qp} = \tfrac{1}{2} ( 1 + (-1)^q Z + (-1)^p X + s \, (-1)^{q + p} Y ), \qquad
    W_{qp} = 2^{-n} \, \mathrm{Tr} ( \rho \, A_{q_1 p_1} \otimes \dots \otimes A_{q_n p_n} ).

There are two tetrahedra, :math:`s = \pm 1`. The sum over :math:`p` is the distribution of Z
outcomes for either, that over :math:`q` the one of X outcomes. Which cells are negative depends on
:math:`s`: a Bell state has a quarter of them below zero if its qubits have the same sign, and none
if they have opposite ones. Negative cells of qubits are therefore no measure of what is quantum.

References:
    Wootters (1987), Ann. Phys. 176, 1; Gibbons, Hoffman and Wootters (2004), Phys. Rev. A 70,
    062101; Stratonovich-Weyl kernels of qubits: Tilma et al. (2016), Phys. Rev. Lett. 117, 180401.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from latentq.quantum.states import check_states, count_qubits

ROUNDING = 1e-6  # Cells nearer to zero than this, in units of a cell's mean, are not negative.


def kernels(sign: int, like: Tensor) -> Tensor:
    """Returns the kernels of the four cells of a qubit, with shape (2, 2, 2, 2): q, p, then A.

    Arguments:
        sign: The orientation of the tetrahedron, 1 or -1.
        like: A complex tensor with the type and device to have.

    Raises:
        ValueError: If the sign is another number.
    """
    if sign not in (1, -1):
        raise ValueError(f"signs: must be 1 or -1, was {sign}")

    pauli = [[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]]
    x, y, z = torch.tensor(pauli, dtype=like.dtype, device=like.device)
    one = torch.eye(2, dtype=like.dtype, device=like.device)
    rows = [
        [(one + (-1) ** q * z + (-1) ** p * x + sign * (-1) ** (q + p) * y) / 2 for p in (0, 1)]
        for q in (0, 1)
    ]
    return torch.stack([torch.stack(row) for row in rows])


def wigner(psi: Tensor, signs: Sequence[int] | None = None) -> Tensor:
    r"""Returns the discrete Wigner function of pure states.

    Arguments:
        psi: Unit statevectors, with shape :math:`(*, 2^n)`.
        signs: The orientation of the kernels of each qubit, 1 or -1; all 1 if `None`.

    Returns:
        The function :math:`W_{qp}`, which sums to one, with shape :math:`(*, 2^n, 2^n)`; the bits
        of the indices are those of the qubits, qubit 0 first.

    Raises:
        ValueError: If a state is not of unit norm, or there is not a sign for each qubit.
    """
    qubits = count_qubits(check_states(psi).shape[-1])
    chosen = [1] * qubits if signs is None else list(signs)
    if len(chosen) != qubits:
        raise ValueError(f"signs: must be {qubits}, one for each qubit, were {len(chosen)}")
    states = psi.reshape(-1, psi.shape[-1])
    rho = torch.einsum("bi,bj->bij", states, states.conj())
    rho = rho.reshape(-1, *[2] * (2 * qubits))
    for done, sign in enumerate(chosen):
        # The first row and column index left are this qubit's; its cells go to the back.
        rho = torch.tensordot(rho, kernels(sign, psi), ([1, 1 + qubits - done], [3, 2]))
    order = [0, *range(1, 2 * qubits, 2), *range(2, 2 * qubits + 1, 2)]
    size = 2**qubits
    return rho.real.permute(order).reshape(*psi.shape[:-1], size, size) / size


def negative_cells(values: Tensor) -> Tensor:
    r"""Returns the share of cells in which a Wigner function is negative, with shape :math:`(*)`.

    Arguments:
        values: The function, with shape :math:`(*, 2^n, 2^n)`.
    """
    return (values < -ROUNDING / values.shape[-1] ** 2).to(values.dtype).mean(dim=(-2, -1))


def negativity(values: Tensor) -> Tensor:
    r"""Returns the sum of what is negative in a Wigner function, :math:`\sum \max(0, -W)`.

    Arguments:
        values: The function, with shape :math:`(*, 2^n, 2^n)`.

    Returns:
        The negativity, with shape :math:`(*)`; 0 for a function without negative cells.
    """
    return values.clamp_max(0).sum(dim=(-2, -1)).neg()
