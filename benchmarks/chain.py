"""The training iteration of the shipped model: all steps end to end, exact branches, `mmdk`.

No peer has this loss, so it is timed on its own. The states of the data are Haar states.
"""

from functools import partial

import torch

from benchmarks.timing import ROUNDS, Timing, plan, run_block, summarize
from latentq.compose import load_config
from latentq.config import arguments_of
from latentq.diffusion import DenoisingObjective
from latentq.model import LatentQ
from latentq.randomness import derive_generator
from latentq.states import haar_states

OBJECTIVE = ("inputs", "starts", "targets", "intermediate_weight")


class Chain:
    """The iterations of the phases that train all steps together, as configured by default.

    Arguments:
        seed: The seed of the model and of all draws.
        device: Where it runs.
    """

    def __init__(self, seed: int, device: str) -> None:
        self.config = load_config(["model=quantum", f"seed={seed}"])
        self.device = device
        self.prior = LatentQ(**arguments_of(self.config)).prior.to(device)
        settings = self.config["denoising"]
        generator = derive_generator(seed, "benchmark", "latents")
        latents = haar_states(
            settings["targets"], qubits=self.config["prior"]["qubits"], generator=generator
        )
        self.objective = DenoisingObjective(
            self.prior, latents.to(device), **{k: settings[k] for k in OBJECTIVE}, seed=seed
        )
        self.objective.begin(self.prior.steps)
        self.optimizer = torch.optim.Adam(self.prior.parameters(), lr=settings["lr_together"])
        self.iteration = 0

    @property
    def label(self) -> str:
        """The sizes in one line."""
        prior, settings = self.config["prior"], self.config["denoising"]
        particles = settings["starts"] * 2 ** (prior["ancillas"] * prior["steps"])
        return (
            f"n={prior['qubits']}, n_A={prior['ancillas']}, L={prior['layers']}, "
            f"{prior['steps']} steps, {particles} branches, {settings['targets']} targets"
        )

    def step(self) -> None:
        """Runs one iteration."""
        self.optimizer.zero_grad()
        self.objective.loss(self.iteration)["loss"].backward()
        self.optimizer.step()
        self.iteration += 1

    def wait(self) -> None:
        """Waits until the iterations that were started are done."""
        if self.device == "cuda":
            torch.cuda.synchronize()


def time_chain(seed: int, device: str, budget: float) -> tuple[str, Timing]:
    """Times the iteration, with at least as many rounds as a slow engine gets.

    Arguments:
        seed: The seed of the model and of all draws.
        device: Where it runs.
        budget: The time for all rounds in seconds.

    Returns:
        The sizes in one line, and the timing.
    """
    chain = Chain(seed, device)
    run = partial(run_block, chain)
    run(2)
    size, rounds = plan(run(2)[0] / 2, budget)
    return chain.label, summarize([run(size) for _ in range(max(rounds, ROUNDS[0]))], size)
