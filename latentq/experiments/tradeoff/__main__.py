"""Runs the experiment: `python -m latentq.experiments.tradeoff`."""

import sys

from latentq.config.commands import run_command
from latentq.experiments.tradeoff import experiment
from latentq.experiments.tradeoff.options import Options

if __name__ == "__main__":
    sys.exit(run_command(experiment.EXPERIMENT.run, experiment.__doc__, Options))
