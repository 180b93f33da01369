r"""Circuits with noise, exactly: density matrices by their Pauli coordinates.

A density matrix of :math:`n` qubits has :math:`4^n` real coordinates, the expectations of the
Pauli words,

.. math:: r_P = \mathrm{Tr} (P \rho), \qquad \rho = 2^{-n} \sum_P r_P P,

and every channel is a real matrix on them. A rotation turns the Bloch vector of its qubit, a
depolarised CZ permutes words with signs and shrinks them: :mod:`latentq.engine.native.coordinates`
has the loops. A whole step with measured ancillas is compiled once, to one matrix of
:math:`4^n \times 4^n` for each outcome, which then acts on a batch by one product.

Noise follows the conventions of Qiskit Aer: after each two-qubit gate its two qubits are
depolarised, and then the amplitudes of both are damped; rotations are free of it. A measured bit
is misread with a probability that is the same for 0 and 1. A reset is perfect, and so are qubits
that wait, so that deferred measurements and reset ancillas have the same law.

The words are in the order of the letters I, X, Y, Z, qubit 0 first.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from latentq.engine.circuits import Circuit, Entangler
from latentq.engine.fused.constants import constant
from latentq.engine.fused.gates import layer_rotations
from latentq.engine.native import evolve_coordinates
from latentq.errors import InputError


@dataclass(frozen=True)
class Noise:
    r"""The errors of a machine.

    Arguments:
        gate: The probability :math:`p` of the depolarising channel after each two-qubit gate,
            :math:`\rho \to (1 - p) \rho + p \, \mathrm{Tr}_{ij} \rho \otimes 1 / 4`.
        damping: The probability :math:`\gamma` that each qubit of such a gate decays from
            :math:`| 1 \rangle` to :math:`| 0 \rangle`.
        readout: The probability :math:`e` that a measured bit is read as the other one.

    Raises:
        InputError: If one is not from 0 to 1.
    """

    gate: float = 0.0
    damping: float = 0.0
    readout: float = 0.0

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not 0 <= value <= 1:
                raise InputError(f"{name}: must be a probability from 0 to 1, was {value}")


@constant
def _paulis() -> Tensor:
    """Returns I, X, Y, Z, with shape (4, 2, 2)."""
    words = [[[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]]
    return torch.tensor(words, dtype=torch.complex128)


@constant
def pauli_words(qubits: int) -> Tensor:
    """Returns all Pauli words, with shape (4^n, 2^n, 2^n)."""
    found = torch.ones(1, 1, 1, dtype=torch.complex128)
    for _ in range(qubits):
        joined = torch.einsum("pij,qkl->pqikjl", found, _paulis())
        found = joined.flatten(4, 5).flatten(2, 3).flatten(0, 1)
    return found


def to_pauli(rho: Tensor) -> Tensor:
    r"""Returns the Pauli coordinates of Hermitian matrices, with shape :math:`(*, 4^n)`.

    Arguments:
        rho: The matrices, with shape :math:`(*, 2^n, 2^n)`.
    """
    words = pauli_words(rho.shape[-1].bit_length() - 1).to(rho)
    return (rho.flatten(-2) @ words.mT.flatten(1).mT).real


def from_pauli(r: Tensor) -> Tensor:
    r"""Returns the matrices of Pauli coordinates, with shape :math:`(*, 2^n, 2^n)`, complex128.

    Arguments:
        r: The coordinates, with shape :math:`(*, 4^n)`.
    """
    words = pauli_words(r.shape[-1].bit_length() // 2).to(r.device)
    d = words.shape[-1]
    return (r.to(words) @ words.flatten(1)).unflatten(-1, (d, d)) / d


def transfer(unitaries: Tensor) -> Tensor:
    r"""Returns what unitaries do to Pauli coordinates.

    .. math:: R_{PQ} = 2^{-n} \mathrm{Tr} (P \, U Q U^\dagger)

    Arguments:
        unitaries: The unitaries :math:`U`, with shape :math:`(*, 2^n, 2^n)`.

    Returns:
        Real matrices, with shape :math:`(*, 4^n, 4^n)`.
    """
    d = unitaries.shape[-1]
    u, words = unitaries.to(torch.complex128), pauli_words(d.bit_length() - 1)
    moved = torch.einsum("...ij,qjk,...lk->...qil", u, words, u.conj())
    return torch.einsum("pij,...qji->...pq", words, moved).real / d


def depolarising(p: float) -> Tensor:
    """Returns the channel of two depolarised qubits, with shape (16, 16)."""
    kept = torch.full((16,), 1 - p, dtype=torch.float64)
    kept[0] = 1
    return kept.diag()


def damping(gamma: float) -> Tensor:
    """Returns the channel of one qubit whose amplitude is damped, with shape (4, 4)."""
    found = torch.diag(torch.tensor([1, (1 - gamma) ** 0.5, (1 - gamma) ** 0.5, 1 - gamma]))
    found = found.double()
    found[3, 0] = gamma
    return found


def apply_local(r: Tensor, matrix: Tensor, wires: Sequence[int]) -> Tensor:
    r"""Applies a channel to some qubits.

    Arguments:
        r: Pauli coordinates with an axis for each qubit, with shape :math:`(B, 4, \dots, 4)`.
        matrix: The channel, with shape :math:`(4^k, 4^k)`, or :math:`(B, 4^k, 4^k)` with one
            for each state.
        wires: The :math:`k` qubits.
    """
    axes, first = [1 + w for w in wires], list(range(1, 1 + len(wires)))
    moved = r.movedim(axes, first)
    found = matrix @ moved.reshape(len(r), 4 ** len(wires), -1)
    return found.view(moved.shape).movedim(first, axes)


def entangler(name: Entangler, gate: float, decay: float = 0.0) -> Tensor:
    """Returns a noisy CZ or CNOT, with shape (16, 16).

    Arguments:
        name: The gate, `cz` or `cnot`.
        gate: The probability of the depolarising channel after it.
        decay: The probability that either qubit decays.
    """
    unitary = torch.eye(4, dtype=torch.complex128)[[0, 1, 3, 2]]
    if name == "cz":
        unitary = torch.diag(torch.tensor([1, 1, 1, -1], dtype=torch.complex128))
    return _errors(gate, decay) @ transfer(unitary)


def _errors(gate: float, decay: float) -> Tensor:
    """Returns the errors of a two-qubit gate, with shape (16, 16)."""
    return torch.kron(damping(decay), damping(decay)) @ depolarising(gate)


def _entanglers(circuit: Circuit, shared: Tensor | None, noise: Noise) -> Tensor:
    """Returns the noisy two-qubit gates of each layer, with shape (*, L, 16, 16)."""
    if shared is None:
        gate = entangler(circuit.entangler, noise.gate, noise.damping)
        return gate.expand(circuit.layers, 16, 16)
    signs = torch.tensor([1, -1, -1, 1], dtype=torch.float64)
    phases = -0.5 * shared.double()[..., None] * signs
    gates = torch.diag_embed(torch.polar(torch.ones_like(phases), phases))
    return _errors(noise.gate, noise.damping) @ transfer(gates)


def _sparse(matrices: Tensor) -> tuple[Tensor, Tensor]:
    """Lists what is not zero in each row of any matrix.

    Arguments:
        matrices: The matrices, with shape (S, L, 16, 16).

    Returns:
        The columns, with shape (16, K), and what stands there, with shape (S, L, 16, K).
    """
    used = (matrices != 0).flatten(0, 1).any(dim=0)
    most = int(used.sum(dim=1).max())
    columns = used.int().argsort(dim=1, descending=True, stable=True)[:, :most]
    return columns, matrices.gather(3, columns.expand(*matrices.shape[:3], most))


def evolve(circuit: Circuit, angles: Tensor, r: Tensor, noise: Noise) -> Tensor:
    r"""Takes states through a noisy circuit.

    Arguments:
        circuit: The circuit.
        angles: The angles in radians, with shape :math:`(P)`, or :math:`(B, P)` where each
            state has a circuit of its own.
        r: Pauli coordinates, with shape :math:`(B, 4^n)`.
        noise: The errors.

    Returns:
        Pauli coordinates, with shape :math:`(B, 4^n)`, float64.
    """
    rotations, shared = circuit.split(torch.atleast_2d(angles.detach()))
    turns = transfer(layer_rotations(circuit, rotations.double()))[..., 1:, 1:].contiguous()
    gates = _entanglers(circuit, shared, noise).expand(len(turns), -1, -1, -1)
    sources, factors = _sparse(gates)
    states = r.double().reshape(len(turns), -1, r.shape[-1]).contiguous()
    result = torch.empty_like(states)
    pairs = torch.tensor(circuit.pairs, dtype=torch.int64).reshape(-1, 2)
    arrays = (turns, pairs, sources, factors.contiguous(), states, result)
    evolve_coordinates(*(x.numpy() for x in arrays))
    return result.view(r.shape)


def instrument(circuit: Circuit, angles: Tensor, ancillas: int, noise: Noise) -> Tensor:
    r"""Compiles a noisy step with measured ancillas.

    Arguments:
        circuit: The circuit on ancillas and data, ancillas first.
        angles: The angles in radians, with shape :math:`(P)`.
        ancillas: The number of ancillas :math:`n_A`, which begin in :math:`| 0 \rangle`.
        noise: The errors; a misread bit puts a state under another outcome.

    Returns:
        Real matrices on the :math:`4^n` coordinates of the data, one for each outcome that is
        read, with shape :math:`(2^{n_A}, 4^n, 4^n)`. The first coordinate that they give is the
        probability of the outcome.
    """
    size = 4 ** (circuit.qubits - ancillas)
    zero = torch.tensor([1, 0, 0, 1], dtype=torch.float64)
    seen = (1 - 2 * noise.readout) * torch.tensor([1.0, -1.0], dtype=torch.float64)
    bits = 0.5 * torch.stack((torch.ones(2), torch.zeros(2), torch.zeros(2), seen), dim=1)
    start, outcomes = zero.new_ones(1), zero.new_ones(1, 1)
    for _ in range(ancillas):
        start, outcomes = torch.kron(start, zero), torch.kron(outcomes, bits)
    inputs = torch.kron(start, torch.eye(size, dtype=torch.float64))
    images = evolve(circuit, angles, inputs, noise).unflatten(-1, (-1, size))
    return torch.einsum("ma,jai->mij", outcomes, images)


def misread(r: Tensor, readout: float) -> Tensor:
    r"""Returns states as local measurements with misread bits show them.

    A bit that is flipped with the probability :math:`e` in every basis shrinks the expectation of
    a word by :math:`1 - 2 e` for each qubit that it acts on.

    Arguments:
        r: Pauli coordinates, with shape :math:`(*, 4^n)`.
        readout: The probability :math:`e`.
    """
    one = r.new_tensor([1.0, *[1 - 2 * readout] * 3])
    factors = one.new_ones(1)
    while len(factors) < r.shape[-1]:
        factors = torch.kron(factors, one)
    return r * factors
