"""On which data a saved model was trained, and the same data opened again, or refused.

The notes of a model have what :meth:`latentq.data.module.ImageData.describe` returns: the name
and sha256 of the data, the seed, the limit and the sizes of its splits. Whatever is measured later
is measured on these splits: images that a model was trained on never pass for held-out ones.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from latentq.config.schema.data import AUTO, features_of_data, no_features
from latentq.data.module import ImageData, load_data
from latentq.data.protocol import ImageSource
from latentq.errors import CheckpointError, InputError, shown
from latentq.models import storage

Facts = Mapping[str, Any]
DIGITS = {"mnist", "digits"}  # They have the same classes.
# The sizes of train and test follow from these. Where own images are does not matter, as their
# sha256 tells what they are.
KEYS = ("name", "sha256", "seed", "limit", "validation", "split")


def recorded_data(path: str | Path) -> Facts:
    """Returns what a saved model notes of the data that it was trained on.

    Models of earlier versions note a name alone; then the `metrics.json` of their run, which lies
    beside them, tells the rest.

    Arguments:
        path: The folder of a model, or a run folder.

    Raises:
        CheckpointError: If there is no model, or nobody noted its data.
    """
    folder, description = storage.describe(path)
    notes = description.get("notes", {})
    facts = notes.get("data")
    if not isinstance(facts, dict):
        facts = _from_metrics(folder, notes.get("seed"))
    wrong = [key for key in KEYS[:5] if not _is_fact(key, facts.get(key))]
    if wrong:
        raise CheckpointError(
            f"checkpoint: {path} does not say which data it was trained on, {wrong[0]} is missing "
            "or wrong; train it again, or measure its run folder"
        )
    return facts


def _from_metrics(folder: Path, seed: object) -> dict[str, Any]:
    """Reads the facts of a run of an earlier version."""
    run = folder.parent if folder.name == "model" else folder
    try:
        metrics = json.loads((run / "metrics.json").read_text())
        return {**metrics["data"], "seed": seed}
    except (OSError, ValueError, TypeError, KeyError):
        return {}


def _is_fact(key: str, value: object) -> bool:
    if key in ("name", "sha256"):
        return isinstance(value, str)
    whole = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return whole or (key == "limit" and value is None)


def data_differences(recorded: Facts, found: Facts) -> list[str]:
    """Lists how other data differ from recorded ones: by their name, or else by each fact.

    Arguments:
        recorded: What a model notes; facts that earlier versions did not know may be missing.
        found: What the data say of themselves.
    """
    differ = [key for key in KEYS if key in recorded and recorded[key] != found.get(key)]
    told = differ[:1] if "name" in differ else differ
    return [f"{key}: was {_told(recorded[key])}, here {_told(found.get(key))}" for key in told]


def _told(value: object) -> str:
    """Writes a fact; of a hash its beginning."""
    return value[:12] + "..." if isinstance(value, str) and len(value) == 64 else shown(value)


def _place_of(facts: Facts, path: str | Path) -> str | None:
    """Returns the folder of own images that a model was trained on.

    Raises:
        InputError: If it is not there any more.
    """
    if facts["name"] != "folder":
        return None
    place = facts.get("path")
    if not isinstance(place, str) or not Path(place).is_dir():
        raise InputError(
            f"checkpoint: {path} was trained on the images in {shown(place)}, and there is no "
            "such folder now; put them there again"
        )
    return place


def reopen_data(path: str | Path, root: str | None = None) -> ImageData:
    """Opens the data that a saved model was trained on, with the splits of its run.

    Arguments:
        path: The folder of a model, or a run folder.
        root: The data root, see :func:`latentq.data.module.data_root`.

    Raises:
        CheckpointError: If there is no model, or nobody noted its data.
        InputError: If these data are not here, or are not the same.
    """
    facts = recorded_data(path)
    options = {key: facts[key] for key in ("validation", "limit", "seed")}
    data = load_data(facts["name"], root=root, path=_place_of(facts, path), **options)
    if differ := data_differences(facts, data.describe()):
        raise InputError(
            f"checkpoint: {path} was trained on other data than are here ({'; '.join(differ)})"
        )
    return data


def features_of(choice: str, path: str | Path) -> str:
    """Returns the path of the classifier to measure a saved model with.

    Arguments:
        choice: The path of one, or `auto` for that of the data that the model was trained on.
        path: The folder of the model, or a run folder.

    Raises:
        CheckpointError: If there is no model, or nobody noted its data.
        InputError: If its data have no classifier of their own.
    """
    if choice != AUTO:
        return choice
    name = recorded_data(path)["name"]
    if (features := features_of_data(name)) is None:
        raise InputError(no_features("features", name))
    return features


def shared_classes(notes: Facts, data: ImageSource) -> int | None:
    """Returns the number of classes of data if they are those that a classifier knows.

    Arguments:
        notes: The notes of the classifier, which name the data that it was trained on.
        data: The data.
    """
    trained, found = notes.get("data"), data.describe()
    known = trained if isinstance(trained, Mapping) else {"name": trained}
    if {known.get("name"), found["name"]} <= DIGITS:
        return data.classes
    same = all(known.get(key) == found[key] for key in ("name", "sha256"))
    return data.classes if same else None
