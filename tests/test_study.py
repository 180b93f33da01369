"""The study: its cells and commands, the order they run in, and what survives a kill.

Most cells here are of `tests/fake_train.py`, a program that trains nothing.
"""

import fcntl
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from latentq.compose import load_config
from latentq.config import RULES as KEYS
from latentq.errors import InputError
from latentq.study.__main__ import locked, study
from latentq.study.arms import ARMS
from latentq.study.cells import TRAIN, Cell, Study, plan, read_metrics
from latentq.study.local import LocalEngine
from latentq.study.options import cpus, read_options
from latentq.study.progress import Display, duration
from latentq.study.schedule import Outcome, Record, Schedule, run
from tests import fake_train

ROOT = Path(__file__).parent.parent
FAKE = Path(fake_train.__file__)
RUNNER = """
import sys
from pathlib import Path
from latentq.study.__main__ import main
from tests import fake_train
sys.exit(main(train=Path(fake_train.__file__), load=fake_train.load))
"""


def play(root: Path, *words: str, **deeds: str) -> int:
    """Runs a study of fake cells; `vae_n300_seed0="fail"` says what a cell does."""
    root.mkdir(exist_ok=True)
    named = {name.replace("_", "-"): deed for name, deed in deeds.items()}
    (root / "fake.json").write_text(json.dumps(named))
    return study([f"root={root}", "workers=2", *words], train=FAKE, load=fake_train.load)


def started(root: Path) -> list[str]:
    path = root / "started"
    lines = path.read_text().splitlines() if path.is_file() else []
    return [line.split()[0] for line in lines]


def rows(root: Path) -> dict[str, dict[str, Any]]:
    content = json.loads((root / "study.json").read_text())
    return {row["name"]: row for row in content["cells"]}


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 100
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def is_free(path: Path) -> bool:
    """Whether no process holds the lock that a fake cell holds while it is alive."""
    with path.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


# --- Which cells there are, and their commands


def test_seeds_come_whole_and_bases_first() -> None:
    cells = plan(["quantum", "vae", "diffusion-vae"], [0, 4], [1000, 300])

    assert [cell.name for cell in cells[:8]] == [
        "untrained-n1000-seed0",
        "vae-n1000-seed0",
        "untrained-n300-seed0",
        "vae-n300-seed0",
        "quantum-n1000-seed0",
        "diffusion-vae-n1000-seed0",
        "quantum-n300-seed0",
        "diffusion-vae-n300-seed0",
    ]
    assert [cell.seed for cell in cells[8:]] == [4] * 8


@given(
    st.lists(st.sampled_from(sorted(ARMS)), min_size=1, unique=True),
    st.lists(st.integers(0, 99), min_size=1, max_size=3, unique=True),
    st.lists(st.sampled_from([10, 300, 60000]), min_size=1, unique=True),
)
@settings(deadline=None)
def test_what_a_cell_waits_for_comes_before_it(
    arms: list[str], seeds: list[int], sizes: list[int]
) -> None:
    cells = plan(arms, seeds, sizes)

    assert len(set(cells)) == len(cells)
    assert {(c.arm, c.size, c.seed) for c in cells} >= {
        (a, n, s) for a in arms for n in sizes for s in seeds
    }
    for place, cell in enumerate(cells):
        assert cell.base is None or cell.base in cells[:place]
    assert [c.seed for c in cells] == [s for s in seeds for c in cells if c.seed == s]


def overrides(arm: str, size: int = 300, *chosen: str, seed: int = 2) -> list[str]:
    return Study(Path("study"), chosen).overrides(Cell(arm, size, seed))


def test_the_command_of_a_cell_in_full() -> None:
    cell = Cell("quantum", 300, 2)

    assert Study(Path("out"), ("images.epochs=1",)).command(cell) == [
        *(sys.executable, str(ROOT / "train.py"), "data=mnist", "data.limit=300"),
        *("images.batches=250", "denoising.targets=512", "denoising.together=10", "model=quantum"),
        *("seed=2", "run.root=out/cells", "run.name=quantum-n300-seed2", "threads=1"),
        *("autoencoder=out/cells/untrained-n300-seed2", "images.epochs=1"),
    ]


@pytest.mark.parametrize(
    ("size", "given"),
    [
        (10, {"data.limit=10", "images.batches=250"}),
        (53999, {"data.limit=53999", "images.batches=250"}),
        (54000, {"data.limit=54000"}),
        (60000, set()),
    ],
)
def test_few_images_do_not_mean_few_iterations(size: int, given: set[str]) -> None:
    words = overrides("vae", size)

    assert {w for w in words if w.startswith(("data.limit", "images."))} == given


def test_common_settings_go_to_the_arms_that_have_them() -> None:
    common = "denoising.targets=512"
    having = {arm for arm in ARMS if common in overrides(arm)}

    assert having == {
        *("quantum", "perceptrons", "untrained", "product", "real", "unitary", "traced"),
        *("one-step", "straight", "no-cells", "mmd1", "mmdk"),
    }
    assert "denoising.inputs=8" not in overrides("vae", 300, "denoising.inputs=8")
    assert overrides("quantum", 300, "denoising.inputs=8")[-1] == "denoising.inputs=8"


def test_an_arm_wins_over_common_settings_and_a_setting_over_the_arm() -> None:
    config = load_config(overrides("no-cells", 60000))
    assert config["denoising"]["targets"] == 256
    assert config["denoising"]["together"] == 10
    assert config["autoencoder"] == "study/cells/untrained-n60000-seed2"

    config = load_config(overrides("no-cells", 60000, "denoising.targets=64", "data=digits"))
    assert config["denoising"]["targets"] == 64
    assert config["data"]["name"] == "digits"
    assert config["run"]["name"] == "no-cells-n60000-seed2-digits"
    assert config["autoencoder"] == "study/cells/untrained-n60000-seed2-digits"


def test_a_composed_configuration_is_that_of_its_cell() -> None:
    """It is composed once for all seeds, so seed and autoencoder are put in afterwards."""
    this = Study(Path("study"))
    for seed in (0, 7):
        cell = Cell("quantum", 60000, seed)
        ours, composed = this.config(cell), load_config(this.overrides(cell))
        assert ours | {"run": None} == composed | {"run": None}


def test_a_base_trains_its_own_autoencoder() -> None:
    for arm in ARMS.values():
        assert arm.base is None or ARMS[arm.base].base is None


# --- Options


def test_options_have_the_defaults_of_the_protocol() -> None:
    options = read_options([])

    assert options.arms == tuple(ARMS)
    assert options.seeds == (0, 1, 2, 3, 4)
    assert options.train_sizes == (300, 1000, 10000, 60000)
    assert (options.engine, options.workers, options.root) == ("local", None, Path("study"))
    assert cpus() >= 1


@pytest.mark.parametrize(
    ("text", "seeds"), [("3", (0, 1, 2)), ("0,3,7", (0, 3, 7)), ("3,", (3,)), ("7,0", (7, 0))]
)
def test_seeds_are_a_number_or_a_list(text: str, seeds: tuple[int, ...]) -> None:
    assert read_options([f"seeds={text}"]).seeds == seeds


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("arms=vea", r"arms: .*'vea' \(did you mean vae\?\)"),
        ("arms=", "arms: must be all or of"),
        ("arms=vae,haar,vae", "arms: must name each once, was vae twice"),
        ("seeds=0", "seeds: must be from 1 to 1000 seeds, was 0"),
        ("seeds=-1", "seeds: must be a number of seeds"),
        ("seeds=1,1", "seeds: must name each once, was 1 twice"),
        ("seeds=0,4294967296", r"seeds: must be below 2\^32"),
        ("seeds=", "seeds: must be a number"),
        ("train_sizes=9", "train_sizes: must be from 10 to 54000, or 60000 for all, was '9'"),
        ("train_sizes=300,54001", "was '54001'"),
        ("train_sizes=300,300", "was 300 twice"),
        ("engine=slurm", "engine: must be one of local, ray"),
        ("workers=0", "workers: must be an integer, at least 1"),
        ("root=", "root: must be a folder"),
        ("settings=images.epochs", "settings: must be key=value"),
        ("settings=--multirun=1", "settings: must be key=value"),
        ("settings=a=1 seed=3", "settings: seed is what the study sets"),
        ("settings=run.name=x", "settings: run.name is what"),
        ("settings=data=auto", "settings: data must be mnist or digits"),
        ("size=300", "size: there is no such option"),
    ],
)
def test_bad_options_are_named(word: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_options([word])


@given(st.text("0123456789,- ", max_size=8), st.text("0123456789,-", max_size=12))
@settings(deadline=None)
def test_any_text_is_understood_or_refused(seeds: str, sizes: str) -> None:
    try:
        options = read_options([f"seeds={seeds}", f"train_sizes={sizes}"])
    except InputError:
        return
    assert all(0 <= seed < 2**32 for seed in options.seeds)
    assert all(10 <= size <= 54000 or size == 60000 for size in options.train_sizes)
    assert ",".join(map(str, options.train_sizes)) == ",".join(
        str(int(n)) for n in sizes.split(",")
    )


# --- The schedule


class Dice:
    """An engine that ends a random one of its cells, and whether that failed is random too."""

    def __init__(self, capacity: int, draw: Callable[[int], int], schedule: Schedule) -> None:
        self.capacity, self.draw, self.schedule = capacity, draw, schedule
        self.running: list[Cell] = []
        self.outcomes: dict[Cell, list[bool]] = {}

    def submit(self, cell: Cell) -> None:
        base = cell.base
        assert base is None or self.schedule.records[base].state == "finished"
        self.running.append(cell)
        assert len(self.running) <= self.capacity

    def wait(self) -> tuple[Cell, Outcome]:
        cell = self.running.pop(self.draw(len(self.running)))
        failed = self.draw(3) == 0
        self.outcomes.setdefault(cell, []).append(not failed)
        return cell, Outcome(1.0, "bad luck" if failed else None)

    def close(self) -> None:
        assert not self.running


@given(st.integers(1, 4), st.randoms(use_true_random=False), st.data())
@settings(deadline=None)
def test_every_cell_is_finished_or_missing_for_a_reason(
    capacity: int, random: Random, data: st.DataObject
) -> None:
    cells = plan(["quantum", "haar", "vae", "diffusion-vae"], [0, 1], [300])
    before = data.draw(st.sets(st.sampled_from(cells)))
    schedule = Schedule(cells, {cell: Record("finished") for cell in before})
    engine = Dice(capacity, random.randrange, schedule)

    run(schedule, engine, lambda cell: None)

    for cell, record in schedule.records.items():
        outcomes = engine.outcomes.get(cell, [])
        base = cell.base and schedule.records[cell.base]
        if cell in before or outcomes in ([True], [False, True]):
            assert (record.state, record.reason) == ("finished", None)
        elif outcomes == [False, False]:
            assert (record.state, record.reason) == ("missing", "bad luck")
        else:
            assert outcomes == [] and base and base.state == record.state == "missing"
            assert cell.base and cell.base.name in str(record.reason)
        assert record.attempts == len(outcomes)
        assert not (cell in before and outcomes)


def test_a_failed_cell_runs_again_before_what_comes_after_it() -> None:
    cells = plan(["vae"], [0, 1, 2], [300])
    schedule = Schedule(cells, {})
    schedule.start(cells[0])
    schedule.end(cells[0], Outcome(1.0, "why"))

    assert schedule.next() == cells[0]
    schedule.start(cells[0])
    assert schedule.next() == cells[1]


def test_the_time_left_is_that_of_the_same_arm_and_size_or_else_of_all() -> None:
    cells = plan(["vae", "untrained"], [0, 1, 2], [300])
    vae, untrained = ([c for c in cells if c.arm == arm] for arm in ("vae", "untrained"))
    schedule = Schedule(cells, {})
    assert schedule.seconds_left(2) is None

    for cell, seconds in ((vae[0], 10.0), (vae[1], 20.0)):
        schedule.start(cell)
        schedule.end(cell, Outcome(seconds))
    assert schedule.seconds_left(2) == (15 + 3 * 15) / 2
    schedule.start(untrained[0])
    schedule.end(untrained[0], Outcome(120.0))
    schedule.start(untrained[1])
    assert schedule.seconds_left(1) == 15 + 2 * 120


# --- What counts as finished


@pytest.mark.parametrize(
    ("content", "valid"),
    [
        ('{"fid": 3.5}', True),
        ('{"fid": null}', True),
        ('{"fid": NaN}', False),
        ('{"fid": 3.5, "kid": -Infinity}', False),
        ('{"fid": 3.5', False),
        ("{}", False),
        ("[1]", False),
        ("", False),
    ],
)
def test_metrics_are_valid_json_with_a_fid(tmp_path: Path, content: str, valid: bool) -> None:
    (tmp_path / "metrics.json").write_text(content)

    assert (read_metrics(tmp_path) is not None) == valid


def test_finished_cells_are_skipped_and_damaged_ones_run_again(tmp_path: Path) -> None:
    words = ("arms=quantum,vae", "seeds=2", "train_sizes=300")
    assert play(tmp_path, *words) == 0
    assert len(started(tmp_path)) == len(set(started(tmp_path))) == 6
    seconds = {name: row["seconds"] for name, row in rows(tmp_path).items()}
    (tmp_path / "started").unlink()
    cells = tmp_path / "cells"
    (cells / "vae-n300-seed0" / "metrics.json").write_text('{"fid": NaN}')
    (cells / "vae-n300-seed1" / "config.yaml").unlink()
    (cells / "quantum-n300-seed0" / "metrics.json").unlink()
    (cells / "quantum-n300-seed0" / "rubbish").write_text("")
    (cells / "quantum-n300-seed1" / "config.yaml").write_text("")

    assert play(tmp_path, *words) == 0
    again = {"vae-n300-seed0", "vae-n300-seed1", "quantum-n300-seed0", "quantum-n300-seed1"}
    assert set(started(tmp_path)) == again
    assert not (cells / "quantum-n300-seed0" / "rubbish").exists()
    after = rows(tmp_path)
    assert all(row["state"] == "finished" and row["attempts"] == 1 for row in after.values())
    for name in set(after) - again:
        assert after[name]["seconds"] == seconds[name]


def test_a_finished_cell_of_another_configuration_stops_everything(tmp_path: Path) -> None:
    assert play(tmp_path, "arms=vae", "seeds=2", "train_sizes=300") == 0
    before = (tmp_path / "study.json").read_text()

    message = r"vae-n300-seed0 was run with another .*images.lr: was None, now 0.1.*root="
    with pytest.raises(InputError, match=message):
        play(tmp_path, "arms=haar,vae", "seeds=2", "train_sizes=300", "settings=images.lr=0.1")
    assert started(tmp_path) == ["vae-n300-seed0", "vae-n300-seed1"]
    assert (tmp_path / "study.json").read_text() == before


# --- Runs of fake cells


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
    assert set(content["cells"][0]) == {
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


def test_a_cell_that_cannot_be_started_is_missing(tmp_path: Path) -> None:
    (tmp_path / "logs" / "vae-n300-seed0.log").mkdir(parents=True)

    assert play(tmp_path, "arms=vae", "seeds=2", "train_sizes=300") == 1
    states = {name: (row["state"], row["reason"]) for name, row in rows(tmp_path).items()}
    assert "Is a directory" in states["vae-n300-seed0"][1]
    assert states["vae-n300-seed1"] == ("finished", None)


# --- What is shown


def show(terminal: bool) -> str:
    cells = plan(["vae"], [0, 1, 2], [300])
    schedule, out = Schedule(cells, {}), io.StringIO()
    engine = LocalEngine(Study(Path("study")), 1)
    console = Console(file=out, force_terminal=terminal, width=150, color_system=None)
    with Display(schedule, engine, console) as display:
        for cell, reason in ((cells[0], None), (cells[1], "[why]"), (cells[1], "[why]")):
            schedule.start(cell)
            display.changed(cell)
            schedule.end(cell, Outcome(81.0, reason))
            display.changed(cell)
    return out.getvalue()


def test_without_a_terminal_there_is_a_line_for_each_cell() -> None:
    assert show(terminal=False).splitlines() == [
        "[1/3] vae-n300-seed0 done in 81 s, about 3 min left",
        "[1/3] vae-n300-seed1 failed, it runs again: [why], about 3 min left",
        "[2/3] vae-n300-seed1 is missing: [why], about 81 s left",
    ]


def test_a_terminal_has_a_bar_and_failures_above_it() -> None:
    shown = show(terminal=True)

    assert "2/3" in shown
    assert "1 finished, 0 running, 1 missing, about 81 s left" in shown
    assert "vae-n300-seed1 is missing: [why]" in shown
    assert "vae-n300-seed0 done" not in shown


def test_durations_have_the_unit_that_suits_them() -> None:
    shown = [duration(s) for s in (0.4, 119.0, 120.0, 7100.0, 9000.0)]
    assert shown == ["0 s", "119 s", "2 min", "118 min", "2.5 h"]


# --- Kills


@pytest.fixture
def runner(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts runners of fake cells in processes of their own."""
    begun: list[subprocess.Popen[str]] = []

    def start(*words: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", RUNNER, f"root={tmp_path}", "workers=2", *words],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        begun.append(process)
        return process

    yield start
    for process in begun:
        process.kill()
        process.communicate()


WORDS = ("arms=haar,mean,product", "seeds=1", "train_sizes=300")


def held(root: Path) -> None:
    """Lets two cells wait, so that a runner of two workers can be killed on the way."""
    names = ("haar-n300-seed0", "mean-n300-seed0")
    (root / "fake.json").write_text(json.dumps(dict.fromkeys(names, "hold")))


def test_a_killed_runner_takes_its_cells_along_and_the_next_one_goes_on(
    tmp_path: Path, runner: Callable[..., subprocess.Popen[str]]
) -> None:
    held(tmp_path)
    first = runner(*WORDS)
    until(lambda: len(started(tmp_path)) == 3)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    until(lambda: all(is_free(path) for path in (tmp_path / "alive").iterdir()))
    assert not (tmp_path / "go").exists(), "what they waited for"

    (tmp_path / "go").touch()
    second = runner(*WORDS)
    out, _ = second.communicate(timeout=100)
    assert second.returncode == 0
    assert "1 of 4 cells are finished already" in out
    counts = {name: started(tmp_path).count(name) for name in started(tmp_path)}
    assert counts == {
        **{"untrained-n300-seed0": 1, "product-n300-seed0": 1},
        **{"haar-n300-seed0": 2, "mean-n300-seed0": 2},
    }
    assert {row["state"] for row in rows(tmp_path).values()} == {"finished"}


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_stopped_runner_stops_its_cells(
    tmp_path: Path, runner: Callable[..., subprocess.Popen[str]], number: int, code: int
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

    with pytest.raises(InputError, match="root: must be a writable folder"):
        play_in_file(tmp_path / "file")


def play_in_file(root: Path) -> int:
    words = [f"root={root}/study", "arms=vae", "seeds=1", "train_sizes=300"]
    return study(words, train=FAKE, load=fake_train.load)


# --- Real cells


def call(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "latentq.study", f"root={root}", "arms=vae", "seeds=1", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


DEBUG = "settings=data=digits data.validation=100 images.epochs=1 metrics.samples=150"


def test_a_cell_of_the_real_program(tmp_path: Path) -> None:
    first, again = (call(tmp_path, "train_sizes=60000", DEBUG) for _ in range(2))
    other = call(tmp_path, "train_sizes=60000", f"{DEBUG} images.lr=0.1")

    assert first.returncode == again.returncode == 0, first.stdout + first.stderr
    assert "[1/1] vae-n60000-seed0 done in" in first.stdout
    metrics = json.loads((tmp_path / "cells/vae-n60000-seed0-digits/metrics.json").read_text())
    assert (metrics["model"], metrics["seed"], metrics["n_samples"]) == ("classical", 0, 150)
    assert "1 of 1 cells are finished already" in again.stdout
    assert other.returncode == 2
    assert "vae-n60000-seed0 was run with another configuration (images.lr" in other.stderr
    assert other.stderr.count("\n") == 1
    assert TRAIN.is_file()


@pytest.mark.skipif("images.batches" not in KEYS, reason="epochs have no number of batches yet")
def test_more_images_than_there_are_is_the_reason_of_a_missing_cell(tmp_path: Path) -> None:
    done = call(tmp_path, "train_sizes=10000", DEBUG)

    assert done.returncode == 1, done.stderr
    assert "missing: vae-n10000-seed0: exit code 2: error: data.limit: must be" in done.stdout


def test_a_mistake_in_settings_is_answered_before_anything_runs(tmp_path: Path) -> None:
    done = call(tmp_path / "none", "train_sizes=60000", "settings=images.epoch=3")

    assert done.returncode == 2
    assert "images.epoch" in done.stderr
    assert not (tmp_path / "none").exists()
