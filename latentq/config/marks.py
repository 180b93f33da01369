"""Marks of the types of options: what pydantic checks by them, and what a message says.

A field of a schema has them in its type:

    arms: Annotated[tuple[Annotated[str, OneOf(ARMS)], ...], Commas(every=ARMS)]
"""

from collections.abc import Collection, Iterable
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

EVERY = "all"


class Must:
    """Says what a value must be, where its type alone does not.

    Arguments:
        text: What follows `must be`.
    """

    def __init__(self, text: str) -> None:
        self._text = text

    @property
    def text(self) -> str:
        """What follows `must be`."""
        return self._text


class OneOf(Must):
    """Marks a text that must be one of some words.

    Arguments:
        words: The words; a table of them may grow.
    """

    def __init__(self, words: Collection[str]) -> None:
        self.words = words

    @property
    def text(self) -> str:
        """What follows `must be`."""
        return f"one of {', '.join(self.words)}"

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Adds the check to that of the type."""
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def _check(self, word: str) -> str:
        if word not in self.words:
            raise ValueError
        return word


class Commas:
    """Marks a tuple that is written with commas between its entries, as `4,6,8`.

    Arguments:
        every: What `all` stands for, where that may be written; a table may grow.
        once: Whether an entry may come only once.
        ordered: Whether entries are sorted, and each is kept once.
    """

    def __init__(
        self, every: Collection[str] = (), *, once: bool = False, ordered: bool = False
    ) -> None:
        self.every, self.once, self.ordered = every, once, ordered

    def describe(self, entry: str, least: int) -> str:
        """Says what the list must be.

        Arguments:
            entry: What an entry must be.
            least: The smallest number of entries.
        """
        every, once = ("all, or " if self.every else ""), (", none twice" if self.once else "")
        return f"{every}{least or 'one'} or more with commas{once}, each {entry}"

    def write(self, entries: Iterable[Any]) -> str:
        """Writes a list as it stands on a command line."""
        listed = tuple(entries)
        return EVERY if self.every and listed == tuple(self.every) else joined(listed)

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Adds the reading of a text to the check of the type."""
        inner = core_schema.no_info_after_validator_function(self._arrange, handler(source))
        return core_schema.no_info_before_validator_function(self._split, inner)

    def _split(self, value: object) -> object:
        if value == EVERY and self.every:
            return tuple(self.every)
        return tuple(value.split(",")) if isinstance(value, str) else value

    def _arrange(self, entries: tuple[Any, ...]) -> tuple[Any, ...]:
        if self.once and len(set(entries)) < len(entries):
            raise ValueError
        return tuple(sorted(set(entries))) if self.ordered else entries


def joined(entries: Iterable[Any]) -> str:
    """Writes a list with commas, whole numbers without a point."""
    words = (str(entry) for entry in entries)
    return ",".join(word.removesuffix(".0") for word in words)


def _kinds(annotation: Any, marks: Iterable[Any]) -> list[Any]:  # noqa: ANN401
    nested = get_origin(annotation) in (Union, UnionType, Annotated)
    return [*marks, *(get_args(annotation) if nested else ())]


def choices(annotation: Any, marks: Iterable[Any] = ()) -> tuple[str, ...]:  # noqa: ANN401
    """Returns the words that a type allows, or an entry of it; none where it is not of words.

    Arguments:
        annotation: The type, or a mark of one.
        marks: The marks of the type, where they are told apart from it.
    """
    if isinstance(annotation, OneOf):
        return tuple(annotation.words)
    if get_origin(annotation) is Literal:
        return tuple(map(str, get_args(annotation)))
    entries = get_args(annotation) if get_origin(annotation) is tuple else ()
    inner = (choices(kind) for kind in (*_kinds(annotation, marks), *entries))
    return tuple(word for words in inner for word in words)


def commas_of(annotation: Any, marks: Iterable[Any] = ()) -> Commas | None:  # noqa: ANN401
    """Returns the mark of a list with commas, `None` where a type is none.

    Arguments:
        annotation: The type, one of some types, or a mark.
        marks: The marks of the type, where they are told apart from it.
    """
    if isinstance(annotation, Commas):
        return annotation
    found = map(commas_of, _kinds(annotation, marks))
    return next((mark for mark in found if mark), None)
