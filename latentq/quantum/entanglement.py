r"""What the parts of a pure state know of each other: reduced states, entropies, information.

A part is given by its qubits :math:`A`; qubit 0 is the most significant bit of the index of an
amplitude. Entropies and information are in bits.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from latentq.quantum.states import check_states, count_qubits


def partial_trace(psi: Tensor, keep: Sequence[int]) -> Tensor:
    r"""Returns the reduced density matrix of some qubits of a pure state.

    .. math:: \rho_A = \mathrm{Tr}_{\bar{A}} \, | \psi \rangle \langle \psi |

    Arguments:
        psi: Unit statevectors, with shape :math:`(*, 2^n)`.
        keep: The qubits :math:`A`, in the order that the result shall have.

    Returns:
        Density matrices, with shape :math:`(*, 2^{|A|}, 2^{|A|})`.

    Raises:
        ValueError: If a qubit is out of range or named twice.
    """
    matrix = _bipartite(psi, keep)
    return matrix @ matrix.mH


def _bipartite(psi: Tensor, keep: Sequence[int]) -> Tensor:
    r"""Returns the amplitudes as a matrix, with shape :math:`(*, 2^{|A|}, 2^{n - |A|})`."""
    qubits = count_qubits(psi.shape[-1])
    if len(set(keep)) != len(keep) or not all(0 <= q < qubits for q in keep):
        raise ValueError(f"keep: must be distinct qubits of 0..{qubits - 1}, was {list(keep)}")

    batch = psi.shape[:-1]
    rest = [q for q in range(qubits) if q not in keep]
    order = [*range(len(batch)), *(len(batch) + q for q in (*keep, *rest))]
    matrix = psi.reshape(*batch, *[2] * qubits).permute(order)
    return matrix.reshape(*batch, 2 ** len(keep), 2 ** len(rest))


def schmidt_spectrum(psi: Tensor, keep: Sequence[int]) -> Tensor:
    r"""Returns the squared Schmidt coefficients of a cut, largest first.

    .. math:: | \psi \rangle = \sum_k \sqrt{\lambda_k} \, | a_k \rangle | b_k \rangle

    Arguments:
        psi: Unit statevectors, with shape :math:`(*, 2^n)`.
        keep: The qubits of one side.

    Returns:
        The :math:`\lambda_k`, which sum to one, with shape :math:`(*, 2^{\min(|A|, n - |A|)})`.

    Raises:
        ValueError: If a qubit is out of range or named twice.
    """
    return torch.linalg.svdvals(_bipartite(psi, keep)).square()


def mutual_information(psi: Tensor) -> Tensor:
    r"""Returns the quantum mutual information, in bits, of all pairs of qubits.

    .. math:: I_{ij} = S_i + S_j - S_{ij}

    It is 2 for two qubits in a Bell state, 1 for two of a GHZ state, and 0 for a product.

    Arguments:
        psi: Unit statevectors of at least two qubits, with shape :math:`(*, 2^n)`.

    Returns:
        A symmetric matrix with zeros on its diagonal, with shape :math:`(*, n, n)`.

    Raises:
        ValueError: If there is only one qubit, or a state is not of unit norm.
    """
    qubits = count_qubits(check_states(psi).shape[-1])
    if qubits < 2:
        raise ValueError(f"psi: must be of at least two qubits, was of {qubits}")
    single = [entanglement_entropy(psi, [q]) for q in range(qubits)]
    result = psi.real.new_zeros(*psi.shape[:-1], qubits, qubits)
    for i in range(qubits):
        for j in range(i + 1, qubits):
            shared = single[i] + single[j] - entanglement_entropy(psi, [i, j])
            # Rounding alone makes it negative.
            result[..., i, j] = result[..., j, i] = shared.clamp_min(0)
    return result


def bloch_vectors(psi: Tensor) -> Tensor:
    r"""Returns the expectations of X, Y and Z on every qubit.

    Arguments:
        psi: Unit statevectors, with shape :math:`(*, 2^n)`.

    Returns:
        The vectors :math:`(\langle X \rangle, \langle Y \rangle, \langle Z \rangle)`, with shape
        :math:`(*, n, 3)`.
    """
    vectors = []
    for qubit in range(count_qubits(psi.shape[-1])):
        low, high = psi.unflatten(-1, (2**qubit, 2, -1)).unbind(dim=-2)
        coherence = 2 * (low.conj() * high).sum(dim=(-2, -1))
        z = (low.abs().square() - high.abs().square()).sum(dim=(-2, -1))
        vectors.append(torch.stack((coherence.real, coherence.imag, z), dim=-1))
    return torch.stack(vectors, dim=-2)


def purity(psi: Tensor, keep: Sequence[int]) -> Tensor:
    r"""Returns the purity of the reduced state of some qubits.

    .. math:: \gamma = \mathrm{Tr} \, \rho_A^2

    It is 1 if the qubits are unentangled with the rest and :math:`2^{-|A|}` at the other extreme.

    Arguments:
        psi: Unit statevectors, with shape :math:`(*, 2^n)`.
        keep: The qubits :math:`A`.

    Returns:
        The purity, with shape :math:`(*)`.
    """
    return partial_trace(psi, keep).abs().square().sum(dim=(-2, -1))


def entanglement_entropy(psi: Tensor, keep: Sequence[int]) -> Tensor:
    r"""Returns the von Neumann entropy, in bits, of the reduced state of some qubits.

    .. math:: S = - \mathrm{Tr} \, \rho_A \log_2 \rho_A

    Arguments:
        psi: Unit statevectors, with shape :math:`(*, 2^n)`.
        keep: The qubits :math:`A`.

    Returns:
        The entropy in bits, with shape :math:`(*)`.
    """
    # The eigenvalues of a density matrix near a product state may fail to converge; these do not.
    spectrum = schmidt_spectrum(psi, keep)
    # Where a coefficient is zero, x log x has no value.
    spectrum = spectrum.clamp_min(torch.finfo(spectrum.dtype).tiny)
    return -(spectrum * spectrum.log2()).sum(dim=-1)


def page_entropy(qubits: int, keep: int) -> float:
    r"""Returns the mean entanglement entropy, in bits, of a Haar state.

    .. math:: S(m, n) = \frac{1}{\ln 2} \left( \sum_{k = n + 1}^{m n} \frac{1}{k}
        - \frac{m - 1}{2 n} \right), \quad m \leq n

    Arguments:
        qubits: The number of qubits of the whole.
        keep: The number of qubits of one part.

    References:
        Average entropy of a subsystem (Page, 1993), proved by Foong and Kanno (1994).
    """
    m, n = sorted((2**keep, 2 ** (qubits - keep)))
    nats = math.fsum(1 / k for k in range(n + 1, m * n + 1)) - (m - 1) / (2 * n)
    return nats / math.log(2)
