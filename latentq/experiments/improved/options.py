"""The options of the experiment on the improved QuDDPM."""

from typing import Annotated, Literal

from annotated_types import Ge, Le, MinLen
from pydantic import Field

from latentq.config.fields import Count, Positive, Share, Size
from latentq.config.marks import Commas
from latentq.experiments.record import SeededOptions

Sizes = Annotated[tuple[Annotated[int, Ge(1), Le(20)], ...], Commas(ordered=True), MinLen(2)]
Strengths = Annotated[tuple[Share, ...], Commas()]
Some = Annotated[int, Ge(2), Le(10**5)]


class Options(SeededOptions):
    """What is trained, and how."""

    qubits: Sizes = Field((1, 4, 7, 10), description="the sizes whose gradients are measured")
    ablated: Count = Field(10, le=20, description="the size for the ablation of strengths")
    quality: Count = Field(7, le=20, description="the size for the quality of samples")
    steps: int = Field(8, ge=2, le=1000, description="the steps T of a chain")
    layers: Count = Field(8, le=1000, description="the layers L of a circuit")
    ancillas: Size = Field(3, le=10, description="the ancillas of a step")
    iterations: Count = Field(40, le=10**5, description="the iterations of a step")
    quality_steps: int = Field(30, ge=2, le=1000, description="T for the quality of samples")
    quality_iterations: Count = Field(300, le=10**5, description="the iterations for it")
    batch: Some = Field(32, description="the states of an iteration")
    states: Some = Field(100, description="the states of the data")
    samples: Some = Field(1000, description="the states that are generated")
    draws: int = Field(4, ge=2, le=1000, description="the draws behind a variance of gradients")
    theorem_draws: int = Field(100, ge=10, le=10**5, description="those for the theorems")
    lr: Positive = Field(0.005, le=10, description="the rate of Adam")
    strong: Strengths = Field((1.0, 4.0), description="the strengths of the original model")
    bounded: Literal["tuned"] | Strengths = Field("tuned", description="those of the improved one")
    distance: Positive = Field(0.35, le=1, description="the MMD to Haar states that is tuned to")
    seeds: int = Field(4, ge=3, le=1000, description="how often all is trained")
