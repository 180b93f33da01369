"""The options of the experiment."""

from typing import Annotated, Literal

from pydantic import Field

from latentq.config.fields import Folder
from latentq.config.marks import Commas, OneOf
from latentq.config.schema.data import AUTO
from latentq.experiments.record import SeededOptions

MACHINES = ("kolkata", "lagos", "prague")


class Options(SeededOptions):
    """What is measured."""

    models: Annotated[tuple[Folder, ...], Commas()] = Field(
        ("checkpoints/quantum",), description="quantum models, each with a name of its own"
    )
    features: Folder = Field(AUTO, description="the classifier; auto is that of the data")
    split: Literal["test", "validation"] = Field("test", description="the images to compare with")
    samples: int = Field(10_000, ge=200, le=10_000, description="images of each row")
    points: int = Field(12, ge=2, le=100, description="error rates of gates")
    machines: Annotated[tuple[Annotated[str, OneOf(MACHINES)], ...], Commas()] | None = Field(
        None, description="simulated machines that run the model of the fewest CZ"
    )
    images: int = Field(320, ge=200, le=10_000, description="images of each of them")
    starts: int = Field(20, ge=1, le=10_000, description="preparations of these images")
    shots: int = Field(810, ge=81, le=10**6, description="measurements of each of these")
    shown: float = Field(0.003, gt=0, le=1, description="the error rate of the grids")
