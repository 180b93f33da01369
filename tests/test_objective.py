from typing import Any, cast

import pytest
import torch
from torch import Tensor

from latentq.diffusion import Chain, DenoisingObjective, ForwardProcess, QuDDPM, report
from latentq.diffusion.losses.mmd import mmdk
from latentq.diffusion.losses.transport import wasserstein
from latentq.errors import InputError
from latentq.quantum.states import fidelity, haar_states, perturb
from latentq.randomness import derive_generator


def objective(latents: Tensor, steps: int = 3, seed: int = 0) -> DenoisingObjective:
    prior = QuDDPM(
        ForwardProcess(qubits=2, steps=steps),
        layers=2,
        outcomes="sampled",
        init_scale=3.0,
        generator=torch.Generator().manual_seed(1),
    )
    return DenoisingObjective(
        prior,
        latents,
        input_batch_size=6,
        start_batch_size=5,
        target_batch_size=7,
        intermediate_weight=0.3,
        seed=seed,
    )


@pytest.fixture
def latents(generator: torch.Generator) -> Tensor:
    return haar_states(20, qubits=2, generator=generator)


def trained(loss: Tensor, prior: Chain) -> list[int]:
    """The steps whose angles have a gradient."""
    gradients = torch.autograd.grad(loss, list(cast(QuDDPM, prior).angles), allow_unused=True)
    return [t for t, g in enumerate(gradients) if g is not None and g.abs().max() > 1e-6]


def test_ensembles_are_the_forward_process(latents: Tensor) -> None:
    ours = objective(latents, seed=3)

    assert len(ours.ensembles) == 3 and torch.equal(ours.ensembles[0], latents)
    for t in (1, 2):
        expected = ours.prior.forward_process.diffuse(
            latents, t, derive_generator(3, "diffuse", t)
        )
        assert torch.equal(ours.ensembles[t], expected)


@pytest.mark.parametrize("phase", [0, 1, 2])
def test_a_step_alone(phase: int, latents: Tensor) -> None:
    ours, t = objective(latents), 2 - phase
    ours.begin(phase)
    parts = ours.loss(4)

    assert set(parts) == {"loss", f"loss_{t}"} and trained(parts["loss"], ours.prior) == [t]
    chain = ours.prior.sample_chain(6, derive_generator(0, "inputs", t), stop=t + 1)
    draws = derive_generator(0, "denoise", 4)
    targets = ours.ensembles[t][torch.randint(20, (7,), generator=draws)]
    expected = ours.prior.step_loss(t, chain[-1], targets, draws)
    assert parts["loss"].item() == parts[f"loss_{t}"].item() == pytest.approx(expected.item())


def test_all_steps_together(latents: Tensor) -> None:
    ours = objective(latents)
    ours.begin(3)
    parts = ours.loss(0)
    weighted = parts["loss_0"] + 0.3 * (parts["loss_1"] + parts["loss_2"])

    assert parts["loss"].item() == pytest.approx(weighted.item() / 1.6)
    assert trained(parts["loss"], ours.prior) == [0, 1, 2]
    assert len({round(parts[f"loss_{t}"].item(), 6) for t in range(3)}) == 3


def test_each_step_has_its_own_targets(latents: Tensor) -> None:
    ours = objective(latents)
    ours.ensembles = [state.expand(20, -1) for state in torch.eye(4, dtype=torch.complex64)]
    ours.prior.distance = lambda psi, targets, weights: targets[0].abs().argmax() + 0.0
    ours.begin(3)
    parts = ours.loss(0)

    assert [parts[f"loss_{t}"].item() for t in range(3)] == [0, 1, 2]


def test_without_weight_the_last_ensemble_alone_is_compared(latents: Tensor) -> None:
    ours, all_of_them = objective(latents), objective(latents)
    ours.intermediate_weight = 0.0
    for one in (ours, all_of_them):
        one.begin(3)
    parts, others = ours.loss(0), all_of_them.loss(0)

    assert set(parts) == {"loss", "loss_0"}
    assert parts["loss"].item() == parts["loss_0"].item() == others["loss_0"].item()
    assert trained(parts["loss"], ours.prior) == [0, 1, 2]


def test_draws_depend_on_seed_and_step_alone(latents: Tensor) -> None:
    first, again, other = objective(latents), objective(latents), objective(latents, seed=1)
    for ours in (first, again, other):
        ours.begin(3)
    first.loss(1)

    assert torch.equal(first.loss(2)["loss"], again.loss(2)["loss"])
    assert not torch.equal(first.loss(2)["loss"], again.loss(3)["loss"])
    assert not torch.equal(first.loss(2)["loss"], other.loss(2)["loss"])


def test_report(latents: Tensor) -> None:
    latents = latents[:9]
    ours = objective(latents, seed=2)
    ours.prior.distance = wasserstein  # the report is by mmdk, whatever the loss
    generator = derive_generator(2, "report", 0)
    terminal, *generated = ours.prior.sample_chain(9, generator)
    end = ours.prior.forward_process.diffuse(latents, 3, generator)
    pairs = zip(reversed(generated), ours.ensembles, strict=True)
    steps = [mmdk(p, s).item() for p, s in pairs]

    found = report(ours.prior, latents, seed=2)
    assert found["steps"] == pytest.approx(steps)
    assert found["undenoised"] == pytest.approx(mmdk(terminal, latents).item())
    assert found["forward_end"] == pytest.approx(mmdk(end, terminal).item())


@pytest.mark.parametrize("loss", ["mmd1", "mmdk", "mmdg", "mmd_transport"])
@pytest.mark.parametrize("phase", [0, 9])
def test_values_that_do_not_matter_leave_the_gradient_as_it_is(loss: str, phase: int) -> None:
    made = QuDDPM(ForwardProcess(2, 2), layers=2, loss=loss, generator=derive_generator(0, "a"))
    latents = haar_states(30, qubits=2, generator=derive_generator(0, "b"))
    objective = DenoisingObjective(
        made,
        latents,
        input_batch_size=6,
        start_batch_size=3,
        target_batch_size=5,
        intermediate_weight=0.1,
        seed=0,
    )
    objective.begin(phase)
    angles = [made.angles[1]] if phase == 0 else [*made.angles]
    losses = [objective.loss(7, value)["loss"] for value in (True, False)]
    gradients = [torch.autograd.grad(value, angles) for value in losses]

    assert (losses[0] - losses[1] > 1e-3) == (loss != "mmd1")
    assert all(torch.equal(a, b) for a, b in zip(*gradients, strict=True))


def grouped(prior: Chain, latents: Tensor, groups: Tensor) -> DenoisingObjective:
    return DenoisingObjective(
        prior,
        latents,
        input_batch_size=7,
        start_batch_size=7,
        target_batch_size=6,
        intermediate_weight=0.0,
        seed=0,
        groups=groups,
    )


def test_a_group_starts_in_its_basis_state_and_has_its_own_targets(latents: Tensor) -> None:
    groups = torch.arange(20) % 3
    ours = grouped(objective(latents).prior, latents, groups)
    seen = []

    def spy(psi: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
        seen.append((len(psi), targets, weights))
        return psi.real.sum() * 0.0 + len(seen)

    ours.prior.distance = spy
    ours.intermediate_weight = 0.1
    ours.begin(3)
    parts = ours.loss(5)

    assert len(seen) == 9 and parts["loss_2"] == 2 and parts["loss_0"] == 8  # means over groups
    for k, (n, targets, weights) in enumerate(seen[6:]):
        assert n == 2 and weights.sum().item() == pytest.approx(1)
        gap = (targets[:, None] - latents[groups == k]).abs().amax(dim=-1)
        assert len(targets) == 2 and bool((gap.amin(dim=1) == 0).all())


def test_groups_are_generated_from_their_basis_states() -> None:
    """Three groups around three states: what starts in |k> ends in group k."""
    centres = haar_states(3, qubits=2, generator=derive_generator(0, "centres"))
    groups = torch.arange(300) % 3
    latents = perturb(centres[groups], 0.2, derive_generator(0, "latents"))
    prior = QuDDPM(
        ForwardProcess(2, 2, terminal_strength=0.2),
        layers=6,
        loss="wasserstein",
        outcomes="score",
        init_scale=3.0,
        generator=derive_generator(0, "angles"),
    )
    ours = grouped(prior, latents, groups)
    ours.start_batch_size = ours.target_batch_size = 48
    ours.begin(2)
    optimizer = torch.optim.Adam(prior.parameters(), lr=0.05)
    for step in range(150):
        optimizer.zero_grad()
        ours.loss(step)["loss"].backward()
        optimizer.step()

    start = torch.arange(3).repeat_interleave(100)
    psi = prior.sample_chain(300, derive_generator(1, "sample"), start=start)[-1]
    nearest = fidelity(psi[:, None], centres).argmax(dim=1)
    assert (nearest == start).double().mean() > 0.9


def test_the_report_of_groups_starts_in_them(latents: Tensor) -> None:
    groups = torch.arange(20) % 3
    prior, generator = objective(latents).prior, derive_generator(0, "report", 0)
    chain = prior.sample_chain(20, generator, start=groups)

    found = report(prior, latents, 0, groups)
    assert found["undenoised"] == pytest.approx(mmdk(chain[0], latents).item())


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ([0, 0, 2, 3], r"groups: each must have a state, 1 of 4 have none \(1\)"),
        ([0, 1, -1, 1], "groups: must be from 0 to 3"),
        ([0, 1, 4, 2], "groups: must be from 0 to 3"),
    ],
)
def test_groups_that_are_none_are_refused(
    groups: list[int], message: str, latents: Tensor
) -> None:
    with pytest.raises(InputError, match=message):
        grouped(objective(latents).prior, latents[:4], torch.tensor(groups))


@pytest.mark.parametrize("name", ["input_batch_size", "start_batch_size", "target_batch_size"])
def test_there_is_one_state_for_each_group_at_least(name: str, latents: Tensor) -> None:
    """Fewer were rounded up without a word."""
    numbers = {"input_batch_size": 3, "start_batch_size": 3, "target_batch_size": 3}
    groups = torch.arange(20) % 3

    def make(**given: Any) -> None:  # noqa: ANN401
        prior = objective(latents).prior
        DenoisingObjective(prior, latents, **given, intermediate_weight=0.0, seed=0, groups=groups)

    make(**numbers)
    with pytest.raises(InputError, match=f"{name}: must be at least 3, one for a group, was 2"):
        make(**{**numbers, name: 2})
    with pytest.raises(InputError, match="each must have a state, 1 of 1"):
        objective(latents[:0])


def test_without_single_steps_all_are_trained_together_at_once(latents: Tensor) -> None:
    """Only S_0 is then needed, and no phase is of a step alone."""
    sizes: Any = {"input_batch_size": 6, "start_batch_size": 8, "target_batch_size": 7}
    prior = objective(latents).prior
    ours = DenoisingObjective(
        prior, latents, **sizes, intermediate_weight=0.0, seed=0, single_steps=False, balanced=True
    )
    ours.begin(0)
    parts = ours.loss(0)

    assert ours.alone == 0 and len(ours.ensembles) == 1
    assert set(parts) == {"loss", "loss_0"} and trained(parts["loss"], prior) == [0, 1, 2]
    starts = ours.start(8, torch.Generator().manual_seed(0))
    assert starts is not None and torch.bincount(starts).tolist() == [2, 2, 2, 2]
    firsts = [ours.start(1, torch.Generator().manual_seed(k)) for k in range(20)]
    assert len({int(first) for first in firsts if first is not None}) == 4
