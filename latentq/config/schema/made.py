"""Schemas that are made from the arguments of a class, or from sections of its author."""

import inspect
from collections.abc import Iterator, Mapping
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

from pydantic import create_model
from pydantic.errors import PydanticUserError

from latentq.config.fields import Folder, Settings
from latentq.config.schema.run import GenerativeSettings, ModelSettings, RunSettings
from latentq.config.schema.states import Phases
from latentq.errors import InputError, shown

OF_THE_RUN = ("self", "seed")


def settings_of_class(name: str, cls: type) -> type[RunSettings]:
    """Makes the schema of a run: the arguments of a class are the keys of its section `model`.

    Arguments:
        name: The name of the model.
        cls: Its class. The argument `seed` is that of the run.

    Raises:
        InputError: If an argument has no type, or one that no key can have.
    """
    model = _made(name, f"{cls.__name__}Arguments", ModelSettings, dict(_arguments(name, cls)))
    return settings_of_sections(name, cls, {"model": model})


def settings_of_sections(
    name: str, cls: type, given: type[Settings] | Mapping[str, type[Settings]]
) -> type[RunSettings]:
    """Makes the schema of a run from that of the section `model`, or of several sections.

    A class that trains its prior by iterations has a section `denoising`, and one whose latents
    are states may have the `autoencoder` of another one.

    Arguments:
        name: The name of the model.
        cls: Its class.
        given: The sections.
    """
    sections = dict(given) if isinstance(given, Mapping) else {"model": given}
    if hasattr(cls, "objective"):
        sections.setdefault("denoising", Phases)
    fields: dict[str, Any] = {key: _section(name, key, s) for key, s in sections.items()}
    latent = getattr(cls, "latent_space", None)
    if latent is not None:
        fields["autoencoder"] = (Folder | None, None)
    schema = _made(name, f"{cls.__name__}Settings", GenerativeSettings, fields)
    schema.__doc__ = inspect.getdoc(cls) or name
    schema.latent = latent
    schema.seeded = "seed" in inspect.signature(cls).parameters
    return schema


def _section(name: str, key: str, section: type[Settings]) -> tuple[type[Settings], Any]:
    """Returns the field of a section; its default are its own defaults, where it has all."""
    if key == "model" and not issubclass(section, ModelSettings):
        section = _made(name, section.__name__, (section, ModelSettings), {})
    needed = any(field.is_required() for field in section.model_fields.values())
    return section, ... if needed else section()


def _made(name: str, title: str, base: Any, fields: dict[str, Any]) -> Any:  # noqa: ANN401
    try:
        return create_model(title, __base__=base, __module__=__name__, **fields)
    except (PydanticUserError, TypeError, NameError) as error:
        why = str(error).splitlines()[0]
        raise InputError(f"{name}: its arguments make no settings: {why}") from error


def _arguments(name: str, cls: type) -> Iterator[tuple[str, tuple[Any, Any]]]:
    """Lists the arguments of a class with their types and defaults."""
    try:
        hints = get_type_hints(getattr(cls, "__init__"), include_extras=True)  # noqa: B009
    except NameError as error:
        raise InputError(f"{name}: {cls.__qualname__} has an argument whose {error}") from error
    for key, parameter in inspect.signature(cls).parameters.items():
        variable = parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL)
        if key in OF_THE_RUN or variable:
            continue
        if key not in hints:
            raise InputError(
                f"{name}: the argument {key} of {cls.__qualname__} must have a type, as in "
                f"{key}: int"
            )
        yield key, (_as_list(hints[key]), _default(name, key, parameter))


def _as_list(hint: Any) -> Any:  # noqa: ANN401
    """Makes a tuple of any length a list, as a configuration has no tuples."""
    inner = get_args(hint)
    return list[inner[0]] if get_origin(hint) is tuple and inner[1:] == (...,) else hint  # type: ignore[valid-type]


def _default(name: str, key: str, parameter: inspect.Parameter) -> Any:  # noqa: ANN401
    if parameter.default is parameter.empty:
        return ...
    default = parameter.default
    default = list(default) if isinstance(default, tuple) else default
    if not isinstance(default, (bool, int, float, str, list, dict, NoneType)):
        raise InputError(
            f"{name}: the default of the argument {key} must be a number, a text, a list or None, "
            f"was {shown(default)}"
        )
    return default
