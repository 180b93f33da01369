"""The choices that the engine makes by a measured rule, each timed against its alternative."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.task import BenchmarkTask
from benchmarks.timing import Repeated, time_in_turn
from latentq.config.config import Config
from latentq.diffusion.losses import mmd
from latentq.engine import fused
from latentq.models.classifier import Classifier
from latentq.models.hybrid import LatentQ
from latentq.models.networks import ToPixels
from latentq.quantum.states import haar_states
from latentq.randomness import derive_generator

Work = Callable[[], Any]


@dataclass(frozen=True)
class Choice:
    """Two ways to do the same, by name, and the one that is taken.

    Arguments:
        case: What is done, with its sizes.
        ways: The two ways.
        taken: The name of the one that is taken.
    """

    case: str
    ways: Mapping[str, Work]
    taken: str


@contextmanager
def exchanged(module: Any, **values: Any) -> Iterator[None]:  # noqa: ANN401
    """Gives names of a module other values for a while."""
    before = {name: getattr(module, name) for name in values}
    for name, value in values.items():
        setattr(module, name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(module, name, value)


def _gradient(value: Tensor, leaf: Tensor) -> Tensor:
    return torch.autograd.grad(value, leaf)[0]


def compiled_or_run(task: BenchmarkTask) -> Choice:
    """Kraus matrices, or the circuit on the batch, forward and backward."""
    circuit, angles = task.circuit, task.angles.clone().requires_grad_()
    padding = (0, task.joint_dimension - task.dimension)
    joint = nn.functional.pad(task.psi, padding)[None]

    def matrices() -> Tensor:
        kraus = fused.kraus(circuit, angles, task.ancillas)
        return _gradient(fused.apply_kraus(kraus, task.psi).real.sum(), angles)

    def states() -> Tensor:
        return _gradient(fused.evolve(circuit, angles[None], joint).real.sum(), angles)

    taken = fused.compiles(circuit, task.ancillas, task.batch)
    ways = {"Kraus matrices": matrices, "on the batch": states}
    return Choice(f"circuit, {task.label}", ways, [*ways][not taken])


def loops_or_products(qubits: int, states: int) -> Choice:
    """Compiled loops, or matrix products on groups of qubits, forward and backward."""
    task = BenchmarkTask(qubits, 0, 6, states)
    angles = task.angles[None].clone().requires_grad_()

    def run(backend: Any) -> Tensor:  # noqa: ANN401
        result = fused.evolve(task.circuit, angles, task.psi[None], backend)
        return _gradient(result.real.sum(), angles)

    ways: dict[str, Work] = {
        "loops": partial(run, "loops"),
        "matrix products": partial(run, "matrices"),
    }
    taken = fused.uses_loops(task.circuit, task.psi)
    return Choice(f"layers, {qubits} qubits, {states} states", ways, [*ways][not taken])


def copies_or_pairs(states: int) -> Choice:
    """The ladder of powers for one qubit: copies of the states, or all pairs."""
    generator = derive_generator(0, "benchmark", "copies")
    phi, psi = (haar_states(states, qubits=1, generator=generator) for _ in range(2))
    phi.requires_grad_()

    def run(threshold: int) -> Tensor:
        with exchanged(mmd, COPIES=threshold):
            return _gradient(mmd.mmdk(phi, psi), phi)

    ways: dict[str, Work] = {"copies": partial(run, 0), "pairs": partial(run, 10**9)}
    taken = 2 * states >= mmd.COPIES
    return Choice(f"mmdk, 1 qubit, {states} + {states} states", ways, [*ways][not taken])


def together_or_in_turn(circuits: int) -> Choice:
    """The Kraus matrices of several circuits, such as seeds: at once, or one after the other."""
    task = BenchmarkTask(4, 1, 6, 1)
    angles = torch.stack([task.angles + s for s in range(circuits)]).requires_grad_()

    def together() -> Tensor:
        return _gradient(fused.kraus(task.circuit, angles, 1).real.sum(), angles)

    def in_turn() -> Tensor:
        parts = [fused.kraus(task.circuit, one, 1).real.sum() for one in angles]
        return _gradient(torch.stack(parts).sum(), angles)

    ways: dict[str, Work] = {"at once": together, "in turn": in_turn}
    return Choice(f"{circuits} circuits, {task.label}", ways, "at once")


def memory_format(name: str, build: Callable[[], nn.Module], batch: int) -> Choice:
    """Channels last or first, in an iteration of training on images."""
    generator = derive_generator(0, "benchmark", "images")
    images = torch.rand(batch, 1, 28, 28, generator=generator)
    labels = torch.randint(10, (batch,), generator=generator)

    def way(layout: torch.memory_format) -> Work:
        model: Any = build().train().to(memory_format=layout)
        optimizer = torch.optim.AdamW(model.parameters())

        def step() -> None:
            optimizer.zero_grad()
            model.loss(images, labels, generator)["loss"].backward()
            optimizer.step()

        return step

    ways = {
        "channels last": way(torch.channels_last),
        "channels first": way(torch.contiguous_format),
    }
    return Choice(f"{name}, {batch} images", ways, "channels last")


def pixels(batch: int) -> Choice:
    """The last layer of a decoder and its gradient, as in training or as in sampling."""
    layer = ToPixels(16, 1, 4, stride=2, padding=1).to(memory_format=torch.channels_last)
    generator = derive_generator(0, "benchmark", "pixels")
    inputs = torch.rand(batch, 16, 14, 14, generator=generator).requires_grad_()
    leaves = (inputs, *layer.parameters())

    def run(training: bool) -> object:
        last = inputs.contiguous(memory_format=torch.channels_last)
        return torch.autograd.grad(layer.train(training)(last).sum(), leaves)

    ways: dict[str, Work] = {"columns": partial(run, True), "oneDNN": partial(run, False)}
    return Choice(f"last layer of a decoder, {batch} images", ways, "columns")


def choices(config: Config) -> list[Choice]:
    """Returns all choices, on sizes to both sides of where the rules change."""
    channels, batch = config["model"]["channels"], config["images"]["batch_size"]
    autoencoder = partial(LatentQ, channels, {**config["prior"], "layers": 1})
    tasks = [BenchmarkTask(*size) for size in ((4, 2, 6, 4), (4, 2, 6, 16), (4, 2, 6, 256))]
    tasks += [BenchmarkTask(*size) for size in ((6, 1, 8, 64), (6, 1, 8, 256), (8, 3, 8, 256))]
    return [
        *map(compiled_or_run, tasks),
        *(loops_or_products(n, 16) for n in (4, 8, 10, 12, 13, 14)),
        *(loops_or_products(n, 256) for n in (4, 8, 12)),
        *map(copies_or_pairs, (128, 512, 2048)),
        *map(together_or_in_turn, (2, 8)),
        memory_format("autoencoder", autoencoder, batch),
        pixels(batch),
        memory_format("classifier", Classifier, batch),
    ]


def time_choice(choice: Choice, budget: float, seed: int) -> dict[str, Any]:
    """Times both ways in turn; returns milliseconds by name, and which was taken."""
    for work in choice.ways.values():
        work()
    ways = {name: Repeated(work) for name, work in choice.ways.items()}
    timings = time_in_turn(ways, budget, np.random.default_rng(seed))
    ms = {name: 1e3 * timing.median for name, timing in timings.items()}
    return {"case": choice.case, "ms": ms, "taken": choice.taken}
