r"""The two theorems on gradients, beside measurements.

Theorem 1 bounds the variance for Haar inputs. Without ancillas, the only part of the MMD of
:math:`|S|` inputs and :math:`M` targets that depends on the angles is

.. math:: C = - \frac{2}{|S| M} \sum_{ij} F(t_j, U \phi_i) .

For Haar inputs and Haar targets pairs are uncorrelated, each with the variance
:math:`1 / 2 (d + 1)^2` of :func:`latentq.quantum.plateaus.design_variance`, so that

.. math:: \mathrm{Var} = \frac{2}{|S| M (d + 1)^2} .

Theorem 2 bounds the mean squared derivative at angles uniform in :math:`[-s, s]` from below. Its
first term is :math:`(\partial_k f |_0)^2 \prod_l (\frac{1}{2} + \frac{\sin 2 s}{4 s})`. Of the
second, only the factor :math:`H_{kk}(0)^2` is known here. For a single random angle
:math:`f = A + B \cos\theta + C \sin\theta`, and exactly

.. math:: \mathbb{E} (\partial f)^2 = C^2 \Big( \frac{1}{2} + \frac{\sin 2 s}{4 s} \Big)
    + H^2 \Big( \frac{1}{2} - \frac{\sin 2 s}{4 s} \Big), \qquad C = \partial f(0), \; H = - B ;

with the factors of the other layers this is our completion of the bound, not the paper's. It is
evaluated with one factor for each layer, as printed, and with one for each angle.
"""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from latentq.diffusion import ForwardProcess
from latentq.engine import fused
from latentq.engine.circuits import Circuit, denoising_circuit
from latentq.experiments.improved.models import Plan
from latentq.experiments.improved.scales import SCALES, scale_of
from latentq.experiments.improved.statistics import bits, cells, slope_of
from latentq.experiments.plateaus.statistics import mean_interval
from latentq.experiments.record import progress
from latentq.quantum.plateaus import cost_gradients, uniform_angles
from latentq.quantum.states import haar_states
from latentq.quantum.targets import ExtendedGHZ
from latentq.randomness import derive_generator

QUBITS, SETS, DEPTH = (2, 4, 6), (10, 100), 4
KINDS = ("one state", "Haar states", "extended GHZ states")
DEPTHS = (2, 4, 8, 16)
CHUNK = 50
MORE = (1, 4, 16)  # times the states of a batch
REPEATS = 20


def printed_bound(states: int, qubits: int) -> float:
    r"""Returns :math:`8 / (|S|^4 (2^{2 n} - 1))`, as printed."""
    return 8 / (states**4 * (4**qubits - 1))


def linear_bound(states: int, qubits: int) -> float:
    r"""Returns :math:`8 / (|S| (4^n - 1))`."""
    return 8 / (states * (4**qubits - 1))


def haar_variance(states: int, targets: int, qubits: int) -> float:
    r"""Returns :math:`2 / (|S| M (d + 1)^2)`, exact for Haar inputs and Haar targets."""
    return 2 / (states * targets * (2**qubits + 1) ** 2)


def pair_infidelity(psi: Tensor, target: Tensor) -> Tensor:
    """Returns the mean infidelity with all targets (S, M, d) of states (S, B, d)."""
    return 1 - (psi @ target.mH).abs().square().mean(dim=-1)


def cross_gradients(circuit: Circuit, angles: Tensor, psi: Tensor, target: Tensor) -> Tensor:
    """Returns gradients of the cross term C, with shape (S, P)."""
    found = cost_gradients(circuit, angles, psi, target, {"pairs": pair_infidelity})
    return 2 * found["pairs"]


def targets_of(
    kind: str, draws: int, states: int, qubits: int, generator: torch.Generator
) -> Tensor:
    """Draws targets of a kind, with shape (S, M, d)."""
    if kind == "extended GHZ states":
        psi = ExtendedGHZ(qubits).draw(draws * states, generator).to(torch.complex128)
        return psi.unflatten(0, (draws, states))
    count = 1 if kind == "one state" else states
    return haar_states(draws, count, qubits=qubits, generator=generator, dtype=torch.complex128)


def variance(kind: str, qubits: int, states: int, draws: int, seed: int) -> tuple[float, ...]:
    """Measures the variance for Haar inputs, averaged over angles, with its interval."""
    circuit = denoising_circuit(qubits, DEPTH)
    generator = derive_generator(seed, "improved", "theorem", kind, qubits, states)
    squares = []
    for first in range(0, draws, CHUNK):
        count = min(CHUNK, draws - first)
        psi = haar_states(
            count, states, qubits=qubits, generator=generator, dtype=torch.complex128
        )
        target = targets_of(kind, count, states, qubits, generator)
        angles = uniform_angles(circuit, count, generator)
        squares.append(cross_gradients(circuit, angles, psi, target).square().mean(dim=1))
    return mean_interval(torch.cat(squares), seed)


def variance_rows(draws: int, seed: int) -> list[dict[str, Any]]:
    """Measures variances for Haar inputs beside the bounds."""
    rows = []
    cases = [(kind, states, n) for kind in KINDS for states in SETS for n in QUBITS]
    for kind, states, n in progress(cases, "theorem 1"):
        mean, low, high = variance(kind, n, states, draws, seed)
        targets = 1 if kind == "one state" else states
        row = {"targets": kind, "qubits": n, "states": states, "draws": draws}
        row |= {"variance": mean, "low": low, "high": high}
        row["printed_bound"] = printed_bound(states, n)
        row["linear_bound"] = linear_bound(states, n)
        is_haar = kind != "extended GHZ states"
        row["closed_form"] = haar_variance(states, targets, n) if is_haar else None
        rows.append(row)
    return rows


def exponents(rows: Sequence[dict[str, Any]], kind: str) -> tuple[float, float]:
    """Returns the exponent of `|S|`, averaged over sizes, and the bits per qubit for the most."""
    own = {(row["qubits"], row["states"]): bits(row["variance"]) for row in rows
           if row["targets"] == kind}  # fmt: skip
    span = bits(SETS[-1] / SETS[0])
    power = sum((own[n, SETS[-1]] - own[n, SETS[0]]) / span for n in QUBITS) / len(QUBITS)
    return power, slope_of(QUBITS, [own[n, SETS[-1]] for n in QUBITS])


def cosine_square(s: float) -> float:
    r"""Returns :math:`\frac{1}{2} + \frac{\sin 2 s}{4 s}`, the mean of the squared cosine."""
    return 0.5 + math.sin(2 * s) / (4 * s) if s else 1.0


def at_zero(circuit: Circuit, psi: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    r"""Returns :math:`\partial_k f` and :math:`H_{kk}` of the cross term at zero angles.

    Arguments:
        circuit: The circuit.
        psi: Inputs, with shape :math:`(1, B, d)`.
        target: Targets, with shape :math:`(1, M, d)`.

    Returns:
        Both with shape (P). The Hessian is :math:`(f(\pi e_k) - f(0)) / 2`.
    """
    angles = torch.zeros(1, circuit.parameters, dtype=torch.float64)
    first = cross_gradients(circuit, angles, psi, target)[0]
    turned = torch.cat((angles, math.pi * torch.eye(circuit.parameters, dtype=torch.float64)))
    with torch.no_grad():
        output = fused.evolve(circuit, turned, psi)
        values = 2 * pair_infidelity(output, target.expand(len(turned), -1, -1)).mean(dim=1)
    return first, (values[1:] - values[0]) / 2


def bound_row(
    circuit: Circuit, psi: Tensor, target: Tensor, s: float, draws: int,
    generator: torch.Generator, seed: int,
) -> dict[str, Any]:  # fmt: skip
    """Measures mean squared derivatives beside the lower bound, averaged over angles."""
    first, hessian = at_zero(circuit, psi, target)
    product = cosine_square(s) ** circuit.layers
    rest = (1 - cosine_square(s)) * cosine_square(s) ** (circuit.layers - 1)
    shared = circuit.parameters / circuit.layers  # factors for each that is printed
    by_angle = (1 - cosine_square(s)) * cosine_square(s) ** (circuit.parameters - 1)
    squares = []
    for begin in range(0, draws, CHUNK):
        count = min(CHUNK, draws - begin)
        angles = s * (2 * torch.rand(count, circuit.parameters, dtype=torch.float64,
                                     generator=generator) - 1)  # fmt: skip
        inputs, wanted = (x.expand(count, -1, -1) for x in (psi, target))
        squares.append(cross_gradients(circuit, angles, inputs, wanted).square())
    found = torch.cat(squares)
    mean, low, high = mean_interval(found.mean(dim=1), seed)
    printed = first.square() * product
    return {
        **{"measured": mean, "low": low, "high": high, "product": product},
        "gradient_squared": first.square().mean().item(),
        "hessian_squared": hessian.square().mean().item(),
        "printed_term": printed.mean().item(),
        "completed": (printed + hessian.square() * rest).mean().item(),
        "completed_by_angle": (first.square() * product**shared + hessian.square() * by_angle)
        .mean()
        .item(),
        "angles_above": (found.mean(dim=0) >= printed).double().mean().item(),
    }


def pair_of_sets(
    process: ForwardProcess, count: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Draws terminal states and data, both with shape (1, N, d)."""
    psi = process.terminal_states(count, generator)
    target = ExtendedGHZ(process.qubits).draw(count, generator)
    return psi[None].to(torch.complex128), target[None].to(torch.complex128)


def bound_rows(plan: Plan, qubits: int, draws: int, seed: int) -> list[dict[str, Any]]:
    """Measures mean squared derivatives for the improved model's inputs and the data."""
    process = plan.process("improved", qubits)
    rows = []
    cases = [(depth, name) for depth in DEPTHS for name in SCALES]
    for depth, name in progress(cases, "theorem 2"):
        generator = derive_generator(seed, "improved", "bound")
        psi, target = pair_of_sets(process, MORE[1] * plan.batch, generator)
        s = scale_of(name, depth)
        row = {"qubits": qubits, "states": psi.shape[1], "layers": depth, "scale": name, "s": s}
        circuit = denoising_circuit(qubits, depth)
        rows.append(row | bound_row(circuit, psi, target, s, draws, generator, seed))
    return rows


def zero_rows(plan: Plan, qubits: int, seed: int) -> list[dict[str, Any]]:
    """Measures the gradient at zero angles, which only finite sets of states have."""
    process, circuit = plan.process("improved", qubits), denoising_circuit(qubits, DEPTH)
    angles = torch.zeros(1, circuit.parameters, dtype=torch.float64)
    rows = []
    for more in MORE:
        generator = derive_generator(seed, "improved", "zero", more)
        found = []
        for _ in range(REPEATS):
            sets = pair_of_sets(process, more * plan.batch, generator)
            found.append(cross_gradients(circuit, angles, *sets).square().mean().item())
        row = {"qubits": qubits, "states": more * plan.batch, "sets": REPEATS}
        rows.append(row | cells("gradient_squared", found, "ratio"))
    return rows
