"""Measures a trained model again: `python -m latentq.evaluation`."""

import sys

from latentq.config.commands import run_command
from latentq.evaluation import scores

if __name__ == "__main__":
    sys.exit(run_command(scores.measure, scores.__doc__, scores.Options))
