import csv
import json
import time
from pathlib import Path

import pytest
import yaml

from latentq.config.compose import load_config
from latentq.errors import InputError
from latentq.training import run_folder
from latentq.training.logs import merge_logs
from latentq.training.run import Run


def test_run_folders_are_never_shared(tmp_path: Path) -> None:
    names = [run_folder.new_run(tmp_path, "a").name for _ in range(3)]

    assert names == ["a", "a-2", "a-3"]
    assert [p.name for p in run_folder.versions_of(tmp_path, "a")] == names


def test_versions_are_ordered_by_number(tmp_path: Path) -> None:
    for name in ("a-10", "a-9", "a", "a-2", "ab", "a-x"):
        (tmp_path / name).mkdir()

    assert [p.name for p in run_folder.versions_of(tmp_path, "a")] == ["a", "a-2", "a-9", "a-10"]


def test_resume_last_is_the_newest_unfinished_run(tmp_path: Path) -> None:
    first, second, third, _ = (run_folder.new_run(tmp_path, "a") for _ in range(4))
    for folder in (first, second, third):
        (folder / "config.yaml").write_text("")
    (third / "metrics.json").write_text("{}")

    assert run_folder.find_run("last", tmp_path, "a") == second
    (second / "metrics.json").write_text("{}")
    assert run_folder.find_run("last", tmp_path, "a") == first
    with pytest.raises(InputError, match=r"must be last or a run folder"):
        run_folder.find_run(str(tmp_path / "nowhere"), tmp_path, "a")


def test_changed_configurations_are_named(tmp_path: Path) -> None:
    config = load_config([])
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))

    assert run_folder.differences(tmp_path, config) == []
    assert run_folder.differences(tmp_path, load_config(["device=cpu", "resume=last"])) == []
    (found,) = run_folder.differences(tmp_path, load_config(["denoising.epochs=7"]))
    assert found == "denoising.epochs: was 16, now 7"


@pytest.mark.parametrize("place", ["data.json", "metrics.json", "config.yaml"])
def test_a_run_on_other_data_is_another_run(tmp_path: Path, place: str) -> None:
    """Its name stands in its data, in the metrics of earlier versions, or in its configuration."""
    auto = load_config([])
    chosen = load_config(["data=digits"]) if place == "config.yaml" else auto
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(chosen))
    if place != "config.yaml":
        content = {"name": "digits"}
        (tmp_path / place).write_text(
            json.dumps(content if place == "data.json" else {"data": content})
        )

    assert run_folder.differences(tmp_path, auto) == []
    assert run_folder.differences(tmp_path, load_config(["data=digits"])) == []
    (found,) = run_folder.differences(tmp_path, load_config(["data=mnist"]))
    assert found == "data.name: was 'digits', now 'mnist'"


def test_json_holds_no_nan(tmp_path: Path) -> None:
    run_folder.write_json(
        tmp_path / "a.json", {"x": float("nan"), "y": [float("inf"), 1.5], "z": "é"}
    )

    assert json.loads((tmp_path / "a.json").read_text()) == {"x": None, "y": [None, 1.5], "z": "é"}


def test_logs_are_joined_with_their_stage(tmp_path: Path) -> None:
    for stage, key in (("autoencoder", "pixels"), ("prior", "loss_0")):
        folder = tmp_path / "logs" / stage
        folder.mkdir(parents=True)
        (folder / "metrics.csv").write_text(f"epoch,step,loss,{key}\n0,1,2.5,7\n")

    merge_logs(tmp_path, ["classifier", "autoencoder", "prior"])

    with (tmp_path / "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [r["stage"] for r in rows] == ["autoencoder", "prior"]
    assert [r["loss"] for r in rows] == ["2.5", "2.5"]
    assert rows[1]["loss_0"] == "7"
    assert rows[1]["pixels"] == ""


def test_environment_names_versions_and_command() -> None:
    environment = run_folder.environment()

    assert environment["packages"]["torchquantum"] == "0.1.8"
    assert environment["python"].startswith("3.")
    assert environment["command"].startswith("python")


def test_stages_are_timed_by_two_clocks(tmp_path: Path) -> None:
    run = Run(tmp_path, {}, "cpu", "a run")
    with run.timed("asleep"):
        time.sleep(0.05)
    with pytest.raises(ValueError, match="broken"), run.timed("failed"):
        raise ValueError("broken")

    assert run.seconds["asleep"] >= 0.05 > run.cpu_seconds["asleep"] >= 0
    assert "failed" not in run.seconds and "failed" not in run.cpu_seconds


def test_an_interrupted_stage_is_timed_from_its_beginning(tmp_path: Path) -> None:
    first, second = (Run(tmp_path, {}, "cpu", "a run") for _ in range(2))
    with first.timed("training"):
        time.sleep(0.03)
        notes = first.notes()
    first.missing.append("a picture")
    second.recall({**notes, "missing": ["a log"]})
    with second.timed("training"):
        second.recall(notes)
        time.sleep(0.02)

    assert notes["seconds"]["training"] >= 0.03
    assert second.seconds["training"] >= 0.02 + notes["seconds"]["training"]
    assert second.missing == ["a log"]


def test_a_resumed_run_names_all_code_that_it_has_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for commit in (None, "a", "a", "b+changes", "b+changes"):
        monkeypatch.setattr(run_folder, "git_commit", lambda commit=commit: commit)
        found.append(run_folder.note_environment(tmp_path))

    both = "unknown, then a"
    assert found == [None, both, both, *[f"{both}, then b+changes"] * 2]
    content = json.loads((tmp_path / "environment.json").read_text())
    assert content["git_commit"] == found[-1]
