"""Settings whose types, ranges and defaults pydantic checks, and mistakes told in one line each.

A schema is a subclass of :class:`Settings`. Its fields say what a value must be by their type, and
what it is for by their description:

    class Images(Settings):
        lr: Positive = Field(0.003, le=1, description="the largest learning rate of AdamW")
"""

import os
from collections.abc import Iterator, Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, MaxLen, MinLen
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError
from pydantic.fields import FieldInfo

from latentq.config.marks import Must, choices, commas_of
from latentq.errors import LONGEST, InputError, nearest, shown

S = TypeVar("S", bound="Settings")


class Settings(BaseModel):
    """A schema: keys with their types, ranges, defaults and descriptions."""

    # True is no 1, and "3" is no 3; words of a command line are read by `from_words`.
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


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


NAMED = Must(f"a name of at most {LONGEST} bytes without / or \\")
Name = Annotated[str, AfterValidator(_named), NAMED]
Folder = Annotated[str, AfterValidator(_placed), Must("a path")]
MODULES = Must("a module, such as my_module for my_module.py, or several with commas between")
Text = Annotated[str, AfterValidator(_text)]
Plugins = Annotated[str, AfterValidator(_modules), MODULES]
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
        known = get_args(annotation)
        return f"one of {', '.join(map(str, known))}" if len(known) > 1 else str(known[0])
    if said := [mark.text for mark in marks if isinstance(mark, Must)]:
        return said[-1]
    if origin is list:
        return f"a list{_length(marks)}, each {describe(get_args(annotation)[0])}"
    if commas := commas_of(annotation, marks):
        least = int(_bound(marks, MinLen, "min_length") or 0)
        return commas.describe(describe(get_args(annotation)[0]), least)
    plain = {bool: "true or false", str: "text", int: "an integer", float: "a number"}
    return f"{plain.get(annotation, 'a value')}{_range(marks)}"


def _length(marks: list[Any]) -> str:
    low, high = _bound(marks, MinLen, "min_length"), _bound(marks, MaxLen, "max_length")
    return "" if high is None else f" of {low or 0} to {high}"


def describe_field(field: FieldInfo) -> str:
    """Says what the value of a field must be."""
    return describe(field.annotation, list(field.metadata))


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
            yield f"{prefix}{field.alias or name}", field


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
        is_key = not parts and isinstance(item["input"], str)  # One that is no Unicode.
        key = item["input"] if is_key else ".".join(parts)
        field = next((known[k] for k in _beginnings(parts) if k in known), None)
        if is_key or item["type"] == "extra_forbidden":
            hint = nearest(key, known)
            found.setdefault(key, f"{key[:LONGEST]}: there is no such {noun}{hint}")
        elif item["type"] == "missing":
            found.setdefault(key, f"{key}: must be given")
        elif field is None and item["type"] in ("model_type", "model_attributes_type"):
            name = key or "settings"
            found[name] = f"{name}: must be a section with keys, was {shown(item['input'])}"
        elif field is None or isinstance(_cause(item), InputError):  # A validator says it all.
            cause = _cause(item) or item["msg"]
            for text in cause.mistakes if isinstance(cause, InputError) else [str(cause)]:
                name = text.partition(":")[0]
                found[text if name in found else name] = text
        else:
            name = _shown_key(parts, known)
            value, commas = item["input"], commas_of(field.annotation, field.metadata)
            words = choices(field.annotation, field.metadata)
            hint = nearest(value, words) if isinstance(value, str) else ""
            value = commas.write(value) if commas and isinstance(value, tuple) else value
            must = _inner(field, parts, known)
            found.setdefault(name, f"{name}: must be {must}, was {shown(value)}{hint}")
    # Of a number or a list of numbers, what is wrong with an entry says more than with the whole.
    lists = {key.rpartition(".")[0] for key in found if key.rpartition(".")[2].isdigit()}
    return {key: text for key, text in found.items() if key not in lists}


def is_free_text(field: FieldInfo) -> bool:
    """Whether a field is text, and none of some words."""
    kinds = [field.annotation, *get_args(field.annotation)]
    kinds += [inner for kind in kinds for inner in get_args(kind)]
    return str in kinds and not choices(field.annotation, field.metadata)


def _cause(item: Mapping[str, Any]) -> object:
    """Returns what a validator raised, `None` where pydantic itself found a mistake."""
    return dict(item.get("ctx") or {}).get("error")


def _beginnings(parts: list[str]) -> Iterator[str]:
    return (".".join(parts[:end]) for end in range(len(parts), 0, -1))


def _shown_key(parts: list[str], known: Mapping[str, FieldInfo]) -> str:
    """Returns a key with the place in a list, and without pydantic's names of types."""
    key = next(k for k in _beginnings(parts) if k in known)
    if commas_of(known[key].annotation, known[key].metadata):
        return key
    places = [part for part in parts[key.count(".") + 1 :] if part.isdigit()]
    return ".".join([key, *places])


def _inner(field: FieldInfo, parts: list[str], known: Mapping[str, FieldInfo]) -> str:
    """Says what an entry of a list must be, where it is one that is wrong."""
    if not parts[-1].isdigit() or commas_of(field.annotation, field.metadata):
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
    if isinstance(value, tuple):
        commas = commas_of(field.annotation, field.metadata)
        return commas.write(value) if commas else " ".join(value)
    words = {None: "null", True: "true", False: "false"}
    if isinstance(value, list):
        return f"[{','.join(map(str, value))}]"
    return words[value] if value is None or isinstance(value, bool) else str(value)
