from collections.abc import Sequence

import numpy as np
import pytest
import torch
from torch import Tensor

from latentq.diffusion import (
    ForwardProcess,
    Particles,
    QuDDPM,
    draw_uniforms,
    select_outcomes,
    uniform_particles,
)
from latentq.diffusion.chain import Outcomes
from latentq.diffusion.losses.mmd import LOSSES, mmd1
from latentq.diffusion.quddpm import Engine, Initial
from latentq.errors import InputError
from latentq.quantum.states import fidelity, haar_states, mean_state
from tests import oracles

C = torch.complex128


def tiny_model(
    loss: str = "mmd1",
    outcomes: Outcomes = "exact",
    engine: Engine = "fused",
    qubits: int = 2,
    steps: int = 2,
    ancillas: int | tuple[int, ...] = 1,
    layers: int | Sequence[int] = 2,
) -> QuDDPM:
    """A model with the same angles for every loss, rule of outcomes and engine."""

    return QuDDPM(
        ForwardProcess(qubits=qubits, steps=steps),
        ancillas=ancillas,
        layers=layers,
        init_scale=3.0,
        loss=loss,
        outcomes=outcomes,
        engine=engine,
        generator=torch.Generator().manual_seed(1),
    )


def kraus(model: QuDDPM, t: int) -> np.ndarray:
    """The dense Kraus matrices of a step."""
    return oracles.kraus(model.circuits[t], model.angles[t].detach().numpy(), model.ancillas[t])


def flat_gradient(loss: Tensor, model: QuDDPM) -> Tensor:
    gradients = torch.autograd.grad(loss, list(model.angles), allow_unused=True)
    pairs = zip(gradients, model.angles, strict=True)
    return torch.cat([torch.zeros_like(a) if g is None else g for g, a in pairs])


def test_impossible_outcomes_do_no_harm(generator: torch.Generator) -> None:
    """Without rotations the ancilla stays in |0>, and outcome 1 has no state."""

    for name in LOSSES:
        model = tiny_model(name)
        torch.nn.init.zeros_(model.angles[0])
        psi = haar_states(3, qubits=2, generator=generator)
        loss = model.step_loss(0, psi, haar_states(4, qubits=2, generator=generator), generator)
        assert torch.isfinite(flat_gradient(loss, model)).all(), name

    (instrument,) = model.instruments([0], 512)
    psi = haar_states(300, qubits=2, generator=generator)
    drawn = select_outcomes(instrument(psi), draw_uniforms(psi, generator))
    assert torch.allclose(drawn, psi, atol=1e-6)  # two layers of CZ are the identity


def test_initial_angles() -> None:
    process = ForwardProcess(qubits=4, steps=3)
    model, again = (
        QuDDPM(process, layers=24, init_scale=0.3, generator=torch.Generator().manual_seed(7))
        for _ in range(2)
    )
    angles = torch.stack(list(model.angles))

    assert model.steps == 3 and angles.shape == (3, 5 * 2 * 24)
    assert angles.abs().max() <= 0.3 and angles.min() < -0.29 and angles.max() > 0.29
    assert angles.mean().abs() < 0.03 and not torch.equal(angles[0], angles[1])
    assert torch.equal(angles, torch.stack(list(again.angles)))


@pytest.mark.parametrize("batch", [1, 512])
@pytest.mark.parametrize(("ancillas", "layers"), [(2, 2), (2, (3, 2, 1)), ((2, 1), (3, 2))])
@pytest.mark.parametrize("engine", ["fused", "torchquantum"])
def test_instruments_are_the_steps_named(
    engine: Engine,
    ancillas: int | tuple[int, ...],
    layers: int | tuple[int, ...],
    batch: int,
    generator: torch.Generator,
) -> None:
    model = tiny_model(engine=engine, steps=3, ancillas=ancillas, layers=layers)
    psi = haar_states(3, qubits=2, generator=generator)
    if isinstance(ancillas, tuple):
        assert model.ancillas == (2, 1, 1)
        assert [circuit.layers for circuit in model.circuits] == [3, 2, 2]

    for t, instrument in zip([2, 0], model.instruments([2, 0], batch), strict=True):
        expected = np.einsum("mij,bj->bmi", kraus(model, t), psi.numpy())
        assert np.allclose(instrument(psi).detach().numpy(), expected, atol=1e-5)


def test_step_loss_is_that_of_the_channel(generator: torch.Generator) -> None:
    model = tiny_model()
    inputs, targets = haar_states(2, 3, qubits=2, generator=generator, dtype=torch.complex64)

    for t in range(2):
        loss = model.step_loss(t, inputs, targets, generator).item()
        out = oracles.apply_channel(kraus(model, t), oracles.density(inputs.numpy()))
        expected = np.linalg.norm(out - oracles.density(targets.numpy())) ** 2
        assert loss == pytest.approx(expected, abs=1e-6)


def test_chain_losses_are_those_of_the_channels(generator: torch.Generator) -> None:
    model = tiny_model(steps=3)
    inputs, *targets = haar_states(4, 3, qubits=2, generator=generator)
    losses = model.chain_losses(inputs, targets, generator)
    rho = oracles.density(inputs.numpy())

    assert len(losses) == 3
    for t in (2, 1, 0):
        rho = oracles.apply_channel(kraus(model, t), rho)
        expected = np.linalg.norm(rho - oracles.density(targets[t].numpy())) ** 2
        assert losses[t].item() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("ancillas", "steps"), [(1, 3), (2, 2)])
def test_exact_chain_keeps_all_branches(
    ancillas: int, steps: int, generator: torch.Generator
) -> None:
    model = tiny_model(steps=steps, ancillas=ancillas)
    seen = []

    def spy(psi: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
        seen.append(Particles(psi, weights))
        return mmd1(psi, targets, weights)

    model.distance = spy
    inputs = haar_states(5, qubits=2, generator=generator)
    model.chain_losses(inputs, [inputs] * steps, generator)

    assert [len(p.psi) for p in seen] == [5 * 2 ** (ancillas * (s + 1)) for s in range(steps)]
    for particles in seen:
        assert particles.weights.shape == particles.psi.shape[:1]
        assert particles.weights.sum().item() == pytest.approx(1, abs=1e-5)


def test_sampled_outcomes_keep_the_number_of_particles(generator: torch.Generator) -> None:
    model = tiny_model(outcomes="sampled")
    (instrument,) = model.instruments([0], 512)
    inputs = Particles(
        haar_states(3, qubits=2, generator=generator), torch.tensor([0.2, 0.3, 0.5])
    )
    psi, weights = model.advance(instrument, inputs, generator)

    assert psi.shape == (3, 4) and torch.equal(weights, inputs.weights)
    assert torch.allclose(torch.linalg.vector_norm(psi, dim=-1), torch.ones(3))


def test_mean_of_sampled_outcomes_is_the_channel(generator: torch.Generator) -> None:
    model = tiny_model(outcomes="sampled", ancillas=2)
    psi = haar_states(1, qubits=2, generator=generator)
    (instrument,) = model.instruments([1], 512)
    particles = uniform_particles(psi.expand(40_000, -1))
    sampled = mean_state(*model.advance(instrument, particles, generator))

    exact = oracles.apply_channel(kraus(model, 1), oracles.density(psi.numpy()))
    assert np.allclose(sampled.detach().numpy(), exact, atol=0.01)
    assert not np.allclose(sampled.detach().numpy(), oracles.density(psi.numpy()), atol=0.1)


@pytest.mark.parametrize("chain", [False, True])
@pytest.mark.parametrize("name", LOSSES)
def test_exact_gradient(name: str, chain: bool, generator: torch.Generator) -> None:
    model = tiny_model(name).double()
    inputs, *targets = haar_states(3, 5, qubits=2, generator=generator, dtype=C)

    def loss() -> Tensor:
        if chain:
            return torch.stack(model.chain_losses(inputs, targets, generator)).sum()
        return model.step_loss(1, inputs, targets[1], generator)

    def loss_at(x: np.ndarray) -> float:
        torch.nn.utils.vector_to_parameters(torch.from_numpy(x), model.parameters())
        with torch.no_grad():
            return loss().item()

    exact = flat_gradient(loss(), model).numpy()
    start = torch.nn.utils.parameters_to_vector(model.parameters()).detach().numpy().copy()
    numeric = oracles.gradient(loss_at, start)

    assert np.abs(numeric).max() > 1e-2
    assert np.allclose(exact, numeric, atol=1e-7)


def test_published_gradient_is_biased(generator: torch.Generator) -> None:
    """With many copies of one state, sampling noise averages out and the bias remains.

    What remains is the exact gradient with the probabilities held fixed.
    """

    exact, sampled = tiny_model(), tiny_model(outcomes="sampled")
    inputs = haar_states(1, qubits=2, generator=generator)
    targets = haar_states(1, qubits=2, generator=generator)
    right = flat_gradient(exact.step_loss(0, inputs, targets, generator), exact)

    (instrument,) = exact.instruments([0], 512)
    psi, weights = exact.advance(instrument, uniform_particles(inputs), generator)
    biased = flat_gradient(mmd1(psi, targets, weights.detach()), exact)

    copies = inputs.expand(40_000, -1)
    mean = flat_gradient(sampled.step_loss(0, copies, targets, generator), sampled)

    assert torch.allclose(mean, biased, atol=5e-3)
    assert (mean - right).abs().max() > 0.05


@pytest.mark.parametrize("name", ["mmdk", "mmdg", "mmd_transport"])
def test_scored_gradient_is_that_of_the_branches(name: str, generator: torch.Generator) -> None:
    """The mean over draws is the exact gradient; without scores it is another one."""
    inputs = haar_states(2000, qubits=2, generator=generator)
    targets = haar_states(3, qubits=2, generator=generator)
    exact = tiny_model(name)
    right = flat_gradient(exact.step_loss(0, inputs, targets, generator), exact)
    drawn: dict[Outcomes, Tensor] = {}
    for outcomes in ("score", "sampled"):
        model = tiny_model(name, outcomes)
        losses = [model.step_loss(0, inputs, targets, generator) for _ in range(5)]
        drawn[outcomes] = torch.stack([flat_gradient(loss, model) for loss in losses]).mean(dim=0)

    assert torch.allclose(drawn["score"], right, atol=3e-3)
    assert (drawn["sampled"] - right).abs().max() > 5e-3


@pytest.mark.parametrize("outcomes", ["exact", "sampled"])
@pytest.mark.parametrize("name", LOSSES)
def test_engines_agree(name: str, outcomes: Outcomes, generator: torch.Generator) -> None:
    inputs, targets = haar_states(2, 6, qubits=2, generator=generator)
    losses, gradients = [], []
    for engine in ("fused", "torchquantum"):
        model = tiny_model(name, outcomes, engine)
        loss = model.step_loss(1, inputs, targets, torch.Generator().manual_seed(3))
        losses.append(loss.item())
        gradients.append(flat_gradient(loss, model))

    assert losses[0] == pytest.approx(losses[1], abs=1e-5)
    assert (
        torch.allclose(gradients[0], gradients[1], atol=1e-5) and gradients[0].abs().max() > 1e-2
    )


@pytest.mark.parametrize("engine", ["fused", "torchquantum"])
def test_sample_chain_takes_the_steps_downwards(engine: Engine) -> None:
    """Each ensemble is one of the branches of the one before, under the right step."""

    model = tiny_model(engine=engine, steps=3)
    chain = model.sample_chain(8, torch.Generator().manual_seed(4))

    assert not chain.requires_grad
    terminal = model.forward_process.terminal_states(8, torch.Generator().manual_seed(4))
    assert torch.equal(chain[0], terminal)
    for t, before, after in zip((2, 1, 0), chain, chain[1:], strict=False):
        branches = np.einsum("mij,bj->bmi", kraus(model, t), before.numpy())
        unit = branches / np.linalg.norm(branches, axis=-1, keepdims=True)
        distance = np.abs(after.numpy()[:, None] - unit).max(axis=-1).min(axis=1)
        assert np.allclose(distance, 0, atol=1e-5)


def test_sample_chain_shape_seed_and_stop() -> None:
    model = tiny_model(qubits=4, steps=3)
    before = torch.get_rng_state()

    def chain(seed: int, stop: int = 0, n: int = 5) -> Tensor:
        return model.sample_chain(n, torch.Generator().manual_seed(seed), stop)

    full = chain(0)
    assert full.shape == (4, 5, 16) and full.dtype == torch.complex64
    assert torch.equal(full, chain(0)) and not torch.equal(full, chain(1))
    for stop in range(4):
        # The matrix products of fewer steps may round differently.
        assert torch.allclose(chain(0, stop), full[: 4 - stop], atol=1e-5)
        assert len(chain(0, stop)) == 4 - stop
    assert chain(0, n=1).shape == (4, 1, 16)
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize("stop", [-1, 6])
def test_a_chain_stops_at_a_step_that_exists(stop: int, generator: torch.Generator) -> None:
    model = QuDDPM(ForwardProcess(), layers=1, generator=generator)

    with pytest.raises(ValueError, match="from 0 to 5"):
        model.sample_chain(2, generator, stop=stop)


def test_a_circuit_has_layers() -> None:
    with pytest.raises(ValueError, match="layers: must be an integer of at least 1, was 0"):
        QuDDPM(ForwardProcess(), layers=0, generator=torch.Generator())
    for layers in ((), (1, 2, 3, 4, 5, 6)):
        with pytest.raises(ValueError, match="layers: must be one value, or 1 to 5 for the steps"):
            QuDDPM(ForwardProcess(), layers=layers, generator=torch.Generator())
    haar = ForwardProcess(terminal="haar")
    with pytest.raises(ValueError, match="at least 1 for the terminal ensemble haar, was 0"):
        QuDDPM(haar, ancillas=0, generator=torch.Generator())


@pytest.mark.parametrize(("init", "fourth"), [("uniform", 1 / 5), ("normal", 3.0)])
def test_first_angles(init: Initial, fourth: float, generator: torch.Generator) -> None:
    """Second and fourth moments: 1/3 and 1/5 of a uniform one, 1 and 3 of a normal one."""
    prior = QuDDPM(ForwardProcess(), layers=400, init_scale=2.0, init=init, generator=generator)
    angles = torch.cat([*prior.angles]).detach() / 2

    assert angles.square().mean().item() == pytest.approx({1 / 5: 1 / 3}.get(fourth, 1), rel=0.05)
    assert angles.pow(4).mean().item() == pytest.approx(fourth, rel=0.1)


def test_each_step_may_have_a_number_of_layers() -> None:
    model = tiny_model(steps=3, layers=(3, 2, 1))
    listed = tiny_model(steps=3, layers=[3, 2, 1])
    assert [x.tolist() for x in listed.angles] == [x.tolist() for x in model.angles]

    assert [circuit.layers for circuit in model.circuits] == [3, 2, 1]
    assert [len(angles) for angles in model.angles] == [18, 12, 6]


@pytest.mark.parametrize("loss", LOSSES)
def test_the_sum_of_weights_does_not_matter(loss: str, generator: torch.Generator) -> None:
    """It is one on average; what a draw has beyond that is noise that no gradient shall follow."""
    model = tiny_model(loss, outcomes="score")
    psi, targets = haar_states(2, 6, qubits=2, generator=generator)
    scale = torch.tensor(1.3, requires_grad=True)
    weights = torch.rand(6, generator=generator)

    scaled = model.compare(Particles(psi, scale * weights), targets, value=True)
    (gradient,) = torch.autograd.grad(scaled, scale)

    assert gradient.abs() < 1e-5
    unit = model.compare(Particles(psi, weights / weights.sum()), targets, value=True)
    assert scaled.item() == pytest.approx(unit.item(), abs=1e-5)


def test_first_angles_have_the_scale_of_their_step(generator: torch.Generator) -> None:
    prior = QuDDPM(ForwardProcess(), layers=200, init_scale=(3.0, 0.5), generator=generator)
    largest = [angles.abs().max().item() for angles in prior.angles]

    assert largest == pytest.approx([3.0, 0.5, 0.5, 0.5, 0.5], rel=0.02)


def test_the_spread_is_of_what_is_generated_alone() -> None:
    """Same seeds, same outcomes: fidelities near 1 / (1 + s^2) at the end, and 1 before it."""
    plain, spread = (QuDDPM(ForwardProcess(), layers=2, spread=s, seed=0) for s in (0.0, 0.3))
    first, second = (prior.sample_chain(2000, seed=1) for prior in (plain, spread))
    inputs = [p.sample_chain(50, seed=1, stop=1) for p in (plain, spread)]

    assert torch.equal(first[:-1], second[:-1]) and torch.equal(*inputs)
    found = fidelity(first[-1], second[-1]).mean().item()
    assert found == pytest.approx(1 / (1 + 0.3**2), abs=0.01)
    with pytest.raises(InputError, match="spread: must not be negative or infinite"):
        QuDDPM(ForwardProcess(), spread=-0.1, seed=0)
