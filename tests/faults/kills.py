"""Kills tiny runs of every kind at random moments, and compares their ends byte by byte.

python -m tests.faults.kills n=50 seed=0 out=kills.json

Every run is started again with `resume=last` until it is finished. Half of the kills come at a
moment drawn from its whole length, the other half at once when it is seen to be saving. The exit
code is 1 if a run did not end with the weights, numbers and losses of one that was left alone.
"""

import json
import math
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import Field

from latentq.config.commands import read_options, run_command
from latentq.config.fields import Count, Folder, Settings, Size
from tests.faults.runs import KINDS, folder_of, outcome, tiny


class Options(Settings):
    """How often runs are killed."""

    n: Count = Field(50, description="the kills, at the least")
    seed: Size = Field(0, description="the seed of their moments")
    out: Folder | None = Field(None, description="the file of the counts")


POLL_SECONDS = 0.0005
DIFFUSIONS = ("latent_diffusion", "vae_diffusion")


@dataclass
class Tally:
    """What became of the kills: all, and those whose run ended otherwise than it should."""

    tried: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)

    def add(self, places: list[str], survived: bool) -> None:
        """Counts the kills of one run by the place where they came."""
        self.tried.update(places)
        if not survived:
            self.lost.update(places)

    def rows(self) -> dict[str, dict[str, int]]:
        """Returns the counts by place."""
        return {
            place: {
                "tried": self.tried[place],
                "survived": self.tried[place] - self.lost[place],
                "lost": self.lost[place],
            }
            for place in sorted(self.tried)
        }


def start(kind: str, root: Path, resume: bool) -> int:
    """Starts a tiny run in a process of its own, and returns its number.

    It is forked: what takes seconds to import is there already.
    """
    number = os.fork()
    if number:
        return number
    code = 1
    try:
        with (root / "output.txt").open("a") as output:
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
        train_here(kind, root, resume)
        code = 0
    except BaseException as error:
        print(f"{type(error).__name__}: {error}", flush=True)
    finally:
        os._exit(code)


def train_here(kind: str, root: Path, resume: bool) -> None:
    """Trains a tiny run that saves and logs at every iteration."""
    from latentq.training import callbacks, stages
    from train import train

    callbacks.SAVE_SECONDS, stages.LOG_EVERY = 0.0, 1
    # An iteration of a diffusion is so short that only many of them are ever hit.
    more = ["denoising.iterations_per_epoch=40"] if kind in DIFFUSIONS else []
    train(tiny(kind, root, *more, *(["resume=last"] if resume else [])))


def is_saving(folder: Path) -> bool:
    """Whether a file of a run folder is being written."""
    return any(folder.glob(".last.ckpt.*"))


def watch(number: int, moment: float, due: Callable[[], bool]) -> int | None:
    """Kills a process when something is due or a moment has come.

    Returns:
        The exit code if the process ended before, and `None` if it was killed.
    """
    end = time.monotonic() + moment
    while True:
        done, status = os.waitpid(number, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        if due() or time.monotonic() > end:
            os.kill(number, signal.SIGKILL)
            os.waitpid(number, 0)
            return None
        time.sleep(POLL_SECONDS)


def place_of(kind: str, root: Path) -> str:
    """Returns where a killed run was."""
    folder = folder_of(kind, root)
    if not (folder / "config.yaml").is_file():
        return "before the run folder"
    if (folder / "metrics.json").is_file():
        return "after metrics.json"
    output = (root / "output.txt").read_text()
    if "measuring" in output.rpartition("run folder:")[2]:
        return "evaluation"
    stage = stage_of(kind, folder)
    return f"{stage}, while saving" if is_saving(folder) else stage


def stage_of(kind: str, folder: Path) -> str:
    """Returns the stage that a killed run was in."""
    from latentq.training.checkpoints import LAST, PREVIOUS, unpack

    if kind == "features":
        return "classifier"
    if not (folder / "autoencoder" / "config.json").is_file():
        return "VAE" if kind in ("classical", "vae_diffusion") else "autoencoder"
    # A kill between two renames leaves the previous state alone.
    path = next(p for p in (folder / LAST, folder / PREVIOUS) if p.is_file())
    facts = unpack(path.read_bytes(), path).facts
    if facts["stage"] != "prior":
        return "between stages"
    if kind in DIFFUSIONS:
        return "latent diffusion"
    return "a step alone" if facts["epoch"] < 5 else "all steps together"


def survive(kind: str, root: Path, length: float, kills: int, draw: random.Random) -> list[str]:
    """Kills a run some times, lets it end, and returns where the kills came."""
    places: list[str] = []
    folder = folder_of(kind, root)
    while True:
        number = start(kind, root, resume=(folder / "config.yaml").is_file())
        if len(places) == kills:
            code = watch(number, math.inf, lambda: False)
        elif draw.random() < 0.5:
            code = watch(number, draw.uniform(0, 0.8 * length), lambda: False)
        else:
            code = watch(number, math.inf, after(draw.uniform(0, 0.5 * length), folder))
        if code is not None:
            if code:
                print(f"lost: {(root / 'output.txt').read_text().strip().splitlines()[-1]}")
            return places
        places.append(place_of(kind, root))
        if (folder / "metrics.json").is_file():
            return places


def after(seconds: float, folder: Path) -> Callable[[], bool]:
    """Returns what is true when a run is saving, but not before some seconds are over."""
    begin = time.monotonic() + seconds
    return lambda: time.monotonic() > begin and is_saving(folder)


def study(n: int, seed: int, root: Path) -> Tally:
    """Kills runs of all kinds in turn until there were `n` kills."""
    draw, tally = random.Random(seed), Tally()
    wholes: dict[str, tuple[dict[str, str], float]] = {}
    turn = 0
    while tally.tried.total() < n:
        kind = KINDS[turn % len(KINDS)]
        if kind not in wholes:
            place = root / f"whole-{kind}"
            place.mkdir()
            begin = time.monotonic()
            watch(start(kind, place, resume=False), math.inf, lambda: False)
            wholes[kind] = outcome(folder_of(kind, place)), time.monotonic() - begin
        cut = root / f"cut-{turn}"
        cut.mkdir()
        expected, length = wholes[kind]
        places = survive(kind, cut, length, draw.randint(1, 6), draw)
        tally.add(places, ended_as(folder_of(kind, cut), expected))
        print(f"{kind}: {len(places)} kills: {', '.join(places) or 'none'}", flush=True)
        turn += 1
    return tally


def ended_as(folder: Path, expected: dict[str, str]) -> bool:
    """Whether a run came to the outcome that it should."""
    try:
        found = outcome(folder)
    except OSError:
        return False
    for name, value in expected.items():
        if found[name] != value:
            print(f"lost: {folder}: other {name}", flush=True)
    return found == expected


def main(arguments: list[str]) -> None:
    """Runs the study, prints its counts and writes them."""
    options = read_options(arguments, Options)
    import torch

    import latentq.training.workflow  # noqa: F401  # once, for all processes that are forked

    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as root:
        tally = study(options.n, options.seed, Path(root))
    rows = tally.rows()
    for place, row in rows.items():
        print(f"{place:36}" + "".join(f"{k} {v:4}   " for k, v in row.items()))
    tried, lost = tally.tried.total(), tally.lost.total()
    print(f"{tried} kills tried, {tried - lost} survived, {lost} lost")
    if options.out:
        content = {"seed": options.seed, "tried": tried, "lost": lost, "places": rows}
        Path(options.out).write_text(json.dumps(content, indent=2) + "\n")
    if lost:
        sys.exit(1)


if __name__ == "__main__":
    sys.exit(run_command(main, __doc__, Options))
