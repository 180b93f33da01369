"""Circuits and what executes them: torchquantum, the fused engine and its compiled loops."""
