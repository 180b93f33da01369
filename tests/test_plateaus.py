"""Gradients over random circuits: against closed forms, Haar unitaries and parameter shifts."""

import itertools
import math

import pytest
import torch
from scipy.stats import unitary_group
from torch import Tensor

from latentq.engine import fused
from latentq.engine.circuits import Circuit, cnot_circuit
from latentq.quantum import plateaus
from latentq.quantum.entanglement import partial_trace
from latentq.quantum.plateaus import (
    COSTS,
    Cost,
    cost_gradients,
    design_marginal_variance,
    design_variance,
    drawn_states,
    global_cost,
    haar_marginal_cost,
    haar_marginal_variance,
    marginal_cost,
    middle_angle,
    product_marginal_variance,
    product_variance,
    random_gradients,
    train,
    uniform_angles,
)
from latentq.quantum.states import fidelity

PAULI_Z = torch.tensor([1.0, -1.0], dtype=torch.complex128)


def root(matrix: Tensor) -> Tensor:
    values, vectors = torch.linalg.eigh(matrix)
    return vectors @ torch.diag(values.clamp_min(0).sqrt()).to(matrix) @ vectors.mH


def uhlmann(rho: Tensor, sigma: Tensor) -> float:
    """The definition for any dimension, of which the closed form for a qubit is a case."""
    return float(torch.trace(root(root(rho) @ sigma @ root(rho))).real ** 2)


def shifted(cost: Cost, circuit: Circuit, angles: Tensor, psi: Tensor, target: Tensor) -> Tensor:
    """Returns (C(+ pi / 2) - C(- pi / 2)) / 2 for each angle of one circuit."""
    steps = math.pi / 2 * torch.eye(circuit.parameters, dtype=torch.float64)
    ends = [
        cost(fused.evolve(circuit, angles + sign * steps, psi), target)[:, 0] for sign in (1, -1)
    ]
    return (ends[0] - ends[1]) / 2


def case(
    generator: torch.Generator, targets: plateaus.Source
) -> tuple[Circuit, Tensor, Tensor, Tensor]:
    circuit = cnot_circuit(3, 2)
    psi = drawn_states("haar", 1, 3, generator)
    return (
        circuit,
        uniform_angles(circuit, 1, generator),
        psi,
        drawn_states(targets, 1, 3, generator),
    )


def test_marginal_cost_is_that_of_reduced_states(generator: torch.Generator) -> None:
    one, two = drawn_states("haar", 2, 3, generator)[:, 0]
    each = [uhlmann(partial_trace(one, [q]), partial_trace(two, [q])) for q in range(3)]

    assert marginal_cost(one, two).item() == pytest.approx(1 - sum(each) / 3, abs=1e-7)
    assert marginal_cost(one, one).item() == pytest.approx(0, abs=1e-12)


def test_marginal_cost_is_at_most_the_infidelity(generator: torch.Generator) -> None:
    one, two = drawn_states("haar", 200, 2, generator), drawn_states("haar", 200, 2, generator)

    assert (marginal_cost(one, two) < global_cost(one, two)).all()


def test_marginal_cost_is_blind_to_bell_states() -> None:
    bell = torch.tensor([[1, 0, 0, 1], [1, 0, 0, -1]], dtype=torch.complex128) / math.sqrt(2)

    assert global_cost(*bell).item() == pytest.approx(1)
    assert marginal_cost(*bell).item() == pytest.approx(0, abs=1e-12)


def test_global_gradients_are_parameter_shifts(generator: torch.Generator) -> None:
    circuit, angles, psi, target = case(generator, "haar")
    found = cost_gradients(circuit, angles, psi, target, COSTS)["global"][0]

    assert found.abs().max() > 0.01
    assert torch.allclose(found, shifted(global_cost, circuit, angles, psi, target), atol=1e-12)


def test_marginal_gradients_are_parameter_shifts_for_product_targets(
    generator: torch.Generator,
) -> None:
    circuit, angles, psi, target = case(generator, "zero")
    found = cost_gradients(circuit, angles, psi, target, COSTS)["marginal"][0]

    assert found.abs().max() > 0.01
    assert torch.allclose(found, shifted(marginal_cost, circuit, angles, psi, target), atol=1e-9)


def test_marginal_gradients_are_no_parameter_shifts_for_mixed_marginals(
    generator: torch.Generator,
) -> None:
    circuit, angles, psi, target = case(generator, "haar")
    found = cost_gradients(circuit, angles, psi, target, COSTS)["marginal"][0]
    steps = 1e-5 * torch.eye(circuit.parameters, dtype=torch.float64)
    up, down = (
        marginal_cost(fused.evolve(circuit, angles + sign * steps, psi), target)[:, 0]
        for sign in (1, -1)
    )

    assert torch.allclose(found, (up - down) / 2e-5, atol=1e-8)
    wrong = shifted(marginal_cost, circuit, angles, psi, target) - found
    assert wrong.abs().max() > 0.1 * found.abs().max()


def test_gradients_are_means_over_the_states_of_a_circuit(generator: torch.Generator) -> None:
    circuit = cnot_circuit(2, 2)
    angles = uniform_angles(circuit, 3, generator)
    psi, target = (drawn_states("haar", 6, 2, generator).view(3, 2, 4) for _ in range(2))
    both = cost_gradients(circuit, angles, psi, target, COSTS)
    each = [cost_gradients(circuit, angles, psi[:, [i]], target[:, [i]], COSTS) for i in range(2)]

    for name in COSTS:
        assert torch.allclose(both[name], (each[0][name] + each[1][name]) / 2)


@pytest.mark.parametrize("qubits", [1, 2, 4])
def test_one_rotation_on_each_qubit_has_the_closed_variance(qubits: int) -> None:
    """Four equal steps of each angle average trigonometric polynomials of this degree exactly."""
    circuit = Circuit(qubits, 1, ("ry",), "cz", ())
    grid = [*itertools.product([k * math.pi / 2 for k in range(4)], repeat=qubits)]
    angles = torch.tensor(grid, dtype=torch.float64)
    zeros = drawn_states("zero", len(angles), qubits, torch.Generator())
    found = cost_gradients(circuit, angles, zeros, zeros, COSTS)

    for name, closed in (("global", product_variance), ("marginal", product_marginal_variance)):
        assert found[name].mean(dim=0).abs().max() < 1e-12
        variance = found[name].square().mean(dim=0)
        assert torch.allclose(variance, torch.full_like(variance, closed(qubits)), rtol=1e-9)


def haar_unitaries(draws: int, qubits: int, seed: int) -> Tensor:
    return torch.from_numpy(unitary_group.rvs(2**qubits, size=draws, random_state=seed))


@pytest.mark.parametrize("qubits", [2, 3])
def test_variances_between_haar_unitaries(qubits: int) -> None:
    """C(theta) = <psi| V1+ R+ V2+ O V2 R V1 |psi>, with its derivative written out."""
    draws, d = 20_000, 2**qubits
    state, wanted = (haar_unitaries(draws, qubits, seed)[:, :, 0] for seed in (1, 2))
    after = haar_unitaries(draws, qubits, 3)
    change = -0.5j * state * PAULI_Z.repeat_interleave(d // 2)  # of the state, by Z on qubit 0
    overlap, by_angle = ((wanted.conj() * x).sum(dim=1) for x in (state, change))
    global_ = 2 * (overlap.conj() * by_angle).real
    output, moved = ((after @ x[..., None])[..., 0] for x in (state, change))
    places = [PAULI_Z.repeat_interleave(2 ** (qubits - 1 - q)).repeat(2**q) for q in range(qubits)]
    local = 2 * (output.conj() * sum(places) / (2 * qubits) * moved).sum(dim=1).real

    assert global_.square().mean().item() == pytest.approx(design_variance(qubits), rel=0.06)
    expected = design_marginal_variance(qubits)
    assert local.square().mean().item() == pytest.approx(expected, rel=0.06)


@pytest.mark.parametrize("layers", [1, 5])
def test_haar_states_give_the_design_variance_at_every_depth(layers: int) -> None:
    generator = torch.Generator().manual_seed(3)
    found = random_gradients(
        cnot_circuit(4, layers), 3000, generator, inputs="haar", targets="haar"
    )
    variances = found["global"].square().mean(dim=0)

    assert variances.mean().item() == pytest.approx(design_variance(4), rel=0.05)
    assert variances.min() > 0.7 * design_variance(4)
    assert variances.max() < 1.4 * design_variance(4)


def test_marginal_variance_between_haar_states_has_its_leading_order() -> None:
    generator = torch.Generator().manual_seed(4)
    circuit = cnot_circuit(7, 14)
    found = random_gradients(circuit, 400, generator, inputs="haar", targets="haar")

    variance = found["marginal"].square().mean().item()
    assert variance == pytest.approx(haar_marginal_variance(7), rel=0.1)


@pytest.mark.parametrize("qubits", [2, 4])
def test_mean_marginal_cost_of_haar_states(qubits: int) -> None:
    generator = torch.Generator().manual_seed(5)
    one, two = (drawn_states("haar", 20_000, qubits, generator) for _ in range(2))

    found = marginal_cost(one, two).mean().item()
    assert found == pytest.approx(haar_marginal_cost(qubits), rel=0.02)
    assert haar_marginal_cost(14) == pytest.approx(1.5 * 2**-14, rel=1e-3)


def test_draws_do_not_depend_on_memory_but_are_all_new(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plateaus, "BYTES", 2 * plateaus.bytes_of_draw(2, 1))
    generator = torch.Generator().manual_seed(0)
    found = random_gradients(cnot_circuit(2, 1), 5, generator, inputs="haar", targets="haar")

    assert found["global"].shape == (5, 6)
    assert len({round(x, 9) for x in found["global"][:, 2].tolist()}) == 5


@pytest.mark.parametrize(("qubits", "layers"), [(2, 1), (5, 4)])
def test_the_middle_angle_is_that_of_a_ry(qubits: int, layers: int) -> None:
    circuit = cnot_circuit(qubits, layers)
    place = middle_angle(circuit)
    (gate,) = [gate for gate in circuit.gates() if gate.angle == place]

    assert gate.name == "ry" and gate.wires == (qubits // 2,)
    assert place // circuit.layer_parameters == layers // 2


def test_training_lowers_the_cost_that_it_is_given(generator: torch.Generator) -> None:
    circuit = cnot_circuit(2, 2)
    zeros = drawn_states("zero", 4, 2, generator)
    target = fused.evolve(circuit, uniform_angles(circuit, 4, generator), zeros)
    start = uniform_angles(circuit, 4, generator)
    found = train(circuit, start, zeros, target, [global_cost] * 150)

    first = fidelity(target, fused.evolve(circuit, start, zeros))[:, 0]
    assert torch.allclose(found.fidelity[0], first)
    assert torch.allclose(found.cost, 1 - found.fidelity)
    assert found.fidelity.shape == (151, 4) and found.fidelity[-1].min() > 0.99
    # The first step of Adam moves each angle by its step size, against the gradient.
    moved = start - 0.05 * cost_gradients(circuit, start, zeros, target, COSTS)["global"].sign()
    second = fidelity(target, fused.evolve(circuit, moved, zeros))[:, 0]
    assert torch.allclose(found.fidelity[1], second, atol=1e-5)
