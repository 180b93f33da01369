r"""The innermost loops, compiled by numba for CPUs.

At these sizes an array operation costs more to start than to do, and the states of a small
circuit fit the innermost cache. One pass that does everything with a number once it is loaded is
then many times faster than a sequence of operations on arrays. The same mathematics as tensor
operations, for GPUs and for circuits with :math:`R_{ZZ}`, is with the callers:
:mod:`latentq.engine.fused.matrices`, :mod:`latentq.diffusion.losses.kernels` and
:mod:`latentq.diffusion.measurement`.
They use the loops for tensors on the devices in :data:`DEVICES`.
"""

from torch import Tensor

from latentq.engine.native.assignment import assign
from latentq.engine.native.coordinates import evolve_coordinates
from latentq.engine.native.evolution import evolve, evolve_each, pull_back
from latentq.engine.native.measurement import pull_select, select
from latentq.engine.native.pairs import ladder
from latentq.engine.native.sparse_assignment import assign_one

DEVICES = {"cpu"}


def runs_on(tensor: Tensor) -> bool:
    """Returns whether there are loops for the device of a tensor."""
    return tensor.device.type in DEVICES


__all__ = [
    "assign",
    "assign_one",
    "evolve",
    "evolve_coordinates",
    "evolve_each",
    "ladder",
    "pull_back",
    "pull_select",
    "runs_on",
    "select",
]
