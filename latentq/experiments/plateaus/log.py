r"""The gradients of the research log's largest denoiser that is described in full.

It has 8 qubits and 216 angles, which is 9 layers of three rotations, and sees 10 Haar states that
one random circuit :math:`S` has scrambled. Over all Haar states its cost is

.. math:: 1 - \frac{d + | \mathrm{Tr} \, W |^2}{d (d + 1)}, \qquad W = U S,

whose gradient is the signal behind that of 10 states.
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from latentq.engine import fused
from latentq.engine.circuits import Circuit, cnot_circuit
from latentq.experiments.plateaus.statistics import mean_interval
from latentq.quantum.plateaus import cost_gradients, global_cost, uniform_angles
from latentq.quantum.scrambling import RandomCircuit
from latentq.quantum.states import haar_states
from latentq.randomness import derive_generator

QUBITS, LAYERS, SCRAMBLED, STATES = 8, 9, 12, 10
CHUNK, SIGNAL_DRAWS = 25, 10


def scrambled(psi: Tensor, generator: torch.Generator) -> Tensor:
    """Scrambles states, with shape (S, B, d), by one random circuit for each batch of B."""
    circuit = RandomCircuit(
        QUBITS, SCRAMBLED, "staggered", generator, copies=len(psi), dtype=torch.float64
    )
    batches = [circuit.scramble(state, SCRAMBLED) for state in psi.unbind(dim=1)]
    return torch.stack(batches, dim=1)


def of_states(count: int, draws: int, seed: int) -> Iterator[Tensor]:
    """Yields gradients of the mean infidelity of some states, with shape (S, P), in parts."""
    circuit = cnot_circuit(QUBITS, LAYERS)
    generator = derive_generator(seed, "log", count)
    for first in range(0, draws, CHUNK):
        size = min(CHUNK, draws - first)
        angles = uniform_angles(circuit, size, generator)
        states = haar_states(
            size, count, qubits=QUBITS, generator=generator, dtype=torch.complex128
        )
        inputs = scrambled(states, generator)
        yield cost_gradients(circuit, angles, inputs, states, {"global": global_cost})["global"]


def mean_infidelity(unitary: Tensor) -> Tensor:
    """Returns the mean infidelity of Haar states with what matrices of shape (S, d, d) make."""
    d = unitary.shape[-1]
    trace = unitary.diagonal(dim1=-2, dim2=-1).sum(dim=-1)
    return 1 - (d + trace.abs().square()) / (d * (d + 1))


def of_all_states(circuit: Circuit, angles: Tensor, generator: torch.Generator) -> Tensor:
    """Returns gradients of the mean infidelity of all Haar states, with shape (S, P)."""
    basis = torch.eye(2**circuit.qubits, dtype=torch.complex128).expand(len(angles), -1, -1)
    angles = angles.detach().requires_grad_()
    output = fused.evolve(circuit, angles, scrambled(basis, generator))
    return torch.autograd.grad(mean_infidelity(output).sum(), angles)[0]


def log_rows(draws: int, seed: int) -> list[dict[str, Any]]:
    """Measures the root mean square of derivatives for 1 state, 10 states, and all states."""
    circuit = cnot_circuit(QUBITS, LAYERS)
    generator = derive_generator(seed, "log", "all")
    found = {str(count): torch.cat([*of_states(count, draws, seed)]) for count in (1, STATES)}
    parts = [
        of_all_states(circuit, uniform_angles(circuit, 1, generator), generator)
        for _ in range(SIGNAL_DRAWS)
    ]
    found["all"] = torch.cat(parts)
    rows = []
    for states, gradients in found.items():
        ends = mean_interval(gradients.square().mean(dim=1), seed)
        size, low, high = (end**0.5 for end in ends)
        row = {"states": states, "angles": circuit.parameters, "draws": len(gradients)}
        rows.append({**row, "typical": size, "low": low, "high": high})
    return rows
