"""How far a long loop is: a bar in a notebook, and on standard error where that is a terminal."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape
from typing import Protocol

from rich.console import Console
from rich.progress import Progress

PAUSE_SECONDS = 0.1  # A notebook is sent no more pictures of a bar than an eye can tell apart.

Show = Callable[[int, str], None]


class Handle(Protocol):
    """What IPython gives for an output that can be replaced."""

    def update(self, content: dict[str, str], *, raw: bool) -> None:
        """Replaces the output."""


def in_notebook() -> bool:
    """Whether this runs in a kernel of Jupyter, whose outputs can be replaced."""
    ipython = sys.modules.get("IPython")
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")


class NotebookBar:
    """A bar in the output of a cell, which stays there when the loop has ended.

    It needs no widgets: notebooks that are read elsewhere show it too.

    Arguments:
        total: The number of iterations.
        what: What they do.
    """

    def __init__(self, total: int, what: str) -> None:
        from IPython.display import display

        self.total, self.what, self._shown = total, what, time.monotonic()
        self._handle: Handle = display(self.content(0, ""), raw=True, display_id=True)

    def show(self, done: int, note: str = "") -> None:
        """Shows how many iterations are done, and a note such as the loss."""
        now = time.monotonic()
        if done >= self.total or now - self._shown >= PAUSE_SECONDS:
            self._handle.update(self.content(done, note), raw=True)
            self._shown = now

    def content(self, done: int, note: str) -> dict[str, str]:
        """Returns the bar as HTML and as text."""
        text = f"{self.what}: {done:,} of {self.total:,}{f', {note}' if note else ''}"
        bar = f'<progress value="{done}" max="{self.total}" style="width: 20em"></progress>'
        return {"text/html": f"<div>{bar} {escape(text)}</div>", "text/plain": text}


@contextmanager
def bar(total: int, what: str, wanted: bool = True) -> Iterator[Show]:
    """Shows how far a loop is, and gives what moves the bar.

    Arguments:
        total: The number of iterations.
        what: What they do.
        wanted: Whether to show a bar, where there is a notebook or a terminal.

    Returns:
        A function of the number of iterations that are done, and of a note such as the loss.
    """
    if wanted and in_notebook():
        yield NotebookBar(total, what).show
        return
    console = Console(stderr=True)
    with Progress(console=console, disable=not (wanted and console.is_terminal)) as progress:
        task = progress.add_task(what, total=total)

        def show(done: int, note: str) -> None:
            progress.update(task, completed=done, description=f"{what}, {note}" if note else what)

        yield show
