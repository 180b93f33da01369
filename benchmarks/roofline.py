r"""The least time that an iteration of our engine can take on this machine.

Every array operation of the algorithm is counted: its real floating-point operations, and the
bytes of its operands and results, each read or written once. With the peak rates measured in the
same run,

.. math:: t_{floor} = \max( \text{flops} / R_{flop}, \; \text{bytes} / R_{byte} ).

:math:`R_{flop}` is the rate of a real float32 matrix product of size 1024. :math:`R_{byte}` is
that of a copy between arrays of the size of the states, because small states stay in a cache.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import torch

from benchmarks.task import BenchmarkTask
from latentq.engine.fused import compiles
from latentq.engine.fused.evolution import LOOPS
from latentq.engine.fused.matrices import groups

COMPLEX = 8
SGEMM = 1024
LARGE = 2**28


@dataclass(frozen=True)
class Work:
    """Real floating-point operations, and bytes that are read or written."""

    flops: float = 0.0
    bytes: float = 0.0

    def __add__(self, other: "Work") -> "Work":
        return Work(self.flops + other.flops, self.bytes + other.bytes)

    def __mul__(self, times: float) -> "Work":
        return Work(self.flops * times, self.bytes * times)


def product(rows: int, inner: int, columns: int) -> Work:
    """Counts a complex matrix product: 8 operations for each of rows x inner x columns."""
    sizes = rows * inner + inner * columns + rows * columns
    return Work(8.0 * rows * inner * columns, float(COMPLEX * sizes))


def elementwise(size: int, flops: float, arrays: int = 2) -> Work:
    """Counts an operation on each of `size` complex numbers, which touches some arrays."""
    return Work(flops * size, float(COMPLEX * arrays * size))


def loop_work(task: BenchmarkTask, states: int) -> Work:
    r"""Counts the loops over gates on :math:`C` states of dimension :math:`D`, both ways.

    The rotations of a layer on one qubit are one matrix of SU(2): 28 operations for each pair of
    amplitudes. The backward pass undoes it on states and gradients, and takes three overlaps of
    8 operations. That is :math:`14 + 28 + 12 = 54` for each of :math:`C D` amplitudes and
    :math:`L n` matrices. States stay in the cache meanwhile: bytes are those of two arrays
    forward and three backward.
    """
    amplitudes = states * task.joint_dimension
    matrices = task.layers * task.circuit.qubits
    return elementwise(amplitudes, 54 * matrices, arrays=5)


def product_work(task: BenchmarkTask, states: int) -> Work:
    r"""Counts the matrix products on :math:`C` states of dimension :math:`D`, both ways.

    For each layer and group of qubits with matrices of size :math:`m`: one product
    :math:`(C D / m \times m)(m \times m)` forward, one of that size that takes the gradient
    back, and one :math:`(m \times C D / m)(C D / m \times m)` that sums what the angles need.
    With several groups, the signs of the entangler change :math:`C D` amplitudes, forward and
    backward. The matrices themselves are Kronecker products, :math:`6 m^2` operations.
    """
    work, cut = Work(), groups(task.circuit.qubits)
    amplitudes = states * task.joint_dimension
    for part in cut:
        m = 2 ** (part.stop - part.start)
        rows = amplitudes // m
        work += product(rows, m, m) * 2 + product(m, rows, m) + elementwise(m * m, 6)
    if len(cut) > 1:
        work += elementwise(amplitudes, 2) * 2
    return work * task.layers


def circuit_work(task: BenchmarkTask, states: int) -> Work:
    """Counts the circuit on some states, forward and backward, as the engine executes it."""
    loops = task.circuit.qubits <= LOOPS
    return loop_work(task, states) if loops else product_work(task, states)


def measurement_work(task: BenchmarkTask) -> Work:
    r"""Counts the draw and the norm, forward and backward.

    The probabilities square and add :math:`B D` amplitudes, 4 operations each. The chosen
    :math:`B d` are read, measured and divided, and backwards projected: 20 operations each.
    Their gradient is written into :math:`B D` amplitudes.
    """
    chosen, all_branches = task.batch * task.dimension, task.batch * task.joint_dimension
    return (
        elementwise(all_branches, 4, arrays=1)
        + elementwise(chosen, 20, arrays=6)
        + elementwise(all_branches, 0, arrays=1)
    )


def loss_work(task: BenchmarkTask) -> Work:
    r"""Counts the distance of the mean states, forward and backward, in its cheaper form.

    With :math:`d \leq 2 B` two products :math:`(d \times B)(B \times d)` and the gradient of one
    of them, :math:`(B \times d)(d \times d)`. Otherwise three products :math:`(B \times d)
    (d \times B)`, and the gradients :math:`(B \times B)(B \times d)` of the two that have our
    states. A matrix times its own adjoint has one gradient product, as both factors get the same.
    """
    batch, d = task.batch, task.dimension
    if d <= 2 * batch:
        return product(d, batch, d) * 2 + product(batch, d, d) + elementwise(d * d, 8, arrays=4)

    grams = product(batch, d, batch) * 3 + product(batch, batch, d) * 2
    return grams + elementwise(batch * batch, 8, arrays=4)


def count(task: BenchmarkTask) -> Work:
    r"""Counts one iteration of our engine, Adam aside.

    If the engine compiles, the circuit acts on the :math:`d` basis states, and the Kraus matrices
    are applied to the batch by :math:`(B \times d)(d \times D)`, with one product of that size
    for their gradient. Otherwise the circuit acts on the :math:`B` states.
    """
    compiled = compiles(task.circuit, task.ancillas, task.batch)
    states = task.dimension if compiled else task.batch
    work = circuit_work(task, states) + measurement_work(task) + loss_work(task)
    if not compiled:
        return work

    batch, d, joint = task.batch, task.dimension, task.joint_dimension
    return work + product(batch, d, joint) + product(d, batch, joint)


def _best(call: Callable[[], object], repeats: int) -> float:
    """Returns the least seconds of a call."""
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def peak_flops() -> float:
    """Measures the rate of real float32 operations, in 1/s, by a matrix product on one thread."""
    a, b = torch.ones(SGEMM, SGEMM), torch.ones(SGEMM, SGEMM)
    out = torch.empty(SGEMM, SGEMM)
    return 2.0 * SGEMM**3 / _best(lambda: torch.mm(a, b, out=out), 30)


def peak_bytes(size: int = LARGE) -> float:
    """Measures the rate of bytes read and written, in 1/s, by copies of `size` bytes."""
    source = torch.ones(max(size, 2**14) // 4)
    target = torch.empty_like(source)
    inner = max(1, 2**22 // source.nbytes)

    def copy() -> None:
        for _ in range(inner):
            target.copy_(source)

    return 2.0 * source.nbytes * inner / _best(copy, 10)


@dataclass(frozen=True)
class Floor:
    """The least seconds of an iteration, with what they follow from.

    Arguments:
        work: The operations and bytes of the iteration.
        flop_rate: The measured rate of operations in 1/s.
        byte_rate: The measured rate of bytes in 1/s, for arrays of the size of the states.
    """

    work: Work
    flop_rate: float
    byte_rate: float

    @property
    def seconds(self) -> float:
        """The floor in seconds."""
        return max(self.work.flops / self.flop_rate, self.work.bytes / self.byte_rate)

    @property
    def bound(self) -> str:
        """What the floor is given by, `operations` or `bytes`."""
        by_flops = self.work.flops / self.flop_rate >= self.work.bytes / self.byte_rate
        return "operations" if by_flops else "bytes"


def floor(task: BenchmarkTask, flop_rate: float) -> Floor:
    """Returns the floor of a task, at a rate of operations that was measured before."""
    compiled = compiles(task.circuit, task.ancillas, task.batch)
    states = task.dimension if compiled else task.batch
    return Floor(count(task), flop_rate, peak_bytes(COMPLEX * states * task.joint_dimension))
