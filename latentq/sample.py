"""Draws images from a trained model and saves them as a picture.

python -m latentq.sample checkpoint=checkpoints/quantum n=64 seed=0 out=grid.png

With `label=7` a conditional model draws sevens; without, it draws all classes.

With `backend=aer shots=2430` the circuits of a quantum prior are run by Qiskit Aer on this
machine, and images are decoded from so many measurements each; `gate_error`, `damping` and
`readout_error` are the errors of its gates and measurements, and `starts` how many states it
prepares. With `backend=prague`, `kolkata` or `lagos` they are transpiled for a machine that
Qiskit simulates with the errors of a day, which suits models of few gates.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from annotated_types import Ge, Le
from pydantic import Field

from latentq.config.commands import read_options, run_command
from latentq.config.fields import Count, Folder, Plugins, Seed, Settings, Share
from latentq.config.registry import load_plugins
from latentq.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

    from latentq.models.hybrid import LatentQ


class Options(Settings):
    """What is drawn, and where it goes."""

    checkpoint: Folder = Field(
        "checkpoints/quantum", description="a folder, or the name of a model of LatentQ"
    )
    n: Count = Field(64, le=10_000, description="the number of images")
    label: Annotated[int, Ge(0), Le(9)] | None = Field(
        None, description="the class that a conditional model draws; null: all of them"
    )
    seed: Seed = Field(0, description="the seed")
    out: Folder = Field("grid.png", description="the picture")
    plugin: Plugins | None = Field(None, description="modules that register models of your own")
    backend: Literal["exact", "aer", "kolkata", "lagos", "prague"] = Field(
        "exact", description="what runs the circuits: exact, or a simulator of a machine"
    )
    shots: Annotated[int, Ge(1), Le(10**9)] | None = Field(
        None, description="measurements of an image, but for exact"
    )
    starts: Annotated[int, Ge(1), Le(10_000)] | None = Field(
        None, description="states that it prepares; null: one for some images each"
    )
    gate_error: Share = Field(0.0, le=1, description="depolarising after a two-qubit gate")
    damping: Share = Field(0.0, le=1, description="amplitude damping after one")
    readout_error: Share = Field(0.0, le=1, description="how often a bit is misread")


ERRORS = ("gate_error", "damping", "readout_error")
OF_MACHINES = ("shots", "starts", *ERRORS)


def check_backend(options: Options) -> None:
    """Checks that options of machines are given with a machine, and shots are.

    Raises:
        InputError: If one is given without, or there are no shots.
    """
    given = [
        key for key in OF_MACHINES if getattr(options, key) != Options.model_fields[key].default
    ]
    name = options.backend
    if name == "exact":
        if given:
            raise InputError(f"{given[0]}: needs backend=aer")
        return
    if own := [key for key in given if key in ERRORS and name != "aer"]:
        raise InputError(f"{own[0]}: needs backend=aer, {name} has errors of its own")
    if options.shots is None:
        raise InputError(f"shots: must be given with backend={name}, such as shots=2430")
    if options.label is not None:
        raise InputError(f"label: must be left out with backend={name}, which draws all classes")


def run_machine(model: "LatentQ", options: Options) -> "Tensor":
    """Draws images by circuits that Aer or a simulated machine runs.

    Raises:
        InputError: If Qiskit is missing, or there are too few shots.
    """
    from latentq.engine.noisy import Noise
    from latentq.engine.qiskit import FakeMachine, Sampler, aer_sampler
    from latentq.models.device import DevicePlan, sample_on

    noise = Noise(options.gate_error, options.damping, options.readout_error)
    seed, of_aer = options.seed % 2**31, options.backend == "aer"
    sampler: Sampler = aer_sampler(noise, seed) if of_aer else FakeMachine(options.backend, seed)
    # Aer keeps a density matrix for each outcome string of circuits that reset.
    deferred = of_aer and noise == Noise()
    assert options.shots is not None  # See `check_backend`.
    plan = DevicePlan(options.n, options.shots, options.starts, deferred)
    return sample_on(model, sampler, plan, options.seed)


def sample(arguments: list[str]) -> None:
    """Draws images and saves them as a picture.

    Raises:
        InputError: If an option is wrong, or the checkpoint is missing or damaged.
    """
    options = read_options(arguments, Options)
    load_plugins(options.plugin)
    check_backend(options)
    out = Path(options.out)
    if out.suffix.lower() != ".png" or not out.parent.is_dir() or out.is_dir():
        raise InputError(f"out: must be a .png file in a folder that exists, was {out}")

    # These imports take seconds; a wrong option is answered without them.
    from latentq import load
    from latentq.models.generative import GenerativeModel
    from latentq.models.hybrid import quantum_model
    from latentq.paths import check_writable
    from latentq.report import plots

    check_writable(out.parent, "out")
    model = load(options.checkpoint)
    if not isinstance(model, GenerativeModel):
        raise InputError(f"checkpoint: must be a generative model, was {options.checkpoint}")
    if options.label is not None and not model.conditional:
        raise InputError(f"label: {options.checkpoint} is no conditional model; leave it out")
    if options.backend != "exact":
        images = run_machine(quantum_model(model, options.checkpoint)[0], options)
    else:
        images = model.sample(options.n, options.seed, options.label)
    title = f"{options.checkpoint}, {options.n} samples, seed {options.seed}"
    plots.save_samples(images, out, title)
    print(f"{options.n} samples: {out}")


if __name__ == "__main__":
    sys.exit(run_command(sample, __doc__, Options))
