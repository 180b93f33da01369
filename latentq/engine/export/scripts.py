"""Programs as files of Python that build the circuit with Qiskit or with PennyLane."""

from typing import Literal

from latentq.engine.export.program import Operation, Program

Library = Literal["qiskit", "pennylane"]

QISKIT = '''\
def build() -> QuantumCircuit:
    """Returns the circuit, with the registers that it names."""
    quantum = [QuantumRegister(size, name) for name, size in QUBITS.items()]
    classical = [ClassicalRegister(size, name) for name, size in BITS.items()]
    circuit = QuantumCircuit(*quantum, *classical)
    for name, wires, *rest in OPERATIONS:
        if name == "measure":
            register, bit = rest
            circuit.measure(wires[0], classical[list(BITS).index(register)][bit])
        else:
            getattr(circuit, name)(*rest, *wires)
    return circuit


if __name__ == "__main__":
    print(build().count_ops())
'''

PENNYLANE_GATES = """\
GATES = {
    "x": qml.PauliX, "h": qml.Hadamard, "sdg": qml.adjoint(qml.S), "cz": qml.CZ, "cnot": qml.CNOT,
    "rx": qml.RX, "ry": qml.RY, "rz": qml.RZ, "rzz": qml.IsingZZ,
}


"""

PENNYLANE_DEFERRED = '''\
def apply() -> None:
    """Applies the gates; what is measured are the wires that come first, at the end."""
    for name, wires, *angle in OPERATIONS:
        if name != "measure":
            GATES[name](*angle, wires=wires)


@qml.qnode(qml.device("default.qubit", wires=WIRES))
def outcomes():
    """Returns the probabilities of the outcome strings, the first step most significant."""
    apply()
    return qml.probs(wires=range(MEASURED))


@qml.qnode(qml.device("default.qubit", wires=WIRES))
def state():
    """Returns the state before the measurement: outcome string first, then the data."""
    apply()
    return qml.state()


if __name__ == "__main__":
    print(outcomes())
'''

PENNYLANE_RESET = '''\
def apply() -> list:
    """Applies the gates and returns the measured bits of `outcome`."""
    found = []
    for name, wires, *angle in OPERATIONS:
        if name == "measure":
            found.append(qml.measure(wires[0], reset=True))
        elif name != "reset":  # Done by the measurement.
            GATES[name](*angle, wires=wires)
    return found


@qml.qnode(qml.device("default.qubit"))
def outcomes():
    """Returns the probabilities of the outcome strings, the first step most significant."""
    return qml.probs(op=apply())


if __name__ == "__main__":
    print(outcomes())
'''

HEADS = {
    "qiskit": "from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister",
    "pennylane": "import pennylane as qml",
}


def _entry(operation: Operation, library: Library) -> str:
    name, wires, angle, register, bit = operation
    name = "cx" if (name, library) == ("cnot", "qiskit") else name
    rest = [register, bit] if name == "measure" else [] if angle is None else [angle]
    return repr((name, [*wires], *rest))


def _body(program: Program, library: Library) -> str:
    if library == "qiskit":
        return QISKIT
    resets = any(operation.name == "reset" for operation in program.operations)
    return PENNYLANE_GATES + (PENNYLANE_RESET if resets else PENNYLANE_DEFERRED)


def to_script(program: Program, library: Library) -> str:
    """Writes a program as a file of Python that needs the library, and not LatentQ.

    Its `build()` returns a `QuantumCircuit` of Qiskit. With PennyLane, `apply()` applies the
    gates within a circuit of yours, and the QNode `outcomes()` returns the law of the outcomes.
    Angles are in radians, and exact.

    Arguments:
        program: The program.
        library: The library.
    """
    lines = [f'"""{program.title}"""', "", HEADS[library], ""]
    lines.append(f"QUBITS = {program.quantum_registers}")
    lines.append(f"BITS = {program.classical_registers}")
    if library == "pennylane":
        measured = program.ancillas + program.readouts
        lines.append(f"WIRES, MEASURED = {program.ancillas + program.data}, {measured}")
    lines.append("# Each: gate, qubits, angle in radians; qubits of `ancilla` come first.")
    lines.append("OPERATIONS = [")
    for part in program.parts:
        lines.append(f"    # {part.title}")
        lines += [f"    {_entry(operation, library)}," for operation in part.operations]
    lines += ["]", "", "", _body(program, library)]
    return "\n".join(lines)
