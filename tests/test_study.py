"""The study: its jobs and their commands, its options, the order of the jobs, what is shown."""

import io
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from latentq.config.commands import read_options
from latentq.config.compose import load_config
from latentq.errors import InputError
from latentq.study.arms import ARMS, of_edition
from latentq.study.jobs import Job, StudyFolder, plan, read_metrics
from latentq.study.local import LocalEngine
from latentq.study.options import Options, cpus
from latentq.study.progress import Display, duration
from latentq.study.schedule import JobOutcome, JobRecord, Schedule, run
from tests import fake_train

ROOT = Path(__file__).parent.parent
FAKE = Path(fake_train.__file__)
# --- Which jobs there are, and their commands


def test_seeds_come_whole_and_bases_first() -> None:
    jobs = plan(["quantum", "vae", "diffusion-vae"], [0, 4], [1000, 300])

    assert [job.name for job in jobs[:8]] == [
        "untrained-n1000-seed0",
        "vae-n1000-seed0",
        "quantum-n1000-seed0",
        "diffusion-vae-n1000-seed0",
        "untrained-n300-seed0",
        "vae-n300-seed0",
        "quantum-n300-seed0",
        "diffusion-vae-n300-seed0",
    ]
    assert [job.seed for job in jobs[8:]] == [4] * 8


@given(
    st.lists(st.sampled_from(sorted(ARMS)), min_size=1, unique=True),
    st.lists(st.integers(0, 99), min_size=1, max_size=3, unique=True),
    st.lists(st.sampled_from([10, 300, 60000]), min_size=1, unique=True),
)
@settings(deadline=None)
def test_what_a_job_waits_for_comes_before_it(
    arms: list[str], seeds: list[int], sizes: list[int]
) -> None:
    jobs = plan(arms, seeds, sizes)

    assert len(set(jobs)) == len(jobs)
    assert {(c.arm, c.size, c.seed) for c in jobs} >= {
        (a, n, s) for a in arms for n in sizes for s in seeds
    }
    for place, job in enumerate(jobs):
        assert job.base is None or job.base in jobs[:place]
    assert [c.seed for c in jobs] == [s for s in seeds for c in jobs if c.seed == s]


def overrides(
    arm: str,
    size: int = 300,
    *chosen: str,
    seed: int = 2,
    **more: Any,  # noqa: ANN401
) -> list[str]:
    return StudyFolder(Path("study"), chosen, **more).overrides(Job(arm, size, seed))


def test_the_command_of_a_job_in_full() -> None:
    job = Job("quantum", 300, 2)

    assert StudyFolder(Path("out"), ("images.epochs=1",)).command(job) == [
        *(sys.executable, str(ROOT / "train.py"), "data=mnist", "data.limit=300"),
        *(
            "images.iterations_per_epoch=250",
            "denoising.epochs=8",
            "model=quantum",
        ),
        *("seed=2", "run.root=out/jobs", "run.name=quantum-n300-seed2", "threads=1"),
        *("autoencoder=out/jobs/untrained-n300-seed2", "images.epochs=1"),
    ]


@pytest.mark.parametrize(
    ("size", "given"),
    [
        (10, {"data.limit=10", "images.iterations_per_epoch=250"}),
        (53999, {"data.limit=53999", "images.iterations_per_epoch=250"}),
        (54000, {"data.limit=54000"}),
        (60000, set()),
    ],
)
def test_few_images_do_not_mean_few_iterations(size: int, given: set[str]) -> None:
    words = overrides("vae", size)

    assert {w for w in words if w.startswith(("data.limit", "images."))} == given


def test_common_settings_go_to_the_arms_that_have_them() -> None:
    common = "denoising.epochs=8"
    having = {arm for arm in ARMS if common in overrides(arm)} - {"diffusion-transport"}

    assert having == {
        *("quantum", "perceptrons", "untrained", "product", "real", "unitary", "traced"),
        *("one-step", "alike", "compared", "cells", "no-spread", "mmd1", "mmdk"),
        *("straight", "no-cells"),
        *("isometries", "linear", "branches", "measure-and-prepare", "dephased"),
    }
    assert "denoising.input_batch_size=8" not in overrides(
        "vae", 300, "denoising.input_batch_size=8"
    )
    assert (
        overrides("quantum", 300, "denoising.input_batch_size=8")[-1]
        == "denoising.input_batch_size=8"
    )


def test_an_arm_wins_over_common_settings_and_a_setting_over_the_arm() -> None:
    config = load_config(overrides("diffusion-transport", 60000))
    assert config["denoising"]["batch_size"] == 2048
    assert config["autoencoder"] == "study/jobs/untrained-n60000-seed2"

    config = load_config(
        overrides("cells", 60000, "denoising.target_batch_size=64", data="digits")
    )
    assert config["denoising"]["cells"] and config["denoising"]["epochs"] == 8
    assert config["denoising"]["target_batch_size"] == 64
    assert config["data"]["name"] == "digits"
    assert config["run"]["name"] == "cells-n60000-seed2-digits"
    assert config["autoencoder"] == "study/jobs/untrained-n60000-seed2-digits"


CHAINS = ("perceptrons", "linear", "branches", "measure-and-prepare", "dephased", "isometries")


@pytest.mark.parametrize("arm", CHAINS)
def test_every_chain_is_trained_and_turned_as_quantum_is(arm: str) -> None:
    """One transport of 2,048 states without cells, the last ensemble alone, 800 iterations."""
    ours, quantum = (load_config(overrides(name)) for name in (arm, "quantum"))

    assert ours["loss"] == quantum["loss"] == "wasserstein"
    for found in (ours, quantum):
        found["denoising"] |= {"lr": 0, "lr_single_step": 0}
    assert ours["denoising"] == quantum["denoising"]
    assert quantum["denoising"]["start_batch_size"] == 2048
    assert quantum["denoising"]["target_batch_size"] == 2048
    assert (quantum["denoising"]["cells"], quantum["denoising"]["epochs"]) == (False, 8)
    assert quantum["denoising"]["iterations_per_epoch"] == 100
    for key in ("spread", "terminal_strength", "terminal", "steps"):
        assert ours["prior"][key] == quantum["prior"][key]


def test_the_diffusion_with_the_loss_of_the_circuits_has_as_many_states() -> None:
    found, quantum = (load_config(overrides(n)) for n in ("diffusion-transport", "quantum"))
    phases = found["denoising"]

    assert not found["prior"]["cells"]
    assert phases["batch_size"] == quantum["denoising"]["start_batch_size"]
    for key in ("epochs", "iterations_per_epoch"):
        assert phases[key] == quantum["denoising"][key]


def test_a_composed_configuration_is_that_of_its_job() -> None:
    """It is composed once for all seeds, so seed and autoencoder are put in afterwards."""
    this = StudyFolder(Path("study"))
    for seed in (0, 7):
        job = Job("quantum", 60000, seed)
        ours, composed = this.config(job), load_config(this.overrides(job))
        assert ours | {"run": None} == composed | {"run": None}


def test_the_study_runs_on_fashion_with_its_own_features() -> None:
    config = load_config(overrides("linear", 1000, data="fashion"))

    assert config["data"]["name"] == "fashion"
    assert config["metrics"]["features"] == "checkpoints/features-fashion"
    assert config["run"]["name"] == "linear-n1000-seed2"


def test_what_was_tuned_wins_over_an_arm_and_a_setting_over_it() -> None:
    tuned = {
        "quantum": {"denoising.lr": "0.02", "prior.ancillas": "2", "prior.layers": "72"},
        "vae": {"images.lr": "0.004"},
    }
    found = {
        arm: load_config(overrides(arm, 300, tuned=tuned))
        for arm in ("quantum", "product", "unitary", "perceptrons", "isometries", "vae")
    }

    assert found["quantum"]["denoising"]["lr"] == 0.02
    assert found["quantum"]["prior"]["layers"] == 72
    # A control is quantum as it was tuned, but for the one thing that it changes.
    product = found["product"]["prior"]
    assert (product["ancillas"], product["layers"], product["entangled"]) == (2, 72, False)
    assert found["product"]["denoising"]["lr"] == 0.02
    # 72 layers on 6 qubits have as many angles as 108 on 4.
    unitary = found["unitary"]["prior"]
    assert (unitary["ancillas"], unitary["layers"]) == ([0] * 5, [108] * 5)
    assert found["unitary"]["denoising"]["lr"] == 0.02
    assert found["perceptrons"]["denoising"]["lr"] == 0.003
    assert found["isometries"]["denoising"]["lr"] == 0.01
    assert found["vae"]["images"]["lr"] == 0.004
    assert (
        load_config(overrides("vae", 300, "images.lr=0.001", tuned=tuned))["images"]["lr"] == 0.001
    )


def test_a_base_trains_its_own_autoencoder() -> None:
    for arm in ARMS.values():
        assert arm.base is None or ARMS[arm.base].base is None


# --- Options


def test_options_have_the_defaults_of_the_protocol() -> None:
    options = read_options([], Options)

    assert options.arms == tuple(of_edition())
    assert read_options(["arms=all"], Options).arms == options.arms
    first = {"codebook", "diffusion-cells", "straight", "no-cells"}
    assert {*ARMS} - {*options.arms} == first
    assert options.seeds == (5, 6, 7, 8, 9)
    assert options.train_sizes == (300, 1000, 10000, 54000)
    assert (options.engine, options.workers, options.root) == ("local", None, "study")
    assert options.data == "mnist"
    assert cpus() >= 1


@pytest.mark.parametrize(
    ("text", "seeds"), [("3", (0, 1, 2)), ("0,3,7", (0, 3, 7)), ("3,", (3,)), ("7,0", (7, 0))]
)
def test_seeds_are_a_number_or_a_list(text: str, seeds: tuple[int, ...]) -> None:
    assert read_options([f"seeds={text}"], Options).seeds == seeds


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("arms=vea", r"arms: .*'vea' \(did you mean vae\?\)"),
        ("arms=", "arms: must be all, or one or more with commas, none twice"),
        ("arms=vae,haar,vae", "arms: must be .* none twice, .*, was 'vae,haar,vae'$"),
        ("seeds=0", "seeds: must be a number of seeds up to 1000, or a list like 0,3,7"),
        ("seeds=-1", "seeds: must be a number of seeds"),
        ("seeds=1,1", "seeds: must be .* none twice, was '1,1'"),
        ("seeds=0,4294967296", "seeds: must be a number of seeds .*, was '4294967296'"),
        ("seeds=1001", "seeds: must be a number of seeds up to 1000, .*, was '1001'"),
        ("seeds=", "seeds: must be a number"),
        (
            "train_sizes=9",
            "train_sizes: must be .* from 10 to 54000, or 60000 for all .* '9'",
        ),
        ("train_sizes=300,54001", "was '54001'"),
        ("train_sizes=300,300", "none twice, .* was '300,300'"),
        ("engine=slurm", "engine: must be one of local, ray"),
        ("workers=0", "workers: must be an integer, at least 1"),
        ("root=", "root: must be a path"),
        ("settings=images.epochs", "settings: must be key=value"),
        ("settings=--multirun=1", "settings: must be key=value"),
        ("settings=a=1 seed=3", "settings: seed is what the study sets"),
        ("settings=run.name=x", "settings: run.name is what"),
        ("settings=data=mnist", "settings: data is what the study sets"),
        ("data=kmnist", "data: must be one of mnist, fashion, digits"),
        ("size=300", "size: there is no such option"),
    ],
)
def test_bad_options_are_named(word: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_options([word], Options)


@given(st.text("0123456789,- ", max_size=8), st.text("0123456789,-", max_size=12))
@settings(deadline=None)
def test_any_text_is_understood_or_refused(seeds: str, sizes: str) -> None:
    try:
        options = read_options([f"seeds={seeds}", f"train_sizes={sizes}"], Options)
    except InputError:
        return
    assert all(0 <= seed < 2**32 for seed in options.seeds)
    assert all(10 <= size <= 54000 or size == 60000 for size in options.train_sizes)
    assert ",".join(map(str, options.train_sizes)) == ",".join(
        str(int(n)) for n in sizes.split(",")
    )


# --- The schedule


class Dice:
    """An engine that ends a random one of its jobs, and whether that failed is random too."""

    def __init__(self, capacity: int, draw: Callable[[int], int], schedule: Schedule) -> None:
        self.capacity, self.draw, self.schedule = capacity, draw, schedule
        self.running: list[Job] = []
        self.outcomes: dict[Job, list[bool]] = {}

    def submit(self, job: Job) -> None:
        base = job.base
        assert base is None or self.schedule.records[base].state == "finished"
        self.running.append(job)
        assert len(self.running) <= self.capacity

    def wait(self) -> tuple[Job, JobOutcome]:
        job = self.running.pop(self.draw(len(self.running)))
        failed = self.draw(3) == 0
        self.outcomes.setdefault(job, []).append(not failed)
        return job, JobOutcome(1.0, "bad luck" if failed else None)

    def close(self) -> None:
        assert not self.running


@given(st.integers(1, 4), st.randoms(use_true_random=False), st.data())
@settings(deadline=None)
def test_every_job_is_finished_or_missing_for_a_reason(
    capacity: int, random: Random, data: st.DataObject
) -> None:
    jobs = plan(["quantum", "haar", "vae", "diffusion-vae"], [0, 1], [300])
    before = data.draw(st.sets(st.sampled_from(jobs)))
    schedule = Schedule(jobs, {job: JobRecord("finished") for job in before})
    engine = Dice(capacity, random.randrange, schedule)

    run(schedule, engine, lambda job: None)

    for job, record in schedule.records.items():
        outcomes = engine.outcomes.get(job, [])
        base = job.base and schedule.records[job.base]
        if job in before or outcomes in ([True], [False, True]):
            assert (record.state, record.reason) == ("finished", None)
        elif outcomes == [False, False]:
            assert (record.state, record.reason) == ("missing", "bad luck")
        else:
            assert outcomes == [] and base and base.state == record.state == "missing"
            assert job.base and job.base.name in str(record.reason)
        assert record.attempts == len(outcomes)
        assert not (job in before and outcomes)


def test_a_failed_job_runs_again_before_what_comes_after_it() -> None:
    jobs = plan(["vae"], [0, 1, 2], [300])
    schedule = Schedule(jobs, {})
    schedule.start(jobs[0])
    schedule.end(jobs[0], JobOutcome(1.0, "why"))

    assert schedule.next() == jobs[0]
    schedule.start(jobs[0])
    assert schedule.next() == jobs[1]


def test_the_time_left_is_that_of_the_same_arm_and_size_or_else_of_all() -> None:
    jobs = plan(["vae", "untrained"], [0, 1, 2], [300])
    vae, untrained = ([c for c in jobs if c.arm == arm] for arm in ("vae", "untrained"))
    schedule = Schedule(jobs, {})
    assert schedule.seconds_left(2) is None

    for job, seconds in ((vae[0], 10.0), (vae[1], 20.0)):
        schedule.start(job)
        schedule.end(job, JobOutcome(seconds))
    assert schedule.seconds_left(2) == (15 + 3 * 15) / 2
    schedule.start(untrained[0])
    schedule.end(untrained[0], JobOutcome(120.0))
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


# --- What is shown


def show(terminal: bool) -> str:
    jobs = plan(["vae"], [0, 1, 2], [300])
    schedule, out = Schedule(jobs, {}), io.StringIO()
    engine = LocalEngine(StudyFolder(Path("study")), 1)
    console = Console(file=out, force_terminal=terminal, width=150, color_system=None)
    with Display(schedule, engine, console) as display:
        for job, reason in ((jobs[0], None), (jobs[1], "[why]"), (jobs[1], "[why]")):
            schedule.start(job)
            display.changed(job)
            schedule.end(job, JobOutcome(81.0, reason))
            display.changed(job)
    return out.getvalue()


def test_without_a_terminal_there_is_a_line_for_each_job() -> None:
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
