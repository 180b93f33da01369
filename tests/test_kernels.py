from functools import partial

import numpy as np
import pytest
import torch
from torch import Tensor

from latentq.diffusion.losses import kernels
from latentq.diffusion.losses.kernels import (
    GAUSSIAN,
    LADDER,
    as_reals,
    kernel_own_sum,
    kernel_sum,
    turned,
)
from latentq.quantum.states import gram_fidelities, haar_states
from tests import oracles

C, R = torch.complex128, torch.float64
KERNELS = {LADDER: oracles.ladder, GAUSSIAN: lambda f: np.exp(-5 * (1 - f))}
every_kernel = pytest.mark.parametrize("kernel", KERNELS, ids=["ladder", "gaussian"])


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


@pytest.mark.parametrize("wanted", [False, True])
def test_ladder_of_a_block(wanted: bool, loops: bool, generator: torch.Generator) -> None:
    real, imag = 0.7 * torch.rand(2, 3, 5, generator=generator, dtype=R)
    u, v = torch.rand(3, generator=generator, dtype=R), torch.rand(5, generator=generator, dtype=R)
    rows, columns, parts = torch.ones(3, dtype=R), torch.ones(5, dtype=R), (real, imag)
    before = [x.clone() for x in parts]
    f = real**2 + imag**2
    kernels.ladder(real, imag, u, v, rows, columns, wanted)

    value = f + f**2 + f**4 + f**8 + f**16
    slope = 1 + 2 * f + 4 * f**3 + 8 * f**7 + 16 * f**15 if wanted else 1
    assert torch.allclose(rows, 1 + value @ v) and torch.allclose(columns, 1 + u @ value)
    assert all(torch.allclose(x, slope * y) for x, y in zip(parts, before, strict=True))


@pytest.mark.parametrize("dtype", [torch.float32, R])
def test_ladder_of_extreme_overlaps(dtype: torch.dtype, loops: bool) -> None:
    """Powers too small to hold are zero, and what is not a number stays none."""

    real = torch.tensor([[0.0, 1e-18, 1e-2, 0.05, 1.0]], dtype=dtype)
    f = real.double() ** 2
    one, columns = torch.ones(1, dtype=dtype), torch.zeros(5, dtype=dtype)
    kernels.ladder(
        real,
        torch.zeros_like(real),
        one,
        one.expand(5).clone(),
        torch.zeros_like(one),
        columns,
        True,
    )

    value = f + f**2 + f**4 + f**8 + f**16
    assert torch.allclose(columns.double(), value[0], rtol=1e-6, atol=0)
    broken = torch.full((1, 1), float("nan"), dtype=dtype)
    total = torch.zeros_like(one)
    kernels.ladder(broken, torch.zeros_like(broken), one, one, total, torch.zeros_like(one), True)
    assert total.isnan().all() and broken.isnan().all()


def test_reals_of_states(generator: torch.Generator) -> None:
    """Re<psi|phi> and Im<psi|phi> are inner products of reals."""

    phi, psi = haar_states(2, qubits=3, generator=generator, dtype=C)
    overlap = np.vdot(psi.numpy(), phi.numpy())

    assert torch.equal(turned(as_reals(psi)), as_reals(1j * psi))
    assert (as_reals(phi) @ as_reals(psi)).item() == pytest.approx(overlap.real)
    assert (as_reals(phi) @ turned(as_reals(psi))).item() == pytest.approx(overlap.imag)


@every_kernel
@pytest.mark.parametrize(("n", "m"), [(1, 1), (5, 3), (64, 3), (130, 2)])
def test_kernel_sum(
    kernel: kernels.Kernel, n: int, m: int, loops: bool, generator: torch.Generator
) -> None:
    phi, w, psi, v = arguments(generator, n, m)

    expected = oracles.kernel_sum(KERNELS[kernel], *(x.numpy() for x in (phi, w, psi, v)))
    assert kernel_sum(kernel, phi, w, psi, v).item() == pytest.approx(expected, rel=1e-12)


@every_kernel
@pytest.mark.parametrize("n", [1, 5, 130])
def test_kernel_own_sum(
    kernel: kernels.Kernel, n: int, loops: bool, generator: torch.Generator
) -> None:
    phi, w, *_ = arguments(generator, n, 1)

    expected = oracles.kernel_sum(KERNELS[kernel], *(x.numpy() for x in (phi, w, phi, w)))
    assert kernel_own_sum(kernel, phi, w).item() == pytest.approx(expected, rel=1e-12)


@every_kernel
@pytest.mark.parametrize("block", [1, 2**17])
def test_gradients(
    kernel: kernels.Kernel,
    block: int,
    loops: bool,
    generator: torch.Generator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Blocks have at least eight rows, so nineteen states are three blocks, or one."""

    monkeypatch.setitem(kernels.BLOCK, loops, block)
    leaves = [x.requires_grad_() for x in arguments(generator, 19, 3)]

    assert torch.autograd.gradcheck(partial(kernel_sum, kernel), leaves)
    assert torch.autograd.gradcheck(partial(kernel_own_sum, kernel), leaves[:2])


@pytest.mark.parametrize("place", range(4))
def test_gradient_of_one_argument(place: int, generator: torch.Generator) -> None:
    """The gradient is that of the plain formula, whichever argument wants one alone."""

    plain = [*arguments(generator, 70, 3, torch.complex64)]
    plain[place].requires_grad_()
    phi, w, psi, v = plain
    f = gram_fidelities(phi, psi)
    expected = w @ ((f + f**2 + f**4 + f**8 + f**16) / 5) @ v

    (by_formula,) = torch.autograd.grad(3 * expected, plain[place])
    (by_blocks,) = torch.autograd.grad(3 * kernel_sum(LADDER, *plain), plain[place])
    assert torch.allclose(by_blocks, by_formula, rtol=1e-4, atol=1e-5)


def test_ladder_sum_is_differentiable_once(generator: torch.Generator) -> None:
    phi, w, psi, v = arguments(generator, 5, 3)
    phi.requires_grad_()
    (gradient,) = torch.autograd.grad(kernel_sum(LADDER, phi, w, psi, v), phi, create_graph=True)

    with pytest.raises(RuntimeError):
        gradient.abs().sum().backward()
