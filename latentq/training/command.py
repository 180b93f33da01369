"""The command that trains: `latentq train`, and `python train.py` in a checkout."""

import os
import signal
import sys
from typing import Any

import hydra
from omegaconf import DictConfig, OmegaConf

from latentq.config import output
from latentq.config.commands import complain, is_explained
from latentq.config.compose import check_command_line
from latentq.config.config import Config, validate
from latentq.config.overrides import fit_words, load_plugins_of
from latentq.config.store import DEFAULT, stored, usage
from latentq.errors import InputError
from latentq.paths import TRAINING
from latentq.training import stopping

# Idle threads have to sleep: where they spin, another busy process makes two threads many times
# slower than one. OpenMP reads this when torch is imported.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
USAGE = f"""Trains a model, measures it and saves it in a run folder.

    {TRAINING} [model=NAME] [data=NAME] [key=value ...]
    {TRAINING} -m model=quantum,classical seed=0,1,2      runs all combinations
    {TRAINING} --config-name debug                        runs for seconds, to try it
    {TRAINING} --cfg job                                  prints the configuration alone
    {TRAINING} model=NAME --help                          lists the keys of a model
    {TRAINING} model=mine plugin=my_module                trains a model of your own
"""


def train(config: Config) -> dict[str, Any]:
    """Trains and evaluates one model, and returns the content of its `metrics.json`.

    Arguments:
        config: A checked configuration, as :func:`latentq.config.compose.load_config` returns it.

    Raises:
        InputError: If something that the configuration names is missing or does not fit.
        RunError: If the training goes wrong, or cannot be saved.
    """
    # These imports take seconds; a mistake on the command line is answered without them.
    from latentq.data import open_data
    from latentq.engine import process
    from latentq.training import reuse, workflow

    images = config["images"]
    with process.settings_restored():
        reuse.prepare(config)
        data = open_data(
            config["data"], images["batch_size"], config["seed"], images["iterations_per_epoch"]
        )
        reuse.check_autoencoder(config, data)
        run = workflow.open_run(config, data)
        return run.metrics() if run.finished else workflow.work(run, data)


@hydra.main(config_path=None, config_name="train", version_base="1.3")
def job(config: DictConfig) -> None:
    """Runs one configuration that Hydra composed."""
    content: Any = OmegaConf.to_container(config, resolve=True)
    try:
        train(validate(content))
    except Exception as error:
        if not is_explained(error):
            raise
        sys.exit(complain(error))


def _answer(words: list[str]) -> None:
    """Prints the help, or runs what a command line asks for if all of it is fine."""
    if {"--help", "-h"} & set(words):
        load_plugins_of(words)
        named = (word.removeprefix("model=") for word in words if word.startswith("model="))
        print(usage(next(named, DEFAULT), USAGE))
        return
    kinds = set() if {"--hydra-help", "--version"} & set(words) else check_command_line(words)
    sys.argv = [sys.argv[0], *fit_words(words)]
    with stored(kinds):
        job()


def main() -> int:
    """Runs the command line and returns the exit code."""
    os.environ.setdefault("HYDRA_FULL_ERROR", "1")
    output.make_ready()
    try:
        with stopping.handling():
            _answer(sys.argv[1:])
            sys.stdout.flush()
    except InputError as error:
        return complain(error)
    except stopping.Stopped as stop:
        print(stop, file=sys.stderr)
        return stop.code
    except BrokenPipeError:
        # Whoever read the output has gone; what Python still holds of it must not go there.
        output.forget(sys.stdout)
        return 128 + signal.SIGPIPE
    return 0
