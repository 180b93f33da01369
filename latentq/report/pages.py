"""A document as HTML, Markdown and JSON, written all or none."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
from collections.abc import Mapping
from html import escape as escape_html
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import jinja2
from markupsafe import Markup

from latentq.errors import InputError
from latentq.paths import write_together
from latentq.report.blocks import (
    Block,
    Bullets,
    Code,
    Details,
    Document,
    Gallery,
    Image,
    Paragraph,
    Table,
)
from latentq.report.plots.palette import DARK, LIGHT
from latentq.report.tables import csv_text, markdown_table

if TYPE_CHECKING:
    from latentq.report.tables import Frame

SPECIAL = re.compile(r"([\\`*_\[\]|~$#])")


def html(document: Document) -> str:
    """Writes a document as one HTML file that asks for nothing from outside."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    script = environment.get_template("page.js.j2").render()
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return environment.get_template("report.html.j2").render(
        document=document, script=Markup(script), digest=digest, light=LIGHT, dark=DARK
    )


def escape(text: str) -> str:
    """Makes a text mean itself in Markdown, in one line: no HTML, no pipes, no emphasis."""
    return SPECIAL.sub(r"\\\1", escape_html(" ".join(text.split()), quote=False))


def markdown(document: Document, out: Path) -> str:
    """Writes a document as Markdown, with every text escaped.

    Arguments:
        document: The document.
        out: The folder that it is for, from which pictures are linked.
    """
    parts = [f"# {escape(document.title)}"]
    leads = [document.verdict, *document.headlines] if document.verdict else document.headlines
    parts += [f"**{escape(text)}**" for text in leads]
    parts += [_block(block, out) for block in document.remarks]
    for section in document.sections:
        if section.blocks:
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
        case Table(head, rows, numeric, strong):
            texts = [[escape(cell) for cell in row] for row in rows]
            return markdown_table([escape(cell) for cell in head], texts, numeric, strong)
        case Gallery(items):
            return " ".join(_image(image, out) for image in items)
        case Code(text):
            return "\n".join(f"    {line}" for line in text.splitlines())
        case Details(title, blocks):
            inside = "\n\n".join(_block(inner, out) for inner in blocks)
            return f"<details><summary>{escape(title)}</summary>\n\n{inside}\n\n</details>"


def _image(image: Image, out: Path) -> str:
    """Links a picture that is a file, and says if one is missing; others are in the HTML only."""
    if image.uri is None:
        return f"{escape(image.alt)}: missing."
    if image.path is None or not image.linked:
        return f"{escape(image.alt)}: drawn in report.html."
    try:
        link = Path(os.path.relpath(image.path, out)).as_posix()
    except ValueError:  # Another drive of Windows.
        link = image.path.as_uri()
    return f"![{escape(image.alt)}]({quote(link, safe='/:%' if '://' in link else '/')})"


def json_text(content: Mapping[str, Any]) -> str:
    """Writes JSON, with `null` for numbers that it does not know; equal content, equal bytes."""
    text = json.dumps(
        _clean(content), indent=1, sort_keys=True, allow_nan=False, ensure_ascii=False
    )
    return text + "\n"


def _clean(value: Any) -> Any:  # noqa: ANN401
    """Replaces numbers that JSON does not know by `None`."""
    if isinstance(value, dict):
        return {key: _clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(item) for item in value]
    return None if isinstance(value, float) and value - value != 0 else value


def write_report(
    out: Path,
    document: Document,
    facts: Mapping[str, Any],
    tables: Mapping[str, Frame] | None = None,
) -> None:
    """Writes report.html, report.md, report.json and `data/*.csv`: all of them, or none.

    Arguments:
        out: The folder, which is made if need be.
        document: What the pages say.
        facts: What the JSON file holds besides the tables.
        tables: The rows of each table, by its name.

    Raises:
        InputError: If that is not possible.
    """
    tables = tables or {}
    records = {name: frame.to_dict("records") for name, frame in tables.items()}
    files = {
        "report.html": html(document),
        "report.md": markdown(document, out.resolve()),
        "report.json": json_text({**facts, **records}),
        **{f"data/{name}.csv": csv_text(frame) for name, frame in tables.items()},
    }
    write_files(out, files)


def write_files(out: Path, files: Mapping[str, str]) -> None:
    """Writes texts into a folder, which is made if need be: all of them, or none.

    Raises:
        InputError: If that is not possible.
    """
    for name in files:
        if (out / name).is_dir():
            raise InputError(f"out: cannot write {out / name}, as it is a folder")
    content = {out / n: text.encode("utf-8", errors="replace") for n, text in files.items()}
    try:
        write_together(content)
    except OSError as error:
        raise InputError(f"out: cannot write to {out}: {error.strerror}") from error
