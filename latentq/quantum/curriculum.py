r"""A circuit that is trained to undo random circuits in one shot, deeper ones stage by stage.

A denoiser :math:`D_\theta`, layers of RZ RY RZ and CNOTs, shall take scrambled states
:math:`U \psi` back to :math:`\psi`. Its cost is the mean infidelity over a few Haar states. Over
all of them it is a function of :math:`\mathrm{Tr} \, D_\theta U`, see
:mod:`latentq.quantum.costs`, so that training on fresh states is to compile :math:`U^{-1}`,
which needs no states.

If :math:`U` is new each time, and begins with RZ RY RZ by uniform angles on each qubit, then
:math:`\mathbb{E} \, |\mathrm{Tr} \, D U|^2 = 1` for every :math:`D`, as these rotations alone
take every Pauli string to 0 on average. The fidelity of every denoiser is then :math:`1 / d`, that
of a guess: nothing can be learned.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor

from latentq.engine import fused
from latentq.engine.circuits import Circuit, cnot_circuit
from latentq.engine.descent import descend
from latentq.quantum.costs import expected_fidelity, local_fidelity
from latentq.quantum.scrambling import Pattern, RandomCircuit
from latentq.quantum.states import fidelity, haar_states
from latentq.randomness import derive_generator

PATTERN: Pattern = "staggered"
Streams = Sequence[torch.Generator]


@dataclass(frozen=True)
class DenoiserRecipe:
    """How a denoiser is trained.

    Arguments:
        qubits: The number of qubits.
        layers: The number of layers of the denoiser.
        depths: The number of layers of the scrambler in each stage.
        epochs: The number of steps of Adam in each stage.
        lr: Its learning rate.
        states: The number of states that are trained on.
        data: The same Haar states always, `fresh` ones in each epoch, or the closed form, `exact`.
        cost: The fidelity of whole states, or the mean over qubits of that of their marginals.
        scrambler: One circuit for a `stage`, circuits that are `nested` in the next stage's, or
            one for each state and `epoch`.
        carried: What a stage has from the one before: `all`, the `angles` but not the moments of
            Adam, or `none`.
        growing: Whether the layers come one after another in the first half of a stage.
    """

    qubits: int
    layers: int
    depths: tuple[int, ...] = (2, 4, 6, 8, 10, 12)
    epochs: int = 100
    lr: float = 0.05
    states: int = 10
    data: Literal["fixed", "fresh", "exact"] = "fixed"
    cost: Literal["global", "local"] = "global"
    scrambler: Literal["stage", "nested", "epoch"] = "stage"
    carried: Literal["all", "angles", "none"] = "all"
    growing: bool = False

    @property
    def circuit(self) -> Circuit:
        """The denoiser."""
        return cnot_circuit(self.qubits, self.layers)

    def layers_at(self, epoch: int) -> int:
        """Returns how many layers there are in an epoch of a stage, from 0."""
        grown = 1 + 2 * self.layers * epoch // self.epochs
        return min(self.layers, grown) if self.growing else self.layers


@dataclass(frozen=True)
class History:
    """What a training was like, for S seeds and K stages.

    Arguments:
        training: The mean fidelity of the states trained on, before each step, (S, K, epochs).
        held_out: That of states never trained on, after every few steps, (S, K, E).
        others: That of yet other states, alike.
        expected: The expected fidelity over all Haar states at the end of each stage, (S, K).
    """

    training: Tensor
    held_out: Tensor
    others: Tensor
    expected: Tensor


def unitaries(recipe: DenoiserRecipe, depth: int, streams: Streams, dtype: torch.dtype) -> Tensor:
    """Draws a scrambler from each stream: rows are images of basis states, (S, d, d)."""
    found = []
    for stream in streams:
        # All layers are drawn, so that a shallow circuit is the beginning of a deep one.
        drawn = RandomCircuit(
            recipe.qubits, max(recipe.depths), PATTERN, stream, dtype=dtype.to_real()
        )
        found.append(drawn.scramble(torch.eye(2**recipe.qubits, dtype=dtype), depth))
    return torch.stack(found)


def scramble_each(psi: Tensor, depth: int, streams: Streams) -> Tensor:
    """Takes each state, with shape (S, B, d), through a random circuit of its own."""
    found = []
    for batch, stream in zip(psi, streams, strict=True):
        qubits = batch.shape[-1].bit_length() - 1
        drawn = RandomCircuit(
            qubits, depth, PATTERN, stream, len(batch), dtype=psi.dtype.to_real()
        )
        found.append(drawn.scramble(batch, depth))
    return torch.stack(found)


class DenoiserTraining:
    """Denoisers of several seeds, trained side by side.

    Arguments:
        recipe: How they are trained.
        seeds: The seeds. What a seed finds does not depend on the others.
        held_out: The number of states that are never trained on.
        every: After how many steps these are looked at.
        dtype: The complex type.
    """

    def __init__(
        self,
        recipe: DenoiserRecipe,
        seeds: Sequence[int],
        held_out: int = 50,
        every: int = 5,
        dtype: torch.dtype = torch.complex64,
    ) -> None:
        self.recipe, self.seeds, self.every, self.dtype = recipe, seeds, every, dtype
        self.fresh = self.streams("fresh")
        self.states = self.haar(recipe.states, self.streams("states"))
        self.unseen = self.haar(2 * held_out, self.streams("held out"))
        self.angles, self.optimizer = self.begin(0)

    def streams(self, *purpose: str | int) -> Streams:
        """Returns a generator for each seed."""
        return [derive_generator(seed, *purpose) for seed in self.seeds]

    def haar(self, count: int, streams: Streams) -> Tensor:
        """Draws states for each seed, with shape (S, B, d)."""
        qubits, dtype = self.recipe.qubits, self.dtype
        return torch.stack(
            [haar_states(count, qubits=qubits, generator=g, dtype=dtype) for g in streams]
        )

    def begin(self, stage: int) -> tuple[Tensor, torch.optim.Adam]:
        """Returns the angles and the optimizer that a stage begins with."""
        carried = self.recipe.carried if stage else "none"
        if carried == "all":
            return self.angles, self.optimizer
        if carried == "none":
            size, real = self.recipe.circuit.parameters, self.dtype.to_real()
            drawn = [
                torch.rand(size, dtype=real, generator=g) for g in self.streams("angles", stage)
            ]
            self.angles = (2 * torch.pi * torch.stack(drawn)).requires_grad_()
        return self.angles, torch.optim.Adam([self.angles], lr=self.recipe.lr)

    def denoise(self, psi: Tensor, layers: int | None = None) -> Tensor:
        """Applies the denoisers, or their first layers, to states with shape (S, B, d)."""
        circuit = self.recipe.circuit
        circuit = replace(circuit, layers=layers or circuit.layers)
        return fused.evolve(circuit, self.angles[:, : circuit.parameters], psi)

    def scrambled(self, psi: Tensor, depth: int, matrices: Tensor | None) -> Tensor:
        """Scrambles states by the circuit of each seed, or by a new one each."""
        if matrices is None:
            return scramble_each(psi, depth, self.fresh)
        return psi @ matrices

    def fidelities(
        self, depth: int, matrices: Tensor | None, layers: int
    ) -> tuple[Tensor, Tensor]:
        """Returns the mean fidelity to be raised, and the global one, for each seed."""
        if self.recipe.data == "exact" and matrices is not None:
            trace = self.denoise(matrices, layers).diagonal(dim1=-2, dim2=-1).sum(dim=-1)
            found = expected_fidelity(trace, matrices.shape[-1])
            return found, found
        fixed = self.recipe.data == "fixed"
        psi = self.states if fixed else self.haar(self.recipe.states, self.fresh)
        output = self.denoise(self.scrambled(psi, depth, matrices), layers)
        found = fidelity(psi, output).mean(dim=-1)
        if self.recipe.cost == "local":
            return local_fidelity(psi, output).mean(dim=-1), found
        return found, found

    @torch.no_grad()
    def evaluate(self, depth: int, matrices: Tensor | None) -> Tensor:
        """Returns the mean fidelity of both halves of the states held out, with shape (S, 2)."""
        output = self.denoise(self.scrambled(self.unseen, depth, matrices))
        return fidelity(self.unseen, output).unflatten(-1, (2, -1)).mean(dim=-1)

    @torch.no_grad()
    def expected(self, depth: int, matrices: Tensor | None) -> Tensor:
        """Returns the expected fidelity over Haar states, and over new circuits if any."""
        d = 2**self.recipe.qubits
        if matrices is not None:
            trace = self.denoise(matrices).diagonal(dim1=-2, dim2=-1).sum(dim=-1)
            return expected_fidelity(trace, d)
        psi = self.haar(500, self.fresh)
        return fidelity(psi, self.denoise(self.scrambled(psi, depth, None))).mean(dim=-1)

    def stage(self, number: int, depth: int) -> tuple[Tensor, Tensor, Tensor]:
        """Trains for a stage: training (S, epochs), evaluations (S, 2, E), expectation (S)."""
        self.angles, self.optimizer = self.begin(number)
        kind = self.recipe.scrambler
        purpose = ("scrambler", 0 if kind == "nested" else number)
        streams = self.streams(*purpose)
        matrices = None if kind == "epoch" else unitaries(self.recipe, depth, streams, self.dtype)
        training, evaluations, epochs = [], [], self.recipe.epochs

        def loss(epoch: int) -> Tensor:
            if epoch and epoch % self.every == 0:
                evaluations.append(self.evaluate(depth, matrices))
            raised, found = self.fidelities(depth, matrices, self.recipe.layers_at(epoch))
            training.append(found.detach())
            return (1 - raised).sum()

        descend(self.optimizer, loss, range(epochs))
        both = torch.stack([*evaluations, self.evaluate(depth, matrices)], dim=-1)
        return torch.stack(training, dim=-1), both, self.expected(depth, matrices)

    def run(self) -> History:
        """Trains through all stages."""
        found = [self.stage(number, depth) for number, depth in enumerate(self.recipe.depths)]
        training, both, expected = (torch.stack(part, dim=1) for part in zip(*found, strict=True))
        return History(training, both[:, :, 0], both[:, :, 1], expected)
