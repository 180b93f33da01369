"""Tables: rows as a pandas frame, and columns that say how a page shows them.

A file has every column of a frame as it is. A page has the columns that it is given, each with a
head and a way to write its values; what a reader sorts by is the value itself.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from latentq.report.blocks import Table

if TYPE_CHECKING:
    from pandas import DataFrame as Frame

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Column:
    """A column as a page shows it.

    Arguments:
        head: Its head.
        key: The column of the frame with the values that it is sorted by.
        write: Writes what stands in it, given a row.
    """

    head: str
    key: str
    write: Callable[[Row], str]


def frame_of(rows: Iterable[Row]) -> Frame:
    """Makes a frame whose values stay what they are: whole numbers whole, `None` for none."""
    import pandas as pd  # Half a second, where a report is written.

    return pd.DataFrame([*rows], dtype=object)


def csv_text(frame: Frame) -> str:
    """Writes a frame as CSV, without rounding; what is missing is empty."""
    return frame.to_csv(index=False, lineterminator="\n") if len(frame.columns) else ""


def table_of(
    frame: Frame,
    columns: Sequence[Column],
    numeric: bool = True,
    strong: Collection[int] = (),
) -> Table:
    """Makes a table that a reader can sort.

    Arguments:
        frame: The rows.
        columns: What is shown of them.
        numeric: Whether all columns but the first are of numbers.
        strong: The places of the rows that are set apart.
    """
    rows = frame.to_dict("records")
    return Table(
        [column.head for column in columns],
        [[column.write(row) for column in columns] for row in rows],
        numeric,
        frozenset(strong),
        [[row[column.key] for column in columns] for row in rows],
    )


def markdown_table(
    head: Sequence[str],
    rows: Iterable[Sequence[str]],
    numeric: bool = False,
    strong: Collection[int] = (),
) -> str:
    """Writes a table whose texts are Markdown already.

    Arguments:
        head: The head.
        rows: The rows.
        numeric: Whether all columns but the first are of numbers, which stand at the right.
        strong: The places of the rows that are bold.
    """
    lines = [f"| {' | '.join(head)} |"]
    lines.append("|".join(["", "---", *(len(head) - 1) * ["---:" if numeric else "---"], ""]))
    for i, row in enumerate(rows):
        bold = "**" if i in strong else ""
        lines.append(f"| {' | '.join(f'{bold}{text}{bold}' for text in row)} |")
    return "\n".join(lines)
