"""Faults in exported circuits, readouts, errors, and what a machine's counts become."""

from tests.mutants.fault import Fault, faults_of

FAULTS: list[Fault] = [
    *faults_of(
        "latentq/engine/export/program.py",
        "test_export",
        (
            "the bits of a basis state reversed",
            "index >> (len(wires) - 1 - k) & 1",
            "index >> k & 1",
            "the exported circuit prepares another state",
        ),
        (
            "ancillas are not reset",
            '() if deferred else tuple(Operation("reset", (w,)) for w in own if w < used)',
            "()",
            "a step begins with the outcome of the one before",
        ),
        (
            "Y is measured by S instead of its inverse",
            '"y": ("sdg", "h")',
            '"y": ("h",)',
            "Y is read out as X",
        ),
    ),
    *faults_of(
        "latentq/engine/export/qasm.py",
        "test_export",
        (
            "the RZ of RZZ on its control",
            'return [pair, f"rz({_number(angle)}) {wires[1]};", pair]',
            'return [pair, f"rz({_number(angle)}) {wires[0]};", pair]',
            "RZZ without entanglement",
        ),
        (
            "an angle without a point",
            'return text if "." in text else text.replace("e", ".0e")',
            "return text",
            "OpenQASM 2 has no such number",
        ),
    ),
    *faults_of(
        "latentq/quantum/readout.py",
        "test_readout",
        (
            "the sign of Y",
            "[[half, -half * 1j], [half, half * 1j]]",
            "[[half, half * 1j], [half, -half * 1j]]",
            "states are read out as their conjugates",
        ),
        (
            "snapshots without the factor 3",
            "one = 3 * bras",
            "one = 2 * bras",
            "estimates are biased",
        ),
        (
            "settings weighted by their shots",
            "counts / shots / counts.shape[1]",
            "counts / counts.sum(dim=(1, 2), keepdim=True)",
            "settings with more shots count more",
        ),
        (
            "purity left out of the error",
            "(5**n - rho.abs().square().sum(dim=(-2, -1))) / shots",
            "5**n / shots",
            "the closed form is another one",
        ),
        (
            "the least eigenvector",
            ".eigenvectors[..., -1]",
            ".eigenvectors[..., 0]",
            "images of the least likely state",
        ),
        (
            "clipped states without trace one",
            "kept = kept / kept.sum(dim=-1, keepdim=True)",
            "kept = kept / 1",
            "the warning is about another estimate",
        ),
        (
            "outcome strings and bits exchanged",
            "counts.unflatten(-1, (-1, 2**qubits)).transpose(0, 1)",
            "counts.unflatten(-1, (2**qubits, -1)).movedim(-1, 0)",
            "shots are put under other outcomes",
        ),
    ),
    *faults_of(
        "latentq/engine/noisy.py",
        "test_noisy",
        (
            "unitaries transposed",
            '"...ij,qjk,...lk->...qil"',
            '"...ji,qjk,...kl->...qil"',
            "circuits turn the other way",
        ),
        (
            "depolarising one part in 16 too much",
            "torch.full((16,), 1 - p, dtype=torch.float64)",
            "torch.full((16,), 1 - 16 * p / 15, dtype=torch.float64)",
            "the error rate has another meaning than Qiskit's",
        ),
        (
            "damping towards one",
            "found[3, 0] = gamma",
            "found[3, 0] = -gamma",
            "qubits decay upwards",
        ),
        (
            "misread bits count once",
            "seen = (1 - 2 * noise.readout)",
            "seen = (1 - noise.readout)",
            "half of the misread outcomes",
        ),
        (
            "one phase of RZZ",
            "torch.tensor([1, -1, -1, 1], dtype=torch.float64)",
            "torch.tensor([1, 1, -1, -1], dtype=torch.float64)",
            "RZZ is a rotation of one qubit",
        ),
    ),
    *faults_of(
        "latentq/engine/qiskit.py",
        "test_device",
        (
            "bits in Qiskit's order",
            "return int(bits[::-1], 2)",
            "return int(bits, 2)",
            "counts of the first interface are of other outcomes",
        ),
        (
            "registers in Qiskit's order",
            '"".join(part[::-1] for part in parts)',
            '"".join(parts)',
            "counts of the second interface are of other outcomes",
        ),
    ),
    *faults_of(
        "latentq/models/device.py",
        "test_device",
        (
            "every outcome string alike",
            "torch.multinomial(weights, n,",
            "torch.multinomial(torch.ones_like(weights), n,",
            "images of rare outcomes are as frequent as others",
        ),
    ),
]
