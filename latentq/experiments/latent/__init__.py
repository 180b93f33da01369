"""The latent states of digits as quantum states."""
