"""What is kept of finished jobs, and a study that goes on from it where run folders are gone."""

import json
import shutil
import signal
from pathlib import Path

import pytest

from latentq.errors import InputError
from latentq.study.jobs import Job, StudyFolder
from latentq.study.kept import is_pictured
from latentq.study.results import read_study
from tests.fake_runner import Start, play, rows, runners, started, until

WORDS = ("seeds=1", "train_sizes=300")
BASE = "untrained-n300-seed0"


def fresh(root: Path) -> None:
    """Leaves what a fresh clone has: the kept files, and no run folders."""
    for path in root.iterdir():
        if path.name != "kept":
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def go(root: Path, arms: str, **deeds: str) -> int:
    return play(root, f"keep={root}/kept", f"arms={arms}", *WORDS, **deeds)


def test_the_small_files_of_finished_jobs_are_kept_and_no_weights(tmp_path: Path) -> None:
    assert go(tmp_path, "haar,mean", mean_n300_seed0="fail") == 1
    kept = tmp_path / "kept" / "jobs"

    assert {path.name for path in kept.iterdir()} == {BASE, "haar-n300-seed0"}
    names = {path.name for path in (kept / "haar-n300-seed0").iterdir()}
    assert names == {"metrics.json", "config.yaml", "environment.json"}
    for name in ("metrics.json", "config.yaml"):
        ran = tmp_path / "jobs" / "haar-n300-seed0" / name
        assert (kept / "haar-n300-seed0" / name).read_bytes() == ran.read_bytes()
    told = json.loads((kept / "haar-n300-seed0" / "environment.json").read_text())
    assert told["command"] == "…/fake_train.py"  # No machine is told.
    assert str(tmp_path) not in (tmp_path / "kept" / "study.json").read_text()
    states = {job.name: job.state for job in read_study(tmp_path / "kept").jobs}
    assert states == {
        **{BASE: "finished", "haar-n300-seed0": "finished"},
        "mean-n300-seed0": "missing",
    }


def test_nothing_runs_again_on_a_fresh_clone_where_all_is_kept(tmp_path: Path) -> None:
    assert go(tmp_path, "haar,vae") == 0
    seconds = {name: row["seconds"] for name, row in rows(tmp_path).items()}
    fresh(tmp_path)

    assert go(tmp_path, "haar,vae") == 0
    assert started(tmp_path) == []
    assert {name: row["seconds"] for name, row in rows(tmp_path).items()} == seconds
    with pytest.raises(InputError, match=r"n300-seed0 was run with another configuration"):
        play(tmp_path, f"keep={tmp_path}/kept", "arms=haar", *WORDS, "settings=metrics.samples=9")


def test_an_autoencoder_that_is_still_needed_is_trained_again(tmp_path: Path) -> None:
    assert go(tmp_path, "haar") == 0
    fresh(tmp_path)

    assert go(tmp_path, "haar,mean") == 0
    assert started(tmp_path) == [BASE, "mean-n300-seed0"]
    assert len([*(tmp_path / "kept" / "jobs").iterdir()]) == 3


def test_jobs_of_two_autoencoders_are_never_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert go(tmp_path, "haar") == 0
    before = (tmp_path / "kept" / "jobs" / BASE / "metrics.json").read_bytes()
    fresh(tmp_path)

    assert go(tmp_path, "haar,mean", untrained_n300_seed0="other") == 1
    assert started(tmp_path) == [BASE, BASE]
    assert (tmp_path / "kept" / "jobs" / BASE / "metrics.json").read_bytes() == before
    told = "another autoencoder (fid_reconstruction: was 4.0, now 5.0); delete"
    assert told in capsys.readouterr().out
    assert rows(tmp_path)["mean-n300-seed0"]["state"] == "missing"


def test_a_stopped_study_has_kept_what_was_finished(tmp_path: Path) -> None:
    (tmp_path / "fake.json").write_text(json.dumps({"mean-n300-seed0": "hold"}))
    words = ("workers=1", "arms=haar,mean", *WORDS, f"keep={tmp_path}/kept")
    with runners(tmp_path) as start:
        runner: Start = start
        process = runner(*words)
        until(lambda: len(started(tmp_path)) == 3)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=100)

    assert process.returncode == 143
    kept = {path.name for path in (tmp_path / "kept" / "jobs").iterdir()}
    assert kept == {BASE, "haar-n300-seed0"}
    fresh(tmp_path)
    assert go(tmp_path, "haar,mean") == 0
    assert started(tmp_path) == [BASE, "mean-n300-seed0"]


def test_pictures_are_kept_of_few_jobs() -> None:
    assert is_pictured(Job("linear", 54000, 5), 5)
    for job in (Job("haar", 54000, 5), Job("linear", 300, 5), Job("linear", 54000, 6)):
        assert not is_pictured(job, 5)


def test_without_a_folder_nothing_is_kept() -> None:
    study, job = StudyFolder(Path("study")), Job("haar", 300, 0)

    assert study.kept(job) is None
    assert study.result(job) == study.folder(job)
