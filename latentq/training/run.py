"""A run: its folder and configuration, and what is noted of its stages on the way."""

import json
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from latentq.config.config import Config
from latentq.errors import InputError
from latentq.training.checkpoints import State
from latentq.training.run_folder import METRICS, is_finished


@dataclass
class Run:
    """A run folder with its configuration, device and commit, and what is noted of its stages.

    Arguments:
        folder: The folder.
        config: The configuration.
        device: The device.
        title: The title of its pictures.
        git_commit: The commit of the source tree.
        seconds: The seconds of its stages by the clock.
        cpu_seconds: Those of all threads on a CPU.
        missing: Logs and pictures that could not be written.
        gradients: The variance of the gradient, see :class:`latentq.training.guards.Guard`.
        state: The saved state that it resumes from.
    """

    folder: Path
    config: Config
    device: str
    title: str
    git_commit: str | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    cpu_seconds: dict[str, float] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    gradients: dict[str, Any] = field(default_factory=dict)
    state: State | None = None
    _begin: tuple[str, float, float] | None = None

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Notes how long a stage takes, by the clock and in time of all threads on a CPU.

        The latter hardly depends on what else the machine does. A stage that fails is not noted,
        and one that was resumed counts from its beginning.
        """
        self._begin = (stage, time.perf_counter(), time.process_time())
        try:
            yield
            self.seconds, self.cpu_seconds = self.clocks()
        finally:
            self._begin = None

    def clocks(self) -> tuple[dict[str, float], dict[str, float]]:
        """Returns the seconds of all stages up to now, by the clock and on a CPU."""
        if self._begin is None:
            return dict(self.seconds), dict(self.cpu_seconds)
        stage, wall, cpu = self._begin
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        return (
            {**self.seconds, stage: self.seconds.get(stage, 0.0) + wall},
            {**self.cpu_seconds, stage: self.cpu_seconds.get(stage, 0.0) + cpu},
        )

    def notes(self) -> dict[str, Any]:
        """Returns what is noted of the stages up to now, for :meth:`recall`."""
        wall, cpu = self.clocks()
        return {"seconds": wall, "cpu_seconds": cpu, "missing": list(self.missing)}

    def recall(self, notes: Mapping[str, Any]) -> None:
        """Takes up what was noted before the run was interrupted."""
        self.seconds = {**self.seconds, **notes.get("seconds", {})}
        self.cpu_seconds = {**self.cpu_seconds, **notes.get("cpu_seconds", {})}
        self.missing = list(dict.fromkeys([*self.missing, *notes.get("missing", [])]))

    @contextmanager
    def optional_output(self, what: str) -> Iterator[None]:
        """Lets a log or picture be missing that cannot be written; the first one is told."""
        try:
            yield
        except OSError as error:
            if not self.missing:
                text = f"{what} could not be written: {error.strerror}; the run goes on without it"
                print(f"warning: {text}", file=sys.stderr, flush=True)
            if what not in self.missing:
                self.missing.append(what)

    @property
    def finished(self) -> bool:
        """Whether the run is complete."""
        return is_finished(self.folder)

    def metrics(self) -> dict[str, Any]:
        """Reads the metrics of a finished run.

        Raises:
            InputError: If they are damaged.
        """
        try:
            return json.loads((self.folder / METRICS).read_text())
        except (OSError, ValueError) as error:
            raise InputError(f"run: {self.folder / METRICS} is damaged") from error
