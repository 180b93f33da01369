r"""Out-of-time-order correlators: how far a circuit has spread what was local.

Whether a Pauli operator :math:`V` on one qubit has spread to another, where :math:`W` acts, is
told by the correlator at infinite temperature,

.. math:: F = 2^{-n} \, \mathrm{Tr} \, V(t) W V(t) W, \qquad V(t) = U_t^\dagger V U_t .

It is 1 while the two commute, and :math:`-1 / (4^n - 1)` on average for a Haar unitary. The mean
of :math:`1 - F` over the three :math:`W` of a qubit is :math:`4/3` times the weight of the Pauli
strings in :math:`V(t)` that do not have the identity there.

References:
    Hosur, Qi, Roberts and Yoshida (2016), JHEP 02, 004; Nahum, Vijay and Haah (2018), Phys. Rev.
    X 8, 021014.
"""

import math

import torch
from torch import Tensor

from latentq.quantum.entanglement import bloch_vectors
from latentq.quantum.scrambling import Pattern, RandomCircuit, bonds

IDENTITY, X, Z, Y = range(4)  # A Pauli operator as two bits: whether it has an X, and a Z.


def pauli(psi: Tensor, axis: int, qubit: int) -> Tensor:
    """Applies X, Y or Z, numbered from 0, to one qubit of states with shape :math:`(*, d)`."""
    low, high = psi.unflatten(-1, (2**qubit, 2, -1)).unbind(dim=-2)
    pair = {0: (high, low), 1: (-1j * high, 1j * low), 2: (low, -high)}[axis]
    return torch.stack(pair, dim=-2).flatten(-3)


def eigenstates(axes: Tensor, signs: Tensor) -> Tensor:
    r"""Returns products of eigenstates of Pauli operators.

    Arguments:
        axes: X, Y or Z for each qubit, numbered from 0, with shape :math:`(B, n)`.
        signs: The eigenvalues :math:`\pm 1`, with shape :math:`(B, n)`.

    Returns:
        The states, with shape :math:`(B, 2^n)`, complex64.
    """
    r = math.sqrt(0.5)
    table = torch.tensor(
        [[[r, r], [r, -r]], [[r, 1j * r], [r, -1j * r]], [[1, 0], [0, 1]]], dtype=torch.complex64
    )
    factors = table[axes, (1 - signs) // 2]
    psi = factors[:, 0]
    for qubit in range(1, axes.shape[1]):
        psi = (psi[:, :, None] * factors[:, qubit, None]).flatten(1)
    return psi


class Correlator:
    r"""Estimates the correlators of a random circuit from products of Pauli eigenstates.

    For a state :math:`| s \rangle` with :math:`W_i | s \rangle = s_i | s \rangle` on every qubit
    and random signs :math:`s`,

    .. math:: F = \mathbb{E}_s \, s_i \, \langle s | V(t) \, W_i \, V(t) | s \rangle,

    so that one state gives the correlators of a :math:`V` with one :math:`W` on each qubit. The
    axes of :math:`W` and :math:`V` are drawn with it.

    Arguments:
        circuit: The circuit.
        samples: The number of states :math:`K`.
        generator: The source of axes and signs.
    """

    def __init__(self, circuit: RandomCircuit, samples: int, generator: torch.Generator) -> None:
        shape = (samples, circuit.circuits[0].qubits)
        self.circuit, self.depth = circuit, 0
        self.axes = torch.randint(3, shape, generator=generator)
        self.signs = 1 - 2 * torch.randint(2, shape, generator=generator)
        self.others = torch.randint(3, shape, generator=generator)
        self.psi = eigenstates(self.axes, self.signs)

    def advance(self) -> None:
        """Makes the circuit one layer deeper."""
        self.psi = self.circuit.apply(self.psi, self.depth)
        self.depth += 1

    def decay(self) -> Tensor:
        r"""Returns :math:`1 - F` for each :math:`V` and each :math:`W`, with shape (K, n, n)."""
        samples, qubits = self.axes.shape
        each = torch.arange(samples)
        turned = [
            torch.stack([pauli(self.psi, axis, q) for axis in range(3)])[self.others[:, q], each]
            for q in range(qubits)
        ]
        spread = self.circuit.unscramble(torch.stack(turned, dim=1).flatten(0, 1), self.depth)
        bloch = bloch_vectors(spread).unflatten(0, (samples, qubits))
        axes = self.axes[:, None, :, None].expand(-1, qubits, -1, 1)
        return 1 - self.signs[:, None] * bloch.gather(-1, axes).squeeze(-1)

    def mean_decay(self) -> float:
        """Returns the mean of the decay over all pairs of distinct qubits."""
        decay = self.decay().mean(dim=0)
        qubits = len(decay)
        return float((decay.sum() - decay.diagonal().sum()) / (qubits * (qubits - 1)))


def haar_decay(qubits: int) -> float:
    r"""Returns the mean of :math:`1 - F` for a Haar unitary, :math:`1 + 1 / (4^n - 1)`."""
    return 1 + 1 / (4**qubits - 1)


def mean_over_circuits(
    qubits: int, depth: int, pattern: Pattern, samples: int, generator: torch.Generator
) -> list[float]:
    r"""Returns the decay averaged over all random circuits, without running one.

    CNOTs take a Pauli string to another, and rotations by uniform angles take the weights of
    strings, :math:`|c_P|^2` in :math:`V(t) = \sum_P c_P P`, to weights: RZ shares those of X and
    Y, RY those of Z and X. The average is hence one over random strings, for any size.

    Arguments:
        qubits: The number of qubits :math:`n`.
        depth: The largest number of layers.
        pattern: How the layers are built.
        samples: The number of strings that begin at each qubit.
        generator: The source of the strings.

    Returns:
        The mean of :math:`1 - F` over pairs of distinct qubits, for 0 to `depth` layers.
    """
    own = torch.arange(qubits).repeat_interleave(samples)
    found = []
    for t in range(depth + 1):
        strings = torch.zeros(len(own), qubits, dtype=torch.int64)
        strings[torch.arange(len(own)), own] = torch.randint(1, 4, own.shape, generator=generator)
        for layer in reversed(range(t)):
            strings = _through_cnots(strings, bonds(qubits, pattern, layer))
            for mixed in ((X, Y), (X, Z), (X, Y)):
                strings = _mix(strings, mixed, generator)
        others = (strings != IDENTITY).sum() - (strings.gather(1, own[:, None]) != IDENTITY).sum()
        found.append(4 / 3 * float(others) / (len(own) * (qubits - 1)))
    return found


def _through_cnots(strings: Tensor, pairs: tuple[tuple[int, int], ...]) -> Tensor:
    """Conjugates strings with CNOTs: X spreads from control to target, Z the other way."""
    bits = torch.stack((strings & X, strings & Z))
    for control, target in reversed(pairs):
        bits[0, :, target] ^= bits[0, :, control]
        bits[1, :, control] ^= bits[1, :, target]
    return bits[0] | bits[1]


def _mix(strings: Tensor, mixed: tuple[int, int], generator: torch.Generator) -> Tensor:
    """Replaces each of two Pauli operators by one of the two at random."""
    one, other = mixed
    coins = torch.randint(2, strings.shape, dtype=torch.uint8, generator=generator)
    return torch.where((strings == one) | (strings == other), one + coins * (other - one), strings)
