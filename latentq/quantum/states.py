r"""Pure states of a few qubits: Haar states, noise, overlaps and mean states.

A state of :math:`n` qubits is a complex vector :math:`\psi \in \mathbb{C}^d, d = 2^n` of unit
norm, stored with shape :math:`(*, d)`. Qubit 0 is the most significant bit of the index.
Fidelities are squared.
"""

import math

import torch
from torch import Tensor

from latentq.errors import InputError, NumericalError


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
        NumericalError: If a vector is zero or not finite, as it has no direction.
    """
    norm = torch.linalg.vector_norm(psi, dim=-1, keepdim=True)
    if not bool(((norm > 0) & torch.isfinite(norm)).all()):
        raise NumericalError("psi: must be finite and not zero, had a vector without direction")

    return psi / norm


def check_states(psi: Tensor) -> Tensor:
    r"""Returns states as they are, if they are states.

    Arguments:
        psi: Statevectors, with shape :math:`(*, d)`.

    Raises:
        NumericalError: If a norm is not one, or an amplitude is not finite.
    """
    norm = torch.linalg.vector_norm(psi.detach(), dim=-1)
    worst = float((norm - 1).abs().max()) if norm.numel() else 0.0
    if not worst < math.sqrt(torch.finfo(norm.dtype).eps):
        raise NumericalError(f"psi: must be finite and of norm one, was off by {worst:.2g}")

    return psi


def check_ensemble(psi: object, name: str, qubits: int | None = None, least: int = 1) -> Tensor:
    r"""Returns an ensemble of somebody else's as complex64, if it is one.

    Arguments:
        psi: Unit statevectors, with shape :math:`(N, 2^n)`, complex.
        name: What to call them in the message.
        qubits: The number of qubits :math:`n`; any if `None`.
        least: The smallest :math:`N` allowed.

    Raises:
        InputError: If they are no statevectors, of other qubits, or too few.
    """
    if not isinstance(psi, Tensor) or not psi.is_complex():
        kind = psi.dtype if isinstance(psi, Tensor) else f"of type {type(psi).__name__}"
        raise InputError(f"{name}: must be a complex tensor of statevectors, was {kind}")
    width = "2^n" if qubits is None else 2**qubits
    if psi.dim() != 2 or psi.shape[1].bit_count() != 1 or width not in ("2^n", psi.shape[1]):
        raise InputError(f"{name}: must have the shape (N, {width}), had {tuple(psi.shape)}")
    if len(psi) < least:
        raise InputError(f"{name}: must be at least {least} states, was {len(psi)}")
    try:
        return check_states(psi.detach().to(torch.complex64))
    except NumericalError as error:
        raise InputError(
            f"{name}: must be finite and of norm one, {str(error).rpartition(', ')[2]}; divide "
            "each by its norm"
        ) from error


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


def random_unitaries(
    n: int, dimension: int, strength: float, generator: torch.Generator
) -> Tensor:
    r"""Draws unitaries near the identity that prefer no direction, with shape (N, d, d).

    .. math:: U = (1 + \tfrac{i \sigma}{2} H) (1 - \tfrac{i \sigma}{2} H)^{-1}, \qquad
        H = (G + G^\dagger) / \sqrt{2}, \quad \mathbb{E} |G_{jk}|^2 = 1 / d

    :math:`H` is of the Gaussian unitary ensemble, so that the law of :math:`U` is the same in
    every basis, and :math:`U \approx e^{i \sigma H}`. A state and what it is turned to have a
    fidelity near :math:`1 / (1 + \sigma^2)`, as in :func:`perturb`.

    Arguments:
        n: The number of unitaries :math:`N`.
        dimension: The dimension :math:`d` of the space.
        strength: The strength :math:`\sigma`, at least 0.
        generator: The source of randomness.

    References:
        Mezzadri (2007), Notices of the AMS 54, 592, section 3, on the ensemble; the Cayley
        transform makes it unitary.
    """
    shape, device = (n, dimension, dimension), generator.device
    g = torch.randn(shape, dtype=torch.complex64, device=device, generator=generator)
    half = (g + g.mH) * (0.5j * strength / math.sqrt(2 * dimension))
    one = torch.eye(dimension, dtype=half.dtype, device=device)
    return torch.linalg.solve(one - half, one + half)


def turn_randomly(
    states: Tensor, strength: float, generator: torch.Generator, *, mixed: bool = False
) -> Tensor:
    r"""Turns every state by a unitary of its own, see :func:`random_unitaries`.

    .. math:: \psi \to U \psi, \qquad \rho \to U \rho U^\dagger

    Arguments:
        states: Statevectors, with shape :math:`(N, d)`, or :math:`(N, K, d)` where :math:`K`
            vectors make up a mixed state; with `mixed`, matrices of shape :math:`(N, d, d)`.
        strength: The strength :math:`\sigma`; 0 leaves the states as they are.
        generator: The source of randomness.
        mixed: Whether they are density matrices.
    """
    if not strength:
        return states

    unitaries = random_unitaries(len(states), states.shape[-1], strength, generator)
    unitaries = unitaries.to(states.dtype)
    if mixed:
        return unitaries @ states @ unitaries.mH
    if states.dim() == 3:
        return states @ unitaries.mT
    return (unitaries @ states[..., None])[..., 0]


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
