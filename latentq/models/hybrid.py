r"""The hybrid model: CNN encoder, statevector, QuDDPM prior, mirrored CNN decoder.

.. math:: x \xrightarrow{\text{encoder}} (a, b) \in \mathbb{R}^{32}
    \xrightarrow{\text{normalise}} \psi \in \mathbb{C}^{16}
    \xrightarrow{\text{density coordinates}} \rho \xrightarrow{\text{decoder}} \hat{x}

The autoencoder is trained first, by the Bernoulli likelihood of the pixels. The QuDDPM is then
trained on the frozen latent states, and generates new ones.

A conditional model generates images of a given class: class :math:`y` starts in the basis state
:math:`| y \rangle`. The circuits are the same for all classes.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

import torch
from torch import Tensor, nn

from latentq.diffusion import Chain, DenoisingObjective, ForwardProcess, QuDDPM
from latentq.errors import InputError
from latentq.models.generative import (
    CLASSES,
    Labels,
)
from latentq.models.states import Coordinates, StateModel, cells_of
from latentq.randomness import derive_generator


class LatentQ(StateModel):
    r"""A CNN autoencoder with a latent of :math:`n`-qubit states, and a QuDDPM as its prior.

    Arguments:
        channels: The number of channels :math:`c` of the networks.
        prior: The arguments of :class:`~latentq.diffusion.ForwardProcess` (`qubits`, `steps`,
            `strength`, `terminal`, `terminal_strength`) and of :attr:`chain`.
        seed: The seed of the initial weights.
        latent_noise: The noise on the states while the autoencoder is trained, see
            :func:`latentq.quantum.states.perturb`.
        conditional: Whether the prior is given the class of what it generates.
        classes: The number of classes, at most one for each basis state.
        coordinates: What the decoder reads, see the base class.
    """

    #: The class of the denoising chain; another one makes another model.
    chain: Callable[..., Chain] = QuDDPM
    prior: Chain

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
        arguments: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in prior.items()
        }
        names = [f.name for f in fields(ForwardProcess)]
        forward = ForwardProcess(**{k: arguments.pop(k) for k in names})
        generator = derive_generator(seed, "init", "prior")
        super().__init__(
            channels,
            self.chain(forward, **arguments, generator=generator),
            seed,
            qubits=forward.qubits,
            latent_noise=latent_noise,
            conditional=conditional,
            coordinates=coordinates,
        )
        self.classes = classes

    def objective(
        self, latents: Tensor, labels: Tensor, settings: Mapping[str, Any], seed: int
    ) -> DenoisingObjective:
        r"""Returns what the prior is trained on.

        Arguments:
            latents: The states of the training images, with shape :math:`(N, d)`.
            labels: Their classes, with shape :math:`(N)`; the groups of a conditional model.
            settings: The section `denoising` of the configuration: `input_batch_size`,
                `start_batch_size` and `target_batch_size`, `intermediate_weight`,
                `single_steps`, and `cells`: whether states are divided into these.
            seed: The seed of all draws.

        Raises:
            InputError: If there are fewer states than cells, a class of a conditional model has
                no state, or there are fewer states in a batch than groups.
        """
        groups = None
        if self.conditional:
            counts = torch.bincount(labels, minlength=self.classes)
            if missing := int((counts == 0).sum()):
                raise InputError(
                    f"labels: must hold all {self.classes} classes of a conditional model, "
                    f"{missing} of them have no state"
                )
            groups = labels
        elif settings["cells"]:
            groups = cells_of(latents, "denoising.cells", seed)
        names = (
            "input_batch_size",
            "start_batch_size",
            "target_batch_size",
            "intermediate_weight",
            "single_steps",
        )
        chosen = {name: settings[name] for name in names}
        return DenoisingObjective(
            self.prior, latents, **chosen, seed=seed, groups=groups, balanced=True
        )

    @torch.no_grad()
    def sample_chain(self, n: int, seed: int = 0, label: Labels = None) -> Tensor:
        r"""Draws the ensembles of a generation, from :math:`S_T` to :math:`S_0`.

        Arguments:
            n: The number of states :math:`N`.
            seed: The seed of the draw.
            label: The classes, see :meth:`labels`.

        Returns:
            Statevectors, with shape :math:`(T + 1, N, 16)`.
        """
        start = self.labels(n, seed, label)
        return self.prior.sample_chain(n, self.generator(seed), start=start)

    def sample_states(self, n: int, seed: int = 0, label: Labels = None) -> Tensor:
        r"""Draws the generated states :math:`S_0`, see the base class."""
        return self.sample_chain(n, seed, label)[-1]


def quantum_model(model: nn.Module, path: object) -> tuple[LatentQ, QuDDPM]:
    """Returns a model as one with a quantum prior, and this prior.

    Arguments:
        model: The model.
        path: The checkpoint that it is from, for the message.

    Raises:
        InputError: If it is another model, or its prior has no circuits.
    """
    if isinstance(model, LatentQ) and isinstance(model.prior, QuDDPM):
        return model, model.prior
    raise InputError(
        f"checkpoint: must be a model with a quantum prior, such as quantum, was {path}"
    )
