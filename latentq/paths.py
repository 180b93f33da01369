"""Where things are: the one module that knows.

In a checkout the trained models, the data and `train.py` lie beside the package. In a package that
was installed from a wheel the models lie inside, and data belong to the user: they are kept in
`~/.cache/latentq` (`$XDG_CACHE_HOME/latentq` where that is set), for all folders of runs.
"""

import os
from pathlib import Path

PACKAGE = Path(__file__).parent
CONFIGS = PACKAGE / "configs"
ROOT = PACKAGE.parent
BASELINES = ROOT / "baselines"
INSTALLED = (PACKAGE / "checkpoints").is_dir()  # Only a wheel has them there, see setup.py.
CHECKPOINTS = (PACKAGE if INSTALLED else ROOT) / "checkpoints"


def user_data() -> Path:
    """Returns the folder in which this user keeps data sets."""
    cache = os.environ.get("XDG_CACHE_HOME", "")
    folder = cache if os.path.isabs(cache) else os.path.expanduser("~/.cache")
    return Path(folder) / "latentq"


DATA = user_data() if INSTALLED else ROOT / "data"
# What Python is called with to train a model, from any folder: -P leaves the modules there alone.
TRAIN = ("-P", "-m", "latentq", "train") if INSTALLED else (str(ROOT / "train.py"),)
TRAINING = "latentq train" if INSTALLED else "python train.py"
