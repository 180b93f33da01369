"""The options of the experiment."""

from typing import Annotated, Literal

from annotated_types import Le
from pydantic import Field

from latentq.config.fields import Count, Folder
from latentq.config.marks import Commas
from latentq.config.schema.data import AUTO
from latentq.experiments.record import SeededOptions


class Options(SeededOptions):
    """What is measured."""

    checkpoint: Folder = Field("checkpoints/quantum", description="a quantum model")
    features: Folder = Field(AUTO, description="the classifier; auto is that of the data")
    split: Literal["test", "validation"] = Field("test", description="the images to compare with")
    samples: int = Field(10_000, ge=200, le=10_000, description="images of each row")
    shots: Annotated[tuple[Annotated[Count, Le(10**7)], ...], Commas()] = Field(
        (243, 810, 2430, 8100, 24300), description="measurements of a state, one row each"
    )
    points: int = Field(12, ge=2, le=100, description="error rates of gates")
