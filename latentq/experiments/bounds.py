r"""What other priors reach in the latent space of a trained quantum model.

    python -m latentq.experiments.bounds checkpoint=runs/quantum-mnist-seed0 out=bounds.json
    python -m latentq.experiments.bounds parts=second

Rows: a codebook, Gaussian mixtures of 1, 10 and 100 components, and chains whose steps are not
circuits but unconstrained instruments, any :math:`K_m` with :math:`\sum_m K_m^\dagger K_m = 1`,
trained by the objectives of the first and of the second recipe. They tell whether circuit, chain
or latent space is the limit. All numbers are FIDs of the decoded states against validation images,
in the features of the shipped classifier.
"""

import json
import math
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import torch
from pydantic import Field
from torch import Tensor, nn

from latentq import paths
from latentq.config.commands import read_options, run_command
from latentq.config.fields import Count, Folder, Positive, Settings
from latentq.config.marks import Commas, OneOf
from latentq.config.schema.data import AUTO
from latentq.diffusion import Chain, DenoisingObjective, Forward, ForwardProcess
from latentq.diffusion.chain import Instrument
from latentq.diffusion.fit import train_phase
from latentq.diffusion.partition import balanced_cells
from latentq.engine.fused import apply_kraus
from latentq.experiments.frozen import Frozen, Row, fitted, open_frozen
from latentq.models.generative import count_parameters
from latentq.randomness import derive_generator
from latentq.report.tables import markdown_table

PLACES = {"fid": 1, "precision": 3, "recall": 3}  # Decimals.
Fits = dict[str, tuple[str, dict[str, Any]]]
FITS: Fits = {
    # As with model=codebook.
    "130 states with noise": ("codebook", {"centres": 130, "spread": 0.45}),
    **{f"mixture, {k}": ("mixture", {"components": k}) for k in (1, 10, 100)},
}
PARTS = ("fits", "first", "second")


class FreeStructure(NamedTuple):
    """Instruments in the place of circuits: the ancillas of the steps, and of which recipe."""

    ancillas: tuple[int, ...]
    second: bool


STRUCTURES = {
    **{f"instruments, {n} ancillas": FreeStructure((n,) * 5, False) for n in (1, 2, 3)},
    "second recipe, instruments, 3, 1, 1, 1 and 1 ancillas": FreeStructure((3, 1, 1, 1, 1), True),
    "second recipe, instruments, 3 ancillas": FreeStructure((3,) * 5, True),
}
SPREAD = 0.38  # of the second recipe


class Options(Settings):
    """What is compared."""

    checkpoint: Folder = Field("checkpoints/quantum", description="an unconditional quantum model")
    features: Folder = Field(AUTO, description="the classifier; auto is that of the data")
    out: Folder = Field("bounds.json", description="the file of the table")
    iterations: Count = Field(1500, le=10**6, description="the iterations for the instruments")
    lr: Positive = Field(0.01, le=1, description="their largest learning rate")
    parts: Annotated[tuple[Annotated[str, OneOf(PARTS)], ...], Commas(PARTS)] = Field(
        PARTS, description="fitted priors, and instruments trained as each recipe does"
    )


class FreeInstruments(Chain):
    r"""A chain whose steps are isometries without a circuit.

    Step :math:`t` has a trained matrix :math:`A_t` of shape :math:`(2^{n_t} d, d)`, whose
    orthonormal columns :math:`Q_t` in :math:`A_t = Q_t R_t` are the stacked :math:`K_m`.

    Arguments:
        forward_process: The forward process.
        ancillas: The number of ancillas of every step, or :math:`n_t` of the steps
            :math:`0, 1, \dots`.
        generator: The source of the initial matrices.
        spread: The strength of the random unitaries on what is generated.
    """

    linear = True

    def __init__(
        self,
        forward_process: Forward,
        ancillas: int | tuple[int, ...],
        *,
        generator: torch.Generator,
        spread: float = 0.0,
    ) -> None:
        super().__init__(forward_process, loss="wasserstein", outcomes="score", spread=spread)
        steps = forward_process.steps
        self.ancillas = (ancillas,) * steps if isinstance(ancillas, int) else ancillas
        self.dimension = 2**forward_process.qubits
        self.matrices = nn.ParameterList(self._first_matrix(n, generator) for n in self.ancillas)

    def _first_matrix(self, ancillas: int, generator: torch.Generator) -> Tensor:
        """Returns the identity with noise, as reals of shape (2^n_t d, d, 2)."""
        rows = 2**ancillas * self.dimension
        identity = torch.view_as_real(torch.eye(rows, self.dimension, dtype=torch.complex64))
        noise = torch.randn(identity.shape, generator=generator)
        return identity + noise / math.sqrt(2 * rows)

    @property
    def freedom(self) -> int:
        """The number of free reals: the columns of an isometry are orthonormal."""
        return sum((2 * 2**n - 1) * self.dimension**2 for n in self.ancillas)

    def instruments(self, steps: list[int], batch: int) -> list[Instrument]:
        """Returns the maps of some steps, see the base class."""
        found: list[Instrument] = []
        for t in steps:
            columns = torch.linalg.qr(torch.view_as_complex(self.matrices[t])).Q
            shape = (2 ** self.ancillas[t], self.dimension, self.dimension)
            found.append(partial(apply_kraus, columns.reshape(shape)))
        return found


def instrument_states(
    objective: DenoisingObjective, iterations: int, lr: float, n: int, seed: int
) -> Tensor:
    """Trains all steps of a prior together, and draws from it.

    Arguments:
        objective: The objective, with the prior.
        iterations: The number of iterations of Adam.
        lr: The largest learning rate.
        n: The number of states to draw.
        seed: The seed of the draw.
    """
    prior = objective.prior
    train_phase(objective, prior.steps, range(iterations), lr, fused=False)
    return prior.sample_chain(n, derive_generator(seed, "sample"))[-1]


def objective_of(
    structure: FreeStructure, process: ForwardProcess, latents: Tensor, seed: int
) -> DenoisingObjective:
    """Returns what instruments are trained on: as the recipe trains circuits.

    Arguments:
        structure: The ancillas, and the recipe.
        process: The forward process; its start is that of the recipe.
        latents: The states of the training images, with shape (N, d).
        seed: The seed of all draws.
    """
    second = structure.second
    prior = FreeInstruments(
        replace(process, terminal_strength=0.25 if second else 1.5),
        structure.ancillas,
        generator=derive_generator(seed, "free"),
        spread=SPREAD if second else 0.0,
    )
    return DenoisingObjective(
        prior,
        latents,
        input_batch_size=512,
        start_batch_size=2048 if second else 1024,
        target_batch_size=2048 if second else 512,
        intermediate_weight=0.0 if second else 0.05,
        seed=seed,
        single_steps=not second,
        balanced=second,
        groups=None if second else balanced_cells(latents, latents.shape[1], seed),
    )


def rows(frozen: Frozen, options: Options, fits: Fits = FITS) -> Iterator[tuple[str, Row]]:
    """Yields the rows by name: the number of free reals, and the scores of what is drawn.

    Arguments:
        frozen: The autoencoder and its states.
        options: What is compared.
        fits: The priors that are fitted: the kind of model and its arguments, by name.
    """
    latents, n, seed = frozen.latents, len(frozen.reference), frozen.seed
    for name, (kind, arguments) in fits.items() if "fits" in options.parts else ():
        other = fitted(kind, latents, seed, **arguments)
        scores = frozen.scores(other.sample_states(n, seed))
        yield name, {"reals": count_parameters(other.prior), **scores}
    process = frozen.model.prior.forward_process
    assert isinstance(process, ForwardProcess)
    for name, structure in STRUCTURES.items():
        if ("second" if structure.second else "first") not in options.parts:
            continue
        objective = objective_of(structure, process, latents, seed)
        states = instrument_states(objective, options.iterations, options.lr, n, seed)
        assert isinstance(objective.prior, FreeInstruments)
        yield name, {"reals": objective.prior.freedom, **frozen.scores(states)}


def markdown(table: dict[str, dict[str, Any]]) -> str:
    """Returns the table of rows as Markdown."""
    rows = [
        [name, f"{row['reals']:,}", *(f"{row[k]:.{n}f}" for k, n in PLACES.items())]
        for name, row in table.items()
    ]
    return markdown_table(["prior", "reals", "FID", "precision", "recall"], rows)


def bounds(arguments: list[str]) -> None:
    """Prints the table of bounds and writes it as JSON.

    Raises:
        InputError: If an option is wrong, or the checkpoint is no unconditional quantum model.
    """
    options = read_options(arguments, Options)
    frozen = open_frozen(options.checkpoint, options.features)
    table: dict[str, Row] = {}
    for name, row in rows(frozen, options):
        table[name] = row
        print(f"{name}: FID {row['fid']:.1f}", flush=True)
    content = {"checkpoint": options.checkpoint, "seed": frozen.seed, "rows": table}
    paths.write_atomically(Path(options.out), (json.dumps(content, indent=2) + "\n").encode())
    print(markdown(table))


if __name__ == "__main__":
    sys.exit(run_command(bounds, __doc__, Options))
