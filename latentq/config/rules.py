"""Which keys the configuration has, what each may be, and which of them a kind of model has."""

import math
import os
from dataclasses import dataclass
from typing import Any

from latentq.errors import LONGEST


@dataclass(frozen=True)
class Rule:
    """What a value must be: a type, and a range, a list of choices, or a length.

    Arguments:
        kind: The type.
        low: The smallest number allowed.
        high: The largest number allowed.
        choices: The values allowed.
        optional: Whether null is allowed.
        above: Whether `low` itself is not allowed.
        plain: Whether the text must be the name of a file, without a folder.
        path: Whether the text is the path of a file or folder.
    """

    kind: type
    low: float = -math.inf
    high: float = math.inf
    choices: tuple[str, ...] = ()
    optional: bool = False
    above: bool = False
    plain: bool = False
    path: bool = False

    def describe(self) -> str:
        """Says what the value must be."""
        null = " or null" if self.optional else ""
        if self.choices:
            return f"one of {', '.join(self.choices)}{null}"
        if self.plain:
            return f"a name of at most {LONGEST} bytes without / or \\{null}"
        if self.path:
            return f"a path{null}"
        if self.kind in (bool, str):
            return {bool: "true or false", str: "text"}[self.kind] + null
        name = "an integer" if self.kind is int else "a number"
        low = f"above {self.low:g}" if self.above else f"at least {self.low:g}"
        high = f" and at most {self.high:.12g}" if self.high < math.inf else ""
        return f"{name}, {low}{high}{null}"

    def accepts(self, value: Any) -> bool:  # noqa: ANN401
        """Whether a value is allowed."""
        if value is None:
            return self.optional
        if isinstance(value, bool) and self.kind is not bool:
            return False
        if not isinstance(value, (int, float) if self.kind is float else self.kind):
            return False
        if self.choices:
            return value in self.choices
        if isinstance(value, str):
            named = _is_name(value) if self.plain else _is_path(value) if self.path else True
            return "\0" not in value and named
        if isinstance(value, (int, float)):
            low = value > self.low if self.above else value >= self.low
            return low and value <= self.high and abs(value) < math.inf
        return True


def _is_name(text: str) -> bool:
    """Whether a text is the name of a file or folder in another one, on any system."""
    named = text not in ("", ".", "..") and not set(text) & set("/\\")
    return named and text.isprintable() and len(text.encode()) <= LONGEST


def _is_path(text: str) -> bool:
    """Whether a text can be a path, and be written down as one."""
    try:
        return bool(text.encode())
    except UnicodeEncodeError:  # Bytes that are no text in the encoding of this system.
        return False


def expand_home(value: Any) -> Any:  # noqa: ANN401
    """Puts the home folder in the place of the `~` that a path begins with.

    A shell does so at the beginning of a word only, and not in `key=~/folder`.
    """
    return os.path.expanduser(value) if isinstance(value, str) else value


def _count(high: float = math.inf, low: int = 1, optional: bool = False) -> Rule:
    return Rule(int, low=low, high=high, optional=optional)


def _positive(high: float = math.inf) -> Rule:
    return Rule(float, low=0, high=high, above=True)


KINDS = (
    *("quantum", "classical", "latent_diffusion", "vae_diffusion", "mixture", "neighbours"),
    *("codebook", "ensemble", "perceptrons", "traced", "features"),
)
RULES: dict[str, Rule] = {
    "seed": _count(2**32 - 1, low=0),
    "device": Rule(str, choices=("auto", "cpu", "cuda")),
    "threads": _count(1024),
    "resume": Rule(str, optional=True, path=True),
    "images.epochs": _count(10_000),
    "images.batch_size": _count(60_000),
    "images.batches": _count(10**6, optional=True),
    "images.lr": _positive(1),
    "images.weight_decay": Rule(float, low=0, high=1),
    "metrics.samples": _count(10_000, low=2),
    "metrics.features": Rule(str, path=True),
    "metrics.split": Rule(str, choices=("test", "validation")),
    "autoencoder": Rule(str, optional=True, path=True),
    "run.root": Rule(str, path=True),
    "run.name": Rule(str, optional=True, plain=True),
    "run.skip_finished": Rule(bool),
    "data.name": Rule(str, choices=("auto", "mnist", "fashion", "digits", "folder")),
    "data.root": Rule(str, optional=True, path=True),
    "data.path": Rule(str, optional=True, path=True),
    "data.download": Rule(bool),
    "data.validation": _count(59_999),
    "data.limit": _count(60_000, optional=True),
    "model.kind": Rule(str, choices=KINDS),
    "model.channels": _count(256),
    "model.conditional": Rule(bool),
    "model.noise": Rule(float, low=0, high=10),
    "model.latent": _count(1024),
    "model.lift": _count(4096),
    "engine": Rule(str, choices=("fused", "torchquantum")),
    "loss": Rule(str, choices=("mmd1", "mmdk", "wasserstein")),
    "outcomes": Rule(str, choices=("exact", "score", "sampled")),
    "prior.qubits": _count(6),
    "prior.steps": _count(100),
    "prior.ancillas": _count(4, low=0),
    "prior.layers": _count(1000),
    "prior.axes.*": Rule(str, choices=("rx", "ry", "rz")),
    "prior.entangled": Rule(bool),
    "prior.init_scale": Rule(float, low=0, high=math.tau),
    "prior.strength.*": Rule(float, low=0, high=100),
    "prior.terminal": Rule(str, choices=("basis", "zero", "haar")),
    "prior.noise": Rule(float, low=0, high=100),
    "prior.width": _count(4096),
    "prior.depth": _count(16),
    "prior.cells": Rule(bool),
    "prior.components": _count(10_000),
    "prior.fitted": _count(60_000),
    "prior.centres": _count(10_000),
    "prior.spread": Rule(float, low=0, high=10),
    "prior.neighbours": _count(1000),
    "prior.ensemble": Rule(str, choices=("haar", "terminal", "mean")),
    "denoising.cells": Rule(bool),
    "denoising.iterations": _count(10**7, low=0),
    "denoising.batch": _count(10**5),
    "denoising.together": _count(10**5, low=0),
    "denoising.inputs": _count(10**5),
    "denoising.starts": _count(10**5),
    "denoising.targets": _count(10**5),
    "denoising.intermediate_weight": Rule(float, low=0, high=1000),
    "denoising.lr_alone": _positive(10),
    "denoising.lr_together": _positive(10),
}
AUTO = "auto"
# The classifier behind `fid` that `metrics.features=auto` takes, by the name of the data.
FEATURES = {
    **dict.fromkeys(("auto", "mnist", "digits"), "checkpoints/features"),
    "fashion": "checkpoints/features-fashion",
}
MAX_PARTICLES = 2**15
CLASSES = 10
COMMON = ("seed", "device", "threads", "resume", "images.", "metrics.", "run.", "data.")
_NETWORKS = ("model.kind", "model.channels")
_STATES = (*_NETWORKS, "model.noise", "autoencoder")
_ENSEMBLES = ("prior.qubits", "prior.steps", "prior.strength.*", "prior.terminal", "prior.noise")
_CIRCUITS = ("prior.ancillas", "prior.layers", "prior.axes.*", "prior.entangled")
_ITERATIONS = ("denoising.iterations", "denoising.together", "denoising.lr_together")
_CHAIN = (
    *("denoising.cells", "denoising.inputs", "denoising.starts", "denoising.targets"),
    *("denoising.intermediate_weight", "denoising.lr_alone", *_ITERATIONS),
)
_QUANTUM = (
    *(*_STATES, *_ENSEMBLES, *_CIRCUITS, *_CHAIN, "prior.init_scale"),
    *("model.conditional", "engine", "loss", "outcomes"),
)
_DIFFUSION = ("prior.steps", "prior.width", "prior.depth", "denoising.batch", *_ITERATIONS)
_VAE = (*_NETWORKS, "model.latent", "model.lift")
KEYS_OF = {
    "quantum": _QUANTUM,
    "traced": _QUANTUM,
    "perceptrons": (*_STATES, *_ENSEMBLES, *_CHAIN, "prior.width", "loss"),
    "latent_diffusion": (*_STATES, *_DIFFUSION, "prior.qubits", "prior.cells"),
    "mixture": (*_STATES, "prior.qubits", "prior.components", "prior.fitted"),
    "codebook": (*_STATES, "prior.qubits", "prior.centres", "prior.spread", "prior.fitted"),
    "neighbours": (*_STATES, "prior.qubits", "prior.neighbours"),
    "ensemble": (*_STATES, "prior.qubits", "prior.ensemble", "prior.noise"),
    "classical": (*_VAE, "model.conditional"),
    "vae_diffusion": (*_VAE, *_DIFFUSION, "autoencoder"),
    "features": _NETWORKS,
}
# Models of one latent space have the same autoencoder.
VAES = ("classical", "vae_diffusion")
