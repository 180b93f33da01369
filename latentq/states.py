r"""Pure states of a few qubits: Haar states, overlaps, reduced states and entropies.

A state of :math:`n` qubits is a complex vector :math:`\psi \in \mathbb{C}^d, d = 2^n` of unit
norm, stored with shape :math:`(*, d)`. Qubit 0 is the most significant bit of the index.
Fidelities are squared, entropies are in bits.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor


def count_qubits(dimension: int) -> int:
    """Returns the number of qubits of a space.

    Raises:
        ValueError: If the dimension is not a power of two.
    """
    if dimension < 1 or dimension & (dimension - 1):
        raise ValueError(f"dimension: must be a power of two, was {dimension}")

    return dimension.bit_length() - 1


def normalize(psi: Tensor) -> Tensor:
    r"""Returns the states :math:`\psi / \|\psi\|`, with shape :math:`(*, d)`.

    Arguments:
        psi: Vectors, with shape :math:`(*, d)`.

    Raises:
        ValueError: If a vector is zero or not finite, as it has no direction.
    """
    norm = torch.linalg.vector_norm(psi, dim=-1, keepdim=True)
    if not bool(((norm > 0) & torch.isfinite(norm)).all()):
        raise ValueError("psi: must be finite and not zero, had a vector without direction")

    return psi / norm


def haar_states(
    *shape: int,
    qubits: int,
    generator: torch.Generator,
    dtype: torch.dtype = torch.complex64,
) -> Tensor:
    r"""Draws states from the Haar measure, with shape :math:`(*, 2^n)`.

    A vector of independent complex normal numbers has a unitarily invariant direction.

    Arguments:
        shape: The batch shape.
        qubits: The number of qubits :math:`n`.
        generator: The source of randomness; its device is the device of the states.
        dtype: The complex type.
    """
    gauss = torch.randn(
        *shape, 2**qubits, dtype=dtype, device=generator.device, generator=generator
    )
    return normalize(gauss)


def perturb(psi: Tensor, noise: float, generator: torch.Generator) -> Tensor:
    r"""Adds isotropic noise to states, :math:`\psi \to (\psi + \sigma \chi) / \| \cdot \|`.

    :math:`\chi` has independent complex normal entries and :math:`\mathbb{E} \| \chi \|^2 = 1`,
    so that the fidelity of the result with :math:`\psi` is near :math:`1 / (1 + \sigma^2)`.

    Arguments:
        psi: Unit statevectors, with shape :math:`(*, d)`.
        noise: The strength :math:`\sigma`; 0 leaves the states as they are.
        generator: The source of randomness.
    """
    if not noise:
        return psi

    chi = torch.randn(psi.shape, dtype=psi.dtype, device=psi.device, generator=generator)
    return normalize(psi + noise / math.sqrt(psi.shape[-1]) * chi)


def fidelity(phi: Tensor, psi: Tensor) -> Tensor:
    r"""Returns the squared overlap :math:`F = |\langle \phi | \psi \rangle|^2`.

    Arguments:
        phi: Unit statevectors, with shape :math:`(*, d)`.
        psi: Unit statevectors, with a shape that broadcasts with it.

    Returns:
        The fidelity, with shape :math:`(*)`, in :math:`[0, 1]`.
    """
    overlap = (phi.conj() * psi).sum(dim=-1)
    return overlap.real.square() + overlap.imag.square()


def gram_fidelities(phi: Tensor, psi: Tensor) -> Tensor:
    r"""Returns all fidelities :math:`F_{ij} = |\langle \phi_i | \psi_j \rangle|^2`.

    Arguments:
        phi: Unit statevectors, with shape :math:`(N, d)`.
        psi: Unit statevectors, with shape :math:`(M, d)`.

    Returns:
        The matrix of fidelities, with shape :math:`(N, M)`.
    """
    overlap = phi.conj() @ psi.mT
    return overlap.real.square() + overlap.imag.square()


def mean_state(psi: Tensor, weights: Tensor | None = None) -> Tensor:
    r"""Returns the density matrix of an ensemble of pure states.

    .. math:: \rho = \sum_i w_i | \psi_i \rangle \langle \psi_i |

    Arguments:
        psi: Unit statevectors, with shape :math:`(N, d)`.
        weights: Probabilities :math:`w_i`, with shape :math:`(N)`; uniform if `None`.

    Returns:
        The density matrix, with shape :math:`(d, d)`.
    """
    weighted = psi / len(psi) if weights is None else psi * weights[:, None]
    return weighted.mT @ psi.conj()


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
    qubits = count_qubits(psi.shape[-1])
    if len(set(keep)) != len(keep) or not all(0 <= q < qubits for q in keep):
        raise ValueError(f"keep: must be distinct qubits of 0..{qubits - 1}, was {list(keep)}")

    batch = psi.shape[:-1]
    rest = [q for q in range(qubits) if q not in keep]
    order = [*range(len(batch)), *(len(batch) + q for q in (*keep, *rest))]
    matrix = psi.reshape(*batch, *[2] * qubits).permute(order)
    matrix = matrix.reshape(*batch, 2 ** len(keep), 2 ** len(rest))
    return matrix @ matrix.mH


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
    spectrum = torch.linalg.eigvalsh(partial_trace(psi, keep))
    # Rounding leaves eigenvalues slightly below zero, where x log x has no real value.
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
