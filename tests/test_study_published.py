"""The published report of the study is made again from its jobs.csv, by its one command."""

import csv
import json
import math
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from scipy import stats

from latentq.errors import InputError
from latentq.study.published import EARLIER, read_published
from latentq.study.report.document import build
from latentq.study.report.provenance import MEMORISED
from tests.fake_study import make_study
from tests.test_study_report import BAD, BIG, GOOD, MATCHED, built

STUDY = Path(__file__).parent.parent / "docs" / "results" / "study"
Rows = list[dict[str, Any]]


def interval(values: Sequence[float]) -> list[float]:
    """Returns the geometric mean and the ends of its interval, with scipy alone."""
    logs = [math.log(value) for value in values]
    ends = stats.t.interval(0.95, len(logs) - 1, loc=sum(logs) / len(logs), scale=stats.sem(logs))
    return [math.exp(x) for x in (sum(logs) / len(logs), *ends)]


@pytest.fixture(scope="module")
def again(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("again")
    build(STUDY, out)
    return out


def leaves(value: object, place: str = "") -> dict[str, Any]:
    """Returns the leaves of JSON by their places."""
    if not isinstance(value, dict | list):
        return {place: value}
    items = value.items() if isinstance(value, dict) else enumerate(value)
    return {k: v for key, item in items for k, v in leaves(item, f"{place}/{key}").items()}


def test_the_published_report_is_made_again(again: Path) -> None:
    one, two = (leaves(json.loads((at / "report.json").read_text())) for at in (STUDY, again))
    numbers = {key for key, value in one.items() if isinstance(value, float)}

    assert len(numbers) > 5000 and one.keys() == two.keys()
    assert all(one[key] == pytest.approx(two[key], rel=1e-9) for key in numbers)
    assert all(one[key] == two[key] for key in one.keys() - numbers)
    assert (again / "report.md").read_text() == (STUDY / "report.md").read_text()
    names = [{path.name for path in (at / "data").iterdir()} for at in (STUDY, again)]
    assert names[0] == names[1]


def test_the_first_edition_is_labelled_and_keeps_its_rule(again: Path) -> None:
    facts = json.loads((again / "report.json").read_text())
    text = (again / "report.md").read_text()

    assert facts["edition"] == 1 and facts["verdict"] == "classical better"
    assert text.startswith("# LatentQ: quantum against classical priors, first edition of the")
    assert "protocol-first-edition.md" in text and "16 of these 16" in text
    assert {row["arm"] for row in facts["verdicts"]} == {
        *("perceptrons", "diffusion", "diffusion-cells", "codebook"),
    }
    assert "recall_p" not in facts["verdicts"][0]


def test_its_numbers_are_those_of_the_jobs() -> None:
    """Means, ratios and intervals by another way than that of the report."""
    jobs = list(csv.DictReader((STUDY / "data" / "jobs.csv").read_text().splitlines()))
    facts = json.loads((STUDY / "report.json").read_text())

    def fids(arm: str, size: int) -> dict[str, float]:
        at = [row for row in jobs if (row["arm"], row["size"]) == (arm, str(size))]
        return {row["seed"]: float(row["fid"]) for row in at}

    assert len(jobs) == 211
    for row in facts["scores"]:
        if row["planned"] < 2:
            continue
        found = interval([*fids(row["arm"], row["size"]).values()])
        assert [row[key] for key in ("fid", "fid_low", "fid_high")] == pytest.approx(found)
    for row in [*facts["verdicts"], *facts["scores"]]:
        if row["common_seeds"] < 2 or row["arm"] == "quantum":
            continue
        own, other = fids("quantum", row["size"]), fids(row["arm"], row["size"])
        found = interval([own[seed] / other[seed] for seed in other if seed in own])
        ratios = [row[key] for key in ("ratio", "ratio_low", "ratio_high")]
        assert ratios == pytest.approx(found), row["arm"]  # And not the inverse.
    first = facts["overall"][0]
    assert (first["size"], first["images"], first["verdict"]) == (BIG, 54000, "classical better")
    recalls = [row["recall"] for row in facts["scores"] if row["recall"] is not None]
    lows = [row["recall_low"] for row in facts["scores"] if row["recall_low"] is not None]
    assert min(recalls) == 0.0 and min(lows) > 0


def test_a_report_read_again_keeps_pictures_and_provenance(again: Path) -> None:
    pages = [(folder / "report.html").read_text() for folder in (STUDY, again)]
    pictures = [re.findall(r'<img src="data:image/png[^>]*>', page) for page in pages]

    assert pictures[0] == pictures[1] and len(pictures[0]) == 27
    assert "Carried over from the report that was written beside the jobs" in pages[1]
    assert "Memorised, earlier rule" in pages[1] and "first 1,000" in pages[1]


def test_a_study_and_its_published_report_say_the_same(tmp_path: Path) -> None:
    fids = {"quantum": {BIG: GOOD}, "vae": {BIG: BAD[:1]}, **{arm: {BIG: BAD} for arm in MATCHED}}
    _, text, facts = built(make_study(tmp_path, fids))
    shutil.copytree(tmp_path / "out", tmp_path / "there")
    build(tmp_path / "there", tmp_path / "there")

    assert json.loads((tmp_path / "there" / "report.json").read_text()) == facts
    assert (tmp_path / "there" / "report.md").read_text().count("Carried over") == 1
    assert facts["memorised"] == MEMORISED and MEMORISED in text
    del facts["memorised"]
    (tmp_path / "there" / "report.json").write_text(json.dumps(facts))
    (found,) = read_published(tmp_path / "there")
    assert found.published is not None and found.published.memorised == EARLIER


def test_a_report_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    """What are jobs now was called cells in it."""
    shutil.copytree(STUDY, tmp_path / "old")
    (tmp_path / "old/data/jobs.csv").rename(tmp_path / "old/data/cells.csv")
    facts = (tmp_path / "old" / "report.json").read_text()
    old = facts.replace('"Commit": {', '"Commit of the cells": {').replace('"edition": 1,', "")
    assert old != facts
    (tmp_path / "old" / "report.json").write_text(old)
    found = [read_published(folder) for folder in (tmp_path / "old", STUDY)]

    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("report.json", "{"),
        ("report.json", "{}"),
        ("data/jobs.csv", "arm,size,seed,state,reason,fid\nvae,x,0,finished,,1\n"),
        ("data/jobs.csv", "arm,size,seed,state,reason,fid\nno,1,0,finished,,1\n"),
        ("data/jobs.csv", "arm,size,seed,state,reason,fid\n"),
    ],
)
def test_a_damaged_report_is_refused(name: str, content: str, tmp_path: Path) -> None:
    facts = {"provenance": {"Data": {"mnist": 1}, "Images against": {"10, test": 1}}}
    (tmp_path / "data").mkdir()
    (tmp_path / "report.json").write_text(json.dumps(facts))
    (tmp_path / "data" / "jobs.csv").write_text("arm,size,seed,state,reason\n")
    (tmp_path / name).write_text(content)
    with pytest.raises(InputError, match=r"^root: .*jobs\.csv"):
        read_published(tmp_path)
