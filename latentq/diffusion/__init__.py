"""QuDDPM: scrambling forward, measured-ancilla circuits backward."""

from latentq.diffusion.chain import Chain
from latentq.diffusion.forward import Forward, ForwardProcess, scramble
from latentq.diffusion.measurement import (
    Particles,
    draw_uniforms,
    keep_outcomes,
    score_outcomes,
    select_outcomes,
    uniform_particles,
)
from latentq.diffusion.objective import DenoisingObjective
from latentq.diffusion.quddpm import QuDDPM
from latentq.diffusion.report import report

__all__ = [
    "Chain",
    "DenoisingObjective",
    "Forward",
    "ForwardProcess",
    "Particles",
    "QuDDPM",
    "draw_uniforms",
    "keep_outcomes",
    "report",
    "score_outcomes",
    "scramble",
    "select_outcomes",
    "uniform_particles",
]
