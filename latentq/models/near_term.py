r"""The hybrid model for machines of today: 28 CZ in all, for each cell or class its own angles.

Everything but the chain is that of :class:`~latentq.models.hybrid.LatentQ`.
"""

from collections.abc import Mapping
from typing import Any

from latentq.diffusion.near_term import NearTermQuDDPM
from latentq.models.generative import CLASSES
from latentq.models.hybrid import LatentQ
from latentq.models.states import Coordinates


class NearTerm(LatentQ):
    r"""The hybrid model with a :class:`~latentq.diffusion.near_term.NearTermQuDDPM` as its prior.

    Arguments:
        channels: The number of channels of the networks.
        prior: The arguments of :class:`~latentq.diffusion.ForwardProcess` and of the chain.
        seed: The seed of the initial weights.
        latent_noise: The noise on the states while the autoencoder is trained.
        conditional: Whether basis state y stands for class y, else for a cell of the states.
        classes: The number of classes, at most one for each basis state.
        coordinates: What the decoder reads, see :class:`~latentq.models.states.StateModel`.
    """

    chain = NearTermQuDDPM

    def __init__(
        self,
        channels: int,
        prior: Mapping[str, Any],
        seed: int = 0,
        *,
        latent_noise: float = 0.0,
        conditional: bool = False,
        classes: int = CLASSES,
        coordinates: Coordinates = "all",
    ) -> None:
        groups = classes if conditional else 2 ** prior["qubits"]
        super().__init__(
            channels,
            {**prior, "groups": groups},
            seed,
            latent_noise=latent_noise,
            conditional=conditional,
            classes=classes,
            coordinates=coordinates,
        )
