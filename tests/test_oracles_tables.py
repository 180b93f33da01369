"""Made-up studies and runs with known ratios: which number stands where, and which way round.

All seeds of an arm have the same numbers, so that every kind of mean is that number.
"""

from pathlib import Path
from typing import Any

import pytest

from latentq.report import images as runs_images
from latentq.report.finished import Group
from latentq.report.grouping import group_runs
from latentq.report.scores import entries, fid_table, mmd_table, parameter_table
from latentq.report.statistics import holm
from latentq.report.tables import Row
from latentq.report.wording import comparisons, number
from latentq.study.arms import ARMS
from latentq.study.jobs import ALL, Job, StudyFolder
from latentq.study.report import frames, images, tables
from latentq.study.report.findings import Findings, find, of_role
from latentq.study.results import read_study
from latentq.study.verdict import Judgement, decide_all, pair
from tests.fake_runs import SIZES, run_of
from tests.fake_study import make_job

PNG = b"\x89PNG\r\n\x1a\n"
BIG, SMALL, SEEDS = 60_000, 300, (0, 1, 2)
FIDS = {"quantum": 10.0, "haar": 40.0, "mean": 5.0, "mixture-10": 8.0, "vae": 16.0}
OWN = {"quantum": (0.75, 0.5), "haar": (0.5625, 0.125), "vae": (0.875, 0.0625)}


@pytest.fixture(scope="module")
def findings(tmp_path_factory: pytest.TempPathFactory) -> Findings:
    """A study in which each arm has one FID, four times as large with few images."""
    root = tmp_path_factory.mktemp("study")
    matched = {arm: 20.0 + k for k, arm in enumerate(of_role("matched"))}
    for arm, fid in {**FIDS, **matched}.items():
        precision, recall = OWN.get(arm, (0.6, 0.4))
        for seed in SEEDS:
            more: dict[str, Any] = {"precision": precision, "recall": recall}
            more["fid_reconstruction"] = 3.0 if arm in ("quantum", *matched) else 30.0
            make_job(root, arm, BIG, seed, fid, **more)
            make_job(root, arm, SMALL, seed, 4 * fid, **more)
    return find([read_study(root)])[0]


def rows_of(findings: Findings, name: str) -> list[Row]:
    return frames.frames(findings)[name].to_dict("records")


def row_of(findings: Findings, name: str, arm: str, size: int = BIG) -> Row:
    (found,) = [
        row
        for row in rows_of(findings, name)
        if (row["arm"], row.get("size", size)) == (arm, size)
    ]
    return found


# --- Jobs


@pytest.mark.parametrize("arm", [name for name, arm in ARMS.items() if arm.base])
def test_an_autoencoder_is_of_the_same_size_and_seed(arm: str) -> None:
    job = Job(arm, 300, 7)
    words = dict(word.split("=", 1) for word in StudyFolder(Path("root")).overrides(job))

    assert job.base == Job(ARMS[arm].base or "", 300, 7)
    assert words["autoencoder"] == f"root/jobs/{ARMS[arm].base}-n300-seed7"
    assert words["data.limit"] == "300" and words["seed"] == "7"
    assert "images.iterations_per_epoch" in words
    whole = StudyFolder(Path("root")).overrides(Job(arm, ALL, 7))
    assert not any(
        word.startswith(("data.limit", "images.iterations_per_epoch")) for word in whole
    )


# --- Verdicts


def test_holm_takes_all_p_values_in_their_order() -> None:
    assert holm({"a": 0.03, "b": 0.01, "c": 0.02}) == pytest.approx(
        {"b": 0.03, "c": 0.04, "a": 0.04}
    )
    # 3 x 0.02, then 2 x 0.021 which is less, and is lifted.
    assert holm({"a": 0.02, "b": 0.021, "c": 0.9})["b"] == pytest.approx(0.06)


def test_quantum_has_to_beat_every_matched_arm() -> None:
    assert decide_all(["quantum better", "no difference"]) == "no difference"
    assert decide_all(["quantum better", "classical better"]) == "classical better"
    assert decide_all(["quantum better", "quantum better"]) == "quantum better"


def test_the_headline_is_that_of_the_most_images() -> None:
    overall: dict[int, Any] = {300: "quantum better", 1000: "no difference", BIG: "no difference"}
    assert Judgement((), overall).headline == "no difference"
    assert Judgement((), overall).fewer_images == [300]
    overall = {300: "classical better", BIG: "quantum better"}
    assert Judgement((), overall).headline == "quantum better"
    assert Judgement((), overall).fewer_images == []


def test_two_seeds_have_no_p_value() -> None:
    assert pair({0: 1.0, 1: 2.0}, {0: 2.0, 1: 3.0}).p is None
    assert pair({0: 1.0, 1: 2.0, 2: 5.0}, {0: 2.0, 1: 3.0, 2: 6.0}).p is not None


# --- The study's tables and records


@pytest.mark.parametrize(
    ("role", "arm", "ratio"),
    [
        ("control", "haar", 0.25),
        ("control", "mean", 2.0),
        ("classical", "mixture-10", 1.25),
        ("classical", "vae", 0.625),
    ],
)
def test_ratios_are_of_quantum_to_the_arm(
    role: Any,  # noqa: ANN401
    arm: str,
    ratio: float,
    findings: Findings,
) -> None:
    """Below 1 quantum is better, in the records and in the table."""
    record = row_of(findings, "scores", arm)
    shown = tables.others_table(findings, frames.frames(findings), role)
    place = [row[0] for row in shown.rows].index(ARMS[arm].title)
    assert shown.values is not None
    values = dict(zip(shown.head, shown.values[place], strict=True))

    assert record["ratio"] == pytest.approx(ratio)
    assert record["fid"] == pytest.approx(FIDS[arm])
    assert [v for k, v in values.items() if "÷" in k] == [pytest.approx(ratio)]
    assert [v for k, v in values.items() if k.startswith("FID")] == [pytest.approx(FIDS[arm])]
    precision, recall = OWN.get(arm, (0.6, 0.4))
    assert (record["precision"], record["recall"]) == pytest.approx((precision, recall))
    assert [v for k, v in values.items() if k.startswith(("Precision", "Recall"))] == [
        pytest.approx(precision),
        pytest.approx(recall),
    ]


def test_verdicts_are_of_quantum_against_each_matched_arm(findings: Findings) -> None:
    rows = rows_of(findings, "verdicts")

    for k, arm in enumerate(of_role("matched")):
        for row in (row for row in rows if row["arm"] == arm):
            assert row["ratio"] == pytest.approx(10 / (20 + k))
            assert row["verdict"] == "quantum better"
            assert row["p_adjusted"] == pytest.approx(0.0)


def test_adjusted_p_values_stand_beside_the_raw_ones(tmp_path: Path) -> None:
    arms = of_role("matched")
    noise = (1.0, 1.3, 0.9)
    for seed, factor in enumerate(noise):
        make_job(tmp_path, "quantum", BIG, seed, 10.0)
        for k, arm in enumerate(arms):
            make_job(tmp_path, arm, BIG, seed, (11.0 + k) * factor, recall=0.5 + 0.01 * k * factor)
    rows = rows_of(find([read_study(tmp_path)])[0], "verdicts")
    raw = {str(row["arm"]): float(row["p"] or 0) for row in rows}
    recalls = {f"recall of {row['arm']}": float(row["recall_p"]) for row in rows}

    adjusted = holm({**raw, **recalls})
    assert {row["arm"]: row["p_adjusted"] for row in rows} == pytest.approx(
        {arm: adjusted[arm] for arm in raw}
    )
    assert max(raw.values()) < max(float(row["p_adjusted"] or 0) for row in rows)


def test_numbers_of_images_have_numbers_of_their_own(findings: Findings) -> None:
    values = findings.study.values
    assert set(values("quantum", BIG, "fid").values()) == {10.0}
    assert set(values("quantum", SMALL, "fid").values()) == {40.0}
    assert row_of(findings, "scores", "haar", SMALL)["fid"] == pytest.approx(160)
    assert row_of(findings, "scores", "haar")["fid"] == pytest.approx(40)


def test_the_floor_of_reconstructions_is_that_of_quantum(findings: Findings) -> None:
    found = {row["floor"]: row["fid"] for row in rows_of(findings, "floors")}

    assert found["fid_reconstruction"] == pytest.approx(3.0)
    assert found["fid_floor"] == pytest.approx(7.51)


def test_the_best_of_a_role_stands_first(findings: Findings) -> None:
    groups = images.dots(findings, frames.frames(findings))
    for role in ("matched", "classical", "control"):
        (found,) = [group for group in groups.values() if group[0].role == role]
        values = [dot.value or 0.0 for dot in found]
        assert values == sorted(values) and len(values) > 1
        assert {dot.role for dot in found} == {role}


def test_sizes_of_priors_are_compared_with_that_of_quantum(tmp_path: Path) -> None:
    sizes = {"quantum": 1000, "codebook-noise": 1100, "diffusion": 1010, "perceptrons": 950}
    for arm in (*of_role("matched"), "quantum"):
        prior = sizes.get(arm, 1000)
        parts = {"encoder": 1, "decoder": 1, "prior": prior, "total": prior + 2}
        make_job(tmp_path, arm, BIG, 0, 10.0, parameters=parts)
    found = find([read_study(tmp_path)])[0]

    assert found.excess("codebook-noise") == pytest.approx(0.1)
    assert dict(found.unmatched()) == pytest.approx({"codebook-noise": 0.1, "perceptrons": -0.05})
    assert row_of(found, "matching", "codebook-noise")["prior_excess"] == pytest.approx(0.1)


def test_every_score_stands_in_its_column(findings: Findings) -> None:
    shown = tables.scores_table(findings, frames.frames(findings), BIG)
    place = [row[0] for row in shown.rows].index(ARMS["haar"].title)
    assert shown.values is not None
    values = shown.values[place][-len(frames.SCORES) :]
    wanted = [
        next(iter(findings.study.values("haar", BIG, key).values())) for key in frames.SCORES
    ]

    assert values == pytest.approx(wanted)
    assert len({*wanted}) == len(wanted)
    texts = shown.rows[place][-len(wanted) :]
    assert [text.split()[0] for text in texts] == [number(value) for value in wanted]


def test_pictures_are_of_the_seed_they_name(findings: Findings) -> None:
    for job in findings.study.at("quantum", BIG):
        assert job.run is not None
        (job.run.path / "samples.png").write_bytes(PNG)
    for seed in SEEDS:
        (picture,) = images._pictures(findings, ["quantum"], seed, "samples.png")
        assert picture.path is not None
        assert picture.path.parent.name == f"quantum-n{BIG}-seed{seed}"


# --- The report on runs


@pytest.fixture
def group() -> Group:
    (found,) = group_runs([run_of("quantum"), run_of("classical", path="other")])
    return found


def test_rows_of_fids_are_those_of_their_names(group: Group) -> None:
    found = {entry.label: entry.summary.mean for entry in entries(group) if entry.summary}
    table = {row[0]: row[1] for row in fid_table(group).rows}

    assert found == {
        "Reconstruction, quantum": 0.38,
        "Reconstruction, VAE": 9.5,
        "Samples, quantum": 97.2,
        "Samples, VAE": 202.0,
        "Undenoised terminal states, quantum": 1102.0,
        "Haar states, decoded, quantum": 1992.0,
    }
    assert table["Undenoised terminal states, quantum"].startswith("1,102")


def test_parameters_are_those_of_quantum_to_the_vae(group: Group) -> None:
    rows = {row[0]: row for row in parameter_table(group).rows}

    assert float(rows["total"][-1]) == pytest.approx(
        SIZES["quantum"]["total"] / SIZES["classical"]["total"], rel=0.01
    )


def test_mmds_go_from_the_forward_end_to_the_data(group: Group) -> None:
    table = mmd_table(group)
    assert table is not None
    numbers = [float(row[1]) for row in table.rows[1:]]

    assert numbers == [0.001, 0.05, 0.04, 0.03, 0.02, 0.01, 0.3]


def test_samples_are_compared_with_samples(group: Group) -> None:
    ((one, two, result),) = comparisons(group)

    assert (one.model, two.model) == ("quantum", "classical")
    assert result.first is not None and result.second is not None
    assert (result.first.mean, result.second.mean) == pytest.approx((97.2, 202.0))
    assert result.ratio is not None and result.ratio.mean == pytest.approx(97.2 / 202)


def test_a_picture_of_a_run_is_of_its_seed(tmp_path: Path) -> None:
    runs = [run_of("quantum", seed=seed, path=str(tmp_path / str(seed))) for seed in SEEDS]
    for run in runs:
        run.path.mkdir()
        (run.path / "samples.png").write_bytes(PNG)
    (found,) = group_runs(runs)
    for seed in SEEDS:
        picture = runs_images._row(found, seed, "samples.png", "Samples")[0]
        assert picture.path == tmp_path / str(seed) / "samples.png"


def test_long_curves_are_averaged() -> None:
    values = [float(k) for k in range(3 * runs_images.POINTS)]

    assert runs_images._thin(values) == [3 * k + 1 for k in range(runs_images.POINTS)]
    assert runs_images._thin([1.0, 5.0]) == [1.0, 5.0]
