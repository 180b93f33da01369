"""Programs as circuits of Qiskit, and what runs them: its samplers, and Aer with errors.

This is the only module that imports qiskit, and only where a circuit is run.
"""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import torch
from torch import Tensor

from latentq.engine.export import Program
from latentq.engine.noisy import Noise
from latentq.errors import InputError

NAMES = {"cnot": "cx"}


class Sampler(Protocol):
    """What runs circuits: a sampler of Qiskit, of its first or second interface."""

    def run(self, circuits: Sequence[Any], *, shots: int) -> Any:  # noqa: ANN401
        """Returns a job whose `result()` has `quasi_dists`, or `data` for each circuit."""


@contextmanager
def _importing() -> Iterator[None]:
    """Imports without the warnings of packages about themselves, or says what is missing.

    Raises:
        InputError: If a package is not installed.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # qiskit 0.46 warns of its own move to 1.0
            yield
    except ImportError as error:
        raise InputError(
            f"backend: needs {error.name or 'qiskit'}, which is not installed here; "
            "pip install qiskit qiskit-aer"
        ) from error


def to_circuit(program: Program) -> Any:  # noqa: ANN401
    """Returns a program as a `QuantumCircuit`, with its registers.

    Raises:
        InputError: If qiskit is not installed.
    """
    with _importing():
        from qiskit.circuit import ClassicalRegister, QuantumCircuit, QuantumRegister

    quantum = [QuantumRegister(n, k) for k, n in program.quantum_registers.items()]
    classical = {k: ClassicalRegister(n, k) for k, n in program.classical_registers.items()}
    circuit = QuantumCircuit(*quantum, *classical.values())
    for name, wires, angle, register, bit in program.operations:
        if name == "measure":
            circuit.measure(wires[0], classical[register][bit])
        else:
            gate = getattr(circuit, NAMES.get(name, name))
            gate(*([] if angle is None else [angle]), *wires)
    return circuit


def count(sampler: Sampler, programs: Sequence[Program], shots: int) -> Tensor:
    """Runs programs of the same registers and returns the counts of their bits.

    Arguments:
        sampler: What runs them; those of Qiskit's first interface return quasi-probabilities.
        programs: The programs.
        shots: The number of shots of each.

    Returns:
        The counts, float64, with shape (programs, 2^bits); the first bit of `outcome` is the most
        significant one, and those of `readout` follow.
    """
    result = sampler.run([to_circuit(program) for program in programs], shots=shots).result()
    registers = programs[0].classical_registers
    counts = torch.zeros(len(programs), 2 ** sum(registers.values()), dtype=torch.float64)
    if hasattr(result, "quasi_dists"):
        for row, law in zip(counts, result.quasi_dists, strict=True):
            for key, share in law.items():
                row[_place(f"{key:0{sum(registers.values())}b}")] += share * shots
        return counts
    for row, found in zip(counts, result, strict=True):
        strings = [getattr(found.data, name).get_bitstrings() for name in registers]
        for parts in zip(*strings, strict=True):
            row[int("".join(part[::-1] for part in parts), 2)] += 1
    return counts


def _place(bits: str) -> int:
    """Returns a number whose first bit is the last one of Qiskit's."""
    return int(bits[::-1], 2)


def noise_model(noise: Noise) -> Any:  # noqa: ANN401
    """Returns errors as a `NoiseModel` of Aer.

    A misread bit is one that is flipped before its measurement. That is the same here, where a
    qubit that was measured is reset or at its end; a `ReadoutError` of Aer 0.13 gives other laws
    where its shots are branched.

    Raises:
        InputError: If qiskit-aer is not installed.
    """
    with _importing():
        from qiskit_aer import noise as aer

    damped = aer.amplitude_damping_error(noise.damping)
    error = aer.depolarizing_error(noise.gate, 2).compose(damped.tensor(damped))
    model = aer.NoiseModel()
    model.add_all_qubit_quantum_error(error, ["cz", "cx", "rzz"])
    flip = aer.pauli_error([("X", noise.readout), ("I", 1 - noise.readout)])
    model.add_all_qubit_quantum_error(flip, ["measure"])
    return model


def aer_sampler(noise: Noise, seed: int) -> Sampler:
    """Returns a sampler of Aer on this machine.

    With errors it keeps density matrices, one for each outcome string, which is fast for circuits
    that reset their ancillas and slow for those that have many.

    Arguments:
        noise: The errors; without any, statevectors are run.
        seed: The seed of the shots.

    Raises:
        InputError: If qiskit-aer is not installed.
    """
    with _importing():
        from qiskit_aer.primitives import Sampler as AerSampler

    options: dict[str, Any] = {"method": "statevector"}
    if noise != Noise():
        options = {
            "method": "density_matrix",
            "noise_model": noise_model(noise),
            "shot_branching_enable": True,
        }
    made: Sampler = AerSampler(
        backend_options=options, run_options={"seed": seed}, skip_transpilation=True
    )
    return made
