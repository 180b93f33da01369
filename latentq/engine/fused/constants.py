"""Tensors that are made once and kept, in a way that does not depend on who asks first."""

from collections.abc import Callable
from functools import cache, wraps
from typing import ParamSpec, TypeVar

import torch

P = ParamSpec("P")
Made = TypeVar("Made")


def constant(make: Callable[P, Made]) -> Callable[P, Made]:
    """Keeps what a function returns for its arguments.

    A tensor that is made in inference mode can never take part in a gradient. So it is made
    outside of that mode, even if the first caller is in it.

    Arguments:
        make: The function; its arguments can be keys of a dictionary.
    """

    @wraps(make)
    def made(*words: P.args, **named: P.kwargs) -> Made:
        with torch.inference_mode(False):
            return make(*words, **named)

    return cache(made)  # type: ignore[return-value]
