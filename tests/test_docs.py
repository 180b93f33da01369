"""README and the pages: their length, links, contents, code and commands."""

import contextlib
import io
import posixpath
import re
import runpy
import warnings
from fnmatch import fnmatchcase
from pathlib import Path
from unittest import mock

import pytest

from latentq.__main__ import COMMANDS
from latentq.config import commands, registry
from latentq.config.fields import Settings, fields

ROOT = Path(__file__).parent.parent
PAGES = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "data/*.md", "checkpoints/**/*.md", "tests/*.md")
    for path in ROOT.glob(pattern)
    if "_build" not in path.parts
)
NAMES = [path.relative_to(ROOT).as_posix() for path in PAGES]
# Fenced blocks, and spans of code, hold no links.
CODE = re.compile(r"^(```|~~~).*?^\1`*$|`[^`\n]+`", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^()\s]+(?:\([^()]*\))?)\)")
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
TREE = re.compile(r"^```\{toctree\}\n(.*?)^```", re.MULTILINE | re.DOTALL)
PROGRAM = re.compile(r"(?:python -m latentq(?:\.| |$)|latentq |python (?:\.\./)?train\.py)")
CHOICES = {"model", "data", "engine"}  # of `train.py`, which stand for several keys
RUN_HERE = ["docs/explanation/model.md", "docs/explanation/losses.md"]
RUN_HERE += ["docs/explanation/gradient.md", "CONTRIBUTING.md"]
RUN_ELSEWHERE = {"README.md", "docs/how-to/own-states.md"}  # See test_commands.py.


def text_of(name: str) -> str:
    return (ROOT / name).read_text()


def anchors(path: Path) -> set[str]:
    """The anchors of a page, as its headings give them."""
    heads = re.findall(r"^#+ (.*)$", CODE.sub(lambda m: m[0].strip("`"), path.read_text()), re.M)
    bare = (re.sub(r"[^\w\- ]", "", head.lower()) for head in heads)
    return {head.strip().replace(" ", "-") for head in bare}


def test_the_readme_is_read_in_minutes() -> None:
    readme = text_of("README.md")

    assert len(readme.split()) <= 900
    (code,) = BLOCK.findall(readme)
    assert len(code.splitlines()) <= 10


@pytest.mark.parametrize("name", NAMES)
def test_links_lead_somewhere(name: str) -> None:
    here = ROOT / name
    for target in LINK.findall(CODE.sub("", here.read_text())):
        path, _, anchor = target.partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        there = (here.parent / path).resolve() if path else here
        assert there.exists(), target
        assert not anchor or anchor in anchors(there), target


def entries(page: str) -> list[str]:
    """What the contents of a page name: pages, or patterns of pages."""
    found = []
    for tree in TREE.findall(text_of(page)):
        lines = [line for line in tree.splitlines() if line and line[0] != ":"]
        names = [re.sub(r".*<(.*)>", r"\1", line) for line in lines]
        found += [posixpath.normpath(posixpath.join(posixpath.dirname(page), n)) for n in names]
    return found


def test_every_page_is_in_the_contents() -> None:
    notebooks = {p.relative_to(ROOT).as_posix() for p in ROOT.glob("docs/tutorials/*.ipynb")}
    every, waiting, seen = {*NAMES, *notebooks}, ["docs/index.md"], set()
    while waiting:
        page = waiting.pop()
        if page in seen or not page.endswith(".md"):
            seen.add(page)
            continue
        seen.add(page)
        for entry in entries(page):
            found = {p for p in every if fnmatchcase(p.rpartition(".")[0], entry)} - {page}
            assert found or entry.startswith("docs/reference/rooms/"), f"{page} names {entry}"
            waiting += found

    assert every - seen == {"README.md"}


@pytest.mark.parametrize("name", RUN_HERE)
def test_python_on_a_page_runs(name: str) -> None:
    said = io.StringIO()
    for code in BLOCK.findall(text_of(name)):
        with contextlib.redirect_stdout(said):
            exec(code, {})

    for promise in re.findall(r"It prints `([^`]+)`", text_of(name)):
        assert promise in said.getvalue()


def test_no_python_is_left_out() -> None:
    written = {name for name in NAMES if not name.startswith("checkpoints/")}  # By a command.

    assert {n for n in written if BLOCK.search(text_of(n))} == {*RUN_HERE, *RUN_ELSEWHERE}


def test_every_example_is_on_a_page() -> None:
    shown = {
        (ROOT / name).parent.joinpath(path).resolve()
        for name in NAMES
        for path in re.findall(r"^```\{literalinclude\} (\S+)$", text_of(name), re.MULTILINE)
    }

    assert shown == set((ROOT / "examples").glob("*.py"))


def command_lines() -> list[str]:
    """The commands of the pages, but for those with a choice in them or modules of a reader."""
    found = set()
    for name in NAMES:
        if name.startswith(("docs/results/", "CHANGELOG")):  # Of then, not of now.
            continue
        joined = re.sub(r"\\\n\s*", "", text_of(name))
        for line in re.findall(r"^    (\S.*)$", joined, re.MULTILINE):
            command = line.partition(" #")[0].strip()
            if PROGRAM.match(command) and not re.search(r"\||\.\.\.|plugin=|seed=N|\[", command):
                found.add(command)
    return sorted(found)


def split(command: str) -> tuple[str, list[str]]:
    """The module that a command line runs, and its words."""
    words = command.replace('"', "").split()
    if words[0] == "latentq" or words[:3] == ["python", "-m", "latentq"]:
        words = words[1 if words[0] == "latentq" else 3 :]
        length = next(k for k in (2, 1) if " ".join(words[:k]) in COMMANDS)
        return COMMANDS[" ".join(words[:length])], words[length:]
    if words[1].endswith("train.py"):
        return COMMANDS["train"], words[2:]
    return words[2], words[3:]


def schema_of(module: str) -> type[Settings] | None:
    """The options of a command, which is called, and does not run."""
    found: list[type[Settings] | None] = []

    def note(command: object, usage: str | None, schema: type[Settings] | None = None) -> int:
        found.append(schema)
        return 0

    with (
        mock.patch.object(commands, "run_command", note),
        warnings.catch_warnings(),
        contextlib.suppress(SystemExit),
    ):
        warnings.simplefilter("ignore", RuntimeWarning)  # It is imported already.
        runpy.run_module(module, run_name="__main__")
    (schema,) = found
    return schema


@pytest.mark.parametrize("command", command_lines())
def test_a_command_on_a_page_has_these_options(
    command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    module, words = split(command)
    given = dict(word.split("=", 1) for word in words if "=" in word)
    if module == COMMANDS["train"]:
        model = given.get("model", "quantum").split(",")[0]
        known = {key for key, _ in fields(registry.find(model).settings)} | CHOICES
    else:
        schema = schema_of(module)
        known = {key for key, _ in fields(schema)} if schema else set()
        monkeypatch.setattr("importlib.util.find_spec", lambda name: name)  # As if Ray were there.
        if schema and not module.endswith((".report", ".all")):
            commands.read_options([word for word in words if "=" in word], schema)

    assert {key for key in given if key not in known} == set()


def test_the_targets_on_the_pages_are_in_the_makefile() -> None:
    targets = set(re.findall(r"^([a-z]+):.*## ", text_of("Makefile"), re.MULTILINE))
    named = {
        word
        for name in NAMES
        if not name.startswith("CHANGELOG")
        for word in re.findall(r"(?:^    |`)make ([a-z]+)", text_of(name), re.MULTILINE)
    }

    assert "docs" in named <= targets
