"""Denoisers trained in stages: closed forms of their costs and gradients, and what stages keep."""

import math
from dataclasses import replace
from typing import Literal

import pytest
import torch
from torch import Tensor

from latentq.engine import fused
from latentq.quantum.costs import expected_fidelity, local_fidelity, parameter_shift
from latentq.quantum.curriculum import DenoiserRecipe, DenoiserTraining, scramble_each, unitaries
from latentq.quantum.entanglement import partial_trace
from latentq.quantum.scrambling import RandomCircuit
from latentq.quantum.states import fidelity, haar_states
from latentq.randomness import derive_generator

DOUBLE = torch.complex128
SMALL = DenoiserRecipe(qubits=2, layers=2, depths=(1, 3), epochs=6, states=3)


def unitary(qubits: int, generator: torch.Generator) -> Tensor:
    gauss = torch.randn(2**qubits, 2**qubits, dtype=DOUBLE, generator=generator)
    return torch.linalg.qr(gauss).Q


def test_the_expected_fidelity_is_that_of_a_design() -> None:
    """The six eigenstates of Pauli operators are a 2-design: their mean is the mean over Haar."""
    r = math.sqrt(0.5)
    states = torch.tensor(
        [[1, 0], [0, 1], [r, r], [r, -r], [r, 1j * r], [r, -1j * r]], dtype=DOUBLE
    )
    for seed in range(3):
        w = unitary(1, derive_generator(seed, "w"))
        mean = fidelity(states, states @ w.mT).mean()

        assert torch.allclose(expected_fidelity(w.diagonal().sum(), 2), mean, atol=1e-14)


@pytest.mark.parametrize("towards", [0.0, 0.8])
def test_the_expected_fidelity_is_the_mean_over_fresh_states(
    towards: float, generator: torch.Generator
) -> None:
    phases = torch.rand(8, dtype=torch.float64, generator=generator) * (1 - towards) * 2 * math.pi
    basis = unitary(3, generator)
    w = basis @ torch.polar(torch.ones_like(phases), phases).diag().to(DOUBLE) @ basis.mH
    psi = haar_states(40_000, qubits=3, generator=generator, dtype=DOUBLE)
    found = fidelity(psi, psi @ w.mT)
    expected = expected_fidelity(w.diagonal().sum(), 8)

    assert abs(found.mean() - expected) < 4 * found.std() / math.sqrt(len(found))


def test_the_closed_form_of_the_identity_is_one() -> None:
    assert expected_fidelity(torch.tensor(8.0 + 0j), 8) == 1
    assert expected_fidelity(torch.tensor(1j), 8) == pytest.approx(1 / 8)


def test_no_circuit_undoes_scramblers_that_it_does_not_know(generator: torch.Generator) -> None:
    """The mean of |Tr D U|^2 is 1 for every D, even for one layer of scrambling."""
    d = unitary(2, generator)
    eye = torch.eye(4, dtype=DOUBLE)
    drawn = RandomCircuit(2, 1, "staggered", generator, 4 * 4000, dtype=torch.float64)
    # One circuit for each state: four copies of each, for its four columns.
    drawn.angles = drawn.angles[:4000].repeat_interleave(4, dim=0)
    columns = drawn.apply(eye.repeat(4000, 1), 0).view(4000, 4, 4)
    squares = (columns @ d.mT).diagonal(dim1=1, dim2=2).sum(dim=-1).abs().square()

    assert abs(squares.mean() - 1) < 4 * squares.std() / math.sqrt(4000)


def test_the_local_fidelity_is_that_of_reduced_states(generator: torch.Generator) -> None:
    phi, psi = haar_states(2, 5, qubits=3, generator=generator, dtype=DOUBLE)
    expected = torch.zeros(5, dtype=torch.float64)
    for qubit in range(3):
        rho, sigma = partial_trace(phi, [qubit]), partial_trace(psi, [qubit])
        for b in range(5):
            values, vectors = torch.linalg.eigh(rho[b])
            root = vectors @ values.clamp_min(0).sqrt().diag().to(DOUBLE) @ vectors.mH
            inner = torch.linalg.eigvalsh(root @ sigma[b] @ root).clamp_min(0)
            expected[b] += inner.sqrt().sum().square() / 3

    assert torch.allclose(local_fidelity(phi, psi), expected, atol=1e-10)
    assert torch.allclose(local_fidelity(psi, psi), torch.ones(5, dtype=torch.float64))


@pytest.mark.parametrize("qubits", [2, 4])
def test_the_shift_rule_agrees_with_autograd(qubits: int) -> None:
    recipe = replace(SMALL, qubits=qubits)
    run = DenoiserTraining(recipe, [7], dtype=DOUBLE)
    matrices = unitaries(recipe, 3, run.streams("scrambler", 0), DOUBLE)
    psi = run.states @ matrices

    def cost(angles: Tensor) -> Tensor:
        output = fused.evolve(recipe.circuit, angles, psi)
        return 1 - fidelity(run.states, output).mean(dim=-1)

    (by_autograd,) = torch.autograd.grad(cost(run.angles).sum(), run.angles)
    with torch.no_grad():
        by_shift = parameter_shift(cost, run.angles[0])

    assert by_shift.abs().max() > 0.01
    assert torch.allclose(by_shift, by_autograd[0], rtol=0, atol=1e-10)


def test_rows_are_the_images_of_basis_states() -> None:
    streams = [derive_generator(seed, "u") for seed in (3, 4)]
    matrices = unitaries(SMALL, 2, streams, DOUBLE)
    drawn = RandomCircuit(2, 3, "staggered", derive_generator(4, "u"), dtype=torch.float64)
    psi = haar_states(3, qubits=2, generator=derive_generator(0, "psi"), dtype=DOUBLE)

    assert torch.allclose(psi @ matrices[1], drawn.apply(drawn.apply(psi, 0), 1))
    assert not torch.allclose(matrices[0], matrices[1])


def test_each_state_has_a_scrambler_of_its_own(generator: torch.Generator) -> None:
    psi = haar_states(1, 1, qubits=2, generator=generator, dtype=DOUBLE).expand(1, 3, -1)
    found = scramble_each(psi, 2, [generator])[0]

    assert torch.allclose(found.norm(dim=-1), torch.ones(3, dtype=torch.float64))
    assert not torch.allclose(found[0], found[1])


def test_a_seed_does_not_depend_on_its_neighbours() -> None:
    for changes in ({}, {"data": "fresh"}, {"scrambler": "epoch", "data": "fresh"}):
        recipe = replace(SMALL, **changes)  # type: ignore[arg-type]
        alone = DenoiserTraining(recipe, [5], 4, 3, DOUBLE).run()
        beside = DenoiserTraining(recipe, [4, 5], 4, 3, DOUBLE).run()

        assert torch.allclose(alone.training[0], beside.training[1], atol=1e-12)
        assert torch.allclose(alone.held_out[0], beside.held_out[1], atol=1e-12)
        assert torch.allclose(alone.expected[0], beside.expected[1], atol=1e-12)
        assert not torch.allclose(beside.training[0], beside.training[1], atol=1e-3)


def test_the_first_step_is_that_of_adam() -> None:
    """The first step of Adam is the sign of the gradient times the learning rate."""
    recipe = replace(SMALL, depths=(1,), epochs=1, lr=0.01)
    run = DenoiserTraining(recipe, [2], dtype=DOUBLE)
    before = run.angles.detach().clone()
    matrices = unitaries(recipe, 1, run.streams("scrambler", 0), DOUBLE)

    def cost(angles: Tensor) -> Tensor:
        output = fused.evolve(recipe.circuit, angles, run.states @ matrices)
        return 1 - fidelity(run.states, output).mean(dim=-1)

    with torch.no_grad():
        gradient = parameter_shift(cost, before[0])
        start = 1 - cost(before)
    history = run.run()
    moved = gradient.abs() > 1e-4  # Others are too near to the 1e-8 that Adam divides by.

    assert moved.any()
    assert torch.allclose(
        (run.angles - before)[0][moved], -0.01 * gradient.sign()[moved], atol=1e-5
    )
    assert torch.allclose(history.training[:, 0, 0], start)


@pytest.mark.parametrize("carried", ["all", "angles", "none"])
def test_what_is_carried_over(carried: Literal["all", "angles", "none"]) -> None:
    run = DenoiserTraining(replace(SMALL, carried=carried), [0], 4, 3)
    run.stage(0, 1)
    angles, optimizer = run.angles, run.optimizer
    run.angles, run.optimizer = run.begin(1)

    assert (run.angles is angles) == (carried != "none")
    assert (run.optimizer is optimizer) == (carried == "all")
    assert bool(run.optimizer.state) == (carried == "all")


class Watched(DenoiserTraining):
    """Keeps the scramblers of all stages."""

    def expected(self, depth: int, matrices: Tensor | None) -> Tensor:
        assert matrices is not None
        self.seen = [*getattr(self, "seen", []), matrices[0]]
        return super().expected(depth, matrices)


@pytest.mark.parametrize("kind", ["nested", "stage"])
def test_nested_scramblers_go_on_from_one_another(kind: Literal["nested", "stage"]) -> None:
    run = Watched(replace(SMALL, scrambler=kind, epochs=1), [0], dtype=DOUBLE)
    run.run()
    first = run.streams("scrambler", 0)[0]
    drawn = RandomCircuit(2, 3, "staggered", first, dtype=torch.float64)
    further = drawn.apply(drawn.apply(run.seen[0], 1), 2)

    assert torch.allclose(run.seen[1], further) == (kind == "nested")


def test_layers_come_one_after_another() -> None:
    recipe = DenoiserRecipe(2, 4, epochs=20, growing=True)
    layers = [recipe.layers_at(epoch) for epoch in range(20)]

    assert layers == [1, 1, 1, 2, 2, 3, 3, 3, 4, 4, *[4] * 10]
    run = DenoiserTraining(recipe, [0], dtype=DOUBLE)
    psi = haar_states(1, 3, qubits=2, generator=derive_generator(0, "psi"), dtype=DOUBLE)
    run.denoise(psi, 2).real.sum().backward()
    assert run.angles.grad is not None
    assert (run.angles.grad[0, 12:] == 0).all() and (run.angles.grad[0, :12] != 0).any()


def test_the_closed_form_compiles_an_inverse() -> None:
    """Four layers have more angles, 24, than a unitary of two qubits has numbers, 15."""
    recipe = DenoiserRecipe(2, 4, depths=(2, 6), epochs=150, lr=0.1, data="exact")
    history = DenoiserTraining(recipe, range(3)).run()

    assert (history.expected > 0.98).all()
    assert (history.held_out[..., -1] > 0.97).all()
    assert torch.allclose(history.held_out[..., -1], history.expected, atol=0.02)
