r"""The one- and two-qubit Pauli words of states, and the nine settings that measure all of them.

Density coordinates are those of :math:`\rho` in an orthonormal basis of Hermitian matrices. The
words :math:`P / \sqrt{d}` are such a basis too. Its `local` coordinates

.. math:: x_P = \frac{1}{\sqrt{d}} \mathrm{Tr} (P \rho), \qquad |P| \in \{1, 2\},

are 66 of the 255 for four qubits. All :math:`3^n` settings together measure every word. Those of
two qubits need no more than nine for up to four qubits: in the settings

.. math:: (a, \; b, \; a + b, \; a + 2 b) \bmod 3, \qquad a, b \in \{0, 1, 2\},

any two qubits have each pair of letters once, an orthogonal array. So each two-qubit word takes a
ninth of the shots, each one-qubit word a third, and their variances do not grow with :math:`n`.

References:
    Orthogonal arrays and cover by few settings: Cotler and Wilczek (2020), Phys. Rev. Lett. 124,
    100401.
"""

from functools import cache
from itertools import product

import torch
from torch import Tensor

from latentq.engine import noisy
from latentq.engine.fused.constants import constant
from latentq.errors import InputError
from latentq.quantum import readout
from latentq.quantum.encoding import matrix_features
from latentq.quantum.states import count_qubits
from latentq.randomness import check_whole

MOST = 4  # qubits that nine settings suffice for


@cache
def local_words(qubits: int) -> tuple[str, ...]:
    """Lists the words that act on one or two qubits, as `iiix`, ..., `zzii`."""
    words = ("".join(word) for word in product("ixyz", repeat=qubits))
    return tuple(word for word in words if qubits - word.count("i") in (1, 2))


@cache
def local_settings(qubits: int) -> tuple[str, ...]:
    """Lists settings in which any two qubits have each pair of letters, as often as any other.

    Raises:
        InputError: If there are more than four qubits, or none.
    """
    if not 1 <= check_whole(qubits, "qubits", 1) <= MOST:
        raise InputError(f"qubits: must be from 1 to {MOST} for local settings, was {qubits}")
    rows = ((a, b, (a + b) % 3, (a + 2 * b) % 3) for a, b in product(range(3), repeat=2))
    return tuple(dict.fromkeys("".join(readout.LETTERS[k] for k in row[:qubits]) for row in rows))


@constant
def local_projection(qubits: int) -> Tensor:
    """Returns the matrix from density coordinates to local ones, with shape (W, d^2), float64."""
    names = ["".join(word) for word in product("ixyz", repeat=qubits)]
    chosen = [names.index(word) for word in local_words(qubits)]
    return matrix_features(noisy.pauli_words(qubits)[chosen] / 2 ** (qubits / 2))


@cache
def _parities(qubits: int) -> tuple[Tensor, Tensor]:
    """Returns the sign of each word for each string of bits, and the share of each setting."""
    words, settings = local_words(qubits), local_settings(qubits)
    bits = torch.tensor([*product((0, 1), repeat=qubits)])
    acts = torch.tensor([[letter != "i" for letter in word] for word in words]).long()
    signs = 1.0 - 2.0 * ((acts @ bits.T) % 2)
    fits = [
        [all(a in ("i", b) for a, b in zip(word, setting, strict=True)) for setting in settings]
        for word in words
    ]
    shares = torch.tensor(fits).double()
    return signs.double(), shares / shares.sum(dim=1, keepdim=True)


def measure_locally(rho: Tensor, shots: int, generator: torch.Generator) -> Tensor:
    r"""Draws estimates of local coordinates by counted bits, with shape (N, W), float64.

    They have no bias.

    Arguments:
        rho: Density matrices, with shape :math:`(N, d, d)`.
        shots: The number of shots of each state, divided equally among the settings.
        generator: The source of randomness.

    Raises:
        InputError: If there are fewer shots than settings.
    """
    qubits = count_qubits(rho.shape[-1])
    settings, known = local_settings(qubits), readout.settings(qubits)
    law = readout.probabilities(rho)[:, [known.index(s) for s in settings]].double().cpu()
    given = shots_of_local_settings(shots, qubits)
    counts = readout.draw_counts(law, given.expand(len(law), -1).double(), generator)
    signs, shares = _parities(qubits)
    means = torch.einsum("nsb,wb->nsw", counts / given[:, None], signs)
    return torch.einsum("nsw,ws->nw", means, shares) / 2 ** (qubits / 2)


def shots_of_local_settings(shots: int, qubits: int) -> Tensor:
    """Divides shots equally among the local settings.

    Raises:
        InputError: If there is a setting without a shot.
    """
    number = len(local_settings(qubits))
    return readout.divide_shots(shots, number, f"local settings of {qubits} qubits")
