r"""Distances between ensembles of pure states: MMD with fidelity kernels, and all losses.

An ensemble is a set of states :math:`\psi_i` with weights :math:`w_i` that sum to one. With a
kernel :math:`k` on states, the squared maximum mean discrepancy of two ensembles is

.. math:: D = \sum_{ij} w_i w_j k(\phi_i, \phi_j) + \frac{1}{M^2} \sum_{ij} k(\psi_i, \psi_j)
    - \frac{2}{M} \sum_{ij} w_i k(\phi_i, \psi_j),

diagonal terms included, as published. With the fidelity :math:`F` as kernel it equals
:math:`\| \rho_\phi - \rho_\psi \|_{HS}^2`: it sees the mean state and nothing else. The kernel
:math:`F^k` compares means of :math:`k` copies, that is, the first :math:`k` moments.

All losses have one signature: `loss(phi, psi, weights=None)` with states of shape
:math:`(N, d)` and :math:`(M, d)` and weights of shape :math:`(N)` for the first ensemble. They
are differentiable once by all three.

References:
    Zhang et al. (2024), Phys. Rev. Lett. 132, 100602; powers of the kernel: arXiv 2601.22005.
"""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from latentq.diffusion.losses.kernels import (
    GAUSSIAN,
    LADDER,
    RUNGS,
    Kernel,
    kernel_own_sum,
    kernel_sum,
)
from latentq.diffusion.losses.transport import wasserstein
from latentq.quantum.states import gram_fidelities

Loss = Callable[..., Tensor]

SHARE = 0.1  # of the transport in a mixture
COPIES = 1024  # from so many states on, copies of a qubit cost less than pairs: measured


def _uniform(psi: Tensor) -> Tensor:
    return psi.real.new_full((len(psi),), 1 / len(psi))


def mean_difference(phi: Tensor, psi: Tensor, weights: Tensor | None = None) -> Tensor:
    r"""Returns the difference :math:`\Delta = \rho_\phi - \rho_\psi` of two mean states.

    Arguments:
        phi: Unit statevectors, with shape :math:`(N, d)`.
        psi: Unit statevectors, with shape :math:`(M, d)`, equally weighted.
        weights: The weights of the first, with shape :math:`(N)`; uniform if `None`.

    Returns:
        The difference, with shape :math:`(d, d)`.
    """
    sigma = torch.mm(psi.mT, psi.conj())
    scale, weighted = (1 / len(phi), phi) if weights is None else (1, phi * weights[:, None])
    return torch.addmm(sigma, weighted.mT, phi.conj(), beta=-1 / len(psi), alpha=scale)


def squared_norm(matrix: Tensor) -> Tensor:
    """Returns the squared Hilbert-Schmidt norm of a complex matrix."""
    entries = torch.view_as_real(matrix).flatten()
    return torch.dot(entries, entries)


class _MeanStateDistance(torch.autograd.Function):
    r"""The distance of mean states; its gradient by a state is :math:`\pm 4 w_i \Delta \phi_i`."""

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401
        phi: Tensor,
        psi: Tensor,
        w: Tensor | None,
    ) -> Tensor:
        difference = mean_difference(phi, psi, w)
        ctx.save_for_backward(phi, psi, w, difference)
        return squared_norm(difference)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> Any:  # noqa: ANN401
        phi, psi, w, difference = ctx.saved_tensors
        by_phi = torch.mm(phi, difference.mT)
        by_w = by_psi = None
        if ctx.needs_input_grad[2]:
            by_w = 2 * grad * (phi.conj() * by_phi).real.sum(dim=-1)
        if ctx.needs_input_grad[1]:
            by_psi = torch.mm(psi, difference.mT) * (-4 / len(psi) * grad)
        return by_phi * (4 * grad * (1 / len(phi) if w is None else w[:, None])), by_psi, by_w


def _mean_fidelity(phi: Tensor, w: Tensor, psi: Tensor, v: Tensor) -> Tensor:
    return w @ gram_fidelities(phi, psi) @ v


def mmd1(phi: Tensor, psi: Tensor, weights: Tensor | None = None) -> Tensor:
    r"""Returns the MMD with kernel :math:`F`, through the mean states.

    .. math:: D_1 = \| \rho_\phi - \rho_\psi \|_{HS}^2

    Where there are fewer states than dimensions it is the sum of mean fidelities, which is the
    same and costs less.

    Arguments:
        phi: The states of the model, with shape :math:`(N, d)`.
        psi: The target states, with shape :math:`(M, d)`, equally weighted.
        weights: The weights of the model's states, with shape :math:`(N)`; uniform if `None`.
    """
    if phi.shape[-1] <= len(phi) + len(psi):
        return _MeanStateDistance.apply(phi, psi, weights)

    w, v = _uniform(phi) if weights is None else weights, _uniform(psi)
    own, other = _mean_fidelity(phi, w, phi, w), _mean_fidelity(psi, v, psi, v)
    return own + other - 2 * _mean_fidelity(phi, w, psi, v)


def unbiased_purity(psi: Tensor) -> Tensor:
    r"""Returns the unbiased estimate of the purity :math:`\mathrm{Tr} \, \rho^2` of a mean state.

    .. math:: \frac{1}{N (N - 1)} \sum_{i \neq j} F(\psi_i, \psi_j)

    Arguments:
        psi: Unit statevectors, with shape :math:`(N, d)`, at least two.
    """
    n, psi = len(psi), psi.to(torch.complex128)
    return (n * squared_norm(psi.mT @ psi.conj() / n) - 1) / (n - 1)


def expected_mmd1(phi: Tensor, psi: Tensor, states: float = math.inf) -> Tensor:
    r"""Returns an unbiased estimate of what :func:`mmd1` of fewer states is on average.

    .. math:: \mathrm{Tr} (\rho_\phi - \rho_\psi)^2
        + \frac{1 - \mathrm{Tr} \, \rho_\phi^2}{n} + \frac{1 - \mathrm{Tr} \, \rho_\psi^2}{n}

    The first term, that of infinitely many states, is 0 for two samples of one ensemble.

    Arguments:
        phi: Unit statevectors, with shape :math:`(N, d)`, at least two.
        psi: Unit statevectors, with shape :math:`(M, d)`, at least two.
        states: The number :math:`n` of states on each side.
    """
    own = unbiased_purity(phi) + unbiased_purity(psi)
    rho, sigma = (x.to(torch.complex128).mT @ x.conj().to(torch.complex128) for x in (phi, psi))
    cross = (rho * sigma.conj()).sum().real / (len(phi) * len(psi))
    return own - 2 * cross + (2 - own) / states


def qubit_copies(psi: Tensor) -> list[Tensor]:
    r"""Returns :math:`k` copies of states of one qubit, for :math:`k = 1, 2, 4, 8, 16`.

    In the symmetric subspace, :math:`k` copies of :math:`(a, b)` have the :math:`k + 1`
    coordinates :math:`\sqrt{\binom{k}{j}} \, a^{k - j} b^j`, and the overlap of two states
    becomes its :math:`k`-th power.

    Arguments:
        psi: Statevectors, with shape :math:`(N, 2)`.

    Returns:
        The copies, each with shape :math:`(N, k + 1)`.
    """
    powers, top = torch.stack((torch.ones_like(psi), psi), dim=-1), psi
    for _ in range(RUNGS - 2):
        top = top.square()
        powers = torch.cat((powers, powers * top[..., None]), dim=-1)
    powers = torch.cat((powers, top.square()[..., None]), dim=-1)
    copies = []
    for k in (2**rung for rung in range(RUNGS)):
        root = powers.real.new_tensor([math.comb(k, j) ** 0.5 for j in range(k + 1)])
        copies.append(root * powers[:, 0, : k + 1].flip(-1) * powers[:, 1, : k + 1])
    return copies


def mmdk(phi: Tensor, psi: Tensor, weights: Tensor | None = None, *, value: bool = True) -> Tensor:
    r"""Returns the MMD with the ladder of powers of :math:`F`, up to :math:`F^{16}`.

    For one qubit and many states it compares the means of :math:`k` copies, which is the same and
    costs less than all pairs; with more qubits the copies are too large.

    Arguments:
        phi: The states of the model, with shape :math:`(N, d)`.
        psi: The target states, with shape :math:`(M, d)`, equally weighted.
        weights: The weights of the model's states, with shape :math:`(N)`; uniform if `None`.
        value: Whether the value matters, or only the gradient by `phi` and `weights`. Without it
            the sum over pairs of targets alone is left out, but in the form of copies.
    """
    if phi.shape[-1] == 2 and len(phi) + len(psi) >= COPIES:
        pairs = zip(qubit_copies(phi), qubit_copies(psi), strict=True)
        distances = [_MeanStateDistance.apply(a, b, weights) for a, b in pairs]
        return torch.stack(distances).mean()

    return _discrepancy(LADDER, phi, psi, weights, value)


def _discrepancy(
    kernel: Kernel, phi: Tensor, psi: Tensor, weights: Tensor | None, value: bool
) -> Tensor:
    """Returns the MMD with a kernel; without the value the part of targets alone is left out."""
    w, v = _uniform(phi) if weights is None else weights, _uniform(psi)
    varying = kernel_own_sum(kernel, phi, w) - 2 * kernel_sum(kernel, phi, w, psi, v)
    return varying + kernel_own_sum(kernel, psi, v) if value else varying


def mmdg(phi: Tensor, psi: Tensor, weights: Tensor | None = None, *, value: bool = True) -> Tensor:
    r"""Returns the MMD with a Gaussian kernel of the trace distance.

    .. math:: k = e^{-T^2 / \tau}, \qquad T^2 = 1 - F, \qquad \tau = 0.2

    It is a series in :math:`F` with positive coefficients, so it sees all moments.

    Arguments:
        phi: The states of the model, with shape :math:`(N, d)`.
        psi: The target states, with shape :math:`(M, d)`, equally weighted.
        weights: The weights of the model's states, with shape :math:`(N)`; uniform if `None`.
        value: Whether the value matters, or only the gradient, see :func:`mmdk`.
    """
    return _discrepancy(GAUSSIAN, phi, psi, weights, value)


def mmd_transport(
    phi: Tensor, psi: Tensor, weights: Tensor | None = None, *, value: bool = True
) -> Tensor:
    r"""Returns the MMD with the Gaussian kernel and a tenth of the transport.

    .. math:: D = D_g + 0.1 \, W

    The MMD alone is quadratic in the mass of bad samples and leaves some; the transport pays for
    each of them.

    Arguments:
        phi: The states of the model, with shape :math:`(N, d)`.
        psi: The target states, with shape :math:`(M, d)`, equally weighted.
        weights: The weights of the model's states, with shape :math:`(N)`; uniform if `None`.
        value: Whether the value matters, or only the gradient, see :func:`mmdk`.
    """
    return mmdg(phi, psi, weights, value=value) + SHARE * wasserstein(phi, psi, weights)


#: The distances that ensembles are compared by.
DISTANCES: dict[str, Loss] = {"mmd1": mmd1, "mmdk": mmdk, "wasserstein": wasserstein}
#: What a chain can be trained by.
LOSSES: dict[str, Loss] = {**DISTANCES, "mmdg": mmdg, "mmd_transport": mmd_transport}
#: Losses with a part that has no gradient by the angles, which `value=False` leaves out.
WITH_CONSTANT = (mmdk, mmdg, mmd_transport)
