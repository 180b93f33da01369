"""Model cards and the citation: read off the models, and no number in them is typed."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

import latentq
from latentq.config import registry
from latentq.errors import CheckpointError
from latentq.models import storage
from latentq.models.storage import describe
from latentq.report.cards import card_of, measures, write_cards
from latentq.report.cards.measures import measures_of, other_seeds, share_of
from latentq.report.statistics import Summary
from tests.command_line import ROOT, CommandLine

CHECKPOINTS = ROOT / "checkpoints"
SHIPPED = sorted(path.parent.name for path in CHECKPOINTS.glob("*/config.json"))
CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text())


def metrics_of(name: str) -> dict[str, Any]:
    return json.loads((CHECKPOINTS / name / "metrics.json").read_text())


def split(card: str) -> tuple[dict[str, Any], str]:
    _, head, body = card.split("---\n", 2)
    return yaml.safe_load(head), body


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """The shipped models without their cards."""
    ignored = shutil.ignore_patterns("README.md")
    shutil.copytree(CHECKPOINTS, tmp_path / "checkpoints", ignore=ignored)
    return tmp_path / "checkpoints"


def test_the_cards_are_what_the_command_writes(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("latentq.report.cards.card.CHECKPOINTS", models)
    written = write_cards(models)

    assert [path.parent.name for path in written] == SHIPPED
    for path in written:
        card = CHECKPOINTS / path.parent.name / "README.md"
        assert path.read_text() == card.read_text(), "python -m latentq.report.cards writes it"


def test_the_command_takes_no_options(line: CommandLine) -> None:
    done = line.module("latentq.report.cards", "n=3")

    assert done.code == 2 and done.mistakes == ["n: there is no such option"]


@pytest.mark.parametrize("name", SHIPPED)
def test_the_head_is_what_the_hub_reads(name: str) -> None:
    head, body = split((CHECKPOINTS / name / "README.md").read_text())
    metrics = metrics_of(name)

    assert head["license"] == "mit" and head["library_name"] == "latentq"
    assert {"latentq", metrics["data"]["name"]} <= set(head["tags"])
    assert all(re.fullmatch(r"[\w-]+/[\w-]+", data) for data in head["datasets"])
    (index,) = head["model-index"]
    (result,) = index["results"]
    values = {row["type"]: row["value"] for row in result["metrics"]}
    assert index["name"] == name and result["task"]["type"] == head["pipeline_tag"]
    assert head["metrics"] == [next(iter(values))]
    for key, value in values.items():
        source = "test_accuracy" if key == "accuracy" else key
        assert value == pytest.approx(metrics[source], abs=5e-5)
    for key in ("sha256", "split"):
        assert metrics["data"][key] in body
    assert describe(CHECKPOINTS / name)[1]["sha256"] in body
    assert all(f"## {title}\n" in body for title in ("Intended use", "Data", "Measured", "Limits"))


def test_the_hub_reads_the_head() -> None:
    cards = pytest.importorskip("huggingface_hub")

    for name in SHIPPED:
        data = cards.ModelCard.load(CHECKPOINTS / name / "README.md").data
        assert data.model_name == name and data.eval_results[0].dataset_split == "test"


def test_what_fits_a_role_is_said() -> None:
    texts = {name: (CHECKPOINTS / name / "README.md").read_text() for name in SHIPPED}

    for name, text in texts.items():
        assert ("label=3" in text) == bool(metrics_of(name).get("conditional"))
        role = registry.find(describe(CHECKPOINTS / name)[1]["kind"]).role
        assert ("zhang2024quddpm" in text) == (role == "quantum")
        assert ("The circuits are simulated." in text) == (role == "quantum")
        assert ("features=model" in text) == (role == "classifier")


def test_a_share_has_wilsons_interval() -> None:
    """Of 90 in 100: (p + z^2 / 2n -+ z sqrt(p (1 - p) / n + z^2 / 4n^2)) / (1 + z^2 / n)."""
    z, n, p = 1.959964, 100, 0.9
    middle, half = p + z**2 / (2 * n), z * (p * (1 - p) / n + z**2 / (4 * n**2)) ** 0.5
    expected = tuple((middle + sign * half) / (1 + z**2 / n) for sign in (-1, 1))

    assert share_of(0.9, 100).ends == pytest.approx(expected, abs=1e-6)
    assert share_of(0.9, None) == Summary(0.9, None)


def test_each_share_is_of_its_own_images() -> None:
    """Precision is of the samples, recall and coverage are of the real images."""
    metrics = {
        "data": {"test": 400},
        "n_samples": 100,
        "fid": 10.0,
        "fid_deviation": 0.5,
        **dict.fromkeys(("precision", "recall", "coverage", "label_accuracy"), 0.9),
    }
    found = {m.key: m.summary for m in measures_of(metrics)}

    assert found["fid"].ends == pytest.approx((9.02, 10.98))
    for key, n in (("precision", 100), ("label_accuracy", 100), ("recall", 400)):
        assert found[key] == share_of(0.9, n)
    assert found["coverage"] == found["recall"] != found["precision"]
    assert "kid" not in found


def test_other_seeds_are_of_the_same_model() -> None:
    report = json.loads((measures.STUDY / "report.json").read_text())
    places = {(job["arm"], job["size"], job["seed"]): job["fid"] for job in report["jobs"]}
    (sha256,) = report["provenance"]["Data, sha256"]
    (row,) = (r for r in report["scores"] if r["arm"] == "quantum" and r["images"] == 54_000)
    data = {"train": 54_000, "sha256": sha256}
    fid = places["quantum", 60_000, 0]
    metrics = {"model": "quantum", "seed": 0, "fid": fid, "data": data}
    found = other_seeds(metrics)

    assert found and found.seeds == row["seeds"] and found.headline == report["headline"]
    assert found.fid.startswith(f"{row['fid']:.1f} [{row['fid_low']:.1f}, ")
    assert found.recall.startswith(f"{row['recall']:.3f} [")
    for change in (
        {"conditional": True},
        {"fid": fid + 1},  # trained by another recipe
        {"fid": places["mmdk", 60_000, 0]},  # another loss
        {"seed": 3},
        {"seed": 99},
        {"data": {**data, "train": 10_000}},
        {"data": {**data, "sha256": "another"}},
        {"model": "perceptrons"},
    ):
        assert other_seeds({**metrics, **change}) is None, change
    assert other_seeds(metrics, Path("nowhere")) is None


def test_numbers_of_another_model_make_another_card(models: Path) -> None:
    metrics = metrics_of("quantum") | {"fid": 99.5, "recall": 0.5, "fid_deviation": None}
    _, body = split(card_of(models / "quantum", metrics, "other *name*"))

    assert "| `fid` | 99.5 |" in body and "Recall is 0.500," in body
    assert body.startswith("\n# LatentQ: other \\*name\\*\n")
    assert 'latentq.load("FOLDER")' in body and "It is of one seed, 0;" in body


def test_a_model_without_its_metrics_is_named(models: Path) -> None:
    (models / "quantum" / "metrics.json").unlink()

    with pytest.raises(CheckpointError, match=r"card: .*quantum/metrics.json cannot be read"):
        write_cards(models)


def test_data_that_say_little_have_a_card(tmp_path: Path) -> None:
    arguments = {"channels": 2, "latent": 3}
    storage.save(storage.build("classical", arguments), tmp_path, "classical", arguments)
    metrics = metrics_of("classical") | {"data": {"name": "mine"}}
    head, body = split(card_of(tmp_path, metrics, "mine"))

    assert "datasets" not in head and "| `precision` | 0.779 |" not in body
    assert "| `recall` | 0.565 |" in body and "licence not known" in body


def test_the_citation_is_of_this_version() -> None:
    assert CITATION["version"] == latentq.__version__ and CITATION["license"] == "MIT"
    assert CITATION["cff-version"] == "1.2.0" and CITATION["authors"]
    cited = [x["value"] for r in CITATION["references"] for x in r["identifiers"]]
    assert cited == ["arXiv:2310.05866", "arXiv:2512.06695"]


def test_the_cards_cite_as_the_citation_does() -> None:
    card = (CHECKPOINTS / "quantum" / "README.md").read_text()
    paper = CITATION["references"][0]
    names = [f"{a['family-names']}, {a['given-names']}" for a in paper["authors"]]
    fields = dict(re.findall(r"^  (\w+) = \{(.*?)\},?$", card, re.MULTILINE))

    assert fields["author"] == " and ".join(names)
    assert [fields[key] for key in ("title", "journal", "volume", "pages", "year", "doi")] == [
        str(paper[key]) for key in ("title", "journal", "volume", "start", "year", "doi")
    ]
    (author,) = CITATION["authors"]
    assert f"author = {{{{{author['name']}}}}}" in card
    assert f"version = {{{CITATION['version']}}}" in card
