"""Writes the report on finished runs: report.html (one file), report.md and report.json.

python -m latentq.report FOLDER ... [out=FOLDER]

A FOLDER is a run folder, or a folder of run folders: one without a metrics.json is searched one
level down. Runs with different data, FID features or number of samples get a section each, and
are not compared. Runs that differ in nothing but the seed are averaged over seeds.

out is where to write; by default the folder `report` in the folder that holds the runs:
`python -m latentq.report runs` writes runs/report/report.html.
"""

import sys

from latentq.config.commands import run_command
from latentq.errors import InputError


def report(arguments: list[str]) -> None:
    """Writes a report and prints its result.

    Raises:
        InputError: If an argument is wrong, a run is damaged, or the report cannot be written.
    """
    outs = [word.removeprefix("out=") for word in arguments if word.startswith("out=")]
    folders = [word for word in arguments if not word.startswith("out=")]
    if not folders:
        raise InputError("FOLDER: none was given; for example: python -m latentq.report runs")
    if len(outs) > 1 or "" in outs:
        raise InputError("out: must be one folder, as in out=report")

    # A wrong argument is answered without what draws and renders.
    from latentq.report.comparison import build

    out, results = build(folders, *outs)
    print(*results, sep="\n")
    print(f"report: {out}/report.html, report.md and report.json")


if __name__ == "__main__":
    sys.exit(run_command(report, __doc__))
