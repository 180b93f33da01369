"""What README and the pages say of recorded results, held to the records."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any, get_args

import pytest

from latentq.config.compose import load_config
from latentq.config.config import arguments_of
from latentq.experiments import ablation, spread
from latentq.experiments import all as everything
from latentq.experiments.bias.findings import value_table
from latentq.experiments.quddpm.claims import best, of
from latentq.experiments.quddpm.tasks import TASKS
from latentq.experiments.record import Verdict
from latentq.experiments.tradeoff.findings import best_of, curves_of
from latentq.models import storage
from latentq.report.statistics import Scale, read, summarize
from latentq.report.wording import interval, number
from latentq.study.report.findings import headline_arms

ROOT = Path(__file__).parent.parent
README, RESULTS = ROOT / "README.md", ROOT / "docs" / "results.md"
STUDY = ROOT / "docs" / "results" / "study"


def words(path: Path) -> str:
    """The text of a page without line breaks and escapes."""
    return re.sub(r"\s+", " ", path.read_text()).replace("\\", "")


@pytest.fixture(scope="module")
def study() -> dict[str, Any]:
    return json.loads((STUDY / "report.json").read_text())


def test_the_results_have_the_verdict_of_the_study(study: dict[str, Any]) -> None:
    verdict = f"**{study['verdict'].capitalize()}.**"

    assert verdict in words(RESULTS)
    assert study["headline"] in words(RESULTS)
    assert study["sample_efficiency"] in words(RESULTS)


def arms_of(group: int) -> dict[str, list[dict[str, Any]]]:
    """The runs of the second recipe and of what it is compared with, by the names of the runs."""
    record = json.loads((ROOT / "docs" / "results" / "second-recipe.json").read_text())
    return {arm["name"]: arm["runs"] for arm in record["groups"][group]["arms"]}


def shown(runs: list[dict[str, Any]], scores: dict[str, Scale]) -> list[str]:
    """The cells of a table: the scores of some runs."""
    return [
        interval(summarize((run["scores"][key] for run in runs), scale))
        for key, scale in scores.items()
    ]


SCORES: dict[str, Scale] = {
    "fid": "ratio", "precision": "share", "recall": "share", "coverage": "share",
}  # fmt: skip
TITLES = {
    "QuDDPM": "quantum-mnist",
    "QuDDPM, trained by MMD": "quantum-mmd-mnist",
    "QuDDPM, 992 angles": "quantum-992-mnist",
    "130 states with noise": "codebook-mnist",
    "VAE": "classical-mnist",
}


@pytest.mark.parametrize("page", ["README.md", "docs/quantum-prior.md"])
def test_the_table_of_priors_is_that_of_its_record(page: str) -> None:
    """A row for each, over five seeds."""
    arms = arms_of(0)
    expected = [
        f"| {title} | {' | '.join(shown(arms[name], SCORES))} |" for title, name in TITLES.items()
    ]
    table = (ROOT / page).read_text().partition("| prior | FID")[2].partition("\n\n")[0]

    assert all([run["seed"] for run in arms[name]] == [5, 6, 7, 8, 9] for name in TITLES.values())
    assert table.splitlines()[2:] == expected


@pytest.mark.parametrize("page", ["README.md", "docs/quantum-prior.md"])
def test_the_list_of_states_is_compared_at_equal_seeds(page: str) -> None:
    arms = arms_of(0)
    pairs = [*zip(arms["quantum-mnist"], arms["codebook-mnist"], strict=True)]
    ratio = summarize((a["scores"]["fid"] / b["scores"]["fid"] for a, b in pairs), "ratio")
    gains = [a["scores"]["recall"] - b["scores"]["recall"] for a, b in pairs]
    gain = summarize(gains, "signed")

    assert f"ratio of the FIDs at equal seeds is {interval(ratio)}" in words(ROOT / page)
    assert f"difference of the recalls {interval(gain)}" in words(ROOT / page)
    assert ratio is not None and ratio.ends is not None and ratio.ends[0] > 1
    assert gain is not None and gain.ends is not None and gain.ends[0] > 0


def test_the_small_model_that_was_replaced_is_told() -> None:
    fid, _, recall, _ = shown(arms_of(0)["quantum-small-mnist"], SCORES)
    assert f"FID {fid}, recall {recall} (seeds 5 to 7)" in words(ROOT / "docs/quantum-prior.md")


def test_the_conditional_models_are_those_of_the_record() -> None:
    arms = arms_of(1)
    scores: dict[str, Scale] = {**SCORES, "label_accuracy": "share"}
    text = (ROOT / "docs" / "quantum-prior.md").read_text()
    named = {"QuDDPM": "quantum-conditional-mnist", "VAE": "classical-conditional-mnist"}
    for title, name in named.items():
        assert f"| {title}, given the class | {' | '.join(shown(arms[name], scores))} |" in text


def test_the_results_have_the_fids_of_the_study(study: dict[str, Any]) -> None:
    """A row for each arm of the curves, a column for each number of images."""
    page = words(RESULTS)
    arms: dict[str, list[str]] = {}
    for row in reversed(study["scores"]):  # Few images first.
        if row["arm"] in headline_arms(edition=1):
            arms.setdefault(row["title"], []).append(interval(read(row, "fid")))
    assert len(arms) == 7
    for title, texts in arms.items():
        assert f"| {title} | {' | '.join(texts)} |" in page


def test_the_results_says_how_long_the_study_took(study: dict[str, Any]) -> None:
    assert f"The jobs took {number(study['seconds'] / 3600)} hours" in words(RESULTS)


def test_the_results_says_how_varied_the_samples_are(study: dict[str, Any]) -> None:
    rows = {row["arm"]: row for row in study["scores"] if row["size"] == 60000}
    for key in ("recall", "coverage"):
        one, other = (number(rows[arm][key], 2) for arm in ("codebook", "quantum"))
        assert f"{key} {one} against {other}" in words(RESULTS)


def test_the_tables_of_the_study_are_those_of_its_json(study: dict[str, Any]) -> None:
    for name in ("jobs", "scores", "verdicts"):
        lines = (STUDY / "data" / f"{name}.csv").read_text().splitlines()
        assert len(lines) == 1 + len(study[name])


def test_the_second_recipe_has_the_gates_and_angles_that_the_pages_say() -> None:
    prior: Any = storage.build("quantum", arguments_of(load_config([]))).prior
    gates = sum(gate.name == "cz" for circuit in prior.circuits for gate in circuit.gates())

    assert [len(angles) for angles in prior.angles] == [3836, *[120] * 4]
    assert f"{gates:,} CZ" == "1,836 CZ" and "1,836 CZ" in words(ROOT / "docs" / "hardware.md")


def test_the_ingredients_of_the_second_recipe_are_those_of_its_record() -> None:
    path = ROOT / "docs" / "results" / "second-recipe-ingredients.json"
    found = json.loads(path.read_text())["rows"]

    assert ablation.markdown(found) in (ROOT / "docs" / "quantum-prior.md").read_text()


def test_the_spread_of_the_default_is_that_of_its_rule() -> None:
    record = json.loads((ROOT / "docs" / "results" / "spread.json").read_text())

    assert spread.markdown(record["rows"]) in (ROOT / "docs" / "quantum-prior.md").read_text()
    least = spread.least_spread(record["rows"])
    assert least == record["least"] == load_config([])["prior"]["spread"]


def test_what_the_loss_prefers_is_what_its_record_has() -> None:
    record = json.loads((ROOT / "docs" / "results" / "bias" / "record.json").read_text())
    page = ROOT / "docs" / "quantum-prior.md"
    rows = record["tables"]["losses"]
    liked = {row["loss"] for row in rows if row["preferred"]}

    assert value_table(record["tables"], "W") in page.read_text()
    assert f"at most {limit_of(rows):,} states on either side" in words(page)
    assert liked == {"W"} and "No other loss of the record prefers any" in words(page)


def limit_of(rows: list[dict[str, Any]]) -> int:
    """Returns the largest batch of all states at which transport prefers an ensemble to data."""
    return max(row["batch"] for row in rows if row["preferred"] and row["groups"] == 1)


def test_the_words_beside_fid_against_recall_are_those_of_its_record() -> None:
    record = json.loads((ROOT / "docs" / "results" / "tradeoff" / "record.json").read_text())
    page = words(ROOT / "docs" / "quantum-prior.md")
    curves = curves_of(record["tables"]["priors"])
    for name in ("130 states", "second recipe", "states of training images", "reconstructions"):
        best = best_of(curves[name])
        assert f"{best['fid']:.1f} / {best['recall']:.2f}" in page, name


@pytest.mark.parametrize("page", ["docs/results.md", "docs/quantum-prior.md"])
def test_the_table_of_ingredients_is_that_of_its_record(page: str) -> None:
    """Every row of a page is one of the record, and the longer page has all of them."""
    found = json.loads((ROOT / "docs" / "results" / "ablation.json").read_text())["rows"]
    head, _, *rows = ablation.markdown(found).splitlines()
    text = (ROOT / page).read_text()
    shown = text.rpartition(head)[2].partition("\n\n")[0].splitlines()[2:]

    assert len(shown) >= 7 and set(shown) <= set(rows)
    assert page == "docs/results.md" or shown == rows


def test_the_first_table_of_the_results_is_that_of_its_record() -> None:
    arms, page = arms_of(0), RESULTS.read_text()
    for arm, key, title in (
        ("quantum", "fid_floor", "real: training images against test images, the floor"),
        ("quantum", "fid_reconstruction", "quantum: reconstructions"),
        ("classical", "fid_reconstruction", "classical: reconstructions"),
        ("quantum", "fid", "quantum: samples"),
        ("classical", "fid", "classical: samples"),
        ("quantum", "fid_terminal", "quantum: undenoised terminal states"),
        ("quantum", "fid_haar", "quantum: Haar states, decoded"),
    ):
        values = [run["scores"][key] for run in arms[f"{arm}-mnist"]]
        found = json.loads((ROOT / "checkpoints" / arm / "metrics.json").read_text())
        (line,) = [line for line in page.splitlines() if line.startswith(f"| {title} |")]
        assert line.split(" | ")[2] == interval(summarize(values, "ratio"))
        assert float(line.split(" | ")[1]) == pytest.approx(found[key], rel=0.01)


def records(folder: str) -> list[dict[str, Any]]:
    """The records of a document's experiments, in the order of its page."""
    names = everything.SETS[folder]
    paths = [ROOT / "docs" / "results" / folder / name / "record.json" for name in names]
    return [json.loads(path.read_text()) for path in paths if path.is_file()]


@pytest.mark.parametrize(
    ("document", "page"), [("log", "research-log.md"), ("papers", "quddpm.md")]
)
def test_pages_are_written_from_their_records(document: str, page: str, tmp_path: Path) -> None:
    folder = tmp_path / "docs"
    everything.write_page(
        document, records(document), folder / "results" / document, folder / page
    )

    assert (folder / page).read_text() == (ROOT / "docs" / page).read_text()


@pytest.mark.parametrize(("document", "experiments"), [("log", 5), ("papers", 2)])
def test_the_results_counts_the_verdicts(document: str, experiments: int) -> None:
    found = records(document)
    counts = Counter(claim["verdict"] for record in found for claim in record["claims"])
    text = ", ".join(f"{counts[v]} {v}" for v in get_args(Verdict) if counts[v])

    assert len(found) == experiments
    assert f"Of {counts.total()} claims, {text}" in words(RESULTS)


@pytest.mark.parametrize("name", TASKS)
def test_the_results_has_the_errors_of_the_papers(name: str) -> None:
    task, rows = TASKS[name], records("papers")[0]["tables"]["rows"]
    way, error = best(rows, name)
    published, data = (of(rows, name, key, task.measure) for key in ("published", "data"))
    cells = (
        f"{task.error:g} | {interval(published)} | {interval(error)} ({way}) | {interval(data)}"
    )

    assert f"| {task.title} | {cells} |" in words(RESULTS)


def test_the_results_says_what_one_key_does() -> None:
    rows = records("papers")[0]["tables"]["rows"]
    with_key, anew = (
        interval(of(rows, "ising", way, "mmd")) for way in ("one key", "one key, measured anew")
    )

    assert f"{with_key} with the key, {anew} without" in words(RESULTS)


def test_the_results_says_what_the_improved_model_does() -> None:
    claims = {claim["statement"]: claim for claim in records("papers")[1]["claims"]}
    larger, better = (
        next(c["ours"] for text, c in claims.items() if part in text)
        for part in ("orders of magnitude larger", "generates better samples")
    )
    page = words(RESULTS)

    assert larger.removeprefix("at 10 qubits ") in page
    assert better.split(";")[0] in page


def test_the_results_says_what_16_qubits_take() -> None:
    noise = records("log")[0]
    cost = f"{noise['cpu_seconds'] / 60:.1f} minutes of one core and {noise['peak_gib']:.2f} GiB"

    assert noise["options"]["qubits"].endswith("16")
    assert cost in words(RESULTS)
