"""What no measure may make a number of, or end the process on."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from latentq.errors import InputError, NumericalError
from latentq.evaluation import diversity, metrics
from latentq.models.classifier import Classifier

MEASURES: dict[str, Callable[[Tensor, Tensor], Any]] = {
    "fid": metrics.fid,
    "fid_infinity": lambda x, y: metrics.fid_infinity(x, y, 0),
    "fid_deviation": lambda x, y: metrics.fid_deviation(x, y, 0, 3),
    "kid": lambda x, y: metrics.kid(x, y, 0),
    "precision_recall": metrics.precision_recall,
    "density_coverage": diversity.density_coverage,
}


def changed(good: Tensor, value: float) -> Tensor:
    bad = good.clone()
    bad[7, 1] = value
    return bad


@pytest.fixture
def good(generator: torch.Generator) -> Tensor:
    return torch.randn(120, 4, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("measure", MEASURES.values(), ids=MEASURES)
def test_what_is_no_set_of_features_is_refused(
    measure: Callable[[Tensor, Tensor], Any], good: Tensor
) -> None:
    said: dict[str, Any] = {
        "must be finite, 1 of 120 rows were not": changed(good, torch.nan),
        "must be finite, 1 of 120 rows": changed(good, -torch.inf),
        r"must have the shape \(N, F\), had \(120,\)": good[:, 0],
        r"must have the shape \(N, F\), had \(120, 0\)": good[:, :0],
        r"must have the shape \(N, F\), had \(120, 4, 1\)": good[..., None],
        "must be of float32 or float64, was of torch.int64": good.long(),
        "must be of float32 or float64, was of torch.complex128": good.to(torch.complex128),
        "must be of float32 or float64, was of torch.float16": good.half(),
        "must be a tensor, was of type list": good.tolist(),
    }
    for message, bad in said.items():
        kind = NumericalError if "finite" in message else InputError
        with pytest.raises(kind, match=f"^features: {message}"):
            measure(bad, good)
        with pytest.raises(kind, match=f"^reference: {message}"):
            measure(good, bad)
    with pytest.raises(InputError, match=r"^reference: must be 4 wide as features is, was 3 wide"):
        measure(good, good[:, :3])

    assert measure(good, good.flip(0)) is not None
    assert measure(good[:0], good) in (None, (None, None)), "too few are not estimable"


def test_too_few_resamples_or_neighbours_are_refused(good: Tensor) -> None:
    with pytest.raises(InputError, match=r"^resamples: must be at least 2, was 1"):
        metrics.fid_deviation(good, good, 0, 1)
    with pytest.raises(InputError, match=r"^neighbours: must be at least 1, was 0"):
        diversity.density_coverage(good, good, 0)


def test_copies_are_not_looked_for_among_numbers_that_are_none(good: Tensor) -> None:
    for place in range(4):
        sets = [good, good, good, good]
        sets[place] = changed(good, torch.nan)
        with pytest.raises(NumericalError, match="must be finite, 1 of 120 rows were not"):
            diversity.memorisation(*sets)


@pytest.mark.parametrize("measure", [metrics.classify, metrics.extract_features])
def test_images_that_are_none_have_no_class_and_no_features(
    measure: Callable[[Classifier, Tensor], Tensor],
) -> None:
    classifier = Classifier(2)
    fine = torch.full((2, 1, 28, 28), 0.5)

    assert len(measure(classifier, fine)) == 2
    for bad in (fine * torch.nan, 2.5 * fine, -fine):
        with pytest.raises(NumericalError, match=r"^images: must be finite and in"):
            measure(classifier, bad)
    for bad, wanted in ((fine[:0], "be at least one image"), (fine[0], "have shape")):
        with pytest.raises(InputError, match=f"^images: must {wanted}"):
            measure(classifier, bad)
