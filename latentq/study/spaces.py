"""What the tuning draws from: one table for each arm, written down before the first trial.

Structures of an arm are of one size, within 2% of the circuits, so that tuning changes no arm's
number of free reals. Trials are random, and the default settings are none of them: each arm gets
as many, and nothing that was found by hand counts.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Protocol

Drawn = Mapping[str, str]
DIGITS = 3  # Of a number that is drawn.


class Dimension(Protocol):
    """A setting, or several that belong together."""

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys that it sets."""

    def draw(self, random: Random) -> Drawn:
        """Returns values by key, as they stand in an override."""


@dataclass(frozen=True)
class Between:
    """A positive number whose logarithm is uniform between those of two others."""

    key: str
    low: float
    high: float

    @property
    def keys(self) -> tuple[str, ...]:
        """The key."""
        return (self.key,)

    def draw(self, random: Random) -> Drawn:
        """Returns a number of three digits."""
        value = math.exp(random.uniform(math.log(self.low), math.log(self.high)))
        return {self.key: f"{value:.{DIGITS}g}"}


@dataclass(frozen=True)
class Among:
    """One of some settings, all as likely; an empty one leaves the default."""

    options: tuple[Drawn, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        """All keys that an option sets."""
        return tuple(dict.fromkeys(key for option in self.options for key in option))

    def draw(self, random: Random) -> Drawn:
        """Returns one of the settings."""
        return random.choice(self.options)


def _each(key: str, values: Iterable[object]) -> Among:
    """Returns the choice of one value of a key."""
    return Among(tuple({key: str(value)} for value in values))


def _structures(*options: Mapping[str, object]) -> Among:
    """Returns the choice of one of some structures, with keys of the section `prior`."""
    return Among(tuple({f"prior.{k}": str(v) for k, v in option.items()} for option in options))


# The turn of what is generated, on one grid for every prior of states; 0 is none.
SPREAD = _each("prior.spread", (0, 0.2, 0.3, 0.35, 0.4, 0.45, 0.5))


def _rates(low: float, high: float) -> tuple[Dimension, ...]:
    """Returns what all chains have in common: the rate, the start and the spread."""
    return (
        Between("denoising.lr", low, high),
        Between("prior.terminal_strength", 0.1, 2.0),
        SPREAD,
    )


_CIRCUITS = (
    *_rates(0.005, 0.1),
    # Angles: 10, 12 and 14 for a layer on one, two and three ancillas. Few layers start small.
    _structures(
        {"ancillas": "[3,1]", "layers": "[274,12]", "init_scale": "[3.1416,0.5]"},
        {"ancillas": "[3,1]", "layers": "[200,38]", "init_scale": "[3.1416,0.5]"},
        {"ancillas": "[2,1]", "layers": "[320,12]", "init_scale": "[3.1416,0.5]"},
        {"ancillas": "3", "layers": "[62,62,62,61,61]", "init_scale": "3.1416"},
        {"ancillas": "2", "layers": "72", "init_scale": "3.1416"},
        {"ancillas": "1", "layers": "86", "init_scale": "3.1416"},
    ),
)
_WIDTHS = (
    {"cells": "false", "width": 61, "depth": 1},
    {"cells": "false", "width": 39, "depth": 2},
    {"cells": "true", "width": 50, "depth": 1},
    {"cells": "true", "width": 35, "depth": 2},
)
_FITTED = _each("prior.fitted", (5000, 10_000, 20_000, 54_000))
_IMAGES = (Between("images.lr", 0.0005, 0.01), Between("images.weight_decay", 1e-6, 1e-2))

# As of the circuits, either all steps are alike or the last one has most of the free reals.
_MAPS = (
    {"steps": 5, "maps": 2, "rank": 7},
    {"steps": 5, "maps": 3, "rank": 3},
    {"steps": 5, "maps": 4, "rank": 2},
    {"steps": 5, "maps": "[6,1,1,1,1]", "rank": 7},
    {"steps": 3, "maps": 3, "rank": 11},
    {"steps": 1, "maps": 23, "rank": 3},
)

SPACES: dict[str, tuple[Dimension, ...]] = {
    "quantum": _CIRCUITS,
    "dephased": _CIRCUITS,
    "perceptrons": (
        *_rates(0.0005, 0.03),
        _structures(
            {"steps": 5, "width": 13, "shared": "false"},
            {"steps": 5, "width": 60, "shared": "true"},
            {"steps": 1, "width": 65, "shared": "false"},
        ),
    ),
    "isometries": (
        *_rates(0.001, 0.05),
        _structures(
            {"steps": 5, "branches": "[3,2,2,2,2]"},
            {"steps": 5, "branches": "[7,1,1,1,1]"},
            {"steps": 3, "branches": "[4,3,3]"},
            {"steps": 3, "branches": "[8,1,1]"},
            {"steps": 1, "branches": "[9]"},
        ),
    ),
    "linear": (*_rates(0.001, 0.05), _structures(*_MAPS)),
    "branches": (*_rates(0.001, 0.05), _structures(*_MAPS)),
    "measure-and-prepare": (
        *_rates(0.001, 0.05),
        _structures(
            {"steps": 5, "effects": "[28,16,16,16,16]"},
            {"steps": 3, "effects": "[51,16,16]"},
            {"steps": 2, "effects": "[63,16]"},
            {"steps": 1, "effects": "[75]"},
        ),
    ),
    "diffusion": (
        Between("denoising.lr", 0.001, 0.03),
        _each("denoising.batch_size", (256, 1024, 4096)),
        _structures(*_WIDTHS),
        SPREAD,
    ),
    "diffusion-transport": (
        Between("denoising.lr", 0.001, 0.03),
        # One transport of all states has no cells.
        _structures(*(widths for widths in _WIDTHS if widths["cells"] == "false")),
        SPREAD,
    ),
    "codebook-noise": (SPREAD, _FITTED),
    "codebook-bare": (_FITTED,),
    "vae": _IMAGES,
    "vae-mixture": (*_IMAGES, _FITTED),
}
FIXED = "codebook-spread"  # Its one setting is measured on the circuits that were chosen.


def keys_of(arm: str) -> set[str]:
    """Returns the keys that the tuning of an arm may set."""
    if arm == FIXED:
        return {"prior.spread"}
    return {key for dimension in SPACES.get(arm, ()) for key in dimension.keys}


def draw(arm: str, trial: int, seed: int = 0) -> Drawn:
    """Returns the settings of a trial; the same arm, number and seed give the same ones.

    Arguments:
        arm: The arm, a key of :data:`SPACES`.
        trial: The number of the trial.
        seed: The seed of all draws.
    """
    random = Random(f"{seed}/tune/{arm}/{trial}")  # A text is hashed.
    found: dict[str, str] = {}
    for dimension in SPACES[arm]:
        found |= dimension.draw(random)
    return found
