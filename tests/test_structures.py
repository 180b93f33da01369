"""The circuits of controls: as many angles as those that they are controls of."""

from pathlib import Path

import pytest

from latentq.config.compose import load_config
from latentq.config.config import arguments_of
from latentq.models import storage
from latentq.models.generative import prior_freedom
from latentq.study.arms import ARMS
from latentq.study.jobs import Job, StudyFolder
from latentq.study.spaces import SPACES, Among
from latentq.study.structures import (
    alike,
    in_one_step,
    structure_of,
    with_one_axis,
    without_ancillas,
)

CHANGED = [name for name, arm in ARMS.items() if arm.change is not None]
STRUCTURES: list[dict[str, str]] = [
    dict(option)
    for space in SPACES["quantum"]
    if isinstance(space, Among)
    for option in space.options
    if "prior.layers" in option
]


def words_of(arm: str, tuned: dict[str, str]) -> list[str]:
    return StudyFolder(Path("x"), tuned={"quantum": tuned}).overrides(Job(arm, 300, 0))


def test_the_default_circuits_have_four_small_steps_and_a_large_one() -> None:
    found = structure_of({})

    assert found.ancillas == (3, 1, 1, 1, 1) and found.layers == (274, 12, 12, 12, 12)
    # Two angles for each of 4 + 3 qubits, and of 4 + 1.
    assert found.angles == (274 * 14, 120, 120, 120, 120)
    assert structure_of({"prior.ancillas": "2", "prior.layers": "72"}).angles == (864,) * 5


def test_each_control_changes_its_one_thing() -> None:
    circuits = structure_of({})
    real, unitary = with_one_axis(circuits), without_ancillas(circuits)
    one, even = in_one_step(circuits), alike(circuits)

    assert (real.axes, real.ancillas) == (("ry",), circuits.ancillas)
    assert real.layers == (548, 24, 24, 24, 24) and real.angles == circuits.angles
    assert unitary.ancillas == (0,) * 5 and unitary.layers == (480, 15, 15, 15, 15)
    assert (one.ancillas, one.layers) == ((3,), (308,))  # 4,312 of 4,316 angles.
    assert (even.ancillas, even.layers) == ((1,) * 5, (86,) * 5)
    assert even.init_scale == (3.1416,) * 5


@pytest.mark.parametrize("arm", CHANGED)
def test_a_control_is_as_large_as_the_circuits_that_were_tuned(arm: str) -> None:
    for tuned in ({}, *STRUCTURES):
        model = storage.build("quantum", arguments_of(load_config(words_of(arm, tuned))))
        wanted = sum(structure_of(tuned).angles)
        assert abs(prior_freedom(model.prior) / wanted - 1) < 0.02, tuned  # type: ignore[arg-type]


def test_traced_ancillas_are_those_of_the_circuits() -> None:
    tuned = {"prior.ancillas": "[2,1]", "prior.layers": "[320,12]"}
    found = load_config(words_of("traced", tuned))["prior"]

    assert (found["ancillas"], found["layers"]) == ([2, 1], [320, 12])
