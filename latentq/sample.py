"""Draws images from a trained model and saves them as a picture.

python -m latentq.sample checkpoint=checkpoints/quantum n=64 seed=0 out=grid.png

With `label=7` a conditional model draws sevens; without, it draws all classes.
"""

import sys
from pathlib import Path
from typing import Annotated

from annotated_types import Ge, Le
from pydantic import Field

from latentq.config.commands import read_options, run_command
from latentq.config.fields import Count, Folder, Plugins, Seed, Settings
from latentq.config.registry import load_plugins
from latentq.errors import InputError


class Options(Settings):
    """What is drawn, and where it goes."""

    checkpoint: Folder = Field(
        "checkpoints/quantum", description="a folder, or the name of a model of LatentQ"
    )
    n: Count = Field(64, le=10_000, description="the number of images")
    label: Annotated[int, Ge(0), Le(9)] | None = Field(
        None, description="the class that a conditional model draws; null: all of them"
    )
    seed: Seed = Field(0, description="the seed")
    out: Folder = Field("grid.png", description="the picture")
    plugin: Plugins | None = Field(None, description="modules that register models of your own")


def sample(arguments: list[str]) -> None:
    """Draws images and saves them as a picture.

    Raises:
        InputError: If an option is wrong, or the checkpoint is missing or damaged.
    """
    options = read_options(arguments, Options)
    load_plugins(options.plugin)
    out = Path(options.out)
    if out.suffix.lower() != ".png" or not out.parent.is_dir() or out.is_dir():
        raise InputError(f"out: must be a .png file in a folder that exists, was {out}")

    # These imports take seconds; a wrong option is answered without them.
    from latentq import load
    from latentq.models.generative import GenerativeModel
    from latentq.paths import check_writable
    from latentq.report import plots

    check_writable(out.parent, "out")
    model = load(options.checkpoint)
    if not isinstance(model, GenerativeModel):
        raise InputError(f"checkpoint: must be a generative model, was {options.checkpoint}")
    if options.label is not None and not model.conditional:
        raise InputError(f"label: {options.checkpoint} is no conditional model; leave it out")
    images = model.sample(options.n, options.seed, options.label)
    title = f"{options.checkpoint}, {options.n} samples, seed {options.seed}"
    plots.save_samples(images, out, title)
    print(f"{options.n} samples: {out}")


if __name__ == "__main__":
    sys.exit(run_command(sample, __doc__, Options))
