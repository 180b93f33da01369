"""The options of the experiment on the single-shot denoiser."""

from typing import Annotated

from annotated_types import Ge, Le, MinLen
from pydantic import Field

from latentq.config.fields import Count, Positive
from latentq.config.marks import Commas
from latentq.experiments.record import SeededOptions

Sizes = Annotated[tuple[Annotated[int, Ge(2), Le(20)], ...], Commas(ordered=True)]
Depths = Annotated[tuple[Annotated[int, Ge(1), Le(1000)], ...], Commas(), MinLen(2)]
Often = Annotated[int, Ge(2), Le(1000)]


class Options(SeededOptions):
    """What is trained, and how often."""

    qubits: Sizes = Field((4, 6, 8, 10), description="the sizes that are trained")
    remedies: Sizes = Field((4, 6), description="the sizes for which remedies are compared")
    depths: Depths = Field(
        (2, 4, 6, 8, 10, 12), description="the layers of the random circuit of each stage"
    )
    epochs: int = Field(100, ge=4, le=10_000, description="the steps of a stage")
    states: Count = Field(10, le=1000, description="the states trained on")
    held_out: Count = Field(50, le=10_000, description="the states never trained on")
    lr: Positive = Field(0.1, le=10, description="the learning rate")
    slow: Positive = Field(0.002, le=10, description="a second learning rate")
    seeds: Often = Field(20, description="trainings of a size of up to 8 qubits")
    large_seeds: Often = Field(10, description="those of a larger one")
    remedy_seeds: Often = Field(10, description="those with each remedy")
    strings: int = Field(
        5000, ge=100, le=10**6, description="Pauli strings for the depth that scrambles"
    )
