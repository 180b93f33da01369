"""Published circuits written out, gradients over several blocks, and over several measurements."""

import itertools
import math

import numpy as np
import pytest
import torch
from torch import Tensor

from latentq.diffusion import (
    ForwardProcess,
    QuDDPM,
    keep_outcomes,
    score_outcomes,
    uniform_particles,
)
from latentq.engine import fused
from latentq.engine.circuits import brickwork, cnot_circuit, denoising_circuit, scrambling_circuit
from latentq.engine.native import evolution
from latentq.quantum import plateaus
from latentq.quantum.entanglement import bloch_vectors
from latentq.quantum.states import fidelity, haar_states
from latentq.quantum.targets import ExtendedGHZ
from tests import oracles

C = torch.complex128


def test_the_published_circuits() -> None:
    assert brickwork(5) == ((0, 1), (2, 3), (1, 2), (3, 4))
    denoising, scrambling = denoising_circuit(3, 2), scrambling_circuit(3)
    assert (denoising.axes, denoising.entangler) == (("rx", "ry"), "cz")
    assert (scrambling.axes, scrambling.entangler) == (("rz", "ry", "rz"), "rzz")
    assert scrambling.pairs == ((0, 1), (0, 2), (1, 2))


CIRCUITS = {
    "cz": denoising_circuit(3, 3),
    "rzz": scrambling_circuit(3, 3),
    "cnot": cnot_circuit(3, 3),
}


@pytest.mark.parametrize("name", CIRCUITS)
def test_deep_circuits_are_products_of_their_gates(
    loops: bool, name: str, generator: torch.Generator
) -> None:
    """Three layers with angles of their own: one circuit for all states, and one for each."""
    circuit = CIRCUITS[name]
    psi = haar_states(4, qubits=3, generator=generator, dtype=C)
    angles = 3 * torch.randn(4, circuit.parameters, generator=generator, dtype=torch.float64)
    matrices = [oracles.unitary(circuit, row.numpy()) for row in angles]
    each = np.stack([u @ state for u, state in zip(matrices, psi.numpy(), strict=True)])
    recorded = fused.run(circuit, angles.requires_grad_(), psi)

    with torch.no_grad():
        assert np.allclose(fused.run(circuit, angles, psi).numpy(), each)
        assert np.allclose(fused.run(circuit, angles[1], psi).numpy(), psi.numpy() @ matrices[1].T)
        evolved = fused.evolve(circuit, angles[:2], psi[None])
        assert np.allclose(evolved.numpy(), [psi.numpy() @ u.T for u in matrices[:2]])
    assert np.allclose(recorded.detach().numpy(), each)


def test_gradients_of_several_blocks_of_states(generator: torch.Generator) -> None:
    """More states than the loops work on at a time: by loops and by matrix products."""
    circuit = denoising_circuit(4, 2)
    block = evolution.LANES
    psi = haar_states(2, 2 * block + 5, qubits=4, generator=generator, dtype=C)
    goal = haar_states(2, 2 * block + 5, qubits=4, generator=generator, dtype=C)
    found = []
    backends: tuple[fused.evolution.Backend, ...] = ("loops", "matrices")
    for backend in backends:
        angles = torch.linspace(-1, 2, 2 * circuit.parameters, dtype=torch.float64)
        inputs = angles.view(2, -1).requires_grad_(), psi.clone().requires_grad_()
        output = fused.evolve(circuit, *inputs, backend)
        loss = fidelity(goal, output).sum()
        found.append(torch.autograd.grad(loss, inputs))

    for one, other in zip(*found, strict=True):
        assert torch.allclose(one, other, atol=1e-9) and one.abs().max() > 1e-3


@pytest.mark.parametrize("qubits", [1, 3])
def test_bloch_vectors_are_expectations(qubits: int, generator: torch.Generator) -> None:
    psi = haar_states(5, qubits=qubits, generator=generator, dtype=C)
    found = bloch_vectors(psi)

    for k, state in enumerate(psi.numpy()):
        for q in range(qubits):
            for axis, letter in enumerate("xyz"):
                observable = oracles.embed(qubits, {q: oracles.PAULI[letter]})
                expected = np.vdot(state, observable @ state).real
                assert found[k, q, axis].item() == pytest.approx(expected, abs=1e-12)


def test_inputs_and_targets_have_sources_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cost is replaced by what it is given: targets are zeros, inputs are not."""
    seen: list[tuple[Tensor, Tensor]] = []

    def noting(*words: Tensor) -> dict[str, Tensor]:
        seen.append((words[2], words[3]))
        return {}

    monkeypatch.setattr(plateaus, "cost_gradients", noting)
    sources: tuple[plateaus.Source, ...] = ("haar", "zero")
    for inputs, targets in (sources, sources[::-1]):
        generator = torch.Generator().manual_seed(0)
        plateaus.random_gradients(
            cnot_circuit(2, 1), 4, generator, inputs=inputs, targets=targets, costs={}
        )
        zeros = [bool((states[..., 0] == 1).all()) for states in seen.pop()]
        assert zeros == [inputs == "zero", targets == "zero"]


def test_the_family_has_a_positive_first_amplitude(generator: torch.Generator) -> None:
    psi = ExtendedGHZ(2).draw(2000, generator)
    angle = psi[:, 0].real.arccos()

    assert psi[:, 0].real.min() >= 0 and psi[:, 0].imag.abs().max() == 0
    assert angle.mean().item() == pytest.approx(math.pi / 4, abs=0.05)
    assert psi[:, -1].mean().abs() < 0.1


def chain(ancillas: int = 1) -> QuDDPM:
    prior = QuDDPM(
        ForwardProcess(2, 3),
        ancillas=ancillas,
        layers=2,
        init_scale=3.0,
        generator=torch.Generator().manual_seed(3),
    )
    return prior.double()


def value(psi: Tensor, goal: Tensor) -> Tensor:
    """A number of a state that is not linear in its projector."""
    return fidelity(goal, psi).square()


def exact_value(prior: QuDDPM, psi: Tensor, goal: Tensor) -> Tensor:
    """The mean of a number over all outcomes of all steps."""
    particles = uniform_particles(psi)
    for instrument in prior.instruments([2, 1, 0], 1):
        particles = keep_outcomes(instrument(particles.psi), particles.weights)
    return particles.weights @ value(particles.psi, goal)


def score_value(prior: QuDDPM, psi: Tensor, goal: Tensor, path: tuple[int, ...]) -> Tensor:
    """Probability times weighted number of one path of outcomes, for two states at once."""
    weights, probability = psi.real.new_full((len(psi),), 0.5), torch.ones(len(psi)).double()
    for instrument, outcome in zip(prior.instruments([2, 1, 0], 1), path, strict=True):
        branches = instrument(psi)
        p = branches.detach().abs().square().sum(dim=-1)
        uniforms = (p.cumsum(dim=-1) - p / 2)[:, outcome] / p.sum(dim=-1)
        psi, weights = score_outcomes(branches, weights, uniforms)
        probability = probability * p[:, outcome]
    return (probability * weights * value(psi, goal)).sum()


@pytest.mark.parametrize("ancillas", [1, 2])
def test_the_score_over_three_measurements_is_the_exact_gradient(
    loops: bool, ancillas: int, generator: torch.Generator
) -> None:
    """The sum over all paths, each with its probability, against the exact mean."""
    prior = chain(ancillas)
    psi = haar_states(2, qubits=2, generator=generator, dtype=C)
    goal = haar_states(1, qubits=2, generator=generator, dtype=C)
    exact = exact_value(prior, psi, goal)
    paths = itertools.product(range(2**ancillas), repeat=3)
    summed = sum((score_value(prior, psi, goal, path) for path in paths), torch.zeros(()))
    angles = [*prior.angles]
    gradients = [torch.autograd.grad(total, angles) for total in (exact, summed)]

    assert summed.item() == pytest.approx(exact.item(), rel=1e-9)
    for one, other in zip(*gradients, strict=True):
        assert torch.allclose(one, other, atol=1e-10) and one.abs().max() > 1e-3


def test_the_exact_gradient_over_three_steps_is_that_of_differences(
    loops: bool, generator: torch.Generator
) -> None:
    prior = chain()
    psi = haar_states(3, qubits=2, generator=generator, dtype=C)
    goal = haar_states(1, qubits=2, generator=generator, dtype=C)
    gradients = torch.autograd.grad(exact_value(prior, psi, goal), [*prior.angles])

    for t, gradient in enumerate(gradients):
        start = prior.angles[t].detach().clone()

        def at(angles: object, t: int = t) -> float:
            prior.angles[t].data = torch.as_tensor(angles)
            return exact_value(prior, psi, goal).item()

        expected = oracles.gradient(at, start.numpy())
        prior.angles[t].data = start
        assert gradient.tolist() == pytest.approx(expected.tolist(), abs=1e-7)
