"""The sources of images by name, and the section `data` of every run."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, ClassVar

from annotated_types import Ge, Le
from pydantic import Field

from latentq.config.fields import Count, Folder, Settings
from latentq.config.marks import OneOf
from latentq.config.schema.values import Relations, Values, relation
from latentq.errors import shown

AUTO = "auto"
CLASSES = 10
OFFICIAL_IMAGES = 60_000  # Of MNIST, and of the sets that were made like it.


@dataclass(frozen=True)
class Source:
    """Where images come from.

    Arguments:
        about: What they are.
        features: The classifier behind `fid` that `metrics.features=auto` takes, if there is one.
        images: The number of training images, where it is known before they are read.
    """

    about: str
    features: str | None = None
    images: int | None = None


_DIGITS, _FASHION = "checkpoints/features", "checkpoints/features-fashion"
SOURCES = {
    AUTO: Source("MNIST, or digits with a loud warning where it cannot be had", _DIGITS),
    "mnist": Source("the official MNIST files", _DIGITS, OFFICIAL_IMAGES),
    "fashion": Source("the official Fashion-MNIST files", _FASHION, OFFICIAL_IMAGES),
    "kmnist": Source("the official Kuzushiji-MNIST files", images=OFFICIAL_IMAGES),
    "digits": Source("the 1,797 digits of scikit-learn, resized from 8x8", _DIGITS),
    "folder": Source("your PNG and JPEG files in data.path, whose sub-folders are the classes"),
}


def no_features(key: str, name: str) -> str:
    """Says that data have no classifier of their own, and how to get one for a key."""
    known = name in SOURCES and name != "folder"
    images = f"data={name}" if known else "data=folder data.path=FOLDER"
    return (
        f"{key}: data={name} has no classifier of its own; train one with `python train.py "
        f"model=features {images}`, then {key}=RUN with its run folder, or name another one, "
        "such as checkpoints/features; tables tell which one it was"
    )


def features_of_data(name: str) -> str | None:
    """Returns the classifier that data of a name have, `None` if they have none."""
    return SOURCES[name].features if name in SOURCES else None


@relation("data.name")
def own_images(values: Values) -> Iterator[str]:
    """The path is for own images, and they need it."""
    name, path = values["data.name"], values.get("data.path")
    if name == "folder" and path is None:
        yield "data.path: must be the folder of the images where data=folder, was null"
    if name != "folder" and path is not None:
        yield f"data.path: is for data=folder, was {shown(path)} where data={name}"


@relation("data.name", "data.limit", "data.validation")
def limit_in_range(values: Values) -> Iterator[str]:
    """No more images can be trained on than the validation split leaves."""
    limit, validation = values["data.limit"], values["data.validation"]
    images = SOURCES[values["data.name"]].images
    if images is not None and limit > images - validation:
        yield (
            f"data.limit: must be from 1 to {images - validation} where "
            f"data.validation={validation}, was {limit}"
        )


def known_images(values: Values) -> int | None:
    """Returns the number of training images, `None` where it is not known yet."""
    if "data.images" in values:  # They have been counted.
        return values["data.images"]
    limit, name = values.get("data.limit"), values.get("data.name")
    if limit is not None or name not in SOURCES or "data.validation" not in values:
        return limit
    images = SOURCES[name].images
    return None if images is None else images - values["data.validation"]


def too_few(key: str, need: int, values: Values) -> Iterator[str]:
    """Says that a key needs more training images than there are."""
    images = known_images(values)
    if images is not None and need > (room := min(images, values.get("prior.fitted", images))):
        yield f"{key}: needs at least {need} training images, there are {room} of them"


class DataSettings(Settings):
    """The section `data`."""

    relations: ClassVar[Relations] = (own_images, limit_in_range)
    name: Annotated[str, OneOf(SOURCES)] = Field(
        AUTO, description="; ".join(f"{name}: {s.about}" for name, s in SOURCES.items())
    )
    root: Folder | None = Field(
        None,
        description="default: LATENTQ_DATA_ROOT, else data/ of a checkout, or ~/.cache/latentq",
    )
    path: Folder | None = Field(None, description="a folder of images, for data=folder")
    download: bool = Field(True, description="whether files that are missing are downloaded")
    validation: Count = Field(
        6000, le=59_999, description="images set aside from the training images"
    )
    limit: Annotated[int, Ge(1), Le(60_000)] | None = Field(
        None, description="size of a stratified training subset"
    )
