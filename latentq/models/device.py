r"""Images from a machine that runs the circuits of a quantum prior: circuits out, counts in.

A few terminal states are prepared again and again, in all :math:`3^n` settings of the data. Every
shot belongs to the state that its outcome string leaves, so that one preparation gives many states
at once. An image takes one outcome string of its preparation, by its frequency, and the decoder
sees the top eigenvector of what the shots with this string say.

The images of one preparation are less different from each other than those of many, so that more
preparations are better, and take more circuits.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from latentq.diffusion import QuDDPM
from latentq.diffusion.forward import ForwardProcess, Preparation
from latentq.engine import qiskit
from latentq.errors import InputError
from latentq.models.generative import in_chunks
from latentq.models.hybrid import LatentQ, quantum_model
from latentq.quantum import readout
from latentq.quantum.states import turn_randomly
from latentq.randomness import check_whole, derive_generator

SHARE = 8  # images of one preparation, where their number is not given


@dataclass(frozen=True)
class DevicePlan:
    """What is run.

    Arguments:
        images: The number of images.
        shots: The number of shots that an image may take.
        starts: The number of preparations; one for :data:`SHARE` images if `None`.
        deferred: Whether ancillas are measured at the end, see
            :meth:`latentq.diffusion.QuDDPM.program`.

    Raises:
        InputError: If a number is not at least 1, or there are more preparations than images.
    """

    images: int
    shots: int
    starts: int | None = None
    deferred: bool = True

    def __post_init__(self) -> None:
        check_whole(self.images, "n", 1)
        check_whole(self.shots, "shots", 1)
        if self.starts is not None and check_whole(self.starts, "starts", 1) > self.images:
            raise InputError(f"starts: must be at most n, {self.images}, was {self.starts}")

    @property
    def preparations(self) -> int:
        """The number of preparations."""
        return self.starts or -(-self.images // SHARE)

    @property
    def group(self) -> int:
        """The most images of one preparation."""
        return -(-self.images // self.preparations)

    def shots_of_circuit(self, qubits: int) -> int:
        """Returns the shots of each circuit, one circuit for each setting.

        Raises:
            InputError: If there are fewer shots than settings.
        """
        return int(readout.shots_of_settings(self.shots * self.group, qubits).max())


def run_preparation(
    prior: QuDDPM, sampler: qiskit.Sampler, made: Preparation, plan: DevicePlan
) -> Tensor:
    """Runs all settings of one preparation, and bins the shots by outcome string.

    Arguments:
        prior: The prior.
        sampler: What runs circuits.
        made: How the terminal state is made.
        plan: What is run.

    Returns:
        The counts by outcome string, setting and bits, with shape (strings, 3^n, 2^n).
    """
    qubits = prior.forward_process.qubits
    program = prior.write_program(made, deferred=plan.deferred)
    programs = [program.read_out(setting) for setting in readout.settings(qubits)]
    counts = qiskit.count(sampler, programs, plan.shots_of_circuit(qubits))
    return readout.bin_outcomes(counts, qubits)


def draw_states(counts: Tensor, n: int, generator: torch.Generator) -> Tensor:
    """Draws outcome strings by their frequency, and reads out the states that they leave.

    Arguments:
        counts: The counts by outcome string, with shape (strings, 3^n, 2^n).
        n: The number of states N.
        generator: The source of randomness.

    Returns:
        Density matrices of pure states, with shape (N, d, d).
    """
    weights = counts.sum(dim=(1, 2))
    drawn = torch.multinomial(weights, n, replacement=True, generator=generator)
    estimates = readout.classical_shadow(counts[drawn])
    return readout.READOUTS["eigenvector"](estimates)


@torch.no_grad()
def sample_on(model: LatentQ, sampler: qiskit.Sampler, plan: DevicePlan, seed: int = 0) -> Tensor:
    r"""Draws images by a machine, with shape :math:`(N, 1, 28, 28)`, in :math:`[0, 1]`.

    Arguments:
        model: A model with a quantum prior.
        sampler: What runs circuits: any sampler of Qiskit, such as those of a machine.
        plan: What is run.
        seed: The seed of the preparations, of the classes of a conditional model, and of the
            outcome strings that images take.

    Raises:
        InputError: If the prior has no circuits, or does not begin with a
            :class:`~latentq.diffusion.ForwardProcess`, or there are too few shots.
    """
    model, prior = quantum_model(model, "another model")
    process = prior.forward_process
    if not isinstance(process, ForwardProcess):
        kind = type(process).__name__
        raise InputError(f"prior: must begin with a ForwardProcess, began with a {kind}")
    plan.shots_of_circuit(process.qubits)
    labels = model.labels(plan.preparations, seed)
    generator = derive_generator(seed, "sample")
    made = process.preparation(plan.preparations, generator, labels)
    rows = zip(made.basis.split(1), made.angles.split(1), strict=True)
    found = []
    for number, (basis, angles) in enumerate(rows):
        one = Preparation(basis, made.circuit, angles)
        counts = run_preparation(prior, sampler, one, plan)
        wanted = plan.images // plan.preparations + (number < plan.images % plan.preparations)
        found.append(draw_states(counts, wanted, generator))
    # The spread needs no machine: what is read out is turned.
    states = turn_randomly(torch.cat(found), prior.spread, generator, mixed=True)
    return in_chunks(model.decode_matrices, states)
