"""A planted fault, and what became of it."""

import ast
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Fault:
    """A text of a file that is replaced by another one.

    Arguments:
        name: What it is called, once in the whole list.
        file: The file, as seen from the root of the tree.
        text: The text to replace, which occurs exactly once in the file.
        new: What it is replaced by.
        means: What is then wrong.
        tests: The test files that ought to see it, those that see it soonest first; a test of a
            file is written `file::test`.
        equivalent: Why no test can see it; empty for a fault that has to be seen.
    """

    name: str
    file: str
    text: str
    new: str
    means: str
    tests: tuple[str, ...]
    equivalent: str = ""

    @property
    def package(self) -> str:
        """The package that the file is of."""
        return Path(self.file).parts[0].removesuffix(".py")

    @property
    def compiled(self) -> bool:
        """Whether the file holds loops that numba keeps on disk."""
        return self.file.startswith("latentq/engine/native/")


def problems(fault: Fault, root: Path) -> list[str]:
    """Lists why a fault cannot be planted in a tree, or its tests not be run."""
    path = root / fault.file
    if not path.is_file():
        return [f"{fault.name}: there is no {fault.file}"]
    found, count = [], path.read_text().count(fault.text)
    if count != 1:
        found.append(f"{fault.name}: its text occurs {count} times in {fault.file}, must be once")
    elif fault.new == fault.text:
        found.append(f"{fault.name}: its replacement is the text itself")
    else:
        try:
            ast.parse(planted(fault, root))
        except SyntaxError as error:
            found.append(f"{fault.name}: what it makes of {fault.file} is no Python, {error.msg}")
    if not fault.tests:
        found.append(f"{fault.name}: no test is named")
    return found + [f"{fault.name}: {why}" for t in fault.tests if (why := _missing(t, root))]


def _missing(test: str, root: Path) -> str:
    file, _, name = test.partition("::")
    if not (root / file).is_file():
        return f"there is no {file}"
    known = f"def {name.partition('[')[0]}(" in (root / file).read_text()
    return "" if known or not name else f"there is no {name} in {file}"


def planted(fault: Fault, root: Path) -> str:
    """Returns the content of the file with the fault in it."""
    return (root / fault.file).read_text().replace(fault.text, fault.new)


@dataclass(frozen=True)
class Result:
    """What became of a fault: `killed`, `survived` or `error`, and by which test or why."""

    fault: Fault
    state: str
    seconds: float
    told: str = ""

    @property
    def right(self) -> bool:
        """Whether it is as it has to be: killed, or equivalent and survived."""
        return self.state == ("survived" if self.fault.equivalent else "killed")


def faults_of(
    file: str, tests: str, *rows: tuple[str, str, str, str], equivalent: str = ""
) -> list[Fault]:
    """Returns the faults of a file.

    Arguments:
        file: The file.
        tests: The names of its test files between spaces, without `tests/` and `.py`.
        rows: Name, text, replacement, and what is then wrong.
        equivalent: Why no test can see them; empty for faults that have to be seen.
    """
    named = tuple(
        f"tests/{name}.py" if "::" not in name else _node(name) for name in tests.split()
    )
    return [
        Fault(name, file, text, new, means, named, equivalent) for name, text, new, means in rows
    ]


def _node(name: str) -> str:
    file, _, test = name.partition("::")
    return f"tests/{file}.py::{test}"
