"""Single-shot denoisers in numbers: what a training came to, and what is checked beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from latentq.config.memory import check_memory
from latentq.engine import fused
from latentq.experiments.bands import mean_of
from latentq.experiments.denoiser.options import Options
from latentq.quantum.costs import parameter_shift
from latentq.quantum.curriculum import DenoiserRecipe, DenoiserTraining, History, unitaries
from latentq.quantum.states import fidelity
from latentq.report.statistics import Scale, Summary, columns_of

EVERY = 5  # Steps between two looks at states held out.
COPIES = 6  # How many arrays of the size of the scramblers there are at a time.


@dataclass(frozen=True)
class TrainedDenoiser:
    """A training with its recipe; numbers by seed are means over stages, at their ends.

    Arguments:
        name: What it is called in tables.
        recipe: How it was trained.
        history: What it was like.
    """

    name: str
    recipe: DenoiserRecipe
    history: History

    @property
    def chance(self) -> float:
        """The fidelity of a guess."""
        return 2.0**-self.recipe.qubits

    @property
    def training(self) -> Tensor:
        """The fidelity of the states trained on, by seed."""
        return self.history.training[..., -1].mean(dim=1)

    @property
    def best(self) -> Tensor:
        """The maximum of that fidelity within each stage, by seed and stage."""
        return self.history.training.amax(dim=-1)

    @property
    def held_out(self) -> Tensor:
        """The fidelity of states never trained on, by seed."""
        return self.history.held_out[..., -1].mean(dim=1)

    @property
    def expected(self) -> Tensor:
        """The expected fidelity over all Haar states, by seed."""
        return self.history.expected.mean(dim=1)

    @property
    def maximum(self) -> tuple[Tensor, Tensor]:
        """The maximum over all looks at the states held out, and others then, by seed."""
        first, other = self.history.held_out.flatten(1), self.history.others.flatten(1)
        best, place = first.max(dim=1)
        return best, other.gather(1, place[:, None]).squeeze(1)

    @property
    def gain(self) -> Tensor:
        """The share of a stage's gain after each epoch, averaged over stages, by seed."""
        curve = self.history.training.mean(dim=1)
        return (curve - curve[:, :1]) / (curve[:, -1:] - curve[:, :1])

    @property
    def early(self) -> Tensor:
        """The share of the gain in the first 30 epochs of 100, by seed."""
        return self.gain[:, round(0.3 * (self.recipe.epochs - 1))]

    @property
    def starts(self) -> Tensor:
        """The fidelity at the beginning of all stages but the first, by seed."""
        return self.history.training[:, 1:, 0].mean(dim=1)


def spread(values: Tensor, scale: Scale = "signed") -> Summary:
    """Returns the mean over seeds on a scale with its interval; fidelities are `share`."""
    if scale == "share":  # Rounding may leave a fidelity beyond 1.
        values = values.clamp(0, 1)
    return mean_of(values.tolist(), scale)


def over_guess(values: Tensor, chance: float) -> Summary:
    """Returns the mean of fidelities over seeds, as a multiple of the fidelity of a guess."""
    return spread(values, "share").times(1 / chance)


def ratio(one: Tensor, other: Tensor) -> Summary:
    """Returns the ratio of positive numbers at equal seeds: geometric mean and interval."""
    return spread(one / other, "ratio")


def fidelities(name: str, values: Tensor) -> dict[str, float | None]:
    """Returns the cells of a fidelity."""
    return columns_of(name, spread(values, "share"))


def layers_for(qubits: int) -> int:
    """Returns how many layers the denoiser has: as in the log, and 9 beyond its sizes."""
    return 7 if qubits <= 6 else 9


def recipe_of(options: Options, qubits: int, **changes: Any) -> DenoiserRecipe:  # noqa: ANN401
    """Returns the recipe of the log for a size, with changes."""
    settings = options.model_dump(include={"depths", "epochs", "lr", "states"})
    settings["layers"] = layers_for(qubits)
    return DenoiserRecipe(qubits=qubits, **{**settings, **changes})


def count_for(options: Options, qubits: int) -> int:
    """Returns how many seeds a size has."""
    return options.seeds if qubits <= 8 else options.large_seeds


def seeds_of(options: Options, count: int) -> range:
    """Returns some seeds."""
    return range(options.seed, options.seed + count)


def trained(
    name: str, recipe: DenoiserRecipe, seeds: Sequence[int], held_out: int
) -> TrainedDenoiser:
    """Trains by a recipe."""
    return TrainedDenoiser(name, recipe, DenoiserTraining(recipe, seeds, held_out, EVERY).run())


def check_sizes(options: Options, wide: int) -> None:
    """Refuses sizes that do not fit into memory.

    Arguments:
        options: The options.
        wide: How many times deeper than usual a denoiser gets.

    Raises:
        InputError: If one does not.
    """
    for qubits in options.qubits:
        need = COPIES * count_for(options, qubits) * 4**qubits * 8
        check_memory(need, options.memory, f"qubits={qubits}")
    for qubits in options.remedies:
        kept = 2 * wide * layers_for(qubits)  # States before and after the CNOTs of each layer.
        need = (COPIES + kept) * options.remedy_seeds * 4**qubits * 8
        check_memory(need, options.memory, f"remedies={qubits}")


def gradient_row(recipe: DenoiserRecipe, seeds: Sequence[int]) -> dict[str, Any]:
    """Compares the gradients of both rules at random angles in double precision.

    The cost is that of the first stage. The size is the mean over seeds of the mean absolute
    derivative.
    """
    worst, sizes = 0.0, []
    for seed in seeds:
        run = DenoiserTraining(recipe, [seed], 1, EVERY, torch.complex128)
        angles, targets = run.angles, run.states
        matrices = unitaries(recipe, recipe.depths[0], run.streams("scrambler", 0), run.dtype)
        psi = targets @ matrices

        def cost(
            angles: Tensor,
            psi: Tensor = psi,
            targets: Tensor = targets,
        ) -> Tensor:
            output = fused.evolve(recipe.circuit, angles, psi)
            return 1 - fidelity(targets, output).mean(dim=-1)

        (by_autograd,) = torch.autograd.grad(cost(angles).sum(), angles)
        with torch.no_grad():
            by_shift = parameter_shift(cost, angles[0])
        worst = max(worst, float((by_autograd[0] - by_shift).abs().max()))
        sizes.append(float(by_shift.abs().mean()))
    return {
        "qubits": recipe.qubits,
        "parameters": recipe.circuit.parameters,
        "evaluations": 2 * recipe.circuit.parameters,
        "difference": worst,
        **columns_of("mean_absolute", mean_of(sizes, "ratio")),
    }
