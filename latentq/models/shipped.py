"""The folder that a model is in: a path, or the name of a model that comes with LatentQ."""

from pathlib import Path

from latentq.errors import CheckpointError, nearest
from latentq.paths import CHECKPOINTS

CONFIG, WEIGHTS = "config.json", "weights.safetensors"


def shipped_names() -> list[str]:
    """Lists the names of the models that come with LatentQ."""
    return sorted(path.parent.name for path in CHECKPOINTS.glob(f"*/{CONFIG}"))


def find_model(path: str | Path) -> Path:
    """Returns the folder of a model.

    A path comes first, if there is a model. Else `NAME` and `checkpoints/NAME` are the model of
    that name that comes with LatentQ, whatever the current folder is.

    Arguments:
        path: The folder of a model, a run folder with a folder `model` in it, or a name.

    Raises:
        CheckpointError: If there is none of these; the message lists the names.
    """
    folder = Path(path)
    for candidate in (folder, folder / "model"):
        if _has_model(candidate):
            return candidate
    name = folder.name
    if str(folder) in (name, f"checkpoints/{name}") and name in shipped_names():
        return CHECKPOINTS / name
    names = shipped_names()
    raise CheckpointError(
        f"checkpoint: must be a folder with {CONFIG} and {WEIGHTS}, or one of "
        f"{', '.join(names)}, was {path}{nearest(name, names)}"
    )


def _has_model(folder: Path) -> bool:
    try:
        return (folder / CONFIG).is_file()
    except (OSError, ValueError):  # There can be no such path.
        return False
