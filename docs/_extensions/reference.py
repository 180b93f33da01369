"""The pages of the reference, a page for each package, and the help of each command.

They are written before a build, from the packages as they are: a new module needs no line here.
"""

import contextlib
import importlib
import io
import pkgutil
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

from sphinx.application import Sphinx

from latentq import __main__ as program

# The rooms in the order in which they may import one another, and the baselines, which use them.
ROOMS = (
    *("config", "engine", "quantum", "diffusion", "models", "data", "evaluation", "report"),
    *("training", "study", "experiments"),
)
PACKAGES = (*(f"latentq.{room}" for room in ROOMS), "baselines")
MODULE = ".. automodule:: {name}\n   :members:\n   :ignore-module-all:\n\n"
LEAVES = ("latentq.errors", "latentq.paths", "latentq.randomness", "latentq.sample")


def modules_of(package: str) -> tuple[list[str], list[str]]:
    """Returns the public modules of a package, and the packages inside of it."""
    path = importlib.import_module(package).__path__
    found = sorted(pkgutil.iter_modules(path), key=lambda module: module.name)
    names = [m for m in found if not m.name.startswith("_")]
    inside = [f"{package}.{m.name}" for m in names if m.ispkg]
    return [f"{package}.{m.name}" for m in names if not m.ispkg], inside


def heading(text: str, line: str) -> str:
    """Returns a heading of a page."""
    return f"{text}\n{line * len(text)}\n\n"


def page_of(title: str, head: str, modules: list[str], inside: list[str]) -> str:
    """Returns the page of a package: what it is, its packages, and its modules one by one."""
    text = heading(title, "=") + head
    if inside:
        text += ".. toctree::\n   :maxdepth: 1\n\n"
        text += "".join(f"   {name}\n" for name in inside) + "\n"
    for name in modules:
        text += heading(name, "-") + MODULE.format(name=name)
    return text


def pages() -> Iterator[tuple[str, str]]:
    """Lists the names and texts of all pages of packages."""
    waiting = list(PACKAGES)
    while waiting:
        package = waiting.pop(0)
        modules, inside = modules_of(package)
        waiting += inside
        head = MODULE.format(name=package)
        yield package, page_of(package, head, modules, inside)
    yield "leaves", page_of("latentq", "Modules that every room may use.\n\n", list(LEAVES), [])


def help_of(command: str) -> str:
    """Returns what a command prints for `--help`."""
    words = ["latentq", *command.split(), "--help"]
    out = io.StringIO()
    with (
        mock.patch.object(sys, "argv", words),
        contextlib.redirect_stdout(out),
        contextlib.suppress(SystemExit),
    ):
        program.main()
    return out.getvalue()


def commands_page() -> str:
    """Returns the page of all commands."""
    text = heading("Commands", "=")
    text += "``latentq COMMAND --help`` prints these pages.\n\n"
    for name in ("", *program.COMMANDS):
        text += heading(f"latentq {name}".strip(), "-") + ".. code-block:: text\n\n"
        text += "".join(f"   {line}\n" for line in help_of(name).splitlines()) + "\n"
    return text


def write_pages(app: Sphinx) -> None:
    """Writes the pages that are not there yet, or changed."""
    folder = Path(app.confdir) / "reference" / "rooms"
    texts = {**dict(pages()), "commands": commands_page()}
    folder.mkdir(exist_ok=True)
    for path in folder.glob("*.rst"):
        if path.stem not in texts:
            path.unlink()
    for name, text in texts.items():
        path = folder / f"{name}.rst"
        if not path.is_file() or path.read_text() != text:
            path.write_text(text)


def setup(app: Sphinx) -> dict[str, bool]:
    """Writes the pages before the sources are looked for."""
    app.connect("builder-inited", write_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
