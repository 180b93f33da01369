r"""A step with depolarised gates on batches of density matrices, with a gradient by the angles.

:mod:`latentq.engine.noisy` compiles a trained step once, in double precision. Training needs new
angles in each iteration, so this module takes the states of a batch through the layers instead,
by their Pauli coordinates :math:`r_P = \mathrm{Tr} (P \rho)`:

- a column of rotations is one matrix on either half of the qubits;
- a column of depolarised CZ sends each Pauli word to one other word, with a sign, and shrinks it.
  It is a gather and a product.

Ancillas begin in :math:`| 0 \rangle`, so that the first column acts on data and ancillas apart,
and a measurement in Z needs no word of theirs but those of I and Z.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from latentq.engine import noisy
from latentq.engine.circuits import Circuit
from latentq.engine.fused.constants import constant
from latentq.engine.fused.gates import layer_rotations


@constant
def entangling_column(circuit: Circuit, gate: float) -> tuple[Tensor, Tensor]:
    r"""Compiles the entanglers of a layer, depolarised: :math:`r_P \to f_P \, r_{\sigma(P)}`.

    Arguments:
        circuit: The circuit, whose entangler is a Clifford gate without an angle.
        gate: The probability of the depolarising channel after each of them.

    Returns:
        The words :math:`\sigma(P)` and the factors :math:`f_P`, each with shape :math:`(4^n)`.
    """
    size = 4**circuit.qubits
    images = torch.eye(size, dtype=torch.float64).reshape(size, *[4] * circuit.qubits)
    for pair in circuit.pairs:
        images = noisy.apply_local(images, noisy.entangler(circuit.entangler, gate), pair)
    matrix = images.reshape(size, size).mT
    sources = matrix.abs().argmax(dim=1)
    return sources, matrix.gather(1, sources[:, None])[:, 0]


def _joined(turns: Tensor) -> Tensor:
    r"""Returns the product of the rotations of some qubits, with shape :math:`(S, 4^k, 4^k)`."""
    found = turns.new_ones(len(turns), 1, 1)
    for turn in turns.unbind(dim=1):
        joined = torch.einsum("sij,skl->sikjl", found, turn)
        found = joined.flatten(3, 4).flatten(1, 2)
    return found


def _turn(r: Tensor, turns: Tensor) -> Tensor:
    """Rotates all qubits of states of shape (S, 4^n, B); the turns have shape (S, n, 4, 4)."""
    half = turns.shape[1] // 2
    left, right = _joined(turns[:, :half]), _joined(turns[:, half:])
    shape = r.shape
    r = left @ r.reshape(len(r), left.shape[-1], -1)
    return (right[:, None] @ r.view(len(r), -1, right.shape[-1], shape[-1])).view(shape)


class _Permutation(torch.autograd.Function):
    """Gathers all words in another order: the way back gathers too, and adds nothing."""

    @staticmethod
    def forward(ctx: Any, r: Tensor, sources: Tensor) -> Tensor:  # noqa: ANN401
        ctx.save_for_backward(sources)
        return r.index_select(1, sources)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> Any:  # noqa: ANN401
        (sources,) = ctx.saved_tensors
        return grad.index_select(1, sources.argsort()), None


def branches(circuit: Circuit, angles: Tensor, r: Tensor, ancillas: int, gate: float) -> Tensor:
    r"""Returns what the outcomes of measured ancillas leave of states, with errors.

    Arguments:
        circuit: The circuits, ancillas first, which differ by their angles alone.
        angles: The angles in radians, with shape :math:`(S, P)`.
        r: Pauli coordinates of the data, with shape :math:`(S, B, 4^n)`, float32.
        ancillas: The number of ancillas :math:`n_A`, which begin in :math:`| 0 \rangle`.
        gate: The probability of the depolarising channel after each two-qubit gate, see
            :class:`latentq.engine.noisy.Noise`.

    Returns:
        Pauli coordinates of unnormalised states, with shape :math:`(S, B, 2^{n_A}, 4^n)`. The
        first one is the probability of the outcome.
    """
    rotations, _ = circuit.split(angles)
    turns = noisy.transfer(layer_rotations(circuit, rotations.double())).to(r)
    sources, factors = (x.to(r.device) for x in entangling_column(circuit, gate))
    factors = factors[:, None].to(r)
    kept, bits = _read(ancillas)
    begun = _joined(turns[:, 0, :ancillas]) @ _zeros(ancillas).to(r)
    # Words come before states, so that a gather moves whole rows.
    turned = _turn(r.mT.contiguous(), turns[:, 0, ancillas:])
    r = (begun[:, :, None, None] * turned[:, None]).flatten(1, 2)
    for layer in range(1, circuit.layers):
        r = _turn(_Permutation.apply(r, sources) * factors, turns[:, layer])
    r = (_Permutation.apply(r, sources) * factors).unflatten(1, (4**ancillas, -1))
    return torch.einsum("ma,sapb->sbmp", bits.to(r), r.index_select(1, kept.to(r.device)))


@constant
def _zeros(ancillas: int) -> Tensor:
    r"""Returns the Pauli coordinates of :math:`| 0 \dots 0 \rangle`."""
    found, one = torch.ones(1), torch.tensor([1.0, 0, 0, 1])
    for _ in range(ancillas):
        found = torch.kron(found, one)
    return found


@constant
def _read(ancillas: int) -> tuple[Tensor, Tensor]:
    r"""Returns the words of ancillas with I and Z alone, and their part in each outcome.

    The words have shape :math:`(2^{n_A})`, the parts :math:`(2^{n_A}, 2^{n_A})`.
    """
    bits, one = torch.ones(1, 1), 0.5 * torch.tensor([[1.0, 1.0], [1.0, -1.0]])
    for _ in range(ancillas):
        bits = torch.kron(bits, one)
    return _zeros(ancillas).nonzero()[:, 0], bits
