"""Writes the report on a study: report.html (one file), report.md, report.json and data/*.csv.

python -m latentq.study.report root=study [out=docs/results/study]
python -m latentq.study.report root=study/mnist,study/fashion out=docs/results/second-study
python -m latentq.study.report root=docs/results/study out=docs/results/study

Several folders are the data sets of one study. The jobs are in ROOT/jobs/ARM-nSIZE-seedS, the plan
is in ROOT/study.json, if it is there. A job that is missing or damaged is listed with its reason,
and has no number. Of a published report the tables, figures and verdicts are made again from
data/jobs.csv, by the edition of the protocol that it was written by, with the provenance and the
pictures of jobs that the report has.
"""

import sys
from typing import Annotated

from pydantic import Field

from latentq.config.commands import read_options, run_command
from latentq.config.fields import Folder, Plugins, Settings
from latentq.config.marks import Commas
from latentq.study.arms import add_plugins


class Options(Settings):
    """What the report is on, and where it goes."""

    root: Annotated[tuple[Folder, ...], Commas(once=True)] = Field(
        description="the folder of the study, one for each data set, or of a published report"
    )
    out: Folder = Field("docs/results/second-study", description="the folder of the report")
    tuning: Folder = Field("docs/results/tuning", description="the folder of the tuning's logs")
    plugin: Plugins | None = Field(None, description="modules that register models of your own")


def report(arguments: list[str]) -> None:
    """Writes the report on a study and prints its result.

    Raises:
        InputError: If an option is wrong, the jobs cannot be compared, or nothing can be written.
    """
    options = read_options(arguments, Options)
    add_plugins(options.plugin)

    # A wrong argument is answered without what draws and renders.
    from latentq.study.report.document import build

    print(*build(options.root, options.out, options.tuning), sep="\n")
    print(f"report: {options.out}/report.html, report.md, report.json and data")


if __name__ == "__main__":
    sys.exit(run_command(report, __doc__, Options))
