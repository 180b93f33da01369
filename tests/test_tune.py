"""Equal tuning: what is drawn, that sizes stay matched, what is chosen, and what failed."""

import csv
import json
import math
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
import torch

from latentq.config.compose import load_config
from latentq.config.config import arguments_of
from latentq.errors import InputError
from latentq.evaluation.spread import spread_of_states
from latentq.models import storage
from latentq.models.generative import prior_freedom
from latentq.quantum.states import haar_states, perturb
from latentq.study import tune as tuning
from latentq.study.arms import ARMS, of_edition
from latentq.study.jobs import Job, StudyFolder
from latentq.study.spaces import FIXED, SPACES, SPREAD, Among, Between, draw, keys_of
from latentq.study.tuned import Tuned, read_tuned, write_tuned
from tests import fake_train
from tests.fake_runner import started

TOLERANCE = 0.02
SIZED = [arm for arm in SPACES if arm != "vae"]


@pytest.fixture(autouse=True)
def arms() -> Iterator[None]:
    """Trials are arms of a process that tunes, and of no other test."""
    before = dict(ARMS)
    yield
    ARMS.clear()
    ARMS.update(before)


def freedom(arm: str, settings: dict[str, str]) -> int:
    """The free reals of the prior of an arm with some settings."""
    words = [*ARMS[arm].overrides, *(f"{key}={value}" for key, value in settings.items())]
    config = load_config(words)
    model = storage.build(config["model"]["kind"], arguments_of(config))
    return prior_freedom(model.prior)  # type: ignore[arg-type]


@pytest.mark.parametrize("arm", SIZED)
def test_all_structures_of_an_arm_are_of_the_size_of_the_circuits(arm: str) -> None:
    circuits = freedom("quantum", {})
    choices = [dict(o) for d in SPACES[arm] if isinstance(d, Among) for o in d.options]
    structures = [o for o in choices if any(key.startswith("prior.") for key in o)] or [{}]

    for settings in ({}, *structures):
        assert abs(freedom(arm, settings) / circuits - 1) < TOLERANCE, settings


@pytest.mark.parametrize("arm", SPACES)
def test_trials_are_configurations_of_their_arm(arm: str) -> None:
    for trial in range(3):
        drawn = draw(arm, trial)
        config = StudyFolder(Path("x"), tuned={arm: drawn}).config(Job(arm, 54000, 20))
        for key, text in drawn.items():
            section, name = key.split(".")
            value = config[section][name]
            assert json.loads(text) == value or str(value).lower() == text
        assert drawn.keys() <= keys_of(arm)


def test_every_matched_arm_is_tuned_and_so_is_quantum() -> None:
    matched = {name for name in of_edition() if ARMS[name].role == "matched"}

    assert matched | {"quantum", "isometries", "vae", "vae-mixture"} <= SPACES.keys()
    assert len(matched) >= 8


def test_the_spread_of_all_priors_of_states_is_drawn_alike() -> None:
    having = {arm for arm in SPACES if SPREAD in SPACES[arm]}

    assert {*SPACES} - having == {"codebook-bare", "vae", "vae-mixture"}
    assert "0" in {option["prior.spread"] for option in SPREAD.options}
    drawn = Counter(draw(arm, trial)["prior.spread"] for arm in having for trial in range(70))
    assert min(drawn.values()) > 70 and len(drawn) == len(SPREAD.options)


def test_draws_repeat_and_differ() -> None:
    for arm in SPACES:
        found = [tuple(draw(arm, trial).items()) for trial in range(12)]
        assert found == [tuple(draw(arm, trial).items()) for trial in range(12)]
        assert len({*found}) > 1
    assert draw("linear", 0) != draw("linear", 0, seed=1)
    assert draw("linear", 0)["denoising.lr"] != draw("branches", 0)["denoising.lr"]


def test_numbers_are_uniform_in_their_logarithm() -> None:
    between, one_of = Between("x", 0.01, 1.0), Among(({"a": "1"}, {"b": "2"}, {}))
    random = Random(0)
    values = [float(between.draw(random)["x"]) for _ in range(4000)]
    picked = Counter(tuple(one_of.draw(random)) for _ in range(3000))

    assert min(values) >= 0.01 and max(values) <= 1.0
    assert sorted(values)[2000] == pytest.approx(0.1, rel=0.1)
    assert math.fsum(map(math.log10, values)) / 4000 == pytest.approx(-1, abs=0.05)
    assert all(900 < n < 1100 for n in picked.values()) and len(picked) == 3
    assert one_of.keys == ("a", "b")


# --- The command


def play(root: Path, deeds: dict[str, str], *words: str) -> int:
    root.mkdir(exist_ok=True)
    (root / "fake.json").write_text(json.dumps(deeds))
    line = [f"root={root}", f"out={root}/log", f"write={root}/tuned.json", "workers=2", *words]
    return tuning.tune(line, train=(fake_train.__file__,), load=fake_train.load)


def job(arm: str, trial: int, seed: int) -> str:
    return f"{arm}-trial{trial:02d}-n54000-seed{seed}"


WORDS = ("arms=linear,vae", "trials=3", "seeds=20,21")


def log_of(root: Path) -> list[dict[str, str]]:
    return list(csv.DictReader((root / "log" / "mnist.csv").read_text().splitlines()))


def test_the_least_mean_of_all_seeds_is_chosen(tmp_path: Path) -> None:
    deeds = {
        **{job("linear", 0, 20): "fid 4.0", job("linear", 0, 21): "fid 9.0"},  # 6.
        **{job("linear", 1, 20): "fid 1.0", job("linear", 1, 21): "fid 37.0"},  # 6.08, mean 19.
        **{job("linear", 2, 20): "fid 1.0", job("linear", 2, 21): "fail"},
        **{job("vae", trial, 20): "fail" for trial in range(3)},
    }
    assert play(tmp_path, deeds, *WORDS) == 1
    found, log = read_tuned(tmp_path / "tuned.json"), log_of(tmp_path)

    assert found.arms == {"linear": draw("linear", 0)} and found.failed == ["vae"]
    assert (found.trials, found.seeds, found.size, found.data) == (3, [20, 21], 54000, "mnist")
    assert len(log) == 2 * 3 * 2
    failed = [row for row in log if row["state"] == "missing"]
    assert {(r["arm"], r["trial"], r["seed"]) for r in failed} == {
        ("linear", "2", "21"),
        *(("vae", str(trial), "20") for trial in range(3)),
    }
    assert all(row["fid"] == "" for row in failed)  # Never a number.
    assert {(r["arm"], r["trial"]) for r in log if r["chosen"] == "1"} == {("linear", "0")}
    assert log[0]["settings"] == " ".join(f"{k}={v}" for k, v in draw("linear", 0).items())
    config = json.loads((tmp_path / "jobs" / job("linear", 1, 20) / "config.yaml").read_text())
    assert config["metrics"]["split"] == "validation"
    assert config["denoising"]["lr"] == float(draw("linear", 1)["denoising.lr"])
    assert config["autoencoder"].endswith("untrained-n54000-seed20")


def test_the_same_command_goes_on(tmp_path: Path) -> None:
    assert play(tmp_path, {job("vae", 1, 21): "fail"}, *WORDS) == 1
    (tmp_path / "started").unlink()
    assert play(tmp_path, {}, *WORDS) == 0

    assert started(tmp_path) == [job("vae", 1, 21)]
    assert {row["state"] for row in log_of(tmp_path)} == {"finished"}
    assert read_tuned(tmp_path / "tuned.json").failed == []


def test_the_spread_of_the_circuits_is_that_of_the_chosen_trial(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is measured once, while the weights are there, and kept beside the metrics."""
    spreads = {(0, 20): 0.1, (0, 21): 0.2, (1, 20): 0.31, (1, 21): 0.33}
    monkeypatch.setattr(storage, "load", lambda folder: FakeModel(folder))
    monkeypatch.setattr(
        "latentq.evaluation.spread.spread_of_states",
        lambda states, centres, seed: spreads[int(states.name[13:15]), seed],
    )
    deeds = {job("quantum", 1, seed): "fid 1.0" for seed in (20, 21)}
    words = ("arms=quantum", "trials=2", "seeds=20,21", f"keep={tmp_path}/kept")
    assert play(tmp_path, deeds, *words) == 0
    assert read_tuned(tmp_path / "tuned.json").arms[FIXED] == {"prior.spread": "0.32"}

    monkeypatch.undo()
    shutil.rmtree(tmp_path / "jobs")
    (tmp_path / "tuned.json").unlink()
    assert play(tmp_path, {}, *words) == 0
    assert read_tuned(tmp_path / "tuned.json").arms[FIXED] == {"prior.spread": "0.32"}
    assert {row["state"] for row in log_of(tmp_path)} == {"finished"}
    assert keys_of(FIXED) == {"prior.spread"}


class FakeModel:
    """A model whose states are its folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def eval(self) -> "FakeModel":
        return self

    def sample_states(self, n: int, seed: int) -> Path:
        return self.folder


def test_a_tuning_that_is_stopped_has_as_many_trials_of_each_arm(tmp_path: Path) -> None:
    assert play(tmp_path, {}, "arms=linear,vae", "trials=3", "seeds=20,", "workers=1") == 0

    order = [name.split("-n54000")[0] for name in started(tmp_path)]
    assert order == [
        "untrained",
        *(f"{arm}-trial{number:02d}" for number in range(3) for arm in ("linear", "vae")),
    ]


def test_states_about_known_centres_have_the_spread_that_made_them(
    generator: torch.Generator,
) -> None:
    centres = haar_states(5, qubits=4, generator=generator)
    states = perturb(centres.repeat(400, 1), 0.3, generator)

    # The noise along a centre changes no fidelity: 15 of 16 parts are left.
    assert spread_of_states(states, 5, seed=0) == pytest.approx(0.3 * (15 / 16) ** 0.5, rel=0.03)
    assert spread_of_states(centres, 5, seed=0) == pytest.approx(0, abs=2e-3)
    with pytest.raises(InputError, match="psi: must be at least 6 states"):
        spread_of_states(centres, 6, seed=0)


def test_before_a_tuning_the_list_is_spread_as_far_as_quantum_states_are_turned() -> None:
    words = dict(word.split("=", 1) for word in ARMS[FIXED].overrides)

    assert float(words["prior.spread"]) == load_config([])["prior"]["spread"]


# --- The file


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"arms": {"liner": {}}}, r"arms\.liner: there is no such arm"),
        ({"arms": {"linear": {"prior.width": "3"}}}, r"arms\.linear: prior\.width is not in the"),
        ({"trials": -1}, "trials: must be an integer, at least 0"),
        ({"trial": 1}, "trial: there is no such key"),
    ],
)
def test_a_wrong_file_is_refused(content: Any, message: str, tmp_path: Path) -> None:  # noqa: ANN401
    (tmp_path / "tuned.json").write_text(json.dumps(content))
    with pytest.raises(InputError, match=message):
        read_tuned(tmp_path / "tuned.json")


def test_no_file_and_no_json(tmp_path: Path) -> None:
    assert read_tuned(tmp_path / "none.json") == Tuned()
    (tmp_path / "tuned.json").write_text("{")
    with pytest.raises(InputError, match=r"tuned: .* must be JSON"):
        read_tuned(tmp_path / "tuned.json")
    found = Tuned(data="mnist", arms={"linear": dict(draw("linear", 5))}, trials=12)
    write_tuned(found, tmp_path / "tuned.json")
    assert read_tuned(tmp_path / "tuned.json") == found


def test_a_tuning_is_of_one_number_of_images() -> None:
    with pytest.raises(InputError, match="train_sizes: must be one number, was 2"):
        tuning.tune(["train_sizes=300,1000"])
    with pytest.raises(InputError, match="arms: must be all"):
        tuning.tune(["arms=haar"])
