"""Trains a model: `python train.py model=quantum|classical|features [key=value ...]`.

`-m` runs several: `python train.py -m model=quantum,classical seed=0,1,2`. `--help` lists all keys
with their defaults, and `--cfg job` prints the configuration without running it.
Where LatentQ is installed, `latentq train` does the same from any folder.
"""

import sys

from latentq.training.command import main, train

__all__ = ["main", "train"]

if __name__ == "__main__":
    sys.exit(main())
