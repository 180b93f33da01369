"""Plants faults and runs the tests that ought to see them: `python -m tests.mutants`.

    python -m tests.mutants [only=WORD,WORD] [workers=1] [limit=120] [out=docs/mutants.md]

The tree is copied; the copy's tests have to pass without a fault. Then one fault at a time is
planted, and the tests that are named with it are run, until one fails. `only` chooses the faults
whose name or file has one of the words; `workers` are copies that are worked on at once; `limit`
is in seconds for the tests of a fault; `out` writes the table. The exit code is 1 if a fault
survives that is not listed as equivalent, if one that is listed does not, or if the list is out of
date.
"""

import sys
import time
from pathlib import Path

from latentq.config.commands import parse_options, run_command
from latentq.config.rules import Rule
from latentq.errors import InputError, RunError
from tests.mutants.fault import Fault, Result
from tests.mutants.faults import FAULTS
from tests.mutants.runner import LIMIT_SECONDS, run
from tests.mutants.table import before, page

ROOT = Path(__file__).parent.parent.parent
RULES = {
    "only": Rule(str),
    "workers": Rule(int, low=1, high=64),
    "limit": Rule(float, low=1, high=3600),
    "out": Rule(str),
}
DEFAULTS = {"only": "", "workers": 1, "limit": LIMIT_SECONDS, "out": ""}


def chosen(words: str) -> list[Fault]:
    """Returns the faults whose name or file has one of the words.

    Raises:
        InputError: If there is none.
    """
    wanted = [word for word in words.split(",") if word] or [""]
    found = [f for f in FAULTS if any(word in f"{f.file} {f.name}" for word in wanted)]
    if not found:
        raise InputError(f"only: must be words of a fault's name or file, was {words!r}")
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
    options = parse_options(arguments, RULES, DEFAULTS)
    faults, begun = chosen(options["only"]), time.monotonic()
    results = run(faults, ROOT, options["workers"], options["limit"], show)
    counts = [
        f"{sum(result.state == state for result in results)} {words}"
        for state, words in (("killed", "killed"), ("survived", "survived"), ("error", "errors"))
    ]
    print(f"{len(results)} faults in {time.monotonic() - begun:.0f} s: {', '.join(counts)}")
    wrong = [result for result in results if not result.right]
    for result in wrong:
        print(f"{result.state}: {result.fault.file}: {result.fault.name} ({result.fault.means})")
    if options["out"]:
        out = Path(options["out"])
        out.write_text(page(FAULTS, results, before(out)))
    if wrong:
        raise RunError(f"{len(wrong)} faults are not as they have to be, see above")


if __name__ == "__main__":
    sys.exit(run_command(main, __doc__))
