"""What README and docs say of recorded results, held to the records."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from latentq.report.statistics import Summary
from latentq.report.wording import interval, number

ROOT = Path(__file__).parent.parent
STUDY = ROOT / "docs" / "results" / "study"


def words(path: Path) -> str:
    """The text of a page without line breaks and escapes."""
    return re.sub(r"\s+", " ", path.read_text()).replace("\\", "")


@pytest.fixture(scope="module")
def study() -> dict[str, Any]:
    return json.loads((STUDY / "report.json").read_text())


def test_readme_has_the_verdict_of_the_study(study: dict[str, Any]) -> None:
    readme = words(ROOT / "README.md")

    assert f"**{study['verdict'].capitalize()}.**" in readme
    assert study["headline"] in readme
    assert study["sample_efficiency"] in readme


def test_readme_has_the_fids_of_the_study(study: dict[str, Any]) -> None:
    """A row for each arm of the curves, a column for each number of images."""
    readme = words(ROOT / "README.md")
    arms: dict[str, list[str]] = {}
    for row in study["efficiency"]:
        half = None if row["fid_low"] is None else (row["fid_high"] - row["fid_low"]) / 2
        text = interval(Summary(row["fid"], half, ()))
        arms.setdefault(row["title"], []).append(text)
    for title, texts in arms.items():
        assert f"| {title} | {' | '.join(texts)} |" in readme


def test_readme_says_how_long_the_study_took(study: dict[str, Any]) -> None:
    assert f"The cells took {number(study['seconds'] / 3600)} hours" in words(ROOT / "README.md")


def test_readme_says_how_varied_the_samples_are(study: dict[str, Any]) -> None:
    rows = {row["arm"]: row for row in study["scores"] if row["size"] == 60000}
    for key in ("recall", "coverage"):
        one, other = (number(rows[arm][key], 2) for arm in ("codebook", "quantum"))
        assert f"{key} {one} against {other}" in words(ROOT / "README.md")


def test_the_tables_of_the_study_are_those_of_its_json(study: dict[str, Any]) -> None:
    for name in ("efficiency", "verdicts", "controls"):
        lines = (STUDY / "data" / f"{name}.csv").read_text().splitlines()
        assert len(lines) == 1 + len(study[name])
