r"""What every generative model here is: an encoder, a decoder, a loss, and a way to sample.

The quantum model and every baseline are subclasses, so that one trainer and one evaluation serve
them all.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from latentq.config.schema.data import CLASSES
from latentq.engine.process import own_defaults
from latentq.errors import InputError
from latentq.models.hub import HubModel
from latentq.models.networks import PIXELS
from latentq.randomness import check_whole, derive_generator, derive_seed

CHUNK = 1000

Labels = Tensor | int | None


def in_chunks(function: Callable[[Tensor], Tensor], inputs: Tensor) -> Tensor:
    """Applies a function to a batch in chunks, which bounds the memory that it takes."""
    return torch.cat([function(chunk) for chunk in inputs.split(CHUNK)])


def pixel_loss(logits: Tensor, images: Tensor) -> Tensor:
    r"""Returns the Bernoulli cross entropy in nats, summed over pixels, averaged over images.

    Arguments:
        logits: The logits of the pixels, with shape :math:`(B, 1, 28, 28)`.
        images: Images in :math:`[0, 1]`, with shape :math:`(B, 1, 28, 28)`.
    """
    return functional.binary_cross_entropy_with_logits(logits, images, reduction="sum") / len(
        images
    )


def check_images(
    images: Tensor,
    like: Tensor,
    name: str = "images",
    *,
    empty: bool = True,
    error: type[ValueError] = InputError,
) -> None:
    r"""Checks that a model can take images.

    Arguments:
        images: Images in :math:`[0, 1]`, with shape :math:`(B, 1, 28, 28)`.
        like: A weight of the model, whose type they must have.
        name: What to call them in the message.
        empty: Whether there may be none.
        error: What to raise if the range is another one, where images are somebody else's result.

    Raises:
        InputError: If the shape, the type or the range is another one, or there is none.
    """
    if images.dim() != 4 or images.shape[1:] != (1, PIXELS, PIXELS):
        raise InputError(
            f"{name}: must have shape (B, 1, {PIXELS}, {PIXELS}), was {tuple(images.shape)}"
        )
    if images.dtype != like.dtype:
        raise InputError(
            f"{name}: must be {like.dtype} in [0, 1], was {images.dtype}; convert them first"
        )
    if not empty and len(images) == 0:
        raise InputError(f"{name}: must be at least one image, was none")
    low, high = (x.item() for x in images.aminmax()) if len(images) else (0.0, 1.0)
    if not (low >= 0 and high <= 1):  # Also if a pixel is NaN.
        raise error(f"{name}: must be finite and in [0, 1], ranged from {low} to {high}")


def seeded(build: Callable[[], nn.Module], seed: int, purpose: str) -> nn.Module:
    """Builds a module whose default initialisation follows from a seed and a purpose."""
    with own_defaults():
        torch.manual_seed(derive_seed(seed, "init", purpose))
        return build()


class GenerativeModel(HubModel, nn.Module, ABC):
    """What the trainers and the evaluation expect of every generative model.

    It has an `encoder` and a `decoder`, and a `prior` if it trains one in a stage of its own.
    A `conditional` one takes the class of what it generates.
    """

    conditional: bool = False
    #: The number of classes of a conditional model.
    classes: int = CLASSES
    #: The real degrees of freedom of a latent, if that is known.
    latent_freedom: int | None = None
    #: What the latents are: models of one latent space can have the same autoencoder.
    latent_space: str | None = None

    encoder: nn.Module
    decoder: nn.Module
    prior: nn.Module | None

    @abstractmethod
    def encode(self, images: Tensor) -> Tensor:
        r"""Returns the latents of images of shape :math:`(B, 1, 28, 28)`."""

    @abstractmethod
    def decode(self, latents: Tensor) -> Tensor:
        r"""Returns the images of latents, with shape :math:`(B, 1, 28, 28)`, in :math:`[0, 1]`."""

    @abstractmethod
    def loss(
        self, images: Tensor, labels: Tensor, generator: torch.Generator
    ) -> dict[str, Tensor]:
        """Returns the `loss` of a batch of images, and its parts."""

    @abstractmethod
    def sample(self, n: int, seed: int = 0, label: Labels = None) -> Tensor:
        r"""Draws images, with shape :math:`(N, 1, 28, 28)`, in :math:`[0, 1]`."""

    def reconstruct(self, images: Tensor, labels: Tensor) -> Tensor:
        r"""Returns the decoded latents of images.

        Arguments:
            images: Images in :math:`[0, 1]`, with shape :math:`(B, 1, 28, 28)`.
            labels: Their classes, with shape :math:`(B)`, for a model that encodes them.
        """
        return self.decode(self.encode(images))

    def labels(self, n: int, seed: int = 0, label: Labels = None) -> Tensor | None:
        r"""Returns the classes of the images that :meth:`sample` draws, with shape :math:`(N)`.

        Arguments:
            n: The number of images :math:`N`, at least 1.
            seed: The seed of the draw, an integer of at least 0.
            label: A class, from 0 to 9 where there are ten, or one for each image, with shape
                :math:`(N)`. If `None`, a conditional model draws them uniformly and another one
                has none.

        Raises:
            InputError: If the model is not conditional, a label is not a class, there is another
                number of them, or `n` or `seed` is no such integer.
        """
        n, seed = check_whole(n, "n", 1), check_whole(seed, "seed")
        if label is None and not self.conditional:
            return None
        if not self.conditional:
            raise InputError(f"label: needs a model with model.conditional=true, was {label}")

        device = next(self.parameters()).device
        if label is None:
            generator = derive_generator(seed, "labels", device=device)
            return torch.randint(self.classes, (n,), device=device, generator=generator)
        try:
            given = torch.as_tensor(label, device=device)
        except (TypeError, ValueError, RuntimeError) as error:
            raise InputError(
                f"label: must be classes from 0 to {self.classes - 1}, was {label!r}"
            ) from error
        if given.shape not in ((), (1,), (n,)):
            raise InputError(
                f"label: must be one class or {n}, one for each image, was {tuple(given.shape)}"
            )
        whole = not given.is_floating_point() and given.dtype != torch.bool
        if not whole or bool(((given < 0) | (given >= self.classes)).any()):
            raise InputError(f"label: must be classes from 0 to {self.classes - 1}, was {label}")
        return given.expand(n).long()


def count_parameters(module: nn.Module | None) -> int:
    """Returns the number of trained parameters of a module."""
    return 0 if module is None else sum(p.numel() for p in module.parameters())


def parameter_counts(model: GenerativeModel) -> dict[str, int]:
    """Returns the trained parameters of encoder, decoder and prior, and their sum."""
    parts = {k: count_parameters(getattr(model, k, None)) for k in ("encoder", "decoder", "prior")}
    return {**parts, "total": sum(parts.values())}


def prior_freedom(prior: nn.Module | None) -> int:
    """Returns the free reals of a prior: its `freedom` if it says so, or else its parameters.

    They are fewer than its parameters where some of these do nothing, such as the phase of a
    vector that a measurement follows.
    """
    found = getattr(prior, "freedom", None)
    return count_parameters(prior) if found is None else int(found)
