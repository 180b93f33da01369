"""Numbers that are not as they must be stop a training at that step, and leave what was seen."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from baselines.vae import VAE
from latentq.config.commands import is_explained
from latentq.data import load_data
from latentq.diffusion import ForwardProcess, QuDDPM
from latentq.diffusion.chain import TOLERANCE
from latentq.errors import CheckpointError, InputError, NonFiniteError, NumericalError, RunError
from latentq.models import storage
from latentq.models.hybrid import LatentQ
from latentq.models.networks import Encoder
from latentq.randomness import derive_generator
from latentq.training import checkpoints, guards, stages
from latentq.training.run import Run
from latentq.training.workflow import measure
from tests.faults.runs import folder_of, outcome, tiny
from tests.faults.test_resume import at_saves
from train import train


def poisoned(
    patch: pytest.MonkeyPatch, step: int, poison: Callable[[Any, Tensor], Tensor]
) -> None:
    """Does something to the loss of an iteration of images."""

    training = stages.ImageModule.training_step

    def changed(self: Any, batch: Any, index: int) -> Tensor:  # noqa: ANN401
        loss = training(self, batch, index)
        return poison(self, loss) if self.global_step == step else loss

    patch.setattr(stages.ImageModule, "training_step", changed)


def infinite_gradient(module: Any, loss: Tensor) -> Tensor:  # noqa: ANN401
    """A loss that is finite, and its gradient by one weight is not: that of a root at zero."""
    weight = next(module.model.parameters()).flatten()[0]
    return loss + (weight - weight.detach()).abs().sqrt()


POISONS: dict[str, tuple[Callable[[Any, Tensor], Tensor], str]] = {
    "loss nan": (lambda _, loss: loss * torch.nan, "loss: was nan at iteration 4"),
    "loss infinite": (lambda _, loss: loss + torch.inf, "loss: was inf at iteration 4"),
    "gradient": (infinite_gradient, "gradient: its norm was (nan|inf) at iteration 4"),
}


@pytest.mark.parametrize("poison", POISONS)
def test_a_training_stops_before_what_is_not_finite_reaches_the_weights(
    poison: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change, words = POISONS[poison]
    with monkeypatch.context() as patch:
        at_saves(patch, lambda _: None)
        poisoned(patch, 4, change)
        with pytest.raises(RunError, match=words):
            train(tiny("classical", tmp_path))
    folder = folder_of("classical", tmp_path)

    state = checkpoints.unpack((folder / "last.ckpt").read_bytes(), folder)
    assert state.facts["step"] == 4
    failure = json.loads((folder / "failure.json").read_text())
    assert (failure["stage"], failure["epoch"], failure["iteration"]) == ("autoencoder", 1, 4)
    assert (failure["seed"], failure["batch"]) == (0, 1)
    data = load_data("digits", validation=20, limit=60, batch_size=20)
    loader: Any = data.train_dataloader()
    loader.sampler.set_epoch(1)
    assert failure["places"] == [*loader.sampler][1]
    norms = failure["gradient_norms"].values()
    assert any(isinstance(n, str) for n in norms) == (poison != "loss infinite")
    if poison == "gradient":
        assert sum(isinstance(norm, str) for norm in norms) == 1

    resumed = train(tiny("classical", tmp_path, "resume=last"))
    train(tiny("classical", tmp_path / "whole"))
    whole = outcome(folder_of("classical", tmp_path / "whole"))
    assert resumed["fid"] == json.loads(whole["metrics"])["fid"]
    assert outcome(folder)["weights"] == whole["weights"]


def test_weights_that_are_not_finite_are_not_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of them, in a layer that this loss does not see."""

    def spoil(module: Any, loss: Tensor) -> Tensor:  # noqa: ANN401
        with torch.no_grad():
            module.model.head.bias[3] = torch.nan
        return loss

    at_saves(monkeypatch, lambda _: None)
    poisoned(monkeypatch, 1, spoil)
    with pytest.raises(
        RunError, match=r"weights: model\.head\.bias was not finite at iteration 2"
    ):
        train(tiny("features", tmp_path))

    folder = folder_of("features", tmp_path)
    state = checkpoints.unpack((folder / "last.ckpt").read_bytes(), folder)
    assert state.facts["step"] == 1


def test_an_encoder_that_overflows_is_told_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forward = Encoder.forward
    monkeypatch.setattr(Encoder, "forward", lambda self, x: forward(self, x) * torch.inf)

    with pytest.raises(RunError, match=r"iteration 0: psi: must be finite.*failure\.json"):
        train(tiny("latent_diffusion", tmp_path))
    folder = folder_of("latent_diffusion", tmp_path)
    failure = json.loads((folder / "failure.json").read_text())
    assert failure["iteration"] == 0 and set(failure["gradient_norms"].values()) == {None}


def test_an_error_of_somebodys_own_loss_keeps_its_type_and_its_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def own_loss(*_: Any) -> dict[str, Tensor]:  # noqa: ANN401
        raise ValueError("too many values to unpack")

    monkeypatch.setattr(VAE, "loss", own_loss)
    with pytest.raises(ValueError, match=r"^too many values to unpack$") as caught:
        train(tiny("classical", tmp_path))

    assert caught.traceback[-1].name == "own_loss" and not is_explained(caught.value)
    failure = json.loads((folder_of("classical", tmp_path) / "failure.json").read_text())
    assert (failure["error"], failure["iteration"]) == ("too many values to unpack", 0)


@pytest.mark.parametrize("ours", [True, False])
def test_only_errors_of_ours_are_explained_in_a_measurement(
    ours: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:  # noqa: ANN401
        raise NumericalError("images: wrong") if ours else ValueError("a bug")

    monkeypatch.setattr("latentq.evaluation.scores.evaluate_on", broken)
    config, data = tiny("classical", tmp_path), load_data("digits", validation=20, limit=60)
    model = VAE(channels=2)
    with pytest.raises(RunError if ours else ValueError, match="images: wrong" if ours else "bug"):
        measure(Run(tmp_path, config, "cpu", "a run"), model, data)


def test_images_that_are_not_finite_stop_a_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(VAE, "sample", lambda *_: torch.full((4, 1, 28, 28), torch.nan))
    with pytest.raises(RunError, match="a pixel was not finite after epoch 1 of stage autoenc"):
        train(tiny("classical", tmp_path))
    assert not (folder_of("classical", tmp_path) / "last.ckpt").exists()


@pytest.fixture
def prior() -> QuDDPM:
    forward = ForwardProcess(
        qubits=2, steps=3, strength=(0.1, 1.0), terminal="basis", terminal_strength=1.0
    )
    return QuDDPM(forward, 1, layers=2, generator=derive_generator(0, "prior"))


def lossy(patch: pytest.MonkeyPatch, step: int, factor: float) -> None:
    """Makes the instrument of a step lose probability."""

    instruments = QuDDPM.instruments

    def changed(self: QuDDPM, steps: list[int], batch: int) -> list[Any]:
        found = instruments(self, steps, batch)
        return [
            partial(lambda f, psi: factor * f(psi), f) if t == step else f
            for t, f in zip(steps, found, strict=True)
        ]

    patch.setattr(QuDDPM, "instruments", changed)


def test_circuits_are_instruments(prior: QuDDPM, monkeypatch: pytest.MonkeyPatch) -> None:
    prior.check()
    lossy(monkeypatch, 1, 1 + TOLERANCE / 4)
    prior.check()
    lossy(monkeypatch, 1, 1 + TOLERANCE)

    # (1 + t)^2 - 1 = 2 t, to first order, and a quarter of it from before.
    with pytest.raises(
        ValueError, match=r"operators of step 1 are not complete.* off by 0\.00025"
    ):
        prior.check()


def test_completeness_is_more_than_norms_of_basis_states(
    prior: QuDDPM, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A map to one and the same state keeps the norm of basis states, and is no instrument."""

    def same(psi: Tensor) -> Tensor:
        out = torch.zeros(len(psi), 2, psi.shape[-1], dtype=psi.dtype)
        out[:, 0, 0] = psi.sum(dim=-1)
        return out

    monkeypatch.setattr(QuDDPM, "instruments", lambda self, steps, batch: [same] * len(steps))
    with pytest.raises(ValueError, match=r"step 0 are not complete.* off by 1,"):
        prior.check()
    monkeypatch.setattr(QuDDPM, "linear", False)
    prior.check()


def test_a_circuit_that_loses_probability_stops_its_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = stages.train_prior

    def spoiled(*given: Any) -> None:  # noqa: ANN401
        lossy(monkeypatch, 2, 0.9)
        begin(*given)

    monkeypatch.setattr(stages, "train_prior", spoiled)
    with pytest.raises(RunError, match="Kraus operators of step 2 are not complete"):
        train(tiny("quantum", tmp_path))


def test_a_model_that_loses_probability_is_not_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prior = {
        **{
            "qubits": 4,
            "steps": 2,
            "strength": [0.1, 1.0],
            "terminal": "basis",
            "terminal_strength": 1.0,
        },
        **{"ancillas": 1, "layers": 1},
    }
    arguments: dict[str, Any] = {"channels": 2, "prior": prior}
    storage.save(storage.build("quantum", arguments), tmp_path, "quantum", arguments)

    assert isinstance(storage.load(tmp_path), LatentQ)
    lossy(monkeypatch, 0, 0.9)
    with pytest.raises(CheckpointError, match="Kraus operators of step 0 are not complete"):
        storage.load(tmp_path)


@pytest.mark.parametrize(("scale", "vanishes"), [(1.0, False), (1e-9, True)])
def test_a_gradient_that_vanishes_is_told_once_and_recorded(
    scale: float,
    vanishes: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The variance is that of what the optimiser sees, so it goes with the square of the loss."""

    seen: list[float] = []
    check = guards.Guard.on_before_optimizer_step

    def looking(self: Any, trainer: Any, module: Any, optimizer: Any) -> None:  # noqa: ANN401
        if module.stage == "prior":
            grads = [p.grad for p in module.parameters() if p.grad is not None]
            seen.append(torch.cat([g.flatten() for g in grads]).double().square().mean().item())
        check(self, trainer, module, optimizer)

    step = stages.DenoisingModule.training_step
    monkeypatch.setattr(
        stages.DenoisingModule, "training_step", lambda *given: scale * step(*given)
    )
    monkeypatch.setattr(guards.Guard, "on_before_optimizer_step", looking)
    told = train(tiny("quantum", tmp_path))["gradients"]

    phases = [sum(seen[i : i + 3]) / 3 for i in range(0, len(seen), 3)]
    assert len(phases) == 7 and told["least_variance"] == pytest.approx(min(phases), rel=1e-5)
    assert told["threshold"] == 2.0**-46 and told["vanished"] == vanishes
    assert capsys.readouterr().err.count("warning: the gradient vanishes") == vanishes


def test_errors_of_numbers_are_no_mistakes_of_the_user() -> None:
    assert issubclass(NonFiniteError, RunError) and not issubclass(RunError, ValueError)
    assert not issubclass(NumericalError, InputError)
