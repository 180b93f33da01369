r"""States read out by measurements: settings, counts, and what is made of them.

A state :math:`\rho` of :math:`n` qubits is measured in local Pauli bases. In a setting
:math:`s \in \{X, Y, Z\}^n` a shot gives bits :math:`b` with probability
:math:`\langle s, b | \rho | s, b \rangle`, and its snapshot

.. math:: \hat\rho(s, b) = \bigotimes_q \left( 3 | s_q, b_q \rangle \langle s_q, b_q | - 1 \right)

has the mean :math:`\rho` if all settings are equally likely. The mean of :math:`N` snapshots, or
of the mean snapshots of all :math:`3^n` settings, is an estimate without bias. Its squared error

.. math:: \mathbb{E} \, \| \hat\rho - \rho \|_2^2 = \frac{5^n - \mathrm{Tr} \, \rho^2}{N}

does not depend on the settings of the shots if these are drawn; with equal numbers of shots in all
settings it is smaller, see :func:`inversion_error`. The estimate is no state: it has negative
eigenvalues. A decoder that is linear in :math:`\rho` can take it as it is; of a pure state the
eigenvector of the largest eigenvalue is a better estimate, see :data:`READOUTS`.

Qubit 0 is the most significant one, in settings and in bits.

References:
    Predicting many properties of a quantum system from very few measurements (Huang, Kueng and
    Preskill, 2020), Nature Phys. 16, 1050. Guta, Kahn, Kueng and Tropp (2020), J. Phys. A 53,
    204001.
"""

from collections.abc import Callable
from functools import cache
from itertools import product
from typing import Literal

import torch
from torch import Tensor

from latentq.engine.fused.constants import constant
from latentq.errors import InputError
from latentq.quantum.states import count_qubits
from latentq.randomness import check_whole

LETTERS = "xyz"
Allocation = Literal["equal", "random"]


@cache
def settings(qubits: int) -> tuple[str, ...]:
    """Lists all settings, as `xx`, `xy`, ..., `zz`, in the order of :func:`measure`."""
    return tuple("".join(word) for word in product(LETTERS, repeat=qubits))


@constant
def _eigenvectors() -> Tensor:
    r"""Returns :math:`\langle s, b |` of one qubit, with shape (3, 2, 2)."""
    half = 0.5**0.5
    rows = [
        [[half, half], [half, -half]],
        [[half, -half * 1j], [half, half * 1j]],
        [[1, 0], [0, 1]],
    ]
    return torch.tensor(rows, dtype=torch.complex128)


@constant
def _bras(qubits: int) -> Tensor:
    r"""Returns :math:`\langle s, b |` of all settings and bits, with shape (3^n, 2^n, 2^n)."""
    one = _eigenvectors()
    found = torch.ones(1, 1, 1, dtype=one.dtype)
    for _ in range(qubits):
        found = (
            torch.einsum("sbi,tcj->stbcij", found, one).flatten(4, 5).flatten(2, 3).flatten(0, 1)
        )
    return found


@constant
def _snapshots(qubits: int) -> Tensor:
    r"""Returns :math:`\hat\rho(s, b)`, with shape (3^n, 2^n, 2^n, 2^n)."""
    bras = _eigenvectors()
    one = 3 * bras.conj()[..., :, None] * bras[..., None, :] - torch.eye(2)
    found = torch.ones(1, 1, 1, 1, dtype=one.dtype)
    for _ in range(qubits):
        joined = torch.einsum("sbik,tcjl->stbcijkl", found, one)
        found = joined.flatten(6, 7).flatten(4, 5).flatten(2, 3).flatten(0, 1)
    return found


def density_matrices(states: Tensor) -> Tensor:
    r"""Returns states as density matrices, with shape :math:`(N, d, d)`.

    Arguments:
        states: Statevectors, with shape :math:`(N, d)`; or, with shape :math:`(N, K, d)`, vectors
            that stand for :math:`\sum_k | \phi_k \rangle \langle \phi_k |`.
    """
    vectors = states[:, None] if states.dim() == 2 else states
    return vectors.mT @ vectors.conj()


def probabilities(rho: Tensor) -> Tensor:
    r"""Returns the laws of the bits in all settings, with shape :math:`(N, 3^n, 2^n)`.

    Arguments:
        rho: Density matrices, with shape :math:`(N, d, d)`.
    """
    bras = _bras(count_qubits(rho.shape[-1])).to(rho)
    flat = bras.flatten(0, 1)
    found = ((flat @ rho) * flat.conj()).sum(dim=-1).real
    return found.clamp_min(0).unflatten(-1, bras.shape[:2])


def shots_of_settings(shots: int, qubits: int) -> Tensor:
    """Divides shots equally among all settings; the first ones have one more where need be.

    Raises:
        InputError: If there is a setting without a shot.
    """
    return divide_shots(shots, len(settings(qubits)), f"settings of {qubits} qubits")


def divide_shots(shots: int, number: int, what: str) -> Tensor:
    """Divides shots equally among a number of settings; the first have one more where need be.

    Raises:
        InputError: If there is a setting without a shot.
    """
    if check_whole(shots, "shots", 1) < number:
        raise InputError(
            f"shots: must be at least {number}, one for each of the {number} {what}, was {shots}"
        )
    return torch.tensor([shots // number + (k < shots % number) for k in range(number)])


def measure(
    rho: Tensor, shots: int, generator: torch.Generator, plan: Allocation = "equal"
) -> Tensor:
    r"""Draws the counts of the bits in all settings, with shape :math:`(N, 3^n, 2^n)`, float64.

    Arguments:
        rho: Density matrices, with shape :math:`(N, d, d)`.
        shots: The number of shots of each state.
        generator: The source of randomness.
        plan: Whether the settings have `equal` numbers of shots, or each shot a `random` setting,
            as in classical shadows.

    Raises:
        InputError: If there is no shot, or a setting without one where they are `equal`.
    """
    law = probabilities(rho).double().cpu()
    number = law.shape[1]
    if plan == "equal":
        given = shots_of_settings(shots, count_qubits(rho.shape[-1]))
        return draw_counts(law, given.expand(len(law), -1).double(), generator)
    check_whole(shots, "shots", 1)
    total = torch.full((len(law),), float(shots), dtype=law.dtype)
    chosen = draw_counts(law.new_full((len(law), number), 1 / number), total, generator)
    return draw_counts(law, chosen, generator)


def draw_counts(law: Tensor, shots: Tensor, generator: torch.Generator) -> Tensor:
    """Draws from multinomial laws, one binomial draw after the other.

    Arguments:
        law: Probabilities that sum to one over the last dimension, float64, with shape
            :math:`(*, M)`.
        shots: The numbers of shots, float64, with shape :math:`(*)`.
        generator: The source of randomness.

    Returns:
        The counts, with shape :math:`(*, M)`.
    """
    counts, left = torch.empty_like(law), shots.clone()
    # What is left of the probability, summed from the small end so that it is never negative.
    rest = law.flip(-1).cumsum(-1).flip(-1)
    for k in range(law.shape[-1] - 1):
        share = (law[..., k] / rest[..., k].clamp_min(1e-300)).clamp(0, 1)
        counts[..., k] = torch.binomial(left, share, generator=generator)
        left = left - counts[..., k]
    counts[..., -1] = left
    return counts


def linear_inversion(counts: Tensor) -> Tensor:
    r"""Returns the mean of the mean snapshots of all settings, with shape :math:`(N, d, d)`.

    Arguments:
        counts: The counts by settings and bits, with shape :math:`(N, 3^n, 2^n)`.

    Raises:
        InputError: If a setting has no shot.
    """
    shots = counts.sum(dim=-1, keepdim=True)
    if empty := int((shots == 0).any(dim=0).sum()):
        raise InputError(
            f"counts: must have a shot in each of {counts.shape[1]} settings, {empty} have none; "
            "take more shots, or classical_shadow"
        )
    return _mean_snapshot(counts / shots / counts.shape[1])


def classical_shadow(counts: Tensor) -> Tensor:
    r"""Returns the mean snapshot of all shots, with shape :math:`(N, d, d)`.

    It has no bias where each shot is as likely in one setting as in any other. Shots that are
    kept by an outcome of ancillas are such ones, however many a setting has.

    Arguments:
        counts: The counts by settings and bits, with shape :math:`(N, 3^n, 2^n)`.

    Raises:
        InputError: If a state has no shot.
    """
    shots = counts.sum(dim=(1, 2), keepdim=True)
    if empty := int((shots == 0).sum()):
        raise InputError(f"counts: must have a shot of each state, {empty} have none")
    return _mean_snapshot(counts / shots)


def _mean_snapshot(weights: Tensor) -> Tensor:
    snapshots = _snapshots(count_qubits(weights.shape[-1]))
    flat = torch.view_as_real(snapshots.flatten(0, 1).flatten(1)).flatten(1).to(weights.device)
    found = weights.flatten(1).double() @ flat
    d = snapshots.shape[-1]
    return torch.view_as_complex(found.unflatten(-1, (d, d, 2)))


def inversion_error(rho: Tensor, shots: int, plan: Allocation = "equal") -> Tensor:
    r"""Returns the expected squared error of an estimate, with shape :math:`(N)`.

    A mean of :math:`N` independent snapshots has the error
    :math:`(5^n - \mathrm{Tr} \rho^2) / N`, as each of them has the squared norm :math:`5^n`. With
    :math:`N / 3^n` shots in each setting the spread between the settings does not count,

    .. math:: \frac{1}{N} \left( 5^n - 2^{-n} \sum_P 3^{|P|} \langle P \rangle^2 \right),

    where :math:`|P|` is the number of qubits that the Pauli word :math:`P` acts on.

    Arguments:
        rho: Density matrices, with shape :math:`(N, d, d)`.
        shots: The number of shots of each state, a multiple of the number of settings for `equal`.
        plan: How shots are divided among the settings, see :func:`measure`.
    """
    n = count_qubits(rho.shape[-1])
    if plan == "random":
        return (5**n - rho.abs().square().sum(dim=(-2, -1))) / shots
    # The mean snapshot of a setting, whose squared norm is averaged over the settings.
    snapshots = _snapshots(n).to(rho)
    means = torch.einsum("nsb,sbij->nsij", probabilities(rho).to(rho), snapshots)
    return (5**n - means.abs().square().sum(dim=(-2, -1)).mean(dim=1)) / shots


def top_eigenvector(rho: Tensor) -> Tensor:
    r"""Returns the eigenvectors of the largest eigenvalues, with shape :math:`(N, d)`.

    Arguments:
        rho: Hermitian matrices, with shape :math:`(N, d, d)`.
    """
    return torch.linalg.eigh(rho).eigenvectors[..., -1]


def clip_and_renormalise(rho: Tensor) -> Tensor:
    """Returns states with the negative eigenvalues of estimates set to zero, and trace one.

    This is a warning and no recommendation: what is cut off on one side only is a bias, towards
    mixed states, that falls as the square root of the shots only.

    Arguments:
        rho: Hermitian matrices of trace one, with shape :math:`(N, d, d)`.
    """
    values, vectors = torch.linalg.eigh(rho)
    kept = values.clamp_min(0)
    kept = kept / kept.sum(dim=-1, keepdim=True)
    return (vectors * kept[..., None, :]) @ vectors.mH


READOUTS: dict[str, Callable[[Tensor], Tensor]] = {
    "eigenvector": lambda rho: density_matrices(top_eigenvector(rho)),
    "linear": lambda rho: rho,
    "clipped": clip_and_renormalise,
}


def bin_outcomes(counts: Tensor, qubits: int) -> Tensor:
    r"""Divides counts by the outcome strings of ancillas, with shape :math:`(M, 3^n, 2^n)`.

    No shot is thrown away: each belongs to the state that its outcome string leaves.

    Arguments:
        counts: The counts by settings and by the joint bits, those of the ancillas first, with
            shape :math:`(3^n, 2^{n_A} 2^n)`.
        qubits: The number of data qubits :math:`n`.
    """
    return counts.unflatten(-1, (-1, 2**qubits)).transpose(0, 1)
