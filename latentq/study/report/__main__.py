"""Writes the report on a study: report.html (one file), report.md, report.json and data/*.csv.

python -m latentq.study.report root=study [out=docs/results/study]
python -m latentq.study.report root=docs/results/study

root is the folder of the study, with the cells in cells/ARM-nSIZE-seedS and, if it is there,
study.json. A cell that is missing or damaged is listed with its reason, and has no number.
root may also be the folder of a published report: then its tables, figures and verdicts are made
again from data/cells.csv, with the provenance and the pictures of cells that the report has.
out is where to write; by default docs/results/study. plugin=my_module is for arms of your own.
"""

import sys

from latentq.config.commands import parse_options, run_command
from latentq.config.rules import Rule
from latentq.study.arms import add_plugins

RULES = {
    "root": Rule(str, path=True),
    "out": Rule(str, path=True),
    "plugin": Rule(str, optional=True),
}
DEFAULTS = {"out": "docs/results/study", "plugin": None}


def report(arguments: list[str]) -> None:
    """Writes the report on a study and prints its result.

    Raises:
        InputError: If an option is wrong, the cells cannot be compared, or nothing can be written.
    """
    options = parse_options(arguments, RULES, DEFAULTS)
    add_plugins(options["plugin"])

    # A wrong argument is answered without what draws and renders.
    from latentq.study.report.build import build

    print(*build(options["root"], options["out"]), sep="\n")
    print(f"report: {options['out']}/report.html, report.md, report.json and data")


if __name__ == "__main__":
    sys.exit(run_command(report, __doc__))
