"""Notebooks as files: their code, a digest of it, and what must not be in their outputs."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from latentq.errors import RunError

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "docs" / "tutorials"
LARGEST = 300_000  # Bytes.
DIGEST = "code_sha256"
# What a kernel says of itself and of the time, which differs from one run to the next.
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
METADATA: dict[str, Any] = {"kernelspec": KERNEL, "language_info": {"name": "python"}}

Notebook = Mapping[str, Any]


def names() -> list[str]:
    """Lists the notebooks by their names."""
    return sorted(path.stem for path in FOLDER.glob("*.ipynb"))


def read(name: str) -> dict[str, Any]:
    """Returns a notebook."""
    return json.loads((FOLDER / f"{name}.ipynb").read_text())


def code_cells(notebook: Notebook) -> list[Mapping[str, Any]]:
    """Lists the cells with code."""
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def digest(notebook: Notebook) -> str:
    """Returns the sha256 of the code, which tells whether outputs are of it."""
    code = [source(cell) for cell in code_cells(notebook)]
    return hashlib.sha256("\0".join(code).encode()).hexdigest()


def source(cell: Mapping[str, Any]) -> str:
    """Returns the text of a cell, which a file may hold as lines."""
    found = cell["source"]
    return found if isinstance(found, str) else "".join(found)


def texts(notebook: Notebook) -> Iterable[str]:
    """Goes through the outputs that are text."""
    for cell in code_cells(notebook):
        for output in cell["outputs"]:
            found = [output.get("text", ""), *output.get("data", {}).values()]
            yield from ("".join(text) for text in found)


def finish(notebook: dict[str, Any]) -> bytes:
    """Returns an executed notebook as the content of its file.

    Raises:
        RunError: If it is too large, or an output warns or says where it was made.
    """
    for cell in notebook["cells"]:
        cell["metadata"] = {k: v for k, v in cell["metadata"].items() if k == "tags"}
        for output in cell.get("outputs", ()):
            output.get("metadata", {}).clear()
    notebook["metadata"] = {**METADATA, DIGEST: digest(notebook)}
    check_outputs(notebook)
    content = (json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n").encode()
    if len(content) > LARGEST:
        raise RunError(f"notebook: must be at most {LARGEST:,} bytes, was {len(content):,}")
    return content


def check_outputs(notebook: Notebook) -> None:
    """Checks that no output warns, or says where it was made.

    Raises:
        RunError: If one does.
    """
    for cell in code_cells(notebook):
        for output in cell["outputs"]:
            if output.get("name") == "stderr" or output["output_type"] == "error":
                raise RunError(f"notebook: a cell warns: {''.join(output.get('text', ''))[:300]}")
    for text in texts(notebook):
        for word in (str(ROOT), str(Path.home()), " at 0x"):
            if word in text:
                raise RunError(f"notebook: an output has {word}: {text[:300]}")
