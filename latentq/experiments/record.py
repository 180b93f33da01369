"""What an experiment leaves in its folder: figures, tables, and claims beside measurements.

An experiment is a function from options to a :class:`Record`. :meth:`Experiment.run` is its
command: it writes `README.md`, `record.json`, a CSV file for each table, and each figure as PNG
and SVG. `record.json` is written last, so that a folder that has one is complete.
"""

import contextlib
import json
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

import torch
from pydantic import Field
from rich.console import Console
from rich.progress import track

from latentq import paths
from latentq.config.commands import read_options
from latentq.config.fields import Count, Folder, Positive, Seed, Settings
from latentq.config.marks import joined
from latentq.config.words import pasted
from latentq.engine.process import settings_restored
from latentq.errors import InputError
from latentq.experiments.verdicts import Verdict
from latentq.report import plots
from latentq.report.tables import csv_text, frame_of, markdown_table
from latentq.training.commit import commit_text, git_commit

Item = TypeVar("Item")
Given = TypeVar("Given", bound="RecordOptions")
Row = Mapping[str, Any]
Tables = Mapping[str, Sequence[Row]]
RECORD, PAGE = "record.json", "README.md"
FACTS = (
    *("name", "title", "command", "options"),
    *("seconds", "cpu_seconds", "peak_gib", "git_commit", "remark"),
)


class RecordOptions(Settings):
    """The options that every experiment has."""

    out: Folder | None = Field(None, description="the folder of the record; null: results/NAME")
    threads: Count = Field(1, le=1024, description="how many threads torch takes")


class SeededOptions(RecordOptions):
    """The options of an experiment that draws, and estimates its memory before."""

    seed: Seed = Field(0, description="the seed of all draws")
    memory: Positive = Field(4.0, description="the GiB that may be taken")


@dataclass(frozen=True)
class Claim:
    """A statement of a source, what was measured here, and the verdict on the statement.

    `margin` says within what a difference counts as none, or a number as agreeing, and why.
    """

    statement: str
    ours: str
    verdict: Verdict
    margin: str


@dataclass(frozen=True)
class Picture:
    """A figure and what is to be seen in it."""

    caption: str
    figure: plots.Figure


@dataclass(frozen=True)
class Record:
    """What an experiment found.

    Arguments:
        summary: A paragraph that says what was measured, and what came out.
        claims: The statements that it settles.
        tables: Rows of named numbers, by the name of the table.
        pictures: The figures by name.
    """

    summary: str
    claims: Sequence[Claim]
    tables: Tables
    pictures: Mapping[str, Picture] = field(default_factory=dict)


@dataclass(frozen=True)
class Experiment(Generic[Given]):
    """An experiment with its command.

    Arguments:
        name: The name, `python -m latentq.experiments.NAME`.
        title: What it is about, in a few words.
        schema: Its options; the defaults are those of the full size.
        measure: What is done.
        describe: What is made of the tables alone, with the options: claims, summary, figures.
            `None` if they need more than the tables have.
    """

    name: str
    title: str
    schema: type[Given]
    measure: Callable[[Given], Record]
    describe: Callable[[Given, Tables], Record] | None = None

    def options(self, arguments: list[str]) -> Given:
        """Reads the options of a command line.

        Raises:
            InputError: If an option is wrong.
        """
        return read_options(arguments, self.schema)

    def run(self, arguments: list[str]) -> None:
        """Measures and writes the record.

        Raises:
            InputError: If an option is wrong, or the folder cannot be written to.
        """
        options = self.options(arguments)
        folder = Path(options.out or f"results/{self.name}")
        is_new = not folder.exists()
        paths.check_writable(folder, "out")
        wall, cpu = time.perf_counter(), time.process_time()
        try:
            with settings_restored():
                torch.set_num_threads(options.threads)
                record = self.measure(options)
        except BaseException:
            if is_new:
                with contextlib.suppress(OSError):
                    folder.rmdir()
            raise
        facts = {
            **{"name": self.name, "title": self.title},
            **{"command": self.command(options), "options": noted(options)},
            "seconds": round(time.perf_counter() - wall, 1),
            "cpu_seconds": round(time.process_time() - cpu, 1),
            "peak_gib": round(peak_memory() / 2**30, 2),
            "git_commit": git_commit(),
        }
        write(record, facts, folder)

    def again(self, folder: Path) -> None:
        """Writes a record again from its tables, with the facts of when they were measured.

        Figures that need more than the tables have stay as they are.

        Arguments:
            folder: The folder, with a record.

        Raises:
            InputError: If there is no record, or the experiment needs more than its tables.
        """
        try:
            old = json.loads((folder / RECORD).read_text())
            options = self.schema.model_validate(old["options"], strict=False)
            tables = old["tables"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"root: must have {self.name}/{RECORD} of a run, was {folder}"
            ) from error
        if self.describe is None:
            raise InputError(
                f"from: {self.name} cannot be made of its tables; run it: {self.command(options)}"
            )
        record = self.describe(options, tables)
        facts = {key: old[key] for key in FACTS if key in old}
        kept = {k: text for k, text in old["captions"].items() if k not in record.pictures}
        write(record, {**facts, "described": git_commit()}, folder, kept)

    def command(self, options: Given) -> str:
        """Returns the command line of some options, without those that are as usual."""
        usual = noted(self.schema())
        given = [f"{k}={v}" for k, v in noted(options).items() if v != usual[k]]
        return pasted(["python", "-m", f"latentq.experiments.{self.name}", *given])


def noted(options: RecordOptions) -> dict[str, Any]:
    """Returns what a record keeps of its options, lists as they stand on a command line."""
    kept = options.model_dump(exclude=set(RecordOptions.model_fields))
    return {key: joined(v) if isinstance(v, tuple) else v for key, v in kept.items()}


def pick(rows: Sequence[Row], **keys: object) -> list[Row]:
    """Returns the rows that have some values."""
    return [row for row in rows if all(row[key] == value for key, value in keys.items())]


def progress(items: Iterable[Item], what: str, total: int | None = None) -> Iterable[Item]:
    """Goes through items, with a bar on standard error where that is a terminal."""
    console = Console(file=sys.stderr)
    return track(items, what, total, console=console, disable=not console.is_terminal)


def peak_memory() -> int:
    """Returns the most memory, in bytes, that this process has held."""
    import resource  # Windows has none, and is refused only where a command begins.

    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used if sys.platform == "darwin" else 1024 * used  # Bytes there, KiB elsewhere.


def cost_of(facts: Mapping[str, Any]) -> str:
    """Writes what an experiment took."""
    return (
        f"{facts['seconds']:,.0f} s ({facts['cpu_seconds']:,.0f} s of processor time) and at "
        f"most {facts['peak_gib']:.2f} GiB of memory"
    )


def claims_table(claims: Iterable[Claim]) -> str:
    """Returns claims as a Markdown table."""
    rows = [(c.statement, c.ours, c.margin, c.verdict) for c in claims]
    return markdown_table(["claim", "ours", "margin", "verdict"], rows)


def page(record: Record, facts: Mapping[str, Any], captions: Mapping[str, str]) -> str:
    """Returns the page of a record as Markdown."""
    parts = [f"# {facts['title']}", record.summary]
    if record.claims:
        parts.append(claims_table(record.claims))
    for name, caption in captions.items():
        parts += [f"![{caption}]({name}.png)", caption]
    links = [f"[{name}.csv]({name}.csv)" for name in record.tables]
    links += [f"[{name}.svg]({name}.svg)" for name in captions]
    parts.append(f"Numbers and figures: {', '.join(links)}.")
    commit = commit_text(facts["git_commit"])
    parts.append(f"`{facts['command']}` took {cost_of(facts)} ({commit}).")
    if "remark" in facts:
        parts.append(facts["remark"])
    if "described" in facts:
        again = commit_text(facts["described"])
        parts.append(f"The verdicts were made again from these tables ({again}).")
    return "\n\n".join(parts) + "\n"


def write(
    record: Record, facts: Mapping[str, Any], folder: Path, kept: Mapping[str, str] | None = None
) -> None:
    """Writes a record into a folder, and prints its claims.

    Arguments:
        record: What was found.
        facts: How: name, title, command, options, seconds and git_commit.
        folder: The folder.
        kept: The captions of figures that are there already, and stay.
    """
    captions = {name: picture.caption for name, picture in record.pictures.items()}
    captions |= kept or {}
    content = {
        **facts,
        "summary": record.summary,
        "claims": [asdict(claim) for claim in record.claims],
        "tables": record.tables,
        "captions": captions,
    }
    files = {
        f"{name}.{kind}": plots.figure_bytes(picture.figure, kind)
        for name, picture in record.pictures.items()
        for kind in ("png", "svg")
    }
    files |= {f"{n}.csv": csv_text(frame_of(rows)).encode() for n, rows in record.tables.items()}
    files[PAGE] = page(record, facts, captions).encode()
    files[RECORD] = (json.dumps(content, indent=1) + "\n").encode()
    paths.write_together({folder / name: found for name, found in files.items()})
    print(f"{claims_table(record.claims)}\n\nSee {folder / PAGE}")
