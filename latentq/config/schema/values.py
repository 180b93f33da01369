"""Nested settings as one table of dotted keys, and relations between the values of several."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from latentq.config.fields import Settings, fields, section_of

Values = Mapping[str, Any]
Check = Callable[[Values], Iterator[str]]


def flat(schema: type[Settings], content: Values) -> dict[str, Any]:
    """Returns the values of nested content by the keys of a schema, as far as they are there."""
    found = {}
    for key, _ in fields(schema):
        value: Any = content
        for part in key.split("."):
            value = value.get(part, ...) if isinstance(value, Mapping) else ...
        if value is not ...:
            found[key] = value
    return found


def nested(values: Values) -> dict[str, Any]:
    """Returns values by dotted keys as nested content."""
    content: dict[str, Any] = {}
    for key, value in values.items():
        *sections, name = key.split(".")
        inner = content
        for section in sections:
            inner = inner.setdefault(section, {})
        inner[name] = value
    return content


def defaults(schema: type[Settings]) -> dict[str, Any]:
    """Returns the default values of a schema by their keys; a key that must be given has none."""
    return {
        key: field.get_default(call_default_factory=True)
        for key, field in fields(schema)
        if not field.is_required()
    }


@dataclass(frozen=True)
class Relation:
    """A check of values that have to fit together.

    Arguments:
        keys: The keys without which, or with a wrong or null value of which, there is no check.
        check: Says what does not fit, given all values that are fine by themselves.
    """

    keys: tuple[str, ...]
    check: Check


Relations = tuple[Relation, ...]


def relation(*keys: str) -> Callable[[Check], Relation]:
    """Makes a check of some keys a relation, for the `relations` of a schema or section."""
    return lambda check: Relation(keys, check)


def relations_of(schema: type[Settings]) -> list[Relation]:
    """Lists the relations of a schema and of its sections."""
    sections = map(section_of, schema.model_fields.values())
    found = [
        relation
        for part in (schema, *(section for section in sections if section))
        for base in part.__mro__
        for relation in vars(base).get("relations", ())
    ]
    return list(dict.fromkeys(found))


def unrelated(
    schema: type[Settings], values: Values, wrong: Collection[str] = ()
) -> Iterator[str]:
    """Lists what does not fit together.

    Arguments:
        schema: The schema.
        values: The values by their keys.
        wrong: The keys that are wrong by themselves, or parts or sections of these.
    """
    fine = {key: v for key, v in values.items() if not any(_overlap(key, w) for w in wrong)}
    for relation in relations_of(schema):
        if all(fine.get(key) is not None for key in relation.keys):
            yield from relation.check(fine)


def _overlap(key: str, other: str) -> bool:
    return f"{key}.".startswith(f"{other}.") or f"{other}.".startswith(f"{key}.")
