"""The short form of the fuzzing; `python -m tests.faults` is the full one."""

from pathlib import Path

import pytest

from latentq.errors import InputError
from tests.faults.fuzz import Count, HangError, Target, run, try_one
from tests.faults.inputs import texts
from tests.faults.targets import TARGETS


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name.replace(" ", "-"))
def test_every_input_works_or_is_refused(target: Target, tmp_path: Path) -> None:
    count = run(target, target.short, tmp_path)

    assert count.lost == 0
    assert count.tried >= target.short


def lose(way: str, folder: Path) -> None:
    """Does to an input each of the things that the fuzzing has to notice."""
    match way:
        case "traceback":
            raise KeyError(way)
        case "hang":
            while True:
                pass
        case "half-written":
            (folder / "half").write_text("")
            raise InputError("refused")
        case "no reason":
            raise InputError
        case "colours":
            error = InputError("x")
            error.lines = lambda: ["\x1b[31mx"]  # type: ignore[method-assign]
            raise error


@pytest.mark.parametrize(
    ("way", "kind"),
    [
        ("traceback", KeyError),
        ("hang", HangError),
        ("half-written", AssertionError),
        ("no reason", AssertionError),
        ("colours", AssertionError),
    ],
)
def test_what_is_lost_is_noticed(
    way: str, kind: type[Exception], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.faults.fuzz.DEADLINE_SECONDS", 0.05)

    with pytest.raises(kind):
        try_one(Target("t", texts, lose, 1, 1.0), way, tmp_path, Count())


def test_lost_inputs_are_counted(tmp_path: Path) -> None:
    target = Target("t", texts.map(lambda text: "traceback"), lose, 1, 1.0)

    count = run(target, 5, tmp_path, 0)

    assert count.lost == count.tried > 0
    assert count.worked == count.refused == 0
    assert "KeyError" in count.why[0]


def test_targets_share_all_inputs() -> None:
    assert sum(target.share for target in TARGETS) == pytest.approx(1)
