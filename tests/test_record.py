import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import pytest

from latentq.config.commands import read_options
from latentq.config.fields import Count, Share
from latentq.config.marks import Commas
from latentq.errors import InputError
from latentq.experiments.record import (
    Claim,
    Experiment,
    Picture,
    Record,
    RecordOptions,
    Tables,
)
from latentq.report import plots


class Options(RecordOptions):
    n: Count = 3
    sizes: Annotated[tuple[Share, ...], Commas()] = (1.0, 2.5)


def measure(options: Options) -> Record:
    if options.n == 13:
        raise InputError("n: must not be 13")
    figure = plots.Figure(figsize=(1, 1))
    rows = [{"n": n, "square": n * n} for n in range(options.n)]
    claims = [Claim("the square of 2 is 5", "4", "refuted", "none")]
    return Record("Squares.", claims, {"squares": rows}, {"plot": Picture("A plot.", figure)})


EXPERIMENT = Experiment("squares", "Squares", Options, measure)


def test_a_record_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    EXPERIMENT.run([f"out={tmp_path}/a/b", "n=4"])
    folder = tmp_path / "a" / "b"
    found = json.loads((folder / "record.json").read_text())
    page = (folder / "README.md").read_text()

    assert found["command"] == "python -m latentq.experiments.squares n=4"
    assert found["options"] == {"n": 4, "sizes": "1,2.5"} and found["seconds"] >= 0
    assert 0 <= found["cpu_seconds"] < 60 and 0.1 < found["peak_gib"] < 16
    assert found["claims"] == [
        {"statement": "the square of 2 is 5", "ours": "4", "verdict": "refuted", "margin": "none"}
    ]
    with (folder / "squares.csv").open() as file:
        assert [*csv.DictReader(file)][3] == {"n": "3", "square": "9"}
    assert (folder / "plot.png").read_bytes()[:4] == b"\x89PNG"
    assert b"<svg" in (folder / "plot.svg").read_bytes()
    row = "| the square of 2 is 5 | 4 | none | refuted |"
    assert "`python -m latentq.experiments.squares n=4` took " in page
    assert row in page and "![A plot.](plot.png)" in page and "[squares.csv]" in page
    assert row in capsys.readouterr().out


def test_a_record_is_made_again_of_its_tables(tmp_path: Path) -> None:
    """Claims are new; numbers, facts, and figures that need more than tables are as they were."""

    def describe(options: Options, tables: Tables) -> Record:
        square = tables["squares"][-1]["square"]
        claim = Claim(f"the square of {options.n - 1} is 9", str(square), "confirmed", "none")
        return Record("Again.", [claim], tables)

    EXPERIMENT.run([f"out={tmp_path}", "n=4"])
    old = json.loads((tmp_path / "record.json").read_text())
    replace(EXPERIMENT, describe=describe).again(tmp_path)
    new = json.loads((tmp_path / "record.json").read_text())
    page = (tmp_path / "README.md").read_text()

    assert [(c["ours"], c["verdict"]) for c in new["claims"]] == [("9", "confirmed")]
    for key in ("tables", "captions", "options", "cpu_seconds", "git_commit"):
        assert new[key] == old[key]
    assert "![A plot.](plot.png)" in page and "made again from these tables" in page
    with pytest.raises(InputError, match="from: squares cannot be made of its tables; run it"):
        EXPERIMENT.again(tmp_path)
    with pytest.raises(InputError, match=r"root: must have squares/record\.json of a run"):
        EXPERIMENT.again(tmp_path / "none")


def test_usual_options_are_not_in_the_command() -> None:
    usual, other = Options(out="a", threads=2), Options(n=4, sizes=(2.0, 0.5))

    assert EXPERIMENT.command(usual) == "python -m latentq.experiments.squares"
    assert EXPERIMENT.command(other).endswith("squares n=4 sizes=2,0.5")
    assert read_options(["n=4", "sizes=2,0.5"], Options) == other


def test_nothing_is_written_after_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="n: must not be 13"):
        EXPERIMENT.run([f"out={tmp_path}/a", "n=13"])
    assert not (tmp_path / "a").exists()

    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="out: must be a writable folder, was"):
        EXPERIMENT.run([f"out={tmp_path}/file"])
    with pytest.raises(InputError, match="m: there is no such option"):
        EXPERIMENT.run(["m=3"])
