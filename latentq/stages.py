"""The stages of a run: images first, then, for the quantum model, denoising on frozen latents."""

import logging
import time
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
from latentq.config import Config
from latentq.diffusion import DenoisingObjective
from latentq.errors import InputError
from latentq.evaluation import reconstruct
from latentq.model import GenerativeModel, LatentQ, in_chunks
from latentq.training import DenoisingModule, ImageModule, ImageSource

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
    module: ImageModule | DenoisingModule,
    data: ImageSource | None,
    epochs: int,
    batches: int,
    folder: Path,
    grid: callbacks.SampleGrid | None,
    device: str,
) -> float:
    """Runs one stage to its end, or resumes it, and returns the seconds that it took.

    Arguments:
        module: The Lightning module.
        data: Its data module; `None` if the module brings its own loader.
        epochs: The number of epochs.
        batches: The number of iterations in an epoch.
        folder: The run folder.
        grid: The callback that draws a grid after each epoch.
        device: `cpu` or `cuda`.
    """
    logs = folder / "logs"
    checkpoint = read_checkpoint(folder)
    ours = checkpoint is not None and checkpoint["stage"] == module.stage
    terminal = Console().is_terminal
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*exists and is not empty.*")
        warnings.filterwarnings("ignore", ".*isinstance.treespec, LeafSpec.*")
        warnings.filterwarnings("ignore", ".*does not have many workers.*")
        trainer = pl.Trainer(
            accelerator="gpu" if device == "cuda" else "cpu",
            devices=1,
            max_epochs=epochs,
            logger=[
                CSVLogger(logs, name=module.stage, version=""),
                TensorBoardLogger(logs, name=module.stage, version=""),
            ],
            callbacks=[
                callbacks.RichProgressBar(leave=True) if terminal else callbacks.EpochLines(),
                callbacks.StopAtNonFinite(),
                _Named(folder, module.stage),
                *([grid] if grid else []),
            ],
            log_every_n_steps=min(LOG_EVERY, batches),
            num_sanity_val_steps=0,
            enable_model_summary=False,
            enable_progress_bar=terminal,
            deterministic="warn" if device == "cuda" else True,
        )
        path = str(folder / CHECKPOINT) if ours else None
        trainer.fit(module, datamodule=cast(Any, data), ckpt_path=path, weights_only=True)
    return time.perf_counter() - start


def train_images(
    model: nn.Module,
    data: ImageSource,
    config: Config,
    folder: Path,
    title: str,
    device: str,
) -> float:
    """Trains a model on images: autoencoder, VAE or classifier.

    Arguments:
        model: The model.
        data: The data module of images.
        config: The configuration of the run.
        folder: The run folder.
        title: The title of the pictures.
        device: `cpu` or `cuda`.
    """
    settings = config["images"]
    batches = len(data.train_dataloader())
    module = ImageModule(
        model,
        lr=settings["lr"],
        weight_decay=settings["weight_decay"],
        iterations=settings["epochs"] * batches,
        seed=config["seed"],
        stage="autoencoder" if isinstance(model, GenerativeModel) else "classifier",
    )
    grid = None
    if isinstance(model, GenerativeModel):
        shown = data.validation.images[:SHOWN]
        draw = partial(reconstruct, model, shown)
        grid = callbacks.SampleGrid(draw, folder / "progress", f"{title}: reconstructions")
    return fit(module, data, settings["epochs"], batches, folder, grid, device)


def denoising_objective(
    model: LatentQ, images: Tensor, config: Config, device: str
) -> DenoisingObjective:
    """Encodes the training images and sets up the objective of the prior on their states."""
    names = ("inputs", "starts", "targets", "intermediate_weight")
    settings = {k: config["denoising"][k] for k in names}
    model = model.to(device).eval()
    with torch.no_grad():
        latents = in_chunks(lambda x: model.encode(x.to(device)), images)
    return DenoisingObjective(model.prior, latents, **settings, seed=config["seed"])


def train_denoising(
    model: LatentQ,
    objective: DenoisingObjective,
    config: Config,
    folder: Path,
    title: str,
    device: str,
) -> float:
    """Trains the prior of the quantum model on the states of its frozen encoder.

    Arguments:
        model: The model, whose autoencoder is trained.
        objective: The objective of the prior.
        config: The configuration of the run.
        folder: The run folder.
        title: The title of the pictures.
        device: `cpu` or `cuda`.
    """
    settings = config["denoising"]
    module = DenoisingModule(
        objective,
        iterations=settings["iterations"],
        together=settings["together"],
        lr_alone=settings["lr_alone"],
        lr_together=settings["lr_together"],
    )
    objective.train()
    draw = partial(model.sample, SHOWN, config["seed"])
    grid = callbacks.SampleGrid(draw, folder / "progress", f"{title}: samples")
    threads = torch.get_num_threads()
    # The matrices are so small that a second thread costs more time than it saves.
    torch.set_num_threads(1)
    try:
        return fit(module, None, module.phases, settings["iterations"], folder, grid, device)
    finally:
        torch.set_num_threads(threads)
