"""Writes the circuits of a trained quantum prior for other programs, and for machines.

python -m latentq.models.export checkpoint=quantum format=qasm2 out=prior.qasm seed=0 deferred=true

The formats are qasm2 and qasm3, OpenQASM, and qiskit and pennylane, files of Python that build
the circuit. It makes the terminal state of a seed, from a basis state that `start` may choose, and
takes it through all steps; `step=2` writes one step alone, on data that you prepare.
`deferred=true` has ancillas of its own for every step, measured at the end, `deferred=false`
measures and resets the same ones. `setting=xzzy` measures the data too, each qubit in a basis.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from latentq.config.commands import read_options, run_command
from latentq.config.fields import Folder, Seed, Settings, Size, Text
from latentq.config.marks import OneOf
from latentq.errors import InputError

if TYPE_CHECKING:
    from latentq.engine.export import Program

SUFFIXES = {"qasm2": ".qasm", "qasm3": ".qasm", "qiskit": ".py", "pennylane": ".py"}


class Options(Settings):
    """What is written, and where it goes."""

    checkpoint: Folder = Field(
        "checkpoints/quantum", description="a folder, or the name of a quantum model of LatentQ"
    )
    format: Annotated[str, OneOf(SUFFIXES)] = Field("qasm2", description="the language")
    out: Folder | None = Field(None, description="the file; null: prior.qasm, or prior.py")
    seed: Seed = Field(0, description="the seed of the terminal state")
    step: Size | None = Field(None, description="one step alone, on data that you prepare")
    start: Size | None = Field(None, description="the basis state that it begins with")
    deferred: bool = Field(True, description="whether every step has ancillas of its own")
    setting: Text | None = Field(None, description="the bases of the data, such as xzzy")


def program_of(options: Options) -> "Program":
    """Returns the operations that are asked for.

    A conditional model that is given no start begins with a class that it draws.

    Raises:
        InputError: If there is no such model, step, start or setting.
    """
    from latentq.models.hybrid import quantum_model
    from latentq.models.storage import load

    model, prior = quantum_model(load(options.checkpoint), options.checkpoint)
    start = options.start
    if model.conditional and start is None:
        (start,) = model.labels(1, options.seed).tolist()  # type: ignore[union-attr]
    deferred = options.deferred
    program = prior.program(options.step, deferred, seed=options.seed, start=start)
    setting = options.setting
    return program if setting is None else program.read_out(setting)


def export(arguments: list[str]) -> None:
    """Writes the circuits into a file.

    Raises:
        InputError: If an option is wrong, or the checkpoint is missing or damaged.
    """
    options = read_options(arguments, Options)
    suffix = SUFFIXES[options.format]
    out = Path(options.out or f"prior{suffix}")
    if out.suffix != suffix or not out.parent.is_dir() or out.is_dir():
        raise InputError(f"out: must be a {suffix} file in a folder that exists, was {out}")

    # These imports take seconds; a wrong option is answered without them.
    from latentq.engine.export import FORMATS
    from latentq.paths import check_writable, write_atomically

    check_writable(out.parent, "out")
    program = program_of(options)
    write_atomically(out, FORMATS[options.format](program).encode())
    gates = len(program.operations)
    qubits = program.ancillas + program.data
    print(f"{gates:,} operations on {qubits} qubits: {out}")


if __name__ == "__main__":
    sys.exit(run_command(export, __doc__, Options))
