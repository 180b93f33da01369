"""Programs as OpenQASM 2 and 3, of gates that every reader knows."""

from latentq.engine.export.program import Operation, Program

HEADS = {2: 'OPENQASM 2.0;\ninclude "qelib1.inc";', 3: 'OPENQASM 3.0;\ninclude "stdgates.inc";'}


def _registers(program: Program, version: int) -> list[str]:
    quantum, classical = program.quantum_registers, program.classical_registers
    if version == 2:
        lines = [f"qreg {name}[{size}];" for name, size in quantum.items()]
        return lines + [f"creg {name}[{size}];" for name, size in classical.items()]
    lines = [f"qubit[{size}] {name};" for name, size in quantum.items()]
    return lines + [f"bit[{size}] {name};" for name, size in classical.items()]


def _lines(program: Program, operation: Operation, version: int) -> list[str]:
    name, angle = operation.name, operation.angle
    wires = ["{}[{}]".format(*program.place(wire)) for wire in operation.wires]
    if name == "measure":
        bit = f"{operation.register}[{operation.bit}]"
        return [
            f"measure {wires[0]} -> {bit};" if version == 2 else f"{bit} = measure {wires[0]};"
        ]
    if name == "rzz":  # The gates of OpenQASM 3 have no RZZ.
        pair = f"cx {', '.join(wires)};"
        return [pair, f"rz({_number(angle)}) {wires[1]};", pair]
    shown = {"cnot": "cx"}.get(name, name) + ("" if angle is None else f"({_number(angle)})")
    return [f"{shown} {', '.join(wires)};"]


def _number(angle: float | None) -> str:
    """Writes an angle; the language wants a point before an exponent."""
    text = repr(angle)
    return text if "." in text else text.replace("e", ".0e")


def to_qasm(program: Program, version: int = 2) -> str:
    """Writes a program as OpenQASM.

    Angles are in radians, and exact: they are read back as the numbers that they are here. RZZ
    is written as two CNOTs and an RZ.

    Arguments:
        program: The program.
        version: The version of the language, 2 or 3.
    """
    lines = [f"// {program.title}", HEADS[version], *_registers(program, version)]
    for part in program.parts:
        lines.append(f"// {part.title}")
        for operation in part.operations:
            lines += _lines(program, operation, version)
    return "\n".join(lines) + "\n"
