"""The report on a study is checked on made-up jobs: verdicts, what is missing, and escaping."""

import base64
import csv
import hashlib
import json
import math
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats

from latentq.report.plots import LIGHT, Figure, save_samples
from latentq.report.plots.efficiency import efficiency_chart, spread
from latentq.report.plots.forest import Dot, forest_chart
from latentq.study.arms import ARMS, Arm
from latentq.study.report.document import build
from latentq.study.report.findings import find, of_role
from latentq.study.report.frames import frames
from latentq.study.report.images import dots, lines
from latentq.study.report.wording import (
    efficiency,
    headline,
    p_text,
    pairs_text,
    percent,
    ratios,
)
from latentq.study.results import read_study
from latentq.study.verdict import pair
from tests.fake_study import make_job, make_study
from tests.test_report import HOSTILE, Tags

GOOD, BAD = [20.0, 21.0, 22.0, 20.5, 21.5], [40.0, 41.5, 45.0, 40.1, 43.2]
BIG = 60000
MATCHED = tuple(of_role("matched"))
N = len(MATCHED)
ALMOST = [20.1, 20.9, 22.1, 20.4, 21.6]
WIDE = [9.0, 44.0, 12.0, 41.0, 19.0]


def study_of(root: Path, **arms: Sequence[float]) -> Path:
    """Makes a study at the largest number of images, with the arms of `MATCHED` as `BAD`."""
    fids = {arm: {BIG: BAD} for arm in MATCHED}
    return make_study(root, fids | {k.replace("_", "-"): {BIG: v} for k, v in arms.items()})


def built(root: Path) -> tuple[str, str, Any]:
    out = root / "out"
    build(root, out)
    html, text, facts = ((out / f"report.{kind}").read_text() for kind in ("html", "md", "json"))
    return html, text, json.loads(facts, parse_constant=pytest.fail)


def table(root: Path, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader((root / "out" / "data" / f"{name}.csv").read_text().splitlines()))


@pytest.mark.parametrize(
    ("quantum", "jobs", "verdict", "opening"),
    [
        (GOOD, BAD, "Quantum better", f"the quantum prior is better than each of {N} classical"),
        (BAD, GOOD, "Classical better", f"1 of {N} classical priors of the same size is better"),
        (
            GOOD,
            ALMOST,
            "No difference",
            f"none of {N} classical priors of the same size",
        ),
        (GOOD, WIDE, "Not enough data", "there is not enough data to say whether"),
        (GOOD[:2], BAD, "Not enough data", "there is not enough data to say whether"),
    ],
)
def test_verdict_is_in_every_file(
    quantum: list[float], jobs: list[float], verdict: str, opening: str, tmp_path: Path
) -> None:
    html, text, facts = built(study_of(tmp_path, quantum=quantum, linear=jobs))
    (row,) = [row for row in facts["verdicts"] if row["arm"] == "linear"]
    pairs = pair(dict(enumerate(quantum)), dict(enumerate(jobs)))

    assert f'<p class="verdict">{verdict}</p>' in html
    assert f"**{verdict}**" in text
    assert facts["verdict"] == verdict.lower() == facts["overall"][0]["verdict"]
    assert facts["headline"].startswith(f"MNIST: At 54,000 training images {opening}")
    assert row["ratio"] == pytest.approx(pairs.ratio)
    assert [table(tmp_path, "overall")[0]["verdict"]] == [verdict.lower()]
    rows = [row for row in Tags(html).rows if row[0] == ARMS["linear"].title]
    assert rows[0][2] == row["verdict"]
    assert rows[0][3] == pairs_text(pairs)


def test_numbers_of_the_verdict_table(tmp_path: Path) -> None:
    _, _, facts = built(study_of(tmp_path, quantum=GOOD))
    logs = [torch.tensor(x, dtype=torch.float64).log().numpy() for x in (GOOD, BAD)]
    p = stats.ttest_rel(*logs).pvalue

    assert [row["p"] for row in facts["verdicts"]] == [pytest.approx(p)] * N
    # Recall, which is alike in all arms, is tested as often, with p-values of 1.
    assert [row["p_adjusted"] for row in facts["verdicts"]] == [pytest.approx(2 * N * p)] * N
    assert [row["recall_p"] for row in facts["verdicts"]] == [1.0] * N
    assert {row["recall_verdict"] for row in facts["verdicts"]} == {"no difference"}
    assert facts["verdicts"][0]["ratio"] == pytest.approx(
        float(torch.tensor(logs[0] - logs[1]).mean().exp())
    )


def test_fewer_images(tmp_path: Path) -> None:
    small = make_study(
        tmp_path / "a",
        {"quantum": {BIG: BAD, 100: GOOD}, **{arm: {BIG: GOOD, 100: BAD} for arm in MATCHED}},
    )
    findings = find([read_study(small)])[0]
    assert efficiency(findings) == (
        "The quantum prior needs fewer images: it is better than all at 100 images."
    )
    assert headline(findings).startswith(
        f"MNIST: At 54,000 training images {N} of {N} classical priors"
    )

    other = find([read_study(make_study(tmp_path / "b", {"quantum": {BIG: GOOD, 100: GOOD}}))])[0]
    assert efficiency(other) == (
        "That the quantum prior needs fewer images is not shown: not enough data at 100 images."
    )
    assert "no seeds in common, and 3 are needed" in ratios(other)
    assert headline(other).endswith(f"Of {N} arms, not enough data: {N}.")
    one = find([read_study(make_study(tmp_path / "c", {"quantum": {BIG: GOOD}}))])[0]
    assert "there is one number" in efficiency(one)


def test_missing_jobs_are_shown_and_have_no_number(tmp_path: Path) -> None:
    study_of(tmp_path, quantum=GOOD, haar=[1990.0], vae=[])
    path = make_job(tmp_path, "vae", BIG, 0, 123.0, precision=0.777) / "metrics.json"
    path.write_text(path.read_text().replace("123.0", "NaN"))
    html, text, facts = built(tmp_path)
    rows = {row[0]: row[1:] for row in Tags(html).rows if row}

    assert facts["missing"] == [
        {
            **{"data": "mnist", "arm": "vae", "title": "VAE", "role": "classical"},
            **{"size": BIG, "images": 54000},
            **{"seed": 0, "state": "not estimable", "reason": "there is no finite FID"},
        }
    ]
    assert f"1 of {7 + 5 * N} jobs has no value" in html and "there is no finite FID" in text
    (vae,) = [row for row in Tags(html).rows if row[:2] == ["VAE", "0 of 1"] and len(row) == 6]
    assert vae[2:] == ["missing"] * 4
    assert rows["Jobs"] == [f"{6 + 5 * N} of {7 + 5 * N}"]
    assert not re.search(r"\bnan\b|0\.777", html.partition("<style>")[0] + text, re.IGNORECASE)
    assert "0.777" not in (tmp_path / "out" / "data" / "jobs.csv").read_text()
    assert [row["fid"] for row in table(tmp_path, "scores") if row["arm"] == "vae"] == [""]


def test_text_from_outside_is_escaped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ARMS, "vae", Arm(HOSTILE, "classical", ()))
    plan = [{"arm": "vae", "size": BIG, "seed": 7, "state": "missing", "reason": HOSTILE}]
    make_study(tmp_path, {"quantum": {BIG: GOOD}, "vae": {BIG: BAD}}, plan)
    make_job(tmp_path, "haar", BIG, 0, 9.0, git_commit=HOSTILE)
    html, text, _ = built(tmp_path)
    tags = Tags(html)

    assert [name for name, _ in tags.tags].count("script") == 1
    assert html.count("&lt;script&gt;alert(1)&lt;/script&gt;|x") >= 5
    assert "<script>alert" not in html + text
    assert any(row[-1] == HOSTILE for row in tags.rows)
    sorted_by = {attrs.get("data-value") for _, attrs in tags.tags}
    assert HOSTILE in sorted_by
    assert {name for name, _ in tags.tags}.isdisjoint({"link", "iframe", "a"})


def test_page_runs_its_own_script_only(tmp_path: Path) -> None:
    html, _, _ = built(study_of(tmp_path, quantum=GOOD))
    tags = Tags(html).tags
    policy = next(attrs["content"] or "" for name, attrs in tags if "http-equiv" in attrs)
    script = html.partition("<script>")[2].partition("</script>")[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    links = [value or "" for _, a in tags for key, value in a.items() if key in {"src", "srcset"}]

    assert f"script-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy and "storage" not in script.lower()
    assert links and all(link.startswith("data:image/") for link in links)


def test_tables_are_sorted_by_numbers(tmp_path: Path) -> None:
    html, _, _ = built(study_of(tmp_path, quantum=GOOD, haar=[1990.0, 2010.0]))
    jobs = [attrs for name, attrs in Tags(html).tags if name == "td" and "data-value" in attrs]

    # The geometric mean of 1990 and 2010, and not "2,000 [1,877, 2,131]".
    numbers = [attrs["data-value"] or "" for attrs in jobs]
    assert any(re.fullmatch(r"1999\.97\d+", number) for number in numbers)
    assert html.count('class="numeric sortable"') == 3
    assert html.count('class="numeric sortable many"') == 2


def test_same_jobs_same_bytes(tmp_path: Path) -> None:
    files: list[dict[str, bytes]] = []
    for name in ("here", "there"):
        root = study_of(tmp_path / name, quantum=GOOD, vae=BAD[:2])
        save_samples(
            torch.zeros(1, 1, 28, 28), root / f"jobs/quantum-n{BIG}-seed0/samples.png", ""
        )
        build(root, root / "out")
        found = sorted(path for path in (root / "out").rglob("*") if path.is_file())
        files.append({path.relative_to(root).as_posix(): path.read_bytes() for path in found})

    assert files[0] == files[1]
    assert len(files[0]) == 3 + 8
    assert not any(b"secret" in content or b"/tmp/" in content for content in files[0].values())
    assert b"\xe2\x80\xa6/train.py seed=1 run.root=\xe2\x80\xa6/jobs" in files[0]["out/report.md"]
    assert b"MNIST: QuDDPM, seed 0: drawn in report.html" in files[0]["out/report.md"]


def test_csv_is_what_is_drawn(tmp_path: Path) -> None:
    root = make_study(
        tmp_path,
        {
            **{"quantum": {100: BAD, BIG: GOOD}, "haar": {BIG: [1990.0, 2010.0]}},
            **{arm: {100: BAD, BIG: BAD} for arm in MATCHED},
        },
    )
    built(root)
    findings = find([read_study(root)])[0]
    found = frames(findings)
    scores = table(root, "scores")
    rows = {row["title"]: row for row in scores if row["size"] == str(BIG)}
    groups = dots(findings, found)

    assert list(groups) == ["Quantum", "Matched classical priors", "Controls"]
    for dot in (dot for group in groups.values() for dot in group):
        row = rows[dot.label]
        ends = None if dot.ends is None else tuple(map(str, dot.ends))
        assert (row["fid"], row["role"]) == (str(dot.value), dot.role)
        assert (row["fid_low"], row["fid_high"]) == ends
    for line in lines(findings, found):
        own = [row for row in reversed(scores) if row["title"] == line.label and row["fid"]]
        assert [float(row["images"]) for row in own] == list(line.images) == [100, 54000]
        assert [float(row["fid"]) for row in own] == list(line.values)
    drawn = efficiency_chart(lines(findings, found)).axes[0].lines
    quantum = next(line for line in drawn if line.get_label() == "QuDDPM")
    assert np.array_equal(quantum.get_xdata(), [100, 54000])
    means = [math.prod(values) ** (1 / 5) for values in (BAD, GOOD)]
    assert np.asarray(quantum.get_ydata()).tolist() == pytest.approx(means)


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


@pytest.mark.parametrize("width", [7.6, 3.7])
def test_forest_says_what_is_missing_and_cuts_long_intervals(width: float) -> None:
    group = [Dot("a", "matched", 10.0, (-5.0, 25.0)), Dot("b $x", "matched", None)]
    figure = forest_chart({"Matched": group}, {"real": 7.5, "decoded": 2.0}, width, LIGHT)
    ax = figure.axes[0]
    spans = [np.asarray(line.get_xdata()).tolist() for line in ax.lines]

    assert texts(figure) == [
        "Matched",
        "a",
        "10.0",
        "b $x",
        "missing",
        "decoded, 2.00",
        "real, 7.50",
    ]
    assert [ax.get_xlim()[0], 25.0] in spans
    assert ax.get_xlim()[0] > 0
    assert [2.0, 2.0] in spans and [7.5, 7.5] in spans


def test_labels_are_moved_apart() -> None:
    assert spread([0.5, 0.1], 0.1) == [0.5, 0.1]
    assert spread([0.5, 0.5, 0.0], 0.2) == pytest.approx([0.4, 0.6, 0.0])
    moved = spread([0.30, 0.31, 0.45, 0.32], 0.1)  # The third is pushed by the others.
    assert moved == pytest.approx([0.195, 0.295, 0.495, 0.395])
    assert spread([], 0.1) == []


def test_text_of_ratios_and_p_values() -> None:
    found = pair({0: 1.0, 1: 1.0, 2: 1.0}, {0: 2.0, 1: 2.2, 2: 1.8})
    wide = pair({0: 1.0, 1: 9.0, 2: 1.0}, {0: 2.0, 1: 2.0, 2: 2.0})

    # As scipy has it; the logarithms of 2, 2.2 and 1.8 have mean 0.6898 and deviation 0.1004.
    assert pairs_text(found) == "0.50 [0.39, 0.64]"
    assert pairs_text(wide) == "1.04 [0.0445, 24.3]"
    assert pairs_text(pair({}, {})) == "missing"
    assert pairs_text(pair({0: 1.0}, {0: 4.0})) == "0.250"
    assert [p_text(p) for p in (None, 0.0, 0.00009, 0.0123, 0.5, 1.0)] == [
        *("missing", "< 0.0001", "< 0.0001", "0.012", "0.50", "1.00")
    ]
    assert [percent(x) for x in (None, 0.0, 0.0312, -0.0078)] == [
        *("missing", "0%", "+3.1%", "\N{MINUS SIGN}0.8%")
    ]


def test_unequal_sizes_are_told(tmp_path: Path) -> None:
    study_of(tmp_path, quantum=GOOD, diffusion=[])
    sizes = {"encoder": 1, "decoder": 1, "prior": 5300, "total": 5302}
    make_job(tmp_path, "diffusion", BIG, 0, 30.0, parameters=sizes)
    html, _, facts = built(tmp_path)

    assert [text for text in facts["warnings"] if "not of the same size" in text] == [
        "“diffusion, 5 steps” is not of the same size: the free reals of its prior differ from "
        "quantum's by +2.7%, and 2% are allowed."
    ]
    assert "+2.7%" in html


def test_other_decoders_are_told(tmp_path: Path) -> None:
    study_of(tmp_path, quantum=GOOD, diffusion=[])
    make_job(tmp_path, "diffusion", BIG, 1, 30.0, fid_reconstruction=4.22)  # Quantum has 4.21.
    make_job(tmp_path, "diffusion", BIG, 2, 30.0, fid_reconstruction=5.0)
    _, _, facts = built(tmp_path)

    (told,) = [text for text in facts["warnings"] if "another decoder" in text]
    assert told.endswith(": diffusion-n60000-seed2.")


def test_a_study_of_one_job_of_another_arm(tmp_path: Path) -> None:
    make_job(tmp_path, "haar", 100, 3, 50.0)
    (tmp_path / "jobs" / "haar-n100-seed3" / "metrics.json").write_text('{"fid": 50.0}')
    html, _, facts = built(tmp_path)

    assert facts["verdict"] == "not enough data"
    assert "QuDDPM, seed 3" in html


def command(*words: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "latentq.study.report", *words]
    return subprocess.run(line, capture_output=True, text=True, check=False, timeout=120)


def test_command_writes_where_it_is_told(tmp_path: Path) -> None:
    study_of(tmp_path, quantum=GOOD)
    done = command(f"root={tmp_path}", f"out={tmp_path / 'a b'}")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(
        "Quantum better\nMNIST: At 54,000 training images the quantum prior"
    )
    names = sorted(path.name for path in (tmp_path / "a b").iterdir())
    assert names == ["data", "report.html", "report.json", "report.md"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "root: must be given"),
        (["root=nowhere"], "root: must be the folder of a study"),
        (["root=x", "rot=x"], "rot: there is no such option"),
    ],
)
def test_command_refuses_in_one_line(words: list[str], message: str) -> None:
    done = command(*words)

    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
