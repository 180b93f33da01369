"""The compiling of the loops; what they compute is tested with their callers."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numba
import pytest
import torch

from latentq import native
from latentq.native import compiling


def test_loops_are_compiled_without_a_folder_for_their_cache(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(**options: Any) -> Callable:  # noqa: ANN401
        if options.get("cache"):
            raise RuntimeError("cannot cache function: no locator available")
        return numba.njit(**options)

    monkeypatch.setattr(compiling, "numba", SimpleNamespace(njit=refuse))
    twice = compiling.compiled(lambda x: 2 * x)

    assert twice(4) == 8
    assert isinstance(twice, numba.core.dispatcher.Dispatcher)


def test_where_there_are_loops() -> None:
    assert native.runs_on(torch.zeros(1))
    assert not native.runs_on(torch.zeros(1, device="meta"))
