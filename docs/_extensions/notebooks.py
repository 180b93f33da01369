"""Notebooks as pages: prose, code and the outputs that were saved with them. Nothing is run."""

import json
from typing import Any

from docutils import nodes
from myst_parser.parsers.sphinx_ import MystParser
from sphinx.application import Sphinx


def _text(part: str | list[str]) -> str:
    return part if isinstance(part, str) else "".join(part)


def _fenced(text: str, language: str) -> str:
    return f"~~~~~~{language}\n{text.rstrip()}\n~~~~~~\n"


def output_of(output: dict[str, Any]) -> str:
    """Returns a saved output as Markdown: a picture, HTML, or text, whichever comes first."""
    data = output.get("data", {})
    if "image/png" in data:
        picture = _text(data["image/png"]).replace("\n", "")
        return f'<img class="output" alt="" src="data:image/png;base64,{picture}">\n'
    if "text/html" in data:
        return f'<div class="output">\n{_text(data["text/html"])}\n</div>\n'
    return _fenced(_text(output.get("text", data.get("text/plain", ""))), "text")


def markdown_of(notebook: dict[str, Any]) -> str:
    """Returns a notebook as Markdown.

    Arguments:
        notebook: What its file says, of format 4.
    """
    parts = []
    for cell in notebook["cells"]:
        source = _text(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(f"{source}\n")
        elif cell["cell_type"] == "code" and source.strip():
            parts += [_fenced(source, "python"), *map(output_of, cell["outputs"])]
    return "\n".join(parts)


class NotebookParser(MystParser):
    """Parses notebooks as if they were Markdown."""

    supported = ("ipynb",)

    def parse(self, inputstring: str, document: nodes.document) -> None:
        """Parses a notebook.

        Arguments:
            inputstring: The text of its file.
            document: Where its nodes go.
        """
        super().parse(markdown_of(json.loads(inputstring)), document)


def setup(app: Sphinx) -> dict[str, bool]:
    """Registers the parser."""
    app.add_source_suffix(".ipynb", "ipynb")
    app.add_source_parser(NotebookParser)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
