"""Studies of fake jobs, see `fake_train.py`: how they are started, and what is left of them."""

import fcntl
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from latentq.study.__main__ import study
from tests import fake_train

ROOT = Path(__file__).parent.parent
FAKE = Path(fake_train.__file__)
Start = Callable[..., subprocess.Popen[str]]
RUNNER = """
import sys
from pathlib import Path
from latentq.study.__main__ import main
from tests import fake_train
sys.exit(main(train=(fake_train.__file__,), load=fake_train.load))
"""


def play(root: Path, *words: str, **deeds: str) -> int:
    """Runs a study of fake jobs; `vae_n300_seed0="fail"` says what a job does."""
    root.mkdir(exist_ok=True)
    named = {name.replace("_", "-"): deed for name, deed in deeds.items()}
    (root / "fake.json").write_text(json.dumps(named))
    return study([f"root={root}", "workers=2", *words], train=(str(FAKE),), load=fake_train.load)


def started(root: Path) -> list[str]:
    path = root / "started"
    lines = path.read_text().splitlines() if path.is_file() else []
    return [line.split()[0] for line in lines]


def rows(root: Path) -> dict[str, dict[str, Any]]:
    content = json.loads((root / "study.json").read_text())
    return {row["name"]: row for row in content["jobs"]}


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 100
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def is_free(path: Path) -> bool:
    """Whether no process holds the lock that a fake job holds while it is alive."""
    with path.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


@contextmanager
def runners(root: Path) -> Iterator[Start]:
    """Yields what starts runners of fake jobs in processes of their own."""
    begun: list[subprocess.Popen[str]] = []

    def start(*words: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", RUNNER, f"root={root}", *words],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        begun.append(process)
        return process

    try:
        yield start
    finally:
        for process in begun:
            process.kill()
            process.communicate()
