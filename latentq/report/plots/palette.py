"""The colours of all pages and pictures, by Okabe and Ito: the colour-blind tell them apart."""

from collections.abc import Mapping
from dataclasses import dataclass

BLACK, PURPLE = "#000000", "#cc79a7"
BLUE, VERMILLION, GREEN = "#0072b2", "#d55e00", "#009e73"
SKY, ORANGE, MINT = "#56b4e9", "#f0a04b", "#3fc79a"  # The same three on a dark page.
NIGHT, DIGIT, LABEL = "#0b0e13", "#ffffff", "#cfd5dd"  # Grids of digits, white on dark.


@dataclass(frozen=True)
class Theme:
    """The colours of a page and its charts.

    Arguments:
        page: Behind everything.
        soft: Behind what is set apart a little.
        ink: Text.
        muted: Text that matters less.
        line: Lines that guide the eye.
        warn: Behind a warning.
        edge: At the edge of a warning.
        models: A kind of model.
        roles: A role in a study; headings are written in it, hence darker greens and purples.
    """

    page: str
    soft: str
    ink: str
    muted: str
    line: str
    warn: str
    edge: str
    models: Mapping[str, str]
    roles: Mapping[str, str]


LIGHT = Theme(
    page="#ffffff",
    soft="#f5f6f8",
    ink="#1f242c",
    muted="#5d6673",
    line="#d9dde3",
    warn="#fdf3e0",
    edge="#d98e04",
    models={"quantum": BLUE, "classical": VERMILLION, "latent_diffusion": GREEN},
    roles={
        "quantum": BLUE,
        "matched": VERMILLION,
        "classical": "#008a64",
        "control": "#a64d82",
    },
)
DARK = Theme(
    page="#14171c",
    soft="#1c2129",
    ink="#e4e7eb",
    muted="#9aa3af",
    line="#363d48",
    warn="#2b2414",
    edge="#e0a030",
    models={"quantum": SKY, "classical": ORANGE, "latent_diffusion": MINT},
    roles={"quantum": SKY, "matched": ORANGE, "classical": MINT, "control": "#dd8fbc"},
)
