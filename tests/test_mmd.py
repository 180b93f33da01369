from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy.optimize import linear_sum_assignment, linprog
from torch import Tensor
from torch.nn import functional

from latentq.diffusion.losses import mmd
from latentq.diffusion.losses.assignment import assign, soft_potentials
from latentq.diffusion.losses.mmd import (
    DISTANCES,
    LOSSES,
    expected_mmd1,
    mmd1,
    mmd_transport,
    mmdg,
    mmdk,
    qubit_copies,
    unbiased_purity,
)
from latentq.diffusion.losses.transport import wasserstein
from latentq.quantum.states import gram_fidelities, haar_states, perturb
from tests import oracles

C, R = torch.complex128, torch.float64

every_loss = pytest.mark.parametrize("name", LOSSES)


def clouds(generator: torch.Generator, n: int = 5, m: int = 7) -> tuple[Tensor, Tensor, Tensor]:
    """Two ensembles of two-qubit states and weights for the first."""
    phi = haar_states(n, qubits=2, generator=generator, dtype=C)
    psi = haar_states(m, qubits=2, generator=generator, dtype=C)
    weights = 0.1 + torch.rand(n, generator=generator, dtype=R)
    return phi, psi, weights / weights.sum()


def test_losses_by_name() -> None:
    named = {"mmd1": mmd1, "mmdk": mmdk, "wasserstein": wasserstein}
    assert named == DISTANCES
    assert {**named, "mmdg": mmdg, "mmd_transport": mmd_transport} == LOSSES


def test_copies_of_a_qubit(generator: torch.Generator) -> None:
    """The overlap of k copies is the overlap to the power k, phase included."""

    phi, psi = (haar_states(5, qubits=1, generator=generator, dtype=C) for _ in range(2))
    overlaps = phi.conj() @ psi.mT
    pairs = zip((1, 2, 4, 8, 16), qubit_copies(phi), qubit_copies(psi), strict=True)
    for k, a, b in pairs:
        assert a.shape == (5, k + 1)
        assert torch.allclose(a.conj() @ b.mT, overlaps**k)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", ["mmd1", "mmdk"])
def test_both_forms_agree(
    name: str, weighted: bool, generator: torch.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """mmd1 has another form for few states, mmdk for many states of one qubit."""

    qubits = 3 if name == "mmd1" else 1
    phi = haar_states(3, qubits=qubits, generator=generator, dtype=C).requires_grad_()
    w = torch.rand(3, generator=generator, dtype=R)
    weights = (w / w.sum()).requires_grad_() if weighted else None
    p = torch.full((3,), 1 / 3, dtype=R) if weights is None else weights.detach()
    kernel = oracles.ladder if name == "mmdk" else (lambda f: f)
    for m, copies in ((4, 1), (9, 10**6)):
        monkeypatch.setattr(mmd, "COPIES", copies)
        psi = haar_states(m, qubits=qubits, generator=generator, dtype=C).requires_grad_()
        value = LOSSES[name](phi, psi, weights)
        expected = oracles.mmd(kernel, phi.detach().numpy(), psi.detach().numpy(), p.numpy())
        assert value.item() == pytest.approx(expected, abs=1e-14)
        leaves = [phi, psi, *([weights] if weights is not None else [])]
        assert torch.autograd.gradcheck(
            lambda *x: LOSSES[name](x[0], x[1], x[2] if weighted else None), leaves
        )


@pytest.mark.parametrize("weighted", [False, True])
def test_mmd1(weighted: bool, generator: torch.Generator) -> None:
    phi, psi, weights = clouds(generator)
    w = weights if weighted else torch.full((5,), 0.2, dtype=R)
    loss = mmd1(phi, psi, weights if weighted else None).item()

    a, b, p = phi.numpy(), psi.numpy(), w.numpy()
    difference = oracles.density(a, p) - oracles.density(b)
    assert loss == pytest.approx(np.linalg.norm(difference) ** 2, abs=1e-14)
    assert loss == pytest.approx(oracles.mmd(lambda f: f, a, b, p), abs=1e-14)


@pytest.mark.parametrize("weighted", [False, True])
def test_mmdk(weighted: bool, generator: torch.Generator) -> None:
    phi, psi, weights = clouds(generator)
    w = weights if weighted else torch.full((5,), 0.2, dtype=R)
    loss = mmdk(phi, psi, weights if weighted else None).item()

    expected = oracles.mmd(oracles.ladder, phi.numpy(), psi.numpy(), w.numpy())
    assert loss == pytest.approx(expected, abs=1e-14)


@pytest.mark.parametrize("weighted", [False, True])
def test_mmdg(weighted: bool, generator: torch.Generator) -> None:
    phi, psi, weights = clouds(generator)
    w = weights if weighted else torch.full((5,), 0.2, dtype=R)
    given = weights if weighted else None
    loss = mmdg(phi, psi, given)

    a, b, p = phi.numpy(), psi.numpy(), w.numpy()
    assert loss.item() == pytest.approx(
        oracles.mmd(lambda f: np.exp(-5 * (1 - f)), a, b, p), abs=1e-14
    )
    tenth = 0.1 * wasserstein(phi, psi, given)
    assert mmd_transport(phi, psi, given).item() == pytest.approx((loss + tenth).item())


@pytest.mark.parametrize("name", ["mmdk", "mmdg", "mmd_transport"])
def test_a_value_that_is_not_wanted_costs_a_constant(
    name: str, generator: torch.Generator
) -> None:
    phi, psi, weights = clouds(generator)
    leaves = [phi.requires_grad_(), weights.requires_grad_()]
    (whole, *grads), (part, *others) = (
        (found, *torch.autograd.grad(found, leaves))
        for found in (LOSSES[name](phi, psi, weights, value=v) for v in (True, False))
    )

    assert all(torch.allclose(x, y) for x, y in zip(grads, others, strict=True))
    assert (whole - part).item() > 0.1


@every_loss
def test_weights_are_repetitions(name: str, generator: torch.Generator) -> None:
    phi, psi, _ = clouds(generator, n=3)
    counts = torch.tensor([1, 2, 3])
    repeated = LOSSES[name](phi.repeat_interleave(counts, dim=0), psi)

    assert torch.allclose(LOSSES[name](phi, psi, counts.double() / 6), repeated)
    assert not torch.allclose(LOSSES[name](phi, psi), repeated)


@every_loss
def test_equal_ensembles_have_distance_zero(name: str, generator: torch.Generator) -> None:
    phi, psi, _ = clouds(generator)
    shuffled = phi[torch.tensor([3, 0, 4, 1, 2])] * 1j

    assert LOSSES[name](phi, shuffled).item() == pytest.approx(0, abs=1e-14)
    assert LOSSES[name](phi, psi).item() > 1e-2


@every_loss
def test_orthogonal_states_in_closed_form(name: str) -> None:
    """Two kernels are 0, one is exp(-5), and the cost is 1 between basis states."""

    basis = torch.eye(4, dtype=C)
    gaussian = 2 * (1 - np.exp(-5))
    expected = {
        "mmd1": 2.0, "mmdk": 2.0, "wasserstein": 1.0, "mmdg": gaussian,
        "mmd_transport": gaussian + 0.1,
    }[name]  # fmt: skip

    assert LOSSES[name](basis[:1], basis[1:2]).item() == pytest.approx(expected)


def test_mmd1_is_blind_to_what_mmdk_sees(generator: torch.Generator) -> None:
    basis = torch.eye(16, dtype=torch.complex64)
    haar = haar_states(2000, qubits=4, generator=generator)
    c, noise = oracles.haar_ladder(16), 1 / 2000

    # The noise is the diagonal of the V-statistic, (1 - c) / N for a kernel of Haar mean c.
    assert mmd1(basis, haar).item() == pytest.approx(15 / 16 * noise, rel=0.2)
    assert mmdk(basis, haar).item() == pytest.approx(1 / 16 - c + (1 - c) * noise, abs=5e-4)


def test_unbiased_mmd_leaves_out_the_diagonal(generator: torch.Generator) -> None:
    phi, psi, _ = clouds(generator)
    n, m = len(phi), len(psi)
    total = gram_fidelities(phi, phi).sum() - n, gram_fidelities(psi, psi).sum() - m
    expected = total[0] / (n * (n - 1)) + total[1] / (m * (m - 1))
    expected -= 2 * gram_fidelities(phi, psi).mean()

    assert expected_mmd1(phi, psi).item() == pytest.approx(expected.item())


def test_the_purity_of_mean_states(generator: torch.Generator) -> None:
    basis = torch.eye(4, dtype=C)

    assert unbiased_purity(basis).item() == pytest.approx(0)
    assert unbiased_purity(basis[[0, 0, 1]]).item() == pytest.approx(1 / 3)


def test_what_an_mmd_is_on_average(generator: torch.Generator) -> None:
    phi, psi = perturb(haar_states(1, qubits=1, generator=generator).repeat(20_000, 1), 0.4,
                       generator), haar_states(20_000, qubits=1, generator=generator)  # fmt: skip
    parts = zip(phi.split(5), psi.split(5), strict=True)
    found = torch.stack([mmd1(a, b) for a, b in parts])

    assert abs(found.mean() - expected_mmd1(phi, psi, 5)) < 4 * found.std() / 4000**0.5
    assert expected_mmd1(phi, psi, 5) > expected_mmd1(phi, psi) + 0.1


def test_the_mean_of_mmds_of_one_ensemble(generator: torch.Generator) -> None:
    pairs = [haar_states(40, qubits=1, generator=generator).split((30, 10)) for _ in range(2000)]
    unbiased = torch.stack([expected_mmd1(*pair) for pair in pairs])
    biased = torch.stack([mmd1(*pair) for pair in pairs])

    assert abs(unbiased.mean()) < 4 * unbiased.std() / 2000**0.5
    expected = 0.5 * (1 / 30 + 1 / 10)  # Tr rho^2 of Haar states of a qubit is 1/2.
    assert abs(biased.mean() - expected) < 4 * biased.std() / 2000**0.5


def test_wasserstein_is_the_assignment(generator: torch.Generator) -> None:
    phi, psi, _ = clouds(generator, n=8, m=8)
    cost = 1 - gram_fidelities(phi, psi).numpy()

    expected = cost[linear_sum_assignment(cost)].mean()
    assert wasserstein(phi, psi).item() == pytest.approx(expected)
    assert expected < cost.mean() - 0.1


def test_assignment_and_transport_agree(generator: torch.Generator) -> None:
    phi, psi, _ = clouds(generator, n=9, m=9)
    uniform = torch.full((9,), 1 / 9, dtype=torch.float64)
    found = []
    for weights in (uniform, uniform.clone().requires_grad_()):
        leaf = phi.clone().requires_grad_()
        value = wasserstein(leaf, psi, weights)
        value.backward()
        assert leaf.grad is not None
        found.append((value.item(), leaf.grad))

    (assigned, first), (transported, second) = found
    assert assigned == pytest.approx(transported, rel=1e-12)
    assert torch.allclose(first, second, atol=1e-12)


@pytest.mark.parametrize("shift", [0.0, 1.0, 30.0])
def test_potentials_leave_the_assignment_as_it_is(
    shift: float, generator: torch.Generator
) -> None:
    """Also of states that are far from all others, and where all costs are equal."""
    phi, psi, _ = clouds(generator, n=300, m=300)
    psi = functional.normalize(psi + shift * phi[:1], dim=1)
    cost = 1 - gram_fidelities(phi, psi)
    found, expected = (torch.arange(300), assign(cost).columns), linear_sum_assignment(cost)

    assert sorted(found[1].tolist()) == list(range(300))
    assert cost[found].sum().item() == pytest.approx(cost[expected].sum().item(), rel=1e-12)
    # What the best assignment still costs, by which the search is long.
    softness = 0.03 * float(cost.amax() - cost.amin())
    reduced = cost - soft_potentials(cost, softness)
    gaps = [(x - x.amin(dim=1, keepdim=True))[expected].mean() for x in (cost, reduced)]
    assert gaps[1] < 0.9 * gaps[0]


@pytest.mark.parametrize("level", [0.0, 1e-30, 1.0])
def test_equal_costs_are_assigned(level: float) -> None:
    columns = assign(torch.full((300, 300), level)).columns

    assert sorted(columns.tolist()) == list(range(300))


def test_wasserstein_is_the_linear_program(generator: torch.Generator) -> None:
    phi, psi, weights = clouds(generator)
    cost = 1 - gram_fidelities(phi, psi).numpy()
    rows = np.kron(np.eye(5), np.ones(7))
    columns = np.kron(np.ones(5), np.eye(7))
    marginals = np.concatenate((weights.numpy(), np.full(7, 1 / 7)))

    expected = linprog(cost.ravel(), A_eq=np.vstack((rows, columns)), b_eq=marginals).fun
    assert wasserstein(phi, psi, weights).item() == pytest.approx(expected)


def complex_gradient(loss: Callable[[Tensor], Tensor], psi: Tensor) -> Tensor:
    """Central differences in the real and the imaginary parts."""

    def of_reals(x: np.ndarray) -> float:
        return loss(torch.view_as_complex(torch.from_numpy(x).view(*psi.shape, 2))).item()

    numeric = oracles.gradient(of_reals, torch.view_as_real(psi).flatten().numpy())
    return torch.view_as_complex(torch.from_numpy(numeric).view(*psi.shape, 2))


@every_loss
def test_gradient_of_states(name: str, generator: torch.Generator) -> None:
    phi, psi, weights = clouds(generator)
    leaves = phi.clone().requires_grad_(), psi.clone().requires_grad_()
    by_phi, by_psi = torch.autograd.grad(LOSSES[name](*leaves, weights), leaves)

    expected = complex_gradient(lambda x: LOSSES[name](x, psi, weights), phi)
    assert expected.abs().max() > 1e-2
    assert torch.allclose(by_phi, expected, atol=1e-7)
    expected = complex_gradient(lambda x: LOSSES[name](phi, x, weights), psi)
    assert torch.allclose(by_psi, expected, atol=1e-7)


@every_loss
def test_gradient_of_weights(name: str, generator: torch.Generator) -> None:
    """Weights are moved from the last state to each other one, so that their sum stays one."""

    phi, psi, weights = clouds(generator)
    directions = np.eye(5)[:4] - np.eye(5)[4]

    def loss(x: np.ndarray) -> float:
        return LOSSES[name](phi, psi, weights + torch.from_numpy(x @ directions)).item()

    leaf = weights.clone().requires_grad_()
    (exact,) = torch.autograd.grad(LOSSES[name](phi, psi, leaf), leaf)
    numeric = oracles.gradient(loss, np.zeros(4))

    assert np.abs(numeric).max() > 1e-2
    assert np.allclose(directions @ exact.numpy(), numeric, atol=1e-7)


@every_loss
def test_single_precision(name: str, generator: torch.Generator) -> None:
    phi, psi, weights = clouds(generator)
    double = LOSSES[name](phi, psi, weights)
    single = LOSSES[name](phi.to(torch.complex64), psi.to(torch.complex64), weights.float())

    assert single.dtype == torch.float32
    assert single.item() == pytest.approx(double.item(), abs=1e-6)
