"""Closed forms and dense simulators that share no code with latentq, see tests/README.md.

Qubit 0 is the first factor of a Kronecker product. Angles are in radians, entropies in bits.
"""

import warnings
from collections.abc import Callable
from functools import reduce
from itertools import product
from math import comb

import numpy as np
from scipy.linalg import expm
from scipy.special import digamma

from latentq.engine.circuits import Circuit

Array = np.ndarray

PAULI = {
    "i": np.eye(2),
    "x": np.array([[0, 1], [1, 0]]),
    "y": np.array([[0, -1j], [1j, 0]]),
    "z": np.diag([1, -1]),
}


def embed(qubits: int, factors: dict[int, Array]) -> Array:
    """Kronecker product of one factor for each qubit, the identity where none is named."""
    return reduce(np.kron, [factors.get(q, np.eye(2)) for q in range(qubits)])


def pauli_string(word: str) -> Array:
    return reduce(np.kron, [PAULI[letter] for letter in word], np.eye(1))


def rotation(axis: str, angle: float) -> Array:
    return expm(-0.5j * angle * PAULI[axis[1]])


def cz(qubits: int, i: int, j: int) -> Array:
    zero, one = np.diag([1, 0]), np.diag([0, 1])
    return embed(qubits, {i: zero}) + embed(qubits, {i: one, j: PAULI["z"]})


def cnot(qubits: int, control: int, target: int) -> Array:
    zero, one = np.diag([1, 0]), np.diag([0, 1])
    return embed(qubits, {control: zero}) + embed(qubits, {control: one, target: PAULI["x"]})


def rzz(qubits: int, i: int, j: int, angle: float) -> Array:
    return expm(-0.5j * angle * embed(qubits, {i: PAULI["z"], j: PAULI["z"]}))


def unitary(circuit: Circuit, angles: Array) -> Array:
    """The matrix of a circuit from the definition of its layers; angles are used up in order."""

    n, theta = circuit.qubits, iter(angles.tolist())
    result = np.eye(2**n)
    for _ in range(circuit.layers):
        for axis in circuit.axes:
            for q in range(n):
                result = embed(n, {q: rotation(axis, next(theta))}) @ result
        g = next(theta) if circuit.entangler == "rzz" and circuit.pairs else 0.0
        for i, j in circuit.pairs:
            gates = {"cz": cz(n, i, j), "cnot": cnot(n, i, j), "rzz": rzz(n, i, j, g)}
            result = gates[circuit.entangler] @ result

    assert next(theta, None) is None
    return result


def simulate(circuit: Circuit, angles: Array, psi: Array) -> Array:
    """A circuit on one state, gate by gate on a tensor with one index for each qubit."""

    state = psi.reshape([2] * circuit.qubits).astype(complex)
    for name, wires, place in circuit.gates():
        if place is not None and len(wires) == 1:
            state = np.tensordot(rotation(name, angles[place]), state, axes=(1, wires[0]))
            state = np.moveaxis(state, 0, wires[0])
            continue
        phase = -1 if place is None else np.exp(1j * angles[place])
        index: list[slice | int] = [slice(None)] * circuit.qubits
        both = [(1, 1)] if place is None else [(0, 1), (1, 0)]
        for bits in both:  # R_ZZ up to the phase exp(-i angle / 2), which is put back below
            index[wires[0]], index[wires[1]] = bits
            state[tuple(index)] *= phase
        state = state if place is None else state * np.exp(-0.5j * angles[place])
    return state.reshape(-1)


def angle_derivative(
    circuit: Circuit, angles: Array, psi: Array, functional: Array, place: int
) -> float:
    """The derivative of Re <functional, U psi> by the angle of one rotation.

    A turn by pi more is the derivative of the gate twice over: R'(t) = R(t + pi) / 2.
    """

    shifted = angles.copy()
    shifted[place] += np.pi
    return 0.5 * np.vdot(functional, simulate(circuit, shifted, psi)).real


def qiskit_unitary(circuit: Circuit, angles: Array) -> Array:
    """The matrix of the gate list by qiskit, whose qubit 0 is the least significant."""

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # qiskit 0.46 warns of its own move to 1.0
        from qiskit import QuantumCircuit
        from qiskit.quantum_info import Operator

        gates = QuantumCircuit(circuit.qubits)
        for name, wires, place in circuit.gates():
            angle = () if place is None else (float(angles[place]),)
            getattr(gates, name)(*angle, *(circuit.qubits - 1 - w for w in wires))
        return Operator(gates).data


def qiskit_partial_trace(psi: Array, keep: list[int]) -> Array:
    """The reduced state by qiskit, for qubits in ascending order."""

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from qiskit.quantum_info import Statevector, partial_trace

        n = len(psi).bit_length() - 1
        return partial_trace(Statevector(psi), [n - 1 - q for q in range(n) if q not in keep]).data


def kraus(circuit: Circuit, angles: Array, ancillas: int) -> Array:
    """The blocks <m| U |0> of the dense matrix, ancillas first."""
    m = 2**ancillas
    d = 2**circuit.qubits // m
    return unitary(circuit, angles).reshape(m, d, m, d)[:, :, 0, :]


def apply_channel(matrices: Array, rho: Array) -> Array:
    return sum(k @ rho @ k.conj().T for k in matrices)


def density(psi: Array, weights: Array | None = None) -> Array:
    """The mean of the projectors, one outer product at a time."""
    w = np.full(len(psi), 1 / len(psi)) if weights is None else weights
    return sum(p * np.outer(v, v.conj()) for p, v in zip(w, psi, strict=True))


def tomography(psi: Array, keep: list[int]) -> Array:
    """The reduced state from the expectations of all Pauli words on the qubits that are kept."""

    n = len(psi).bit_length() - 1
    rho = np.zeros((2 ** len(keep),) * 2, dtype=complex)
    for word in product("ixyz", repeat=len(keep)):
        observable = embed(n, {q: PAULI[p] for q, p in zip(keep, word, strict=True)})
        rho += np.vdot(psi, observable @ psi) * pauli_string("".join(word)) / len(rho)
    return rho


def kernel_sum(
    kernel: Callable[[float], float], phi: Array, v: Array, psi: Array, w: Array
) -> float:
    """The weighted sum of a kernel on fidelities, by a double loop."""

    return sum(
        p * q * kernel(abs(np.vdot(a, b)) ** 2)
        for p, a in zip(v, phi, strict=True)
        for q, b in zip(w, psi, strict=True)
    )


def mmd(kernel: Callable[[float], float], phi: Array, psi: Array, weights: Array) -> float:
    """The V-statistic, diagonal terms included."""

    uniform = np.full(len(psi), 1 / len(psi))
    return (
        kernel_sum(kernel, phi, weights, phi, weights)
        + kernel_sum(kernel, psi, uniform, psi, uniform)
        - 2 * kernel_sum(kernel, phi, weights, psi, uniform)
    )


def ladder(fidelity: float) -> float:
    return (fidelity + fidelity**2 + fidelity**4 + fidelity**8 + fidelity**16) / 5


def haar_ladder(dimension: int) -> float:
    """The Haar mean of the ladder, from E F^k = 1 / C(d + k - 1, k)."""
    return sum(1 / comb(dimension + k - 1, k) for k in (1, 2, 4, 8, 16)) / 5


def page(qubits: int, keep: int) -> float:
    m, n = sorted((2**keep, 2 ** (qubits - keep)))
    return (digamma(m * n + 1) - digamma(n + 1) - (m - 1) / (2 * n)) / np.log(2)


def mean_cosine(half_width: float) -> float:
    """E cos(theta) for theta uniform in [-a, a], which is sin(a) / a."""
    return np.sin(half_width) / half_width


def gradient(function: Callable[[Array], float], x: Array, step: float = 1e-6) -> Array:
    """Central differences, coordinate by coordinate."""

    shifts = step * np.eye(len(x))
    return np.array([(function(x + s) - function(x - s)) / (2 * step) for s in shifts])
