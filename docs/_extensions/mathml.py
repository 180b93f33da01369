"""Equations as MathML, which browsers draw without a script, a font or a network."""

import re
from collections.abc import Callable
from typing import Any

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

# Spellings that the converter does not know, and ones with the same meaning that it does.
SAME = {r"\arg": r"\operatorname{arg}", "{aligned}": "{align*}"}
UNKNOWN = re.compile(r"<m[io]>(\\[A-Za-z]+|&)</m[io]>")


def mathml(text: str, display: str) -> str:
    r"""Returns an equation as MathML.

    Arguments:
        text: The equation in LaTeX, without dollars.
        display: `inline` or `block`.

    Raises:
        ExtensionError: If it has a command that the converter does not know.
    """
    for word, other in SAME.items():
        text = text.replace(word, other)
    if display == "block" and r"\\" in text and r"\begin" not in text:
        text = rf"\begin{{align*}}{text}\end{{align*}}"
    found = convert(text, display=display)
    if unknown := UNKNOWN.search(found):
        raise ExtensionError(f"mathml: {unknown[1]} is not known, in {text}")
    return str(found)


def _visit(display: str) -> Callable[[Any, Any], None]:
    def visit(translator: Any, node: nodes.Element) -> None:  # noqa: ANN401
        translator.body.append(mathml(node.astext(), display))
        raise nodes.SkipNode

    return visit


def setup(app: Sphinx) -> dict[str, bool]:
    """Registers the renderer, the only one."""
    app.add_html_math_renderer("mathml", (_visit("inline"), None), (_visit("block"), None))
    app.config.html_math_renderer = "mathml"
    return {"parallel_read_safe": True, "parallel_write_safe": True}
