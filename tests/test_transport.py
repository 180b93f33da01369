"""The exact transport: that its solver reached the optimum, and its gradient by the weights."""

from typing import Any

import numpy as np
import ot
import pytest
import torch
from scipy.optimize import linprog
from torch import Tensor

from latentq.diffusion.losses.transport import assign, optimal_transport, transport
from latentq.diffusion.partition import balanced_cells
from latentq.errors import ConvergenceError, NumericalError
from latentq.quantum.states import gram_fidelities, haar_states

R = torch.float64


def problem(generator: torch.Generator, n: int = 9, m: int = 6) -> tuple[Tensor, Tensor]:
    """Costs between ensembles of unequal sizes, and weights of which two are 0."""
    phi, psi = (
        haar_states(k, qubits=2, generator=generator, dtype=torch.complex128) for k in (n, m)
    )
    weights = torch.rand(n, generator=generator, dtype=R)
    weights[[2, 5]] = 0
    return 1 - gram_fidelities(phi, psi), weights / weights.sum()


def least_cost(cost: Tensor, weights: Tensor) -> float:
    """The optimum of the linear program."""
    n, m = cost.shape
    rows, columns = np.kron(np.eye(n), np.ones(m)), np.kron(np.ones(n), np.eye(m))
    marginals = np.concatenate((weights.numpy(), np.full(m, float(weights.sum()) / m)))
    program: Any = linprog(cost.numpy().ravel(), A_eq=np.vstack((rows, columns)), b_eq=marginals)
    return float(program.fun)


def test_a_solver_that_stops_early_is_an_error(
    generator: torch.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    cost, weights = problem(generator, 40, 30)
    psi = haar_states(60, qubits=2, generator=generator)
    transport(cost, weights)
    balanced_cells(psi, 4, seed=0)

    monkeypatch.setattr("latentq.diffusion.losses.transport.PIVOTS", 3)
    with pytest.raises(ConvergenceError, match="before the optimum of 40 x 30 states"):
        transport(cost, weights)
    with pytest.raises(ConvergenceError, match="before the optimum of 60 x 4 states"):
        balanced_cells(psi, 4, seed=0)


@pytest.mark.parametrize("fault", ["plan", "potentials"])
def test_a_solution_that_is_not_optimal_is_an_error(
    fault: str, generator: torch.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the solver says of itself."""
    cost, weights = problem(generator)
    plan, log = ot.emd(weights.numpy(), np.full(6, 1 / 6), cost.numpy(), log=True)
    if fault == "plan":
        plan = np.outer(weights.numpy(), np.full(6, 1 / 6))
    else:
        log["u"] = log["u"] + 1e-6
    monkeypatch.setattr(ot, "emd", lambda *_, **__: (plan, log))

    with pytest.raises(ConvergenceError, match=r"not optimal, it is off by \d"):
        transport(cost, weights)


@pytest.mark.parametrize("axis", [0, 1])
def test_a_plan_that_carries_elsewhere_is_an_error(
    axis: int, generator: torch.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the same state to another one, or from another one to the same, and at no loss."""
    cost, weights = problem(generator)
    plan, log = ot.emd(weights.numpy(), np.full(6, 1 / 6), cost.numpy(), log=True)
    places = [tuple(place) for place in np.argwhere(plan > 1e-3)]
    one, other = next((a, b) for a in places for b in places if a != b and a[axis] == b[axis])
    plan[one] += 1e-6
    plan[other] -= 1e-6
    monkeypatch.setattr(ot, "emd", lambda *_, **__: (plan, log))

    with pytest.raises(ConvergenceError, match=r"not optimal, it is off by \d"):
        transport(cost, weights)


def test_plan_and_potentials_are_a_certificate(generator: torch.Generator) -> None:
    cost, weights = problem(generator)
    target = torch.full((6,), 1 / 6, dtype=R)
    plan, u, v = optimal_transport(cost, weights, target)

    expected = least_cost(cost, weights)
    assert torch.allclose(plan.sum(dim=1), weights) and torch.allclose(plan.sum(dim=0), target)
    assert (plan * cost).sum().item() == pytest.approx(expected, rel=1e-9)
    assert (u @ weights + v @ target).item() == pytest.approx(expected, rel=1e-9)
    assert float((u[:, None] + v - cost).max()) < 1e-12


@pytest.mark.parametrize("total", [1.0, 3.0])
def test_gradient_by_weights_of_which_some_are_zero(
    total: float, generator: torch.Generator
) -> None:
    """By differences to one side, along changes that keep the sum of the weights."""
    cost, weights = problem(generator)
    leaf = (total * weights).requires_grad_()
    value = transport(cost, leaf)
    (gradient,) = torch.autograd.grad(value, leaf)
    heaviest, width = int(weights.argmax()), 1e-5

    assert value.item() == pytest.approx(least_cost(cost, leaf.detach()), rel=1e-9)
    for i in range(len(weights)):
        moved = leaf.detach().clone()
        moved[i] += width
        moved[heaviest] -= width
        slope = (least_cost(cost, moved) - value.item()) / width
        assert (gradient[i] - gradient[heaviest]).item() == pytest.approx(slope, abs=1e-6)


@pytest.mark.parametrize("wrong", [torch.nan, torch.inf])
def test_costs_that_are_not_finite_are_refused(wrong: float, generator: torch.Generator) -> None:
    cost, weights = problem(generator)
    cost[1, 2] = wrong
    for solve in (lambda: transport(cost, weights), lambda: assign(cost[:6])):
        with pytest.raises(NumericalError, match="cost: must be finite"):
            solve()


@pytest.mark.parametrize("wrong", [torch.nan, torch.inf, -0.1, 0.0])
def test_weights_that_are_none_are_refused(wrong: float, generator: torch.Generator) -> None:
    cost, weights = problem(generator)
    weights = weights * 0 if wrong == 0 else torch.cat((weights[:-1], torch.tensor([wrong])))
    with pytest.raises(NumericalError, match="weights: must be finite and at least 0"):
        transport(cost, weights)
