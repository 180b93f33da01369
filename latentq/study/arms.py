"""The arms of the study: what is compared, each as the overrides of a run of `train.py`.

All arms but the VAEs stand on one frozen autoencoder for each seed and number of images, which
the run of `untrained` trains. Every control removes one thing from `quantum`.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Literal, cast

from latentq.config import registry
from latentq.config.schema.quantum import CircuitPrior
from latentq.study.structures import (
    Change,
    alike,
    in_one_step,
    with_one_axis,
    without_ancillas,
)

Role = Literal["quantum", "matched", "classical", "control"]
FIRST, SECOND = (1,), (2,)
EDITION = 2  # Of docs/protocol.md.
EPOCHS = 8  # Of every chain, of 100 iterations each: half of the default.
QUANTUM = "quantum"


@dataclass(frozen=True)
class Arm:
    """What is compared.

    Arguments:
        title: What a reader calls it.
        role: `quantum` is what the question is about; `matched` are classical priors with as
            many parameters in the same latent space, against which the verdict is; `classical`
            are other classical models; `control` are quantum models with one thing removed.
        overrides: Its configuration, as overrides of `train.py`.
        base: The arm whose autoencoder it uses as it is; `None` trains its own.
        editions: The editions of the protocol that have it.
        change: How its circuits differ from those of the quantum arm; `None` if they do not.
    """

    title: str
    role: Role
    overrides: tuple[str, ...]
    base: str | None = "untrained"
    editions: tuple[int, ...] = (1, 2)
    change: Change | None = None

    @property
    def mirrors(self) -> bool:
        """Whether it is the quantum arm with one thing changed, and has its other settings."""
        return self.role == "control" and self.overrides[:1] in (("model=quantum",), _TRACED)


_TRACED = ("model=traced",)


def _quantum(*overrides: str) -> tuple[str, ...]:
    return ("model=quantum", *overrides)


# A codebook has 31 free reals for each state: 139 states have as many as the circuits.
_CODEBOOK = ("model=codebook", "prior.centres=139")
# As many states and iterations as the chains, in one transport.
_TRANSPORT = (
    *("denoising.loss=transport", "denoising.batch_size=2048"),
    *("denoising.iterations_per_epoch=100", f"denoising.epochs={EPOCHS}"),
)

ARMS: dict[str, Arm] = {
    "quantum": Arm("QuDDPM", "quantum", _quantum()),
    "perceptrons": Arm("MLP chain, same loss", "matched", ("model=perceptrons",)),
    "diffusion": Arm("diffusion, 5 steps", "matched", ("model=latent_diffusion",)),
    "diffusion-cells": Arm(
        "diffusion, 5 steps, given the cell",
        "matched",
        ("model=latent_diffusion", "prior.cells=true", "prior.width=35"),
        editions=FIRST,
    ),
    "codebook": Arm("130 states with noise", "matched", ("model=codebook",), editions=FIRST),
    "diffusion-transport": Arm(
        "diffusion, 5 steps, same loss",
        "matched",
        ("model=latent_diffusion", *_TRANSPORT),
        editions=SECOND,
    ),
    "linear": Arm("linear maps and a coin", "matched", ("model=linear",), editions=SECOND),
    "branches": Arm(
        "linear maps, learnt weights", "matched", ("model=branches",), editions=SECOND
    ),
    "measure-and-prepare": Arm(
        "measure and prepare", "matched", ("model=measure_and_prepare",), editions=SECOND
    ),
    "dephased": Arm("interference off", "matched", ("model=dephased",), editions=SECOND),
    "codebook-noise": Arm("139 states with noise", "matched", _CODEBOOK, editions=SECOND),
    "codebook-bare": Arm(
        "139 states without noise",
        "classical",
        (*_CODEBOOK, "prior.spread=0"),
        editions=SECOND,
    ),
    # As far as quantum states are turned; the tuning measures how far they then are spread.
    "codebook-spread": Arm(
        "139 states, spread as the circuits'",
        "classical",
        (*_CODEBOOK, f"prior.spread={CircuitPrior().spread}"),
        editions=SECOND,
    ),
    "diffusion-large": Arm(
        "diffusion, 100 steps, unrestricted",
        "classical",
        ("model=latent_diffusion", "prior.steps=100", "prior.width=256", "prior.depth=3"),
    ),
    "vae": Arm("VAE", "classical", ("model=classical",), base=None),
    "diffusion-vae": Arm(
        "diffusion in the VAE's latent, 5 steps", "classical", ("model=vae_diffusion",), base="vae"
    ),
    "vae-mixture": Arm(
        "VAE, 30 latents, fitted prior",
        "classical",
        ("model=vae_mixture",),
        base=None,
        editions=SECOND,
    ),
    **{
        f"mixture-{k}": Arm(
            f"Gaussian mixture, {k} component{'s' if k > 1 else ''}",
            "classical",
            ("model=mixture", f"prior.components={k}"),
        )
        for k in (1, 10, 100)
    },
    "neighbours": Arm("nearest neighbours, resampled", "classical", ("model=neighbours",)),
    "untrained": Arm(
        "circuits not trained", "control", _quantum("denoising.iterations_per_epoch=0"), base=None
    ),
    "haar": Arm("Haar states", "control", ("model=ensemble", "prior.ensemble=haar")),
    "terminal": Arm(
        "terminal ensemble, not denoised", "control", ("model=ensemble", "prior.ensemble=terminal")
    ),
    "mean": Arm("mean state", "control", ("model=ensemble", "prior.ensemble=mean")),
    "isometries": Arm(
        "isometries without circuits", "control", ("model=isometries",), editions=SECOND
    ),
    "product": Arm("no entangling gates", "control", _quantum("prior.entangled=false")),
    "real": Arm("real circuits (RY and CZ)", "control", _quantum(), change=with_one_axis),
    "unitary": Arm("no ancilla", "control", _quantum(), change=without_ancillas),
    "traced": Arm("ancillas traced out, not measured", "control", _TRACED),
    "one-step": Arm("one step with all parameters", "control", _quantum(), change=in_one_step),
    "alike": Arm(
        "all steps alike, one ancilla each", "control", _quantum(), editions=SECOND, change=alike
    ),
    # The last ensemble alone is compared where this weight is 0, and forward ensembles are not.
    "compared": Arm(
        "every step compared with its ensemble",
        "control",
        _quantum("denoising.intermediate_weight=0.05"),
        editions=SECOND,
    ),
    "straight": Arm(
        "every step straight to the data",
        "control",
        _quantum("prior.strength=[0,0]"),
        editions=FIRST,
    ),
    "cells": Arm(
        "in 16 cells, a basis state each",
        "control",
        _quantum("denoising.cells=true"),
        editions=SECOND,
    ),
    "no-cells": Arm("no cells", "control", _quantum(), editions=FIRST),
    "no-spread": Arm(
        "states not turned at last", "control", _quantum("prior.spread=0"), editions=SECOND
    ),
    "mmd1": Arm("loss: MMD of mean states", "control", _quantum("loss=mmd1")),
    "mmdk": Arm("loss: MMD with the ladder of kernels", "control", _quantum("loss=mmdk")),
}


def of_edition(edition: int = EDITION) -> list[str]:
    """Returns the arms of an edition of the protocol."""
    return [name for name, arm in ARMS.items() if edition in arm.editions]


class EditionArms(Collection[str]):
    """The arms of the edition of today, models of your own among them: a list that may grow."""

    def __iter__(self) -> Iterator[str]:
        return iter(of_edition())

    def __len__(self) -> int:
        return len(of_edition())

    def __contains__(self, name: object) -> bool:
        return name in of_edition()


# The arms that train the autoencoder of a latent space.
BASES = {"states": "untrained", "vae": "vae"}


def add_plugins(modules: str | None) -> None:
    """Makes an arm of each model that modules of a user register.

    It stands on the autoencoder of its latent space, or trains its own where it has none.

    Arguments:
        modules: The names of the modules, with commas between; nothing if `None`.

    Raises:
        InputError: If one cannot be imported.
    """
    registry.load_plugins(modules)
    for name, entry in registry.ENTRIES.items():
        if modules and entry.plugin and not entry.classifier and name not in ARMS:
            words = (f"model={name}", f"plugin={modules}")
            role = cast(Role, entry.role)
            ARMS[name] = Arm(entry.title, role, words, BASES.get(entry.settings.latent or ""))
