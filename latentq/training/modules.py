"""The Lightning modules that train every model: they call its loss, log and optimise."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol, cast, runtime_checkable

import pytorch_lightning as pl
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from latentq.diffusion.schedule import cosine_schedule
from latentq.randomness import derive_generator


def _scheduled(optimizer: torch.optim.Optimizer, factor: Callable[[int], float]) -> dict[str, Any]:
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
    return {
        "optimizer": optimizer,
        "lr_scheduler": {"scheduler": scheduler, "interval": "step"},
    }


def _is_logged(module: pl.LightningModule) -> bool:
    return (module.global_step + 1) % cast(Any, module.trainer).log_every_n_steps == 0


def _log_losses(module: pl.LightningModule, losses: dict[str, Tensor], n: int) -> None:
    # Lightning takes a millisecond to note values that no logger will ask for.
    if _is_logged(module):
        for name, value in losses.items():
            module.log(name, value, prog_bar=name == "loss", batch_size=n)


class Trainable(Protocol):
    """A model with a loss on images."""

    def loss(
        self, images: Tensor, labels: Tensor, generator: torch.Generator
    ) -> dict[str, Tensor]:
        """Returns the `loss` of a batch, and its parts."""


class Objective(Protocol):
    """What a prior is trained on, in phases; the first ones may train a step alone."""

    @property
    def prior(self) -> Any:  # noqa: ANN401
        """The module that is trained."""

    @property
    def alone(self) -> int:
        """The number of phases that train a step alone."""

    def begin(self, phase: int) -> None:
        """Enters a phase."""

    def loss(self, step: int, value: bool = True) -> dict[str, Tensor]:
        """Returns the `loss` of an iteration, and its parts."""


@runtime_checkable
class TrainedInLatents(Protocol):
    """A model whose prior is trained by iterations on the latents of its frozen encoder."""

    def objective(
        self, latents: Tensor, labels: Tensor, settings: Mapping[str, Any], seed: int
    ) -> Objective:
        """Returns what the prior is trained on, given the section `denoising`."""


@runtime_checkable
class FittedToLatents(Protocol):
    """A model whose prior is fitted to the latents of its frozen encoder, without iterations."""

    def fit(self, latents: Tensor, seed: int) -> None:
        """Fits the prior to latents of shape (N, D)."""


class ImageModule(pl.LightningModule):
    """Trains a model that has `loss(images, labels, generator)` on batches of images.

    Arguments:
        model: The model: an autoencoder, a VAE or a classifier.
        lr: The largest learning rate of AdamW.
        weight_decay: The weight decay of AdamW.
        iterations: The number of iterations of the whole training.
        seed: The seed of the model's draws.
        stage: The name of the stage, for logs and pictures.
    """

    def __init__(
        self,
        model: nn.Module,
        *,
        lr: float,
        weight_decay: float,
        iterations: int,
        seed: int,
        stage: str,
    ) -> None:
        super().__init__()

        self.model, self.loss = model, cast(Trainable, model).loss
        self.lr, self.weight_decay, self.iterations = lr, weight_decay, iterations
        self.seed, self.stage = seed, stage

    def _losses(self, batch: list[Tensor], purpose: str, step: int) -> dict[str, Tensor]:
        images, labels = batch
        generator = derive_generator(self.seed, purpose, step, device=self.device)
        return self.loss(images, labels, generator)

    def training_step(self, batch: list[Tensor], index: int) -> Tensor:
        """Returns the loss of a batch."""
        losses = self._losses(batch, "train", self.global_step)
        _log_losses(self, losses, len(batch[0]))
        return losses["loss"]

    def validation_step(self, batch: list[Tensor], index: int) -> None:
        """Logs the losses of a validation batch."""
        losses = self._losses(batch, "validate", index)
        self.log_dict({f"val_{k}": v for k, v in losses.items()}, batch_size=len(batch[0]))

    def configure_optimizers(self) -> Any:  # noqa: ANN401
        """Returns AdamW with a warmed-up cosine schedule."""
        optimizer = torch.optim.AdamW(
            self.model.parameters(), lr=self.lr, weight_decay=self.weight_decay, fused=True
        )
        return _scheduled(optimizer, lambda step: cosine_schedule(step, self.iterations))


class DenoisingModule(pl.LightningModule):
    """Trains a prior phase by phase, one epoch a phase, on frozen latents.

    Arguments:
        objective: The objective, a module that holds the prior and the latents.
        iterations_per_epoch: The number of iterations of an epoch.
        epochs: The number of epochs that train all steps together.
        lr_single_step: The learning rate of Adam for a step alone.
        lr: The learning rate of Adam for all steps together.
    """

    stage = "prior"

    def __init__(
        self,
        objective: Objective,
        *,
        iterations_per_epoch: int,
        epochs: int,
        lr_single_step: float,
        lr: float,
    ) -> None:
        super().__init__()

        self.objective = objective
        self.iterations_per_epoch, self.epochs = iterations_per_epoch, epochs
        self.lr_single_step, self.lr = lr_single_step, lr
        self._entered: int | None = None

    @classmethod
    def configured(cls, objective: Objective, settings: Mapping[str, Any]) -> "DenoisingModule":
        """Returns the training of an objective, as the section `denoising` has it."""
        return cls(
            objective,
            iterations_per_epoch=settings["iterations_per_epoch"],
            epochs=settings["epochs"],
            lr_single_step=settings.get("lr_single_step", 0.0),
            lr=settings["lr"],
        )

    @property
    def phases(self) -> int:
        """The number of phases, each of which is a Lightning epoch."""
        return self.objective.alone + self.epochs

    def train_dataloader(self) -> DataLoader:
        """Returns the counters of a phase's iterations; draws are derived from them."""
        return DataLoader(range(self.iterations_per_epoch), batch_size=None)  # type: ignore[arg-type]

    def on_train_batch_start(self, batch: int, batch_idx: int) -> None:
        """Enters the phase of this epoch, at its first batch or where it is resumed."""
        if self._entered != self.current_epoch:
            self.objective.begin(self.current_epoch)
            self._entered = self.current_epoch

    def training_step(self, counter: int, index: int) -> Tensor:
        """Returns the loss of an iteration."""
        losses = self.objective.loss(self.global_step, value=_is_logged(self))
        _log_losses(self, losses, 1)
        return losses["loss"]

    def _factor(self, step: int) -> float:
        alone = self.objective.alone * self.iterations_per_epoch
        if step < alone:
            at = step % self.iterations_per_epoch
            return self.lr_single_step * cosine_schedule(at, self.iterations_per_epoch)

        total = self.epochs * self.iterations_per_epoch
        return self.lr * cosine_schedule(step - alone, total)

    def configure_optimizers(self) -> Any:  # noqa: ANN401
        """Returns Adam with a cosine for each step alone and one for all steps together."""
        optimizer = torch.optim.Adam(self.objective.prior.parameters(), lr=1.0, fused=True)
        return _scheduled(optimizer, self._factor)
