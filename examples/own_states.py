"""Train a QuDDPM on your own states: here states of two qubits near |00>."""

import torch

import latentq

generator = torch.Generator().manual_seed(0)
states = 0.3 * torch.randn(1000, 4, dtype=torch.complex64, generator=generator)
states[:, 0] = 1
states /= torch.linalg.vector_norm(states, dim=1, keepdim=True)

forward = latentq.ForwardProcess(qubits=2, steps=3)
prior = latentq.QuDDPM(forward, ancillas=1, layers=8, seed=0)
before = latentq.evaluate_states(prior.sample(500, seed=0), states[500:])
history = latentq.fit(prior, states[:500], iterations=120)
after = latentq.evaluate_states(prior.sample(500, seed=0), states[500:])

print(f"mmdk to new data: {before['mmdk']:.4f} before, {after['mmdk']:.4f} after the training")
print(f"new data to new data: {after['mmdk_data']:.4f}")
