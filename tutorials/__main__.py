"""Runs the notebooks of `docs/tutorials` and writes their outputs into them.

python -m tutorials                        # all of them; `make notebooks` installs what it needs
python -m tutorials only=2-own-states

A notebook that fails, warns, says where it ran, or grows too large is left as it was.
"""

import os
import sys
import tempfile
import time
from typing import Any

from pydantic import Field

from latentq.config.commands import read_options, run_command
from latentq.config.fields import Settings, Text
from latentq.errors import InputError, RunError
from latentq.paths import write_atomically
from tutorials.notebooks import FOLDER, ROOT, finish, names

SECONDS = 900


class Options(Settings):
    """What is run."""

    only: Text | None = Field(None, description="the name of one notebook; null: all")


def execute(name: str) -> dict[str, Any]:
    """Runs a notebook in a new folder, and returns it with its outputs.

    Raises:
        InputError: If what runs notebooks is not installed.
        RunError: If a cell fails.
    """
    try:
        import nbformat
        from nbclient import NotebookClient
        from nbclient.exceptions import CellExecutionError, DeadKernelError
    except ImportError as error:
        raise InputError(
            f"tutorials: needs {error.name}, which is not installed here; "
            "pip install -r requirements-notebooks.txt"
        ) from error
    notebook = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    with tempfile.TemporaryDirectory() as place:
        resources = {"metadata": {"path": place}}
        client = NotebookClient(
            notebook,
            timeout=SECONDS,
            startup_timeout=SECONDS,
            resources=resources,
            extra_arguments=["--IPKernelApp.log_level=40"],  # It warns of its own sockets.
        )
        try:
            client.execute(env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"})
        except CellExecutionError as error:
            raise RunError(f"{name}: {error.ename}: {error.evalue}") from error
        except DeadKernelError as error:
            raise RunError(f"{name}: the kernel died") from error
    found: dict[str, Any] = notebook
    return found


def tutorials(arguments: list[str]) -> None:
    """Runs notebooks.

    Raises:
        InputError: If there is no such notebook, or what runs them is not installed.
        RunError: If one fails, warns, or grows too large.
    """
    options, known = read_options(arguments, Options), names()
    if options.only is not None and options.only not in known:
        raise InputError(f"only: must be one of {', '.join(known)}, was {options.only}")
    for name in known if options.only is None else [options.only]:
        begin = time.monotonic()
        content = finish(execute(name))
        write_atomically(FOLDER / f"{name}.ipynb", content)
        print(f"{name}: {time.monotonic() - begin:.0f} s, {len(content):,} bytes", flush=True)


if __name__ == "__main__":
    sys.exit(run_command(tutorials, __doc__, Options))
