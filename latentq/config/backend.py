"""A backend of matplotlib that the environment names, which must never keep LatentQ from running.

In a notebook, `MPLBACKEND` names a module that may be missing from the environment of a command
that is started there: then matplotlib, and all that imports it, could not be imported. LatentQ
draws without backends.
"""

import contextlib
import importlib
import os
import sys

VARIABLE = "MPLBACKEND"


def import_matplotlib() -> None:
    """Imports matplotlib with the backend of the environment, or without one that it refuses."""
    name = os.environ.get(VARIABLE)
    if not name or "matplotlib" in sys.modules:
        return
    del os.environ[VARIABLE]
    try:
        matplotlib = importlib.import_module("matplotlib")
        with contextlib.suppress(ValueError):
            matplotlib.rcParams["backend"] = name
    except ImportError:
        return
    finally:
        os.environ[VARIABLE] = name
