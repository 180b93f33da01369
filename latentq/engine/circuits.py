r"""The circuits of LatentQ, written once, whichever engine executes them.

Every circuit here is a stack of :math:`L` layers: a column of single-qubit rotations on all
qubits for each axis :math:`P`, then one entangler on a list of pairs,

.. math:: U = \prod_{l=1}^{L} D(g_l) \prod_{P} \bigotimes_{q} R_P(\theta_{l P q}), \qquad
    R_P(\theta) = e^{-i \theta P / 2},

where :math:`D` is a product of :math:`CZ` gates, of :math:`CNOT` gates or of
:math:`R_{ZZ}(g_l)` gates with one shared angle. :meth:`Circuit.gates` lists the gates under
torchquantum's names, :mod:`latentq.engine.torchquantum` executes that list, and
:mod:`latentq.engine.fused` compiles the same :class:`Circuit` to matrices.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Literal, NamedTuple, get_args

from torch import Tensor

from latentq.errors import InputError

Axis = Literal["rx", "ry", "rz"]
Entangler = Literal["cz", "cnot", "rzz"]


class Gate(NamedTuple):
    """A gate by its torchquantum name, the qubits it acts on, and the place of its angle."""

    name: str
    wires: tuple[int, ...]
    angle: int | None


@dataclass(frozen=True)
class Circuit:
    r"""A stack of layers, each made of rotations on all qubits and an entangler.

    The angles of a circuit are one vector, layer after layer; within a layer first the axes in
    their order, each over all qubits, then the shared angle of the entangler if it has one.

    Arguments:
        qubits: The number of qubits :math:`n`.
        layers: The number of layers :math:`L`.
        axes: The axes of the rotations, in the order in which they act.
        entangler: The two-qubit gate, `cz`, `cnot` or `rzz`.
        pairs: The pairs of qubits that it acts on, one after the other, with the control of a
            CNOT first; none gives a product circuit.

    Raises:
        InputError: If there is no qubit, no layer or no axis, an axis or the entangler is of
            another name, or a pair is none of two different qubits.
    """

    qubits: int
    layers: int
    axes: tuple[Axis, ...]
    entangler: Entangler
    pairs: tuple[tuple[int, int], ...]

    def __post_init__(self) -> None:
        # Lists do as well; a circuit is a key of caches.
        object.__setattr__(self, "axes", tuple(self.axes))
        object.__setattr__(self, "pairs", tuple(tuple(pair) for pair in self.pairs))
        if min(self.qubits, self.layers, len(self.axes)) < 1:
            raise InputError(
                "circuit: must have a qubit, a layer and an axis, "
                f"had {self.qubits}, {self.layers} and {len(self.axes)}"
            )
        self._check_names("axes", get_args(Axis), self.axes)
        self._check_names("entangler", get_args(Entangler), (self.entangler,))
        for pair in self.pairs:
            if len(pair) != 2 or len({*pair} & {*range(self.qubits)}) != 2:
                raise InputError(
                    f"pairs: must be of two different qubits from 0 to {self.qubits - 1}, "
                    f"was {pair}"
                )

    @staticmethod
    def _check_names(key: str, known: tuple[str, ...], given: tuple[str, ...]) -> None:
        if unknown := [name for name in given if name not in known]:
            raise InputError(f"{key}: must be of {', '.join(known)}, was {unknown[0]!r}")

    @property
    def shares_angle(self) -> bool:
        """Whether the entangler has an angle."""
        return self.entangler == "rzz" and bool(self.pairs)

    @property
    def layer_parameters(self) -> int:
        """The number of angles in a layer."""
        return len(self.axes) * self.qubits + self.shares_angle

    @property
    def parameters(self) -> int:
        """The number of angles of the circuit."""
        return self.layers * self.layer_parameters

    def split(self, angles: Tensor) -> tuple[Tensor, Tensor | None]:
        """Splits a vector of angles into those of rotations and of entanglers.

        Arguments:
            angles: The angles in radians, with shape :math:`(*, P)`.

        Returns:
            The angles of the rotations, with shape :math:`(*, L, A, n)`, and those of the
            entanglers, with shape :math:`(*, L)`, or `None` if they have no angle.

        Raises:
            ValueError: If the number of angles is not that of the circuit.
        """
        if angles.shape[-1] != self.parameters:
            raise ValueError(
                f"angles: must have {self.parameters} entries, had {angles.shape[-1]}"
            )

        layers = angles.unflatten(-1, (self.layers, self.layer_parameters))
        rotations = layers[..., : len(self.axes) * self.qubits]
        shared = layers[..., -1] if self.shares_angle else None
        return rotations.unflatten(-1, (len(self.axes), self.qubits)), shared

    def gates(self) -> Iterator[Gate]:
        """Lists the gates in the order in which they act."""
        for layer in range(self.layers):
            first = layer * self.layer_parameters
            for column, axis in enumerate(self.axes):
                for qubit in range(self.qubits):
                    yield Gate(axis, (qubit,), first + column * self.qubits + qubit)
            shared = first + self.layer_parameters - 1 if self.shares_angle else None
            for pair in self.pairs:
                yield Gate(self.entangler, pair, shared)


def brickwork(qubits: int) -> tuple[tuple[int, int], ...]:
    """Returns the neighbouring pairs of an open chain, even bonds first, then odd bonds."""
    return tuple((q, q + 1) for start in (0, 1) for q in range(start, qubits - 1, 2))


def denoising_circuit(
    qubits: int, layers: int, axes: tuple[Axis, ...] = ("rx", "ry"), entangled: bool = True
) -> Circuit:
    """Returns the hardware-efficient circuit of a denoising step: RX, RY, then CZ brickwork.

    Arguments:
        qubits: The number of qubits, ancillas included.
        layers: The number of layers.
        axes: The axes of the rotations.
        entangled: Whether there are CZ gates; without them the circuit is a product.

    References:
        Generative quantum machine learning via denoising diffusion probabilistic models
        (Zhang et al., 2024), Phys. Rev. Lett. 132, 100602.
    """
    return Circuit(qubits, layers, axes, "cz", brickwork(qubits) if entangled else ())


def scrambling_circuit(qubits: int, layers: int = 1) -> Circuit:
    """Returns the scrambling circuit of a diffusion step: RZ, RY, RZ, then RZZ on all pairs.

    The angle of RZZ is shared by the pairs of a layer; one qubit alone has no RZZ.

    References:
        Zhang et al. (2024), Phys. Rev. Lett. 132, 100602.
    """
    pairs = tuple(combinations(range(qubits), 2))
    return Circuit(qubits, layers, ("rz", "ry", "rz"), "rzz", pairs)


def cnot_circuit(
    qubits: int, layers: int, pairs: tuple[tuple[int, int], ...] | None = None
) -> Circuit:
    r"""Returns layers of general rotations, RZ RY RZ, and of CNOTs between neighbours.

    It has :math:`3 n L` angles.

    Arguments:
        qubits: The number of qubits.
        layers: The number of layers.
        pairs: The controls and targets of the CNOTs; those of :func:`brickwork` if `None`.
    """
    chosen = brickwork(qubits) if pairs is None else pairs
    return Circuit(qubits, layers, ("rz", "ry", "rz"), "cnot", chosen)
