import numpy as np
import pytest
import torch
from torch import Tensor

from latentq import kernels
from latentq.kernels import as_reals, ladder_sum, power_ladder, turned
from latentq.states import gram_fidelities, haar_states
from tests import oracles

C, R = torch.complex128, torch.float64


def arguments(
    generator: torch.Generator, n: int, m: int, dtype: torch.dtype = C
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """States of two qubits with weights that need not sum to one, twice."""

    real = dtype.to_real()
    return (
        haar_states(n, qubits=2, generator=generator, dtype=dtype),
        torch.rand(n, generator=generator, dtype=real),
        haar_states(m, qubits=2, generator=generator, dtype=dtype),
        torch.rand(m, generator=generator, dtype=real),
    )


def test_power_ladder() -> None:
    f = torch.linspace(0, 1, 11, dtype=R)
    before = f.clone()
    value, slope = power_ladder(f)

    assert torch.allclose(value, (f + f**2 + f**4 + f**8 + f**16) / 5)
    assert torch.allclose(slope, (1 + 2 * f + 4 * f**3 + 8 * f**7 + 16 * f**15) / 5)
    assert torch.allclose(power_ladder(f, rungs=2)[0], (f + f**2) / 2)
    assert torch.allclose(power_ladder(f, rungs=2)[1], (1 + 2 * f) / 2)
    assert torch.equal(power_ladder(f, rungs=1)[0], f)
    assert torch.equal(f, before)


def test_reals_of_states(generator: torch.Generator) -> None:
    """Re<psi|phi> and Im<psi|phi> are inner products of reals."""

    phi, psi = haar_states(2, qubits=3, generator=generator, dtype=C)
    overlap = np.vdot(psi.numpy(), phi.numpy())

    assert torch.equal(turned(as_reals(psi)), as_reals(1j * psi))
    assert (as_reals(phi) @ as_reals(psi)).item() == pytest.approx(overlap.real)
    assert (as_reals(phi) @ turned(as_reals(psi))).item() == pytest.approx(overlap.imag)


@pytest.mark.parametrize(("n", "m"), [(1, 1), (5, 3), (64, 3), (130, 2)])
def test_ladder_sum(n: int, m: int, generator: torch.Generator) -> None:
    phi, w, psi, v = arguments(generator, n, m)

    expected = oracles.kernel_sum(oracles.ladder, *(x.numpy() for x in (phi, w, psi, v)))
    assert ladder_sum(phi, w, psi, v).item() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("block", [2, 64])
def test_gradients_of_ladder_sum(
    block: int, generator: torch.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernels, "BLOCK", block)
    leaves = [x.requires_grad_() for x in arguments(generator, 5, 3)]

    assert torch.autograd.gradcheck(ladder_sum, leaves)


@pytest.mark.parametrize("place", range(4))
def test_gradient_of_one_argument(place: int, generator: torch.Generator) -> None:
    """The gradient is that of the plain formula, whichever argument wants one alone."""

    plain = [*arguments(generator, 70, 3, torch.complex64)]
    plain[place].requires_grad_()
    phi, w, psi, v = plain
    f = gram_fidelities(phi, psi)
    expected = w @ ((f + f**2 + f**4 + f**8 + f**16) / 5) @ v

    (by_formula,) = torch.autograd.grad(3 * expected, plain[place])
    (by_blocks,) = torch.autograd.grad(3 * ladder_sum(*plain), plain[place])
    assert torch.allclose(by_blocks, by_formula, rtol=1e-4, atol=1e-5)


def test_ladder_sum_is_differentiable_once(generator: torch.Generator) -> None:
    phi, w, psi, v = arguments(generator, 5, 3)
    phi.requires_grad_()
    (gradient,) = torch.autograd.grad(ladder_sum(phi, w, psi, v), phi, create_graph=True)

    with pytest.raises(RuntimeError):
        gradient.abs().sum().backward()
