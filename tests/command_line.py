"""The command lines, called inside of the test process, which saves seconds for each."""

import runpy
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

import train
from latentq.__main__ import COMMANDS, main
from latentq.config.commands import run_command

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Done:
    """What a command left: its exit code and what it printed."""

    code: int
    out: str
    err: str

    @property
    def mistakes(self) -> list[str]:
        """The lines of standard error, each of which has to be a mistake."""
        lines = self.err.splitlines()
        assert all(line.startswith("error: ") and line.isprintable() for line in lines), self.err
        return [line.removeprefix("error: ") for line in lines]


@dataclass(frozen=True)
class CommandLine:
    """Calls commands in a folder of their own."""

    patch: pytest.MonkeyPatch
    capture: pytest.CaptureFixture[str]
    folder: Path

    def train(self, *words: str) -> Done:
        """Calls `train.py`."""
        return self._call(train.main, "train.py", words)

    def latentq(self, *words: str) -> Done:
        """Calls the command `latentq`, which runs modules that nobody has imported before."""
        for module in COMMANDS.values():
            self._forget(module)
        return self._call(main, "latentq", words)

    def call(self, command: Callable[[list[str]], object], *words: str) -> Done:
        """Calls a small command."""
        return self._call(lambda: run_command(command, "usage"), "command", words)

    def program(self, path: str, *words: str) -> Done:
        """Runs a file of the project as a program."""
        return self._call(
            lambda: runpy.run_path(str(ROOT / path), run_name="__main__"), path, words
        )

    def module(self, name: str, *words: str) -> Done:
        """Runs a module of the project as a program."""
        self._forget(name)
        return self._call(lambda: runpy.run_module(name, run_name="__main__"), name, words)

    def _forget(self, module: str) -> None:
        is_package = hasattr(sys.modules.get(module), "__path__")
        name = f"{module}.__main__" if is_package else module
        self.patch.delitem(sys.modules, name, raising=False)

    def _call(self, main: Callable[[], object], name: str, words: tuple[str, ...]) -> Done:
        self.patch.chdir(self.folder)
        self.patch.setattr(sys, "argv", [name, *words])
        self.capture.readouterr()
        try:
            code = main()
        except SystemExit as stop:  # Programs end so, and Hydra's job.
            code = stop.code or 0
        assert isinstance(code, int)
        shown = self.capture.readouterr()
        return Done(code, shown.out, shown.err)

    def refused(self, *words: str) -> list[str]:
        """Calls `train.py`, which has to refuse and to leave nothing, and returns the mistakes."""
        done = self.train(*words)
        assert done.code == 2, done
        assert not done.out
        assert list(self.folder.iterdir()) == []
        return done.mistakes
