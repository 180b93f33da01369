"""Lightning callbacks: saved states, sample grids, and progress in a terminal or a log."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback, RichProgressBar
from torch import Tensor

from latentq.config.progress import NotebookBar
from latentq.errors import NonFiniteError
from latentq.models.storage import not_finite
from latentq.report import plots
from latentq.training import stopping
from latentq.training.checkpoints import LAST
from latentq.training.logs import BoardLog, CsvLog
from latentq.training.run import Run

COLUMNS = 8
SAVE_SECONDS = 60.0
PROGRESS = "epoch_loop.batch_progress"


class SaveState(Callback):
    """Saves the state of the training after each epoch, each minute, and when asked to stop.

    It is saved between two iterations, from where a resumed training goes on as if nothing had
    happened; when that is does not matter to the result.

    Arguments:
        run: The run.
        losses: The losses, which are part of the state.
    """

    def __init__(self, run: Run, losses: CsvLog) -> None:
        self.run, self.losses, self._saved = run, losses, 0.0

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Takes the signals back from Lightning, which would stop without saving."""
        stopping.take_over()
        self._saved = time.monotonic()

    def on_train_batch_start(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        batch: Any,  # noqa: ANN401
        batch_idx: int,
    ) -> None:
        """Saves within an epoch, when it is time or a signal has come."""
        # Before the first batch it is the state at the end of the last epoch.
        due = time.monotonic() - self._saved >= SAVE_SECONDS
        if batch_idx and (due or stopping.requested()):
            self._save(trainer, pl_module)
        self._stop(trainer, pl_module)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Saves at the end of an epoch."""
        self._save(trainer, pl_module)
        self._stop(trainer, pl_module)

    def _save(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if bad := not_finite(pl_module.state_dict()):
            raise NonFiniteError(
                f"weights: {bad} was not finite at iteration {trainer.global_step} of stage "
                f"{pl_module.stage}; they were not saved"
            )
        trainer.save_checkpoint(self.run.folder / LAST)
        self.losses.write()
        self._saved = time.monotonic()

    def _stop(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if number := stopping.requested():
            where = f" at iteration {trainer.global_step} of stage {pl_module.stage}"
            raise stopping.Stopped(number, where)

    def on_save_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Adds what Lightning does not know: stage, losses and times."""
        progress = checkpoint["loops"]["fit_loop"][PROGRESS]
        for part in ("total", "current"):
            # Within an epoch the next batch is at hand, but has not begun.
            progress[part]["ready"] = progress[part]["completed"]
        checkpoint["facts"] = {
            "stage": str(pl_module.stage),
            "epoch": trainer.current_epoch,
            "batch": progress["current"]["completed"],
            "step": trainer.global_step,
        }
        checkpoint["notes"], checkpoint["rows"] = self.run.notes(), self.losses.rows

    def on_load_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Takes up the losses and the times."""
        self.run.recall(checkpoint["notes"])
        self.losses.rows = list(checkpoint["rows"])


class SampleGrid(Callback):
    """Saves a grid of images after each epoch, as PNG and to TensorBoard.

    Arguments:
        run: The run, in whose folder `progress` the pictures go.
        draw: Returns images with shape (N, 1, 28, 28); the same noise at each call.
        what: What the images are, for the title.
    """

    def __init__(self, run: Run, draw: Callable[[], Tensor], what: str) -> None:
        self.run, self.draw, self.title = run, draw, f"{run.title}: {what}"

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Draws the grid of an epoch."""
        epoch, stage = trainer.current_epoch + 1, str(pl_module.stage)
        pl_module.eval()
        with torch.no_grad():
            images = self.draw().cpu()
        pl_module.train()
        if not bool(torch.isfinite(images).all()):
            raise NonFiniteError(
                f"images: a pixel was not finite after epoch {epoch} of stage {stage}"
            )
        name = f"progress/{stage}-{epoch:03d}.png"
        with self.run.optional_output(name):
            (self.run.folder / "progress").mkdir(exist_ok=True)
            title = f"{self.title}, {stage}, epoch {epoch}"
            plots.save_samples(images, self.run.folder / name, title)
        for logger in trainer.loggers:
            if isinstance(logger, BoardLog):
                mosaic = np.nan_to_num(plots.mosaic(images, COLUMNS))
                logger.add_image(stage, mosaic[None], trainer.global_step)


class EpochLines(Callback):
    """Prints one plain line after each epoch, where there is no terminal for a progress bar."""

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Prints the losses of an epoch."""
        values = sorted(trainer.callback_metrics.items())
        line = " ".join(f"{name}={float(value):.5g}" for name, value in values)
        epoch = f"{trainer.current_epoch + 1}/{trainer.max_epochs}"
        print(f"{pl_module.stage} epoch {epoch} {line}", flush=True)


class NotebookProgress(Callback):
    """Shows the iterations of a stage as one bar in a notebook, with its latest loss."""

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Shows the bar."""
        total = int(trainer.estimated_stepping_batches)
        self._bar = NotebookBar(total, str(pl_module.stage))

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,  # noqa: ANN401
        batch: Any,  # noqa: ANN401
        batch_idx: int,
    ) -> None:
        """Moves the bar."""
        loss = trainer.callback_metrics.get("loss")  # Not every iteration is logged.
        self._bar.show(trainer.global_step, "" if loss is None else f"loss {float(loss):.3g}")


__all__ = ["EpochLines", "NotebookProgress", "RichProgressBar", "SampleGrid", "SaveState"]
