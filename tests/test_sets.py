"""`latentq.evaluate` and `latentq.evaluate_states`: two sets, and what data themselves have."""

from typing import Any

import pytest
import torch
from torch import Tensor

import latentq
from latentq.errors import InputError
from latentq.evaluation import metrics
from latentq.evaluation.scores import sample_rows
from latentq.models.classifier import Classifier
from latentq.paths import CHECKPOINTS
from latentq.quantum.states import haar_states
from latentq.randomness import derive_generator

ZERO, ONE = torch.eye(2, dtype=torch.complex64)
NAMES = ("mmd1", "mmdk", "wasserstein")


def test_orthogonal_states_are_as_far_as_can_be() -> None:
    """|0> and |1>: 1 + 1 - 2 F for the MMDs, 1 - F for the transport, with F = 0."""
    found = latentq.evaluate_states(ONE.expand(30, 2), ZERO.expand(40, 2))

    assert [found[name] for name in NAMES] == pytest.approx([2, 2, 1])
    assert [found[f"{name}_data"] for name in NAMES] == pytest.approx([0, 0, 0], abs=1e-12)
    assert list(found) == [word for name in NAMES for word in (name, f"{name}_data")]


def test_the_value_of_data_is_that_of_two_samples_of_the_same_size() -> None:
    r"""For Haar states of one qubit, D_1 = (1 - Tr rho^2) 2 / n = 1 / n on average."""
    generator, n = derive_generator(0, "haar"), 25
    rows = [
        latentq.evaluate_states(
            haar_states(200, qubits=1, generator=generator),
            haar_states(2 * n, qubits=1, generator=generator),
        )
        for _ in range(200)
    ]

    for name in ("mmd1", "mmd1_data"):
        values = torch.tensor([row[name] for row in rows])
        error = (values.std() / len(rows) ** 0.5).item()
        assert values.mean().item() == pytest.approx(1 / n, abs=4 * error) and error < 0.1 / n
    own, data = (sum(row[k] for row in rows) / 200 for k in ("wasserstein", "wasserstein_data"))
    assert own == pytest.approx(data, rel=0.05)


def test_halves_follow_from_the_seed_and_have_no_more_than_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    generator = derive_generator(0, "haar")
    own, data = (haar_states(n, qubits=2, generator=generator) for n in (50, 61))
    seen: list[tuple[Tensor, Tensor]] = []

    def spy(phi: Tensor, psi: Tensor) -> Tensor:
        seen.append((phi, psi))
        return torch.tensor(0.0)

    first = latentq.evaluate_states(own, data)
    assert (
        first == latentq.evaluate_states(own, data) == latentq.evaluate_states(own, data, seed=0)
    )
    assert first != latentq.evaluate_states(own, data, seed=1)
    monkeypatch.setattr("latentq.evaluation.sets.DISTANCES", {"mmd1": spy})
    latentq.evaluate_states(own, data, most=20)
    latentq.evaluate_states(own, data)

    assert [len(x) for pair in seen for x in pair] == [20] * 4 + [30] * 4
    known = {tuple(row) for row in data.to(torch.complex128).tolist()}
    halves = [{tuple(row) for row in x.tolist()} for x in (seen[2][1], seen[3][0])]
    assert len(halves[0] | halves[1]) == 60 and halves[0] | halves[1] <= known


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"states": ZERO.expand(1, 2)}, "states: must be at least 2 states, was 1"),
        ({"states": ZERO.real.expand(9, 2)}, "states: must be a complex tensor"),
        ({"states": torch.ones(9, 3) / 3**0.5 + 0j}, r"states: must have the shape \(N, 2\^n\)"),
        (
            {"generated": torch.eye(4) + 0j},
            r"generated: must have the shape \(N, 2\), had \(4, 4\)",
        ),
        ({"generated": ZERO.expand(0, 2)}, "generated: must be at least 1 states, was 0"),
        ({"generated": ZERO.expand(9, 2) * 3}, "generated: must be finite and of norm one"),
        ({"most": 0}, "most: must be an integer of at least 1"),
        ({"seed": -1}, "seed: must be an integer of at least 0"),
    ],
)
def test_states_that_are_none_are_refused(given: dict[str, Any], message: str) -> None:
    chosen = {"generated": ZERO.expand(9, 2), "states": ZERO.expand(9, 2), **given}
    with pytest.raises(InputError, match=message) as caught:
        latentq.evaluate_states(**chosen)
    assert len(caught.value.lines()) == 1


@pytest.fixture(scope="module")
def images() -> Tensor:
    model = latentq.load(CHECKPOINTS / "classical")
    return model.sample(300, seed=0)  # type: ignore[operator]


def test_images_have_the_numbers_of_the_evaluation(images: Tensor) -> None:
    shipped = latentq.load(CHECKPOINTS / "features")
    assert isinstance(shipped, Classifier)
    own, real = images[:140], images[140:]
    found = latentq.evaluate(own, real, seed=4)
    generated, reference = (metrics.extract_features(shipped, x) for x in (own, real))
    rows = sample_rows(generated, reference, seed=4)

    assert list(found) == ["fid", "kid", "precision", "recall", "density", "coverage"]
    assert found == {name: rows[name] for name in found}
    assert found == latentq.evaluate(own, real, seed=4, features=shipped)
    assert found["kid"] != latentq.evaluate(own, real)["kid"]


def test_what_is_not_estimable_is_none(images: Tensor) -> None:
    found = latentq.evaluate(images[:1], images[1:3])
    assert set(found.values()) == {None}

    found = latentq.evaluate(images[:100], images[100:200])
    assert found["fid"] is None and found["kid"] is not None and found["coverage"] is not None


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"images": [0.0]}, "images: must be a tensor, was of type list"),
        ({"images": torch.zeros(3, 3, 28, 28)}, r"images: must have shape \(B, 1, 28, 28\)"),
        ({"images": torch.zeros(0, 1, 28, 28)}, "images: must be at least one image, was none"),
        ({"reference": torch.zeros(3, 1, 32, 32)}, r"reference: must have shape \(B, 1, 28, 28\)"),
        ({"reference": torch.full((3, 1, 28, 28), 255.0)}, "reference: must be finite and in"),
        ({"reference": torch.zeros(3, 1, 28, 28, dtype=torch.uint8)}, "reference: .* convert"),
        ({"features": torch.nn.Identity()}, "features: must be a classifier, .* type Identity"),
        ({"seed": 0.5}, "seed: must be an integer of at least 0"),
    ],
)
def test_images_that_are_none_are_refused(given: dict[str, Any], message: str) -> None:
    blank = torch.zeros(3, 1, 28, 28)
    with pytest.raises(InputError, match=message) as caught:
        latentq.evaluate(**{"images": blank, "reference": blank, **given})
    assert len(caught.value.lines()) == 1
