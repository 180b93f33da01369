"""A run that is killed and resumed ends with the bytes of one that was left alone."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

import pytest

from latentq.evaluation import scores
from latentq.models import storage
from latentq.training import callbacks, checkpoints, run_folder, stages, stopping, workflow
from tests.faults.runs import folder_of, outcome, overrides, tiny
from train import train

ROOT = Path(__file__).parent.parent.parent
LeftAlone = Callable[[str], dict[str, str]]


class Kill(BaseException):
    """Leaves on the disk what a kill would leave."""


@pytest.fixture(scope="module", autouse=True)
def every_loss() -> Iterator[None]:
    """Logs every loss, so that a row which is lost or there twice is seen."""

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stages, "LOG_EVERY", 1)
        yield


@pytest.fixture(scope="module")
def left_alone(tmp_path_factory: pytest.TempPathFactory) -> LeftAlone:
    """Gives the outcome of a run that nothing disturbs."""

    root, found = tmp_path_factory.mktemp("whole"), dict[str, dict[str, str]]()

    def give(kind: str) -> dict[str, str]:
        if kind not in found:
            train(tiny(kind, root))
            found[kind] = outcome(folder_of(kind, root))
        return found[kind]

    return give


def at_saves(patch: pytest.MonkeyPatch, action: Callable[[int], None]) -> None:
    """Saves at every iteration, and does something after each save, given its number."""

    save, count = callbacks.SaveState._save, 0

    def counting(self: Any, *given: Any) -> None:  # noqa: ANN401
        nonlocal count
        save(self, *given)
        count += 1
        action(count)

    patch.setattr(callbacks, "SAVE_SECONDS", 0.0)
    patch.setattr(callbacks.SaveState, "_save", counting)


def kill_at(numbers: Collection[int]) -> Callable[[int], None]:
    def action(number: int) -> None:
        if number in numbers:
            raise Kill

    return action


def until_finished(kind: str, root: Path) -> int:
    """Runs and resumes until nothing kills the run any more; returns how often it was killed."""

    killed = 0
    while True:
        try:
            train(tiny(kind, root, *(["resume=last"] if killed else [])))
            return killed
        except Kill:
            killed += 1


# Each epoch of images has three iterations, so that its saves are 1 to 6; then come those of the
# prior: 7 to 21 for steps alone and 22 to 27 for all together, or 7 to 12 for a diffusion.
KILLS = {
    "quantum": (1, 3, 5, 8, 14, 18, 22, 25),
    "classical": (2, 3, 4),
    "latent_diffusion": (4, 8, 9, 11),
    "vae_diffusion": (8, 10),
    "features": (1, 3, 5),
}
PRIOR = {"quantum": 21, "latent_diffusion": 6, "vae_diffusion": 6}


@pytest.mark.parametrize("kind", KILLS)
def test_a_run_ends_with_the_same_bytes_however_often_it_is_killed(
    kind: str, left_alone: LeftAlone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = left_alone(kind)

    at_saves(monkeypatch, kill_at(KILLS[kind]))
    killed = until_finished(kind, tmp_path)

    assert killed == len(KILLS[kind])
    assert outcome(folder_of(kind, tmp_path)) == whole
    rows = [line.split(",")[:3] for line in whole["losses"].splitlines()[1:]]
    steps = [int(step) for stage, _, step in rows if stage == "prior"]
    assert steps == list(range(PRIOR.get(kind, 0)))


def kill_in(
    patch: pytest.MonkeyPatch,
    owner: Any,  # noqa: ANN401
    name: str,
    when: str,
) -> None:
    """Kills a run before or after it calls a function; for a file name, before it is written."""

    call = getattr(owner, name)

    def dying(*given: Any, **named: Any) -> Any:  # noqa: ANN401
        if when == "before" or (when.endswith(".json") and Path(given[0]).name == when):
            raise Kill
        result = call(*given, **named)
        if when == "after":
            raise Kill
        return result

    patch.setattr(owner, name, dying)


PLACES: list[tuple[Any, str, str]] = [
    (callbacks.SaveState, "on_train_start", "before"),  # nothing is saved
    (checkpoints, "sync_folder", "after"),  # the first state is
    (storage, "save", "before"),  # the autoencoder is trained, but not kept
    (storage, "save", "after"),
    (stages, "encode", "before"),
    (scores, "evaluate", "before"),
    (workflow, "merge_logs", "after"),
    (run_folder, "write_json", "metrics.json"),
]


def test_a_run_may_be_killed_between_and_after_its_stages(
    left_alone: LeftAlone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind, more = "latent_diffusion", list[str]()
    for place in PLACES:
        with monkeypatch.context() as patch:
            kill_in(patch, *place)
            with pytest.raises(Kill):
                train(tiny(kind, tmp_path, *more))
        more = ["resume=last"]
    train(tiny(kind, tmp_path, *more))

    folder = folder_of(kind, tmp_path)
    assert outcome(folder) == left_alone(kind)
    assert not [*folder.rglob(".*")] and not (folder / "autoencoder").exists()


def test_times_add_up_over_kills(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seconds: list[float] = []

    def action(number: int) -> None:
        state = checkpoints.unpack((folder / "last.ckpt").read_bytes(), folder)
        seconds.append(state.content["notes"]["seconds"]["classifier"])
        if number == 3:
            raise Kill

    folder = folder_of("features", tmp_path)
    at_saves(monkeypatch, action)
    until_finished("features", tmp_path)

    assert seconds == sorted(seconds) and len(seconds) == 6
    metrics = run_folder.json.loads((folder / "metrics.json").read_text())
    assert metrics["wall_seconds"]["classifier"] >= seconds[-1]


CHILD = """
import os, runpy, signal, sys
import pytest
from latentq.report import plots  # So that no child need import what takes seconds.
from latentq.training import stages
from tests.faults.test_resume import at_saves

def run(number, name, words):
    patch = pytest.MonkeyPatch()
    patch.setattr(stages, "LOG_EVERY", 1)
    at_saves(patch, lambda n: os.kill(os.getpid(), getattr(signal, name)) if n == number else None)
    sys.argv = ["train.py", "--config-name", "debug", *words]
    runpy.run_path("train.py", run_name="__main__")

words = sys.argv[1:]
for number, name in ((2, "SIGKILL"), (6, "SIGKILL"), (1, "SIGTERM")):
    child = os.fork()
    if not child:
        run(number, name, words)
    print("ended as", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
    words = [*sys.argv[1:], "resume=last"]
"""


def test_real_signals(left_alone: LeftAlone, tmp_path: Path) -> None:
    """SIGKILL in two stages; SIGTERM, which saves and says how to go on; then the same bytes."""

    kind, folder = "latent_diffusion", folder_of("latent_diffusion", tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", CHILD, *overrides(kind, tmp_path)],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )

    ends = [line for line in done.stdout.splitlines() if line.startswith("ended")]
    assert ends == ["ended as -9", "ended as -9", "ended as 143"], done.stderr
    # The second kill came after the first iteration of the prior, which is saved again at once.
    assert done.stderr.splitlines() == [
        "stopped by SIGTERM at iteration 1 of stage prior; continue with the same options and "
        f"resume={folder}"
    ]
    train(tiny(kind, tmp_path, "resume=last"))
    assert outcome(folder) == left_alone(kind)


def test_a_signal_is_obeyed_at_the_next_boundary_in_training(
    left_alone: LeftAlone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = left_alone("classical")
    training = stages.ImageModule.training_step

    def interrupted(self: Any, batch: Any, index: int) -> Any:  # noqa: ANN401
        if self.global_step == 1:
            os.kill(os.getpid(), signal.SIGINT)
        return training(self, batch, index)

    with monkeypatch.context() as patch, stopping.handling():
        patch.setattr(stages.ImageModule, "training_step", interrupted)
        with pytest.raises(stopping.Stopped) as stop:
            train(tiny("classical", tmp_path))

    folder = folder_of("classical", tmp_path)
    state = checkpoints.unpack((folder / "last.ckpt").read_bytes(), folder)
    assert stop.value.code == 130 and state.facts["step"] == 2
    train(tiny("classical", tmp_path, "resume=last"))
    assert outcome(folder) == whole


def test_a_signal_is_obeyed_at_once_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scores, "evaluate", lambda *_, **__: os.kill(os.getpid(), signal.SIGTERM))
    with stopping.handling(), pytest.raises(stopping.Stopped, match="resume=") as stop:
        train(tiny("classical", tmp_path))
    assert stop.value.code == 143 and signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


SECOND = """
import os, signal
from latentq.training import stopping
with stopping.handling(), stopping.deferred():
    os.kill(os.getpid(), signal.SIGINT)
    print(stopping.requested(), flush=True)
    os.kill(os.getpid(), signal.SIGINT)
    print("still here")
"""


def test_a_second_signal_ends_the_process_at_once() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SECOND], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout) == (130, "2\n")


def test_output_may_be_cut_off() -> None:
    command = f"{sys.executable} train.py --help | head -1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.stderr == ""
    assert done.returncode in (0, 128 + signal.SIGPIPE)
