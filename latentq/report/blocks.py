"""What a page is made of, before it is HTML or Markdown. No text in a block is escaped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Paragraph:
    """A paragraph; `tone` is `text`, `note` (small) or `warning` (set apart)."""

    text: str
    tone: str = "text"
    kind: str = "paragraph"


@dataclass(frozen=True)
class Bullets:
    """A list."""

    items: Sequence[str]
    kind: str = "bullets"


@dataclass(frozen=True)
class Table:
    """A table. The first cell of a row names it; rows in `strong` are set apart.

    With `values` a reader can sort it: they are what each cell is sorted by, `None` last.
    """

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    numeric: bool = True
    strong: frozenset[int] = frozenset()
    values: Sequence[Sequence[float | str | None]] = ()
    kind: str = "table"


@dataclass(frozen=True)
class Image:
    """A picture, inlined. Without `uri` it is missing, and `alt` says what it would have shown.

    `sources` are `(media query, uri)` pairs that replace it; `path` is its file, if it has one,
    and Markdown links it if it is `linked`.
    """

    alt: str
    uri: str | None = None
    sources: Sequence[tuple[str, str]] = ()
    path: Path | None = None
    linked: bool = True


@dataclass(frozen=True)
class Gallery:
    """Pictures side by side."""

    items: Sequence[Image]
    kind: str = "gallery"


@dataclass(frozen=True)
class Code:
    """Text as it is, in a fixed-width font."""

    text: str
    kind: str = "code"


@dataclass(frozen=True)
class Details:
    """Blocks that are folded away."""

    title: str
    blocks: Sequence[Block]
    kind: str = "details"


@dataclass(frozen=True)
class Section:
    """A heading of some level with its blocks; without blocks a page leaves it out."""

    title: str
    blocks: Sequence[Block]
    level: int = 3


@dataclass(frozen=True)
class Document:
    """A whole page. `verdict` stands large above it; `script` lets a reader sort tables."""

    title: str
    headlines: Sequence[str]
    remarks: Sequence[Block]
    sections: Sequence[Section]
    verdict: str = ""
    script: bool = False


Block = Paragraph | Bullets | Table | Gallery | Code | Details
