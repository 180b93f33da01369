"""The planted faults can be planted, and the bench tells what is seen from what is not."""

from pathlib import Path

import pytest

from latentq.errors import InputError, RunError
from tests.mutants.__main__ import ROOT, chosen
from tests.mutants.fault import Fault, Result, planted, problems
from tests.mutants.faults import FAULTS
from tests.mutants.runner import Bench, copy_tree, judged
from tests.mutants.table import before, page

TOY = "def half(x: int) -> int:\n    while x % 2:\n        x -= 1\n    return x // 2\n"
TEST = "from toy import half\n\n\ndef test_half() -> None:\n    assert half(7) == 3\n"
HERE = ("test_toy.py",)
SEEN = Fault("seen", "toy.py", "x // 2", "x // 3", "a third", HERE)
UNSEEN = Fault("unseen", "toy.py", "return x // 2", "return x >> 1", "nothing", HERE)
ENDLESS = Fault("endless", "toy.py", "x -= 1", "x -= 2", "never even", HERE)
BROKEN = Fault("broken", "toy.py", "def half", "def whole", "no such name", HERE)
GONE = Fault("gone", "toy.py", "x // 5", "x // 3", "a third", HERE)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "toy.py").write_text(TOY)
    (tmp_path / "test_toy.py").write_text(TEST)
    return tmp_path


def test_every_fault_can_be_planted_where_it_says() -> None:
    """If this fails, the code has changed below the list: mend the texts that it names."""
    found = [problem for fault in FAULTS for problem in problems(fault, ROOT)]

    assert not found, "\n".join(found)
    assert len({fault.name for fault in FAULTS}) == len(FAULTS) >= 60
    assert len({(f.file, planted(f, ROOT)) for f in FAULTS}) == len(FAULTS)
    assert all("|" not in fault.name for fault in FAULTS)


def test_what_cannot_be_planted_is_told(tree: Path) -> None:
    twice = Fault("twice", "toy.py", "x", "y", "", HERE)
    nowhere = Fault("nowhere", "toy.py", "x // 2", "x // (2", "", ("test_toy.py::test_third",))

    assert problems(SEEN, tree) == []
    assert problems(GONE, tree) == ["gone: its text occurs 0 times in toy.py, must be once"]
    assert "occurs 4 times" in problems(twice, tree)[0]
    assert [p.partition(": ")[2] for p in problems(nowhere, tree)] == [
        "what it makes of toy.py is no Python, '(' was never closed",
        "there is no test_third in test_toy.py",
    ]


def test_a_fault_is_killed_or_survives(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a tree of its own, by a process that imports nothing heavy."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    bench = Bench(tree, heavy=("pytest",))
    try:
        results = [bench.try_fault(fault, 30.0) for fault in (SEEN, UNSEEN, BROKEN, GONE)]
        slow = bench.try_fault(ENDLESS, 1.0)
        whole = bench.ask(HERE, "toy", 30.0)
        other = bench.ask(HERE, "latentq", 30.0)
    finally:
        bench.close()

    assert [result.state for result in results] == [*("killed", "survived", "error", "error")]
    assert results[0].told == "test_toy.py::test_half" and results[0].right
    assert "out of date" in results[3].told and not results[1].right
    assert (slow.state, slow.told) == ("killed", "the time limit")
    assert whole["code"] == 0 and (tree / "toy.py").read_text() == TOY
    assert judged(SEEN, other).told.startswith("it tests another copy")


def test_an_equivalent_fault_has_to_survive() -> None:
    equivalent = Fault("same", "toy.py", "x", "y", "", HERE, "a shift is a half")

    assert Result(equivalent, "survived", 1.0).right
    assert not Result(equivalent, "killed", 1.0).right
    assert not Result(SEEN, "survived", 1.0).right


def test_the_page_keeps_what_was_found_before(tmp_path: Path) -> None:
    out, faults = tmp_path / "mutants.md", [SEEN, UNSEEN, GONE]
    first = [Result(SEEN, "killed", 1.0, "test_toy.py::test_half"), Result(UNSEEN, "survived", 1)]
    out.write_text(page(faults, first, {}))
    again = page(faults, [Result(UNSEEN, "killed", 2.0, "the time limit")], before(out))

    assert "| `toy.py` | seen | `test_toy.py::test_half` |" in again
    assert "| `toy.py` | unseen | **survived** |" in out.read_text()
    assert "| `toy.py` | unseen | the time limit |" in again
    assert "| `toy.py` | gone | not run |" in again
    assert "2 were seen" in again and "1 are open" in again


def test_faults_are_chosen_by_words() -> None:
    assert {fault.file for fault in chosen(("baselines/vae", "lines/ddpm.py"))} == {
        "baselines/vae.py",
        "baselines/vae_mixture.py",
        "baselines/ddpm.py",
    }
    assert chosen(("",)) == FAULTS
    with pytest.raises(InputError, match="only: must be words"):
        chosen(("nothing of that kind",))


def test_files_are_copied_from_a_checkout(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="must be a git checkout"):
        copy_tree(tmp_path, tmp_path / "copy")
