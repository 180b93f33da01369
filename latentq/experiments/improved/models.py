r"""The two models, and how far their ensembles are from Haar states, in closed form.

The mean over the gates of a scrambling layer of strength :math:`h` multiplies the Bloch
components of each qubit, :math:`x \to c^3 x`, :math:`y \to c^2 y`, :math:`z \to c z`, with

.. math:: c = \frac{\sin \delta}{\delta}, \qquad \delta = \frac{\pi h}{8},

and :math:`R_{ZZ}` leaves diagonal mean states as they are. With :math:`z = \prod_t c_t`, the
mean state of scrambled :math:`| 0 \dots 0 \rangle` is a product of :math:`\mathrm{diag}
(\frac{1 + z}{2}, \frac{1 - z}{2})`, and its MMD to Haar states with kernel :math:`F` is

.. math:: D = \mathrm{Tr} \, \rho^2 - 2^{-n} = \Big( \frac{1 + z^2}{2} \Big)^n - 2^{-n} .
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from scipy.optimize import brentq
from torch import Tensor

from latentq.diffusion import DenoisingObjective, ForwardProcess, QuDDPM
from latentq.diffusion.forward import Terminal
from latentq.quantum.targets import ExtendedGHZ
from latentq.randomness import derive_generator, derive_seed

Name = Literal["original", "improved"]
MODELS: tuple[Name, ...] = ("original", "improved")
FIRST = 1 / 20  # The first strength of a tuned schedule as a share of the last: as 0.1 to 2.
LARGEST = 8.0  # With this strength a layer forgets its input: sin(delta) = 0.
START: dict[Name, Terminal] = {"original": "haar", "improved": "zero"}


def shrinking(strengths: Sequence[float]) -> float:
    r"""Returns the factor :math:`z = \prod_t \sin \delta_t / \delta_t` of scrambling layers."""
    return math.prod(math.sin(d) / d if (d := math.pi * h / 8) else 1.0 for h in strengths)


def zero_distance(qubits: int, strengths: Sequence[float]) -> float:
    r"""Returns the MMD to Haar states of :math:`| 0 \dots 0 \rangle` scrambled by layers."""
    return ((1 + shrinking(strengths) ** 2) / 2) ** qubits - 0.5**qubits


def data_distance(qubits: int, strengths: Sequence[float]) -> float:
    r"""Returns the MMD to Haar states of scrambled extended GHZ states.

    Their mean state is that of :math:`| 0 \dots 0 \rangle` and :math:`| 1 \dots 1 \rangle`, one
    half each, so that :math:`\mathrm{Tr} \, \rho^2 = \frac{1}{2} (a^n + b^n)` with
    :math:`a, b = (1 \pm z^2) / 2`.
    """
    square = shrinking(strengths) ** 2
    return (((1 + square) / 2) ** qubits + ((1 - square) / 2) ** qubits) / 2 - 0.5**qubits


def mismatch(qubits: int, strengths: Sequence[float]) -> float:
    r"""Returns the MMD between scrambled data and scrambled zeros, :math:`(a^n - b^n) / 2`."""
    square = shrinking(strengths) ** 2
    return (((1 + square) / 2) ** qubits - ((1 - square) / 2) ** qubits) / 2


def spaced(last: float, steps: int) -> tuple[float, ...]:
    """Returns strengths evenly spaced up to a last one, from :data:`FIRST` of it."""
    return tuple(torch.linspace(FIRST * last, last, steps, dtype=torch.float64).tolist())


def tuned(qubits: int, steps: int, distance: float) -> tuple[float, ...]:
    """Returns the evenly spaced strengths with a given :func:`zero_distance` at their end.

    Arguments:
        qubits: The number of qubits.
        steps: The number of steps.
        distance: The distance, above 0 and below :math:`1 - 2^{-n}`.
    """

    def excess(last: float) -> float:
        return zero_distance(qubits, spaced(last, steps)) - distance

    return spaced(float(brentq(excess, 0.0, LARGEST, xtol=1e-12)), steps)


@dataclass(frozen=True)
class Plan:
    """What trainings have in common.

    Arguments:
        steps: The number of steps T.
        layers: The number of layers L of a circuit.
        ancillas: The number of ancillas of a step.
        batch: The number of inputs, and of targets, of a loss.
        states: The number of states of the data.
        lr: The learning rate of Adam.
        strong: The strengths of the original model.
        bounded: The strengths of the improved model, or `None` for those of :func:`tuned`.
        distance: The MMD to Haar states to which these are tuned.
        seed: The first seed.
    """

    steps: int
    layers: int
    ancillas: int
    batch: int
    states: int
    lr: float
    strong: tuple[float, ...]
    bounded: tuple[float, ...] | None
    distance: float
    seed: int

    def process(self, name: Name, qubits: int) -> ForwardProcess:
        """Returns the forward process of a model."""
        strengths = self.strong
        if name == "improved":
            strengths = self.bounded or tuned(qubits, self.steps, self.distance)
        return ForwardProcess(qubits, self.steps, strengths, START[name])

    def model(
        self, name: Name, qubits: int, seed: int, process: ForwardProcess | None = None,
        scale: float | None = None,
    ) -> QuDDPM:  # fmt: skip
        """Returns a model with its first angles.

        Arguments:
            name: `original` for angles from N(0, 1), `improved` for uniform ones in [-s, s].
            qubits: The number of qubits.
            seed: The seed of the angles.
            process: The forward process; that of the model if `None`.
            scale: The scale s of uniform angles; 1 / L if `None`.
        """
        start: dict[str, Any] = {"init": "normal", "init_scale": 1.0}
        if name == "improved":
            start = {"init": "uniform", "init_scale": 1 / self.layers if scale is None else scale}
        return QuDDPM(
            self.process(name, qubits) if process is None else process,
            self.ancillas, self.layers, "mmd1", "sampled", **start,
            generator=derive_generator(seed, "improved", "angles", qubits),
        )  # fmt: skip

    def data(self, qubits: int, seed: int) -> Tensor:
        """Draws the states to be learned, with shape (N, d)."""
        generator = derive_generator(seed, "improved", "data", qubits)
        return ExtendedGHZ(qubits).draw(self.states, generator)

    def objective(self, prior: QuDDPM, seed: int) -> DenoisingObjective:
        """Returns what a model is trained on."""
        qubits = prior.forward_process.qubits
        return DenoisingObjective(
            prior, self.data(qubits, seed),
            input_batch_size=self.batch, start_batch_size=self.batch, target_batch_size=self.batch,
            intermediate_weight=0.0, seed=derive_seed(seed, "improved", "training", qubits),
        )  # fmt: skip
