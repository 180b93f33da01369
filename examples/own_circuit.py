"""Denoise with your own circuit: general rotations and a ring of CNOTs."""

import torch

import latentq


def ring(qubits: int, layers: int) -> latentq.Circuit:
    """Returns a circuit on all qubits of a step, the ancilla first."""
    pairs = tuple((q, (q + 1) % qubits) for q in range(qubits))
    return latentq.Circuit(qubits, layers, ("rz", "ry", "rz"), "cnot", pairs)


phases = torch.rand(600, generator=torch.Generator().manual_seed(0)) - 0.5
ones = torch.ones(600)
states = torch.stack([torch.polar(ones, k * phases) for k in range(4)], dim=1) / 2

prior = latentq.QuDDPM(
    latentq.ForwardProcess(qubits=2, steps=3), layers=6, circuit=ring, loss="mmd1", seed=0
)
latentq.fit(prior, states[:300], iterations=150)
scores = latentq.evaluate_states(prior.sample(300, seed=0), states[300:])

print(f"a step has {prior.circuits[0].parameters} angles")
print(f"mmd1 {scores['mmd1']:.4f}, that of data {scores['mmd1_data']:.4f}")
