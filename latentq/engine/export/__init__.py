r"""A chain of measured circuits written for other programs, and for machines.

:mod:`~latentq.engine.export.program` lists the operations, the other modules write them down:

- as OpenQASM 2 or 3, :func:`to_qasm`;
- as a file of Python that builds the circuit with Qiskit or with PennyLane, :func:`to_script`.
"""

from latentq.engine.export.program import Operation, Program, ProgramPart, Stage, chain_program
from latentq.engine.export.qasm import to_qasm
from latentq.engine.export.scripts import to_script

FORMATS = {
    "qasm2": lambda program: to_qasm(program, 2),
    "qasm3": lambda program: to_qasm(program, 3),
    "qiskit": lambda program: to_script(program, "qiskit"),
    "pennylane": lambda program: to_script(program, "pennylane"),
}

__all__ = [
    "FORMATS",
    "Operation",
    "Program",
    "ProgramPart",
    "Stage",
    "chain_program",
    "to_qasm",
    "to_script",
]
