"""The models by name: of LatentQ, of packages that are installed beside it, and your own.

    @latentq.register("mine")
    class Mine(StateModel): ...

    python train.py model=mine plugin=my_module

A name stands for the class, which is imported when it is needed, and for the settings of its runs.
"""

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal, TypeVar, get_args

from pydantic import TypeAdapter, ValidationError

from latentq.config import packages
from latentq.config.fields import Plugins, Settings, describe
from latentq.config.schema.made import settings_of_class, settings_of_sections
from latentq.config.schema.near_term import NearTermSettings
from latentq.config.schema.quantum import QuantumSettings
from latentq.config.schema.run import FeaturesSettings, RunSettings
from latentq.errors import InputError, nearest, shown

C = TypeVar("C", bound=type)
Role = Literal["quantum", "matched", "classical", "control", "classifier"]
Given = type[Settings] | Mapping[str, type[Settings]] | None
TO_GENERATE = ("sample", "encode", "decode", "loss")


@dataclass(frozen=True)
class Entry:
    """A model that can be trained, saved and loaded by its name.

    Arguments:
        name: The name.
        target: The class, or where it is, as `module:Class`.
        given: The settings of its runs; made from the signature of the class if `None`.
        title: What a reader calls it.
        role: `quantum` is what the question is about; `matched` are classical priors with as many
            parameters in the same latent space; `classical` are other classical models;
            `control` are quantum models with one thing removed; a `classifier` generates nothing.
        module: The module that registered it.
    """

    name: str
    target: type | str
    given: Given
    title: str
    role: Role
    module: str

    @property
    def place(self) -> str:
        """Its module and the name of the class, with a colon between."""
        if isinstance(self.target, str):
            return self.target
        return f"{self.target.__module__}:{self.target.__qualname__}"

    @property
    def classifier(self) -> bool:
        """Whether it is a classifier, and generates nothing."""
        return self.role == "classifier"

    @property
    def plugin(self) -> str | None:
        """The module to import for it, `None` where LatentQ finds it by itself."""
        return None if packages.is_own(self.module) else self.module

    @cached_property
    def settings(self) -> type[RunSettings]:
        """The schema of its runs."""
        if isinstance(self.given, type) and issubclass(self.given, RunSettings):
            return self.given
        if self.given is None:
            return settings_of_class(self.name, self.load())
        return settings_of_sections(self.name, self.load(), self.given)

    def load(self) -> type:
        """Returns the class.

        Raises:
            InputError: If there is none, or a method is missing; or another module has the name
                of a package of LatentQ.
        """
        if isinstance(self.target, type):
            return self.target
        module, _, name = self.target.partition(":")
        try:
            found: Any = packages.import_module(module)
        except Exception as error:
            if packages.is_own(module):
                raise
            why = packages.why_not(error, module)
            raise InputError(f"{self.name}: its module {module} {why}") from error
        for part in name.split("."):
            found = getattr(found, part, None)
        if found is None:
            raise InputError(f"{self.name}: there is no class {name} in {module}")
        return _checked(self.name, found, self.role)


ENTRIES: dict[str, Entry] = {}
_FAILED: dict[str, str] = {}


def register(
    name: str,
    target: type | str | None = None,
    *,
    settings: Given = None,
    title: str | None = None,
    role: Role = "classical",
) -> Callable[[C], C]:
    """Gives a model a name, as a decorator of its class, or with the place of one.

    Arguments:
        name: The name: a letter, then letters, digits, `_` or `-`.
        target: The class, or `module:Class`, which is imported when it is needed; what is
            decorated if `None`.
        settings: The schema of a run, a subclass of
            :class:`~latentq.config.schema.run.RunSettings`; or that of the section `model`, or of
            several sections by their names. If `None`, the arguments of the class become the keys
            of `model`, with their types and defaults; its `seed` is that of the run.
        title: What a reader calls it; the name if `None`.
        role: What it is in a study, see :class:`Entry`.

    Returns:
        The decorator.

    Raises:
        InputError: If the name is none or is taken by another class, the class lacks a method, or
            its arguments have no types.
    """
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{0,63}", name):
        raise InputError(
            "register: a name must be a letter and then letters, digits, _ or -, was "
            f"{shown(name)}"
        )
    if role not in get_args(Role):
        raise InputError(
            f"register: role must be one of {', '.join(get_args(Role))}, was {shown(role)}"
        )
    caller = sys._getframe(1).f_globals.get("__name__", "")
    entry = Entry(name, target or "", settings, title or name, role, caller)
    if target is not None:
        _add(entry)

    def decorate(cls: C) -> C:
        _add(replace(entry, target=cls, module=cls.__module__))
        return cls

    return decorate


def _add(entry: Entry) -> None:
    if isinstance(entry.target, type):
        _checked(entry.name, entry.target, entry.role)
    elif not re.fullmatch(r"[\w.]+:[\w.]+", entry.target):
        raise InputError(
            f"{entry.name}: must be a class, or module:Class, was {shown(entry.target)}"
        )
    before = ENTRIES.get(entry.name)
    # A cell of a notebook, or a module that is read again, defines its class anew.
    if before is not None and before.place != entry.place:
        raise InputError(
            f"{entry.name}: is the name of {before.place} already, {entry.place} needs another"
        )
    if isinstance(entry.target, type) or isinstance(entry.given, Mapping):
        entry.settings  # noqa: B018  # made now, so that a mistake is told where it was made
    ENTRIES[entry.name] = entry


def _checked(name: str, found: Any, role: Role) -> type:  # noqa: ANN401
    """Returns a class that has the methods of a model.

    Raises:
        InputError: If it is none, or lacks some.
    """
    if not isinstance(found, type):
        raise InputError(f"{name}: must be a class, was {shown(found)}")
    needed = ("loss",) if role == "classifier" else TO_GENERATE
    abstract: frozenset[str] = getattr(found, "__abstractmethods__", frozenset())
    missing = [m for m in needed if not callable(getattr(found, m, None)) or m in abstract]
    missing += sorted(abstract - {*missing})
    if missing:
        raise InputError(f"{name}: {found.__qualname__} must have the method {missing[0]}")
    return found


register("quantum", "latentq.models.hybrid:LatentQ", settings=QuantumSettings, role="quantum")
register(
    "near_term",
    "latentq.models.near_term:NearTerm",
    settings=NearTermSettings,
    title="quantum, few gates",
    role="quantum",
)
register(
    "features",
    "latentq.models.classifier:Classifier",
    settings=FeaturesSettings,
    role="classifier",
)


def load_plugins(names: str | None) -> None:
    """Imports modules that register models.

    Arguments:
        names: Their names with commas between; nothing if `None`.

    Raises:
        InputError: If one cannot be imported; the message says why.
    """
    if names is None:
        return
    try:
        found = TypeAdapter(Plugins).validate_python(names)
    except ValidationError as error:
        raise InputError(f"plugin: must be {describe(Plugins)}, was {shown(names)}") from error
    for name in found.split(","):
        packages.import_plugin(name)


def _loaders() -> Iterator[tuple[str, Callable[[], object]]]:
    """Lists what registers models by being imported, that of LatentQ first."""
    for name in packages.own_packages():
        yield name, lambda name=name: packages.import_module(name)  # type: ignore[misc]
    for entry in packages.other_entry_points():
        yield entry.value, entry.load


def _known(name: str | None = None) -> dict[str, Entry]:
    """Returns the entries; asks for no more than one name, others are not imported for it."""
    if name in ENTRIES:
        return ENTRIES
    for module, load in _loaders():
        _FAILED.pop(module, None)
        try:
            load()
        except Exception as error:  # Whatever is wrong with it, other models are to be had.
            _FAILED[module] = packages.why_not(error, module)
        if name in ENTRIES:
            break
    return ENTRIES


def names() -> list[str]:
    """Lists the names of all models, in the order of the alphabet."""
    return sorted(_known())


def has(name: str) -> bool:
    """Whether there is a model of a name."""
    return name in _known(name)


def find(name: str, key: str = "model") -> Entry:
    """Returns the model of a name.

    Arguments:
        name: The name.
        key: What a message is about.

    Raises:
        InputError: If there is none; the message lists the names, and what could not be imported.
    """
    if isinstance(name, str) and has(name):
        return ENTRIES[name]
    listed = names()
    hint = nearest(name, listed) if isinstance(name, str) else ""
    failed = "".join(f"; {module} {why}" for module, why in _FAILED.items())
    raise InputError(f"{key}: must be one of {', '.join(listed)}, was {shown(name)}{hint}{failed}")
