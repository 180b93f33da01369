import numpy as np
import pytest
import torch
from torch import Tensor

from latentq.engine import fused, torchquantum
from latentq.engine.circuits import (
    Circuit,
    Gate,
    brickwork,
    cnot_circuit,
    denoising_circuit,
    scrambling_circuit,
)
from latentq.quantum.states import haar_states
from tests import oracles

CIRCUITS = [
    denoising_circuit(1, 2),
    denoising_circuit(2, 1),
    denoising_circuit(5, 3),
    denoising_circuit(3, 2, axes=("ry",)),
    denoising_circuit(3, 2, entangled=False),
    scrambling_circuit(1, 2),
    scrambling_circuit(2, 2),
    scrambling_circuit(4, 3),
    Circuit(3, 2, ("rz", "rx"), "rzz", ((2, 0),)),
    Circuit(3, 2, ("rx", "rz", "ry"), "cz", ((2, 0), (0, 1), (2, 0))),
    cnot_circuit(3, 2),
    Circuit(4, 2, ("ry",), "cnot", ((2, 0), (0, 1), (1, 3), (3, 2))),
]
ENGINES = {"fused": fused.run, "torchquantum": torchquantum.run}

every_circuit = pytest.mark.parametrize(
    "circuit", CIRCUITS, ids=lambda c: f"{''.join(c.axes)}-{c.entangler}-{c.qubits}x{c.layers}"
)
every_engine = pytest.mark.parametrize("engine", ENGINES)


def draw_angles(
    *shape: int, generator: torch.Generator, dtype: torch.dtype = torch.float32
) -> Tensor:
    """Angles in [-pi, pi]."""
    return np.pi * (2 * torch.rand(*shape, generator=generator, dtype=dtype) - 1)


def expected_states(circuit: Circuit, angles: Tensor, psi: Tensor) -> np.ndarray:
    """Each state times the dense matrix of its own angles."""
    each = angles.double().expand(len(psi), -1).numpy()
    pairs = zip(each, psi.numpy(), strict=True)
    return np.stack([oracles.unitary(circuit, theta) @ v for theta, v in pairs])


@pytest.mark.parametrize(
    ("qubits", "pairs"),
    [
        (1, ()),
        (2, ((0, 1),)),
        (3, ((0, 1), (1, 2))),
        (5, ((0, 1), (2, 3), (1, 2), (3, 4))),
        (6, ((0, 1), (2, 3), (4, 5), (1, 2), (3, 4))),
    ],
)
def test_brickwork(qubits: int, pairs: tuple[tuple[int, int], ...]) -> None:
    assert brickwork(qubits) == pairs


def test_number_of_angles() -> None:
    assert denoising_circuit(5, 24).parameters == 5 * 2 * 24
    assert denoising_circuit(5, 24, axes=("ry",), entangled=False).parameters == 5 * 24
    assert scrambling_circuit(4, 3).parameters == 3 * (3 * 4 + 1)
    assert scrambling_circuit(4).pairs == ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3))
    assert denoising_circuit(5, 1).pairs == brickwork(5)
    assert denoising_circuit(5, 1, entangled=False).pairs == ()
    assert [cnot_circuit(n, layers).parameters for n, layers in ((4, 7), (6, 7), (8, 9))] == [
        *(84, 126, 216)
    ]
    # One qubit alone has no RZZ, so neither a gate nor an angle.
    assert scrambling_circuit(1, 2).parameters == 6
    assert {gate.name for gate in scrambling_circuit(1, 2).gates()} == {"rz", "ry"}


def test_gate_list() -> None:
    gates = list(denoising_circuit(3, 2).gates())
    assert gates[:8] == [
        *(Gate("rx", (q,), q) for q in range(3)),
        *(Gate("ry", (q,), 3 + q) for q in range(3)),
        Gate("cz", (0, 1), None),
        Gate("cz", (1, 2), None),
    ]
    assert gates[8] == Gate("rx", (0,), 6) and len(gates) == 16

    gates = list(scrambling_circuit(2, 2).gates())
    assert [g.name for g in gates] == 2 * ["rz", "rz", "ry", "ry", "rz", "rz", "rzz"]
    assert [g.angle for g in gates] == [*range(14)]


@every_circuit
def test_gate_list_of_qiskit(circuit: Circuit, generator: torch.Generator) -> None:
    angles = draw_angles(circuit.parameters, generator=generator, dtype=torch.float64).numpy()

    assert np.allclose(
        oracles.qiskit_unitary(circuit, angles), oracles.unitary(circuit, angles), atol=1e-12
    )


@every_engine
@every_circuit
def test_run_on_all_basis_states(
    circuit: Circuit, engine: str, generator: torch.Generator
) -> None:
    angles = draw_angles(circuit.parameters, generator=generator)
    basis = torch.eye(2**circuit.qubits, dtype=torch.complex64)
    matrix = ENGINES[engine](circuit, angles, basis).mT

    assert np.allclose(matrix.numpy(), oracles.unitary(circuit, angles.numpy()), atol=1e-5)
    assert torch.allclose(matrix.mH @ matrix, basis, atol=1e-5)


@every_engine
@pytest.mark.parametrize("batch", [1, 6])
@every_circuit
def test_run_with_angles_for_each_state(
    circuit: Circuit, batch: int, engine: str, generator: torch.Generator
) -> None:
    angles = draw_angles(batch, circuit.parameters, generator=generator)
    psi = haar_states(batch, qubits=circuit.qubits, generator=generator)
    out = ENGINES[engine](circuit, angles, psi)

    assert out.shape == psi.shape and out.dtype == torch.complex64
    assert np.allclose(out.numpy(), expected_states(circuit, angles, psi), atol=1e-5)


@pytest.mark.parametrize("shared", [True, False])
@every_circuit
def test_fused_run_in_double_precision(
    circuit: Circuit, shared: bool, loops: bool, generator: torch.Generator
) -> None:
    shape = (circuit.parameters,) if shared else (4, circuit.parameters)
    angles = draw_angles(*shape, generator=generator, dtype=torch.float64)
    psi = haar_states(4, qubits=circuit.qubits, generator=generator, dtype=torch.complex128)
    out = fused.run(circuit, angles, psi)

    assert out.dtype == torch.complex128
    assert np.allclose(out.numpy(), expected_states(circuit, angles, psi), atol=1e-12)


def run_and_differentiate(
    engine: str, circuit: Circuit, angles: Tensor, psi: Tensor, like: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """The output, and the gradients of its squared real overlaps with other states."""

    angles, psi = angles.clone().requires_grad_(), psi.clone().requires_grad_()
    out = ENGINES[engine](circuit, angles, psi)
    loss = (like.conj() * out).real.sum(dim=-1).square().sum()
    by_angles, by_psi = torch.autograd.grad(loss, (angles, psi))
    return out.detach(), by_angles, by_psi


@pytest.mark.parametrize("shared", [True, False])
@every_circuit
def test_engines_agree(circuit: Circuit, shared: bool, generator: torch.Generator) -> None:
    shape = (circuit.parameters,) if shared else (5, circuit.parameters)
    angles = draw_angles(*shape, generator=generator)
    psi = haar_states(5, qubits=circuit.qubits, generator=generator)
    like = haar_states(5, qubits=circuit.qubits, generator=generator)
    one = run_and_differentiate("fused", circuit, angles, psi, like)
    two = run_and_differentiate("torchquantum", circuit, angles, psi, like)

    assert one[1].abs().max() > 1e-2
    for a, b in zip(one, two, strict=True):
        assert torch.allclose(a, b, atol=1e-5)


@pytest.mark.parametrize(("ancillas", "batch"), [(1, 4), (2, 4), (1, 1), (0, 3)])
def test_branches_of_both_engines(ancillas: int, batch: int, generator: torch.Generator) -> None:
    circuit = denoising_circuit(2 + ancillas, 3)
    angles = draw_angles(circuit.parameters, generator=generator).requires_grad_()
    psi = haar_states(batch, qubits=2, generator=generator)
    like = haar_states(batch, 2**ancillas, qubits=2, generator=generator)

    kraus = oracles.kraus(circuit, angles.detach().numpy(), ancillas)
    expected = np.einsum("mij,bj->bmi", kraus, psi.numpy())
    gradients: list[Tensor] = []
    for branches in (
        torchquantum.branches(circuit, angles, psi, ancillas),
        fused.apply_kraus(fused.kraus(circuit, angles, ancillas), psi),
    ):
        assert branches.shape == (batch, 2**ancillas, 4)
        assert np.allclose(branches.detach().numpy(), expected, atol=1e-5)
        loss = (like.conj() * branches).real.sum(dim=-1).square().sum()
        gradients += torch.autograd.grad(loss, angles)

    assert gradients[0].abs().max() > 1e-2
    assert torch.allclose(gradients[0], gradients[1], atol=1e-5)


@every_engine
def test_opposite_angles_in_reverse_undo(engine: str, generator: torch.Generator) -> None:
    forward = Circuit(3, 1, ("rx", "ry"), "cz", ())
    backward = Circuit(3, 1, ("ry", "rx"), "cz", ())
    angles = draw_angles(6, generator=generator)
    undo = -torch.cat((angles[3:], angles[:3]))
    psi = haar_states(4, qubits=3, generator=generator)
    run = ENGINES[engine]

    assert not torch.allclose(run(forward, angles, psi), psi, atol=1e-2)
    assert torch.allclose(run(backward, undo, run(forward, angles, psi)), psi, atol=1e-5)


@every_engine
@pytest.mark.parametrize("extra", [-1, 1])
def test_wrong_number_of_angles(engine: str, extra: int, generator: torch.Generator) -> None:
    circuit = denoising_circuit(2, 2)
    psi = haar_states(3, qubits=2, generator=generator)

    with pytest.raises(ValueError, match=f"angles: must have 8 entries, had {8 + extra}"):
        ENGINES[engine](circuit, torch.zeros(8 + extra), psi)


def test_torchquantum_is_complex64_only(generator: torch.Generator) -> None:
    psi = haar_states(3, qubits=2, generator=generator, dtype=torch.complex128)

    with pytest.raises(ValueError, match="must be complex64 for engine=torchquantum"):
        torchquantum.run(denoising_circuit(2, 1), torch.zeros(4), psi)
