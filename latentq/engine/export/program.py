r"""The operations of a chain of measured circuits, one after the other.

A step :math:`t` joins fresh ancillas in :math:`| 0 \rangle` to the data, applies a circuit and
measures the ancillas. Nothing later depends on what was measured, so that there are two forms:

- *deferred*: every step has ancillas of its own, and all are measured at the end. With five steps,
  one ancilla and four data qubits these are nine qubits;
- with *reset*: the same ancillas are measured and reset after every step, on five qubits. A step
  that has fewer ancillas than another takes the first of them.

Both have the same law of outcomes, and leave the same states. Ancillas are the first qubits,
and qubit 0 is the most significant bit of an index; the outcome of the step that acts first is
the most significant one of an outcome string.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from torch import Tensor

from latentq.engine.circuits import Circuit
from latentq.errors import InputError

BASES = {"x": ("h",), "y": ("sdg", "h"), "z": ()}


class Operation(NamedTuple):
    """A gate, a `measure` into a bit of `outcome` or `readout`, or a `reset`.

    Gates are `x`, `h`, `sdg`, `rx`, `ry`, `rz`, `cz`, `cnot` and `rzz`, with angles in radians.
    """

    name: str
    wires: tuple[int, ...]
    angle: float | None = None
    register: str = ""
    bit: int = 0


class ProgramPart(NamedTuple):
    """Operations that belong together, and what they do."""

    title: str
    operations: tuple[Operation, ...]


class Stage(NamedTuple):
    """A circuit with its angles, of shape (P), what it does, and how many ancillas it measures."""

    title: str
    circuit: Circuit
    angles: Tensor
    ancillas: int = 0


@dataclass(frozen=True)
class Program:
    """The operations on a register `ancilla` and a register `data`.

    Arguments:
        title: What it does, in one line.
        ancillas: The number of qubits of `ancilla`, which come first.
        data: The number of qubits of `data`.
        outcomes: The number of bits of the classical register `outcome`.
        parts: The operations.
        readouts: The number of bits of the classical register `readout`, none if 0.
    """

    title: str
    ancillas: int
    data: int
    outcomes: int
    parts: tuple[ProgramPart, ...]
    readouts: int = 0

    @property
    def operations(self) -> list[Operation]:
        """All operations, in the order in which they act."""
        return [operation for part in self.parts for operation in part.operations]

    @property
    def quantum_registers(self) -> dict[str, int]:
        """The sizes of the registers of qubits, in order."""
        return {k: n for k, n in (("ancilla", self.ancillas), ("data", self.data)) if n}

    @property
    def classical_registers(self) -> dict[str, int]:
        """The sizes of the registers of bits, in order."""
        return {k: n for k, n in (("outcome", self.outcomes), ("readout", self.readouts)) if n}

    def place(self, wire: int) -> tuple[str, int]:
        """Returns the register of a qubit, and its number there."""
        return ("ancilla", wire) if wire < self.ancillas else ("data", wire - self.ancillas)

    def read_out(self, setting: str) -> "Program":
        """Returns the program with a measurement of the data at its end, into `readout`.

        Arguments:
            setting: The Pauli operator that each data qubit is measured in, as `xzzy`.

        Raises:
            InputError: If it is no such word.
        """
        if len(setting) != self.data or set(setting) - set(BASES):
            raise InputError(
                f"setting: must be {self.data} letters of x, y, z, one a qubit, was {setting!r}"
            )
        found = []
        for bit, letter in enumerate(setting):
            wires = (self.ancillas + bit,)
            found += [Operation(name, wires) for name in BASES[letter]]
            found.append(Operation("measure", wires, register="readout", bit=bit))
        part = ProgramPart(f"measure the data in {setting}", tuple(found))
        return replace(self, parts=(*self.parts, part), readouts=self.data)


def circuit_operations(circuit: Circuit, angles: Tensor, wires: Sequence[int]) -> list[Operation]:
    """Lists the gates of a circuit on some qubits.

    Arguments:
        circuit: The circuit.
        angles: Its angles in radians, with shape (P).
        wires: The qubits that its own ones are.

    Raises:
        ValueError: If the number of angles is not that of the circuit.
    """
    circuit.split(angles)
    values = angles.detach().double().tolist()
    return [
        Operation(
            gate.name,
            tuple(wires[q] for q in gate.wires),
            None if gate.angle is None else values[gate.angle],
        )
        for gate in circuit.gates()
    ]


def _prepare(index: int, stage: Stage, wires: Sequence[int]) -> ProgramPart:
    """Makes a basis state, and applies a circuit to it."""
    ones = [w for k, w in enumerate(wires) if index >> (len(wires) - 1 - k) & 1]
    flips = [Operation("x", (wire,)) for wire in ones]
    gates = circuit_operations(stage.circuit, stage.angles, wires)
    return ProgramPart(stage.title, (*flips, *gates))


def chain_program(
    title: str,
    stages: Sequence[Stage],
    deferred: bool = True,
    preparation: tuple[int, Stage] | None = None,
) -> Program:
    """Lists the operations of some steps.

    Arguments:
        title: What the program does.
        stages: The circuits of the steps, in the order in which they act, ancillas first.
        deferred: Whether each step has ancillas of its own, which are measured at the end.
        preparation: The basis state to start from, and what acts on it.
    """
    numbers = [stage.ancillas for stage in stages]
    first = sum(numbers) if deferred else max(numbers)
    data = range(first, first + stages[0].circuit.qubits - numbers[0])
    parts = [_prepare(*preparation, data)] if preparation else []
    done, used = 0, 0
    for stage in stages:
        place = done if deferred else 0
        own = range(place, place + stage.ancillas)
        fresh = () if deferred else tuple(Operation("reset", (w,)) for w in own if w < used)
        gates = circuit_operations(stage.circuit, stage.angles, [*own, *data])
        parts.append(ProgramPart(stage.title, (*fresh, *gates)))
        if not deferred and own:
            parts.append(_measure(own, done))
        done, used = done + stage.ancillas, max(used, stage.ancillas)
    if deferred and first:
        parts.append(_measure(range(first), 0))
    return Program(title, first, len(data), done, tuple(parts))


def _measure(wires: range, first: int) -> ProgramPart:
    """Measures ancillas into the bits of `outcome` from some bit on."""
    found = [
        Operation("measure", (wire,), register="outcome", bit=first + k)
        for k, wire in enumerate(wires)
    ]
    return ProgramPart("measure the ancillas", tuple(found))
