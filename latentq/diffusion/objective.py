r"""What a QuDDPM is trained on: its steps one after the other, then all of them together.

First, from the noise end, step :math:`t` learns :math:`D(U_t(S_{t+1}), S_t)` while the later
steps are frozen; its input set is made once by running them. Then all angles are trained on

.. math:: \frac{1}{1 + \lambda (T - 1)} \Big( D(P_0, S_0) + \lambda \sum_{t=1}^{T-1} D(P_t, S_t)
    \Big),

where :math:`P_t` are the ensembles of one chain that starts at the terminal ensemble.

The states may be divided into groups, by class or by :mod:`latentq.diffusion.partition`. Group
:math:`k` then generates from the basis state :math:`| k \rangle`, every loss is the mean over
groups of the loss within the group, and the angles are still shared by all of them.
"""

import torch
from torch import Tensor, nn

from latentq.diffusion.chain import Chain
from latentq.diffusion.forward import Forward
from latentq.errors import InputError
from latentq.randomness import derive_generator


def diffused(process: Forward, latents: Tensor, seed: int, number: int) -> list[Tensor]:
    r"""Draws :math:`S_0 \dots S_{K-1}` from states of the data, each on its own.

    Arguments:
        process: The forward process.
        latents: The states of the data :math:`S_0`, with shape :math:`(N, d)`.
        seed: The seed of all draws.
        number: The number of ensembles :math:`K`, at most :math:`T`.
    """
    return [
        process.diffuse(latents, t, derive_generator(seed, "diffuse", t, device=latents.device))
        for t in range(number)
    ]


class DenoisingObjective(nn.Module):
    r"""The loss of a QuDDPM on the states of the data, phase by phase.

    Phases :math:`0 \dots T - 1` train the steps :math:`T - 1 \dots 0` alone, unless
    `single_steps` is false; every later phase trains all steps together.

    Arguments:
        prior: The model.
        latents: The states of the data :math:`S_0`, with shape :math:`(N, d)`.
        input_batch_size: The number of input states of a step that is trained alone.
        start_batch_size: The number of terminal states of a chain that is trained as a whole.
        target_batch_size: The number of target states of a loss.
        intermediate_weight: The weight :math:`\lambda` of the intermediate ensembles, which are
            not compared at all if it is 0.
        seed: The seed of all draws.
        single_steps: Whether the steps are trained alone first.
        balanced: Whether each basis state starts equally many of the chains that are trained as
            a whole, where the terminal ensemble is made of basis states; drawn if not.
        groups: The group of each state, with shape :math:`(N)`, from 0 to at most
            :math:`2^n - 1`, none of them empty; `None` for no groups. The numbers of inputs,
            starts and targets are rounded down to a multiple of the number of groups.

    Raises:
        InputError: If there are no states, a group has none or no basis state, or there are fewer
            inputs, starts or targets than groups.
    """

    def __init__(
        self,
        prior: Chain,
        latents: Tensor,
        *,
        input_batch_size: int,
        start_batch_size: int,
        target_batch_size: int,
        intermediate_weight: float,
        seed: int,
        single_steps: bool = True,
        balanced: bool = False,
        groups: Tensor | None = None,
    ) -> None:
        super().__init__()

        self.prior = prior
        places = torch.arange(len(latents), device=latents.device)
        self.members = [places]
        if groups is not None and len(groups):
            number = 1 + int(groups.max()) if bool((groups >= 0).all()) else 0
            self.members = [places[groups == k] for k in range(number)]
        self.input_batch_size, self.start_batch_size = input_batch_size, start_batch_size
        self.target_batch_size = target_batch_size
        self._check()
        self.intermediate_weight = intermediate_weight
        self.seed, self.balanced = seed, balanced
        #: The number of phases that train a step alone.
        self.alone = prior.steps if single_steps else 0
        compared = prior.steps if single_steps or intermediate_weight else 1
        self.ensembles = diffused(prior.forward_process, latents, seed, compared)
        self.phase = 0
        self._inputs = latents[:0]

    def _check(self) -> None:
        groups, room = len(self.members), 2**self.prior.forward_process.qubits
        if not 1 <= groups <= room:
            raise InputError(f"groups: must be from 0 to {room - 1}, one for each basis state")
        empty = [str(k) for k, members in enumerate(self.members) if not len(members)]
        if empty:
            raise InputError(
                f"groups: each must have a state, {len(empty)} of {groups} have none "
                f"({', '.join(empty)})"
            )
        for name in ("input_batch_size", "start_batch_size", "target_batch_size"):
            if (n := getattr(self, name)) < groups:
                raise InputError(f"{name}: must be at least {groups}, one for a group, was {n}")

    def _generator(self, purpose: str, step: int, like: Tensor) -> torch.Generator:
        return derive_generator(self.seed, purpose, step, device=like.device)

    def begin(self, phase: int) -> None:
        """Enters a phase; for a step alone, its input set is made from the frozen later steps."""
        self.phase = phase
        if phase < self.alone:
            t = self.prior.steps - 1 - phase
            generator = self._generator("inputs", t, self.ensembles[0])
            start = self.start_of_groups(self.input_batch_size)
            n = self.input_batch_size if start is None else len(start)
            self._inputs = self.prior.draw_inputs(n, generator, t, start)

    def start_of_groups(self, n: int) -> Tensor | None:
        """Returns the basis states of the groups, one group after the other, if there are any."""
        groups = len(self.members)
        if groups == 1:
            return None

        index = torch.arange(groups, device=self.ensembles[0].device)
        return index.repeat_interleave(n // groups)

    def start(self, n: int, generator: torch.Generator) -> Tensor | None:
        """Returns the basis states that chains start from, or `None` if they are to be drawn."""
        process = self.prior.forward_process
        known = self.balanced and getattr(process, "terminal", "") == "basis"
        if len(self.members) > 1 or not known:
            return self.start_of_groups(n)

        dimension, device = 2**process.qubits, self.ensembles[0].device
        first = torch.randint(dimension, (1,), device=device, generator=generator)
        return (torch.arange(n, device=device) + first) % dimension

    def targets_of(self, t: int, generator: torch.Generator) -> Tensor:
        """Draws target states of a step, one group after the other."""
        n = self.target_batch_size // len(self.members)
        index = [
            members[torch.randint(len(members), (n,), device=members.device, generator=generator)]
            for members in self.members
        ]
        return self.ensembles[t][torch.cat(index)]

    def loss(self, step: int, value: bool = True) -> dict[str, Tensor]:
        r"""Returns the loss of an iteration, and :math:`D(P_t, S_t)` of the steps in it.

        Arguments:
            step: The number of the iteration, from which all draws are derived.
            value: Whether the values matter, or only the gradient by the angles. Without them,
                terms that have no gradient are left out.
        """
        generator = self._generator("denoise", step, self.ensembles[0])
        steps = self.prior.steps
        if self.phase < self.alone:
            t = steps - 1 - self.phase
            targets = self.targets_of(t, generator)
            loss = self.prior.step_loss(
                t, self._inputs, targets, generator, value, len(self.members)
            )
            return {"loss": loss, f"loss_{t}": loss.detach()}

        start = self.start(self.start_batch_size, generator)
        n = self.start_batch_size if start is None else len(start)
        starts = self.prior.forward_process.terminal_states(n, generator, start)
        ensembles = [self.targets_of(t, generator) for t in range(len(self.ensembles))]
        weight, groups = self.intermediate_weight, len(self.members)
        losses = self.prior.chain_losses(starts, ensembles, generator, value, groups, not weight)
        weighted = losses[0] + weight * sum(losses[1:])
        parts = {f"loss_{t}": part.detach() for t, part in enumerate(losses)}
        return {"loss": weighted / (1 + weight * (steps - 1)), **parts}
