"""Runs the experiment: `python -m latentq.experiments.hardware`."""

import sys

from latentq.config.commands import run_command
from latentq.experiments.hardware import experiment
from latentq.experiments.hardware.options import Options

if __name__ == "__main__":
    sys.exit(run_command(experiment.EXPERIMENT.run, experiment.__doc__, Options))
