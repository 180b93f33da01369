"""Circuits of other libraries, run branch by branch with no code of latentq."""

import sys
import warnings
from types import ModuleType, SimpleNamespace
from typing import Any, ClassVar
from unittest import mock

import numpy as np
import torch

from latentq.diffusion import QuDDPM
from latentq.randomness import derive_generator

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # qiskit 0.46 warns of its own move to 1.0
    from qiskit import QuantumCircuit, qasm2, qasm3

Array = np.ndarray


def expected(prior: QuDDPM, psi: torch.Tensor) -> Array:
    """The unnormalised states that every outcome string leaves, by the instruments of a chain."""
    phi, order = psi, [*reversed(range(prior.steps))]
    with torch.no_grad():
        for instrument in prior.instruments(order, 1024):
            phi = instrument(phi).flatten(0, 1)
    return phi.to(torch.complex128).numpy()


def terminal(prior: QuDDPM, seed: int, start: int | None = None) -> torch.Tensor:
    generator = derive_generator(seed, "sample")
    chosen = None if start is None else torch.tensor([start])
    return prior.forward_process.terminal_states(1, generator, chosen)


def branches(circuit: QuantumCircuit, data: int) -> Array:
    """The unnormalised states of the last qubits, by the bits in the order of their numbers."""
    n = circuit.num_qubits
    found: dict[tuple[int, ...], Array] = {(): np.eye(2**n)[0].astype(complex).reshape([2] * n)}
    place = {qubit: k for k, qubit in enumerate(circuit.qubits)}
    for item in circuit.data:
        wires = [place[qubit] for qubit in item.qubits]
        if item.operation.name == "measure":
            assert circuit.clbits.index(item.clbits[0]) == len(next(iter(found)))
            found = {
                (*bits, bit): _project(state, wires[0], bit)
                for bits, state in found.items() for bit in (0, 1)
            }  # fmt: skip
        elif item.operation.name == "reset":
            found = {bits: _reset(state, wires[0]) for bits, state in found.items()}
        elif item.operation.name != "barrier":
            matrix = item.operation.to_matrix()
            found = {bits: _apply(state, matrix, wires) for bits, state in found.items()}
    left = [found[bits] for bits in sorted(found)]
    return np.array([x.reshape(-1, 2**data).sum(axis=0) for x in left])  # One row is not zero.


def _project(state: Array, wire: int, bit: int) -> Array:
    kept = np.zeros_like(state)
    index: list[Any] = [slice(None)] * state.ndim
    index[wire] = bit
    kept[tuple(index)] = state[tuple(index)]
    return kept


def _reset(state: Array, wire: int) -> Array:
    """Puts a qubit that was measured back to zero: one half of the state is empty."""
    one = np.moveaxis(state, wire, 0)
    assert not one[0].any() or not one[1].any()
    return np.moveaxis(np.array([one[0] + one[1], 0 * one[0]]), 0, wire)


def _apply(state: Array, matrix: Array, wires: list[int]) -> Array:
    """Applies a matrix whose first qubit is its least significant one."""
    axes = wires[::-1]
    k = len(axes)
    moved = np.moveaxis(state, axes, range(k))
    return np.moveaxis((matrix @ moved.reshape(2**k, -1)).reshape(moved.shape), range(k), axes)


def script(text: str, modules: dict[str, ModuleType]) -> SimpleNamespace:
    """What a file of Python defines, with modules of the caller in the place of some."""
    names: dict[str, Any] = {"__name__": "exported"}
    with mock.patch.dict(sys.modules, modules):
        exec(compile(text, "exported.py", "exec"), names)
    return SimpleNamespace(**names)


class Recorder(ModuleType):
    """PennyLane as far as an exported file calls it: it writes down what is called, for qiskit."""

    NAMES: ClassVar[dict[str, str]] = {
        "PauliX": "x", "Hadamard": "h", "RX": "rx", "RY": "ry", "RZ": "rz", "CZ": "cz",
        "CNOT": "cx", "IsingZZ": "rzz",
    }  # fmt: skip

    def __init__(self, qubits: int, bits: int) -> None:
        super().__init__("pennylane")
        self.circuit, self.bit = QuantumCircuit(qubits, bits), 0
        self.S = "S"

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        def gate(*angle: float, wires: list[int]) -> None:
            getattr(self.circuit, self.NAMES[name])(*angle, *wires)

        if name not in self.NAMES:
            raise AttributeError(name)
        return gate

    def adjoint(self, gate: str) -> Any:  # noqa: ANN401
        return lambda wires: self.circuit.sdg(wires[0])

    def measure(self, wire: int, reset: bool) -> int:
        self.circuit.measure(wire, self.bit)
        if reset:
            self.circuit.reset(wire)
        self.bit += 1
        return self.bit - 1

    def device(self, name: str, wires: int = 0) -> str:
        assert name == "default.qubit"
        return name

    def qnode(self, device: str) -> Any:  # noqa: ANN401
        return lambda function: function

    def state(self) -> None:
        """What is returned is of the real library only."""

    def probs(self, wires: range = range(0), op: Any = None) -> Any:  # noqa: ANN401
        return [*wires] if op is None else op


__all__ = ["Recorder", "branches", "expected", "qasm2", "qasm3", "script", "terminal"]
