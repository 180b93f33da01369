"""Imports the classes of models, those of `baselines` from the package beside LatentQ.

The name `baselines` may be that of a user's own module in the current folder, or in a notebook.
"""

import importlib
import importlib.util
import sys
from types import ModuleType
from typing import Any

from latentq.errors import InputError
from latentq.paths import BASELINES

NAME = BASELINES.name


def import_class(module: str, name: str) -> Any:  # noqa: ANN401
    """Returns a class of a module of LatentQ or of its baselines.

    Raises:
        InputError: If other modules have taken the name of the baselines.
    """
    if module.partition(".")[0] == NAME:
        _claim_name()
    return getattr(importlib.import_module(module), name)


def _claim_name() -> None:
    """Makes sure that `baselines` is the package beside LatentQ, whatever the search path says.

    Raises:
        InputError: If another module of this name is in use.
    """
    found = sys.modules.get(NAME)
    if found is None:
        _load_package()
    elif not _is_ours(found):
        raise InputError(
            f"{NAME}: LatentQ has a package of this name, and {_place_of(found)} was imported; "
            "rename that, or load the model before"
        )


def _place_of(found: ModuleType) -> str:
    places = (getattr(found, "__file__", None), *getattr(found, "__path__", ()))
    return next((place for place in places if place), "another one")


def _is_ours(found: ModuleType) -> bool:
    return any(BASELINES.samefile(place) for place in getattr(found, "__path__", ()))


def _load_package() -> None:
    spec = importlib.util.spec_from_file_location(
        NAME, BASELINES / "__init__.py", submodule_search_locations=[str(BASELINES)]
    )
    assert spec is not None and spec.loader is not None
    sys.modules[NAME] = package = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(package)
    except BaseException:
        del sys.modules[NAME]
        raise
