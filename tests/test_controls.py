"""The controls: what the MLP chain draws, and mixed states against dense channels."""

from typing import Any, cast

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from baselines.chains import PerceptronChain, Perceptrons
from baselines.controls import Traced, TracedChain, trace_out
from baselines.mixed import mixed_features, mixed_mmdk
from latentq.config.compose import load_config
from latentq.config.config import arguments_of
from latentq.diffusion import DenoisingObjective, ForwardProcess, QuDDPM, report
from latentq.diffusion.losses.mmd import mmdk
from latentq.diffusion.losses.transport import wasserstein
from latentq.diffusion.objective import diffused
from latentq.errors import InputError
from latentq.models.generative import parameter_counts
from latentq.models.storage import build
from latentq.quantum.encoding import density_coordinates
from latentq.quantum.states import fidelity, haar_states
from latentq.randomness import derive_generator
from tests import oracles

MATCHED = ("perceptrons", "traced", "latent_diffusion", "vae_diffusion", "codebook")


def perceptrons(steps: int = 2) -> PerceptronChain:
    generator = torch.Generator().manual_seed(5)
    return PerceptronChain(ForwardProcess(2, steps), width=7, generator=generator)


def traced(steps: int = 2, ancillas: int = 1) -> TracedChain:
    return TracedChain(
        ForwardProcess(2, steps),
        ancillas=ancillas,
        layers=3,
        loss="wasserstein",
        init_scale=3.0,
        generator=torch.Generator().manual_seed(5),
    )


def exact_chain(
    chain: TracedChain, psi: np.ndarray[Any, Any], ancillas: int
) -> list[np.ndarray[Any, Any]]:
    """The density matrices of a generation from one pure state, by dense channels."""
    found = [oracles.density(psi)]
    for circuit, angles in zip(reversed(chain.circuits), reversed(chain.angles), strict=True):
        kraus = oracles.kraus(circuit, angles.detach().numpy(), ancillas)
        found.append(oracles.apply_channel(kraus, found[-1]))
    return found


def exact_mmd(rho: list[np.ndarray[Any, Any]], sigma: list[np.ndarray[Any, Any]]) -> float:
    """The MMD of density matrices by a double loop."""

    def mean(a: list[np.ndarray[Any, Any]], b: list[np.ndarray[Any, Any]]) -> float:
        return float(np.mean([oracles.ladder(np.trace(x @ y).real) for x in a for y in b]))

    return mean(rho, rho) + mean(sigma, sigma) - 2 * mean(rho, sigma)


def test_perceptrons_toss_a_fair_coin(generator: torch.Generator) -> None:
    chain = perceptrons()
    psi = haar_states(5, qubits=2, generator=generator)
    (instrument,) = chain.instruments([1], 5)
    branches = instrument(psi)

    assert branches.shape == (5, 2, 4)
    assert torch.allclose(branches.abs().square().sum(dim=-1), torch.full((5, 2), 0.5))
    weights = [p.detach() for p in chain.networks[1].parameters()]
    for side, branch in zip((-1.0, 1.0), branches.unbind(dim=1), strict=True):
        x = torch.cat((psi.real, psi.imag, torch.full((5, 1), side)), dim=1)
        hidden = functional.silu(x @ weights[0].T + weights[1])
        moved = x[:, :8] + hidden @ weights[2].T
        moved = moved / moved.norm(dim=1, keepdim=True) / 2**0.5
        assert torch.allclose(branch, torch.complex(*moved.chunk(2, dim=1)), atol=1e-6)


def test_perceptrons_learn_two_states(generator: torch.Generator) -> None:
    goal = haar_states(2, qubits=2, generator=generator)
    chain = perceptrons()
    objective = DenoisingObjective(
        chain,
        goal.repeat(30, 1),
        input_batch_size=32,
        start_batch_size=32,
        target_batch_size=32,
        intermediate_weight=0.05,
        seed=0,
    )
    optimizer = torch.optim.Adam(chain.parameters(), lr=0.02)
    objective.begin(chain.steps)
    for step in range(150):
        optimizer.zero_grad()
        objective.loss(step)["loss"].backward()
        optimizer.step()
    drawn = chain.sample_chain(200, generator)[-1]
    best = torch.stack([fidelity(drawn, state) for state in goal])

    assert best.max(dim=0).values.mean() > 0.85
    assert 40 < (best[0] > best[1]).sum() < 160


def test_the_chain_of_mlps_has_the_size_of_the_circuits() -> None:
    counts = {
        kind: parameter_counts(build(kind, arguments_of(load_config([f"model={kind}"]))))  # type: ignore[arg-type]
        for kind in (
            *("quantum", "perceptrons", "traced"),
            *("latent_diffusion", "vae_diffusion", "codebook"),
        )
    }
    circuits = counts["quantum"]["prior"]

    for kind, count in counts.items():
        assert abs(count["prior"] / circuits - 1) < 0.02, kind
    assert len({c["decoder"] for k, c in counts.items() if k != "vae_diffusion"}) == 1


def test_tracing_out_is_the_channel(generator: torch.Generator) -> None:
    chain = traced(steps=3, ancillas=2)
    mixed = chain.sample_chain(4, generator).numpy()

    assert mixed.shape == (4, 4, 4**3, 4)
    assert [int((np.abs(rho[2]).sum(axis=1) > 0).sum()) for rho in mixed] == [1, 4, 16, 64]
    for rho, vectors in zip(exact_chain(chain, mixed[0][2, :1], 2), mixed, strict=True):
        assert np.allclose(oracles.density(vectors[2], np.ones(64)), rho, atol=1e-5)


def test_the_loss_of_mixed_states_is_transport_of_their_fidelities(
    generator: torch.Generator,
) -> None:
    """Where the instrument leaves states pure, the loss is the Wasserstein distance."""
    chain = traced()
    psi, targets = haar_states(2, 4, qubits=2, generator=generator)
    for angles in chain.angles:
        torch.nn.init.zeros_(angles)

    losses = chain.chain_losses(psi, [targets, targets], generator)
    moved = trace_out(chain.instruments([1], 4)[0], psi[:, None])[:, 0]

    assert losses[1].item() == pytest.approx(wasserstein(moved, targets).item(), abs=1e-5)
    assert losses[0].item() == pytest.approx(
        chain.step_loss(0, moved[:, None], targets, generator).item(), abs=1e-5
    )


def test_mixed_costs_are_overlaps_with_the_density_matrix(generator: torch.Generator) -> None:
    chain = traced(steps=1)
    psi, target = haar_states(2, 1, qubits=2, generator=generator)
    kraus = oracles.kraus(chain.circuits[0], chain.angles[0].detach().numpy(), 1)
    rho = oracles.apply_channel(kraus, oracles.density(psi.numpy()))
    overlap = (target[0].numpy().conj() @ rho @ target[0].numpy()).real

    (loss,) = chain.chain_losses(psi, [target], generator)

    assert loss.item() == pytest.approx(1 - overlap, abs=1e-5)


def test_a_traced_model_decodes_the_average_of_features() -> None:
    config = load_config(["model=traced", "prior.layers=2", "model.channels=4"])
    model = Traced(**arguments_of(config)).eval()
    chain = model.sample_chain(3, seed=1)
    pure = model.prior.forward_process.terminal_states(3, model.generator(1))

    assert chain.shape == (6, 3, 2**7, 16)  # Three ancillas, and one in each other step.
    assert torch.allclose(chain.abs().square().sum(dim=(2, 3)), torch.ones(6, 3), atol=1e-5)
    assert torch.allclose(model.decode(chain[0]), model.decode(pure), atol=1e-6)
    assert torch.equal(model.sample(3, seed=1), model.sample(3, seed=1))


def test_phases_alone_hand_mixed_states_on(generator: torch.Generator) -> None:
    chain = traced(steps=3)
    inputs = chain.draw_inputs(4, generator, t=0)

    assert inputs.shape == (4, 4, 4)
    loss = chain.step_loss(0, inputs, haar_states(5, qubits=2, generator=generator), generator)
    loss.backward()
    assert chain.angles[0].grad is not None and chain.angles[1].grad is None


def test_the_mmd_of_mixed_states_is_that_of_density_matrices(generator: torch.Generator) -> None:
    phi, psi = (haar_states(n, 3, qubits=2, generator=generator) for n in (6, 4))
    phi, psi = phi * torch.tensor([0.7, 0.1, 0.2]).sqrt()[:, None], psi / 3**0.5
    exact = [[oracles.density(x, np.ones(3)) for x in part.numpy()] for part in (phi, psi)]

    assert mixed_mmdk(phi, psi) == pytest.approx(exact_mmd(*exact), abs=1e-6)
    assert mixed_mmdk(phi, psi) > 0.01
    assert torch.allclose(mixed_features(phi), density_coordinates(phi).sum(dim=1), atol=1e-6)
    pure = phi[:, 0] / 0.7**0.5
    assert mixed_mmdk(pure[:, None], psi[:, :1] * 3**0.5) == pytest.approx(
        mmdk(pure, psi[:, 0] * 3**0.5).item(), abs=1e-6
    )


@pytest.mark.parametrize("groups", [False, True])
def test_the_report_of_a_traced_chain_is_of_its_mixed_states(
    groups: bool, generator: torch.Generator
) -> None:
    chain, latents = traced(steps=2), haar_states(7, qubits=2, generator=generator)
    labels = torch.arange(7) % 3 if groups else None
    draws = derive_generator(0, "report", 0)
    terminal = chain.forward_process.terminal_states(7, draws, labels)
    end = chain.forward_process.diffuse(latents, 2, draws)
    mixed = [exact_chain(chain, psi, 1)[::-1] for psi in terminal[:, None].numpy()]
    targets = diffused(chain.forward_process, latents, 0, 2)
    pure = [[oracles.density(x[None]) for x in s.numpy()] for s in (*targets, end)]
    *steps, undone = ([rho[t] for rho in mixed] for t in range(3))
    found = report(chain, latents, 0, labels)

    expected = [exact_mmd(rho, s) for rho, s in zip(steps, pure[:2], strict=True)]
    assert found["steps"] == pytest.approx(expected, abs=1e-6)
    assert found["undenoised"] == pytest.approx(exact_mmd(undone, pure[0]), abs=1e-6)
    assert found["forward_end"] == pytest.approx(exact_mmd(pure[2], undone), abs=1e-6)


def test_what_a_chain_does_is_said_once(generator: torch.Generator) -> None:
    """Samples, inputs of steps and the report follow one method, which a subclass may replace."""

    class Fixed(QuDDPM):
        def move(self, *given: Any) -> Tensor:  # noqa: ANN401
            return torch.eye(4, dtype=torch.complex64)[:1].repeat(5, 1)

    chain = Fixed(ForwardProcess(2, 2), layers=1, generator=generator)
    first = torch.eye(4, dtype=torch.complex64)[:1]

    assert torch.equal(chain.sample_chain(5, generator)[1:], first.expand(2, 5, 4))
    assert torch.equal(chain.draw_inputs(5, generator, 0), first.expand(5, 4))
    steps = cast(list[float], report(chain, first.repeat(5, 1), 0)["steps"])
    assert steps[0] == pytest.approx(0, abs=1e-6) and steps[1] > 1e-3


def test_a_traced_chain_knows_one_loss() -> None:
    """Another one would be replaced by it without a word."""
    with pytest.raises(InputError, match="loss: must be wasserstein"):
        TracedChain(
            ForwardProcess(2, 2), layers=1, loss="mmdk", generator=torch.Generator().manual_seed(0)
        )


def test_perceptrons_are_a_model_like_any_other() -> None:
    config = load_config(["model=perceptrons", "model.channels=4"])
    model = Perceptrons(**arguments_of(config)).eval()

    assert cast(PerceptronChain, model.prior).steps == 5
    assert torch.equal(model.sample(2, seed=3), model.sample(2, seed=3))
