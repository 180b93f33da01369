r"""Which ingredient of the quantum prior does what: one thing changed in each row.

    python -m latentq.experiments.ablation seeds=0,1,2 out=ablation.json
    python -m latentq.experiments.ablation rows=reference,mmdk seeds=0

The rows of the first recipe change five equal circuits of one ancilla, trained in cells; those of
the second recipe change circuits of which the last has most angles, trained by one transport.
Every row is a run of `train.py` on the frozen autoencoder of `runs/quantum-mnist-seedN`, which
`make report SEEDS="0 1 2"` makes, measured against validation images. Rows have fewer iterations
than the default model has. Finished runs are not repeated. The table is printed as Markdown and
written as JSON; beside it a figure shows FID against circuit parameters.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from latentq import paths
from latentq.config.commands import read_options, run_command
from latentq.config.compose import load_config
from latentq.config.fields import Folder, Seed, Settings
from latentq.config.marks import Commas, OneOf
from latentq.config.words import override
from latentq.errors import InputError
from latentq.experiments.ingredients import ROWS
from latentq.paths import TRAIN
from latentq.report import plots
from latentq.report.statistics import scale_of, summarize
from latentq.report.tables import markdown_table
from latentq.report.wording import interval
from latentq.training.run_folder import METRICS, differences, is_finished, versions_of

COMMON = (
    "model=quantum",
    "metrics.split=validation",
    "run.skip_finished=true",
    "threads=1",
)
SCORES = ("fid", "precision", "recall")
Rows = Annotated[tuple[Annotated[str, OneOf(ROWS)], ...], Commas(ROWS)]


class Options(Settings):
    """What is compared."""

    rows: Rows = Field(tuple(ROWS), description="what is changed")
    seeds: Annotated[tuple[Seed, ...], Commas()] = Field((0, 1, 2), description="the seeds")
    root: Folder = Field("runs", description="the folder of the runs")
    out: Folder = Field("ablation.json", description="the file of the table")


def overrides(name: str, seed: int, root: str) -> list[str]:
    """Returns the configuration of a run, as overrides."""
    return [
        *COMMON,
        *ROWS[name].recipe,
        f"seed={seed}",
        override("autoencoder", f"{root}/quantum-mnist-seed{seed}"),
        override("run.root", f"{root}/ablation"),
        f"run.name={name}-seed{seed}",
        *ROWS[name].overrides,
    ]


def command(name: str, seed: int, root: str) -> list[str]:
    """Returns the command line of a run."""
    return [sys.executable, *TRAIN, *overrides(name, seed, root)]


def finished_run(name: str, seed: int, root: str) -> Path | None:
    """Finds the newest finished run of a row that has the configuration which the row has now.

    A run of the same name may be older, of a row that has changed since.

    Arguments:
        name: The row.
        seed: The seed.
        root: The folder of runs.
    """
    config = load_config(overrides(name, seed, root))
    folders = versions_of(Path(root) / "ablation", f"{name}-seed{seed}")
    done = [path for path in folders if is_finished(path) and not differences(path, config)]
    return done[-1] if done else None


def collect(
    names: Sequence[str], seeds: Sequence[int], root: str
) -> dict[str, list[dict[str, Any]]]:
    """Reads what the finished runs of some rows measured.

    Arguments:
        names: The rows.
        seeds: The seeds.
        root: The folder of runs.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    for name in names:
        folders = [finished_run(name, seed, root) for seed in seeds]
        read = [json.loads((path / METRICS).read_text()) for path in folders if path]
        found[name] = [
            {
                "seed": metrics["seed"],
                **{score: metrics[score] for score in SCORES},
                "mmd": metrics["mmd"]["steps"],
                "parameters": metrics["parameters"]["prior"],
                "seconds": metrics["wall_seconds"]["prior"],
                "git_commit": metrics["git_commit"],
            }
            for metrics in read
        ]
    return {name: rows for name, rows in found.items() if rows}


def markdown(found: dict[str, list[dict[str, Any]]]) -> str:
    """Returns the table of rows as Markdown."""
    lines = []
    for name, rows in found.items():
        scores = [
            interval(summarize((row[score] for row in rows), scale_of(score))) for score in SCORES
        ]
        lines.append([ROWS[name].what, f"{rows[0]['parameters']:,}", str(len(rows)), *scores])
    head = ["changed", "circuit parameters", "seeds", "FID", "precision", "recall"]
    return markdown_table(head, lines)


def parameter_curve(found: dict[str, list[dict[str, Any]]]) -> plots.Figure | None:
    """Draws FID against circuit parameters, or returns `None` with fewer than two sizes."""
    points = {
        name: (rows[0]["parameters"], [row["fid"] for row in rows]) for name, rows in found.items()
    }
    curve = {
        size: fids
        for name, (size, fids) in points.items()
        if name == "reference" or name.startswith("layers")
    }
    if len(curve) < 2:
        return None
    marked = {"uneven steps, narrow start": points["small"]} if "small" in points else {}
    figure = plots.Figure(figsize=(6.4, 4), dpi=150, layout="constrained")
    plots.size_curve(figure.subplots(), curve, marked)
    return figure


def ablation(arguments: list[str]) -> None:
    """Runs the rows that are not finished, prints the table and writes it.

    Raises:
        InputError: If an option is wrong, or a run fails.
    """
    options = read_options(arguments, Options)
    for seed in options.seeds:
        for name in options.rows:
            if subprocess.run(command(name, seed, options.root), check=False).returncode:
                raise InputError(f"rows: {name} with seed {seed} failed, see above")
    found = collect(options.rows, options.seeds, options.root)
    content = {"common": COMMON, "rows": found}
    paths.write_atomically(Path(options.out), (json.dumps(content, indent=2) + "\n").encode())
    if figure := parameter_curve(found):
        plots.save_figure(figure, Path(options.out).with_suffix(".png"))
    print(markdown(found))


if __name__ == "__main__":
    sys.exit(run_command(ablation, __doc__, Options))
