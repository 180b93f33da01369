"""The Wigner function against closed forms, stabiliser states and its definition by traces."""

import itertools
import math

import numpy as np
import pytest
import torch
from torch import Tensor

from latentq.quantum.entanglement import partial_trace
from latentq.quantum.states import haar_states
from latentq.quantum.wigner import kernels, negative_cells, negativity, wigner
from tests import oracles

C = torch.complex128
ZERO = torch.tensor([1, 0], dtype=C)
PLUS = torch.tensor([1, 1], dtype=C) / math.sqrt(2)
SIDE = torch.tensor([1, 1j], dtype=C) / math.sqrt(2)
BELL = torch.tensor([1, 0, 0, 1], dtype=C) / math.sqrt(2)


def product(*states: Tensor) -> Tensor:
    result = torch.ones(1, dtype=C)
    for state in states:
        result = torch.kron(result, state)
    return result


def test_wigner_is_its_definition(generator: torch.Generator) -> None:
    psi = haar_states(2, qubits=3, generator=generator, dtype=C)
    signs = (1, -1, 1)
    values = wigner(psi, signs)
    x, y, z = (oracles.pauli_string(letter) for letter in "xyz")

    for b, (q, p) in enumerate([(5, 3), (2, 6)]):
        kernel = np.ones((1, 1))
        for k, sign in enumerate(signs):
            i, j = (q >> (2 - k)) & 1, (p >> (2 - k)) & 1
            cell = np.eye(2) + (-1) ** i * z + (-1) ** j * x + sign * (-1) ** (i + j) * y
            kernel = np.kron(kernel, cell / 2)
        vector = psi[b].numpy()
        expected = (vector.conj() @ kernel @ vector).real / 8
        assert values[b, q, p].item() == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("signs", [(1, 1), (1, -1)])
def test_margins_are_outcomes_of_z_and_x(
    signs: tuple[int, int], generator: torch.Generator
) -> None:
    psi = haar_states(4, qubits=2, generator=generator, dtype=C)
    hadamard = torch.tensor([[1, 1], [1, -1]], dtype=C) / math.sqrt(2)
    values = wigner(psi, signs)

    assert torch.allclose(values.sum(dim=2), psi.abs().square())
    turned = psi @ torch.kron(hadamard, hadamard).mT
    assert torch.allclose(values.sum(dim=1), turned.abs().square())


def test_overlap_formula(generator: torch.Generator) -> None:
    """Kernels of one convention are orthogonal: Tr(rho sigma) = 2^n sum of W V."""
    phi, psi = haar_states(2, 5, qubits=3, generator=generator, dtype=C)
    overlap = (phi.conj() * psi).sum(dim=1).abs().square()

    assert torch.allclose(8 * (wigner(phi) * wigner(psi)).sum(dim=(1, 2)), overlap)


def test_stabiliser_states_of_one_qubit_are_positive() -> None:
    for state, sign in itertools.product((ZERO, PLUS, SIDE, SIDE.conj().resolve_conj()), (1, -1)):
        assert negative_cells(wigner(state, [sign])).item() == 0


def test_negative_cells_of_a_bell_state_are_a_convention() -> None:
    same, opposite = wigner(BELL, [1, 1]), wigner(BELL, [1, -1])

    assert negative_cells(same).item() == 0.25 and negative_cells(opposite).item() == 0
    assert negativity(same).item() == pytest.approx(0.5)
    assert torch.allclose(same.sum(), torch.ones((), dtype=torch.float64))
    assert torch.equal(negative_cells(wigner(BELL, [-1, -1])), negative_cells(same))


def test_a_magic_state_is_negative_in_one_convention() -> None:
    """Its Bloch vector points away from a corner of one tetrahedron."""
    angle = math.acos(1 / math.sqrt(3))
    turn = complex(math.cos(math.pi / 4), math.sin(math.pi / 4))
    magic = torch.tensor([math.cos(angle / 2), math.sin(angle / 2) * turn], dtype=C)
    against = wigner(magic, [-1]).min().item()

    assert against == pytest.approx((1 - math.sqrt(3)) / 4)
    assert wigner(magic, [1]).min().item() == pytest.approx((1 - 1 / math.sqrt(3)) / 4)


def test_products_multiply_and_traces_marginalise(generator: torch.Generator) -> None:
    one, two = haar_states(2, qubits=1, generator=generator, dtype=C)
    both = wigner(product(one, two), [1, -1])
    expected = torch.kron(wigner(one, [1]), wigner(two, [-1]))

    assert torch.allclose(both, expected)
    psi = haar_states(1, qubits=2, generator=generator, dtype=C)[0]
    cells = wigner(psi).reshape(2, 2, 2, 2)
    kept = torch.einsum("ij,qpji->qp", partial_trace(psi, [0]), kernels(1, psi)).real / 2
    assert torch.allclose(cells.sum(dim=(1, 3)), kept)


def test_wrong_inputs_are_named() -> None:
    with pytest.raises(ValueError, match="norm one"):
        wigner(2 * BELL)
    with pytest.raises(ValueError, match="norm one"):
        wigner(BELL * float("nan"))
    with pytest.raises(ValueError, match="signs: must be 2"):
        wigner(BELL, [1])
    with pytest.raises(ValueError, match="signs: must be 1 or -1, was 0"):
        wigner(BELL, [1, 0])
