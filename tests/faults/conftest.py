"""Command lines for the cases."""

from pathlib import Path

import pytest

from tests.faults.command_line import CommandLine


@pytest.fixture
def line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> CommandLine:
    folder = tmp_path / "work"
    folder.mkdir()
    return CommandLine(monkeypatch, capsys, folder)
