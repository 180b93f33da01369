"""Programs as circuits of Qiskit, and what runs them: its samplers, and Aer with errors.

A simulated machine has the couplings, gates and errors of a real one as its maker measured them on
one day. Circuits are transpiled for it: to its own gates, on the best of its lines of qubits.

This is the only module that imports qiskit, and only where a circuit is run.
"""

import json
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Protocol

import torch
from torch import Tensor

from latentq.engine.export import Program
from latentq.engine.noisy import Noise
from latentq.errors import InputError

NAMES = {"cnot": "cx"}
#: Simulated machines of qiskit-ibm-runtime, by the name that users give.
MACHINES = {"kolkata": "FakeKolkataV2", "lagos": "FakeLagosV2", "prague": "FakePrague"}


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
        more = " qiskit-ibm-runtime" if "runtime" in (error.name or "") else ""
        raise InputError(
            f"backend: needs {error.name or 'qiskit'}, which is not installed here; "
            f"pip install qiskit qiskit-aer{more}"
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


def best_line(errors: Mapping[tuple[int, int], float], length: int) -> list[int]:
    """Returns the line of qubits whose two-qubit gates have the least errors in all.

    Arguments:
        errors: The errors by the pairs of qubits that are coupled.
        length: The number of qubits of the line.

    Raises:
        InputError: If there is no such line.
    """
    cost = {**errors, **{(b, a): error for (a, b), error in errors.items()}}
    lines = [([a], 0.0) for a in sorted({a for a, _ in cost})]
    for _ in range(length - 1):
        lines = [
            ([*line, b], total + error)
            for line, total in lines
            for (a, b), error in cost.items()
            if a == line[-1] and b not in line
        ]
    if not lines:
        raise InputError(f"backend: must have a line of {length} coupled qubits")
    return min(lines, key=lambda found: found[1])[0]


class FakeMachine:
    """A simulated machine of Qiskit, as a sampler of its first interface.

    Errors are those of gates and of measurements; resets are perfect, and qubits that wait too.

    Arguments:
        name: Its name, a key of :data:`MACHINES`.
        seed: The seed of the shots.

    Raises:
        InputError: If qiskit-ibm-runtime or qiskit-aer is not installed.
    """

    def __init__(self, name: str, seed: int) -> None:
        with _importing():
            from qiskit_aer import AerSimulator
            from qiskit_ibm_runtime import fake_provider

            self.backend = getattr(fake_provider, MACHINES[name])()
            # Trajectories of pure states: Aer 0.13 branches no shots that are misread.
            self.simulator = AerSimulator.from_backend(
                self.backend, method="statevector", max_parallel_threads=1
            )
        self.seed, self.runs = seed, 0
        #: The most two-qubit gates of a circuit that was run, as it was transpiled.
        self.two_qubit_gates = 0

    @property
    def calibrated(self) -> str:
        """The day on which its errors were measured."""
        properties = Path(self.backend.dirname) / self.backend.props_filename
        return str(json.loads(properties.read_text())["last_update_date"])[:10]

    def errors(self) -> dict[tuple[int, int], float]:
        """Returns the error of the two-qubit gate of each pair of its qubits."""
        (name,) = {"cx", "cz", "ecr"} & {*self.backend.operation_names}
        found: dict[tuple[int, int], float] = {}
        for (a, b), facts in self.backend.target[name].items():
            pair = (min(a, b), max(a, b))
            found[pair] = min(found.get(pair, 1.0), facts.error)
        return found

    def transpiled(self, circuits: Sequence[Any]) -> list[Any]:
        """Returns circuits in its own gates, their qubits in order on its best line."""
        with _importing():
            from qiskit import transpile

        line = best_line(self.errors(), circuits[0].num_qubits)
        # One after the other: several at once would be pickled, which this backend cannot be.
        return [
            transpile(
                circuit, self.backend, initial_layout=line, optimization_level=1,
                seed_transpiler=self.seed,
            )
            for circuit in circuits
        ]  # fmt: skip

    def run(self, circuits: Sequence[Any], *, shots: int) -> Any:  # noqa: ANN401
        """Transpiles and runs circuits; the job's `result()` has their `quasi_dists`."""
        made = self.transpiled(circuits)
        counted = [sum(len(each.qubits) == 2 for each in circuit.data) for circuit in made]
        self.two_qubit_gates = max(self.two_qubit_gates, *counted)
        self.runs += 1
        job = self.simulator.run(made, shots=shots, seed_simulator=self.seed + self.runs)
        counts = [job.result().get_counts(k) for k in range(len(made))]
        laws = [
            {int(bits.replace(" ", ""), 2): n / shots for bits, n in found.items()}
            for found in counts
        ]
        return SimpleNamespace(result=lambda: SimpleNamespace(quasi_dists=laws))
