r"""Images decoded from states that were read out by a number of measurements.

A single copy of a generated state cannot be decoded. Its preparation is repeated :math:`N`
times, in all :math:`3^n` local Pauli settings, the counts are turned into an estimate of
:math:`\rho`, and the decoder sees that, see :mod:`latentq.quantum.readout`.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from latentq.models.generative import CHUNK, in_chunks
from latentq.models.states import StateModel
from latentq.quantum import readout
from latentq.randomness import derive_generator

READOUTS = tuple(readout.READOUTS)


@dataclass(frozen=True)
class Shots:
    """How states are read out.

    Arguments:
        number: The number of shots of each state.
        readout: What is made of the linear inversion, a key of
            :data:`latentq.quantum.readout.READOUTS`.
    """

    number: int
    readout: str = "eigenvector"

    def check(self, qubits: int) -> None:
        """Raises `InputError` if there are too few shots for the settings of some qubits."""
        readout.shots_of_settings(self.number, qubits)


@torch.no_grad()
def invert(rho: Tensor, number: int, seed: int) -> Tensor:
    """Returns estimates of states by a number of shots each, with shape (N, d, d), complex128.

    They have no bias, and negative eigenvalues.

    Arguments:
        rho: Density matrices, with shape (N, d, d).
        number: The number of shots of each state.
        seed: The seed of the outcomes.

    Raises:
        InputError: If there are too few shots.
    """
    generator = derive_generator(seed, "shots")
    found = []
    for chunk in rho.split(CHUNK):  # The counts of a state are thousands of numbers.
        counts = readout.measure(chunk, number, generator)
        found.append(readout.linear_inversion(counts))
    return torch.cat(found).to(rho.device)


@torch.no_grad()
def decode_states(model: StateModel, states: Tensor, shots: Shots | None, seed: int) -> Tensor:
    """Returns the images of states, with shape (N, 1, 28, 28).

    Arguments:
        model: The model, whose decoder is used.
        states: What its prior drew, see :meth:`~latentq.models.states.StateModel.decode`.
        shots: How the states are read out; they are known exactly if `None`.
        seed: The seed of the outcomes.
    """
    if shots is None:
        return in_chunks(model.decode, states)
    rho = readout.density_matrices(states)
    found = readout.READOUTS[shots.readout](invert(rho, shots.number, seed))
    return in_chunks(model.decode_matrices, found)
