"""Frames as files and as tables of a page: values stay what they are, and texts stay in place."""

import json
from pathlib import Path
from typing import Any

import pytest

from latentq.paths import write_together
from latentq.report.blocks import Document, Section, Table
from latentq.report.pages import html, markdown, write_report
from latentq.report.tables import Column, csv_text, frame_of, markdown_table, table_of

ROWS: list[dict[str, Any]] = [
    {"n": 3, "x": 0.1 + 0.2, "word": "a|b"},
    {"n": 10**17 + 1, "x": None, "word": ""},
]
COLUMNS = [Column("Name", "word", lambda row: row["word"] or "none")]
COLUMNS.append(Column("Number", "n", lambda row: f"{row['n']:,}"))


def test_values_stay_what_they_are() -> None:
    frame = frame_of(ROWS)

    assert frame.to_dict("records") == ROWS  # No float for an integer, no NaN for None.
    assert csv_text(frame) == f"n,x,word\n3,{0.1 + 0.2},a|b\n{10**17 + 1},,\n"
    assert csv_text(frame_of([])) == ""


def test_a_page_shows_the_columns_it_is_given() -> None:
    shown = table_of(frame_of(ROWS), COLUMNS, strong={1})

    assert (shown.head, shown.strong) == (["Name", "Number"], {1})
    assert shown.rows == [["a|b", "3"], ["none", "100,000,000,000,000,001"]]
    assert shown.values == [["a|b", 3], ["", 10**17 + 1]]


def test_markdown_of_a_table() -> None:
    rows = [["a", "1"], ["b", "2"]]

    assert markdown_table(["x", "y"], rows) == "| x | y |\n|---|---|\n| a | 1 |\n| b | 2 |"
    assert markdown_table(["x", "y"], rows, numeric=True, strong={1}).splitlines()[1:] == [
        *("|---|---:|", "| a | 1 |", "| **b** | **2** |")
    ]


def test_both_pages_leave_out_a_section_without_blocks() -> None:
    table = Table(["", "one|two"], [["<b>", "1"]])
    page = Document("T", [], [], [Section("Empty", []), Section("Full", [table])])

    for text in (html(page), markdown(page, Path())):
        assert "Full" in text and "Empty" not in text and "<b>" not in text
    assert r"|  | one\|two |" in markdown(page, Path())


def test_a_report_has_its_tables_as_csv_and_json(tmp_path: Path) -> None:
    frames = {"rows": frame_of(ROWS), "none": frame_of([])}
    write_report(tmp_path, Document("T", [], [], []), {"bad": float("nan")}, frames)
    facts = json.loads((tmp_path / "report.json").read_text(), parse_constant=pytest.fail)

    assert facts == {"bad": None, "none": [], "rows": ROWS}
    assert (tmp_path / "data" / "rows.csv").read_text() == csv_text(frames["rows"])


def test_files_are_renamed_once_all_are_written(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old")
    (tmp_path / ("b" * 250)).touch()  # No name for what is written beside it.
    with pytest.raises(OSError, match="name too long"):
        write_together({tmp_path / "a": b"new", tmp_path / ("b" * 250): b"new"})

    assert (tmp_path / "a").read_text() == "old"
    assert len([*tmp_path.iterdir()]) == 2
