r"""The training iteration that every engine has to do, and the numbers that it starts from.

Data states :math:`\psi_b` pass a circuit :math:`U(\theta)` with :math:`n_A` ancillas, which are
measured. One outcome per state is drawn by the Born rule from given uniform numbers, so that all
engines take the same one, and

.. math:: D(\theta) = \Big\| \frac{1}{B} \sum_b | \psi'_b \rangle \langle \psi'_b |
    - \frac{1}{B} \sum_b | \chi_b \rangle \langle \chi_b | \Big\|_{HS}^2, \qquad
    \psi'_b = \phi_{m_b} / \sqrt{p_{m_b}}

is lowered by one step of Adam. The draw carries no gradient, the norm does.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from latentq.engine.circuits import Circuit, denoising_circuit
from latentq.quantum.states import haar_states, normalize
from latentq.randomness import derive_generator

LEARNING_RATE = 0.01
SPREAD = 0.5
TILT = 0.3


@dataclass(frozen=True)
class BenchmarkTask:
    """One row of the benchmark: the sizes of an iteration, and the seed of its numbers.

    States, targets and angles are chosen so that no entry of the gradient is lost in rounding,
    however many qubits there are: Haar states and wide angles would leave a barren plateau, on
    which any two engines agree.

    Arguments:
        qubits: The number of data qubits.
        ancillas: The number of measured ancillas.
        layers: The number of layers of the circuit.
        batch: The number of states, and of target states.
        seed: The seed of states, targets, angles and uniform numbers.
        device: Where the torch engines run.
    """

    qubits: int
    ancillas: int
    layers: int
    batch: int
    seed: int = 0
    device: str = "cpu"

    @property
    def label(self) -> str:
        """The sizes in one line."""
        return f"n={self.qubits}, n_A={self.ancillas}, L={self.layers}, B={self.batch}"

    @property
    def dimension(self) -> int:
        """The dimension :math:`d = 2^n` of the data."""
        return 2**self.qubits

    @property
    def joint_dimension(self) -> int:
        """The dimension :math:`D` of ancillas and data together."""
        return 2 ** (self.qubits + self.ancillas)

    @property
    def circuit(self) -> Circuit:
        """The circuit on ancillas and data."""
        return denoising_circuit(self.qubits + self.ancillas, self.layers)

    @cached_property
    def psi(self) -> Tensor:
        r"""The data states, scattered about :math:`|0\rangle`: shape :math:`(B, d)`, complex64."""
        return self._scattered("psi", torch.eye(1, self.dimension))

    @cached_property
    def targets(self) -> Tensor:
        r"""The target states, scattered about a tilted product state: shape :math:`(B, d)`."""
        qubit = torch.tensor([math.cos(TILT / 2), math.sin(TILT / 2)])
        product = torch.ones(1)
        for _ in range(self.qubits):
            product = torch.outer(product, qubit).flatten()
        return self._scattered("targets", product)

    @cached_property
    def angles(self) -> Tensor:
        r"""The first angles in radians, with shape :math:`(P)`, in :math:`[-0.3, 0.3]`."""
        count = self.circuit.parameters
        uniform = torch.rand(count, generator=self._generator("angles"))
        return (TILT * (2 * uniform - 1)).to(self.device)

    @cached_property
    def uniforms(self) -> Tensor:
        """The numbers that decide the outcomes, with shape (B), in [0, 1)."""
        return torch.rand(self.batch, generator=self._generator("outcomes")).to(self.device)

    def _generator(self, purpose: str) -> torch.Generator:
        return derive_generator(self.seed, "benchmark", purpose)

    def _scattered(self, purpose: str, center: Tensor) -> Tensor:
        generator = self._generator(purpose)
        haar = haar_states(self.batch, qubits=self.qubits, generator=generator)
        return normalize(center + SPREAD * haar).to(self.device)
