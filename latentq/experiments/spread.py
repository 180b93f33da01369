r"""The rule by which the spread of the quantum prior was chosen, on validation images.

    python -m latentq.experiments.spread models=runs/quantum-mnist-seed0,runs/quantum-mnist-seed1

The spread is the least one for which the recall of every model is at least that of 130 states with
noise on its autoencoder. It is changed after training, and no model is trained again. The table is
printed as Markdown and written as JSON.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

from annotated_types import Ge, Le
from pydantic import Field

from latentq import paths
from latentq.config.commands import read_options, run_command
from latentq.config.fields import Folder, Settings
from latentq.config.marks import Commas
from latentq.config.schema.data import AUTO
from latentq.experiments.bounds import FITS
from latentq.experiments.frozen import Row, fitted, open_frozen
from latentq.experiments.tradeoff.measures import spread_rows
from latentq.report.tables import markdown_table

LIST = "130 states with noise"
Models = Mapping[str, Sequence[Row]]


class Options(Settings):
    """What is compared."""

    models: Annotated[tuple[Folder, ...], Commas()] = Field(
        ("checkpoints/quantum",), description="quantum models, each with its own autoencoder"
    )
    spreads: Annotated[tuple[Annotated[float, Ge(0), Le(10)], ...], Commas()] = Field(
        (0.36, 0.37, 0.38, 0.39, 0.4), description="the spreads, in growing order"
    )
    features: Folder = Field(AUTO, description="the classifier; auto is that of the data")
    out: Folder = Field("spread.json", description="the file of the table")


def model_rows(path: str, options: Options) -> list[Row]:
    """Returns the row of the list of states on the autoencoder of a model, and of each spread."""
    frozen = open_frozen(path, options.features)
    kind, arguments = FITS[LIST]
    book = fitted(kind, frozen.latents, frozen.seed, **arguments)
    scores = frozen.scores(book.sample_states(len(frozen.reference), frozen.seed))
    rows = spread_rows(frozen, path, "quantum", options.spreads)
    return [{"name": LIST, "value": None, **scores}, *rows]


def least_spread(found: Models) -> float | None:
    """Returns the least spread at which the recall of every model reaches that of its list.

    Arguments:
        found: The rows of each model, that of the list first.

    Returns:
        The spread; `None` if none of those measured is large enough.
    """
    lists = [rows[0]["recall"] for rows in found.values()]
    swept = [rows[1:] for rows in found.values()]
    for same in zip(*swept, strict=True):
        if all(row["recall"] >= least for row, least in zip(same, lists, strict=True)):
            return float(same[0]["value"])
    return None


def markdown(found: Models) -> str:
    """Returns the table as Markdown: FID and recall by spread, a column for each model."""
    columns = [*found.values()]
    lines = [
        [
            LIST if rows[0]["value"] is None else f"spread {rows[0]['value']:g}",
            *(f"{row['fid']:.2f} / {row['recall']:.3f}" for row in rows),
        ]
        for rows in zip(*columns, strict=True)
    ]
    return markdown_table(["FID / recall", *found], lines)


def spread(arguments: list[str]) -> None:
    """Prints the table and the least spread that is enough, and writes them as JSON.

    Raises:
        InputError: If an option is wrong, or a model is no unconditional quantum model.
    """
    options = read_options(arguments, Options)
    found = {Path(path).name: model_rows(path, options) for path in options.models}
    content = {"least": least_spread(found), "rows": found}
    paths.write_atomically(Path(options.out), (json.dumps(content, indent=2) + "\n").encode())
    print(f"{markdown(found)}\n\nleast spread: {content['least']}")


if __name__ == "__main__":
    sys.exit(run_command(spread, __doc__, Options))
