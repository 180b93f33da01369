"""Estimates how long a study takes: some iterations of each arm are timed, the rest is counted.

    python -m latentq.study.estimate
    python -m latentq.study.estimate arms=quantum,linear seeds=5 train_sizes=1000,54000 workers=2

Timed is processor time, so that what else runs on the machine hardly matters. The states are Haar
states, on which a transport takes about as long as on those of images. An autoencoder and the
measuring of a job take what `autoencoder` and `evaluation` say.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import torch
from pydantic import Field

from latentq.config.commands import read_options, run_command
from latentq.config.config import Config, arguments_of
from latentq.config.fields import Count, Positive
from latentq.models import storage
from latentq.models.generative import GenerativeModel
from latentq.quantum.states import haar_states
from latentq.randomness import derive_generator
from latentq.report.tables import markdown_table
from latentq.study.arms import ARMS
from latentq.study.jobs import Job, StudyFolder, plan
from latentq.study.options import Options as StudyOptions
from latentq.study.options import cpus
from latentq.study.tuned import read_tuned
from latentq.training.modules import FittedToLatents, Objective, TrainedInLatents

LATENTS = 8000


class Options(StudyOptions):
    """What is estimated."""

    iterations: Count = Field(5, le=10_000, description="iterations of a phase that are timed")
    autoencoder: Positive = Field(170.0, description="processor seconds of an autoencoder")
    evaluation: Positive = Field(30.0, description="processor seconds to measure a job")


def timed(run: Callable[[], object]) -> float:
    """Returns the processor seconds that something takes."""
    begin = time.process_time()
    run()
    return time.process_time() - begin


def iteration_seconds(objective: Objective, phase: int, iterations: int) -> float:
    """Returns the processor seconds of an iteration of a phase, without the first one.

    Arguments:
        objective: The objective.
        phase: The phase.
        iterations: How many are timed.
    """
    objective.begin(phase)
    optimizer = torch.optim.Adam(objective.prior.parameters(), lr=1e-3, fused=True)

    def train(first: int, number: int) -> None:
        for step in range(first, first + number):
            optimizer.zero_grad()
            objective.loss(step, value=False)["loss"].backward()
            optimizer.step()

    train(0, 1)  # What is compiled once is no part of the rest.
    return timed(lambda: train(1, iterations)) / iterations


def prior_seconds(config: Config, iterations: int) -> float:
    """Returns the processor seconds of the training of a prior, timed in part.

    Arguments:
        config: The configuration of a job.
        iterations: How many iterations of a phase are timed.
    """
    built = storage.build_seeded(config["model"]["kind"], arguments_of(config), 0)
    model: Any = cast(GenerativeModel, built)
    latents = latents_of(model)
    if isinstance(model, FittedToLatents):
        return timed(lambda: model.fit(latents, 0))
    settings = config.get("denoising", {})
    if not isinstance(model, TrainedInLatents) or not settings["iterations_per_epoch"]:
        return 0.0
    begin = time.process_time()
    objective = model.objective(latents, torch.zeros(len(latents)).long(), settings, 0)
    seconds = time.process_time() - begin
    if objective.alone:
        each = iteration_seconds(objective, 0, iterations)
        seconds += objective.alone * settings["iterations_per_epoch"] * each
    each = iteration_seconds(objective, objective.alone, iterations)
    return seconds + settings["epochs"] * settings["iterations_per_epoch"] * each


def latents_of(model: GenerativeModel) -> torch.Tensor:
    """Returns latents to time a prior on."""
    generator = derive_generator(0, "estimate")
    if model.latent_space == "states":
        qubits = (1 + cast(int, model.latent_freedom) // 2).bit_length() - 1
        return haar_states(LATENTS, qubits=qubits, generator=generator)
    return torch.randn(LATENTS, cast(int, model.latent_freedom), generator=generator)


def estimate(arguments: list[str]) -> None:
    """Prints the processor seconds of a job of each arm, and the hours of the study.

    Raises:
        InputError: If an option is wrong.
    """
    options = read_options(arguments, Options)
    folder = StudyFolder(
        Path(options.root), options.settings, tuned=read_tuned().arms, data=options.data
    )
    jobs = plan(options.arms, options.seeds, options.train_sizes)
    size, seed = options.train_sizes[-1], options.seeds[0]
    torch.set_num_threads(1)
    seconds = {}
    for arm in dict.fromkeys(job.arm for job in jobs):
        own = options.autoencoder if ARMS[arm].base is None else 0.0
        prior = prior_seconds(folder.config(Job(arm, size, seed)), options.iterations)
        seconds[arm] = own, prior, options.evaluation
        print(f"{arm}: {sum(seconds[arm]):.0f} s", flush=True)
    rows = [
        [arm, *(f"{part:.0f}" for part in parts), str(sum(job.arm == arm for job in jobs))]
        for arm, parts in seconds.items()
    ]
    print(markdown_table(["arm", "autoencoder", "prior", "evaluation", "jobs"], rows, True))
    total = sum(sum(seconds[job.arm]) for job in jobs)
    workers = options.workers or cpus()
    print(f"{len(jobs)} jobs, {total / 3600:.1f} processor hours, {total / 3600 / workers:.1f} h")


if __name__ == "__main__":
    sys.exit(run_command(estimate, __doc__, Options))
