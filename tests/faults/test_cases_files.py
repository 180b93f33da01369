"""Cases 16 and 39: folders that cannot be written, and output that goes elsewhere."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from latentq import paths, sample
from latentq.config.commands import run_command
from latentq.errors import ConvergenceError, InputError
from latentq.experiments.record import Experiment, Record, RecordOptions
from latentq.report.__main__ import report
from tests.command_line import ROOT, CommandLine
from tests.fake_runs import make_run

CHECKPOINT = f"checkpoint={ROOT}/checkpoints/quantum"


def test_case_16_unwritable_folders(line: CommandLine, tmp_path: Path) -> None:
    """A file where a folder should be cannot be written by anybody, not even by root."""
    (tmp_path / "file").touch()
    make_run(tmp_path / "runs" / "a")
    place = f"{tmp_path}/file/below"

    drawn = line.call(sample.sample, CHECKPOINT, f"out={place}/grid.png")
    reported = line.call(report, str(tmp_path / "runs"), f"out={place}")
    with pytest.raises(InputError, match=r"^run.root: must be a writable folder"):
        paths.check_writable(Path(place), "run.root")

    assert drawn.code == reported.code == 2
    assert drawn.mistakes[0].startswith("out: must be a .png file in a folder that exists")
    assert reported.mistakes[0].startswith(f"out: cannot write to {place}")


def test_case_16_read_only_folders(
    line: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**words: object) -> None:
        raise OSError(30, "Read-only file system", str(words["dir"]))

    monkeypatch.setattr(paths.tempfile, "TemporaryFile", refuse)
    measured: list[object] = []

    def measure(options: RecordOptions) -> Record:
        measured.append(options)
        raise AssertionError

    experiment = Experiment("odd", "Odd", RecordOptions, measure)
    done = line.call(experiment.run, f"out={tmp_path}/out")

    assert done.code == 2
    assert done.mistakes == [
        f"out: must be a writable folder, was {tmp_path}/out: Read-only file system"
    ]
    assert not measured


def test_case_16_what_fails_later_is_a_line_too(line: CommandLine) -> None:
    def command(words: list[str]) -> None:
        raise PermissionError(13, "Permission denied", "/some/file")

    done = line.call(command)

    assert (done.code, done.mistakes) == (1, ["/some/file: Permission denied"])


PRINTS = (
    "import sys; from latentq.config.commands import run_command\n"
    "def many(words):\n    for i in range(100000): print('a line ± Ω', i)\n"
    "sys.exit(run_command(many, 'usage'))\n"
)


def shell(command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"],
        cwd=ROOT,
        env={**os.environ, "PRINTS": PRINTS, "PYTHON": sys.executable, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_case_39_pipe() -> None:
    done = shell('"$PYTHON" -c "$PRINTS" | head -1')

    assert done.stdout == "a line ± Ω 0\n"
    assert done.stderr == ""
    assert done.returncode == 141


def test_case_39_code_page() -> None:
    done = shell('"$PYTHON" -c "$PRINTS" | tail -1', PYTHONIOENCODING="ascii")

    assert done.returncode == 0
    assert done.stdout == "a line ? ? 99999\n"


def test_case_39_no_colours(line: CommandLine, tmp_path: Path) -> None:
    make_run(tmp_path / "runs" / "a", name="\x1b[31mred")

    done = line.call(report, str(tmp_path / "runs"), f"out={tmp_path}/out")
    wrong = line.call(report, "\x1b[31mnowhere")
    trained = line.train("\x1b[31mkey=1")

    assert done.code == 0
    assert "\x1b" not in done.out + done.err
    assert wrong.mistakes[0].startswith(r"\x1b[31mnowhere: no such folder")
    assert trained.mistakes[0].startswith(r"\x1b[31mkey")


def test_case_39_ctrl_c(line: CommandLine) -> None:
    def command(words: list[str]) -> None:
        raise KeyboardInterrupt

    done = line.call(command)

    assert (done.code, done.out, done.err) == (130, "", "interrupted\n")


def test_a_solver_that_fails_is_told_in_one_line(line: CommandLine) -> None:
    def command(words: list[str]) -> None:
        raise ConvergenceError("transport: stopped")

    done = line.call(command)

    assert (done.code, done.out, done.err) == (1, "", "error: transport: stopped\n")


def test_a_real_fault_of_the_program_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def command(words: list[str]) -> None:
        raise KeyError("ours")

    monkeypatch.setattr(sys, "argv", ["command"])
    with pytest.raises(KeyError, match="ours"):
        run_command(command, "usage")
