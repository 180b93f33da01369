r"""How large the gradients of a cost are over random circuits: the barren plateau.

A cost compares :math:`U(\theta) \psi` with a target state :math:`t`. It is periodic in every angle
of a rotation, so that over uniform angles the mean of each derivative is zero and its variance is
the mean of its square.

Closed forms for a rotation :math:`e^{-i \theta P / 2}` in the middle of a circuit, with
:math:`d = 2^n`, where the parts before and after it bring states to 2-designs:

- The infidelity: with :math:`a` the state before the rotation, :math:`b` the target taken back
  to it, both Haar, the derivative of :math:`| \langle b | a \rangle |^2` is
  :math:`\langle b | M | b \rangle` with :math:`M = - \frac{i}{2} [P, | a \rangle \langle a |]`. So

  .. math:: \mathrm{Var} = \frac{\mathbb{E} \, \mathrm{Tr} \, M^2}{d (d + 1)}, \qquad
      \mathrm{Tr} \, M^2 = \frac{1 - \langle a | P | a \rangle^2}{2}, \qquad
      \mathbb{E} \, \langle a | P | a \rangle^2 = \frac{1}{d + 1},

  which is :math:`1 / (2 (d + 1)^2)`. Where input and target are Haar themselves, so are
  :math:`a` and :math:`b`, and it holds for every rotation at every depth.
- The mean of local observables follows from the same twirl of the observable.

References:
    Barren plateaus in quantum neural network training landscapes (McClean et al., 2018), Nature
    Communications 9, 4812.
    Cost function dependent barren plateaus in shallow parametrized quantum circuits (Cerezo et
    al., 2021), Nature Communications 12, 1791.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from latentq.engine import fused
from latentq.engine.circuits import Circuit
from latentq.engine.descent import descend
from latentq.quantum.costs import local_fidelity
from latentq.quantum.states import fidelity, haar_states

Cost = Callable[[Tensor, Tensor], Tensor]
Source = Literal["haar", "zero"]
BYTES = 2**28  # of the states of the draws that are taken at once


def global_cost(psi: Tensor, target: Tensor) -> Tensor:
    r"""Returns the infidelity :math:`1 - | \langle t | \psi \rangle |^2`.

    Arguments:
        psi: Unit statevectors, with shape :math:`(*, 2^n)`.
        target: Unit statevectors, with a shape that broadcasts with it.

    Returns:
        The cost, with shape :math:`(*)`.
    """
    return 1 - fidelity(target, psi)


def marginal_cost(psi: Tensor, target: Tensor) -> Tensor:
    r"""Returns the mean infidelity of the single qubits, each without the others.

    .. math:: C = 1 - \frac{1}{n} \sum_q F(\rho_q, \sigma_q), \qquad
        F(\rho, \sigma) = \mathrm{Tr} \, \rho \sigma + 2 \sqrt{\det \rho \, \det \sigma}

    This is Uhlmann's fidelity of states of one qubit, squared as all fidelities here. The cost is
    zero at the target, at most the infidelity of the whole states, and for a product target
    :math:`\mathrm{Tr} \, \rho_q \sigma_q` alone remains: then it is the local cost of Cerezo et
    al., linear in :math:`\psi \psi^\dagger`, and the parameter-shift rule holds. Otherwise the
    root is not linear and the rule does not. :math:`\mathrm{Tr} \, \rho_q \sigma_q` without the
    root would be least at the wrong place: its best :math:`\rho_q` is pure even if
    :math:`\sigma_q` is mixed.

    Arguments:
        psi: Unit statevectors, with shape :math:`(*, 2^n)`.
        target: Unit statevectors, with a shape that broadcasts with it.

    Returns:
        The cost, with shape :math:`(*)`.
    """
    return 1 - local_fidelity(psi, target)


COSTS: dict[str, Cost] = {"global": global_cost, "marginal": marginal_cost}


def cost_gradients(
    circuit: Circuit, angles: Tensor, psi: Tensor, target: Tensor, costs: Mapping[str, Cost]
) -> dict[str, Tensor]:
    r"""Returns the gradients of costs by all angles, for circuits that differ in their angles.

    Arguments:
        circuit: The circuit.
        angles: The angles in radians, with shape :math:`(S, P)`.
        psi: Inputs, with shape :math:`(S, B, 2^n)`; the cost is the mean over the :math:`B`.
        target: Targets, with shape :math:`(S, B, 2^n)`.
        costs: The costs by name.

    Returns:
        The gradients by name, with shape :math:`(S, P)`.
    """
    angles = angles.detach().requires_grad_()
    output = fused.evolve(circuit, angles, psi)
    totals = {name: cost(output, target).mean(dim=1).sum() for name, cost in costs.items()}
    return {
        name: torch.autograd.grad(total, angles, retain_graph=True)[0]
        for name, total in totals.items()
    }


def uniform_angles(circuit: Circuit, draws: int, generator: torch.Generator) -> Tensor:
    r"""Draws angles from :math:`[0, 2 \pi)`, with shape (S, P), in double precision."""
    shape = (draws, circuit.parameters)
    return 2 * math.pi * torch.rand(shape, dtype=torch.float64, generator=generator)


def drawn_states(source: Source, draws: int, qubits: int, generator: torch.Generator) -> Tensor:
    """Returns Haar states, or the state of zeros as often, with shape (S, 1, 2^n)."""
    if source == "haar":
        return haar_states(draws, 1, qubits=qubits, generator=generator, dtype=torch.complex128)
    psi = torch.zeros(draws, 1, 2**qubits, dtype=torch.complex128)
    psi[..., 0] = 1
    return psi


def bytes_of_draw(qubits: int, layers: int) -> int:
    """Returns about how much memory the gradient of one draw takes."""
    return 16 * 2**qubits * (4 * layers + 16)


def random_gradients(
    circuit: Circuit,
    draws: int,
    generator: torch.Generator,
    *,
    inputs: Source,
    targets: Source,
    costs: Mapping[str, Cost] = COSTS,
) -> dict[str, Tensor]:
    r"""Returns gradients at random angles, inputs and targets, all of them new in each draw.

    Arguments:
        circuit: The circuit.
        draws: The number of draws :math:`S`.
        generator: The source of randomness.
        inputs: `haar` for Haar states, `zero` for :math:`| 0 \dots 0 \rangle`.
        targets: The same for the targets.
        costs: The costs by name.

    Returns:
        The gradients by name, with shape :math:`(S, P)`.
    """
    size = max(1, BYTES // bytes_of_draw(circuit.qubits, circuit.layers))
    parts = []
    for first in range(0, draws, size):
        count = min(size, draws - first)
        angles = uniform_angles(circuit, count, generator)
        psi = drawn_states(inputs, count, circuit.qubits, generator)
        target = drawn_states(targets, count, circuit.qubits, generator)
        parts.append(cost_gradients(circuit, angles, psi, target, costs))
    return {name: torch.cat([part[name] for part in parts]) for name in costs}


def middle_angle(circuit: Circuit) -> int:
    """Returns the place of the angle in the middle: middle layer, RY, and middle qubit."""
    column = circuit.axes.index("ry")
    layer = circuit.layers // 2
    return layer * circuit.layer_parameters + column * circuit.qubits + circuit.qubits // 2


@dataclass(frozen=True)
class Trajectory:
    """A training: fidelities and costs before each step and at the end, shape (K + 1, S)."""

    fidelity: Tensor
    cost: Tensor


def train(
    circuit: Circuit,
    angles: Tensor,
    psi: Tensor,
    target: Tensor,
    costs: Sequence[Cost],
    lr: float = 0.05,
) -> Trajectory:
    r"""Trains circuits to take states to targets, with exact gradients and Adam.

    Arguments:
        circuit: The circuit.
        angles: The angles at the start, with shape :math:`(S, P)`.
        psi: Inputs, with shape :math:`(S, 1, 2^n)`.
        target: Targets, with shape :math:`(S, 1, 2^n)`.
        costs: The cost of each of the :math:`K` steps.
        lr: The step size.
    """
    angles = angles.clone().requires_grad_()
    fidelities, values = [], []

    def loss(step: int) -> Tensor:
        output = fused.evolve(circuit, angles, psi)
        value = costs[min(step, len(costs) - 1)](output, target)[:, 0]
        fidelities.append(fidelity(target, output.detach())[:, 0])
        values.append(value.detach())
        return value.sum()

    descend(torch.optim.Adam([angles], lr=lr), loss, range(len(costs)))
    loss(len(costs))
    return Trajectory(torch.stack(fidelities), torch.stack(values))


def product_variance(qubits: int) -> float:
    r"""Returns the variance for one RY on each qubit and the infidelity with zeros.

    .. math:: C = 1 - \prod_q \cos^2 (\theta_q / 2), \qquad
        \mathrm{Var} = \tfrac{1}{8} ( \tfrac{3}{8} )^{n - 1}
    """
    return (3 / 8) ** (qubits - 1) / 8


def product_marginal_variance(qubits: int) -> float:
    r"""Returns the variance :math:`1 / (8 n^2)` for the same circuit and the marginal cost."""
    return 1 / (8 * qubits**2)


def design_variance(qubits: int) -> float:
    r"""Returns the variance :math:`1 / (2 (d + 1)^2)` of 2-designs and the infidelity."""
    return 1 / (2 * (2**qubits + 1) ** 2)


def design_marginal_variance(qubits: int) -> float:
    r"""Returns the variance of 2-designs and the marginal cost with a product target.

    The observable :math:`O = \frac{1}{2 n} \sum_q Z_q` has :math:`\mathrm{Tr} \, O^2 = d / 4 n`,
    and the mean of :math:`\mathrm{Tr} \, ( \frac{i}{2} [P, V^\dagger O V] )^2` over :math:`V` is
    :math:`\frac{1}{2} \mathrm{Tr} \, O^2 \, d^2 / (d^2 - 1)`. So

    .. math:: \mathrm{Var} = \frac{d^2}{8 n (d + 1) (d^2 - 1)} .
    """
    d = 2**qubits
    return d**2 / (8 * qubits * (d + 1) * (d**2 - 1))


def haar_marginal_variance(qubits: int) -> float:
    r"""Returns the leading order for 2-designs and the marginal cost with a Haar target.

    Bloch vectors :math:`r, s` are short, so that :math:`C \approx \frac{1}{4 n} \sum_q
    | r_q - s_q |^2`. Components of both have the variance :math:`1 / (d + 1)` and derivatives of
    :math:`r` half of it, which gives :math:`\mathrm{Var} \approx 3 / (4 n (d + 1)^2)`.
    """
    return 3 / (4 * qubits * (2**qubits + 1) ** 2)


def haar_marginal_cost(qubits: int) -> float:
    r"""Returns the mean marginal cost of independent Haar states, of two qubits or more.

    .. math:: C = \frac{1 - R^2}{2}, \quad R = \mathbb{E} \, \sqrt{1 - | r |^2} =
        \frac{2 k - 1}{k} \frac{B(k - \frac{1}{2}, k - \frac{1}{2})}{B(k - 1, k - 1)}, \quad
        k = 2^{n - 1}

    The eigenvalue :math:`p` of a qubit of a Haar state has a density proportional to
    :math:`(p (1 - p))^{k - 2} (1 - 2 p)^2`. At many qubits the cost is near
    :math:`\frac{3}{2} 2^{-n}`.
    """
    k = 2 ** (qubits - 1)
    ratio = 2 * (math.lgamma(k - 0.5) - math.lgamma(k - 1))
    ratio += math.lgamma(2 * k - 2) - math.lgamma(2 * k - 1)
    return (1 - ((2 * k - 1) / k * math.exp(ratio)) ** 2) / 2
