r"""One state seen in several ways: original, scrambled, and denoised by a trained circuit.

    python -m latentq.experiments.views
    python -m latentq.experiments.views qubits=4 depths=2,6,8 draws=32 out=results/views

The original is a product of Haar qubits with isotropic noise of strength 0.5, so that its first
Schmidt coefficient dominates. It is one of ten training states, the others are Haar states. For
each depth a random circuit scrambles the ten, and a circuit of RZ RY RZ and CNOTs learns by Adam
to bring them back, from uniform angles. Each draw has states, scramblers and angles of its own;
the pictures show the first. Intervals are 95% over draws.
"""

import math
from typing import Annotated

import torch
from annotated_types import Ge, Le
from pydantic import Field
from torch import Tensor

from latentq.config.fields import Count, Positive
from latentq.config.marks import Commas, joined
from latentq.config.memory import check_memory
from latentq.engine import fused
from latentq.engine.circuits import Circuit, cnot_circuit
from latentq.engine.descent import descend
from latentq.errors import InputError
from latentq.experiments.record import Experiment, Record, SeededOptions, progress
from latentq.experiments.views import claims, gallery
from latentq.experiments.views.measures import Setting, learning, reference, stage_numbers
from latentq.experiments.views.tables import (
    learning_table,
    orientation_table,
    stage_table,
    summary,
)
from latentq.quantum.scrambling import RandomCircuit
from latentq.quantum.states import fidelity, haar_states, perturb
from latentq.randomness import derive_generator

TRAINED = 10  # The number of training states, as in the research log.
NOISE = 0.5  # The strength of the noise on the product state.
Depths = Annotated[tuple[Annotated[int, Ge(1), Le(64)], ...], Commas()]


class Options(SeededOptions):
    """What is scrambled, and how it is trained."""

    qubits: int = Field(4, ge=3, le=6, description="the number of qubits")
    depths: Depths = Field((2, 6, 8), description="the layers of the scramblers, ascending")
    layers: Count = Field(7, le=50, description="the layers of the denoiser")
    draws: int = Field(32, ge=2, le=200, description="how often all is drawn")
    epochs: Count = Field(100, le=100_000, description="the steps of Adam")
    longer: int = Field(3000, ge=2, le=100_000, description="those of a longer training")
    lr: Positive = Field(0.01, le=1, description="the learning rate")
    reference: int = Field(2000, ge=10, le=20_000, description="Haar states to compare with")


def original_states(qubits: int, generator: torch.Generator) -> Tensor:
    """Draws ten training states, the first of them with little entanglement, with shape (10, d).

    Arguments:
        qubits: The number of qubits.
        generator: The source of randomness.
    """
    factors = haar_states(qubits, qubits=1, generator=generator)
    shown = factors[0]
    for factor in factors[1:]:
        shown = torch.kron(shown, factor)
    others = haar_states(TRAINED - 1, qubits=qubits, generator=generator)
    return torch.cat((perturb(shown[None], NOISE, generator), others))


def scrambled_states(psi: Tensor, qubits: int, depth: int, seed: int) -> Tensor:
    """Scrambles the states of each draw by one random circuit of a given depth.

    Arguments:
        psi: The states, with shape (D, N, d).
        qubits: The number of qubits.
        depth: The number of layers.
        seed: The seed.
    """
    found = []
    for draw, states in enumerate(psi):
        generator = derive_generator(seed, "scrambler", depth, draw)
        circuit = RandomCircuit(qubits, depth, "staggered", generator)
        found.append(circuit.scramble(states, depth))
    return torch.stack(found)


def marks_of(epochs: int, longer: int) -> list[int]:
    """Returns after which epochs the states are looked at: 0, 1, 3, 10, ... and the two given."""
    usual = {digit * 10**power for power in range(6) for digit in (1, 3)}
    return sorted({0, epochs, longer} | {mark for mark in usual if mark < longer})


def denoised_states(
    circuit: Circuit, angles: Tensor, psi: Tensor, goals: Tensor, marks: list[int], lr: float
) -> Tensor:
    r"""Trains circuits by Adam on the infidelity, and returns what they make of their inputs.

    The batches do not share an angle, and Adam acts on each angle by itself: training them
    together is training each alone.

    Arguments:
        circuit: The circuit.
        angles: The initial angles, with shape :math:`(S, P)`.
        psi: The inputs, with shape :math:`(S, N, d)`.
        goals: The states that they should become, of the same shape.
        marks: After which numbers of steps to look, ascending from 0.
        lr: The learning rate.

    Returns:
        The outputs after each mark, with shape :math:`(E, S, N, d)`.
    """
    angles = angles.clone().requires_grad_()
    found = []

    def loss(step: int) -> Tensor:
        states = fused.evolve(circuit, angles, psi)
        if step in marks:
            found.append(states.detach())
        return (1 - fidelity(goals, states)).mean(dim=-1).sum()

    optimizer = torch.optim.Adam([angles], lr=lr)
    descend(optimizer, loss, progress(range(marks[-1] + 1), "training"))
    return torch.stack(found)


def needed_bytes(options: Options) -> int:
    """Estimates the memory: states through the layers and at the marks, and Wigner functions."""
    size = 2**options.qubits
    states = options.draws * len(options.depths) * TRAINED * size * 8
    marks = len(marks_of(options.epochs, options.longer))
    return states * (8 * options.layers + marks + 80) + 500 * size**2 * 8 * 6


def setting_of(options: Options) -> Setting:
    """Checks the options that belong together.

    Raises:
        InputError: If the depths are not ascending, the longer training is not longer, or memory
            does not suffice.
    """
    depths = [*options.depths]
    if sorted(set(depths)) != depths:
        raise InputError(f"depths: must be ascending, was {joined(depths)}")
    if options.longer <= options.epochs:
        raise InputError(
            f"longer: must be more than epochs={options.epochs}, was {options.longer}"
        )
    check_memory(needed_bytes(options), options.memory, f"qubits={options.qubits}")
    marks = marks_of(options.epochs, options.longer)
    return Setting(options.qubits, depths, options.draws, marks, options.epochs, options.seed)


def measure(options: Options) -> Record:
    """Scrambles, trains and looks."""
    setting = setting_of(options)
    qubits, seed, draws = setting.qubits, setting.seed, range(setting.draws)
    goals = torch.stack(
        [original_states(qubits, derive_generator(seed, "originals", draw)) for draw in draws]
    )
    scrambled = torch.stack(
        [scrambled_states(goals, qubits, depth, seed) for depth in setting.depths]
    )
    circuit = cnot_circuit(qubits, options.layers)
    shape = (len(setting.depths) * setting.draws, circuit.parameters)
    start = 2 * math.pi * torch.rand(shape, generator=derive_generator(seed, "angles"))
    inputs = scrambled.flatten(0, 1)
    aims = goals.expand_as(scrambled).flatten(0, 1)
    denoised = denoised_states(circuit, start, inputs, aims, setting.marks, options.lr)
    denoised = denoised.unflatten(1, scrambled.shape[:2])

    stages = stage_numbers(setting, goals[:, 0], scrambled[:, :, 0], denoised[:, :, :, 0])
    learned = learning(setting, goals, denoised)
    haar = reference(qubits, options.reference, seed)
    shown = gallery.Shown.of(setting, goals[0, 0], scrambled[:, 0, 0], denoised[:, :, 0, 0])
    return Record(
        summary(setting, circuit.parameters, stages, learned, haar),
        claims.claims(setting, stages, learned, haar),
        {
            "stages": stage_table(stages, haar),
            "learning": learning_table(setting, learned),
            "orientations": orientation_table(shown),
        },
        gallery.pictures(setting, shown, learned, haar),
    )


EXPERIMENT = Experiment(
    "views",
    "One state in several views: original, scrambled and denoised",
    Options,
    measure,
)
