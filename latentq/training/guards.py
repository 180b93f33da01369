r"""What stops a training before it goes wrong unseen, and what it leaves for whoever looks why.

At every iteration, before the optimiser's step, the loss and the norm of the gradient must be
finite. After every epoch the circuits must still be instruments,

.. math:: \sum_m K_m^\dagger K_m = 1.

The variance of the gradient is the mean of its squares, as a circuit's derivatives have mean zero
over uniform angles, see :mod:`latentq.quantum.plateaus`. Where its root is below the resolution of
float32, :math:`2^{-23}`, a turn of one radian changes a loss of the order of one by less than its
rounding: the gradient has vanished.
"""

import math
import sys
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback
from torch import Tensor, nn
from torch.linalg import vector_norm

from latentq.diffusion import Chain
from latentq.errors import InputError, NonFiniteError
from latentq.training.batches import BatchesFrom
from latentq.training.run import Run
from latentq.training.run_folder import write_json

FAILURE = "failure.json"
RESOLUTION = torch.finfo(torch.float32).eps
VANISHING = RESOLUTION**2


class Guard(Callback):
    """Stops a training at what is not finite, and measures the variance of the gradient.

    What was seen goes to `failure.json`: the stage, the iteration, the seed from which all draws
    follow, the places of the batch in the training images, and the norms of the gradients.

    Arguments:
        run: The run.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self.batch, self.loss, self.square = 0, torch.zeros(()), 0.0
        self.sum, self.count, self.least = 0.0, 0, float("inf")

    def on_train_batch_start(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        batch: Any,  # noqa: ANN401
        batch_idx: int,
    ) -> None:
        """Notes which batch comes."""
        self.batch = batch_idx

    def on_before_backward(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, loss: Tensor
    ) -> None:
        """Notes the loss."""
        self.loss = loss.detach()

    def on_before_optimizer_step(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        optimizer: torch.optim.Optimizer,
    ) -> None:
        """Checks the loss and the gradient, before they reach the weights."""
        # An iteration of a diffusion takes three milliseconds, so this must take microseconds.
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        gradients = [p.grad for p in parameters if p.grad is not None]
        norm = vector_norm(torch.stack([vector_norm(g) for g in gradients]))
        loss, size = torch.stack((self.loss, norm.to(self.loss))).tolist()
        where = f"at iteration {trainer.global_step} of stage {pl_module.stage}"
        if not abs(loss) < float("inf"):
            raise NonFiniteError(f"loss: was {loss} {where}; lower the learning rate")
        if not size < float("inf"):
            raise NonFiniteError(f"gradient: its norm was {size} {where}; lower the learning rate")
        self.sum += size**2 / max(1, sum(g.numel() for g in gradients))
        self.count += 1

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Checks the circuits, and whether the gradient has vanished."""
        prior = getattr(getattr(pl_module, "objective", None), "prior", None)
        if prior is None:
            return
        if isinstance(prior, Chain):
            prior.check()
        variance = self.sum / max(1, self.count)
        self.sum, self.count = 0.0, 0
        if variance < VANISHING <= self.least:
            print(
                f"warning: the gradient vanishes: in epoch {trainer.current_epoch + 1} of stage "
                f"{pl_module.stage} its variance is {variance:.2g}, below {VANISHING:.2g}, what "
                "float32 resolves; the circuits learn nothing there (a barren plateau)",
                file=sys.stderr,
                flush=True,
            )
        self.least = min(self.least, variance)
        self._note()

    def _note(self) -> None:
        self.run.gradients = {
            "least_variance": self.least,
            "threshold": VANISHING,
            "vanished": self.least < VANISHING,
        }

    def state_dict(self) -> dict[str, Any]:
        """Returns what a resumed training goes on from."""
        return {"sum": self.sum, "count": self.count, "least": self.least}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Goes on from what was measured before."""
        self.sum, self.count = state_dict["sum"], state_dict["count"]
        self.least = state_dict["least"]
        if self.least < float("inf"):
            self._note()

    def on_exception(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        exception: BaseException,
    ) -> None:
        """Leaves what was seen when a number was not as it must be."""
        if not isinstance(exception, (NonFiniteError, ValueError)) or isinstance(
            exception, InputError
        ):
            return
        content = {
            "error": str(exception),
            "stage": str(pl_module.stage),
            "epoch": trainer.current_epoch,
            "iteration": trainer.global_step,
            "seed": self.run.config["seed"],
            "batch": self.batch,
            "places": _places(trainer, self.batch),
            "loss": float(self.loss),
            "gradient_norms": _norms(pl_module),
        }
        with self.run.optional_output(FAILURE):
            write_json(self.run.folder / FAILURE, content)


def _places(trainer: pl.Trainer, batch: int) -> list[int] | None:
    """Returns the places of a batch in the training images, if a batch is of images."""
    sampler = getattr(trainer.train_dataloader, "sampler", None)
    return sampler.batch(batch) if isinstance(sampler, BatchesFrom) else None


def _norms(module: nn.Module) -> dict[str, float | str | None]:
    """Returns the norm of the gradient of each parameter; one that is not finite as text."""
    norms: dict[str, float | str | None] = {}
    for name, parameter in module.named_parameters():
        norm = None if parameter.grad is None else float(parameter.grad.norm())
        norms[name] = norm if norm is None or math.isfinite(norm) else str(norm)
    return norms
