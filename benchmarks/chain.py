"""The iteration that trains all steps of the configured model, and where it spends its time.

Model, objective and optimiser are those that a training builds from the same configuration, so
that what is timed is what is trained. No peer has it, so it is timed on its own. The states of
the data are Haar states, and the angles are those that a training starts with.
"""

from collections.abc import Callable
from functools import partial
from typing import cast

import torch
from torch import Tensor

from benchmarks.choices import exchanged
from benchmarks.timing import ROUNDS, Timing, plan, run_block, summarize
from latentq.config.config import Config, arguments_of
from latentq.diffusion import Particles, uniform_particles
from latentq.diffusion.losses import assignment
from latentq.models import storage
from latentq.models.hybrid import LatentQ
from latentq.quantum.states import haar_states
from latentq.randomness import derive_generator
from latentq.training.modules import DenoisingModule

STATES = 6400  # of the data, from which the targets are drawn; more cost no time
Parts = dict[str, Callable[[], object]]
Solved = list[tuple[Tensor, assignment.Assignment]]  # Costs of transports, and their solutions.


class TimedChain:
    """The iterations of the phases that train all steps together, as a configuration has them.

    Arguments:
        config: The configuration of a model with a chain.
        device: Where it runs.
    """

    def __init__(self, config: Config, device: str) -> None:
        self.config, self.device = config, device
        model = storage.build(config["model"]["kind"], arguments_of(config)).to(device)
        generator = derive_generator(config["seed"], "benchmark", "latents")
        qubits = config["prior"]["qubits"]
        latents = haar_states(STATES, qubits=qubits, generator=generator).to(device)
        labels, settings = torch.arange(STATES, device=device) % 10, config["denoising"]
        self.objective = cast(LatentQ, model).objective(latents, labels, settings, config["seed"])
        self.prior = self.objective.prior
        made = DenoisingModule.configured(self.objective, settings).configure_optimizers()
        self.optimizer, self.scheduler = made["optimizer"], made["lr_scheduler"]["scheduler"]
        self.objective.begin(self.objective.alone)
        self.iteration = 0

    @property
    def label(self) -> str:
        """The sizes in one line."""
        prior, settings = self.config["prior"], self.config["denoising"]
        parts = [f"n={prior['qubits']}", f"n_A={prior['ancillas']}", f"L={prior['layers']}"]
        parts += [f"{prior['steps']} steps", f"{self.config['outcomes']} outcomes"]
        parts += [f"{settings[f'{k}_batch_size']} {k}s" for k in ("start", "target")]
        return ", ".join(
            [*parts, f"{self.config['loss']} in {len(self.objective.members)} groups"]
        )

    def step(self) -> None:
        """Runs one iteration."""
        self.optimizer.zero_grad()
        self.objective.loss(self.iteration)["loss"].backward()
        self.optimizer.step()
        self.scheduler.step()
        self.iteration += 1

    def wait(self) -> None:
        """Waits until the iterations that were started are done."""
        if self.device == "cuda":
            torch.cuda.synchronize()


def time_chain(chain: TimedChain, budget: float) -> Timing:
    """Times the iteration, with at least as many rounds as a slow engine gets.

    Arguments:
        chain: The iteration.
        budget: The time for all rounds in seconds.
    """
    run = partial(run_block, chain)
    run(2)
    size, rounds = plan(run(2)[0] / 2, budget)
    return summarize([run(size) for _ in range(max(rounds, ROUNDS[0]))], size)


def _leaves(particles: Particles) -> Particles:
    """Returns particles as they are, with a gradient of their own where they have one."""
    return Particles(*(x.detach().requires_grad_(x.requires_grad) for x in particles))


def parts_of_chain(chain: TimedChain) -> Parts:
    """Returns the parts of an iteration, with their gradients, and the whole."""
    prior, objective = chain.prior, chain.objective
    generator = derive_generator(chain.config["seed"], "benchmark", "parts", device=chain.device)
    start = objective.start(objective.start_batch_size, generator)
    n = objective.start_batch_size if start is None else len(start)
    order = [*reversed(range(prior.steps))]
    compared = order if objective.intermediate_weight else order[-1:]

    def terminal() -> Tensor:
        return prior.lift(prior.forward_process.terminal_states(n, generator, start))

    def drawn() -> list[Tensor]:
        return [objective.targets_of(t, generator) for t in compared]

    def moved() -> list[Particles]:
        """The outputs of all steps, each from detached inputs."""
        found, particles = [], first
        for instrument in prior.instruments(order, n):
            found.append(prior.advance(instrument, particles, generator))
            particles = Particles(*(x.detach() for x in found[-1]))
        return found

    def measured() -> None:
        total = sum(psi.real.sum() + weights.sum() for psi, weights in moved())
        torch.autograd.grad(cast(Tensor, total), [*prior.parameters()])

    first, targets = uniform_particles(terminal()), drawn()
    clouds = [_leaves(particles) for particles in moved()[-len(compared) :]]
    losses = partial(_compare, chain, clouds, targets)
    solved = _solved(losses)
    return {
        "terminal states": terminal,
        "targets": drawn,
        "circuits and measurements": measured,
        "solver of the transports": lambda: [assignment.assign(x) for x, _ in solved],
        "losses without the solver": partial(_without_solver, losses, solved),
        "the whole": chain.step,
    }


def _compare(chain: TimedChain, clouds: list[Particles], targets: list[Tensor]) -> None:
    """Takes the losses of particles and their gradients."""
    groups = len(chain.objective.members)
    for cloud, wanted in zip(clouds, targets, strict=True):
        leaves = [x for x in cloud if x.requires_grad]
        torch.autograd.grad(chain.prior.compare(cloud, wanted, True, groups), leaves)


def _without_solver(losses: Callable[[], None], solved: Solved) -> None:
    """Takes losses whose transports are solved already."""
    known = iter([solution for _, solution in solved])
    with exchanged(assignment, assign=lambda _: next(known)):
        losses()


def _solved(losses: Callable[[], None]) -> Solved:
    """Returns the costs of the transports of an iteration, and their solutions."""
    solve, seen = assignment.assign, []

    def spy(cost: Tensor) -> assignment.Assignment:
        seen.append((cost, solve(cost)))
        return seen[-1][1]

    with exchanged(assignment, assign=spy):
        losses()
    return seen
