"""`latentq.fit`: what it trains, what it tells, and what it leaves alone."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from latentq.diffusion import DenoisingObjective, ForwardProcess, QuDDPM
from latentq.diffusion.fit import fit, train_phase
from latentq.diffusion.losses.mmd import expected_mmd1, mmd1
from latentq.diffusion.schedule import cosine_schedule
from latentq.errors import InputError, NonFiniteError
from latentq.quantum.states import haar_states
from latentq.quantum.targets import Cluster
from latentq.randomness import derive_generator

STATES = Cluster(2, 0.2).draw(60, derive_generator(0, "states"))
FEW: dict[str, Any] = {"batch_size": 16, "start_batch_size": 4, "progress": False}


def prior(**given: Any) -> QuDDPM:  # noqa: ANN401
    return QuDDPM(ForwardProcess(2, 2), **{"layers": 2, "seed": 0, **given})


def angles_of(model: QuDDPM) -> Tensor:
    return torch.cat([angles.detach() for angles in model.angles])


def by_hand(model: QuDDPM, numbers: list[int], weight: float, seed: int) -> list[float]:
    """Adam on the objective, phase by phase, as a user would write it."""
    objective = DenoisingObjective(
        model,
        STATES,
        input_batch_size=16,
        start_batch_size=4,
        target_batch_size=16,
        intermediate_weight=weight,
        seed=seed,
    )
    losses: list[float] = []
    for phase, number in enumerate(numbers):
        objective.begin(phase)
        optimizer = torch.optim.Adam(model.parameters(), lr=1.0, fused=True)
        for i in range(number):
            optimizer.param_groups[0]["lr"] = 0.03 * cosine_schedule(i, number)
            optimizer.zero_grad()
            loss = objective.loss(len(losses))["loss"]
            loss.backward()
            losses.append(loss.item())
            optimizer.step()
    return losses


@pytest.mark.parametrize("loss", ["mmd1", "mmdk", "wasserstein"])
def test_it_is_adam_on_the_objective_of_training(loss: str) -> None:
    model, same = prior(loss=loss), prior(loss=loss)
    losses = by_hand(same, [4, 4, 13], 0.1, 3)
    rows = fit(model, STATES, 21, alone=0.4, lr=0.03, intermediate_weight=0.1, seed=3, **FEW)

    assert torch.equal(angles_of(model), angles_of(same))
    assert [row["iteration"] for row in rows] == [0, 3, 7, 10, 20]
    assert [row["loss"] for row in rows] == [losses[int(row["iteration"])] for row in rows]
    names = [{*row} - {"iteration", "loss"} for row in rows]
    assert names == [{"loss_1"}, {"loss_1"}, {"loss_0"}, *[{"loss_0", "loss_1"}] * 2]


def test_the_first_phases_train_a_step_alone() -> None:
    model = prior()
    before = [angles.detach().clone() for angles in model.angles]
    objective = DenoisingObjective(
        model,
        STATES,
        input_batch_size=8,
        start_batch_size=4,
        target_batch_size=8,
        intermediate_weight=0.0,
        seed=0,
    )
    train_phase(objective, 0, range(2), 0.05)

    assert torch.equal(model.angles[0], before[0]) and not torch.equal(model.angles[1], before[1])
    assert all(angles.grad is None for angles in model.angles)


def test_a_trained_prior_generates_the_cluster() -> None:
    """An unbiased estimate: that of new data is 0, that of what it starts from is above 1/4."""
    model = prior(layers=6)
    states = Cluster(2, 0.2).draw(600, derive_generator(0, "states"))
    new = Cluster(2, 0.2).draw(1000, derive_generator(1, "states"))
    before = float(expected_mmd1(model.sample(1000), new))
    rows = fit(model, states, 80, progress=False)
    after = float(expected_mmd1(model.sample(1000), new))

    assert before > 0.25 and after < 0.01
    assert rows[-1]["loss"] < 0.1 * rows[0]["loss"]


def test_a_seed_decides_everything() -> None:
    first, again, other = prior(), prior(), prior()
    torch.manual_seed(5)
    fit(first, STATES, 4, **FEW)
    drawn = torch.rand(1)
    torch.manual_seed(5)
    assert torch.equal(drawn, torch.rand(1))
    fit(again, STATES, 4, **FEW)
    fit(other, STATES, 4, seed=1, **FEW)

    assert torch.equal(angles_of(first), angles_of(again))
    assert not torch.equal(angles_of(first), angles_of(other))


def test_settings_of_the_caller_neither_matter_nor_change() -> None:
    expected, model = prior(), prior()
    fit(expected, STATES, 4, **FEW)
    torch.set_default_dtype(torch.float64)
    try:
        with torch.no_grad():
            fit(model, STATES.to(torch.complex128), 4, **FEW)
            assert not torch.is_grad_enabled()
        assert torch.get_default_dtype() == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)

    assert torch.equal(angles_of(model), angles_of(expected))


def test_all_outcomes_start_from_fewer_states(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    real = DenoisingObjective.__init__

    def spy(self: DenoisingObjective, *given: Any, **named: Any) -> None:  # noqa: ANN401
        seen.append(named["start_batch_size"])
        real(self, *given, **named)

    monkeypatch.setattr(DenoisingObjective, "__init__", spy)
    for outcomes in ("exact", "score"):
        fit(prior(outcomes=outcomes), STATES, 1, batch_size=64, progress=False)

    assert seen == [32, 64]


@pytest.mark.parametrize("terminal", [True, False])
def test_a_bar_is_shown_on_a_terminal_only(
    terminal: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if terminal:
        monkeypatch.setenv("FORCE_COLOR", "1")
    else:
        monkeypatch.delenv("FORCE_COLOR", raising=False)
    fit(prior(), STATES, 2, batch_size=8, start_batch_size=2)
    shown = capsys.readouterr()

    assert shown.out == "" and ("training" in shown.err and "100%" in shown.err) == terminal
    fit(prior(), STATES, 2, batch_size=8, start_batch_size=2, progress=False)
    assert capsys.readouterr() == ("", "")


GENERATOR = torch.Generator().manual_seed(0)


@pytest.mark.parametrize(
    ("states", "message"),
    [
        ([[1.0, 0.0]], "states: must be a complex tensor of statevectors, was of type list"),
        (STATES.real, "states: must be a complex tensor of statevectors, was torch.float32"),
        (STATES[0], r"states: must have the shape \(N, 4\), had \(4,\)"),
        (haar_states(9, qubits=3, generator=GENERATOR), r"the shape \(N, 4\), had \(9, 8\)"),
        (STATES[:1], "states: must be at least 2 states, was 1"),
        (STATES[:0], "states: must be at least 2 states, was 0"),
        (2 * STATES, "states: must be finite and of norm one, was off by 1; divide each"),
        (math.nan * STATES, "states: must be finite and of norm one, was off by nan"),
    ],
)
def test_states_that_are_none_are_refused(states: Any, message: str) -> None:  # noqa: ANN401
    model = prior()
    before = angles_of(model)
    with pytest.raises(InputError, match=message) as caught:
        fit(model, states, 3, **FEW)
    assert len(caught.value.lines()) == 1 and torch.equal(angles_of(model), before)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"iterations": 0}, "iterations: must be an integer of at least 1, was 0"),
        ({"iterations": 2.5}, "iterations: must be an integer of at least 1, was 2.5"),
        ({"batch_size": 0}, "batch_size: must be an integer of at least 1"),
        ({"start_batch_size": 0}, "start_batch_size: must be an integer of at least 1"),
        ({"seed": -1}, "seed: must be an integer of at least 0"),
        ({"lr": 0.0}, "lr: must be above 0 and below inf, was 0.0"),
        ({"lr": math.nan}, "lr: must be above 0 and below inf, was nan"),
        ({"alone": 1.0}, "alone: must be at least 0 and below 1, was 1.0"),
        ({"alone": -0.1}, "alone: must be at least 0 and below 1, was -0.1"),
        ({"intermediate_weight": -1.0}, "intermediate_weight: must be at least 0"),
        ({"prior": 3}, "prior: must be a QuDDPM, was of type int"),
    ],
)
def test_arguments_that_are_none_are_refused(given: dict[str, Any], message: str) -> None:
    chosen = {"prior": prior(), "states": STATES, "iterations": 3, **FEW, **given}
    with pytest.raises(InputError, match=message):
        fit(**chosen)


class Doubled(ForwardProcess):
    def terminal_states(
        self, n: int, generator: torch.Generator, start: Tensor | None = None
    ) -> Tensor:
        return 2 * super().terminal_states(n, generator, start)


class Wide(ForwardProcess):
    def diffuse(self, psi: Tensor, t: int, generator: torch.Generator) -> Tensor:
        return super().diffuse(psi, t, generator).repeat(1, 2)


class Precise(ForwardProcess):
    def diffuse(self, psi: Tensor, t: int, generator: torch.Generator) -> Tensor:
        return super().diffuse(psi, t, generator).to(torch.complex128)


@pytest.mark.parametrize(
    ("process", "message"),
    [
        (Doubled(2, 2), "forward_process.terminal_states: must be finite and of norm one"),
        (Wide(2, 2), r"forward_process.diffuse: must have the shape \(N, 4\), had \(2, 8\)"),
        (Precise(2, 2), "forward_process.diffuse: must be complex64, was torch.complex128"),
    ],
)
def test_a_process_that_makes_no_states_is_refused(process: Any, message: str) -> None:  # noqa: ANN401
    with pytest.raises(InputError, match=message):
        fit(QuDDPM(process, layers=2, seed=0), STATES, 3, **FEW)


def test_a_loss_that_is_not_finite_ends_the_training() -> None:
    def wild(phi: Tensor, psi: Tensor, weights: Tensor) -> Tensor:
        return mmd1(phi, psi, weights) / 0

    with pytest.raises(NonFiniteError, match="loss: became inf in iteration 0"):
        fit(prior(loss=wild), STATES, 3, **FEW)
