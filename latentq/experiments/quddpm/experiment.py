r"""The tasks of the original QuDDPM at their published sizes, and what better training adds.

    python -m latentq.experiments.quddpm
    python -m latentq.experiments.quddpm tasks=cluster1,cluster2 seeds=1 share=0.1

Test states are new states of the ensemble, and as many are generated from new Haar states. The
MMD is that of the paper, a V-statistic with as many states as there, whose mean is above zero even
for equal ensembles; the unbiased MMD beside it has no such floor.

Every training is a cell, kept with its angles in the folder `cells`: given again, the command
trains what is missing. The slowest is done for the first seed alone: the circle by the published
recipe, with 200,000 transports of 500 states.
"""

import json
import time
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from latentq import paths
from latentq.config.fields import Count, Folder, Positive, Seed
from latentq.config.marks import Commas, OneOf
from latentq.experiments.quddpm import claims, figures
from latentq.experiments.quddpm.measures import reference_rows, trained_rows
from latentq.experiments.quddpm.tasks import TASKS
from latentq.experiments.quddpm.training import RECIPES, suits
from latentq.experiments.record import Experiment, Record, RecordOptions, Tables, progress

REFERENCES = "references"
ONCE = [("circle", "published")]  # for the first seed alone
LONG = ("histogram", "angles")  # What a cell has and the table has not.
Row = dict[str, Any]
Tasks = Annotated[tuple[Annotated[str, OneOf(TASKS)], ...], Commas(TASKS)]
Recipes = Annotated[tuple[Annotated[str, OneOf(RECIPES)], ...], Commas(RECIPES)]


class Options(RecordOptions):
    """What is trained."""

    tasks: Tasks = Field(tuple(TASKS), description="the tasks")
    recipes: Recipes = Field(tuple(RECIPES), description="the ways to train")
    seeds: Count = Field(3, le=100, description="how many seeds")
    first: Seed = Field(0, description="the first of the seeds")
    share: Positive = Field(1.0, le=10, description="the share of the published iterations")
    cells: Folder = Field("results/quddpm-cells", description="the folder of trainings")


def cell(folder: Path, task: str, recipe: str, seed: int, share: float) -> list[Row]:
    """Returns the rows of a training, which is done if it was not before.

    Arguments:
        folder: Where cells are kept.
        task: The name of the task.
        recipe: The name of the recipe, or `references`.
        seed: The seed.
        share: The share of the published iterations.
    """
    path = folder / f"{task}-{recipe.replace(' ', '-')}-{share:g}-{seed}.json"
    if path.is_file():
        found: list[Row] = json.loads(path.read_text())
        return found

    begun = time.process_time()
    if recipe == REFERENCES:
        rows = reference_rows(TASKS[task], seed)
    else:
        rows = trained_rows(TASKS[task], recipe, seed, share)
    seconds = round(time.process_time() - begun, 1)
    rows = [{"task": task, "seed": seed, **row, "cpu_seconds": seconds} for row in rows]
    paths.write_atomically(path, (json.dumps(rows, indent=1) + "\n").encode())
    return rows


def plan(options: Options) -> list[tuple[str, str, int]]:
    """Returns the task, recipe and seed of each cell, seed by seed."""
    first = options.first
    return [
        (task, recipe, seed)
        for seed in range(first, first + options.seeds)
        for recipe in (REFERENCES, *options.recipes)
        for task in options.tasks
        if recipe == REFERENCES or suits(recipe, task)
        if seed == first or (task, recipe) not in ONCE
    ]


def measure(options: Options) -> Record:
    """Trains all cells, and settles what the paper says.

    Raises:
        InputError: If the cells cannot be kept.
    """
    cells, folder = plan(options), Path(options.cells)
    paths.check_writable(folder, "cells")
    rows: list[Row] = []
    for task, recipe, seed in progress(cells, "trainings"):
        rows += cell(folder, task, recipe, seed, options.share)
    table = [{k: v for k, v in row.items() if k not in LONG} for row in rows]
    found = describe(options, {"rows": table})
    return replace(found, pictures=figures.draw(rows))


def describe(options: Options, tables: Tables) -> Record:
    """Makes the record of its tables; histograms of states are in the cells alone."""
    rows = tables["rows"]
    # The rows of a training follow one another.
    trainings = groupby(rows, key=lambda row: (row["task"], row["seed"], row["cpu_seconds"]))
    seconds = sum(spent for (*_, spent), _ in trainings)
    summary = claims.summary(rows, options.share, seconds)
    return Record(summary, claims.settle(rows), tables, figures.draw_of_tables(rows))


EXPERIMENT = Experiment("quddpm", "The tasks of the original QuDDPM", Options, measure, describe)
