"""Lightning callbacks: sample grids, progress in a terminal or a log, and a stop at NaN."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback, RichProgressBar
from pytorch_lightning.loggers import TensorBoardLogger
from torch import Tensor

from latentq import plots

COLUMNS = 8


class NonFiniteLossError(RuntimeError):
    """The loss became NaN or infinite; training stopped at that iteration."""


class StopAtNonFinite(Callback):
    """Stops the training at the first loss that is not finite, before it reaches the weights."""

    def on_before_backward(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, loss: Tensor
    ) -> None:
        """Checks the loss of an iteration."""
        if not bool(torch.isfinite(loss)):
            raise NonFiniteLossError(
                f"loss: was {loss.item()} at iteration {trainer.global_step} of stage "
                f"{pl_module.stage}; lower the learning rate"
            )


class SampleGrid(Callback):
    """Saves a grid of images after each epoch, as PNG and to TensorBoard.

    Arguments:
        draw: Returns images with shape (N, 1, 28, 28); the same noise at each call.
        folder: Where the pictures go.
        title: The title of the pictures.
    """

    def __init__(self, draw: Callable[[], Tensor], folder: Path, title: str) -> None:
        self.draw, self.folder, self.title = draw, folder, title

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Draws the grid of an epoch."""
        epoch, stage = trainer.current_epoch + 1, str(pl_module.stage)
        pl_module.eval()
        with torch.no_grad():
            images = self.draw().cpu()
        pl_module.train()
        title = f"{self.title}, {stage}, epoch {epoch}"
        self.folder.mkdir(exist_ok=True)
        plots.save_samples(images, self.folder / f"{stage}-{epoch:03d}.png", title)
        for logger in trainer.loggers:
            if isinstance(logger, TensorBoardLogger):
                picture = np.nan_to_num(plots.mosaic(images, COLUMNS))
                logger.experiment.add_image(stage, picture[None], trainer.global_step)


class EpochLines(Callback):
    """Prints one plain line after each epoch, where there is no terminal for a progress bar."""

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Prints the losses of an epoch."""
        values = sorted(trainer.callback_metrics.items())
        line = " ".join(f"{name}={float(value):.5g}" for name, value in values)
        epoch = f"{trainer.current_epoch + 1}/{trainer.max_epochs}"
        print(f"{pl_module.stage} epoch {epoch} {line}", flush=True)


__all__ = ["EpochLines", "NonFiniteLossError", "RichProgressBar", "SampleGrid", "StopAtNonFinite"]
