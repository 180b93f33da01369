"""The stages of a run: images first, then, for the quantum model, denoising on frozen latents."""

import logging
import warnings
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import ModelCheckpoint
from pytorch_lightning.loggers import CSVLogger, TensorBoardLogger
from rich.console import Console
from torch import Tensor, nn

from latentq import callbacks
from latentq.errors import InputError
from latentq.evaluation import reconstruct
from latentq.generative import GenerativeModel, in_chunks
from latentq.runs import Run, keep_log
from latentq.training import DenoisingModule, ImageModule, Images, ImageSource, Objective

CHECKPOINT = "last.ckpt"
LOG_EVERY = 10
SHOWN = 64

# Lightning announces devices and products at each start; what matters is printed by the run.
logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)


def accelerator(device: str) -> str:
    """Returns the device to use, `cpu` or `cuda`.

    Raises:
        InputError: If a GPU is asked for and there is none.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise InputError("device: cuda was asked for, but torch sees no GPU; use device=cpu")

    return "cuda" if device != "cpu" and torch.cuda.is_available() else "cpu"


def read_checkpoint(folder: Path) -> dict[str, Any] | None:
    """Reads the checkpoint of an interrupted run, if it has one.

    Raises:
        InputError: If the file is damaged.
    """
    path = folder / CHECKPOINT
    if not path.is_file():
        return None
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        return {"stage": content["stage"], "epoch": content["epoch"]}
    except Exception as error:
        raise InputError(
            f"resume: {path} is damaged; delete it to begin this stage anew"
        ) from error


class _Named(ModelCheckpoint):
    """Keeps the newest checkpoint as `last.ckpt`, marked with the stage that it belongs to."""

    def __init__(self, folder: Path, stage: str) -> None:
        super().__init__(
            dirpath=folder,
            filename=Path(CHECKPOINT).stem,
            save_top_k=1,
            save_on_train_epoch_end=True,
            enable_version_counter=False,
        )
        self.stage = stage

    def on_save_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        checkpoint["stage"] = self.stage


def fit(
    run: Run,
    module: ImageModule | DenoisingModule,
    data: ImageSource | None,
    epochs: int,
    batches: int,
    grid: callbacks.SampleGrid | None,
) -> None:
    """Runs one stage to its end, or resumes it.

    Arguments:
        run: The run.
        module: The Lightning module.
        data: Its data module; `None` if the module brings its own loader.
        epochs: The number of epochs.
        batches: The number of iterations in an epoch.
        grid: The callback that draws a grid after each epoch.
    """
    logs = run.folder / "logs"
    checkpoint = read_checkpoint(run.folder)
    ours = checkpoint is not None and checkpoint["stage"] == module.stage
    if ours:
        keep_log(logs / module.stage)
    terminal = Console().is_terminal
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*exists and is not empty.*")
        warnings.filterwarnings("ignore", ".*isinstance.treespec, LeafSpec.*")
        warnings.filterwarnings("ignore", ".*does not have many workers.*")
        trainer = pl.Trainer(
            accelerator="gpu" if run.device == "cuda" else "cpu",
            devices=1,
            max_epochs=epochs,
            logger=[
                CSVLogger(logs, name=module.stage, version=""),
                TensorBoardLogger(logs, name=module.stage, version=""),
            ],
            callbacks=[
                callbacks.RichProgressBar(leave=True) if terminal else callbacks.EpochLines(),
                callbacks.StopAtNonFinite(),
                _Named(run.folder, module.stage),
                *([grid] if grid else []),
            ],
            log_every_n_steps=min(LOG_EVERY, batches),
            num_sanity_val_steps=0,
            enable_model_summary=False,
            enable_progress_bar=terminal,
            deterministic="warn" if run.device == "cuda" else True,
        )
        path = str(run.folder / CHECKPOINT) if ours else None
        trainer.fit(module, datamodule=cast(Any, data), ckpt_path=path, weights_only=True)


def train_images(run: Run, model: nn.Module, data: ImageSource) -> None:
    """Trains a model on images.

    Arguments:
        run: The run.
        model: The model: autoencoder, VAE or classifier.
        data: The data module of images.
    """
    settings = run.config["images"]
    batches = len(data.train_dataloader())
    module = ImageModule(
        model,
        lr=settings["lr"],
        weight_decay=settings["weight_decay"],
        iterations=settings["epochs"] * batches,
        seed=run.config["seed"],
        stage="autoencoder" if isinstance(model, GenerativeModel) else "classifier",
    )
    grid = _grid(run, model, data) if isinstance(model, GenerativeModel) else None
    # Convolutions are faster with channels last: see docs/performance.md.
    model.to(memory_format=torch.channels_last)
    fit(run, module, data, settings["epochs"], batches, grid)
    model.to(memory_format=torch.contiguous_format)


def _grid(run: Run, model: GenerativeModel, data: ImageSource) -> callbacks.SampleGrid:
    # A model whose prior is trained later has no samples yet worth looking at.
    if model.prior is None:
        draw, what = partial(model.sample, SHOWN, run.config["seed"]), "samples"
    else:
        draw, what = partial(reconstruct, model, *_shown(data)), "reconstructions"
    return callbacks.SampleGrid(draw, run.folder / "progress", f"{run.title}: {what}")


def _shown(data: ImageSource) -> tuple[Tensor, Tensor]:
    return data.validation.images[:SHOWN], data.validation.labels[:SHOWN]


@torch.no_grad()
def encode(run: Run, model: GenerativeModel, split: Images) -> Tensor:
    """Returns the latents of images by a trained model, on the device of the run."""
    model = model.to(run.device).eval()
    return in_chunks(lambda x: model.encode(x.to(run.device)), split.images)


def train_prior(run: Run, model: GenerativeModel, objective: Objective) -> None:
    """Trains the prior on the latents of the frozen encoder.

    Arguments:
        run: The run.
        model: The model, whose autoencoder is trained.
        objective: The objective of the prior.
    """
    settings = run.config["denoising"]
    if not settings["iterations"]:
        return
    module = DenoisingModule(
        objective,
        iterations=settings["iterations"],
        together=settings["together"],
        lr_alone=settings.get("lr_alone", 0.0),
        lr_together=settings["lr_together"],
    )
    module.train()
    draw = partial(model.sample, SHOWN, run.config["seed"])
    grid = callbacks.SampleGrid(draw, run.folder / "progress", f"{run.title}: samples")
    threads = torch.get_num_threads()
    # The matrices are so small that a second thread costs more time than it saves.
    torch.set_num_threads(1)
    try:
        fit(run, module, None, module.phases, settings["iterations"], grid)
    finally:
        torch.set_num_threads(threads)
