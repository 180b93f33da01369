"""A run that is killed and resumed ends with the bytes of one that was left alone."""

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import pytest

from latentq import callbacks, stages
from tests.faults.runs import folder_of, outcome, tiny
from train import train

ROOT = Path(__file__).parent.parent.parent


class Kill(BaseException):
    """Leaves on the disk what a kill would leave."""


@pytest.fixture(autouse=True)
def logged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every loss is logged, so that a row which is lost or there twice is seen."""

    monkeypatch.setattr(stages, "LOG_EVERY", 1)


def kill_after(patch: pytest.MonkeyPatch, name: str, kills: Collection[int]) -> Callable[[], int]:
    """Saves at every iteration, and kills the run after the saves of some numbers."""
    save, count = callbacks.SaveState._save, 0

    def dying(self: Any, *given: Any) -> None:  # noqa: ANN401
        nonlocal count
        save(self, *given)
        count += 1
        if count in kills:
            raise Kill

    patch.setattr(callbacks, "SAVE_SECONDS", 0.0)
    patch.setattr(callbacks.SaveState, "_save", dying)
    return lambda: count


def until_finished(kind: str, root: Path) -> int:
    """Runs and resumes until nothing kills the run any more; returns how often it was killed."""
    killed, more = 0, []
    while True:
        try:
            train(tiny(kind, root, *more))
            return killed
        except Kill:
            killed, more = killed + 1, ["resume=last"]


# Saves of two epochs of three images batches are 1 to 6; those of phases of three iterations
# follow: 7 to 21 for the steps alone, 22 to 27 for all of them together.
KILLS = {
    "quantum": (1, 3, 5, 8, 14, 18, 22, 25),
    "classical": (2, 3, 4),
    "latent_diffusion": (4, 8, 9, 11),
    "vae_diffusion": (8, 10),
    "features": (1, 3, 5),
}


@pytest.mark.parametrize("kind", KILLS)
def test_a_run_ends_with_the_same_bytes_however_often_it_is_killed(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(tiny(kind, tmp_path / "whole"))

    saves = kill_after(monkeypatch, kind, KILLS[kind])
    killed = until_finished(kind, tmp_path / "cut")

    assert killed == len(KILLS[kind]) and saves() >= max(KILLS[kind])
    whole, cut = (outcome(folder_of(kind, tmp_path / name)) for name in ("whole", "cut"))
    assert cut == whole
    rows = [line.split(",")[:3] for line in whole["losses"].splitlines()[1:]]
    steps = [int(step) for stage, _, step in rows if stage == "prior"]
    assert steps == list(range({"quantum": 21}.get(kind, 6 if "diffusion" in kind else 0)))


PLACES: list[tuple[Any, str, bool]] = [
    (callbacks.SaveState, "on_train_start", False),  # before anything is saved
    (checkpoints, "sync_folder", True),  # the first state is on the disk, and all was forgotten
    (stages, "encode", False),  # between the stages
    (storage, "save", True),  # of the autoencoder
    (evaluation, "evaluate", False),
    (summary, "draw_pictures", True),
    (workflow, "merge_logs", True),
    (runs, "write_json", False),
]


def test_a_run_may_be_killed_between_and_after_its_stages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(tiny("latent_diffusion", tmp_path / "whole"))
    more: list[str] = []
    for owner, name, afterwards in PLACES:
        kill_in(monkeypatch, owner, name, afterwards)
        with pytest.raises(Kill):
            train(tiny("latent_diffusion", tmp_path / "cut", *more))
        monkeypatch.undo()
        more = ["resume=last"]
    monkeypatch.setattr(stages, "LOG_EVERY", 1)
    train(tiny("latent_diffusion", tmp_path / "cut", *more))

    whole, cut = (folder_of("latent_diffusion", tmp_path / n) for n in ("whole", "cut"))
    assert outcome(cut) == outcome(whole)
    names = [sorted(p.name for p in folder.iterdir()) for folder in (whole, cut)]
    assert names[0] == names[1]
