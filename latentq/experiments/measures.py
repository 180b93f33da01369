r"""What is read off states in the experiments `views` and `latent`, and what chance gives.

The share of negative Wigner cells depends on the orientation of the kernels, of which there are
:math:`2^n`, see :mod:`latentq.quantum.wigner`; here all of them are taken.

How near the magnitudes of a state :math:`b` are to those of a state :math:`a`, and how near the
phases, is said by two fidelities with :math:`a`: of the state that has the magnitudes of
:math:`b` and the phases of :math:`a`, and of the one that has it the other way round,

.. math:: M = \Big( \sum_i |a_i| |b_i| \Big)^2, \qquad
    P = \Big| \sum_i |a_i|^2 e^{i (\beta_i - \alpha_i)} \Big|^2 .

Both are 1 if the fidelity is, and far above it for states that have nothing in common.
"""

import math
from collections.abc import Sequence
from itertools import combinations, product

import torch
from torch import Tensor

from latentq.errors import ConvergenceError
from latentq.quantum.entanglement import entanglement_entropy
from latentq.quantum.states import count_qubits, normalize
from latentq.quantum.wigner import negative_cells, negativity, wigner

PRECISE = 1e-7  # what is known of an integral of the order of one
CHUNK = 500  # The number of states whose Wigner functions are held at a time.


def orientations(qubits: int) -> list[tuple[int, ...]]:
    """Returns the signs of the kernels in all 2^n ways, all 1 first."""
    return list(product((1, -1), repeat=qubits))


def wigner_numbers(psi: Tensor) -> tuple[Tensor, Tensor]:
    r"""Returns the shares of negative cells, and the negativities, for all orientations.

    Arguments:
        psi: Unit statevectors, with shape :math:`(B, 2^n)`.

    Returns:
        Both, with shape :math:`(2^n, B)`.
    """
    shares, sums = [], []
    for signs in orientations(count_qubits(psi.shape[-1])):
        functions = [wigner(chunk, signs) for chunk in psi.split(CHUNK)]
        shares.append(torch.cat([negative_cells(values) for values in functions]))
        sums.append(torch.cat([negativity(values) for values in functions]))
    return torch.stack(shares), torch.stack(sums)


def haar_negative_share(qubits: int) -> float:
    r"""Returns the mean share of negative Wigner cells of a Haar state, for any orientation.

    The kernel of every cell has the eigenvalues :math:`(1 \pm \sqrt 3) / 2` on each qubit, and
    :math:`\langle \psi | A | \psi \rangle` the sign of :math:`\sum_k \lambda_k e_k` with
    independent exponential :math:`e_k`. By its characteristic function :math:`\varphi` the share
    is

    .. math:: \frac{1}{2} - \frac{1}{\pi} \int_0^\infty \frac{\mathrm{Im} \, \varphi(t)}{t} dt,
        \qquad \varphi(t) = \prod_k \frac{1}{1 - i \lambda_k t} .

    Arguments:
        qubits: The number of qubits :math:`n`.

    Raises:
        ConvergenceError: If the integral is not known to :data:`PRECISE`.

    References:
        Note on the inversion theorem (Gil-Pelaez, 1951), Biometrika 38, 481.
    """
    from scipy.integrate import quad  # Slow to import.

    high, low = (1 + math.sqrt(3)) / 2, (1 - math.sqrt(3)) / 2
    values = [(math.comb(qubits, k), high ** (qubits - k) * low**k) for k in range(qubits + 1)]

    def integrand(x: float) -> float:
        t = x / (1 - x)
        phase = math.fsum(many * math.atan(value * t) for many, value in values)
        size = math.fsum(many / 2 * math.log1p((value * t) ** 2) for many, value in values)
        return math.exp(-size) * math.sin(phase) / (t * (1 - x) ** 2)

    value, error = quad(integrand, 1e-12, 1 - 1e-12, limit=500)
    if not error < PRECISE:
        raise ConvergenceError(f"integral: is known to {error:.2g} only, must be to {PRECISE:g}")
    return 0.5 - value / math.pi


def magnitude_fidelity(target: Tensor, psi: Tensor) -> Tensor:
    r"""Returns :math:`M`, with shape :math:`(*)`.

    Arguments:
        target: Unit statevectors :math:`a`, with shape :math:`(*, d)`.
        psi: Unit statevectors :math:`b`, with a shape that broadcasts with it.
    """
    return (target.abs() * psi.abs()).sum(dim=-1).square()


def phase_fidelity(target: Tensor, psi: Tensor) -> Tensor:
    r"""Returns :math:`P`, with shape :math:`(*)`; see :func:`magnitude_fidelity`."""
    turned = torch.polar(torch.ones_like(psi.abs()), psi.angle() - target.angle())
    return (target.abs().square() * turned).sum(dim=-1).abs().square()


def haar_magnitude_fidelity(dimension: int) -> float:
    r"""Returns the mean of :math:`M` for independent Haar states.

    .. math:: \mathbb{E} \, M = \frac{1}{d} + \Big( 1 - \frac{1}{d} \Big)
        \Big( \frac{\pi}{4} \Big)^2

    Arguments:
        dimension: The dimension :math:`d`.
    """
    return 1 / dimension + (1 - 1 / dimension) * (math.pi / 4) ** 2


def with_fidelity(
    target: Tensor, fidelity: Tensor, copies: int, generator: torch.Generator
) -> Tensor:
    r"""Draws states of a given fidelity with a target that prefer no basis.

    .. math:: b = \sqrt{F} \, a + \sqrt{1 - F} \, \chi, \qquad \langle a | \chi \rangle = 0,

    with :math:`\chi` a Haar state among those orthogonal to :math:`a`.

    Arguments:
        target: Unit statevectors :math:`a`, with shape :math:`(*, d)`.
        fidelity: The fidelities :math:`F`, with shape :math:`(*)`.
        copies: The number of states to draw for each.
        generator: The source of randomness.

    Returns:
        The states, with shape :math:`(C, *, d)`.
    """
    chi = torch.randn((copies, *target.shape), dtype=target.dtype, generator=generator)
    chi = normalize(chi - (target.conj() * chi).sum(dim=-1, keepdim=True) * target)
    share = fidelity.clamp(0, 1)[..., None]
    return share.sqrt() * target + (1 - share).sqrt() * chi


def half_cuts(qubits: int) -> list[tuple[int, ...]]:
    """Returns one side of each cut into halves; of an even number, the side with qubit 0."""
    sides = list(combinations(range(qubits), qubits // 2))
    return sides if qubits % 2 else [side for side in sides if 0 in side]


def half_entropy(psi: Tensor) -> Tensor:
    r"""Returns the entanglement entropy in bits, averaged over all cuts into halves.

    Arguments:
        psi: Unit statevectors, with shape :math:`(*, 2^n)`.
    """
    sides = half_cuts(count_qubits(psi.shape[-1]))
    return torch.stack([entanglement_entropy(psi, side) for side in sides]).mean(dim=0)


def single_entropy(psi: Tensor) -> Tensor:
    r"""Returns the entanglement entropy in bits of one qubit with the rest, averaged over all.

    Arguments:
        psi: Unit statevectors, with shape :math:`(*, 2^n)`.
    """
    qubits = range(count_qubits(psi.shape[-1]))
    return torch.stack([entanglement_entropy(psi, [qubit]) for qubit in qubits]).mean(dim=0)


def pairs_of(information: Tensor) -> Tensor:
    r"""Returns the entries of matrices above their diagonals, pair after pair.

    Arguments:
        information: Matrices, with shape :math:`(*, n, n)`.
    """
    qubits = information.shape[-1]
    rows, columns = torch.triu_indices(qubits, qubits, offset=1)
    return information[..., rows, columns]


def pair_names(qubits: int) -> Sequence[str]:
    """Returns the names of the pairs in the order of :func:`pairs_of`."""
    return [f"{i}-{j}" for i, j in combinations(range(qubits), 2)]
