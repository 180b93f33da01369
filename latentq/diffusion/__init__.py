"""QuDDPM: scrambling forward, measured-ancilla circuits backward."""

from latentq.diffusion.denoiser import (
    Particles,
    QuDDPM,
    draw_outcomes,
    keep_outcomes,
    uniform_particles,
)
from latentq.diffusion.forward import ForwardProcess, scramble
from latentq.diffusion.objective import DenoisingObjective

__all__ = [
    "DenoisingObjective",
    "ForwardProcess",
    "Particles",
    "QuDDPM",
    "draw_outcomes",
    "keep_outcomes",
    "scramble",
    "uniform_particles",
]
