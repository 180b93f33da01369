"""Assignments: against another solver, with the potentials that prove them."""

import numpy as np
import pytest
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from latentq.diffusion.losses import assignment, wasserstein
from latentq.diffusion.losses.assignment import assign, infidelities
from latentq.diffusion.losses.transport import optimal_transport, transport
from latentq.errors import ConvergenceError
from latentq.quantum.states import gram_fidelities, haar_states

R, C = torch.float64, torch.complex128
KINDS = ("uniform", "ties", "equal", "negative", "far apart", "states")


def problems(kind: str, number: int, n: int, generator: torch.Generator) -> Tensor:
    """Costs with shape (P, N, N)."""
    costs = torch.rand(number, n, n, generator=generator, dtype=R)
    phi, psi = (haar_states(number, n, qubits=1, generator=generator) for _ in range(2))
    return {
        "uniform": costs,
        "ties": (4 * costs).floor(),
        "equal": torch.full_like(costs, 0.5),
        "negative": costs - 3,
        "far apart": (30 * costs).exp(),
        "states": 1 - gram_fidelities(phi, psi),
    }[kind]


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_assignments_are_the_cheapest(
    kind: str, large: bool, generator: torch.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the cost of another solver, and by potentials that no cost is below."""
    monkeypatch.setattr(assignment, "MANY", 1 if large else 10**9)
    for n, number in ((1, 3), (2, 40), (3, 40), (8, 60), (33, 20), (64, 8)):
        cost = problems(kind, number, n, generator)
        columns, u, v = assign(cost)
        scale = max(1.0, float(cost.abs().max()))
        for i, one in enumerate(cost.double()):
            rows, best = linear_sum_assignment(one.numpy())
            least = float(one[rows, best].sum())
            assert sorted(columns[i].tolist()) == [*range(n)]
            assert abs(float(one[range(n), columns[i]].sum()) - least) < 1e-9 * n * scale
            assert float((u[i, :, None] + v[i] - one).max()) < 1e-12 * scale
            for potential in (u, v):
                assert float(potential[i].sum()) == pytest.approx(least / 2, abs=1e-8 * scale)


def test_many_states_are_taken_as_few(
    generator: torch.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some of them twice, as targets are drawn."""
    phi, psi = (haar_states(300, qubits=2, generator=generator) for _ in range(2))
    psi = psi[torch.randint(300, (300,), generator=generator)]
    large, cost = assign(1 - gram_fidelities(phi, psi)), 1 - gram_fidelities(phi, psi).double()
    monkeypatch.setattr(assignment, "MANY", 10**9)
    small = assign(1 - gram_fidelities(phi, psi))

    values = [float(cost[range(300), found.columns].sum()) for found in (large, small)]
    assert (
        values[0] == pytest.approx(values[1], abs=1e-6)
        and len(torch.view_as_real(psi).unique(dim=0)) < 250
    )


@pytest.mark.parametrize("large", [False, True])
def test_a_wrong_assignment_is_an_error(
    large: bool, generator: torch.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assignment, "MANY", 1 if large else 10**9)

    def swapped(cost: np.ndarray, columns: np.ndarray, *rest: np.ndarray) -> float:
        columns[:] = np.arange(cost.shape[-1])
        if not large:
            rest[-1][:] = 1e-6
        return 1e-6

    monkeypatch.setattr(assignment.native, "assign_one" if large else "assign", swapped)
    with pytest.raises(ConvergenceError, match=r"not optimal, it is off by \d"):
        assign(problems("uniform", 2, 5, generator))


def test_infidelities_in_blocks(
    generator: torch.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assignment, "BLOCK", 3)
    phi, psi = (haar_states(2, n, qubits=2, generator=generator, dtype=C) for n in (7, 5))

    assert torch.allclose(infidelities(phi, psi), 1 - gram_fidelities(phi, psi))


def test_gradients_by_states(generator: torch.Generator) -> None:
    """By differences, and those that the plan of the network simplex gives."""
    phi, psi = (
        haar_states(3, 6, qubits=2, generator=generator, dtype=C).requires_grad_()
        for _ in range(2)
    )
    w = torch.full((3, 6), 1 / 6, dtype=R)
    assert torch.autograd.gradcheck(lambda a, b: wasserstein(a, b, w), (phi, psi))

    ours = torch.autograd.grad(wasserstein(phi, psi, w).sum(), (phi, psi))
    cost = 1 - gram_fidelities(phi, psi)
    plans = [optimal_transport(one.detach(), w[0], w[0]).plan for one in cost]
    theirs = torch.autograd.grad((torch.stack(plans) * cost).sum(), (phi, psi))
    for one, other in zip(ours, theirs, strict=True):
        assert torch.allclose(one, other, atol=1e-10)


def test_the_gradient_by_weights_is_a_subgradient(generator: torch.Generator) -> None:
    """The transport is convex in the weights: it is above each of its slopes."""
    cost, n = problems("states", 1, 12, generator)[0].double(), 12
    w = torch.full((n,), 1 / n, dtype=R, requires_grad=True)
    value = transport(cost, w)
    (slope,) = torch.autograd.grad(value, w)
    value = value.detach()

    gaps = []
    for _ in range(30):
        change = torch.randn(n, generator=generator, dtype=R) / (20 * n)
        moved = w.detach() + change - change.mean()
        gaps.append(float(transport(cost, moved) - value - slope @ (moved - w.detach())))
    assert min(gaps) > -1e-9 and max(gaps) < 0.05
    assert float(slope @ w.detach()) == pytest.approx(float(value) / 2)


def test_ensembles_at_once_are_ensembles_one_by_one(generator: torch.Generator) -> None:
    phi, psi = (haar_states(2, 3, 9, qubits=2, generator=generator) for _ in range(2))
    unequal = torch.rand(2, 3, 9, generator=generator)
    for w in (torch.full((2, 3, 9), 1 / 9), unequal / unequal.sum(dim=-1, keepdim=True)):
        found = wasserstein(phi, psi, w)
        for i in range(2):
            for k in range(3):
                one = wasserstein(phi[i, k], psi[i, k], w[i, k])
                assert torch.allclose(found[i, k], one, atol=1e-6)
