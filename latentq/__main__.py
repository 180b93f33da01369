"""The commands of LatentQ, from any folder.

    latentq train model=quantum|classical|... [key=value ...]     what train.py does
    latentq sample [checkpoint=quantum] [n=64] [out=grid.png]     draws images
    latentq export [format=qasm2] [out=prior.qasm]                writes circuits for a machine
    latentq evaluate [checkpoint=quantum]                         measures a model
    latentq gallery [out=gallery.html]                            writes a page that runs the model
    latentq report FOLDER ...                                     compares finished runs
    latentq study [seeds=5]                                       runs every model and control
    latentq study tune                                            tunes every arm alike
    latentq study estimate                                        says how long a study takes
    latentq study report root=study                               writes the report on them
    latentq experiments NAME                                      repeats an experiment
    latentq doctor                                                checks all that a run needs

`latentq COMMAND --help` says more, and `latentq --version` which version this is. A checkpoint is
a folder, or the name of a model that comes with LatentQ. Runs and outputs go to the current
folder. Data are read from LATENTQ_DATA_ROOT, or else from {data}.
{experiments}.
"""

import runpy
import sys
from collections.abc import Sequence
from textwrap import fill

from latentq import __version__
from latentq.config.commands import run_command
from latentq.config.words import PROGRAM
from latentq.errors import InputError, nearest, shown
from latentq.paths import DATA

WIDTH = 99
EXPERIMENTS = (
    *("ablation", "all", "bias", "bounds", "denoiser", "devices", "ensembles", "gradients"),
    *("hardware", "improved", "latent", "noise", "plateaus", "quddpm", "spread", "tradeoff"),
    "views",
)
COMMANDS = {
    "train": "latentq.training",
    "sample": "latentq.sample",
    "export": "latentq.models.export",
    "evaluate": "latentq.evaluation",
    "gallery": "latentq.report.gallery",
    "report": "latentq.report",
    "study": "latentq.study",
    "study report": "latentq.study.report",
    "study tune": "latentq.study.tune",
    "study estimate": "latentq.study.estimate",
    "doctor": "latentq.training.doctor",
    **{f"experiments {name}": f"latentq.experiments.{name}" for name in EXPERIMENTS},
}


def find_command(words: Sequence[str]) -> str | None:
    """Returns the command that a command line begins with: of two words, of one, or none."""
    names = (" ".join(words[:count]) for count in (2, 1))
    return next((name for name in names if name in COMMANDS), None)


def answer(words: list[str]) -> None:
    """Says what there is, or which version this is.

    Raises:
        InputError: If the words are no command.
    """
    if words == ["--version"]:
        print(f"{PROGRAM} {__version__}")
    elif not words:
        print(usage())
    elif words[0] == "experiments":
        raise InputError(_mistake("NAME", [*words, ""][1], EXPERIMENTS))
    else:
        names = dict.fromkeys(name.partition(" ")[0] for name in COMMANDS)
        raise InputError(_mistake("COMMAND", words[0], [*names]))


def _mistake(what: str, word: str, names: Sequence[str]) -> str:
    return f"{what}: must be one of {', '.join(names)}, was {shown(word)}{nearest(word, names)}"


def usage() -> str:
    """Returns the help."""
    experiments = fill(f"The experiments are {', '.join(EXPERIMENTS)}", WIDTH)
    return (__doc__ or "").format(data=DATA, experiments=experiments)


def main() -> None:
    """Runs the command line: a command as `python -m` runs its module, and ends with its code."""
    name = find_command(sys.argv[1:])
    if name is None:
        sys.exit(run_command(answer, usage()))
    sys.argv = [f"{PROGRAM} {name}", *sys.argv[1 + len(name.split()) :]]
    runpy.run_module(COMMANDS[name], run_name="__main__")


if __name__ == "__main__":
    main()
