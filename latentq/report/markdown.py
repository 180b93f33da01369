"""A report as Markdown, with every text from outside escaped."""

import html
import os
import re
from pathlib import Path
from urllib.parse import quote

from latentq.report.blocks import (
    Block,
    Bullets,
    Code,
    Details,
    Document,
    Paragraph,
    Picture,
    Pictures,
    Table,
)

SPECIAL = re.compile(r"([\\`*_\[\]|~$#])")


def escape(text: str) -> str:
    """Makes a text mean itself in Markdown, in one line: no HTML, no pipes, no emphasis."""
    return SPECIAL.sub(r"\\\1", html.escape(" ".join(text.split()), quote=False))


def markdown(document: Document, out: Path) -> str:
    """Writes a report as Markdown.

    Arguments:
        document: The report.
        out: The folder that it is for, from which pictures are linked.
    """
    parts = [f"# {escape(document.title)}"]
    leads = [document.verdict, *document.headlines] if document.verdict else document.headlines
    parts += [f"**{escape(text)}**" for text in leads]
    parts += [_block(block, out) for block in document.remarks]
    for section in document.sections:
        parts.append(f"{'#' * section.level} {escape(section.title)}")
        parts += [_block(block, out) for block in section.blocks]
    return "\n\n".join(part for part in parts if part) + "\n"


def _block(block: Block, out: Path) -> str:
    """Writes a block."""
    match block:
        case Paragraph(text, tone):
            return f"> **Note.** {escape(text)}" if tone == "warning" else escape(text)
        case Bullets(items):
            return "\n".join(f"- {escape(item)}" for item in items)
        case Table():
            return _table(block)
        case Pictures(items):
            return " ".join(filter(None, (_picture(picture, out) for picture in items)))
        case Code(text):
            return "\n".join(f"    {line}" for line in text.splitlines())
        case Details(title, blocks):
            inside = "\n\n".join(_block(inner, out) for inner in blocks)
            return f"<details><summary>{escape(title)}</summary>\n\n{inside}\n\n</details>"


def _table(table: Table) -> str:
    """Writes a table; the row that is set apart is bold."""
    line = "---:" if table.numeric else "---"
    cells = [" | ".join(["---", *[line] * (len(table.head) - 1)])]
    for i, row in enumerate(table.rows):
        bold = "**" if i in table.strong else ""
        cells.append(" | ".join(f"{bold}{escape(cell)}{bold}" for cell in row))
    head = " | ".join(escape(cell) for cell in table.head)
    return "\n".join(f"| {line} |" for line in (head, *cells))


def _picture(picture: Picture, out: Path) -> str:
    """Links a picture that is a file, and says if one is missing; others are in the HTML only."""
    if picture.uri is None:
        return f"{escape(picture.alt)}: missing."
    if picture.path is None or not picture.linked:
        return f"{escape(picture.alt)}: drawn in report.html."
    try:
        link = Path(os.path.relpath(picture.path, out)).as_posix()
    except ValueError:  # Another drive of Windows.
        link = picture.path.as_uri()
    return f"![{escape(picture.alt)}]({quote(link, safe='/:%' if '://' in link else '/')})"
