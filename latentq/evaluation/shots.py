r"""Images decoded from states that were read out by a number of measurements.

A single copy of a generated state cannot be decoded. Its preparation is repeated :math:`N`
times, in all :math:`3^n` local Pauli settings, the counts are turned into an estimate of
:math:`\rho`, and the decoder sees that, see :mod:`latentq.quantum.readout`.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from latentq.errors import InputError
from latentq.models.generative import CHUNK, in_chunks
from latentq.models.states import StateModel
from latentq.quantum import local, readout
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

    def check(self, model: StateModel) -> None:
        """Checks that a model can be read out like this.

        Raises:
            InputError: If there are too few shots for the settings, or the decoder reads local
                words alone, which have no eigenvector.
        """
        if model.coordinates == "all":
            readout.shots_of_settings(self.number, model.qubits)
            return
        if self.readout != "linear":
            raise InputError(
                "readout: must be linear where the decoder reads local Pauli words, was "
                f"{self.readout}"
            )
        local.shots_of_local_settings(self.number, model.qubits)


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
    if model.coordinates == "local":
        read = local.measure_locally(rho, shots.number, derive_generator(seed, "shots"))
        like = next(model.decoder.parameters())
        return in_chunks(lambda x: model.decoder(x).sigmoid(), read.to(like))
    found = readout.READOUTS[shots.readout](invert(rho, shots.number, seed))
    return in_chunks(model.decode_matrices, found)
