r"""A document checked as a whole: all experiments on it, and one page with every verdict.

    python -m latentq.experiments.all root=docs/results/log page=docs/research-log.md
    python -m latentq.experiments.all of=papers root=docs/results/papers page=docs/quddpm.md
    python -m latentq.experiments.all only=noise,views noise.qubits=4,6
    python -m latentq.experiments.all from=records only=noise root=docs/results/log

The documents are the research log (`of=log`, where nothing is said) and the papers on QuDDPM
(`of=papers`). An experiment whose record is there already, with the same options, is not run
again. With `from=records` nothing is run: verdicts, summaries and figures are made again from the
tables of the records, for the experiments that need no more than those. Options of an experiment
are given with its name before them. The page has a row for each claim: the claim, what was
measured, the margin, and the verdict.
"""

import importlib
import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote

import jinja2
from pydantic import Field

from latentq import paths
from latentq.config.commands import read_options, run_command
from latentq.config.fields import Folder, Settings
from latentq.config.marks import Commas, OneOf
from latentq.errors import InputError
from latentq.experiments.record import RECORD, Experiment, cost_of, noted
from latentq.report.tables import markdown_table
from latentq.training.commit import commit_text

SETS = {
    "log": ("noise", "denoiser", "views", "plateaus", "latent"),
    "papers": ("quddpm", "improved"),
}
NAMES = [name for names in SETS.values() for name in names]
PAGES = {"log": "results/research-log.md", "papers": "results/quddpm.md"}


class Options(Settings):
    """What is run, and where it goes."""

    of: Annotated[str, OneOf(SETS)] = Field("log", description="the document")
    only: Annotated[tuple[Annotated[str, OneOf(NAMES)], ...], Commas()] | None = Field(
        None, description="some of its experiments; null: all of them"
    )
    root: Folder = Field("results", description="the folder of the records")
    page: Folder | None = Field(None, description="the page; null: in results, by its document")
    source: Literal["runs", "records"] = Field(
        "runs",
        alias="from",
        description="records: verdicts are made again, of their tables",
    )


def experiment_of(name: str) -> Experiment[Any]:
    """Returns an experiment by its name."""
    found = importlib.import_module(f"latentq.experiments.{name}.experiment").EXPERIMENT
    assert isinstance(found, Experiment)
    return found


def split_arguments(arguments: list[str]) -> tuple[list[str], dict[str, list[str]]]:
    """Parts the arguments of this command from those of the experiments, by name."""
    own: list[str] = []
    given: dict[str, list[str]] = {name: [] for name in NAMES}
    for argument in arguments:
        name, dot, rest = argument.partition(".")
        if dot and name in given and "=" not in name:
            given[name].append(rest)
        else:
            own.append(argument)
    return own, given


def read_record(folder: Path) -> dict[str, Any] | None:
    """Returns what an experiment left in its folder, or `None` if it is not finished."""
    try:
        found = json.loads((folder / RECORD).read_text())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def is_finished(experiment: Experiment[Any], arguments: list[str], folder: Path) -> bool:
    """Returns whether a folder has the record of an experiment with the same options."""
    options, record = noted(experiment.options(arguments)), read_record(folder)
    return record is not None and record.get("options") == json.loads(json.dumps(options))


def _claims(records: list[dict[str, Any]], root: str) -> str:
    """Returns the table of all claims, each with a link to the page of its experiment."""
    head = ("claim", "ours", "margin", "verdict")
    keys = ("statement", "ours", "margin", "verdict")
    rows = [
        [
            *(claim.get(key, "not stated") for key in keys),
            f"[{record['name']}]({root}/{record['name']}/README.md)",
        ]
        for record in records
        for claim in record["claims"]
    ]
    return markdown_table([*head, "experiment"], rows)


def write_page(template: str, records: list[dict[str, Any]], root: Path, page: Path) -> None:
    """Writes the page of some records.

    Arguments:
        template: The name of the page.
        records: What the experiments left, with their names.
        root: The folder with a folder for each of them.
        page: The file.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    place = quote(Path(os.path.relpath(root, page.parent)).as_posix())
    text = environment.get_template(f"{template}.md.j2").render(
        records={record["name"]: record for record in records},
        claims=_claims(records, place),
        root=place,
        cost_of=cost_of,
        commit_text=commit_text,
    )
    paths.write_atomically(page, text.encode())


def run_all(arguments: list[str]) -> None:
    """Runs the experiments that are not finished, and writes the page.

    Raises:
        InputError: If an option is wrong.
    """
    own, given = split_arguments(arguments)
    options = read_options(own, Options)
    names = SETS[options.of]
    root, page = Path(options.root), Path(options.page or PAGES[options.of])
    only = options.only or names
    if others := [name for name in only if name not in names]:
        raise InputError(f"only: of={options.of} has {', '.join(names)}, was {others[0]!r}")
    if foreign := [name for name, options_of in given.items() if options_of and name not in only]:
        raise InputError(f"{foreign[0]}: is not run, so that it takes no options; see of and only")
    experiments = [experiment_of(name) for name in only]
    for experiment in experiments:
        experiment.options(given[experiment.name])  # A mistake is found before the first run.
    for experiment in experiments:
        folder = root / experiment.name
        if options.source == "records":
            experiment.again(folder)
        elif not is_finished(experiment, given[experiment.name], folder):
            print(f"{experiment.name}: {experiment.title}", flush=True)
            experiment.run([*given[experiment.name], f"out={folder}"])
    found = [read_record(root / name) for name in names]
    write_page(options.of, [record for record in found if record], root, page)
    print(f"See {page}")


if __name__ == "__main__":
    sys.exit(run_command(run_all, __doc__, Options))
