"""The full form of the fault suite: `python -m tests.faults`.

It fuzzes everything that reads from outside, prints what became of the inputs and writes the
counts as JSON; then it runs the kill study. The exit code is 1 if an input or a run was lost.
"""

import json
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from latentq.config.commands import read_options, run_command
from latentq.config.fields import Folder, Seed, Settings, Size
from latentq.config.marks import OneOf
from latentq.errors import RunError
from tests.faults.fuzz import Count, run
from tests.faults.targets import NAMES, TARGETS


class Options(Settings):
    """What is tried, and how often."""

    inputs: Size = Field(12_000, le=10**7, description="the inputs of all targets")
    seed: Seed = Field(0, description="the seed of the inputs")
    kills: Size = Field(50, le=10_000, description="the kills of the kill study; 0 leaves it out")
    only: Annotated[str, OneOf(("all", *NAMES))] = Field("all", description="one of the targets")
    out: Folder = Field("runs/faults.json", description="the file of the counts")


def row(name: str, count: Count) -> str:
    return (
        f"{name:<28} {count.tried:>6} {count.worked:>7} {count.refused:>8} {count.lost:>5} "
        f"{count.seconds:>6.0f} s"
    )


def fuzz(options: Options) -> dict[str, Count]:
    """Tries the inputs of all targets and prints a row for each."""
    counts = {}
    print(f"{'target':<28} {'tried':>6} {'worked':>7} {'refused':>8} {'lost':>5} {'time':>8}")
    for target in TARGETS:
        if options.only not in ("all", target.name):
            continue
        n = options.inputs if options.only != "all" else options.inputs * target.share
        with tempfile.TemporaryDirectory() as folder:
            counts[target.name] = run(target, max(1, round(n)), Path(folder), options.seed)
        print(row(target.name, counts[target.name]), flush=True)
        for why in counts[target.name].why:
            print(f"    lost: {why}".encode("ascii", "backslashreplace").decode(), flush=True)
    total = Count(*(sum(getattr(c, k) for c in counts.values()) for k in ("worked", "refused")))
    total.lost = sum(c.lost for c in counts.values())
    total.seconds = sum(c.seconds for c in counts.values())
    print(row("all", total))
    return counts


def write(counts: dict[str, Count], options: Options) -> None:
    """Writes the counts as JSON."""
    facts: dict[str, dict[str, Any]] = {
        name: {
            **{"tried": c.tried, "worked": c.worked, "refused": c.refused, "lost": c.lost},
            "why": c.why,
        }
        for name, c in counts.items()
    }
    path = Path(options.out)
    path.parent.mkdir(parents=True, exist_ok=True)
    total = {k: sum(f[k] for f in facts.values()) for k in ("tried", "worked", "refused", "lost")}
    content = {"seed": options.seed, "total": total, "targets": facts}
    path.write_text(json.dumps(content, indent=2) + "\n")
    print(f"counts: {path}")


def main(arguments: list[str]) -> None:
    """Fuzzes, then kills runs.

    Raises:
        RunError: If an input or a run was lost.
    """
    options = read_options(arguments, Options)
    lost = 0
    if options.inputs:
        counts = fuzz(options)
        write(counts, options)
        lost = sum(count.lost for count in counts.values())
    killed = 0
    if options.kills and options.only == "all" and find_spec("tests.faults.kills"):
        command = [sys.executable, "-m", "tests.faults.kills", f"n={options.kills}"]
        killed = subprocess.run(command, check=False).returncode
    if lost or killed:
        raise RunError(f"{lost} inputs were lost; the kill study ended with {killed}")


if __name__ == "__main__":
    sys.exit(run_command(main, __doc__, Options))
