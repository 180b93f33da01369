"""Where things are: the one module that knows.

The root is that of a checkout, or the folder that the package was installed into; there the data,
the trained models and `train.py` may be missing.
"""

from pathlib import Path

PACKAGE = Path(__file__).parent
CONFIGS = PACKAGE / "configs"
ROOT = PACKAGE.parent
CHECKPOINTS = ROOT / "checkpoints"
DATA = ROOT / "data"
TRAIN = ROOT / "train.py"
