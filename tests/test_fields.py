"""Schemas: types, ranges, defaults, and every mistake in one line."""

from typing import Any, Literal

import pytest
from pydantic import Field, ValidationError

from latentq.config.fields import (
    Count,
    Folder,
    Name,
    Positive,
    Settings,
    Share,
    from_words,
    listing,
    mistakes_of,
)
from latentq.errors import InputError


class Inner(Settings):
    lr: Positive = Field(0.5, le=1, description="the learning rate")
    axes: list[Literal["rx", "ry"]] = Field(["rx"])
    layers: Count | list[Count] = 3


class Outer(Settings):
    n: Count
    mode: Literal["fast", "slow"] = "fast"
    place: Folder | None = None
    name: Name | None = None
    keep: bool = False
    noise: Share = Field(0.0, le=10)
    inner: Inner = Inner()


def wrong(**content: Any) -> list[str]:  # noqa: ANN401
    try:
        Outer.model_validate(content)
    except ValidationError as error:
        return [*mistakes_of(error, Outer).values()]
    return []


@pytest.mark.parametrize(
    ("content", "mistake"),
    [
        ({"n": 0}, "n: must be an integer, at least 1, was 0"),
        ({"n": True}, "n: must be an integer, at least 1, was True"),
        ({"n": "3"}, "n: must be an integer, at least 1, was '3'"),
        ({"n": 1.5}, "n: must be an integer, at least 1, was 1.5"),
        ({}, "n: must be given"),
        (
            {"n": 1, "mode": "slo"},
            "mode: must be one of fast, slow, was 'slo' (did you mean slow?)",
        ),
        ({"n": 1, "noise": 11.0}, "noise: must be a number, at least 0 and at most 10, was 11.0"),
        (
            {"n": 1, "noise": float("nan")},
            "noise: must be a number, at least 0 and at most 10, was nan",
        ),
        ({"n": 1, "keep": 1}, "keep: must be true or false, was 1"),
        ({"n": 1, "place": ""}, "place: must be a path or null, was ''"),
        ({"n": 1, "place": 3}, "place: must be a path or null, was 3"),
        (
            {"n": 1, "name": "a/b"},
            "name: must be a name of at most 200 bytes without / or \\ or null, was 'a/b'",
        ),
        ({"n": 1, "nme": 2}, "nme: there is no such key (did you mean name?)"),
        ({"n": 1, "inner": {"lr": 0}}, "inner.lr: must be a number, above 0 and at most 1, was 0"),
        (
            {"n": 1, "inner": {"lrr": 0}},
            "inner.lrr: there is no such key (did you mean inner.lr?)",
        ),
        (
            {"n": 1, "inner": {"axes": ["rx", "rq"]}},
            "inner.axes.1: must be one of rx, ry, was 'rq'",
        ),
        (
            {"n": 1, "inner": {"layers": [1, 0]}},
            "inner.layers.1: must be an integer, at least 1, was 0",
        ),
    ],
)
def test_a_mistake_names_the_key_and_what_it_must_be(
    content: dict[str, Any], mistake: str
) -> None:
    (found,) = wrong(**content)

    assert found.startswith(mistake)


def test_all_mistakes_are_told_at_once() -> None:
    found = wrong(n=0, mode="x", inner={"lr": 2.0, "none": 1})

    assert [text.partition(":")[0] for text in found] == ["n", "mode", "inner.lr", "inner.none"]


def test_words_are_read_as_numbers_and_null() -> None:
    found = from_words(Outer, {"n": "12", "place": "null", "keep": "true", "noise": "1e-3"})

    assert (found.n, found.place, found.keep, found.noise) == (12, None, True, 1e-3)


@pytest.mark.parametrize(
    "words", [{"n": "1.5"}, {"n": "x"}, {"n": ""}, {"n": "1", "noise": "inf"}]
)
def test_wrong_words_are_refused(words: dict[str, str]) -> None:
    with pytest.raises(InputError, match="must be a"):
        from_words(Outer, words)


def test_a_home_is_filled_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")

    assert Outer(n=1, place="~/a").place == "/home/me/a"


def test_the_help_lists_every_key_with_its_default() -> None:
    lines = listing(Outer)

    assert [line.split()[0] for line in lines] == [
        *("n=...", "mode=fast", "place=null", "name=null", "keep=false", "noise=0.0"),
        *("inner.lr=0.5", "inner.axes=[rx]", "inner.layers=3"),
    ]
    assert lines[6].endswith("a number, above 0 and at most 1; the learning rate")
