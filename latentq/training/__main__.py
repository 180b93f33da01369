"""Trains a model: `python -m latentq.training`, which is `latentq train`."""

import sys

from latentq.training.command import main

if __name__ == "__main__":
    sys.exit(main())
