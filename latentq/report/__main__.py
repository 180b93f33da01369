"""Writes the report on finished runs: report.html (one file), report.md and report.json.

python -m latentq.report FOLDER ... [out=FOLDER]

A FOLDER is a run folder, or a folder of run folders: one without a metrics.json is searched one
level down. Runs with different data, FID features or number of samples get a section each, and
are not compared. Runs that differ in nothing but the seed are averaged over seeds.

`python -m latentq.report runs` writes runs/report/report.html.
"""

import sys

from pydantic import Field

from latentq.config.commands import read_options, run_command
from latentq.config.fields import Folder, Settings
from latentq.errors import InputError


class Options(Settings):
    """Where the report goes."""

    out: Folder | None = Field(
        None, description="a folder; null: `report` in the folder that holds the runs"
    )


def report(arguments: list[str]) -> None:
    """Writes a report and prints its result.

    Raises:
        InputError: If an argument is wrong, a run is damaged, or the report cannot be written.
    """
    options = read_options([word for word in arguments if word.startswith("out=")], Options)
    folders = [word for word in arguments if not word.startswith("out=")]
    if not folders:
        raise InputError("FOLDER: none was given; for example: python -m latentq.report runs")

    # A wrong argument is answered without what draws and renders.
    from latentq.report.comparison import build

    out, results = build(folders, options.out)
    print(*results, sep="\n")
    print(f"report: {out}/report.html, report.md and report.json")


if __name__ == "__main__":
    sys.exit(run_command(report, __doc__, Options))
