"""Settings whose types, ranges and defaults pydantic checks, and mistakes told in one line each.

A schema is a subclass of :class:`Settings`. Its fields say what a value must be by their type, and
what it is for by their description:

    class Images(Settings):
        lr: Positive = Field(0.003, le=1, description="the largest learning rate of AdamW")
"""

import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, MaxLen, MinLen
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError
from pydantic.fields import FieldInfo

from latentq.errors import LONGEST, InputError, nearest, shown

S = TypeVar("S", bound="Settings")


class Settings(BaseModel):
    """A schema: keys with their types, ranges, defaults and descriptions."""

    # True is no 1, and "3" is no 3; words of a command line are read by `from_words`.
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class Plain:
    """Marks a text that must be the name of a file, without a folder."""


class Place:
    """Marks a text that must be a path."""


@dataclass(frozen=True)
class Words:
    """Marks a text that must be one of some words, which may become more."""

    known: Collection[str]


class Modules:
    """Marks a text that must be names of Python modules."""


def _named(text: str) -> str:
    """Refuses what is not the name of a file or folder in another one, on any system."""
    named = text not in ("", ".", "..") and not set(text) & set("/\\")
    if not (named and text.isprintable() and len(text.encode()) <= LONGEST):
        raise ValueError
    return text


def _placed(text: str) -> str:
    """Refuses what can be no path, or cannot be written down as one, and fills in its home.

    A shell fills in a `~` at the beginning of a word only, and not in `key=~/folder`.
    """
    if not text or "\0" in text or not _encodes(text):
        raise ValueError
    return os.path.expanduser(text)


def _encodes(text: str) -> bool:
    try:
        return bool(text.encode())
    except UnicodeEncodeError:  # Bytes that are no text in the encoding of this system.
        return False


def _text(text: str) -> str:
    if "\0" in text:
        raise ValueError
    return text


def is_module(text: str) -> bool:
    """Whether a text can be the name of a module."""
    return len(text) <= LONGEST and all(part.isidentifier() for part in text.split("."))


def _modules(text: str) -> str:
    if not all(map(is_module, text.split(","))):
        raise ValueError
    return text


Name = Annotated[str, AfterValidator(_named), Plain()]
Folder = Annotated[str, AfterValidator(_placed), Place()]
Text = Annotated[str, AfterValidator(_text)]
Plugins = Annotated[str, AfterValidator(_modules), Modules()]
Count = Annotated[int, Ge(1)]
Size = Annotated[int, Ge(0)]
Positive = Annotated[float, Gt(0)]
Share = Annotated[float, Ge(0)]
Seed = Annotated[int, Ge(0), Le(2**32 - 1)]


def _bound(marks: list[Any], kind: type, name: str) -> float | None:
    found = [getattr(mark, name) for mark in marks if isinstance(mark, kind)]
    return found[-1] if found else None


def _range(marks: list[Any]) -> str:
    low, above, high = (_bound(marks, *x) for x in ((Ge, "ge"), (Gt, "gt"), (Le, "le")))
    parts = [f"above {above:g}"] if above is not None else []
    parts += [f"at least {low:.12g}"] if low is not None else []
    parts += [f"at most {high:.12g}"] if high is not None else []
    return ", " + " and ".join(parts) if parts else ""


def describe(annotation: Any, marks: list[Any] | None = None) -> str:  # noqa: ANN401
    """Says what a value of a type must be.

    Arguments:
        annotation: The type, as a field of a schema has it.
        marks: Its bounds and marks, where they are told apart from the type.
    """
    marks, origin = list(marks or []), get_origin(annotation)
    if origin is Annotated:
        inner, *more = get_args(annotation)
        return describe(inner, [*more, *marks])
    if origin in (Union, UnionType):
        words = [describe(kind, marks) for kind in get_args(annotation) if kind is not NoneType]
        return " or ".join([*words, "null"] if NoneType in get_args(annotation) else words)
    if origin is Literal:
        return f"one of {', '.join(map(str, get_args(annotation)))}"
    if origin is list:
        return f"a list{_length(marks)}, each {describe(get_args(annotation)[0])}"
    if annotation is str:
        return next((text for mark in marks if (text := _text_of(mark))), "text")
    plain = {bool: "true or false", int: "an integer", float: "a number"}
    return f"{plain.get(annotation, 'a value')}{_range(marks)}"


def _length(marks: list[Any]) -> str:
    low, high = _bound(marks, MinLen, "min_length"), _bound(marks, MaxLen, "max_length")
    return "" if high is None else f" of {low or 0} to {high}"


def _text_of(mark: Any) -> str:  # noqa: ANN401
    """Says what a mark wants of a text, nothing if it is of another kind."""
    if isinstance(mark, Words):
        return f"one of {', '.join(mark.known)}"
    texts = {
        Plain: f"a name of at most {LONGEST} bytes without / or \\",
        Place: "a path",
        Modules: "a module, such as my_module for my_module.py, or several with commas between",
    }
    return texts.get(type(mark), "")


def describe_field(field: FieldInfo) -> str:
    """Says what the value of a field must be."""
    return describe(field.annotation, list(field.metadata))


def choices(annotation: Any) -> tuple[str, ...]:  # noqa: ANN401
    """Returns the words that a type or a mark allows, none where it is not of words."""
    if isinstance(annotation, Words):
        return tuple(annotation.known)
    if get_origin(annotation) is Literal:
        return tuple(map(str, get_args(annotation)))
    inner = get_args(annotation) if get_origin(annotation) in (Union, UnionType, Annotated) else ()
    return tuple(word for kind in inner for word in choices(kind))


def section_of(field: FieldInfo | None) -> type[Settings] | None:
    """Returns the schema of a field that is a section, `None` if it is none."""
    kind = None if field is None else field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, Settings) else None


def fields(schema: type[Settings], prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Lists the keys of a schema, those of its sections with dots, and their fields."""
    for name, field in schema.model_fields.items():
        if section := section_of(field):
            yield from fields(section, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", field


def mistakes_of(
    error: ValidationError, schema: type[Settings], noun: str = "key"
) -> dict[str, str]:
    """Says what is wrong with each key, by the key.

    Arguments:
        error: What pydantic found.
        schema: The schema.
        noun: What a key is called, `key` or `option`.
    """
    known: dict[str, FieldInfo] = dict(fields(schema))
    found: dict[str, str] = {}
    for item in error.errors():
        parts = [str(part) for part in item["loc"]]
        key = ".".join(parts)
        field = next((known[k] for k in _beginnings(parts) if k in known), None)
        if item["type"] == "extra_forbidden":
            hint = nearest(key, known)
            found.setdefault(key, f"{key[:LONGEST]}: there is no such {noun}{hint}")
        elif item["type"] == "missing":
            found.setdefault(key, f"{key}: must be given")
        elif field is None and item["type"] in ("model_type", "model_attributes_type"):
            name = key or "settings"
            found[name] = f"{name}: must be a section with keys, was {shown(item['input'])}"
        elif field is None:  # Of a validator, which says it all.
            cause = dict(item.get("ctx") or {}).get("error", item["msg"])
            for text in cause.mistakes if isinstance(cause, InputError) else [str(cause)]:
                name = text.partition(":")[0]
                found[text if name in found else name] = text
        else:
            name = _shown_key(parts, known)
            value = item["input"]
            hint = nearest(value, _choices_of(field)) if isinstance(value, str) else ""
            must = _inner(field, parts, known)
            found.setdefault(name, f"{name}: must be {must}, was {shown(value)}{hint}")
    # Of a number or a list of numbers, what is wrong with an entry says more than with the whole.
    lists = {key.rpartition(".")[0] for key in found if key.rpartition(".")[2].isdigit()}
    return {key: text for key, text in found.items() if key not in lists}


def _choices_of(field: FieldInfo) -> tuple[str, ...]:
    return tuple(word for part in (field.annotation, *field.metadata) for word in choices(part))


def is_free_text(field: FieldInfo) -> bool:
    """Whether a field is text, and none of some words."""
    kinds = [field.annotation, *get_args(field.annotation)]
    kinds += [inner for kind in kinds for inner in get_args(kind)]
    return str in kinds and not _choices_of(field)


def _beginnings(parts: list[str]) -> Iterator[str]:
    return (".".join(parts[:end]) for end in range(len(parts), 0, -1))


def _shown_key(parts: list[str], known: Mapping[str, FieldInfo]) -> str:
    """Returns a key with the place in a list, and without pydantic's names of types."""
    key = next(k for k in _beginnings(parts) if k in known)
    places = [part for part in parts[key.count(".") + 1 :] if part.isdigit()]
    return ".".join([key, *places])


def _inner(field: FieldInfo, parts: list[str], known: Mapping[str, FieldInfo]) -> str:
    """Says what an entry of a list must be, where it is one that is wrong."""
    if not parts[-1].isdigit():
        return describe_field(field)
    kinds = [field.annotation, *get_args(field.annotation)]
    listed = next(kind for kind in kinds if get_origin(kind) is list)
    return describe(get_args(listed)[0])


def from_words(schema: type[S], words: Mapping[str, str], noun: str = "option") -> S:
    """Reads the words of a command line, where numbers, `true` and `null` are text.

    Arguments:
        schema: The schema.
        words: The words by their keys.
        noun: What to call a key in a message.

    Raises:
        InputError: If keys are unknown or missing, or values wrong; it lists all mistakes.
    """
    known = dict(fields(schema))
    nulls = [key for key, word in words.items() if word == "null" and optional(known.get(key))]
    try:
        return schema.model_validate({**words, **dict.fromkeys(nulls)}, strict=False)
    except ValidationError as error:
        raise InputError(*mistakes_of(error, schema, noun).values()) from error


def optional(field: FieldInfo | None) -> bool:
    """Whether a field may be null."""
    return field is not None and NoneType in get_args(field.annotation)


def listing(schema: type[Settings]) -> list[str]:
    """Lists the keys of a schema for `--help`: default, what a value must be, what it is for."""
    rows = [
        (f"{key}={_default(field)}", describe_field(field), field.description or "")
        for key, field in fields(schema)
    ]
    wide = max((len(key) for key, *_ in rows), default=0)
    return [f"  {key:<{wide}}  {must}{'; ' if text else ''}{text}" for key, must, text in rows]


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "..."
    value = field.get_default(call_default_factory=True)
    words = {None: "null", True: "true", False: "false"}
    if isinstance(value, list):
        return f"[{','.join(map(str, value))}]"
    return words[value] if value is None or isinstance(value, bool) else str(value)
