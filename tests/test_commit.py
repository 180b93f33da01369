"""The commit is that of LatentQ's own tree, whatever repositories and variables are around it."""

import os
import subprocess
import time
from pathlib import Path

import pytest

from latentq.experiments.record import Record, page
from latentq.paths import NO_COMMIT
from latentq.report.__main__ import report
from latentq.training import commit, doctor
from latentq.training.commit import commit_text, describe_commit, git_commit
from tests.command_line import CommandLine
from tests.fake_runs import make_run

SOURCE = "latentq/training/commit.py"


def git(folder: Path, *words: str) -> str:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    who = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    done = subprocess.run(
        ["git", *who, *words], cwd=folder, env=clean, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def repository(folder: Path, *names: str) -> str:
    """Makes a repository that tracks some files, and returns its commit."""
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "--quiet")
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("1")
        git(folder, "add", name)
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "All")
    return git(folder, "rev-parse", "HEAD")


def unpack(folder: Path) -> Path:
    (folder / SOURCE).parent.mkdir(parents=True)
    (folder / SOURCE).write_text("1")
    return folder


def test_the_commit_is_that_of_the_tree(tmp_path: Path) -> None:
    head = repository(tmp_path / "a b", SOURCE, "README.md")

    (tmp_path / "a b" / "run.log").write_text("not a part of the tree")
    assert git_commit(tmp_path / "a b") == head
    (tmp_path / "a b" / "README.md").write_text("2")
    assert git_commit(tmp_path / "a b") == describe_commit(tmp_path / "a b") == f"{head}+changes"
    linked = tmp_path / "link"
    linked.symlink_to(tmp_path / "a b")
    assert git_commit(linked) == f"{head}+changes"


def test_a_worktree_has_its_own_commit(tmp_path: Path) -> None:
    head = repository(tmp_path / "main", SOURCE)
    git(tmp_path / "main", "worktree", "add", "--quiet", "../other")
    (tmp_path / "other" / SOURCE).write_text("3")

    assert git_commit(tmp_path / "main") == head
    assert git_commit(tmp_path / "other") == f"{head}+changes"


def test_a_repository_around_the_tree_is_not_its_own(tmp_path: Path) -> None:
    repository(tmp_path, "home/.profile", "home/vendored/" + SOURCE)
    installed = unpack(tmp_path / "home" / "site-packages")

    assert git_commit(installed) is None
    assert git_commit(tmp_path / "home" / "vendored") is None
    assert describe_commit(installed) == NO_COMMIT


def test_a_repository_that_does_not_have_the_tree_is_not_its_own(tmp_path: Path) -> None:
    repository(tmp_path, "notes.txt")
    unpack(tmp_path)

    assert git_commit(tmp_path) is None
    (tmp_path / "empty").mkdir()
    git(tmp_path / "empty", "init", "--quiet")
    assert git_commit(tmp_path / "empty") is None


def test_variables_of_a_hook_do_not_lead_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = repository(tmp_path / "ours", SOURCE)
    repository(tmp_path / "theirs", SOURCE, "more.txt")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "theirs" / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(tmp_path / "ours"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "theirs" / ".git" / "index"))
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))

    assert git_commit(tmp_path / "ours") == head
    assert git_commit(unpack(tmp_path / "archive")) is None


def test_the_tree_may_belong_to_another_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = repository(tmp_path, SOURCE)
    # This variable of git's own tests makes it take the folder for that of somebody else; the
    # others are taken away.
    assume = "GIT_TEST_ASSUME_DIFFERENT_OWNER"
    done = subprocess.run(
        ["git", "rev-parse", "HEAD"],
        cwd=tmp_path,
        env={**os.environ, assume: "1", "HOME": str(tmp_path)},
        capture_output=True,
        check=False,
    )
    assert b"dubious ownership" in done.stderr
    popen = subprocess.Popen

    def start(words: list[str], **options: dict[str, str]) -> subprocess.Popen[bytes]:
        options["env"] = {**options["env"], assume: "1"}
        return popen(words, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(commit.subprocess, "Popen", start)
    assert git_commit(tmp_path) == head


def fake_git(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    (folder / "git").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


def test_git_may_be_missing_or_slow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert git_commit() is None
    assert doctor.check_commit() == "no commit: git does not run (No such file or directory)"

    monkeypatch.setattr(commit, "TIMEOUT_SECONDS", 0.2)
    # The child of the script holds its output open.
    fake_git(tmp_path, monkeypatch, "sleep 30; true")
    begun = time.monotonic()
    assert git_commit() is None
    assert describe_commit() == "no commit: git took over 0.2 s"
    assert time.monotonic() - begun < 10


def test_how_a_commit_is_written() -> None:
    assert commit_text("12ab") == "commit 12ab"
    assert commit_text(None) == commit_text("") == "no commit: installed from an archive"


def test_records_and_reports_say_that_there_is_no_commit(
    line: CommandLine, tmp_path: Path
) -> None:
    facts = {"title": "T", "command": "c", "seconds": 1, "cpu_seconds": 1, "peak_gib": 1}
    text = page(Record("S", [], {}), {**facts, "git_commit": None}, {})
    assert f"({NO_COMMIT})." in text

    make_run(tmp_path / "runs" / "a", git_commit=None)
    done = line.call(report, str(tmp_path / "runs"), f"out={tmp_path}/out")
    assert done.code == 0, done.err
    assert NO_COMMIT in (tmp_path / "out" / "report.html").read_text()
    assert NO_COMMIT in (tmp_path / "out" / "report.md").read_text()
