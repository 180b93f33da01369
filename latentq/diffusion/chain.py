r"""A chain of :math:`T` learned steps from the terminal ensemble to the data, and its losses.

Step :math:`t` maps :math:`S_{t+1}` to :math:`S_t` by an instrument: it takes a state to branches
:math:`\phi_m` with probabilities and states

.. math:: p_m = \| \phi_m \|^2, \qquad \psi_m = \phi_m / \sqrt{p_m}.

Training compares the outputs of a step with :math:`S_t` by a loss of
:mod:`latentq.diffusion.losses.mmd`, either

- on one drawn outcome per state, as published (`outcomes="sampled"`). The gradient then ignores
  how :math:`p_m` depends on the parameters; or
- on all outcomes as particles with weights :math:`p_m` (`outcomes="exact"`), whose loss and
  gradient are exact; or
- on one drawn outcome per state whose weight carries the gradient of :math:`p_m`
  (`outcomes="score"`), which costs as much as the first and does not ignore the probabilities.

What an instrument is made of is up to the subclass: circuits in
:class:`latentq.diffusion.QuDDPM`. What becomes of the outcomes is said once for generation, in
:meth:`Chain.lift` and :meth:`Chain.move`: samples, inputs of steps and the report all follow them.

References:
    Zhang et al. (2024), Phys. Rev. Lett. 132, 100602.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from latentq.diffusion.forward import Forward, check_forward
from latentq.diffusion.losses import Loss, chosen_loss, mmdk, wasserstein, with_value
from latentq.diffusion.measurement import (
    Particles,
    draw_uniforms,
    keep_outcomes,
    score_outcomes,
    select_outcomes,
    uniform_particles,
)
from latentq.errors import InputError, NumericalError
from latentq.quantum.states import turn_randomly
from latentq.randomness import check_whole, chosen_generator

Outcomes = Literal["sampled", "exact", "score"]
Instrument = Callable[[Tensor], Tensor]
TOLERANCE = 1e-4  # of a sum of probabilities; that of 100 layers in float32 is off by 1e-6
CHECKED = 1024  # states at once, as in training, which decides how circuits are executed


def check_name(value: object, name: str, known: Iterable[str]) -> None:
    """Raises `InputError` if a value is none of the known names."""
    if value not in (words := list(known)):
        raise InputError(f"{name}: must be one of {', '.join(words)}, was {value!r}")


class Chain(nn.Module, ABC):
    r"""A denoising chain whose steps are instruments.

    Arguments:
        forward_process: The forward process, with its terminal ensemble; your own one has what
            :class:`~latentq.diffusion.forward.Forward` has.
        loss: The name of the loss, a key of
            :data:`latentq.diffusion.losses.mmd.LOSSES`, or your own
            function, see :mod:`latentq.diffusion.losses`.
        outcomes: Whether outcomes are `sampled`, kept as `exact` branches, or sampled with their
            `score` in training.
        spread: The strength :math:`\sigma` of the random unitaries that generated states are
            turned by at last, see :func:`~latentq.quantum.states.turn_randomly`. Training and
            inputs of steps are without them.

    Raises:
        InputError: If there is no such loss, or no such way with outcomes, the forward process
            lacks something, or the spread is negative or infinite.
    """

    #: Whether the instruments are linear, so that they are checked on all superpositions.
    linear = False
    #: Whether the states that it generates are pure.
    pure = True

    def __init__(
        self,
        forward_process: Forward,
        loss: str | Loss = "mmdk",
        outcomes: Outcomes = "exact",
        spread: float = 0.0,
    ) -> None:
        super().__init__()

        self.forward_process = check_forward(forward_process)
        check_name(outcomes, "outcomes", get_args(Outcomes))
        self.distance = chosen_loss(loss)
        self.outcomes = outcomes
        if not 0 <= spread < math.inf:
            raise InputError(f"spread: must not be negative or infinite, was {spread}")
        self.spread = spread

    @property
    def steps(self) -> int:
        """The number of steps T."""
        return self.forward_process.steps

    @abstractmethod
    def instruments(self, steps: list[int], batch: int) -> list[Instrument]:
        r"""Returns the maps :math:`\psi \mapsto (\phi_m)_m` of some steps.

        Each takes statevectors of shape :math:`(B, d)` to branches of shape :math:`(B, M, d)`.

        Arguments:
            steps: The steps.
            batch: The number of states they will be applied to at least.
        """

    @torch.no_grad()
    def check(self) -> None:
        r"""Checks that no step loses or gains probability.

        A step takes basis states to branches with :math:`\sum_m \| \phi_m \|^2 = 1`, and if it is
        linear, :math:`\sum_m K_m^\dagger K_m = 1`.

        Raises:
            NumericalError: If that of a step is off by more than :data:`TOLERANCE`.
        """
        order = [*range(self.steps)]
        size, device = 2**self.forward_process.qubits, next(self.parameters()).device
        basis = torch.eye(size, dtype=torch.complex64, device=device)
        for t, instrument in zip(order, self.instruments(order, CHECKED), strict=True):
            branches = instrument(basis).flatten(1)
            error = branches.conj() @ branches.mT - basis
            worst = (error if self.linear else error.diagonal()).abs().max().item()
            if not worst < TOLERANCE:
                raise NumericalError(
                    f"prior: the Kraus operators of step {t} are not complete, their sum of "
                    f"K^dagger K is off by {worst:.2g}, at most {TOLERANCE:g} is allowed"
                )

    def uniforms(self, psi: Tensor, generator: torch.Generator) -> Tensor:
        """Draws the numbers that decide the outcomes of states, with shape (N)."""
        return draw_uniforms(psi, generator)

    def lift(self, psi: Tensor) -> Tensor:
        """Returns pure states of shape (N, d) as the states that this chain works on."""
        return psi

    def move(self, instrument: Instrument, psi: Tensor, generator: torch.Generator) -> Tensor:
        """Applies one step to states of the chain, as in generation: one outcome is drawn."""
        return select_outcomes(instrument(psi), self.uniforms(psi, generator))

    def discrepancy(self, psi: Tensor, phi: Tensor) -> float:
        r"""Returns the MMD of two ensembles by :func:`~latentq.diffusion.losses.mmd.mmdk`."""
        return mmdk(psi, phi).item()

    def sample(self, n: int, seed: int = 0) -> Tensor:
        r"""Draws generated states :math:`S_0`, with shape :math:`(N, d)`, complex64.

        Arguments:
            n: The number of states :math:`N`.
            seed: The seed of the draw; the same seed gives the same states.

        Raises:
            InputError: If there is no such number or seed.
        """
        return self.sample_chain(check_whole(n, "n", 1), seed=seed)[-1]

    @torch.no_grad()
    def sample_chain(
        self,
        n: int,
        generator: torch.Generator | None = None,
        stop: int = 0,
        start: Tensor | None = None,
        *,
        seed: int | None = None,
    ) -> Tensor:
        r"""Draws states along the generation, with shape :math:`(T - s + 1, N, *)`.

        Arguments:
            n: The number of states :math:`N`.
            generator: The source of randomness, or
            seed: its seed.
            stop: The step :math:`s` to stop at; 0 runs to the data end.
            start: The basis states to start from, with shape :math:`(N)`, see
                :meth:`~latentq.diffusion.ForwardProcess.terminal_states`.

        Returns:
            The ensembles from the terminal one to the generated :math:`S_s`, which has the
            spread if it is :math:`S_0`; pure states have shape :math:`(d)`.

        Raises:
            InputError: If there is no such step, or neither or both of generator and seed.
        """
        device = next(self.parameters(), torch.empty(0)).device
        generator = chosen_generator(generator, seed, "sample", device=device)
        if not 0 <= stop <= self.steps:
            raise InputError(f"stop: must be from 0 to {self.steps}, was {stop}")
        chain = [self.lift(self.forward_process.terminal_states(n, generator, start))]
        order = [*reversed(range(stop, self.steps))]
        for instrument in self.instruments(order, n) if order else []:
            chain.append(self.move(instrument, chain[-1], generator))

        if not stop:
            chain[-1] = turn_randomly(chain[-1], self.spread, generator)
        return self.stack(chain)

    def stack(self, chain: list[Tensor]) -> Tensor:
        """Returns the ensembles of a chain as one tensor."""
        return torch.stack(chain)

    def draw_inputs(
        self, n: int, generator: torch.Generator, t: int, start: Tensor | None = None
    ) -> Tensor:
        r"""Draws input states of step :math:`t`, as the later steps leave them.

        Arguments:
            n: The number of states :math:`N`.
            generator: The source of randomness.
            t: The step, from 0 to :math:`T - 1`.
            start: The basis states to start from, see :meth:`sample_chain`.
        """
        return self.sample_chain(n, generator, t + 1, start)[-1]

    def advance(
        self, instrument: Instrument, particles: Particles, generator: torch.Generator
    ) -> Particles:
        """Applies one step to particles, with outcomes sampled or kept as configured."""
        branches = instrument(particles.psi)
        if self.outcomes == "exact":
            return keep_outcomes(branches, particles.weights)

        uniforms = self.uniforms(branches, generator)
        if self.outcomes == "score":
            return score_outcomes(branches, particles.weights, uniforms)

        return Particles(select_outcomes(branches, uniforms), particles.weights)

    def compare(
        self, particles: Particles, targets: Tensor, value: bool, groups: int = 1
    ) -> Tensor:
        """Returns the loss of an ensemble, the mean over its groups, see :meth:`step_loss`."""
        distance = with_value(self.distance, value)
        parts = (particles.psi, targets, particles.weights)
        psi, wanted, w = (x.unflatten(0, (groups, -1)) for x in parts)
        # The sum of weights is a constant whose gradient would only add variance.
        w = w / w.sum(dim=-1, keepdim=True)
        if distance is wasserstein:
            return wasserstein(psi, wanted, w).mean()
        blocks = zip(psi, wanted, w, strict=True)
        return torch.stack([distance(*block) for block in blocks]).mean()

    def step_loss(
        self,
        t: int,
        inputs: Tensor,
        targets: Tensor,
        generator: torch.Generator,
        value: bool = True,
        groups: int = 1,
    ) -> Tensor:
        r"""Returns the loss of step :math:`t` alone, :math:`D(U_t(S_{t+1}), S_t)`.

        Arguments:
            t: The step, from :math:`T - 1` down to 0.
            inputs: Its input states, from :meth:`draw_inputs`, with shape :math:`(N, d)`.
            targets: States of :math:`S_t`, with shape :math:`(M, d)`.
            generator: The source of randomness, used for sampled outcomes.
            value: Whether the value matters, or only the gradient by the angles.
            groups: The number of groups; inputs and targets hold one after the other, and the
                loss is the mean over the groups.
        """
        (instrument,) = self.instruments([t], len(inputs))
        particles = self.advance(instrument, uniform_particles(inputs), generator)
        return self.compare(particles, targets, value, groups)

    def chain_losses(
        self,
        inputs: Tensor,
        targets: list[Tensor],
        generator: torch.Generator,
        value: bool = True,
        groups: int = 1,
        last: bool = False,
    ) -> list[Tensor]:
        r"""Returns the losses of all steps of one chain, :math:`D(P_t, S_t)`.

        Arguments:
            inputs: States of the terminal ensemble, with shape :math:`(N, d)`. With exact
                outcomes they become :math:`N 2^{n_A T}` particles.
            targets: States of :math:`S_0 \dots S_{T-1}`, each with shape :math:`(M, d)`.
            generator: The source of randomness, used for sampled outcomes.
            value: Whether the value matters, or only the gradient by the angles.
            groups: The number of groups, see :meth:`step_loss`.
            last: Whether only the ensemble at the end is compared with its target.

        Returns:
            The losses of the steps :math:`0 \dots T - 1`, differentiable end to end; that of
            step 0 alone with `last`.
        """
        particles, losses = uniform_particles(self.lift(inputs)), []
        order = [*reversed(range(self.steps))]
        for t, instrument in zip(order, self.instruments(order, len(inputs)), strict=True):
            particles = self.advance(instrument, particles, generator)
            if not (last and t):
                losses.append(self.compare(particles, targets[t], value, groups))

        return losses[::-1]
