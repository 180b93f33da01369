"""The report of the second edition: two data sets, two endpoints, the tuning, the price."""

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from latentq.errors import InputError
from latentq.report.plots import LIGHT, ratio_chart
from latentq.report.plots.forest import Dot
from latentq.report.statistics import holm
from latentq.study.arms import ARMS, of_edition
from latentq.study.report.document import build
from latentq.study.report.findings import find, of_role
from latentq.study.report.price import Price
from latentq.study.report.tuning import read_log, summaries
from latentq.study.results import read_study
from latentq.study.spaces import SPACES
from tests.fake_study import job_metrics
from tests.test_report import Tags
from tests.test_study_report import ALMOST, BAD, BIG, GOOD

MATCHED = of_role("matched")
HIGH, LOW = [0.40, 0.41, 0.39, 0.42, 0.40], [0.20, 0.21, 0.22, 0.20, 0.19]
TUNING = {
    **{"data": "mnist", "size": 54000, "seeds": [20], "trials": 12, "git_commit": None},
    "arms": {"quantum": {"denoising.lr": "0.02"}, "linear": {"denoising.lr": "0.01"}},
    "failed": ["branches"],
}
Values = Mapping[str, tuple[Sequence[float], Sequence[float]]]


def study_of(root: Path, data: str, values: Values, **plan: Any) -> Path:  # noqa: ANN401
    """Makes the study of a data set: FIDs and recalls by arm, those of others are bad."""
    folder = root / data
    given = dict.fromkeys(MATCHED, (BAD, LOW)) | dict(values)
    for arm, (fids, recalls) in given.items():
        for seed, (fid, recall) in enumerate(zip(fids, recalls, strict=True), start=5):
            job = folder / "jobs" / f"{arm}-n{BIG}-seed{seed}"
            job.mkdir(parents=True)
            found = job_metrics(arm, BIG, seed, fid, recall=recall, prior_freedom=5160)
            found["data"] |= {"name": data}
            found["features"] = {"name": data, "sha256": "ff" * 32}
            (job / "metrics.json").write_text(json.dumps(found))
    content = {"edition": 2, "options": {"data": data}, "git_commit": "feed", **plan}
    (folder / "study.json").write_text(json.dumps(content))
    return folder


def built(roots: Sequence[Path], out: Path, log: Path) -> tuple[str, str, dict[str, Any]]:
    build(roots, out, log)
    html, text = ((out / f"report.{kind}").read_text() for kind in ("html", "md"))
    return html, text, json.loads((out / "report.json").read_text())


@pytest.fixture(scope="module")
def roots(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A study in which quantum is better on MNIST, and has the worse recall on Fashion-MNIST."""
    root = tmp_path_factory.mktemp("both")
    good, worse = {"quantum": (GOOD, HIGH)}, {"quantum": (GOOD, LOW), "linear": (BAD, HIGH)}
    return [
        study_of(root, "mnist", good, tuning=TUNING),
        study_of(root, "fashion", worse, tuning=TUNING),
    ]


@pytest.fixture(scope="module")
def page(
    roots: list[Path], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, str, str, dict[str, Any]]:
    out, log = (tmp_path_factory.mktemp(name) for name in ("out", "log"))
    write_log(log)
    return (out, *built(roots, out, log))


def write_log(folder: Path) -> None:
    lines = ["data,size,arm,trial,seed,state,fid,precision,recall,cpu_seconds,settings,chosen"]
    for trial, fid in enumerate(("30.0", "20.0", "")):
        state = "finished" if fid else "missing"
        lines.append(
            f"mnist,54000,linear,{trial},20,{state},{fid},,,,denoising.lr=0.0{trial + 1},"
            f"{int(trial == 1)}"
        )
    lines.append("mnist,54000,branches,0,20,missing,,,,,denoising.lr=0.5,0")
    (folder / "mnist.csv").write_text("\n".join(lines) + "\n")


def test_the_verdicts_of_both_data_sets_stand_first(
    page: tuple[Path, str, str, dict[str, Any]],
) -> None:
    _, html, text, facts = page
    verdict = '<p class="verdict">MNIST: quantum better; Fashion-MNIST: trade-off</p>'

    assert verdict in html and facts["edition"] == 2
    titles = [part.partition("</h2>")[0] for part in html.split("<h2>")[1:]]
    assert titles[:2] == [
        "MNIST: Verdict for every number of images",
        "Fashion-MNIST: Verdict for every number of images",
    ]
    assert "Of 8 arms, quantum better: 7 and trade-off: 1." in text
    told = facts["ratios"].partition("Fashion-MNIST: ")[2]
    assert "recall \N{MINUS SIGN}0.200, trade-off" in told
    rows = {(r["data"], r["arm"]): r for r in facts["verdicts"]}
    assert rows["mnist", "linear"]["verdict"] == "quantum better"
    assert rows["fashion", "linear"]["verdict"] == "trade-off"
    assert rows["fashion", "linear"]["fid_verdict"] == "quantum better"
    assert rows["fashion", "linear"]["recall_verdict"] == "classical better"
    assert rows["fashion", "linear"]["recall_difference"] == pytest.approx(-0.2, abs=1e-9)


def test_p_values_of_both_data_sets_are_adjusted_together(
    page: tuple[Path, str, str, dict[str, Any]],
) -> None:
    rows = page[3]["verdicts"]
    raw = {(row["data"], row["arm"], key): row[key] for row in rows for key in ("p", "recall_p")}
    found = {
        (row["data"], row["arm"], key): row[f"{key}_adjusted"]
        for row in rows
        for key in ("p", "recall_p")
    }

    assert len(raw) == 2 * 2 * len(MATCHED)
    assert found == pytest.approx(holm(raw))


def test_a_worse_recall_is_no_better_model(tmp_path: Path) -> None:
    study = study_of(tmp_path, "mnist", {"quantum": (GOOD, LOW), "linear": (BAD, HIGH)})
    even = study_of(tmp_path / "b", "mnist", dict.fromkeys((*MATCHED, "quantum"), (ALMOST, HIGH)))
    for folder, headline, one in (
        (study, "trade-off", "trade-off"),
        (even, "no difference", "no difference"),
    ):
        (found,) = find([read_study(folder)])
        verdicts = {r.arm: r.verdict for r in found.judgement.results}
        assert (found.judgement.headline, verdicts["linear"]) == (headline, one)


def test_the_tuning_is_shown_with_its_failures(
    page: tuple[Path, str, str, dict[str, Any]],
) -> None:
    out, html, text, facts = page
    rows = [row for row in Tags(html).rows if row and row[0] == ARMS["linear"].title]
    matching = {(r["data"], r["arm"]): r for r in facts["matching"]}

    assert [*rows[-1]][:3] != [] and ["3", "1", "20.0", "30.0", "30.0"] in [r[1:] for r in rows]
    failed = [row for row in Tags(html).rows if row and row[0] == ARMS["branches"].title]
    assert ["1", "1", "missing", "missing", "missing"] in [row[1:] for row in failed]
    assert "No trial of the tuning was finished of “linear maps, learnt weights”" in text
    assert matching["mnist", "linear"]["trials"] == matching["mnist", "branches"]["trials"] == 12
    assert matching["mnist", "perceptrons"]["trials"] == 0
    assert matching["mnist", "linear"]["latent_freedom"] == 30
    assert matching["mnist", "linear"]["stages"] == 2
    log = list(csv.DictReader((out / "data" / "tuning.csv").read_text().splitlines()))
    assert [row["fid"] for row in log] == ["30.0", "20.0", "", ""]


def test_summaries_of_trials_are_geometric_and_of_whole_trials() -> None:
    rows = [
        {"arm": "linear", "trial": t, "seed": s, "state": state, "fid": fid, "settings": t}
        | {"chosen": str(int(t == "0"))}
        for t, s, state, fid in (
            *(("0", "20", "finished", "4.0"), ("0", "21", "finished", "9.0")),
            *(("1", "20", "finished", "1.0"), ("1", "21", "missing", "")),
        )
    ]
    (found,) = summaries(rows)

    assert (found["trials"], found["failed"], found["settings"]) == (2, 1, "0")
    assert found["best"] == found["worst"] == pytest.approx(6.0)


def test_a_published_report_of_two_data_sets_is_made_again(
    page: tuple[Path, str, str, dict[str, Any]], tmp_path: Path
) -> None:
    out, html, text, facts = page
    build(out, tmp_path / "again")
    again = json.loads((tmp_path / "again" / "report.json").read_text())

    assert again == facts
    made = (tmp_path / "again" / "report.md").read_text()
    assert [line for line in text.splitlines() if line not in made.splitlines()] == []
    assert html.count("data:image/svg") == (
        (tmp_path / "again" / "report.html").read_text().count("data:image/svg")
    )


def test_studies_that_do_not_belong_together(roots: list[Path], tmp_path: Path) -> None:
    old = study_of(tmp_path, "digits", {"quantum": (GOOD, HIGH)}, edition=1)
    with pytest.raises(InputError, match=r"root: studies must be of one edition"):
        find([read_study(roots[0]), read_study(old)])
    with pytest.raises(InputError, match=r"root: studies must be of different data sets"):
        find([read_study(roots[0]), read_study(roots[0])])


def test_a_log_with_other_columns_is_refused(tmp_path: Path) -> None:
    assert read_log(tmp_path, ["mnist"]) == []
    (tmp_path / "mnist.csv").write_text("arm,fid\nlinear,3\n")
    with pytest.raises(InputError, match=r"tuning: .*mnist\.csv must be a log"):
        read_log(tmp_path, ["mnist"])


def test_the_price_counts_two_circuits_for_each_angle() -> None:
    found = Price(angles=3, iterations=10, states=5, readout=81)

    assert found.shots == 10 * (2 * 3 + 1) * 5 * 81
    assert Price(4300, 1500).years == pytest.approx(
        1500 * 8601 * 1024 * 2430 / 4000 / (365.25 * 86400)
    )


def test_ratios_are_drawn_with_the_margin() -> None:
    figure = ratio_chart(
        [Dot("a", "matched", 0.5, (0.4, 0.6)), Dot("b", "matched", 1.9)], 7.6, LIGHT
    )
    (ax,) = figure.axes
    (band,) = ax.patches

    assert ax.get_xscale() == "log" and "quantum ÷ arm" in ax.get_xlabel()
    assert band.get_x() == pytest.approx(0.8)  # type: ignore[attr-defined]
    assert band.get_width() == pytest.approx(0.45)  # type: ignore[attr-defined]


def test_arms_of_the_editions() -> None:
    assert of_role("matched", 1) == ["perceptrons", "diffusion", "diffusion-cells", "codebook"]
    assert {"linear", "branches", "dephased", "measure-and-prepare"} <= {*MATCHED}
    assert {"diffusion-transport", "codebook-noise"} <= {*MATCHED}
    assert ARMS["isometries"].role == "control" and "codebook" not in of_edition()
    assert {*SPACES} <= {*of_edition()}
