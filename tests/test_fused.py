import subprocess
import sys
from itertools import permutations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from latentq.engine import fused
from latentq.engine.circuits import Axis, Circuit, Entangler, brickwork, denoising_circuit
from latentq.engine.circuits import scrambling_circuit as scrambling
from latentq.engine.fused import matrices
from latentq.engine.fused.evolution import Backend
from latentq.engine.fused.gates import quaternions
from latentq.quantum.states import haar_states
from tests import oracles

C, R = torch.complex128, torch.float64


BACKENDS: list[tuple[Backend, int]] = [("loops", 0), ("matrices", 2**28), ("matrices", 0)]
every_backend = pytest.mark.parametrize(
    ("backend", "keep"), BACKENDS, ids=["loops", "matrices", "matrices-recomputed"]
)


@pytest.mark.parametrize("axis", ["rx", "ry", "rz"])
def test_one_rotation(axis: Axis) -> None:
    circuit = Circuit(2, 2, (axis,), "cz", ())
    angles = torch.tensor([[[0.0, 0.3]], [[-1.7, 4.0]]], dtype=R)
    matrices = fused.layer_rotations(circuit, angles)

    assert matrices.shape == (2, 2, 2, 2)
    for layer, qubit in np.ndindex(2, 2):
        expected = oracles.rotation(axis, angles[layer, 0, qubit].item())
        assert np.allclose(matrices[layer, qubit].numpy(), expected)


@pytest.mark.parametrize("axes", [*permutations(("rx", "ry", "rz"))])
def test_products_of_rotations(axes: tuple[Axis, Axis, Axis], generator: torch.Generator) -> None:
    circuit = Circuit(2, 1, axes, "cz", ())
    angles = 3 * torch.randn(5, 1, 3, 2, dtype=R, generator=generator)
    matrices, q = fused.layer_rotations(circuit, angles), quaternions(circuit, angles)

    assert torch.allclose(q.square().sum(dim=-1), torch.ones(5, 1, 2, dtype=R))
    for b, qubit in np.ndindex(5, 2):
        a, c, e = (
            oracles.rotation(x, t)
            for x, t in zip(axes, angles[b, 0, :, qubit].numpy(), strict=True)
        )
        assert np.allclose(matrices[b, 0, qubit].numpy(), e @ c @ a)


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


@pytest.mark.parametrize("qubits", range(1, 13))
@pytest.mark.parametrize("batch", [1, 5, 11])
@every_backend
def test_every_size(
    qubits: int,
    batch: int,
    backend: Backend,
    keep: int,
    generator: torch.Generator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """States and gradients against a simulator that shares no code, at all sizes.

    Eleven states of twelve qubits are more than the loops take at a time, and rows of five
    states are no multiple of their tiles.
    """

    monkeypatch.setattr(matrices, "KEEP", keep)
    circuit = denoising_circuit(qubits, 2)
    angles = torch.randn(circuit.parameters, generator=generator, dtype=R, requires_grad=True)
    psi = haar_states(batch, qubits=qubits, generator=generator, dtype=C).requires_grad_()
    functional = haar_states(batch, qubits=qubits, generator=generator, dtype=C)
    result = fused.evolve(circuit, angles[None], psi[None], backend)[0]
    by_angle, by_state = torch.autograd.grad(
        (functional.conj() * result).real.sum(), (angles, psi)
    )

    theta, inputs, outputs = angles.detach().numpy(), psi.detach().numpy(), functional.numpy()
    last = batch - 1
    expected = oracles.simulate(circuit, theta, inputs[last])
    assert np.allclose(result[last].detach().numpy(), expected, atol=1e-13)
    for place in (0, qubits, circuit.parameters - 1):
        derivatives = [
            oracles.angle_derivative(circuit, theta, x, f, place)
            for x, f in zip(inputs, outputs, strict=True)
        ]
        assert by_angle[place].item() == pytest.approx(sum(derivatives), abs=1e-12)
    # U is unitary: the gradient by a state is the functional taken back, so that U undoes it.
    back = fused.evolve(circuit, angles.detach()[None], by_state[None])[0]
    assert torch.allclose(back, functional, atol=1e-12)


@pytest.mark.parametrize(
    "circuit",
    [
        denoising_circuit(3, 2),
        Circuit(2, 3, ("rz", "ry", "rx"), "cz", ((1, 0),)),
        Circuit(2, 2, ("ry",), "cz", ()),
        Circuit(3, 3, ("rz", "ry"), "rzz", ((0, 1), (2, 0))),
        Circuit(3, 2, ("rz", "ry"), "cnot", ((2, 0), (0, 1))),
    ],
    ids=["denoising", "all-axes", "product", "rzz", "cnot"],
)
@pytest.mark.parametrize("dense", [0, 6])
@every_backend
def test_gradients_of_many_circuits(
    circuit: Circuit,
    dense: int,
    backend: Backend,
    keep: int,
    generator: torch.Generator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if backend == "loops" and circuit.shares_angle:
        with pytest.raises(ValueError, match="loops need a CPU and an entangler without"):
            fused.evolve(
                circuit, torch.zeros(1, circuit.parameters), torch.ones(1, 1, 8) + 0j, backend
            )
        return

    monkeypatch.setattr(matrices, "KEEP", keep)
    monkeypatch.setattr(matrices, "DENSE", dense)
    monkeypatch.setattr(matrices, "GROUP", 2)
    matrices.groups.cache_clear()
    angles = torch.randn(2, circuit.parameters, generator=generator, dtype=R, requires_grad=True)
    psi = haar_states(2, 3, qubits=circuit.qubits, generator=generator, dtype=C).requires_grad_()

    assert torch.autograd.gradcheck(
        lambda a, v: fused.evolve(circuit, a, v, backend), (angles, psi)
    )
    shared = psi.detach()[:1].requires_grad_()
    assert torch.autograd.gradcheck(
        lambda a, v: fused.evolve(circuit, a, v, backend), (angles, shared)
    )
    matrices.groups.cache_clear()


@every_backend
def test_single_precision(
    backend: Backend, keep: int, generator: torch.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """72 layers in complex64 stay within 1e-5 of complex128, gradients within 1e-4."""

    monkeypatch.setattr(matrices, "KEEP", keep)
    circuit = denoising_circuit(5, 72)
    theta = torch.randn(circuit.parameters, generator=generator, dtype=R)
    psi = haar_states(4, qubits=5, generator=generator, dtype=C)
    results = []
    for dtype in (R, torch.float32):
        angles = theta.to(dtype).requires_grad_()
        states = fused.evolve(circuit, angles[None], psi.to(dtype.to_complex())[None], backend)
        (gradient,) = torch.autograd.grad(states[..., :7].abs().square().sum(), angles)
        results.append((states.detach(), gradient))

    (exact, exact_gradient), (states, gradient) = results
    assert states.dtype == torch.complex64
    assert torch.allclose(states.to(C), exact, atol=1e-5)
    assert torch.allclose(gradient.double(), exact_gradient, atol=1e-4)


def test_groups() -> None:
    assert [matrices.groups(n) for n in (1, 6)] == [(slice(0, 1),), (slice(0, 6),)]
    assert matrices.groups(7) == (slice(0, 3), slice(3, 7))
    for qubits in range(1, 17):
        parts = matrices.groups(qubits)
        assert [q for part in parts for q in range(qubits)[part]] == [*range(qubits)]


@pytest.mark.parametrize(
    ("psi", "message"),
    [
        (torch.ones(1, 3, 4) + 0j, "psi: must have 8 entries, had 4"),
        (torch.ones(1, 3, 8, dtype=C), "psi: must be torch.complex64, was torch.complex128"),
    ],
)
def test_evolve_rejects(psi: Tensor, message: str) -> None:
    circuit = denoising_circuit(3, 2)
    with pytest.raises(ValueError, match=message):
        fused.evolve(circuit, torch.zeros(1, circuit.parameters), psi)


@every_backend
def test_evolve_is_differentiable_once(
    backend: Backend, keep: int, generator: torch.Generator
) -> None:
    circuit = denoising_circuit(2, 1)
    angles = torch.randn(1, circuit.parameters, generator=generator, requires_grad=True)
    psi = haar_states(1, 3, qubits=2, generator=generator)
    value = fused.evolve(circuit, angles, psi, backend)[..., 0].abs().sum()
    (gradient,) = torch.autograd.grad(value, angles, create_graph=True)

    with pytest.raises(RuntimeError):
        gradient.sum().backward()


@pytest.mark.parametrize("batch", [1, 64])
@pytest.mark.parametrize("how", ["evolve", "branches"])
def test_angles_changed_before_the_backward_pass_are_noticed(
    how: str, batch: int, generator: torch.Generator
) -> None:
    """The loops read the angles in place: a stale gradient must not come out silently."""

    circuit = denoising_circuit(3, 1)
    angles = torch.randn(circuit.parameters, generator=generator).requires_grad_()
    psi = haar_states(batch, qubits=2, generator=generator)
    if how == "evolve":
        joint = haar_states(1, batch, qubits=3, generator=generator)
        value = fused.evolve(circuit, angles[None], joint)[..., 0].abs().sum()
    else:
        value = fused.branches(circuit, angles, psi, 1)[..., 0].abs().sum()
    with torch.no_grad():
        angles += 1

    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        value.backward()


@pytest.mark.parametrize(("batch", "compiled"), [(1, False), (3, False), (64, True)])
@pytest.mark.parametrize("circuits", [1, 2])
def test_branches(batch: int, compiled: bool, circuits: int, generator: torch.Generator) -> None:
    """However they are made, branches are <m| U (|0> psi)."""

    circuit = denoising_circuit(3, 1)
    shape = (batch,) if circuits == 1 else (circuits, batch)
    angles = torch.randn(*shape[:-1], circuit.parameters, generator=generator, dtype=R)
    psi = haar_states(*shape, qubits=2, generator=generator, dtype=C)
    branches = fused.branches(circuit, angles, psi, 1)

    assert fused.compiles(circuit, 1, batch) == compiled
    assert branches.shape == (*shape, 2, 4)
    for index in np.ndindex(*shape):
        joint = np.concatenate((psi[index].numpy(), np.zeros(4)))
        expected = oracles.unitary(circuit, angles[index[:-1]].numpy()) @ joint
        assert np.allclose(branches[index].flatten().numpy(), expected)


@pytest.mark.slow
def test_memory_of_a_deep_circuit() -> None:
    """40 layers on 14 qubits, forward and backward: print the time, stay within 4 GiB."""

    code = (
        "import resource, time, torch\n"
        "from latentq import fused\n"
        "from latentq.engine.circuits import denoising_circuit\n"
        "from latentq.quantum.states import haar_states\n"
        "circuit, generator = denoising_circuit(14, 40), torch.Generator().manual_seed(0)\n"
        "angles = torch.randn(circuit.parameters, generator=generator, requires_grad=True)\n"
        "psi, start = haar_states(64, qubits=12, generator=generator), time.perf_counter()\n"
        "fused.branches(circuit, angles, psi, 2)[:, 0].abs().square().sum().backward()\n"
        "seconds, usage = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF)\n"
        "print(seconds, usage.ru_maxrss / 2**20)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    seconds, peak = map(float, done.stdout.split())
    print(f"{seconds:.1f} s, {peak:.2f} GiB")
    assert peak < 4


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
