"""Exported circuits, read back by qiskit and run there: the same laws and the same states."""

import re
from typing import Any

import numpy as np
import pytest
import torch

import latentq
from latentq.diffusion import ForwardProcess, QuDDPM
from latentq.engine.circuits import Circuit
from latentq.engine.export import to_qasm, to_script
from latentq.errors import InputError
from latentq.randomness import derive_generator
from tests import oracles
from tests.command_line import CommandLine
from tests.programs import Recorder, branches, expected, qasm2, qasm3, script, terminal

PROCESS = ForwardProcess(qubits=2, steps=3, terminal_strength=1.5)


def prior(**given: Any) -> QuDDPM:  # noqa: ANN401
    return QuDDPM(PROCESS, **{"layers": 3, "seed": 0, "init_scale": 3.0, **given})


def assert_same(found: np.ndarray, wanted: np.ndarray) -> None:
    """Equal probabilities, and equal states up to a phase."""
    law, ours = (np.square(np.abs(x)).sum(axis=1) for x in (found, wanted))
    assert found.shape == wanted.shape
    assert np.abs(law - ours).max() < 1e-6 and ours.min() > 1e-4
    overlap = np.abs((found.conj() * wanted).sum(axis=1)) ** 2 / (law * ours)
    assert np.abs(overlap - 1).max() < 1e-5


def read(text: str) -> Any:  # noqa: ANN401
    return qasm2.loads(text)


@pytest.mark.parametrize("deferred", [True, False])
@pytest.mark.parametrize("ancillas", [1, 2])
def test_qasm_is_read_back_as_the_same_chain(deferred: bool, ancillas: int) -> None:
    model = prior(ancillas=ancillas)
    circuit = read(model.to_qasm(deferred=deferred, seed=5))

    assert circuit.num_qubits == 2 + ancillas * (3 if deferred else 1)
    assert [(r.name, r.size) for r in circuit.cregs] == [("outcome", 3 * ancillas)]
    assert [r.name for r in circuit.qregs] == ["ancilla", "data"]
    assert_same(branches(circuit, 2), expected(model, terminal(model, 5)))


@pytest.mark.parametrize(("deferred", "qubits"), [(True, 6), (False, 4)])
def test_steps_of_different_ancillas_are_read_back(deferred: bool, qubits: int) -> None:
    """The last step, which has two, finds one that was used and one that was not."""
    model = prior(ancillas=(2, 1))
    circuit = read(model.to_qasm(deferred=deferred, seed=5))

    assert circuit.num_qubits == qubits and circuit.num_clbits == 4
    assert circuit.count_ops().get("reset", 0) == (0 if deferred else 2)
    assert_same(branches(circuit, 2), expected(model, terminal(model, 5)))


def test_the_terminal_state_is_that_of_a_sample() -> None:
    model = prior()

    for seed, start in ((1, None), (2, None), (2, 3)):
        chosen = None if start is None else torch.tensor([start])
        psi = model.sample_chain(1, seed=seed, start=chosen)[0]
        circuit = read(model.to_qasm(seed=seed, start=start))
        assert_same(branches(circuit, 2), expected(model, psi))
    zero = QuDDPM(ForwardProcess(qubits=2, steps=3, terminal="zero"), layers=3, seed=0)
    assert_same(branches(read(zero.to_qasm(seed=4)), 2), expected(zero, terminal(zero, 4)))


def test_each_step_alone_is_its_kraus_matrices() -> None:
    model = prior(layers=(2, 3, 4))
    for step, circuit in enumerate(model.circuits):
        kraus = oracles.kraus(circuit, model.angles[step].detach().double().numpy(), 1)
        found = branches(read(model.to_qasm(step)), 2)
        assert_same(found, kraus[:, :, 0])
        assert model.to_qasm(step).startswith(f"// Step {step} of")


@pytest.mark.parametrize("entangler", ["cz", "cnot", "rzz"])
@pytest.mark.parametrize("version", [2, 3])
def test_every_gate_is_written(entangler: Any, version: Any) -> None:  # noqa: ANN401
    circuit = Circuit(3, 2, ("rx", "ry", "rz"), entangler, ((2, 0), (0, 1)))
    model = prior(circuit=circuit, layers=None)
    text = model.to_qasm(seed=5, deferred=False, version=version)

    assert_same(branches(read(to_version_2(text)), 2), expected(model, terminal(model, 5)))


def to_version_2(text: str) -> str:
    """OpenQASM 3 in the words of OpenQASM 2."""
    for pattern, words in (
        (r"^OPENQASM 3.0;", "OPENQASM 2.0;"),
        (r'"stdgates.inc"', '"qelib1.inc"'),
        (r"^qubit(\[\d+\]) (\w+);", r"qreg \2\1;"),
        (r"^bit(\[\d+\]) (\w+);", r"creg \2\1;"),
        (r"^(\S+) = measure (\S+);", r"measure \2 -> \1;"),
    ):
        text = re.sub(pattern, words, text, flags=re.MULTILINE)
    return text


def test_qasm_3_is_what_qiskit_writes() -> None:
    model = prior()
    text = model.to_qasm(deferred=False, version=3)
    words = re.compile(r"^(?:r[xyz]\(|cx |cz |x |reset |\w+\[\d+\] = measure).*$", re.MULTILINE)
    theirs = words.findall(qasm3.dumps(read(model.to_qasm(deferred=False))))

    def numbers(lines: list[str]) -> list[float]:
        return [float(x) for line in lines for x in re.findall(r"\((.*?)\)", line)]

    ours = words.findall(text)
    assert [re.sub(r"\(.*?\)", "", x) for x in ours] == [re.sub(r"\(.*?\)", "", x) for x in theirs]
    assert numbers(ours) == pytest.approx(numbers(theirs), abs=1e-6)
    assert text.splitlines()[1:3] == ["OPENQASM 3.0;", 'include "stdgates.inc";']


def test_qasm_3_is_read_back() -> None:
    pytest.importorskip("qiskit_qasm3_import")
    model = prior()
    circuit = qasm3.loads(model.to_qasm(version=3))

    assert_same(branches(circuit, 2), expected(model, terminal(model, 0)))


def test_angles_are_exact_and_have_a_point() -> None:
    model = prior().double()
    with torch.no_grad():
        model.angles[2][0] = 1e-7
    words = re.findall(r"\((\S+?)\)", model.to_qasm(2))
    wanted = model.angles[2].detach().double().tolist()

    assert [float(word) for word in words] == wanted
    assert all("." in word for word in words) and "e-" in words[0]


@pytest.mark.parametrize("deferred", [True, False])
def test_the_script_builds_the_circuit_with_qiskit(deferred: bool) -> None:
    model = prior()
    text = to_script(model.program(deferred=deferred, seed=5), "qiskit")
    circuit = script(text, {}).build()

    assert [r.name for r in (*circuit.qregs, *circuit.cregs)] == ["ancilla", "data", "outcome"]
    assert_same(branches(circuit, 2), expected(model, terminal(model, 5)))


@pytest.mark.parametrize("deferred", [True, False])
def test_the_script_calls_pennylane_for_the_same_gates(deferred: bool) -> None:
    """What it calls is written down; the real library is asked where it is installed, below."""
    model = prior()
    text = to_script(model.program(deferred=deferred, seed=5), "pennylane")
    recorder = Recorder(2 + (3 if deferred else 1), 3)
    found = script(text, {"pennylane": recorder}).outcomes()

    assert found == [0, 1, 2]  # The wires, or the bits, in this order.
    if deferred:
        recorder.circuit.measure(found, found)
    assert_same(branches(recorder.circuit, 2), expected(model, terminal(model, 5)))


@pytest.mark.parametrize("deferred", [True, False])
def test_pennylane_has_the_same_law(deferred: bool) -> None:
    pytest.importorskip("pennylane")
    model = prior()
    made = script(to_script(model.program(deferred=deferred, seed=5), "pennylane"), {})
    wanted = expected(model, terminal(model, 5))

    law = np.square(np.abs(wanted)).sum(axis=1)
    assert np.abs(np.asarray(made.outcomes()) - law).max() < 1e-6
    if deferred:
        assert_same(np.asarray(made.state()).reshape(8, 4), wanted)


def test_the_data_are_read_out_in_a_setting() -> None:
    """The law of the bits is that of rotated states, by expectations of Paulis."""
    model = prior()
    program = model.program(seed=5).read_out("yx")
    circuit = read(to_qasm(program))
    states = expected(model, terminal(model, 5))
    found = np.square(np.abs(branches(circuit, 2))).sum(axis=1).reshape(8, 4)

    assert [(r.name, r.size) for r in circuit.cregs] == [("outcome", 3), ("readout", 2)]
    for number, bits in enumerate([(0, 0), (0, 1), (1, 0), (1, 1)]):
        parts = [
            (np.eye(2) + (-1) ** bit * oracles.PAULI[letter]) / 2
            for bit, letter in zip(bits, "yx", strict=True)
        ]
        wanted = np.einsum("mi,ij,mj->m", states.conj(), np.kron(*parts), states).real
        assert np.abs(found[:, number] - wanted).max() < 1e-6
    made = script(to_script(program, "pennylane"), {"pennylane": Recorder(5, 5)})
    assert made.outcomes() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"step": 3}, "step: must be from 0 to 2, was 3"),
        ({"step": -1}, "step: must be an integer of at least 0, was -1"),
        ({"seed": 0.5}, "seed: must be an integer"),
        ({"start": 4}, r"start: must be 1 basis states from 0 to 3, was \[4\]"),
    ],
)
def test_what_cannot_be_exported_is_told(given: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        prior().program(**given)


def test_states_that_no_gates_make_are_refused() -> None:
    haar = QuDDPM(ForwardProcess(qubits=2, steps=2, terminal="haar"), layers=3, seed=0)
    with pytest.raises(
        InputError, match="terminal: must be basis, product or zero to be made by gates"
    ):
        haar.program()
    assert "measure" in haar.to_qasm(1)

    class Own:
        qubits, steps, diffuse, terminal_states = 2, 2, None, None

    own: Any = Own()
    with pytest.raises(InputError, match="step: must be given, as a Own says not"):
        QuDDPM(own, layers=3, seed=0).program()
    with pytest.raises(InputError, match=r"setting: must be 2 letters of x, y, z, .* was 'xw'"):
        prior().program().read_out("xw")


def test_no_ancilla_is_no_measurement() -> None:
    model = prior(ancillas=0)
    text = model.to_qasm(seed=3)

    assert "measure" not in text and "qreg ancilla" not in text
    psi = model.sample_chain(1, derive_generator(3, "sample"))[-1]
    assert_same(branches(read(text), 2), psi.detach().to(torch.complex128).numpy())


def test_the_command_writes_the_shipped_model(line: CommandLine) -> None:
    done = line.latentq("export", "seed=2", "deferred=false", "step=3", "out=a.qasm")
    assert done.out == "169 operations on 5 qubits: a.qasm\n", done
    model: Any = latentq.load("quantum")
    assert (line.folder / "a.qasm").read_text() == model.prior.to_qasm(3, False, seed=2)

    done = line.latentq("export", "format=pennylane", "setting=xxyz", "start=5", "seed=3")
    program = model.prior.program(seed=3, start=5).read_out("xxyz")
    assert (line.folder / "prior.py").read_text() == to_script(program, "pennylane")
    assert done.out.endswith("operations on 11 qubits: prior.py\n")


def test_a_conditional_model_starts_in_its_class(line: CommandLine) -> None:
    line.latentq("export", "checkpoint=quantum-conditional", "seed=6")
    model: Any = latentq.load("quantum-conditional")

    (label,) = model.labels(1, 6).tolist()
    assert (line.folder / "prior.qasm").read_text() == model.prior.to_qasm(seed=6, start=label)


@pytest.mark.parametrize(
    ("word", "message"),
    [
        (
            "format=qasm",
            "format: must be one of qasm2, qasm3, qiskit, pennylane, was 'qasm'"
            " (did you mean qasm3?)",
        ),
        ("step=5", "step: must be from 0 to 4, was 5"),
        ("start=16", "start: must be 1 basis states from 0 to 15, was [16]"),
        ("deferred=maybe", "deferred: must be true or false, was 'maybe'"),
        ("setting=xx", "setting: must be 4 letters of x, y, z, one a qubit, was 'xx'"),
        ("out=a.txt", "out: must be a .qasm file in a folder that exists, was a.txt"),
        (
            "checkpoint=classical",
            "checkpoint: must be a model with a quantum prior, such as quantum, was classical",
        ),
    ],
)
def test_a_wrong_word_is_one_line(word: str, message: str, line: CommandLine) -> None:
    done = line.latentq("export", word)

    assert (done.code, done.mistakes) == (2, [message])
    assert list(line.folder.iterdir()) == []
