r"""The forward process: scrambling circuits that turn data into noise in :math:`T` steps.

At step :math:`t` every state gets fresh gates of its own,

.. math:: R_Z R_Y R_Z \text{ on each qubit, angles } \sim U[-\pi/8, \pi/8] \, h_t, \qquad
    R_{ZZ}(g / 2 \sqrt{n}) \text{ on all pairs}, \quad g \sim U[0.4, 0.6] \, h_t,

with strengths :math:`h_1 \dots h_T`. The ensemble :math:`S_t` is built from the data anew for
each :math:`t`: marginals are used, never trajectories.

Generation starts from a terminal ensemble that is fixed beforehand and needs no data. How far
:math:`S_T` still is from it can be measured with any loss of :mod:`latentq.diffusion.losses.mmd`.

References:
    Generative quantum machine learning via denoising diffusion probabilistic models
    (Zhang et al., 2024), Phys. Rev. Lett. 132, 100602. Bounded strengths: arXiv 2512.06695.
"""

import math
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple, Protocol, get_args

import torch
from torch import Tensor

from latentq.engine import fused
from latentq.engine.circuits import Circuit, scrambling_circuit
from latentq.errors import InputError
from latentq.quantum.states import count_qubits, haar_states
from latentq.randomness import check_whole

Terminal = Literal["basis", "product", "zero", "haar"]
IN_BASIS_STATES = ("basis", "product")  # whose basis state can be chosen


def scramble(psi: Tensor, strengths: list[float], generator: torch.Generator) -> Tensor:
    r"""Applies one scrambling layer per strength to states, with fresh gates for each state.

    Arguments:
        psi: Statevectors, with shape :math:`(B, 2^n)`.
        strengths: The strengths :math:`h`, one for each layer; none leaves the states as is.
        generator: The source of randomness.

    Returns:
        The scrambled states, with shape :math:`(B, 2^n)`.
    """
    if not strengths:
        return psi

    qubits = count_qubits(psi.shape[-1])
    angles = scrambling_angles(len(psi), qubits, strengths, generator, psi.real.dtype)
    return fused.run(scrambling_circuit(qubits, len(strengths)), angles, psi)


def scrambling_angles(
    n: int,
    qubits: int,
    strengths: list[float],
    generator: torch.Generator,
    dtype: torch.dtype = torch.float32,
) -> Tensor:
    r"""Draws the angles of :func:`scramble` in radians, with shape :math:`(N, P)`.

    Arguments:
        n: The number of states :math:`N`, each with angles of its own.
        qubits: The number of qubits.
        strengths: The strengths :math:`h`, one for each layer.
        generator: The source of randomness.
        dtype: The type of the angles.
    """
    circuit = scrambling_circuit(qubits, layers=len(strengths))
    angles = torch.rand(
        (n, circuit.layers, circuit.layer_parameters),
        dtype=dtype,
        device=generator.device,
        generator=generator,
    )
    local, shared = angles[..., : 3 * qubits], angles[..., 3 * qubits :]
    angles = torch.cat(
        ((2 * local - 1) * math.pi / 8, (0.4 + 0.2 * shared) / (2 * math.sqrt(qubits))), dim=-1
    )
    angles = angles * angles.new_tensor(strengths)[:, None]
    return angles.flatten(1)


class Preparation(NamedTuple):
    r"""How terminal states are made: :math:`N` basis states and the circuit that acts on them.

    `basis` has shape :math:`(N)`, `angles` are in radians with shape :math:`(N, P)`.
    """

    basis: Tensor
    circuit: Circuit
    angles: Tensor


def _check_start(start: Tensor, n: int, dimension: int) -> Tensor:
    """Returns basis states as they are, if there are as many as wanted and none is out of range.

    A negative one would count from the end.
    """
    if start.shape != (n,) or bool(((start < 0) | (start >= dimension)).any()):
        raise InputError(
            f"start: must be {n} basis states from 0 to {dimension - 1}, was {start.tolist()[:20]}"
        )
    return start


class Forward(Protocol):
    r"""What a chain needs of a forward process, :class:`ForwardProcess` or one of your own.

    A process whose terminal ensemble is made of Haar states may say so by an attribute `terminal`
    that is `haar`.
    """

    @property
    def qubits(self) -> int:
        """The number of qubits :math:`n`."""

    @property
    def steps(self) -> int:
        """The number of steps :math:`T`."""

    def diffuse(self, psi: Tensor, t: int, generator: torch.Generator) -> Tensor:
        r"""Draws from :math:`S_t`, given states of :math:`S_0` with shape :math:`(B, 2^n)`."""

    def terminal_states(
        self, n: int, generator: torch.Generator, start: Tensor | None = None
    ) -> Tensor:
        r"""Draws terminal states, with shape :math:`(N, 2^n)`, complex64.

        Only groups need `start`, the basis states to start from, with shape :math:`(N)`.
        """


NEEDED = ("qubits", "steps", "diffuse", "terminal_states")


def check_forward(process: Forward) -> Forward:
    """Returns a forward process as it is, if it has what a chain needs.

    Raises:
        InputError: If it lacks something, or has no such number of qubits or steps.
    """
    if lacking := [name for name in NEEDED if not hasattr(process, name)]:
        raise InputError(
            f"forward_process: must have {', '.join(NEEDED)}, but a {type(process).__name__} "
            f"lacks {', '.join(lacking)}"
        )
    check_whole(process.qubits, "forward_process.qubits", 1)
    check_whole(process.steps, "forward_process.steps", 1)
    return process


@dataclass(frozen=True)
class ForwardProcess:
    r"""The forward scrambling process with its schedule and a data-free terminal ensemble.

    The terminal ensemble is one of

    - `basis`: a uniformly random basis state, scrambled once with `terminal_strength`. Its mean
      state is :math:`1 / d`, which the kernel :math:`F` cannot tell from Haar states;
    - `product`: the same without :math:`R_{ZZ}`, so that no two-qubit gate prepares a state;
    - `zero`: :math:`| 0 \dots 0 \rangle` scrambled by all :math:`T` steps of the schedule;
    - `haar`: Haar states.

    Arguments:
        qubits: The number of qubits :math:`n`.
        steps: The number of steps :math:`T`.
        strength: The first and the last strength, :math:`h_1` and :math:`h_T`, of a linear
            schedule, or all strengths :math:`h_1 \dots h_T`.
        terminal: The name of the terminal ensemble.
        terminal_strength: The strength of the scrambling of the `basis` and `product` ensembles.

    Raises:
        InputError: If there are neither two strengths nor :math:`T`, one is negative, or there is
            no such number of qubits or steps, or no such terminal ensemble.
    """

    qubits: int = 4
    steps: int = 5
    strength: tuple[float, ...] = (0.1, 2.0)
    terminal: Terminal = "basis"
    terminal_strength: float = 1.0

    def __post_init__(self) -> None:
        check_whole(self.qubits, "qubits", 1)
        check_whole(self.steps, "steps", 1)
        if self.terminal not in get_args(Terminal):
            names = ", ".join(get_args(Terminal))
            raise InputError(f"terminal: must be one of {names}, was {self.terminal!r}")
        if not 0 <= self.terminal_strength < math.inf:
            raise InputError(
                "terminal_strength: must not be negative or infinite, "
                f"was {self.terminal_strength}"
            )
        if len(self.strength) not in (2, self.steps):
            raise InputError(
                f"strength: must be the first and the last, or one for each of {self.steps} "
                f"steps, were {len(self.strength)} numbers"
            )
        if not all(0 <= h < math.inf for h in self.strength):
            raise InputError(f"strength: must not be negative or infinite, was {self.strength}")

    @property
    def strengths(self) -> list[float]:
        r"""The strengths :math:`h_1 \dots h_T`, evenly spaced where two were given."""
        if len(self.strength) == 2:
            return torch.linspace(*self.strength, self.steps, dtype=torch.float64).tolist()

        return list(self.strength)

    def diffuse(self, psi: Tensor, t: int, generator: torch.Generator) -> Tensor:
        r"""Draws from :math:`S_t`, given states of the data.

        Arguments:
            psi: States of the data :math:`S_0`, with shape :math:`(B, 2^n)`.
            t: The step, from 0 to :math:`T`; 0 returns the states themselves.
            generator: The source of randomness.

        Raises:
            InputError: If there is no such step, or the states are of other qubits.
        """
        if psi.shape[-1] != 2**self.qubits:
            raise InputError(
                f"psi: must be states of {self.qubits} qubits, with shape (B, {2**self.qubits}), "
                f"was {tuple(psi.shape)}"
            )
        if not 0 <= t <= self.steps:
            raise InputError(f"t: must be from 0 to {self.steps}, was {t}")

        return scramble(psi, self.strengths[:t], generator)

    def terminal_states(
        self, n: int, generator: torch.Generator, start: Tensor | None = None
    ) -> Tensor:
        r"""Draws states of the terminal ensemble, with shape :math:`(N, 2^n)`, complex64.

        Arguments:
            n: The number of states :math:`N`.
            generator: The source of randomness.
            start: The basis states that a `basis` or `product` ensemble starts from, with shape
                :math:`(N)`, integers from 0 to :math:`2^n - 1`; drawn uniformly if `None`.

        Raises:
            InputError: If `start` is given and the ensemble is another one, or it has other than
                :math:`N` basis states.
        """
        if start is not None and self.terminal not in IN_BASIS_STATES:
            raise InputError(
                f"start: needs the terminal ensemble basis or product, was {self.terminal}"
            )
        if self.terminal == "haar":
            return haar_states(n, qubits=self.qubits, generator=generator)

        made = self.preparation(n, generator, start)
        basis = torch.eye(2**self.qubits, dtype=torch.complex64, device=generator.device)
        return fused.run(made.circuit, made.angles, basis[made.basis])

    def preparation(
        self, n: int, generator: torch.Generator, start: Tensor | None = None
    ) -> Preparation:
        """Draws how to make the states of :meth:`terminal_states`, which are these very ones.

        Raises:
            InputError: If the ensemble is `haar`, whose states no circuit here makes, or `start`
                is not as it must be.
        """
        dimension = 2**self.qubits
        if self.terminal == "haar":
            raise InputError(
                "terminal: must be basis, product or zero to be made by gates, was haar"
            )
        if self.terminal == "zero":
            index = torch.zeros(n, dtype=torch.int64, device=generator.device)
            strengths = self.strengths
        else:
            uniform = torch.randint(dimension, (n,), device=generator.device, generator=generator)
            index = uniform if start is None else _check_start(start, n, dimension)
            strengths = [self.terminal_strength]
        angles = scrambling_angles(n, self.qubits, strengths, generator)
        circuit = scrambling_circuit(self.qubits, len(strengths))
        if self.terminal == "product":
            circuit = replace(circuit, pairs=())
            angles = angles[:, : circuit.parameters]
        return Preparation(index, circuit, angles)
