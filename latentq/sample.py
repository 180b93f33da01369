"""Draws images from a trained model and saves them as a picture.

python -m latentq.sample checkpoint=checkpoints/quantum n=64 seed=0 out=grid.png

checkpoint is a folder, or the name of a model that comes with LatentQ, such as quantum.
With `label=7` a conditional model draws sevens; without, it draws all classes. For a model of your
own, plugin=my_module names the module that registers it.
"""

import sys
from pathlib import Path

from latentq.config.commands import parse_options, run_command
from latentq.config.registry import load_plugins
from latentq.config.rules import Rule
from latentq.errors import InputError

RULES = {
    "checkpoint": Rule(str, path=True),
    "n": Rule(int, low=1, high=10_000),
    "label": Rule(int, low=0, high=9, optional=True),
    "seed": Rule(int, low=0, high=2**32 - 1),
    "out": Rule(str, path=True),
    "plugin": Rule(str, optional=True),
}
DEFAULTS = {
    "checkpoint": "checkpoints/quantum",
    "n": 64,
    "seed": 0,
    "label": None,
    "out": "grid.png",
    "plugin": None,
}


def sample(arguments: list[str]) -> None:
    """Draws images and saves them as a picture.

    Raises:
        InputError: If an option is wrong, or the checkpoint is missing or damaged.
    """
    options = parse_options(arguments, RULES, DEFAULTS)
    load_plugins(options["plugin"])
    out = Path(options["out"])
    if out.suffix.lower() != ".png" or not out.parent.is_dir() or out.is_dir():
        raise InputError(f"out: must be a .png file in a folder that exists, was {out}")

    # These imports take seconds; a wrong option is answered without them.
    from latentq import load
    from latentq.models.generative import GenerativeModel
    from latentq.paths import check_writable
    from latentq.report import plots

    check_writable(out.parent, "out")
    model = load(options["checkpoint"])
    if not isinstance(model, GenerativeModel):
        raise InputError(f"checkpoint: must be a generative model, was {options['checkpoint']}")
    if options["label"] is not None and not model.conditional:
        raise InputError(f"label: {options['checkpoint']} is no conditional model; leave it out")
    images = model.sample(options["n"], options["seed"], options["label"])
    title = f"{options['checkpoint']}, {options['n']} samples, seed {options['seed']}"
    plots.save_samples(images, out, title)
    print(f"{options['n']} samples: {out}")


if __name__ == "__main__":
    sys.exit(run_command(sample, __doc__))
