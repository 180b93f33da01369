"""`cases.json` lists the faults that the project must survive, with tests that exist."""

import json
import re
from typing import Any

import pytest

from tests.command_line import ROOT

CASES: list[dict[str, Any]] = json.loads((ROOT / "tests" / "faults" / "cases.json").read_text())
PAGE = (ROOT / "docs" / "reliability.md").read_text().splitlines()


def test_the_cases_are_numbered_and_counted() -> None:
    assert [case["number"] for case in CASES] == list(range(1, len(CASES) + 1))
    assert f"lists {len(CASES)} faults" in (ROOT / "docs" / "getting-started.md").read_text()


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["number"]))
def test_every_case_is_tested_and_told(case: dict[str, Any]) -> None:
    assert case["tests"]
    for test in case["tests"]:
        file, _, name = test.partition("::")
        assert re.search(rf"^def {name}\(", (ROOT / file).read_text(), re.MULTILINE), test

    (row,) = [row for row in PAGE if row.startswith(f"| {case['number']} | {case['case']} |")]
    assert f"`{case['tests'][0].rpartition('::')[2]}`" in row
