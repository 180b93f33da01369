"""The time of a study: iterations are timed by a clock that the test turns."""

import pytest
import torch

from latentq.config.compose import load_config
from latentq.diffusion import DenoisingObjective
from latentq.study import estimate

TINY = [
    *("model=linear", "prior.qubits=2", "prior.rank=1", "prior.steps=3", "model.channels=2"),
    *("denoising.iterations_per_epoch=7", "denoising.epochs=4"),
    *(f"denoising.{name}_batch_size=16" for name in ("input", "start", "target")),
]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [0.0]
    monkeypatch.setattr(estimate.time, "process_time", lambda: now[0])
    monkeypatch.setattr(estimate, "LATENTS", 64)
    return now


def test_iterations_alone_and_together_are_counted_apart(
    clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    loss = DenoisingObjective.loss

    def slow(self: DenoisingObjective, step: int, value: bool = True) -> dict[str, torch.Tensor]:
        clock[0] += 100.0 if step == 0 else 2.0 if self.phase < 3 else 5.0
        return loss(self, step, value)

    monkeypatch.setattr(DenoisingObjective, "loss", slow)

    # Three steps alone and four epochs together, each of seven iterations; the first one of a
    # phase, which compiles, is left out.
    config = load_config([*TINY, "denoising.single_steps=true"])
    assert estimate.prior_seconds(config, 3) == pytest.approx(7 * (3 * 2 + 4 * 5))


@pytest.mark.parametrize("model", ["classical", "ensemble"])
def test_what_is_not_trained_takes_no_time(model: str, clock: list[float]) -> None:
    words = ["prior.qubits=2"] if model == "ensemble" else []
    config = load_config([f"model={model}", "model.channels=2", *words])

    assert estimate.prior_seconds(config, 3) == 0.0


def test_the_sum_of_all_jobs_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(estimate, "prior_seconds", lambda config, iterations: 100.0)
    words = "arms=linear,vae seeds=3 train_sizes=300,1000 workers=2 autoencoder=60 evaluation=20"
    estimate.estimate(words.split())

    # Six jobs of linear of 120 s; six of vae and of the autoencoder under linear, of 180 s.
    seconds = 6 * 120 + 12 * 180
    assert f"18 jobs, {seconds / 3600:.1f} processor hours, {seconds / 7200:.1f} h" in (
        capsys.readouterr().out
    )
