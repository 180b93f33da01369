"""Jobs of a study: numbers where there are some, else a reason, and never a mixture of scales."""

import json
from pathlib import Path
from typing import Any

import pytest

from latentq.errors import InputError
from latentq.study.jobs import Job
from latentq.study.results import JobResult, read_study, without_folders
from tests.fake_study import make_job, make_study


def states(root: Path) -> dict[str, tuple[str, str]]:
    return {job.name: (job.state, job.reason) for job in read_study(root).jobs}


def test_numbers_by_arm_images_and_seed(tmp_path: Path) -> None:
    make_study(tmp_path, {"vae": {100: [9.0]}, "quantum": {60000: [3.0, 4.0], 100: [5.0]}})
    study = read_study(tmp_path)

    assert list(study.arms) == ["quantum", "vae"]
    assert (study.sizes, study.seeds) == ([100, 60000], [0, 1])
    assert study.values("quantum", 60000, "fid") == {0: 3.0, 1: 4.0}
    assert study.values("quantum", 60000, "wall_seconds.prior") == {0: 228.0, 1: 229.0}
    assert study.values("haar", 100, "fid") == study.values("vae", 60000, "fid") == {}
    assert (study.images(60000), study.images(100)) == (54000, 100)
    assert (study.git_commit, study.options["train_sizes"]) == ("feed" * 10, [100, 60000])


@pytest.mark.parametrize(
    ("content", "state", "reason"),
    [
        ("{", "missing", "its metrics.json is damaged"),
        ("[]", "missing", "its metrics.json is damaged"),
        ('{"fid": NaN, "precision": 0.5}', "not estimable", "there is no finite FID"),
        ('{"fid": null}', "not estimable", "there is no finite FID"),
        ('{"fid": Infinity}', "not estimable", "there is no finite FID"),
        ('{"fid": "3"}', "not estimable", "there is no finite FID"),
        ('{"fid": 0.0}', "not estimable", "FID was 0"),
        ('{"fid": 3.0, "seed": 4}', "missing", "its metrics.json is of another seed, 4"),
        (None, "missing", "it did not finish: there is no metrics.json"),
    ],
)
def test_cells_without_a_number(
    content: str | None, state: str, reason: str, tmp_path: Path
) -> None:
    path = make_job(tmp_path, "quantum", 100, 1, 2.0) / "metrics.json"
    path.unlink() if content is None else path.write_text(content)

    assert states(tmp_path) == {"quantum-n100-seed1": (state, reason)}
    assert read_study(tmp_path).values("quantum", 100, "fid") == {}
    assert read_study(tmp_path).values("quantum", 100, "precision") == {}


def test_a_job_may_lack_every_number_but_its_fid(tmp_path: Path) -> None:
    path = make_job(tmp_path, "quantum", 100, 1, 2.0) / "metrics.json"
    path.write_text('{"fid": 2.0}')

    assert read_study(tmp_path).values("quantum", 100, "fid") == {1: 2.0}


def test_folders_count_for_more_than_the_plan(tmp_path: Path) -> None:
    plan: list[Any] = [
        {"arm": "vae", "size": 100, "seed": 0, "state": "missing", "reason": "died in /home/me/x"},
        {"arm": "vae", "size": 100, "seed": 1, "state": "missing", "reason": "once"},
        {"arm": "haar", "size": 100, "seed": 0, "state": "finished", "reason": None},
        *({"arm": 3, "size": 1, "seed": 1}, {"arm": "vae", "size": True}, "nonsense"),
    ]
    make_study(tmp_path, {"quantum": {100: [5.0]}}, plan)
    make_job(tmp_path, "vae", 100, 1, 7.0)
    make_job(tmp_path, "vae", 100, 2, 7.5)

    assert states(tmp_path) == {
        "quantum-n100-seed0": ("finished", ""),
        "vae-n100-seed0": ("missing", "died in …/x"),
        "vae-n100-seed1": ("finished", ""),
        "vae-n100-seed2": ("finished", ""),
        "haar-n100-seed0": ("missing", "it was not run"),
    }


def test_without_a_plan_the_folders_are_the_study(tmp_path: Path) -> None:
    make_study(tmp_path, {"quantum": {100: [5.0]}, "mixture-10": {100: [6.0]}})
    (tmp_path / "study.json").unlink()
    (tmp_path / "jobs" / "notes").mkdir()
    (tmp_path / "jobs" / "quantum-n0100-seed0").mkdir()

    assert list(states(tmp_path)) == ["quantum-n100-seed0", "mixture-10-n100-seed0"]


def test_a_study_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    """Its jobs were called cells; what was run since lies beside them."""
    plan = [{"arm": "vae", "size": 100, "seed": 0, "state": "missing", "reason": "died"}]
    make_study(tmp_path, {"quantum": {100: [5.0, 6.0]}}, plan)
    content = json.loads((tmp_path / "study.json").read_text())
    content["cells"] = content.pop("jobs")
    (tmp_path / "study.json").write_text(json.dumps(content))
    (tmp_path / "jobs").rename(tmp_path / "cells")
    make_job(tmp_path, "quantum", 100, 1, 7.0)

    assert read_study(tmp_path).values("quantum", 100, "fid") == {0: 5.0, 1: 7.0}
    assert states(tmp_path)["vae-n100-seed0"] == ("missing", "died")


def test_options_alone_are_a_plan(tmp_path: Path) -> None:
    make_study(tmp_path, {"quantum": {100: [5.0]}})
    options = {"arms": ["quantum", "vae"], "train_sizes": [100], "seeds": [0, 1]}
    (tmp_path / "study.json").write_text(json.dumps({"options": options, "jobs": []}))

    assert [name for name, (state, _) in states(tmp_path).items() if state == "missing"] == [
        "quantum-n100-seed1",
        "vae-n100-seed0",
        "vae-n100-seed1",
    ]


def test_what_is_not_used_is_said(tmp_path: Path) -> None:
    make_study(tmp_path, {"quantum": {100: [5.0]}})
    make_job(tmp_path, "magic", 100, 0, 1.0)
    (tmp_path / "study.json").write_text("{")
    study = read_study(tmp_path)

    assert len(study.notes) == 2
    assert "study.json is damaged" in study.notes[0]
    assert "magic" in study.notes[1]
    assert "magic" not in study.arms


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"features": {"name": "small CNN", "sha256": "ee"}}, "features.sha256: .* ee in vae-n"),
        ({"features": {"name": "big CNN"}}, "features.name: .*big CNN in vae-n100-seed0; small"),
        ({"n_samples": 500}, "n_samples: .*500 in vae-n100-seed0; 10000 in quantum-n100-seed0"),
        ({"data": {"name": "mnist", "sha256": "bb"}}, "data.sha256: .*bb in vae-n100-seed0"),
        ({"split": "validation"}, "split: .*validation in vae-n100-seed0; test in quantum"),
    ],
)
def test_mixed_scales_are_refused(change: dict[str, object], message: str, tmp_path: Path) -> None:
    make_study(tmp_path, {"quantum": {100: [5.0] * 5}})
    make_job(tmp_path, "vae", 100, 0, 6.0, **change)
    with pytest.raises(InputError, match=message) as caught:
        read_study(tmp_path)

    assert str(caught.value).endswith("quantum-n100-seed2 and 2 more")


def test_a_folder_without_jobs_is_refused(tmp_path: Path) -> None:
    make_job(tmp_path, "magic", 100, 0, 1.0)
    for root in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(InputError, match="root: must be the folder of a study"):
            read_study(root)


def test_no_machine_is_told() -> None:
    said = "File '/root/a/train.py' of /x/y/z, 1/2, root=/q/w and …/kept/as"

    assert without_folders(said) == "File '…/train.py' of …/z, 1/2, root=…/w and …/kept/as"
    assert Job("vae", 100, 2).name == JobResult("vae", 100, 2, "missing").name == "vae-n100-seed2"
