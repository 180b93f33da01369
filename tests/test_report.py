"""The report is checked on made-up run folders: what it shows, what it refuses, and escaping."""

import json
import math
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from scipy import stats

from latentq.config.commands import run_command
from latentq.errors import InputError
from latentq.report.__main__ import report
from latentq.report.comparison import build
from latentq.report.pages import escape, write_files
from latentq.report.wording import ABSENT
from latentq.study.verdict import decide, pair
from tests.command_line import CommandLine
from tests.fake_runs import make_run

HOSTILE = "<script>alert(1)</script>|x"


def read(folder: Path) -> tuple[str, str, Any]:
    html, text = ((folder / f"report.{kind}").read_text() for kind in ("html", "md"))
    return html, text, json.loads((folder / "report.json").read_text(), parse_constant=pytest.fail)


class Tags(HTMLParser):
    """Collects the tags of a page, and the texts of its table rows."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.rows: list[list[str]] = []
        self.cell = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.cell = tag in {"td", "th"} or (self.cell and tag == "span")
        if tag == "tr":
            self.rows.append([])
        if tag in {"td", "th"}:
            self.rows[-1].append("")

    def handle_data(self, data: str) -> None:
        if self.cell:
            self.rows[-1][-1] += data.strip()

    def handle_endtag(self, tag: str) -> None:
        self.cell = self.cell and tag == "span"


def test_report_of_one_seed(tmp_path: Path) -> None:
    make_run(tmp_path / "q")
    make_run(tmp_path / "c", "classical")
    out, results = build([tmp_path])
    html, text, facts = read(out)
    rows = {row[0]: row[1:] for row in Tags(html).rows if row}

    assert out == tmp_path / "report"
    assert (
        results
        == facts["headlines"]
        == [
            "FID of quantum samples 97.2, of VAE samples 202 (seed 0); ratio 0.481; "
            "with a single seed no interval can be given."
        ]
    )
    assert results[0] in text
    cells = ["97.2", "0.0120 (sd 0.0010)", "0.610", "0.520", "0.430"]
    assert rows["Samples, quantum"] == cells
    assert rows["Reconstruction, VAE"] == ["9.50", *[ABSENT] * 4]
    assert rows["Haar states, decoded, quantum"][0] == "1,992"
    assert rows["Real train against real test (floor)"][0] == "7.60"
    assert (rows["prior"], rows["encoder"][2]) == (["1,800", "0", ABSENT], "0.968")
    steps = {row: cells[0] for row, cells in rows.items() if re.fullmatch("S[₀-₉]", row)}
    assert list(steps.items())[::4] == [("S₄", "0.0500"), ("S₀", "0.0100")]  # As it is sampled.
    assert len(steps) == 5
    assert rows["q"] == ["quantum", "0", "124 s", "228 s", "31 s"]
    assert rows["c"] == ["classical", "0", "124 s", ABSENT, "31 s"]
    assert (rows["Packages"], rows["Cuda"]) == (["torch 2.15.0"], ["none"])
    assert rows["model.kind"] == ["quantum", "classical"]
    assert "lr" not in rows
    assert "no weights here" in html
    assert "Every model has one seed" in html
    assert "not of one size. Trained parameters: quantum 2,500 and VAE 710." in html
    assert facts["groups"][0]["comparisons"][0]["ratio"] == pytest.approx(97.2 / 202)


def test_report_of_many_seeds(tmp_path: Path) -> None:
    for seed, shift in enumerate((-3.0, 0.5, 4.0)):
        make_run(tmp_path / f"q{seed}", seed=seed, fid=200 + shift, fid_inception=50.0)
        make_run(tmp_path / f"c{seed}", "classical", seed, fid=200.0)
    html, _, facts = read(build([tmp_path])[0])
    arm = facts["groups"][0]["arms"][0]["scores"]["fid"]
    logs = [math.log(200 + shift) for shift in (-3.0, 0.5, 4.0)]
    low, mean, high = (
        math.exp(end)
        for end in (stats.t.ppf((0.025, 0.5, 0.975), 2) * stats.sem(logs) + sum(logs) / 3).tolist()
    )

    assert (
        "; no difference: the 95% interval of the ratio at equal seeds lies within 0.800 to 1.25"
        in html
    )
    assert arm == pytest.approx({"mean": mean, "low": low, "high": high, "n": 3})
    (compared,) = facts["groups"][0]["comparisons"]
    assert (compared["verdict"], compared["inside"]) == ("no difference", True)
    assert [compared[f"ratio{end}"] for end in ("_low", "", "_high")] == pytest.approx(
        [low / 200, mean / 200, high / 200]
    )
    assert '<th scope="col">FID, Inception ↓</th>' in html
    assert "Intervals are over at most 3 seeds" in html


def test_report_says_what_the_study_says(tmp_path: Path) -> None:
    """The same FIDs have the same ratio and the same margin in both."""
    quantum, classical = [20.0, 22.0, 19.0], [20.5, 15.0, 26.0]
    for seed, fids in enumerate(zip(quantum, classical, strict=True)):
        for model, fid in zip(("quantum", "classical"), fids, strict=True):
            make_run(tmp_path / f"{model}{seed}", model, seed, fid=fid)
    html, _, facts = read(build([tmp_path])[0])
    (compared,) = facts["groups"][0]["comparisons"]
    pairs = pair(dict(enumerate(quantum)), dict(enumerate(classical)))

    assert (compared["ratio_low"], compared["ratio_high"]) == pytest.approx(pairs.interval)
    assert compared["ratio"] == pytest.approx(pairs.ratio)
    assert compared["verdict"] == decide(pairs, pairs.p) == "not enough data"
    assert "not enough data: the 95% interval of the ratio at equal seeds contains 1" in html


def test_page_asks_for_nothing_and_escapes(tmp_path: Path) -> None:
    make_run(tmp_path / "q", name=HOSTILE, fid_inception_reason=HOSTILE, git_commit=HOSTILE)
    make_run(tmp_path / "c", "classical")
    html, text, _ = read(build([tmp_path])[0])
    tags = Tags(html).tags
    links = [
        value for _, attrs in tags for key, value in attrs.items() if key in {"src", "srcset"}
    ]

    assert {name for name, _ in tags}.isdisjoint({"script", "link", "iframe", "a"})
    assert links and all((link or "").startswith("data:image/") for link in links)
    assert "url(" not in html and "@import" not in html
    assert html.count("&lt;script&gt;alert(1)&lt;/script&gt;|x") >= 3
    assert "<script" not in text
    assert text.count(r"&lt;script&gt;alert(1)&lt;/script&gt;\|x") >= 3
    table = [line for line in text.splitlines() if line.startswith("|") and "alert" in line]
    assert all(len(re.findall(r"(?<!\\)\|", line)) in {3, 8, 9} for line in table)
    assert escape("a\n# *b* `c` [d](e) | <i>&") == r"a \# \*b\* \`c\` \[d\](e) \| &lt;i&gt;&amp;"


def test_missing_cells_and_files(tmp_path: Path) -> None:
    run = make_run(tmp_path / "only", fid=None, data=None, mmd=None, parameters=None)
    for name in ("config.yaml", "environment.json", "metrics.csv", "samples.png"):
        (run / name).unlink()
    (run / "metrics.json").write_text((run / "metrics.json").read_text().replace("7.6", "NaN"))
    (run / "reconstructions.png").write_text("no picture")
    (tmp_path / "crashed").mkdir()
    (tmp_path / "crashed" / "config.yaml").touch()
    html, text, facts = read(build([tmp_path])[0])
    rows = {row[0]: row[1:] for row in Tags(html).rows if row}

    assert rows["Samples, quantum"][0] == rows["Samples, VAE"][0] == "missing"
    assert rows["Real train against real test (floor)"][0] == "missing"
    assert rows["prior"] == ["1,800", "0", ABSENT]  # Told by `parameters_by_model`.
    assert html.count('class="absent">missing') == 6
    assert "Reconstructions, quantum, seed 0: missing." in text
    assert facts["groups"][0]["arms"][0]["scores"]["fid"] is None
    assert facts["unfinished"] == ["crashed"]
    assert "there is nothing to compare" in html


def test_digits_are_said_to_be_digits(tmp_path: Path) -> None:
    make_run(tmp_path / "d", data={"name": "digits"})
    for alone in (True, False):
        html, text, facts = read(build([tmp_path])[0])
        assert html.count("and not on MNIST") == text.count("and not on MNIST") == 1
        assert facts["headlines"][-1].startswith("Digits, not MNIST, 10,000 samples: FID of")
        assert len(facts["groups"]) == (1 if alone else 2)
        if alone:
            make_run(tmp_path / "m")


def test_the_run_of_the_feature_network_is_left_out(tmp_path: Path) -> None:
    make_run(tmp_path / "f").joinpath("metrics.json").write_text('{"model": "features"}')
    with pytest.raises(InputError, match="no finished run of a generative model"):
        build([tmp_path])
    make_run(tmp_path / "q")

    assert [arm["runs"] for arm in read(build([tmp_path])[0])[2]["groups"][0]["arms"]][1] == []


def test_same_runs_same_json(tmp_path: Path) -> None:
    for place in ("here", "there"):
        make_run(tmp_path / place / "q")
        make_run(tmp_path / place / "c", "classical")
    one, _ = build([tmp_path / "here"])
    two, _ = build([tmp_path / "there" / "c", tmp_path / "there" / "q", tmp_path / "there"])

    assert (one / "report.json").read_bytes() == (two / "report.json").read_bytes()
    assert (one / "report.html").read_bytes() == (two / "report.html").read_bytes()


def test_files_are_written_all_or_none(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    with pytest.raises(InputError, match="out: cannot write"):
        write_files(tmp_path, {"a": "new", "b": "new"})
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="out: cannot write"):
        write_files(tmp_path / "file", {"a": "new"})

    assert sorted(path.name for path in tmp_path.iterdir()) == ["b", "file"]


def test_command_writes_where_it_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = make_run(tmp_path / "model=quantum,seed=0")

    report([str(run), f"out={tmp_path / 'a b'}"])
    said = capsys.readouterr().out
    assert said.startswith("FID of quantum samples 97.2 (seed 0), of VAE samples missing")
    names = sorted(path.name for path in (tmp_path / "a b").iterdir())
    assert names == ["report.html", "report.json", "report.md"]
    assert "../model%3Dquantum%2Cseed%3D0/samples.png" in (tmp_path / "a b/report.md").read_text()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nowhere"], "nowhere: no such folder"),
        (["."], "no finished run"),
        ([], "FOLDER: none was given"),
        ([".", "out="], "out: must be a path or null"),
    ],
)
def test_command_refuses_in_one_line(
    words: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["report", *words])

    assert run_command(report, None) == 2
    said = capsys.readouterr()
    assert message in said.err
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert not list(tmp_path.iterdir())


def test_exit_code_of_the_process(tmp_path: Path) -> None:
    make_run(tmp_path / "q").joinpath("metrics.json").write_text("{")
    command = [sys.executable, "-m", "latentq.report", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)

    assert done.returncode == 2
    assert re.fullmatch(r"error: .*q/metrics\.json: damaged, .*\n", done.stderr)
    assert [path.name for path in tmp_path.iterdir()] == ["q"]


def test_help_names_the_options(line: CommandLine) -> None:
    done = line.program("latentq/report/__main__.py", "--help")

    assert done.code == 0
    assert "out=FOLDER" in done.out


def test_conditional_models_are_never_compared_with_others(tmp_path: Path) -> None:
    make_run(tmp_path / "q", fid=20.0)
    make_run(tmp_path / "c", "classical", fid=120.0)
    make_run(tmp_path / "qc", fid=19.0, conditional=True, label_accuracy=0.99)
    make_run(tmp_path / "cc", "classical", fid=90.0, conditional=True, label_accuracy=0.8)
    make_run(tmp_path / "v", fid=21.0, split="validation")
    html, _, facts = read(build([tmp_path])[0])
    ratios = [c["ratio"] for group in facts["groups"] for c in group["comparisons"]]

    assert len(facts["groups"]) == 3
    assert [r for r in ratios if r] == [pytest.approx(20 / 120), pytest.approx(19 / 90)]
    assert "given the class" in html and "against validation images" in html
    assert html.count("Label accuracy ↑") == 1


def test_classes_that_the_classifier_does_not_know_have_no_column(tmp_path: Path) -> None:
    told: dict[str, Any] = {"conditional": True, "label_accuracy": None, "class_counts": None}
    make_run(tmp_path / "q", data={"name": "folder", "sha256": "a"}, **told)
    html, _, facts = read(build([tmp_path])[0])

    assert "Label accuracy" not in html
    assert facts["headlines"][0].startswith("Own images, ")


def test_frozen_autoencoders_of_several_seeds_are_one_arm(tmp_path: Path) -> None:
    for seed in (0, 1):
        run = make_run(tmp_path / f"q{seed}", seed=seed)
        (run / "config.yaml").write_text(f"autoencoder: runs/quantum-mnist-seed{seed}")
    (arm, _) = read(build([tmp_path])[0])[2]["groups"][0]["arms"]

    assert len(arm["runs"]) == 2
