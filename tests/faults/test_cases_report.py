"""Cases 30 to 34: what reaches the metrics and a report."""

import json
from pathlib import Path

import pytest
import torch

from latentq.evaluation import metrics
from latentq.evaluation.scores import inception_row
from latentq.models.classifier import Classifier
from latentq.report import images
from latentq.report.blocks import Gallery, Image
from latentq.report.comparison import build
from latentq.training.run_folder import write_json
from tests.fake_runs import make_run

HOSTILE = "<script>alert(1)</script>\x1b[31m"


@pytest.fixture(autouse=True)
def no_charts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Charts take seconds, and are tested elsewhere."""
    drawn = Gallery([Image("chart")])
    monkeypatch.setattr(images, "chart", lambda draw, alt: drawn)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -0.001, 1.001])
def test_case_30_odd_images(value: float) -> None:
    images = torch.full((2, 1, 28, 28), 0.5)
    images[1, 0, 3, 4] = value

    with pytest.raises(ValueError, match=r"images: must be finite and in \[0, 1\]"):
        metrics.extract_features(Classifier(channels=2), images)


def test_case_30_constant_images(generator: torch.Generator) -> None:
    features = torch.randn(40, 8, generator=generator, dtype=torch.float64)
    constant = features[:1].expand(40, -1)

    value = metrics.fid(constant, features)
    assert value is not None and value > 1
    assert metrics.precision_recall(constant, features) != (None, None)


def test_case_31_too_few_samples(generator: torch.Generator) -> None:
    features = torch.randn(129, 128, generator=generator, dtype=torch.float64)

    assert metrics.fid(features[:128], features) is None
    assert metrics.fid(features, features[:128]) is None
    same = metrics.fid(features, features)
    assert same is not None and 0 <= same < 1e-6


def test_case_32_inception_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    path = tmp_path / "checkpoints" / metrics.INCEPTION_FILE
    path.parent.mkdir()
    for content in (None, b"altered"):
        if content is not None:
            path.write_bytes(content)
        row = inception_row(torch.zeros(1), torch.zeros(1))
        assert row["fid_inception"] is None
        assert metrics.INCEPTION_FILE in str(row["fid_inception_reason"])
    assert len(metrics.INCEPTION_SHA256) == 64


def test_case_33_missing_seeds(tmp_path: Path) -> None:
    for seed, fid in enumerate((10.0, 20.0, 60.0)):
        make_run(tmp_path / f"q{seed}", "quantum", seed, fid=fid)
    for seed, other in ((0, 11.0), (1, None), (2, 61.0)):
        make_run(tmp_path / f"c{seed}", "classical", seed, fid=other)
    (tmp_path / "crashed").mkdir()
    (tmp_path / "crashed" / "config.yaml").touch()

    out, _ = build([tmp_path])

    facts = json.loads((out / "report.json").read_text())
    (comparison,) = facts["groups"][0]["comparisons"]
    assert comparison["seeds"] == [[0, 2], [0, 2]]
    assert comparison["ratio"] == pytest.approx((10 * 60 / (11 * 61)) ** 0.5)
    assert facts["unfinished"] == ["crashed"]
    assert "(2 of 3 seeds)" in (out / "report.md").read_text()
    assert "Not finished, and left out: crashed." in (out / "report.html").read_text()


def test_case_34_nan_and_html(tmp_path: Path) -> None:
    run = make_run(tmp_path / "q", name=HOSTILE, git_commit=HOSTILE, fid=123.5)
    path = run / "metrics.json"
    path.write_text(path.read_text().replace("123.5", "NaN"))
    (run / "config.yaml").write_text(HOSTILE)

    out, _ = build([tmp_path])

    assert "<script>alert" not in (out / "report.html").read_text()
    # An indented line is code in Markdown, which is shown as it is.
    lines = [row for row in (out / "report.md").read_text().splitlines() if "<script>" in row]
    assert len(lines) == 1 and lines[0].startswith("    ")
    facts = json.loads((out / "report.json").read_text(), parse_constant=pytest.fail)
    assert facts["groups"][0]["arms"][0]["scores"]["fid"] is None
    write_json(tmp_path / "x.json", {"a": float("nan"), "b": [float("inf")]})
    assert json.loads((tmp_path / "x.json").read_text()) == {"a": None, "b": [None]}
