r"""The backward process: :math:`T` circuits with measured ancillas.

At every step fresh ancillas in :math:`| 0 \rangle` join the data, a parameterised circuit
:math:`U_t` acts, and the ancillas are measured in Z. Every outcome is kept. Outcome :math:`m` has
the Born probability and leaves the state

.. math:: p_m = \| K_m \psi \|^2, \qquad \psi_m = K_m \psi / \sqrt{p_m}.

References:
    Zhang et al. (2024), Phys. Rev. Lett. 132, 100602.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Literal, TypeVar, get_args

import torch
from torch import Tensor, nn

from latentq.diffusion.chain import Chain, Instrument, Outcomes, check_name
from latentq.diffusion.forward import Forward, Preparation
from latentq.diffusion.losses import Loss
from latentq.engine import circuits, export, fused, torchquantum
from latentq.errors import InputError
from latentq.randomness import check_whole, chosen_generator, derive_generator

Engine = Literal["fused", "torchquantum"]
Initial = Literal["uniform", "normal"]
Build = Callable[[int, int], circuits.Circuit]
AXES: tuple[circuits.Axis, ...] = ("rx", "ry")
LAYERS = 24
V = TypeVar("V")


def _first_angles(init: Initial, number: int, generator: torch.Generator) -> Tensor:
    if init == "normal":
        return torch.randn(number, generator=generator, dtype=torch.float32)
    return 2 * torch.rand(number, generator=generator, dtype=torch.float32) - 1


def _of_steps(given: V | Sequence[V], name: str, steps: int) -> tuple[V, ...]:
    """Returns the value of each step; the last one that is given holds for the steps after it."""
    found = tuple(given) if isinstance(given, Sequence) else (given,)
    if not 1 <= len(found) <= steps:
        raise InputError(f"{name}: must be one value, or 1 to {steps} for the steps, was {given}")
    return found + found[-1:] * (steps - len(found))


def _check_ancillas(ancillas: tuple[int, ...], process: Forward) -> None:
    """Raises `InputError` if a number of ancillas is none, or no step can change the ensemble."""
    for number in ancillas:
        check_whole(number, "ancillas")
    if not any(ancillas) and getattr(process, "terminal", "") == "haar":
        raise InputError(
            "ancillas: must be at least 1 for the terminal ensemble haar, was 0; without a "
            "measurement nothing can be learned"
        )


def _own_circuit(circuit: circuits.Circuit | Build, qubits: int, depth: int) -> circuits.Circuit:
    """Returns somebody else's circuit of one step, if it is one and as wide as it must be."""
    found: object = circuit
    if not isinstance(circuit, circuits.Circuit):
        found = circuit(qubits, depth) if callable(circuit) else circuit
    if not isinstance(found, circuits.Circuit):
        raise InputError(
            "circuit: must be a Circuit, or a function (qubits, layers) that returns one, "
            f"{'returned' if callable(circuit) else 'was'} {found!r}"
        )
    if found.qubits != qubits:
        raise InputError(
            f"circuit: must act on {qubits} qubits, ancillas and data, was for {found.qubits}"
        )
    return found


def _check_unused(
    circuit: circuits.Circuit | Build,
    layers: int | Sequence[int] | None,
    axes: tuple[circuits.Axis, ...],
    entangled: bool,
) -> None:
    """Raises `InputError` if something is given that somebody else's circuit decides by itself."""
    if axes != AXES or not entangled:
        raise InputError("axes, entangled: must be left out with a circuit, which has its own")
    if isinstance(circuit, circuits.Circuit) and layers not in (None, circuit.layers):
        raise InputError(
            f"layers: must be left out with a circuit, which has {circuit.layers}, was {layers}; "
            "or give a function (qubits, layers) that returns a circuit"
        )


class QuDDPM(Chain):
    r"""A quantum denoising diffusion model with :math:`T` measured-ancilla circuits.

    Arguments:
        forward_process: The forward process, with its terminal ensemble, or one of your own, see
            :class:`~latentq.diffusion.forward.Forward`.
        ancillas: The number of ancillas :math:`n_A` of a step, or numbers for the steps
            :math:`0, 1, \dots`, of which the last one holds for all steps after it.
        layers: The number of layers :math:`L` of a circuit, or numbers alike; 24 if `None`. A
            `circuit` that is no function has its own.
        loss: The name of the loss, a key of
            :data:`latentq.diffusion.losses.mmd.LOSSES`, or your own
            function `(phi, psi, weights=None)`, see :mod:`latentq.diffusion.losses`.
        outcomes: Whether outcomes are `sampled`, kept as `exact` branches, or sampled with their
            `score` in training.
        engine: The engine that executes the circuits.
        init_scale: The scale :math:`s` of the first angles, or scales alike.
        init: Their distribution: `uniform` in :math:`[-s, s]`, or `normal` with deviation
            :math:`s`, which is the published one with :math:`s = 1`.
        axes: The axes of the rotations.
        entangled: Whether the circuits have CZ gates.
        spread: The strength :math:`\sigma` of the random unitaries that generated states are
            turned by at last, see :func:`~latentq.quantum.states.turn_randomly`.
        circuit: Your own circuit of every step, or a function that takes the number of qubits,
            ancillas and data, and of layers, and returns one. Ancillas are its first qubits.
        generator: The source of the first angles, or
        seed: its seed.

    Raises:
        InputError: If there are numbers for more steps than there are, or none, a number or
            name is none of those allowed, your own part is not as it must be, neither or both of
            generator and seed are given, or there is no ancilla where the terminal ensemble is
            `haar`: unitary circuits leave it as it is.
    """

    linear = True

    def __init__(
        self,
        forward_process: Forward,
        ancillas: int | Sequence[int] = 1,
        layers: int | Sequence[int] | None = None,
        loss: str | Loss = "mmdk",
        outcomes: Outcomes = "exact",
        engine: Engine = "fused",
        init_scale: float | Sequence[float] = 1.0,
        axes: tuple[circuits.Axis, ...] = AXES,
        entangled: bool = True,
        init: Initial = "uniform",
        spread: float = 0.0,
        *,
        circuit: circuits.Circuit | Build | None = None,
        generator: torch.Generator | None = None,
        seed: int | None = None,
    ) -> None:
        super().__init__(forward_process, loss, outcomes, spread)

        check_name(engine, "engine", get_args(Engine))
        check_name(init, "init", get_args(Initial))
        steps = forward_process.steps
        #: The number of ancillas of each step.
        self.ancillas = _of_steps(ancillas, "ancillas", steps)
        _check_ancillas(self.ancillas, forward_process)
        self.engine = engine
        if circuit is not None:
            _check_unused(circuit, layers, axes, entangled)
        build = partial(circuits.denoising_circuit, axes=axes, entangled=entangled)
        depths = _of_steps(LAYERS if layers is None else layers, "layers", steps)
        self.circuits = tuple(
            _own_circuit(
                circuit or build, forward_process.qubits + n, check_whole(depth, "layers", 1)
            )
            for n, depth in zip(self.ancillas, depths, strict=True)
        )
        generator = chosen_generator(generator, seed, "init", "prior")
        scales = _of_steps(init_scale, "init_scale", steps)
        self.angles = nn.ParameterList(
            scale * _first_angles(init, circuit.parameters, generator)
            for scale, circuit in zip(scales, self.circuits, strict=True)
        )

    def instruments(self, steps: list[int], batch: int) -> list[Instrument]:
        r"""Returns the maps :math:`\psi \mapsto (K_m \psi)_m` of some steps."""
        compiled = all(fused.compiles(self.circuits[t], self.ancillas[t], batch) for t in steps)
        # A single step compiles itself, in fewer operations.
        if self.engine == "fused" and compiled and len(steps) > 1:
            return [partial(fused.apply_kraus, kraus) for kraus in self._kraus(steps)]

        engine = fused if self.engine == "fused" else torchquantum
        return [
            partial(engine.branches, self.circuits[t], self.angles[t], ancillas=self.ancillas[t])
            for t in steps
        ]

    def program(
        self,
        step: int | None = None,
        deferred: bool = True,
        *,
        seed: int = 0,
        start: int | None = None,
    ) -> export.Program:
        """Returns the gates and measurements of one generation, or of one step of it.

        The spread is no part of them: the state that is read out is turned, see
        :func:`~latentq.quantum.states.turn_randomly`.

        Arguments:
            step: The step alone, from 0 to T - 1, on data that you prepare. If `None`, all steps
                on one terminal state, whose basis state and scrambling are those of the one state
                that :meth:`sample` draws with this seed.
            deferred: Whether every step has ancillas of its own, measured at the end; else the
                same ones are measured and reset after each step.
            seed: The seed of the terminal state.
            start: The basis state to start from; drawn if `None`.

        Raises:
            InputError: If there is no such step, seed or start, or the terminal ensemble is not
                made by gates.
        """
        made = None if step is not None else self._preparation(check_whole(seed, "seed"), start)
        return self.write_program(made, step, deferred)

    def _preparation(self, seed: int, start: int | None) -> Preparation:
        chosen = None if start is None else torch.tensor([check_whole(start, "start")])
        prepare = getattr(self.forward_process, "preparation", None)
        if prepare is None:
            kind = type(self.forward_process).__name__
            raise InputError(f"step: must be given, as a {kind} says not how to prepare a state")
        found: Preparation = prepare(1, derive_generator(seed, "sample"), chosen)
        return found

    def write_program(
        self, made: Preparation | None, step: int | None = None, deferred: bool = True
    ) -> export.Program:
        """Returns the gates and measurements that follow a preparation, see :meth:`program`.

        Arguments:
            made: How one terminal state is made; `None` starts with data that are there already.
            step: The step alone; all of them if `None`.
            deferred: Whether every step has ancillas of its own.
        """
        if step is not None and not 0 <= check_whole(step, "step") < self.steps:
            raise InputError(f"step: must be from 0 to {self.steps - 1}, was {step}")
        order = [*reversed(range(self.steps))] if step is None else [step]
        stages = [
            export.Stage(f"step {t}", self.circuits[t], self.angles[t], self.ancillas[t])
            for t in order
        ]
        start = None
        if made is not None:
            (index,), (angles,) = made.basis.tolist(), made.angles
            start = index, export.Stage(f"prepare basis state {index}", made.circuit, angles)
        title = "One generation" if step is None else f"Step {step}"
        return export.chain_program(
            f"{title} of a quantum prior of LatentQ", stages, deferred, start
        )

    def to_qasm(
        self,
        step: int | None = None,
        deferred: bool = True,
        *,
        seed: int = 0,
        start: int | None = None,
        version: Literal[2, 3] = 2,
    ) -> str:
        """Returns :meth:`program` as OpenQASM 2 or 3, see there."""
        program = self.program(step, deferred, seed=seed, start=start)
        return export.to_qasm(program, version)

    def _kraus(self, steps: list[int]) -> list[Tensor]:
        found = {(self.circuits[t], self.ancillas[t]) for t in steps}
        if len(found) == 1:
            (circuit, ancillas), *_ = found
            angles = torch.stack([self.angles[t] for t in steps])
            return [*fused.kraus(circuit, angles, ancillas)]

        return [fused.kraus(self.circuits[t], self.angles[t], self.ancillas[t]) for t in steps]
