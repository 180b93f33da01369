"""Imports modules that hold models: packages beside LatentQ, and modules of a user.

A package beside LatentQ may have the name of a user's own module in the current folder, or in a
notebook; the two are never taken for each other.
"""

import importlib
import importlib.util
import os
import sys
import tomllib
from functools import cache
from importlib import metadata
from pathlib import Path
from types import ModuleType

from latentq.errors import InputError
from latentq.paths import INSTALLED, ROOT

GROUP = "latentq.models"
PROJECT = "latentq"


@cache
def own_packages() -> tuple[str, ...]:
    """Lists the packages beside LatentQ that register models, by its own entry points.

    In a checkout they are in its `pyproject.toml`, whether it is installed or not.
    """
    if not INSTALLED:
        project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
        return tuple(project["entry-points"][GROUP].values())
    found = metadata.distributions(name=PROJECT, path=[str(ROOT)])
    return tuple(e.value for d in found for e in d.entry_points if e.group == GROUP)


def other_entry_points() -> list[metadata.EntryPoint]:
    """Lists the entry points of other distributions that register models."""
    found = metadata.entry_points(group=GROUP)
    return [entry for entry in found if entry.dist is None or entry.dist.name != PROJECT]


def is_own(module: str) -> bool:
    """Whether a module is of LatentQ or of a package beside it."""
    return module.partition(".")[0] in (PROJECT, *own_packages())


def import_module(name: str) -> ModuleType:
    """Imports a module, of a package beside LatentQ from there, whatever the search path says.

    Raises:
        InputError: If another module has the name of such a package.
    """
    package = name.partition(".")[0]
    if package in own_packages():
        _claim_name(package)
    return importlib.import_module(name)


def _claim_name(name: str) -> None:
    found = sys.modules.get(name)
    if found is None:
        _load_package(name)
    elif not any((ROOT / name).samefile(place) for place in getattr(found, "__path__", ())):
        raise InputError(
            f"{name}: LatentQ has a package of this name, and {_place_of(found)} was imported; "
            "rename that, or load the model before"
        )


def _place_of(found: ModuleType) -> str:
    places = (getattr(found, "__file__", None), *getattr(found, "__path__", ()))
    return next((place for place in places if place), "another one")


def _load_package(name: str) -> None:
    place = ROOT / name
    spec = importlib.util.spec_from_file_location(
        name, place / "__init__.py", submodule_search_locations=[str(place)]
    )
    assert spec is not None and spec.loader is not None
    sys.modules[name] = package = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(package)
    except BaseException:
        del sys.modules[name]
        raise


def import_plugin(name: str) -> ModuleType:
    """Imports a module of a user, from the current folder too; one that is installed comes first.

    Raises:
        InputError: If it cannot be imported; the message says why.
    """
    if (here := os.getcwd()) not in sys.path:
        sys.path.append(here)  # At the end: nothing else here shall hide what is installed.
    importlib.invalidate_caches()
    try:
        return import_module(name)
    except Exception as error:
        raise InputError(f"plugin: {name} {why_not(error, name)}") from error


def why_not(error: Exception, name: str) -> str:
    """Says why a module could not be imported, with the line where it failed."""
    if isinstance(error, InputError):
        return f"cannot be used: {error}"
    if isinstance(error, ModuleNotFoundError) and f"{name}.".startswith(f"{error.name}."):
        hint = f"; leave out .py, as in {name[:-3]}" if name.endswith(".py") else ""
        return f"is no module in the current folder, and none that is installed{hint}"
    told = f"{type(error).__name__}: {error}"
    trace, line = error.__traceback__, ""
    while trace is not None:
        if not trace.tb_frame.f_code.co_filename.startswith("<frozen"):
            place = Path(trace.tb_frame.f_code.co_filename)
            line = f" in line {trace.tb_lineno} of {place}"
        trace = trace.tb_next
    if isinstance(error, SyntaxError) and error.filename:
        line = f" in line {error.lineno} of {error.filename}"
    return f"cannot be imported{line}: {told}"
