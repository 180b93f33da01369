import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from latentq import fused
from latentq.circuits import Axis, Circuit, Entangler, brickwork, denoising_circuit
from latentq.circuits import scrambling_circuit as scrambling
from latentq.states import haar_states
from tests import oracles

C, R = torch.complex128, torch.float64


@pytest.mark.parametrize("axis", ["rx", "ry", "rz"])
def test_rotation(axis: Axis) -> None:
    angles = torch.tensor([[0.0, 0.3], [-1.7, 4.0]], dtype=R)
    matrices = fused.rotation(axis, angles)

    assert matrices.shape == (2, 2, 2, 2)
    for i in np.ndindex(2, 2):
        assert np.allclose(matrices[i].numpy(), oracles.rotation(axis, angles[i].item()))


def test_kronecker(generator: torch.Generator) -> None:
    factors = torch.randn(3, 2, 2, dtype=C, generator=generator)
    a, b, c = factors.numpy()

    assert np.allclose(fused.kronecker(factors).numpy(), np.kron(np.kron(a, b), c))
    assert torch.equal(fused.kronecker(factors[:1]), factors[0])
    batch = torch.randn(2, 4, 3, 2, 2, dtype=C, generator=generator)
    assert torch.allclose(fused.kronecker(batch)[1, 2], fused.kronecker(batch[1, 2]))


@pytest.mark.parametrize("pairs", [((0, 1),), ((0, 2), (1, 2)), ((2, 0), (0, 2)), ()])
def test_diagonals(pairs: tuple[tuple[int, int], ...]) -> None:
    parity, signs = np.zeros(8), np.ones(8)
    for i, j in pairs:
        zz = oracles.embed(3, {i: oracles.PAULI["z"], j: oracles.PAULI["z"]})
        parity, signs = parity + np.diag(zz), signs * np.diag(oracles.cz(3, i, j))

    assert np.array_equal(fused.parity_sum(3, pairs).numpy(), parity)
    assert np.array_equal(fused.cz_signs(3, pairs).numpy(), signs)


def test_entangler_diagonal(generator: torch.Generator) -> None:
    circuit = scrambling(3, layers=2)
    shared = torch.randn(5, 2, generator=generator, dtype=R)
    diagonal = fused.entangler_diagonal(circuit, shared, torch.empty(0, dtype=C))

    assert diagonal.shape == (5, 2, 8) and diagonal.dtype == C
    for i in np.ndindex(5, 2):
        gates = [oracles.rzz(3, a, b, shared[i].item()) for a, b in circuit.pairs]
        assert np.allclose(np.diag(diagonal[i].numpy()), np.linalg.multi_dot(gates))


@settings(deadline=None, derandomize=True, max_examples=40)
@given(
    data=st.integers(1, 3),
    ancillas=st.integers(0, 2),
    layers=st.integers(1, 4),
    axes=st.permutations(["rx", "ry", "rz"]),
    entangler=st.sampled_from(["cz", "rzz"]),
    seed=st.integers(0, 2**32),
)
def test_kraus_is_complete_and_right(
    data: int, ancillas: int, layers: int, axes: list[Axis], entangler: Entangler, seed: int
) -> None:
    n = data + ancillas
    circuit = Circuit(n, layers, tuple(axes), entangler, brickwork(n))
    generator = torch.Generator().manual_seed(seed)
    angles = 3 * torch.randn(circuit.parameters, generator=generator, dtype=R)
    kraus = fused.kraus(circuit, angles, ancillas)

    assert kraus.shape == (2**ancillas, 2**data, 2**data)
    total = (kraus.mH @ kraus).sum(dim=0)
    assert torch.allclose(total, torch.eye(2**data, dtype=C), atol=1e-12)
    expected = oracles.kraus(circuit, angles.numpy(), ancillas)
    assert np.allclose(kraus.numpy(), expected, atol=1e-12)


@pytest.mark.parametrize("circuit", [denoising_circuit(3, 2), scrambling(3, 2)])
def test_kraus_of_many_circuits(circuit: Circuit, generator: torch.Generator) -> None:
    angles = torch.randn(4, 2, circuit.parameters, generator=generator)
    kraus = fused.kraus(circuit, angles, 1)

    assert kraus.shape == (4, 2, 2, 4, 4) and kraus.dtype == torch.complex64
    assert torch.allclose(kraus[3, 1], fused.kraus(circuit, angles[3, 1], 1), atol=1e-6)


def test_kraus_needs_the_number_of_angles() -> None:
    with pytest.raises(ValueError, match="must have 8 entries, had 9"):
        fused.kraus(denoising_circuit(2, 2), torch.zeros(9), 1)


def test_apply_kraus(generator: torch.Generator) -> None:
    kraus = torch.randn(3, 4, 4, dtype=C, generator=generator)
    psi = haar_states(5, qubits=2, generator=generator, dtype=C)
    branches = fused.apply_kraus(kraus, psi)

    assert branches.shape == (5, 3, 4)
    for b, m in np.ndindex(5, 3):
        assert np.allclose(branches[b, m].numpy(), kraus[m].numpy() @ psi[b].numpy())


@pytest.mark.parametrize(
    "circuit", [denoising_circuit(3, 2), Circuit(2, 2, ("rz", "ry"), "rzz", ((0, 1),))]
)
def test_gradients_by_finite_differences(circuit: Circuit, generator: torch.Generator) -> None:
    angles = torch.randn(circuit.parameters, generator=generator, dtype=R, requires_grad=True)
    own = torch.randn(2, circuit.parameters, generator=generator, dtype=R, requires_grad=True)
    psi = haar_states(2, qubits=circuit.qubits, generator=generator, dtype=C).requires_grad_()

    assert torch.autograd.gradcheck(lambda a: fused.kraus(circuit, a, 1), (angles,))
    assert torch.autograd.gradcheck(lambda a, v: fused.run(circuit, a, v), (own, psi))


def test_parameter_shift(generator: torch.Generator) -> None:
    """Born probabilities are sinusoids in each angle: dp = (p(+pi/2) - p(-pi/2)) / 2."""

    circuit = denoising_circuit(3, 3)
    angles = torch.randn(circuit.parameters, generator=generator, dtype=R, requires_grad=True)
    psi = haar_states(1, qubits=2, generator=generator, dtype=C)

    def probability(theta: torch.Tensor) -> torch.Tensor:
        branches = fused.apply_kraus(fused.kraus(circuit, theta, 1), psi)
        return branches[0, 1].abs().square().sum()

    (exact,) = torch.autograd.grad(probability(angles), angles)
    shifts = np.pi / 2 * torch.eye(circuit.parameters, dtype=R)
    shifted = [(probability(angles + s) - probability(angles - s)) / 2 for s in shifts]

    assert exact.abs().max() > 1e-2
    assert torch.allclose(exact, torch.stack(shifted), atol=1e-12)
