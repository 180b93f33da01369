"""Classical baselines with the networks, trainers and sizes of the quantum model."""
