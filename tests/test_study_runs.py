"""The study as processes: what is run and what is skipped, failures, and what survives a kill."""

import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from latentq.errors import InputError
from latentq.study import schedule
from latentq.study.__main__ import locked, study
from latentq.study.local import Attempt, Launch
from tests import fake_train
from tests.command_line import CommandLine, Done
from tests.fake_runner import FAKE, Start, is_free, play, rows, runners, started, until


def test_finished_jobs_are_skipped_and_damaged_ones_run_again(tmp_path: Path) -> None:
    words = ("arms=quantum,vae", "seeds=2", "train_sizes=300")
    assert play(tmp_path, *words) == 0
    assert len(started(tmp_path)) == len(set(started(tmp_path))) == 6
    seconds = {name: row["seconds"] for name, row in rows(tmp_path).items()}
    (tmp_path / "started").unlink()
    jobs = tmp_path / "jobs"
    (jobs / "vae-n300-seed0" / "metrics.json").write_text('{"fid": NaN}')
    (jobs / "vae-n300-seed1" / "config.yaml").unlink()
    (jobs / "quantum-n300-seed0" / "metrics.json").unlink()
    (jobs / "quantum-n300-seed0" / "rubbish").write_text("")
    (jobs / "quantum-n300-seed1" / "config.yaml").write_text("")

    assert play(tmp_path, *words) == 0
    again = {"vae-n300-seed0", "vae-n300-seed1", "quantum-n300-seed0", "quantum-n300-seed1"}
    assert set(started(tmp_path)) == again
    assert not (jobs / "quantum-n300-seed0" / "rubbish").exists()
    after = rows(tmp_path)
    assert all(row["state"] == "finished" and row["attempts"] == 1 for row in after.values())
    for name in set(after) - again:
        assert after[name]["seconds"] == seconds[name]


def test_what_an_earlier_version_has_finished_is_not_run_again(tmp_path: Path) -> None:
    words = ("arms=vae,diffusion-vae", "seeds=1", "train_sizes=300")
    assert play(tmp_path, "arms=vae", "seeds=1", "train_sizes=300") == 0
    (tmp_path / "jobs").rename(tmp_path / "cells")
    content = json.loads((tmp_path / "study.json").read_text())
    content["cells"] = content.pop("jobs")
    (tmp_path / "study.json").write_text(json.dumps(content))
    seconds = content["cells"][0]["seconds"]
    (tmp_path / "started").unlink()

    assert play(tmp_path, *words) == 0
    assert started(tmp_path) == ["diffusion-vae-n300-seed0"]
    assert [path.name for path in (tmp_path / "jobs").iterdir()] == ["diffusion-vae-n300-seed0"]
    assert rows(tmp_path)["vae-n300-seed0"]["seconds"] == seconds
    config = json.loads((tmp_path / "jobs/diffusion-vae-n300-seed0/config.yaml").read_text())
    assert config["autoencoder"] == f"{tmp_path}/cells/vae-n300-seed0"


def test_a_finished_job_of_another_configuration_stops_everything(tmp_path: Path) -> None:
    assert play(tmp_path, "arms=vae", "seeds=2", "train_sizes=300") == 0
    assert sorted(started(tmp_path)) == ["vae-n300-seed0", "vae-n300-seed1"]
    before = (tmp_path / "study.json").read_text()

    message = r"vae-n300-seed0 was run with another .*images.lr: was None, now 0.1.*root="
    with pytest.raises(InputError, match=message):
        play(tmp_path, "arms=haar,vae", "seeds=2", "train_sizes=300", "settings=images.lr=0.1")
    assert len(started(tmp_path)) == 2
    assert (tmp_path / "study.json").read_text() == before


# --- Runs of fake jobs


def test_what_others_need_is_added_and_run_first(tmp_path: Path) -> None:
    assert play(tmp_path, "arms=diffusion-vae,haar", "seeds=1", "train_sizes=300,60000") == 0

    order = started(tmp_path)
    for base, arm in (("vae", "diffusion-vae"), ("untrained", "haar")):
        for size in (300, 60000):
            assert order.index(f"{base}-n{size}-seed0") < order.index(f"{arm}-n{size}-seed0")
    lines = (tmp_path / "started").read_text().splitlines()
    assert {line.split()[1] for line in lines} == {"1"}, "each process has one thread"
    content = json.loads((tmp_path / "study.json").read_text())
    assert content["options"]["train_sizes"] == [300, 60000]
    assert content["options"]["root"] == str(tmp_path)
    assert set(content["jobs"][0]) == {
        *("name", "arm", "size", "seed", "state", "reason", "seconds", "attempts"),
    }


def test_a_relative_root_is_one_of_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert play(Path("here"), "arms=haar", "seeds=1", "train_sizes=300") == 0
    assert sorted(p.name for p in (tmp_path / "here" / "logs").iterdir()) == [
        "haar-n300-seed0.log",
        "untrained-n300-seed0.log",
    ]


def test_failures_are_tried_twice_and_what_needs_them_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = play(
        tmp_path,
        *("arms=haar,mean,vae,diffusion-vae,mixture-1", "seeds=1", "train_sizes=300"),
        untrained_n300_seed0="fail once",
        haar_n300_seed0="nothing",
        mean_n300_seed0="nan",
        vae_n300_seed0="fail",
    )

    assert code == 1
    found = rows(tmp_path)
    assert {name.split("-n300")[0]: row["state"] for name, row in found.items()} == {
        **{"untrained": "finished", "mixture-1": "finished"},
        **dict.fromkeys(("haar", "mean", "vae", "diffusion-vae"), "missing"),
    }
    assert found["vae-n300-seed0"]["reason"] == "exit code 3: it broke"
    needs = "vae-n300-seed0, which it needs, is missing"
    assert found["diffusion-vae-n300-seed0"]["reason"] == needs
    for name in ("haar", "mean"):
        assert "no valid metrics.json" in found[f"{name}-n300-seed0"]["reason"]
    attempts = {name.split("-n300")[0]: row["attempts"] for name, row in found.items()}
    twice = {"untrained": 2, "haar": 2, "mean": 2, "vae": 2}
    assert attempts == {**twice, "mixture-1": 1, "diffusion-vae": 0}
    printed = capsys.readouterr().out
    assert f"missing: diffusion-vae-n300-seed0: {needs}" in printed
    assert "untrained-n300-seed0 failed, it runs again: exit code 3: it broke" in printed
    log = (tmp_path / "logs" / "vae-n300-seed0.log").read_text()
    assert log == "one line\nit broke\n" * 2

    assert play(tmp_path, "arms=all", "seeds=1", "train_sizes=300") == 0


def test_a_job_that_cannot_be_started_is_missing(tmp_path: Path) -> None:
    (tmp_path / "logs" / "vae-n300-seed0.log").mkdir(parents=True)

    assert play(tmp_path, "arms=vae", "seeds=2", "train_sizes=300") == 1
    states = {name: (row["state"], row["reason"]) for name, row in rows(tmp_path).items()}
    assert "Is a directory" in states["vae-n300-seed0"][1]
    assert states["vae-n300-seed1"] == ("finished", None)


# --- Kills


@pytest.mark.parametrize("way", ["kill", "leader alone"])
def test_all_that_a_job_started_dies_with_it(tmp_path: Path, way: str) -> None:
    """Ray kills the processes that its workers started, and those alone."""
    (tmp_path / "fake.json").write_text('{"child": "hold"}')
    child = f"{sys.executable} {FAKE} run.root={tmp_path}/jobs run.name=child & wait"
    launch = Launch(("sh", "-c", child), tmp_path, tmp_path / "none", tmp_path / "log", {})
    attempt = Attempt(launch)
    until(lambda: started(tmp_path) == ["child"])

    if way == "kill":
        attempt.kill()
    else:
        os.kill(attempt.pid, signal.SIGKILL)
        assert attempt.wait().reason == "exit code -9: nothing was printed"
    until(lambda: is_free(tmp_path / "alive" / "child"))


@pytest.fixture
def runner(tmp_path: Path) -> Iterator[Start]:
    with runners(tmp_path) as start:
        yield start


WORDS = ("workers=2", "arms=haar,mean,product", "seeds=1", "train_sizes=300")


def held(root: Path) -> None:
    """Lets two jobs wait, so that a runner of two workers can be killed on the way."""
    names = ("haar-n300-seed0", "mean-n300-seed0")
    (root / "fake.json").write_text(json.dumps(dict.fromkeys(names, "hold")))


def test_a_killed_runner_takes_its_jobs_along_and_the_next_one_goes_on(
    tmp_path: Path, runner: Start
) -> None:
    held(tmp_path)
    first = runner(*WORDS)
    until(lambda: len(started(tmp_path)) == 3)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    until(lambda: all(is_free(path) for path in (tmp_path / "alive").iterdir()))
    killed = [tmp_path / "jobs" / name for name in ("haar-n300-seed0", "mean-n300-seed0")]
    assert not any((folder / "metrics.json").exists() for folder in killed)

    (tmp_path / "go").touch()
    second = runner(*WORDS)
    out, _ = second.communicate(timeout=100)
    assert second.returncode == 0
    assert "1 of 4 jobs are finished already" in out
    counts = {name: started(tmp_path).count(name) for name in started(tmp_path)}
    assert counts == {
        **{"untrained-n300-seed0": 1, "product-n300-seed0": 1},
        **{"haar-n300-seed0": 2, "mean-n300-seed0": 2},
    }
    assert {row["state"] for row in rows(tmp_path).values()} == {"finished"}


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_stopped_runner_stops_its_jobs(
    tmp_path: Path, runner: Start, number: int, code: int
) -> None:
    held(tmp_path)
    process = runner(*WORDS)
    until(lambda: len(started(tmp_path)) == 3)

    with pytest.raises(InputError, match="root: another runner is at work"), locked(tmp_path):
        pass
    process.send_signal(number)
    _, errors = process.communicate(timeout=100)

    assert process.returncode == code
    assert errors == "stopped; the same command goes on\n"
    assert all(is_free(path) for path in (tmp_path / "alive").iterdir())
    states = {name: row["state"] for name, row in rows(tmp_path).items()}
    assert sum(state == "missing" for state in states.values()) == 3
    assert states["untrained-n300-seed0"] == "finished"


def test_a_root_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    words = [f"root={tmp_path}/file/study", "arms=vae", "seeds=1", "train_sizes=300"]
    with pytest.raises(InputError, match="root: must be a writable folder"):
        study(words, train=(str(FAKE),), load=fake_train.load)


# --- Real jobs


def call(line: CommandLine, root: Path, *words: str) -> Done:
    return line.module(
        "latentq.study", f"root={root}", "arms=vae", "seeds=1", "data=digits", *words
    )


DEBUG = "settings=data.validation=100 images.epochs=1 metrics.samples=150"


def test_a_job_of_the_real_program(tmp_path: Path, line: CommandLine) -> None:
    first, again = (call(line, tmp_path, "train_sizes=60000", DEBUG) for _ in range(2))
    other = call(line, tmp_path, "train_sizes=60000", f"{DEBUG} images.lr=0.1")

    assert first.code == again.code == 0, first.out + first.err
    assert "[1/1] vae-n60000-seed0 done in" in first.out
    metrics = json.loads((tmp_path / "jobs/vae-n60000-seed0-digits/metrics.json").read_text())
    assert (metrics["model"], metrics["seed"], metrics["n_samples"]) == ("classical", 0, 150)
    assert "1 of 1 jobs are finished already" in again.out
    assert other.code == 2 and len(other.mistakes) == 1
    assert "vae-n60000-seed0 was run with another configuration (images.lr" in other.mistakes[0]


def test_more_images_than_there_are_is_the_reason_of_a_missing_job(
    tmp_path: Path, line: CommandLine
) -> None:
    line.patch.setattr(schedule, "ATTEMPTS", 1)
    done = call(line, tmp_path, "train_sizes=10000", DEBUG)

    assert done.code == 1, done.err
    assert "missing: vae-n10000-seed0: exit code 2: error: data.limit: must be" in done.out


def test_a_mistake_in_settings_is_answered_before_anything_runs(
    tmp_path: Path, line: CommandLine
) -> None:
    done = call(line, tmp_path / "none", "train_sizes=60000", "settings=images.epoch=3")

    assert done.code == 2
    assert "images.epoch" in done.mistakes[0]
    assert not (tmp_path / "none").exists()
