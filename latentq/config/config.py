"""The configuration, checked as a whole before anything else happens.

A mistake is answered with the key, what it must be, what it was, and the nearest name that exists.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from latentq.config import registry
from latentq.config.fields import Settings, fields, is_free_text, mistakes_of, section_of
from latentq.config.renamed import current_name
from latentq.config.schema.data import AUTO, CLASSES, features_of_data
from latentq.config.schema.run import RunSettings
from latentq.config.schema.values import flat, nested, unrelated
from latentq.errors import LONGEST, InputError, nearest, shown
from latentq.paths import TRAINING

Config = dict[str, Any]
LISTED = f"; `{TRAINING} --help` lists all keys"


def leaves(config: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:  # noqa: ANN401
    """Lists the leaves of a nested configuration as dotted keys and values."""
    items = config.items() if isinstance(config, dict) else enumerate(config)
    for key, value in items:
        name = f"{prefix}{key}"
        if isinstance(value, (dict, list)):
            yield from leaves(value, f"{name}.")
        else:
            yield name, value


def known_fields() -> Iterator[tuple[str, FieldInfo]]:
    """Lists the keys of all models with their fields, those of the quantum model first."""
    yield from fields(registry.find("quantum").settings)
    for name in registry.names():  # They are imported where a key is not found before.
        yield from fields(registry.find(name).settings)


def is_key(key: str) -> bool:
    """Whether a model has a key or a section of this name."""
    return any(f"{name}.".startswith(f"{key}.") for name, _ in known_fields())


def is_text(key: str) -> bool:
    """Whether the value of a key is text, and none of some words."""
    field = next((field for name, field in known_fields() if name == key), None)
    return field is not None and is_free_text(field)


def unknown_key(key: str, kind: str | None = None) -> str:
    """Says that there is no such key, or that a kind of model has none, and where keys are."""
    if (now := current_name(key)) != key:
        return f"{key}: is called {now} now"
    if kind is not None and is_key(key):
        return f"{key}: a model={kind} has no such key"
    known = dict(known_fields())
    return f"{key[:LONGEST]}: there is no such key{nearest(key, known) or LISTED}"


def _known_part(schema: type[Settings], content: Config, extra: list[str], at: str = "") -> Config:
    """Returns the part of a configuration that a schema knows, and notes the other keys."""
    part = {}
    for name, value in content.items():
        field = schema.model_fields.get(name)
        if field is None:
            extra.append(f"{at}{name}")
        elif isinstance(value, dict) and (section := section_of(field)):
            part[name] = _known_part(section, value, extra, f"{at}{name}.")
        else:
            part[name] = value
    return part


def schema_of(config: Config) -> type[RunSettings]:
    """Returns the schema of the model of a configuration.

    Raises:
        InputError: If it names none.
    """
    model = config.get("model")
    kind = model.get("kind") if isinstance(model, dict) else None
    if kind is None:
        raise InputError("model.kind: must be given")
    return registry.find(kind, "model.kind").settings


def settings_of(config: Config) -> RunSettings:
    """Returns a configuration as the settings of its model, all of whose values are fine.

    Raises:
        InputError: If keys or values are wrong, or do not fit together; it lists all mistakes.
    """
    schema, extra = schema_of(config), list[str]()
    known = _known_part(schema, config, extra)
    mistakes = [unknown_key(key, config["model"]["kind"]) for key in extra]
    try:
        found = schema.model_validate(known)
    except ValidationError as error:
        mistakes += mistakes_of(error, schema).values()
    if mistakes:
        raise InputError(*mistakes)
    return found


def validate(config: Config) -> Config:
    """Checks a configuration as a whole and returns it, with the defaults of what it lacks.

    In what is returned, `~` in paths and the `auto` of `metrics.features` are put into full.

    Raises:
        InputError: If keys or values are wrong, or do not fit together; it lists all mistakes.
    """
    found = settings_of(config).model_dump()
    features = features_of_data(found["data"]["name"])
    if found["metrics"]["features"] == AUTO and features is not None:
        found["metrics"]["features"] = features
    return found


def arguments_of(config: Config, classes: int = CLASSES) -> dict[str, Any]:
    """Returns the arguments that build the model of a configuration.

    Arguments:
        config: The configuration.
        classes: The number of classes of the data, see :meth:`RunSettings.arguments`.
    """
    return settings_of(config).arguments(classes)


def check_arguments(kind: str, arguments: Mapping[str, Any]) -> None:
    """Checks the arguments of a saved model as the configuration of its run is checked.

    A description that somebody wrote could otherwise ask for any amount of memory.

    Arguments:
        kind: The kind of model.
        arguments: What its class is to be called with.

    Raises:
        InputError: If some are wrong; it lists all mistakes.
    """
    schema = registry.find(kind, "kind").settings
    keys = {name: key for key, _ in fields(schema) if (name := schema.argument(key))}
    given, mistakes, known = dict[str, Any](), list[str](), {}
    for name, value in _spread(arguments):
        if name == "classes" and "conditional" in keys:
            known["model.classes"] = value  # The data tell it, so that there is no such key.
        elif name in keys:
            given[keys[name]] = value
        else:
            mistakes.append(f"{name[:LONGEST]}: no {kind} model has it{nearest(name, keys)}")
    classes = known.get("model.classes", CLASSES)
    if type(classes) is not int or not 1 <= classes <= CLASSES:
        known = {}
        mistakes.append(
            f"classes: must be an integer, at least 1 and at most {CLASSES}, was {shown(classes)}"
        )
    try:
        schema.model_validate(nested(given), context=known)
    except ValidationError as error:
        mistakes += mistakes_of(error, schema).values()
    if mistakes:
        raise InputError(*mistakes)


def _spread(arguments: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Lists arguments, those in a dictionary with a dot."""
    for name, value in arguments.items():
        if isinstance(value, dict):
            yield from ((f"{name}.{key}", inner) for key, inner in value.items())
        else:
            yield name, value


def check_training_images(config: Config, counts: Sequence[int]) -> None:
    """Checks that there are the training images that a configuration needs.

    Arguments:
        config: The configuration.
        counts: The number of training images of each class.

    Raises:
        InputError: If they are too few, or a class has none and is to be generated.
    """
    # What depends on the number of classes can be checked now, where the data are own images.
    schema, found = schema_of(config), {"model.classes": len(counts), "data.images": sum(counts)}
    mistakes = list(unrelated(schema, {**flat(schema, config), **found}))
    missing = [str(label) for label, count in enumerate(counts) if not count]
    if missing and config["model"].get("conditional"):
        mistakes = [
            f"model.conditional: needs training images of all {len(counts)} classes, "
            f"{len(missing)} of them have none ({', '.join(missing)}); raise data.limit, or set "
            "it to false"
        ]
    if mistakes:
        raise InputError(*mistakes)
