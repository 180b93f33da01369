"""The losses of a training as CSV and for TensorBoard, so that they survive kills and full disks.

The rows are part of the saved state of a training: after a resume none is missing and none is
there twice, whenever the run was killed.
"""

import csv
import io
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pytorch_lightning.loggers import Logger, TensorBoardLogger

from latentq.paths import write_atomically
from latentq.training.run import Run
from latentq.training.run_folder import LOG

Row = dict[str, Any]
FIRST = ("stage", "epoch", "step", "loss")


def to_csv(rows: Sequence[Row], first: Sequence[str] = ()) -> bytes:
    """Returns rows as CSV, with the columns sorted but for the first ones."""
    columns = dict.fromkeys([*first, *sorted({key for row in rows for key in row})])
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(columns), restval="")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def merge_logs(folder: Path, stages: Sequence[str]) -> None:
    """Joins the CSV logs of the stages to one `metrics.csv` with a column `stage`."""
    rows: list[Row] = []
    for stage in stages:
        path = folder / "logs" / stage / LOG
        if path.is_file():
            with path.open(newline="") as file:
                rows += [{"stage": stage, **row} for row in csv.DictReader(file)]
    write_atomically(folder / LOG, to_csv(rows, FIRST))


class CsvLog(Logger):
    """Keeps the losses of a stage as rows and writes them as a whole.

    Arguments:
        run: The run.
        stage: The stage.
    """

    def __init__(self, run: Run, stage: str) -> None:
        super().__init__()

        self.run, self.stage = run, stage
        self.rows: list[Row] = []

    @property
    def name(self) -> str:
        """The name of the stage."""
        return self.stage

    @property
    def version(self) -> str:
        """Nothing: a stage has one log."""
        return ""

    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        """Adds a row."""
        self.rows.append({**metrics, "step": step})

    def log_hyperparams(self, *_: Any, **__: Any) -> None:  # noqa: ANN401
        """Does nothing: the run folder has the configuration."""

    def write(self) -> None:
        """Writes the rows; a disk that cannot take them stops no training."""
        name = f"logs/{self.stage}/{LOG}"
        if self.rows and self.run.folder.is_dir():
            with self.run.optional_output(name):
                write_atomically(self.run.folder / name, to_csv(self.rows))


class BoardLog(TensorBoardLogger):
    """The log for TensorBoard, which a full disk ends, while the training goes on.

    Arguments:
        run: The run.
        stage: The stage.
        step: The iteration that a resumed training begins with; what was logged from there on is
            not shown.
    """

    def __init__(self, run: Run, stage: str, step: int | None) -> None:
        purge: dict[str, Any] = {} if step is None else {"purge_step": step}
        # Lightning would read the path as an address of fsspec, as in `a::b`.
        super().__init__(".", name=stage, version="", **purge)

        self.run = run
        self.what = f"logs/{stage}/events.out.tfevents*"

    @property
    def root_dir(self) -> str:
        """The folder of the log."""
        return self.log_dir

    @property
    def log_dir(self) -> str:
        """The folder of the log, in whose path `$HOME` and `~` are names like any other."""
        return str(self.run.folder / "logs" / str(self.name))

    def log_metrics(self, metrics: Any, step: int | None = None) -> None:  # noqa: ANN401
        """Adds the values of an iteration."""
        if self.what not in self.run.missing:
            with self.run.optional_output(self.what):
                super().log_metrics(metrics, step)

    def add_image(self, name: str, picture: Any, step: int) -> None:  # noqa: ANN401
        """Adds a picture."""
        if self.what not in self.run.missing:
            with self.run.optional_output(self.what):
                self.experiment.add_image(name, picture, step)

    def save(self) -> None:
        """Writes what was logged."""
        if self.what not in self.run.missing:
            with self.run.optional_output(self.what):
                super().save()

    def finalize(self, status: str) -> None:
        """Closes the log."""
        with self.run.optional_output(self.what):
            super().finalize(status)


@contextmanager
def quiet_threads() -> Iterator[None]:
    """Keeps the thread that writes for TensorBoard from printing how it failed.

    Its error is raised again at the next value, where it is dealt with.
    """
    before = threading.excepthook

    def tell(failure: threading.ExceptHookArgs) -> None:
        if not issubclass(failure.exc_type, OSError):
            before(failure)

    threading.excepthook = tell
    try:
        yield
    finally:
        threading.excepthook = before
