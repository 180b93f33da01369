"""Runs the experiment: `python -m latentq.experiments.bias`."""

import sys

from latentq.config.commands import run_command
from latentq.experiments.bias import experiment
from latentq.experiments.bias.options import Options

if __name__ == "__main__":
    sys.exit(run_command(experiment.EXPERIMENT.run, experiment.__doc__, Options))
