"""The table of all faults as a page, which keeps what was found before of faults left out now."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from latentq.report.tables import markdown_table
from tests.mutants.fault import Fault, Result

ROW = re.compile(r"^\| `(?P<file>[^`]*)` \| (?P<name>[^|]*) \| (?P<told>[^|]*) \|$", re.MULTILINE)
NOT_RUN = "not run"


def told(result: Result) -> str:
    """Says in a cell of the table what became of a fault."""
    if result.fault.equivalent and result.state == "survived":
        return f"equivalent: {result.fault.equivalent}"
    if result.state == "killed":
        return f"`{result.told}`" if "::" in result.told else result.told
    return f"**{result.state}**" + (f": {result.told}" if result.told else "")


def before(path: Path) -> dict[str, str]:
    """Returns what a page says of each fault."""
    text = path.read_text() if path.is_file() else ""
    return {found["name"]: found["told"] for found in ROW.finditer(text)}


def page(faults: Sequence[Fault], results: Sequence[Result], old: Mapping[str, str]) -> str:
    """Returns the page.

    Arguments:
        faults: All faults.
        results: What became of some of them.
        old: What was said of each of them before.
    """
    new = {result.fault.name: told(result).replace("|", "/") for result in results}
    cells = {fault.name: new.get(fault.name, old.get(fault.name, NOT_RUN)) for fault in faults}
    open_ones = [cell for cell in cells.values() if cell.startswith("**") or cell == NOT_RUN]
    equivalent = sum(cell.startswith("equivalent") for cell in cells.values())
    lines = [
        "# Planted faults",
        "Each row is a fault that was planted in a copy of the source, and the test that failed "
        f"then. There are {len(faults)}: {len(faults) - len(open_ones) - equivalent} were seen, "
        f"{equivalent} change nothing that a test could see, and {len(open_ones)} are open.",
        f"`make mutants` writes this page, last on {date.today().isoformat()}; with "
        "`ONLY=WORD,WORD` it tries again those whose name or file has one of the words, and "
        "leaves the other rows.",
        markdown_table(
            ["file", "fault", "killed by"],
            [[f"`{fault.file}`", fault.name, cells[fault.name]] for fault in faults],
        ),
    ]
    return "\n\n".join(lines) + "\n"
