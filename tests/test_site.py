"""The documentation as a site: its equations and notebooks, and every link of what was built.

`make docs` installs Sphinx, builds the site and runs these tests; without it they are skipped.
"""

import importlib
import sys
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

ROOT = Path(__file__).parent.parent
SITE = ROOT / "docs" / "_build" / "html"
LOADED = {"script": "src", "img": "src", "link": "href", "iframe": "src"}


@pytest.fixture
def extension(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Imports an extension of the documentation."""
    for needed in ("sphinx", "myst_parser", "latex2mathml"):
        pytest.importorskip(needed, reason="make docs installs it")
    monkeypatch.syspath_prepend(str(ROOT / "docs" / "_extensions"))
    before = set(sys.modules)

    def find(name: str) -> ModuleType:
        return importlib.import_module(name)

    yield find
    for name in set(sys.modules) - before & {"mathml", "notebooks", "settings"}:
        del sys.modules[name]


def test_equations_become_mathml(extension: Any) -> None:  # noqa: ANN401
    found = extension("mathml").mathml(r"\frac{a}{\sqrt{p_m}}", "block")

    assert found.startswith("<math") and 'display="block"' in found
    assert "<mfrac><mrow><mi>a</mi></mrow>" in found
    assert "<msqrt>" in found and "<msub><mi>p</mi><mi>m</mi></msub>" in found


def test_lines_of_equations_are_aligned(extension: Any) -> None:  # noqa: ANN401
    lines = r"a &= b \\ c &= d"

    for text in (lines, rf"\begin{{aligned}}{lines}\end{{aligned}}"):
        assert extension("mathml").mathml(text, "block").count("<mtr>") == 2


def test_unknown_words_of_equations_are_errors(extension: Any) -> None:  # noqa: ANN401
    for text, word in ((r"a \nosuchword b", r"\\nosuchword"), ("a & b", "&")):
        with pytest.raises(Exception, match=f"mathml: {word} is not known"):
            extension("mathml").mathml(text, "inline")


def test_notebooks_become_markdown(extension: Any) -> None:  # noqa: ANN401
    outputs = [
        {"output_type": "stream", "text": ["one\n", "two\n"]},
        {"output_type": "execute_result", "data": {"text/plain": "3", "text/html": "<b>3</b>"}},
        {"output_type": "display_data", "data": {"text/plain": "", "image/png": "aGk=\n"}},
    ]
    cells = [
        {"cell_type": "markdown", "source": ["# A title\n", "and prose"]},
        {"cell_type": "code", "source": "print(1)\n", "outputs": outputs},
        {"cell_type": "code", "source": "", "outputs": []},
    ]
    found = extension("notebooks").markdown_of({"cells": cells})

    assert found.startswith("# A title\nand prose\n")
    assert "~~~~~~python\nprint(1)\n~~~~~~\n" in found and found.count("python") == 1
    assert "~~~~~~text\none\ntwo\n~~~~~~\n" in found
    assert '<div class="output">\n<b>3</b>\n</div>' in found
    assert 'src="data:image/png;base64,aGk="' in found


def test_the_keys_of_a_schema_are_listed(extension: Any) -> None:  # noqa: ANN401
    from latentq.models.export import Options

    (line,) = [x for x in extension("settings").keys_of(Options) if x.startswith("- ``seed``")]
    assert "an integer, at least 0 and at most 4294967295; default ``0``" in line


class Links(HTMLParser):
    """The ids of a page, what it links to, and what it loads."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: set[str] = set()
        self.loads: set[str] = set()
        self.feed(path.read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {key: value or "" for key, value in attrs}
        self.ids |= {found[key] for key in ("id", "name") if key in found}
        if tag == "a" and "href" in found:
            self.links.add(found["href"])
        if LOADED.get(tag, "") in found:
            self.loads.add(found[LOADED[tag]])


@cache
def links_of(path: Path) -> Links:
    return Links(path)


def pages() -> list[Path]:
    if not (SITE / "docs" / "index.html").is_file():
        pytest.skip("make docs builds the site")
    return [path for path in sorted(SITE.rglob("*.html")) if SITE / "files" not in path.parents]


def is_elsewhere(link: str) -> bool:
    return bool(urlsplit(link).scheme or urlsplit(link).netloc)


def test_every_link_of_the_site_leads_somewhere() -> None:
    lost = []
    for page in pages():
        for link in links_of(page).links:
            if is_elsewhere(link):
                continue
            path, _, anchor = unquote(link).partition("#")
            there = (page.parent / path).resolve() if path else page
            there = there / "index.html" if there.is_dir() else there
            known = there.is_file() and (
                not anchor or there.suffix != ".html" or anchor in links_of(there).ids
            )
            lost += [] if known else [f"{page.relative_to(SITE)}: {link}"]

    assert lost == []


def test_the_site_loads_nothing_from_a_network() -> None:
    for page in pages():
        for link in links_of(page).loads:
            if link.startswith(("data:", "#")):
                continue
            assert not is_elsewhere(link), f"{page.relative_to(SITE)} loads {link}"
            assert (page.parent / unquote(urlsplit(link).path)).is_file(), f"{page} lacks {link}"


def test_every_package_has_a_page() -> None:
    assert pages()
    packages = {
        ".".join(path.parent.relative_to(ROOT).parts)
        for path in (ROOT / "latentq").rglob("__init__.py")
    }
    packages = {name for name in packages if name != "latentq"} | {"baselines"}

    built = {path.stem for path in (SITE / "docs" / "reference" / "rooms").glob("*.html")}
    assert built == packages | {"leaves", "commands"}
