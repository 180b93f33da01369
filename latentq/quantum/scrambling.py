r"""Random circuits between neighbours, and how near they bring states to Haar states.

One layer turns every qubit by RZ RY RZ with angles uniform in :math:`[0, 2 \pi)` and joins
neighbours on an open chain by CNOTs:

- `staggered`: the even bonds in even layers, the odd bonds in odd layers;
- `brickwork`: in each layer the even bonds, then the odd bonds;
- `ladder`: in each layer all bonds, from the first to the last.
"""

import math
from dataclasses import replace
from typing import Literal

import torch
from torch import Tensor

from latentq.engine import fused
from latentq.engine.circuits import brickwork, cnot_circuit
from latentq.quantum.states import gram_fidelities

Pattern = Literal["staggered", "brickwork", "ladder"]


def bonds(qubits: int, pattern: Pattern, layer: int) -> tuple[tuple[int, int], ...]:
    """Returns the controls and targets of the CNOTs of a layer.

    Arguments:
        qubits: The number of qubits.
        pattern: How the layers are built.
        layer: The number of the layer, from 0.
    """
    if pattern == "staggered":
        return tuple((q, q + 1) for q in range(layer % 2, qubits - 1, 2))
    if pattern == "brickwork":
        return brickwork(qubits)
    return tuple((q, q + 1) for q in range(qubits - 1))


class RandomCircuit:
    r"""A random circuit, the same for all states or one of its own for each of them.

    Arguments:
        qubits: The number of qubits :math:`n`.
        depth: The number of layers.
        pattern: How the layers are built.
        generator: The source of the angles.
        copies: Draws so many circuits, for as many states; one for all states if `None`.
        dtype: The type of the angles.

    Raises:
        ValueError: If there are fewer than two qubits, or no layer.
    """

    def __init__(
        self,
        qubits: int,
        depth: int,
        pattern: Pattern,
        generator: torch.Generator,
        copies: int | None = None,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        if qubits < 2 or depth < 1:
            raise ValueError(
                f"circuit: must have two qubits and one layer, had {qubits} and {depth}"
            )
        shape = (*(() if copies is None else (copies,)), depth, 3, qubits)
        self.angles = 2 * math.pi * torch.rand(shape, dtype=dtype, generator=generator)
        layers = [bonds(qubits, pattern, layer) for layer in range(depth)]
        self.circuits = [cnot_circuit(qubits, 1, pairs) for pairs in layers]

    def apply(self, psi: Tensor, layer: int) -> Tensor:
        """Takes states through one layer, with shape (B, d)."""
        angles = self.angles[..., layer, :, :].flatten(-2)
        return fused.run(self.circuits[layer], angles, psi)

    def undo(self, psi: Tensor, layer: int) -> Tensor:
        """Takes states back through one layer, with shape (B, d)."""
        circuit = self.circuits[layer]
        column = replace(circuit, entangler="cz", pairs=())
        # RZ RY RZ reads the same backwards.
        angles = -self.angles[..., layer, :, :].flip(-2).flatten(-2)
        sources = fused.cnot_sources(circuit.qubits, circuit.pairs[::-1])
        return fused.run(column, angles, psi[..., sources])

    def scramble(self, psi: Tensor, depth: int) -> Tensor:
        """Takes states through the first layers, with shape (B, d)."""
        for layer in range(depth):
            psi = self.apply(psi, layer)
        return psi

    def unscramble(self, psi: Tensor, depth: int) -> Tensor:
        """Takes states back through the first layers, with shape (B, d)."""
        for layer in reversed(range(depth)):
            psi = self.undo(psi, layer)
        return psi


def haar_moment(dimension: int, power: int) -> float:
    r"""Returns :math:`\mathbb{E} F^k = 1 / \binom{d + k - 1}{k}` for independent Haar states."""
    return 1 / math.comb(dimension + power - 1, power)


def distance_to_haar(psi: Tensor, power: int) -> float:
    r"""Estimates the squared MMD of an ensemble to Haar states with the kernel :math:`F^k`.

    .. math:: \mathrm{MMD}^2 = \mathbb{E} \, F^k(\psi, \psi') - 1 / \binom{d + k - 1}{k}

    The mean is over pairs of different states, so that the estimate has no bias and may be
    negative.

    Arguments:
        psi: Independent unit statevectors, with shape :math:`(N, d)`.
        power: The power :math:`k`.
    """
    powers = gram_fidelities(psi, psi) ** power
    n = len(psi)
    mean = (powers.double().sum() - powers.diagonal().double().sum()) / (n * (n - 1))
    return float(mean) - haar_moment(psi.shape[-1], power)
