"""Plants faults and runs the tests that ought to see them: `python -m tests.mutants`.

    python -m tests.mutants only=circuits,states workers=2

The tree is copied; the copy's tests have to pass without a fault. Then one fault at a time is
planted, and the tests that are named with it are run, until one fails. The exit code is 1 if a
fault survives that is not listed as equivalent, if one that is listed does not, or if the list is
out of date.
"""

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from annotated_types import Ge, Le
from pydantic import Field

from latentq.config.commands import read_options, run_command
from latentq.config.fields import Count, Settings, Text
from latentq.config.marks import Commas, joined
from latentq.errors import InputError, RunError
from tests.mutants.fault import Fault, Result
from tests.mutants.faults import FAULTS
from tests.mutants.runner import LIMIT_SECONDS, run
from tests.mutants.table import before, page

ROOT = Path(__file__).parent.parent.parent


class Options(Settings):
    """Which faults are planted."""

    only: Annotated[tuple[Text, ...], Commas()] = Field(
        ("",), description="words, one of which is in the name or the file of a fault"
    )
    workers: Count = Field(1, le=64, description="copies that are worked on at once")
    limit: Annotated[float, Ge(1), Le(3600)] = Field(
        LIMIT_SECONDS, description="the seconds for the tests of a fault"
    )
    out: Text = Field("", description="the file of the table; none where empty")


def chosen(words: Sequence[str]) -> list[Fault]:
    """Returns the faults whose name or file has one of the words.

    Raises:
        InputError: If there is none.
    """
    wanted = [word for word in words if word] or [""]
    found = [f for f in FAULTS if any(word in f"{f.file} {f.name}" for word in wanted)]
    if not found:
        raise InputError(f"only: must be words of a fault's name or file, was {joined(words)!r}")
    return found


def show(result: Result) -> None:
    """Prints a line on a fault."""
    mark = " " if result.right else "!"
    line = f"{mark} {result.state:<8} {result.seconds:5.1f} s  {result.fault.name}"
    print(f"{line:<80} {result.told}".rstrip(), flush=True)


def main(arguments: list[str]) -> None:
    """Plants the faults, prints what became of them, and writes the table.

    Raises:
        InputError: If an option is wrong.
        RunError: If a fault is not as it has to be.
    """
    options = read_options(arguments, Options)
    faults, begun = chosen(options.only), time.monotonic()
    results = run(faults, ROOT, options.workers, options.limit, show)
    counts = [
        f"{sum(result.state == state for result in results)} {words}"
        for state, words in (("killed", "killed"), ("survived", "survived"), ("error", "errors"))
    ]
    print(f"{len(results)} faults in {time.monotonic() - begun:.0f} s: {', '.join(counts)}")
    wrong = [result for result in results if not result.right]
    for result in wrong:
        print(f"{result.state}: {result.fault.file}: {result.fault.name} ({result.fault.means})")
    if options.out:
        out = Path(options.out)
        out.write_text(page(FAULTS, results, before(out)))
    if wrong:
        raise RunError(f"{len(wrong)} faults are not as they have to be, see above")


if __name__ == "__main__":
    sys.exit(run_command(main, __doc__, Options))
