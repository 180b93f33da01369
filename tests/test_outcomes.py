import numpy as np
import pytest
import torch
from scipy.stats import chisquare
from torch import Tensor

from latentq.diffusion import (
    draw_uniforms,
    keep_outcomes,
    score_outcomes,
    select_outcomes,
    uniform_particles,
)
from latentq.quantum.states import fidelity, haar_states, mean_state

C = torch.complex128


def random_branches(generator: torch.Generator, n: int = 3, m: int = 4) -> Tensor:
    """Branches of n states of two qubits whose probabilities sum to one."""
    joint = haar_states(n, qubits=2 + m.bit_length() - 1, generator=generator, dtype=C)
    return joint.unflatten(-1, (m, 4))


def test_keep_outcomes(loops: bool, generator: torch.Generator) -> None:
    branches = random_branches(generator)
    weights = torch.tensor([0.5, 0.2, 0.3]).double()
    particles = keep_outcomes(branches, weights)

    assert particles.psi.shape == (12, 4) and particles.weights.shape == (12,)
    assert particles.weights.sum().item() == pytest.approx(1)
    assert torch.allclose(torch.linalg.vector_norm(particles.psi, dim=-1), torch.ones(12).double())
    rho = sum(
        w * np.outer(v, v.conj())
        for w, state in zip(weights.numpy(), branches.numpy(), strict=True)
        for v in state
    )
    assert np.allclose(mean_state(*particles).numpy(), rho)


def test_uniform_particles(generator: torch.Generator) -> None:
    psi = haar_states(4, qubits=2, generator=generator)
    particles = uniform_particles(psi)

    assert torch.equal(particles.psi, psi)
    assert torch.equal(particles.weights, torch.full((4,), 0.25))


def test_drawn_outcomes_follow_born(loops: bool, generator: torch.Generator) -> None:
    branches = random_branches(generator, n=1)
    p = branches[0].abs().square().sum(dim=-1)
    copies = branches.expand(20_000, -1, -1)
    drawn = select_outcomes(copies, draw_uniforms(copies, generator))

    overlaps = fidelity(drawn[:, None], branches[0] / p.sqrt()[:, None])
    outcome = overlaps.argmax(dim=1)
    assert torch.allclose(overlaps.amax(dim=1), torch.ones(20_000).double())
    counts = torch.bincount(outcome, minlength=4)
    assert chisquare(counts.numpy(), 20_000 * p.numpy()).pvalue > 0.01


def test_drawn_outcomes_belong_to_their_state(loops: bool, generator: torch.Generator) -> None:
    branches = random_branches(generator, n=50)
    drawn = select_outcomes(branches, draw_uniforms(branches, generator))
    unit = branches / torch.linalg.vector_norm(branches, dim=-1, keepdim=True)

    assert torch.allclose(
        (drawn[:, None] - unit).abs().amax(dim=-1).amin(dim=1), drawn.real.new_zeros(50)
    )


def test_selected_outcomes_invert_the_cumulative_distribution(loops: bool) -> None:
    """With probabilities 1/4, 0, 3/4 the outcome changes at 1/4, and never is the empty one."""

    branches = torch.zeros(6, 3, 2, dtype=C)
    branches[:, 0, 0], branches[:, 2, 1] = 0.5, 0.75**0.5
    uniforms = torch.tensor([0.0, 0.2, 0.2499, 0.2501, 0.7, 0.9999], dtype=torch.float64)
    psi = select_outcomes(branches, uniforms)

    expected = torch.tensor([[1, 0]] * 3 + [[0, 1]] * 3, dtype=C)
    assert torch.allclose(psi, expected)
    # A norm other than one scales the distribution, not the choice.
    assert torch.allclose(select_outcomes(3 * branches, uniforms), expected)


def test_gradients_of_outcomes(loops: bool, generator: torch.Generator) -> None:
    branches = random_branches(generator).requires_grad_()
    weights = torch.rand(3, generator=generator, dtype=torch.float64).requires_grad_()
    uniforms = torch.rand(3, generator=generator, dtype=torch.float64)

    assert torch.autograd.gradcheck(keep_outcomes, (branches, weights))
    assert torch.autograd.gradcheck(lambda b: select_outcomes(b, uniforms), branches)


def test_an_impossible_outcome_has_no_weight_and_a_finite_gradient(loops: bool) -> None:
    branches = torch.zeros(1, 2, 2, dtype=C)
    branches[0, 0, 0] = 1
    branches.requires_grad_()
    psi, weights = keep_outcomes(branches, torch.ones(1).double())
    (gradient,) = torch.autograd.grad(psi.real.sum() + weights.sum(), branches)

    assert weights[1] < 1e-100 and torch.isfinite(torch.view_as_real(gradient)).all()


def test_weights_carry_the_gradient_of_the_probabilities(
    loops: bool, generator: torch.Generator
) -> None:
    """The mean over draws of grad(w f) is that of sum_m p_m f; without weights it is not."""
    branches = random_branches(generator, n=1).requires_grad_()
    observable = haar_states(1, qubits=2, generator=generator, dtype=C)
    exact = keep_outcomes(branches, torch.ones(1).double())
    value = exact.weights @ fidelity(exact.psi, observable)
    (right,) = torch.autograd.grad(value, branches)

    n = 40_000
    copies, weights = branches.expand(n, -1, -1), torch.full((n,), 1 / n).double()
    drawn = score_outcomes(copies, weights, draw_uniforms(copies, generator))
    estimate = drawn.weights @ fidelity(drawn.psi, observable)
    (scored,) = torch.autograd.grad(estimate, branches, retain_graph=True)
    (plain,) = torch.autograd.grad(fidelity(drawn.psi, observable).mean(), branches)

    assert torch.equal(drawn.weights.detach(), weights)
    assert estimate.item() == pytest.approx(value.item(), abs=0.01)
    assert torch.allclose(scored, right, atol=0.02)
    assert (plain - right).abs().max() > 0.1
