"""The stages of a run: images first, then, for the quantum model, denoising on frozen latents."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback
from pytorch_lightning.plugins.environments import LightningEnvironment
from rich.console import Console
from torch import Tensor, nn
from torch.utils.data import DataLoader

from latentq.config.progress import in_notebook
from latentq.data.protocol import Images, ImageSource
from latentq.errors import InputError, NonFiniteError, NumericalError, RunError
from latentq.evaluation.scores import reconstruct
from latentq.models.generative import GenerativeModel, in_chunks
from latentq.models.parts import in_parts
from latentq.training import callbacks, stopping
from latentq.training.alone import one_process
from latentq.training.batches import BatchesFrom
from latentq.training.checkpoints import State, StateIO
from latentq.training.guards import FAILURE, Guard
from latentq.training.logs import BoardLog, CsvLog, quiet_threads
from latentq.training.modules import DenoisingModule, ImageModule, Objective
from latentq.training.run import Run
from latentq.training.run_folder import decisive

LOG_EVERY = 10
SHOWN = 64


def accelerator(device: str) -> str:
    """Returns the device to use, `cpu` or `cuda`.

    Raises:
        InputError: If a GPU is asked for and there is none.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise InputError("device: cuda was asked for, but torch sees no GPU; use device=cpu")

    return "cuda" if device != "cpu" and torch.cuda.is_available() else "cpu"


@one_process()
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

    Raises:
        RunError: If a number is not as it must be, or the state cannot be saved. Errors of other
            code, such as of a loss that is being tried, are passed on as they are.
        Stopped: If a signal came; the state of the last iteration is saved.
    """
    state = run.state if run.state and run.state.stage == module.stage else None
    log = CsvLog(run, module.stage)
    with quiet():
        trainer = _trainer(run, state, log, epochs, min(LOG_EVERY, batches), grid)
    path = None if state is None else str(state.path.absolute())
    train, validation = _loaders(data, state)
    try:
        with stopping.deferred(), quiet(), quiet_threads():
            trainer.fit(module, train, validation, ckpt_path=path, weights_only=True)
    except NonFiniteError as error:
        raise RunError(f"{error}; the numbers are in {run.folder / FAILURE}") from error
    except NumericalError as error:
        where = f"stage {module.stage}, iteration {trainer.global_step}"
        raise RunError(f"{where}: {error}; the numbers are in {run.folder / FAILURE}") from error
    finally:
        log.write()


def _trainer(
    run: Run,
    state: State | None,
    log: CsvLog,
    epochs: int,
    every: int,
    grid: callbacks.SampleGrid | None,
) -> pl.Trainer:
    terminal = Console().is_terminal
    step = None if state is None else state.facts["step"]
    return pl.Trainer(
        accelerator="gpu" if run.device == "cuda" else "cpu",
        devices=1,
        max_epochs=epochs,
        logger=[log, BoardLog(run, log.stage, step)],
        callbacks=[
            Guard(run),
            *([grid] if grid else []),
            callbacks.SaveState(run, log),
            _progress(terminal),
        ],
        # On a cluster Lightning would look for states of its own, and take the signals.
        plugins=[StateIO(decisive(run.config), state), LightningEnvironment()],
        log_every_n_steps=every,
        num_sanity_val_steps=0,
        enable_checkpointing=False,
        enable_model_summary=False,
        enable_progress_bar=terminal,
        deterministic="warn" if run.device == "cuda" else True,
    )


def _progress(terminal: bool) -> Callback:
    """Returns what shows the progress: in a notebook, on a terminal, or in a log."""
    if in_notebook():
        return callbacks.NotebookProgress()
    return callbacks.RichProgressBar(leave=True) if terminal else callbacks.EpochLines()


def _loaders(
    data: ImageSource | None, state: State | None
) -> tuple[DataLoader | None, DataLoader | None]:
    if data is None:
        return None, None
    loader = data.train_dataloader()
    begun = (0, 0) if state is None else (state.facts["epoch"], state.facts["batch"])
    sampler = BatchesFrom(loader.sampler, *begun)
    return DataLoader(loader.dataset, sampler=sampler, batch_size=None), data.val_dataloader()


@contextmanager
def quiet() -> Iterator[None]:
    """Leaves out what Lightning says of things that are as they should be.

    It announces devices and products at each start; what matters is printed by the run.
    """
    logger = logging.getLogger("pytorch_lightning")
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        with _quiet_warnings():
            yield
    finally:
        logger.setLevel(level)


@contextmanager
def _quiet_warnings() -> Iterator[None]:
    with warnings.catch_warnings():
        for text in (
            ".*exists and is not empty.*",
            ".*isinstance.treespec, LeafSpec.*",
            ".*does not have many workers.*",
            # The batches that an epoch has had are left out by BatchesFrom.
            ".*your dataloader is not resumable.*",
        ):
            warnings.filterwarnings("ignore", text)
        yield


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
    with in_parts(model):
        fit(run, module, data, settings["epochs"], batches, grid)
    model.to(memory_format=torch.contiguous_format)


def _grid(run: Run, model: GenerativeModel, data: ImageSource) -> callbacks.SampleGrid:
    # A model whose prior is trained later has no samples yet worth looking at.
    if getattr(model, "prior", None) is None:
        draw, what = partial(model.sample, SHOWN, run.config["seed"]), "samples"
    else:
        draw, what = partial(reconstruct, model, *_shown(data)), "reconstructions"
    return callbacks.SampleGrid(run, draw, what)


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
    if not settings["iterations_per_epoch"]:
        return
    module = DenoisingModule.configured(objective, settings)
    module.train()
    draw = partial(model.sample, SHOWN, run.config["seed"])
    grid = callbacks.SampleGrid(run, draw, "samples")
    threads = torch.get_num_threads()
    # The matrices are so small that a second thread costs more time than it saves.
    torch.set_num_threads(1)
    try:
        fit(run, module, None, module.phases, settings["iterations_per_epoch"], grid)
    finally:
        torch.set_num_threads(threads)
