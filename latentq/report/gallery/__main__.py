"""Writes a page on which the quantum model runs in the browser, step by step.

python -m latentq.report.gallery [checkpoint=quantum] [out=gallery.html]

checkpoint is a folder, or the name of a model that comes with LatentQ: a quantum model whose
circuits measure ancillas and start in basis states. The page is one file of 2.5 MB, asks for
nothing from outside, and checks itself against numbers that Python computed.
"""

import sys
from pathlib import Path

from pydantic import Field

from latentq.config.commands import read_options, run_command
from latentq.config.fields import Folder, Settings
from latentq.errors import InputError


class Options(Settings):
    """Which model the page runs, and where it goes."""

    checkpoint: Folder = Field(
        "checkpoints/quantum", description="a folder, or the name of a quantum model of LatentQ"
    )
    out: Folder = Field("gallery.html", description="the page")


def gallery(arguments: list[str]) -> None:
    """Writes the page.

    Raises:
        InputError: If an option is wrong, or the checkpoint is missing or has no such circuits.
    """
    options = read_options(arguments, Options)
    out = Path(options.out)
    if out.suffix.lower() != ".html" or not out.parent.is_dir() or out.is_dir():
        raise InputError(f"out: must be a .html file in a folder that exists, was {out}")

    # These imports take seconds; a wrong option is answered without them.
    from latentq.paths import check_writable, write_atomically
    from latentq.report.gallery.page import build

    check_writable(out.parent, "out")
    write_atomically(out, build(options.checkpoint).encode())
    print(f"gallery: {out}")


if __name__ == "__main__":
    sys.exit(run_command(gallery, __doc__, Options))
