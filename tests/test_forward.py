"""Every statistic here is in closed form, see tests/README.md; none reads the angles drawn."""

from math import prod

import numpy as np
import pytest
import torch
from scipy.stats import kstest
from torch import Tensor

from latentq.diffusion import ForwardProcess, scramble
from latentq.diffusion.forward import Terminal
from latentq.quantum.entanglement import purity
from latentq.quantum.states import fidelity, haar_states, mean_state
from tests import oracles

C = torch.complex128
PLUS = torch.tensor([1, 1], dtype=C) / np.sqrt(2)
PLUS_Y = torch.tensor([1, 1j], dtype=C) / np.sqrt(2)
ZERO = torch.tensor([1, 0], dtype=C)


def copies(n: int, *qubits: Tensor) -> Tensor:
    """A product state, n times."""
    psi = torch.ones(1, dtype=C)
    for qubit in qubits:
        psi = torch.kron(psi, qubit)
    return psi.expand(n, -1)


def expectation(psi: Tensor, word: str) -> float:
    """The ensemble mean of a Pauli word."""
    return np.trace(mean_state(psi).numpy() @ oracles.pauli_string(word)).real


@pytest.mark.parametrize("strength", [0.3, 1.0, 2.0])
def test_rotation_angles_are_uniform(strength: float, generator: torch.Generator) -> None:
    psi = scramble(copies(5000, ZERO), [strength], generator)
    theta = 2 * torch.asin(psi[:, 1].abs()).numpy()
    bound = np.pi / 8 * strength

    assert theta.max() <= bound + 1e-7
    assert kstest(theta, "uniform", (0, bound)).pvalue > 0.01


def test_rotations_are_z_y_z(generator: torch.Generator) -> None:
    """The mean channel scales the Bloch vector by (s^3, s^2, s): three axes, two or one act."""

    s = oracles.mean_cosine(np.pi / 8 * 4)
    for start, expected in ((PLUS, (s**3, 0, 0)), (PLUS_Y, (0, s**2, 0)), (ZERO, (0, 0, s))):
        psi = scramble(copies(40_000, start), [4.0], generator)
        assert np.allclose([expectation(psi, p) for p in "xyz"], expected, atol=0.02)


@pytest.mark.parametrize("qubits", [2, 3, 4])
def test_rzz_angles_are_uniform(qubits: int, generator: torch.Generator) -> None:
    """At small strength |+...+> becomes a weighted graph state, whose purity tells the angle."""

    h = 0.05
    psi = scramble(copies(4000, *[PLUS] * qubits), [h], generator)
    bloch = (2 * purity(psi, (qubits - 1,)) - 1).sqrt()
    g = torch.acos(bloch ** (1 / (qubits - 1))).numpy() * 2 * np.sqrt(qubits) / h

    assert 0.399 < g.min() < 0.401 and 0.599 < g.max() < 0.601
    assert kstest(g, "uniform", (0.4, 0.2)).pvalue > 0.01
    assert len(np.unique(g)) == 4000  # fresh gates for each state


def mean_layer(h: float, power: int) -> np.ndarray:
    """The mean of a layer on the means of (XI, YZ), or of (XZ, YI), of two qubits.

    The rotations scale XI, YZ, XZ, YI by s^3, s^3, s^4, s^2; RZZ turns either pair.
    """

    s, low, high = oracles.mean_cosine(np.pi / 8 * h), 0.4 * h / np.sqrt(8), 0.6 * h / np.sqrt(8)
    cos, sin = np.sin(high) - np.sin(low), np.cos(low) - np.cos(high)
    turn = np.array([[cos, -sin], [sin, cos]]) / (high - low)
    return turn @ np.diag([s**power, s ** (6 - power)])


def test_rzz_comes_last_and_turns_forward(generator: torch.Generator) -> None:
    psi = scramble(copies(40_000, PLUS, ZERO), [4.0], generator)

    for words, power in ((("xi", "yz"), 3), (("xz", "yi"), 4)):
        means = [expectation(psi, word) for word in words]
        assert np.allclose(means, mean_layer(4.0, power)[:, 0], atol=0.02)


def test_layers_act_in_the_order_of_strengths(generator: torch.Generator) -> None:
    psi = scramble(copies(200_000, PLUS, ZERO), [4.0, 2.0], generator)
    expected = (mean_layer(2.0, 4) @ mean_layer(4.0, 4))[:, 0]
    swapped = (mean_layer(4.0, 4) @ mean_layer(2.0, 4))[:, 0]

    assert np.allclose([expectation(psi, word) for word in ("xz", "yi")], expected, atol=8e-3)
    assert np.abs(swapped - expected).max() > 0.02


def test_one_qubit_has_no_rzz(generator: torch.Generator) -> None:
    """Three angles a layer: the generator is left where three draws leave it."""

    other = torch.Generator().manual_seed(generator.initial_seed())
    scramble(copies(10, ZERO), [1.0, 1.0], generator)
    torch.rand(10, 2, 3, generator=other, dtype=torch.float64)

    assert torch.equal(generator.get_state(), other.get_state())


@pytest.mark.parametrize("dtype", [torch.complex64, C])
def test_scramble_keeps_norm(dtype: torch.dtype, generator: torch.Generator) -> None:
    psi = haar_states(20, qubits=4, generator=generator, dtype=dtype)
    out = scramble(psi, [0.5, 1.0, 2.0], generator)

    assert out.dtype == dtype
    assert torch.allclose(torch.linalg.vector_norm(out, dim=-1), torch.ones(20).to(out.real))
    assert fidelity(psi, out).max() < 0.99


def test_scramble_keeps_overlaps_only_with_the_same_gates(generator: torch.Generator) -> None:
    psi = haar_states(qubits=3, generator=generator, dtype=C).expand(2, -1)
    alone = [scramble(psi[:1], [1.0], torch.Generator().manual_seed(s)) for s in (3, 3, 4)]
    one, two = scramble(psi, [1.0], generator)

    assert torch.equal(alone[0], alone[1])
    assert fidelity(alone[0], alone[2]).item() < 0.999
    assert fidelity(one, two).item() < 0.999


def test_no_steps_are_the_identity(generator: torch.Generator) -> None:
    psi = haar_states(3, qubits=2, generator=generator)

    assert torch.equal(scramble(psi, [], generator), psi)
    assert torch.equal(ForwardProcess(qubits=2).diffuse(psi, 0, generator), psi)
    assert torch.allclose(scramble(psi, [0.0], generator), psi)


def test_strengths() -> None:
    assert ForwardProcess().strengths == pytest.approx([0.1, 0.575, 1.05, 1.525, 2.0])
    assert ForwardProcess(steps=1, strength=(0.7, 2.0)).strengths == pytest.approx([0.7])
    assert ForwardProcess(steps=3, strength=(0.7, 0.1, 2.0)).strengths == [0.7, 0.1, 2.0]


@pytest.mark.parametrize(
    ("strength", "message"),
    [
        ((0.1, 0.2, 0.3), "one for each of 5 steps, were 3 numbers"),
        ((0.1,), "must be the first and the last"),
        ((0.1, -2.0), "must not be negative or infinite"),
        ((0.1, float("nan")), "must not be negative or infinite"),
    ],
)
def test_wrong_schedules(strength: tuple[float, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ForwardProcess(strength=strength)


def mean_z(steps: int) -> float:
    """The mean of Z on one qubit after some steps: only RY acts on it."""
    strengths = ForwardProcess().strengths[:steps]
    return prod(oracles.mean_cosine(np.pi / 8 * h) for h in strengths)


@pytest.mark.parametrize("t", [1, 3, 5])
def test_diffuse(t: int, generator: torch.Generator) -> None:
    process = ForwardProcess(qubits=2)
    psi = process.diffuse(copies(20_000, ZERO, ZERO), t, generator)

    assert expectation(psi, "zi") == pytest.approx(mean_z(t), abs=8e-3)
    assert expectation(psi, "iz") == pytest.approx(mean_z(t), abs=8e-3)


def test_zero_terminal(generator: torch.Generator) -> None:
    psi = ForwardProcess(terminal="zero").terminal_states(20_000, generator)

    for word in ("ziii", "izii", "iizi", "iiiz"):
        assert expectation(psi, word) == pytest.approx(mean_z(5), abs=8e-3)


@pytest.mark.parametrize("noise", [0.0, 1.0, 2.0])
def test_basis_terminal(noise: float, generator: torch.Generator) -> None:
    """The mean state is 1 / 16, while the participation tells how strong the noise is."""

    psi = ForwardProcess(terminal_strength=noise).terminal_states(20_000, generator)
    participation = psi.abs().pow(4).sum(dim=-1).mean().item()
    cosine = oracles.mean_cosine(np.pi / 4 * noise) if noise else 1.0

    assert torch.linalg.norm(mean_state(psi) - torch.eye(16) / 16).item() < 0.01
    assert participation == pytest.approx((0.75 + 0.25 * cosine) ** 4, abs=5e-3)


def test_product_terminal(generator: torch.Generator) -> None:
    """It spreads over basis states as the `basis` ensemble does, and has no entanglement."""
    process = ForwardProcess(terminal="product", terminal_strength=2.0)
    psi = process.terminal_states(20_000, generator)
    cosine = oracles.mean_cosine(np.pi / 2)
    participation = psi.abs().pow(4).sum(dim=-1).mean().item()

    assert participation == pytest.approx((0.75 + 0.25 * cosine) ** 4, abs=5e-3)
    assert purity(psi, (0, 2)).min().item() == pytest.approx(1, abs=1e-5)
    basis = ForwardProcess(terminal_strength=2.0).terminal_states(100, generator)
    assert purity(basis, (0, 2)).min().item() < 0.99
    made = process.preparation(2, generator)
    assert made.circuit.pairs == () and made.angles.shape == (2, 12)
    told = process.terminal_states(3, generator, torch.tensor([3, 3, 3]))
    assert told.shape == (3, 16)


def test_haar_terminal(generator: torch.Generator) -> None:
    psi = ForwardProcess(terminal="haar").terminal_states(20_000, generator)

    assert torch.linalg.norm(mean_state(psi) - torch.eye(16) / 16).item() < 0.01
    assert purity(psi, (0, 2)).mean().item() == pytest.approx(8 / 17, abs=2e-3)
    assert psi.abs().pow(4).sum(dim=-1).mean().item() == pytest.approx(2 / 17, abs=1e-3)


@pytest.mark.parametrize("terminal", ["basis", "product", "zero", "haar"])
def test_terminal_states_are_reproducible(terminal: Terminal) -> None:
    process = ForwardProcess(qubits=2, terminal=terminal)
    first, again, other = (
        process.terminal_states(6, torch.Generator().manual_seed(s)) for s in (1, 1, 2)
    )

    assert first.shape == (6, 4) and first.dtype == torch.complex64
    assert torch.equal(first, again) and not torch.equal(first, other)
    assert torch.allclose(torch.linalg.vector_norm(first, dim=-1), torch.ones(6))


@pytest.mark.parametrize("t", [-1, 6])
def test_there_is_no_step_outside_the_schedule(t: int, generator: torch.Generator) -> None:
    psi = haar_states(2, qubits=4, generator=generator)

    with pytest.raises(ValueError, match="from 0 to 5"):
        ForwardProcess().diffuse(psi, t, generator)


def test_terminal_states_start_where_they_are_told(generator: torch.Generator) -> None:
    start = torch.tensor([3, 0, 15, 3])
    psi = ForwardProcess(terminal_strength=0.0).terminal_states(4, generator, start)

    assert torch.equal(psi, torch.eye(16, dtype=torch.complex64)[start])
    noisy = ForwardProcess(terminal_strength=0.5).terminal_states(4, generator, start)
    assert torch.equal(noisy.abs().argmax(dim=1), start)
    with pytest.raises(
        ValueError, match="start: needs the terminal ensemble basis or product, was haar"
    ):
        ForwardProcess(terminal="haar").terminal_states(4, generator, start)
