"""The settings that the tuning has found for each arm: a file that the study reads.

It is written by `python -m latentq.study.tune`. A study writes down what it has read, so that a
later tuning does not change what an earlier study says of itself.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError, model_validator

from latentq.config.fields import Settings, mistakes_of
from latentq.errors import InputError
from latentq.paths import write_atomically
from latentq.study.arms import ARMS
from latentq.study.spaces import keys_of

FILE = Path(__file__).with_name("tuned.json")


class Tuned(Settings):
    """What was found, and how."""

    data: str = Field("", description="the data set; nothing was tuned where it is empty")
    size: int = Field(0, ge=0, description="the number of training images")
    seeds: list[int] = Field([], description="the seeds, used for nothing else")
    trials: int = Field(0, ge=0, description="the number of trials of each arm")
    git_commit: str | None = Field(None, description="the commit of the tuning")
    arms: dict[str, dict[str, str]] = Field({}, description="settings by arm and key, as text")
    failed: list[str] = Field([], description="arms none of whose trials was finished")

    @model_validator(mode="after")
    def _known(self) -> "Tuned":
        if mistakes := [*_unknown(self.arms)]:
            raise InputError(*mistakes)
        return self


def _unknown(arms: dict[str, dict[str, str]]) -> Iterator[str]:
    """Lists arms that are not known, and keys that are not in the space of their arm."""
    for arm, settings in arms.items():
        if arm not in ARMS:
            yield f"arms.{arm}: there is no such arm"
            continue
        for key in sorted(settings.keys() - keys_of(arm)):
            yield f"arms.{arm}: {key} is not in the search space of the arm"


def read_tuned(path: Path = FILE) -> Tuned:
    """Reads the file of the settings; where there is none, nothing was tuned.

    Raises:
        InputError: If it is not as it must be.
    """
    try:
        content: Any = json.loads(path.read_text())
    except FileNotFoundError:
        return Tuned()
    except (OSError, ValueError) as error:
        raise InputError(f"tuned: {path} must be JSON: {error}") from error
    try:
        return Tuned.model_validate(content)
    except ValidationError as error:
        raise InputError(*mistakes_of(error, Tuned).values()) from error


def write_tuned(found: Tuned, path: Path = FILE) -> None:
    """Writes the file of the settings."""
    content = json.dumps(found.model_dump(), indent=2) + "\n"
    write_atomically(path, content.encode())
