"""All experiments of the research log as one command, on experiments made up for it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from latentq.config.fields import Count
from latentq.errors import InputError
from latentq.experiments import all as everything
from latentq.experiments.record import Claim, Experiment, Record, RecordOptions


class Options(RecordOptions):
    n: Count = 7


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """The runs that were made, of experiments under the names of the real ones."""
    made: list[tuple[str, int]] = []

    def measure_as(name: str) -> Callable[[Options], Record]:
        def measure(options: Options) -> Record:
            made.append((name, options.n))
            claim = Claim(f"{name} is {options.n}", "1.5 [1.0, 2.0]", "corrected", "±0.1")
            return Record(f"About {name}.", [claim], {"rows": [{"n": options.n}]})

        return measure

    def find(name: str) -> Experiment[Options]:
        return Experiment(name, name.title(), Options, measure_as(name))

    real = everything.experiment_of

    def experiment_of(name: str) -> Experiment[Options]:
        return find(real(name).name)

    monkeypatch.setattr(everything, "experiment_of", experiment_of)
    return made


def test_the_page_has_every_claim(tmp_path: Path, runs: list[tuple[str, int]]) -> None:
    page = tmp_path / "docs" / "log.md"
    options = [f"root={tmp_path}/out", f"page={page}"]
    everything.run_all([*options, "only=noise,views", "views.n=3"])
    text = page.read_text()

    assert runs == [("noise", 7), ("views", 3)]
    link = "[views](../out/views/README.md)"
    assert f"| views is 3 | 1.5 [1.0, 2.0] | ±0.1 | corrected | {link} |" in text
    assert "`python -m latentq.experiments.views n=3` took" in text
    assert "About noise." in text and "plateaus is" not in text
    assert "{{" not in text and "{%" not in text


def test_the_page_of_the_papers(tmp_path: Path, runs: list[tuple[str, int]]) -> None:
    options = [f"root={tmp_path}/out", f"page={tmp_path}/quddpm.md"]
    everything.run_all(["of=papers", *options])
    text = (tmp_path / "quddpm.md").read_text()

    assert runs == [("quddpm", 7), ("improved", 7)]
    link = "[improved](out/improved/README.md)"
    assert f"| improved is 7 | 1.5 [1.0, 2.0] | ±0.1 | corrected | {link} |" in text
    assert "{{" not in text and "{%" not in text


def test_finished_experiments_are_not_run_again(
    tmp_path: Path, runs: list[tuple[str, int]]
) -> None:
    options = [f"root={tmp_path}/out", f"page={tmp_path}/log.md"]
    everything.run_all([*options, "only=noise"])
    everything.run_all([*options, "only=noise,views"])
    assert runs == [("noise", 7), ("views", 7)]

    everything.run_all([*options, "only=noise", "noise.n=8"])
    (tmp_path / "out" / "views" / "record.json").write_text("{")
    everything.run_all([*options, "only=noise,views", "noise.n=8"])
    assert runs[2:] == [("noise", 8), ("views", 7)]
    record = json.loads((tmp_path / "out" / "noise" / "record.json").read_text())
    assert record["options"] == {"n": 8}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["only=nois"], r"only: must be .* noise, .* was 'nois' \(did you mean noise\?\)"),
        (["only=quddpm"], "only: of=log has noise, .*, was 'quddpm'"),
        (["only=noise", "noise.m=1"], "m: there is no such option"),
        (["noise.n=0"], "n: must be an integer, at least 1"),
        (["nosie.n=1"], "nosie.n: there is no such option"),
        (["of=papers", "noise.n=1"], "noise: is not run, so that it takes no options"),
        (["only=views", "noise.n=1"], "noise: is not run, so that it takes no options"),
        (["from=runs", "form=x"], "form: there is no such option"),
        (["from=records", "only=views"], "root: must have views/record.json of a run"),
        (["of=paper"], "of: must be one of log, papers, was 'paper'"),
    ],
)
def test_mistakes_are_found_before_the_first_run(
    arguments: list[str], message: str, tmp_path: Path, runs: list[tuple[str, int]]
) -> None:
    with pytest.raises(InputError, match=message):
        everything.run_all([f"root={tmp_path}/out", f"page={tmp_path}/log.md", *arguments])
    assert not runs and not [*tmp_path.iterdir()]
