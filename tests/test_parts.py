from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import pytest
import torch
from torch import Tensor, nn

from latentq.config.compose import load_config
from latentq.config.config import arguments_of
from latentq.models import storage
from latentq.models.generative import GenerativeModel
from latentq.models.networks import Decoder, Encoder
from latentq.models.parts import PART, Divisible, in_parts
from latentq.randomness import derive_generator

Named = dict[str, Tensor]


@pytest.fixture(scope="module")
def images() -> Tensor:
    return torch.rand(2 * PART + 9, 1, 28, 28, generator=derive_generator(0, "images"))


def model_of(kind: str) -> GenerativeModel:
    config = load_config([f"model={kind}", "model.channels=2"])
    return cast(GenerativeModel, storage.build_seeded(kind, arguments_of(config), seed=0))


def gradients(model: GenerativeModel, images: Tensor) -> Named:
    labels = torch.zeros(len(images), dtype=torch.int64)
    loss = model.loss(images, labels, derive_generator(0, "loss"))["loss"]
    model.zero_grad()
    loss.backward()
    named = model.named_parameters()
    return {"loss": loss.detach(), **{k: p.grad for k, p in named if p.grad is not None}}


@contextmanager
def shared(model: nn.Module, threads: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        with in_parts(model):
            assert torch.get_num_threads() == 1
            yield
    finally:
        assert torch.get_num_threads() == threads
        torch.set_num_threads(before)


def in_parts_of(model: GenerativeModel, images: Tensor, threads: int) -> Named:
    with shared(model, threads):
        return gradients(model, images)


@pytest.mark.parametrize("kind", ["quantum", "classical"])
def test_parts_add_up_to_the_whole(kind: str, images: Tensor) -> None:
    model = model_of(kind).double()

    whole = gradients(model, images.double())
    parts = in_parts_of(model, images.double(), threads=2)

    assert whole.keys() == parts.keys() and len(whole) > 16
    for name, gradient in whole.items():
        assert torch.allclose(parts[name], gradient, rtol=1e-9, atol=1e-9), name


def test_results_do_not_depend_on_the_number_of_threads(images: Tensor) -> None:
    model = model_of("quantum")

    one, *others = (in_parts_of(model, images, threads) for threads in (1, 2, 3))

    for other in others:
        assert all(torch.equal(other[name], gradient) for name, gradient in one.items())


def test_without_gradients_parts_stand_in_their_order(images: Tensor) -> None:
    encoder = Encoder(32, channels=2).eval()

    with torch.no_grad():
        whole = encoder(images)
        with shared(encoder, threads=2):
            parts = encoder(images)

    assert not parts.requires_grad and torch.allclose(parts, whole, atol=1e-6)


def test_inputs_and_frozen_weights(images: Tensor) -> None:
    decoder, features = Decoder(256, channels=2).double(), torch.rand(PART + 1, 256).double()
    decoder.net[0].requires_grad_(False)
    features.requires_grad_()

    (whole,) = torch.autograd.grad(decoder(features).square().sum(), features)
    with shared(decoder, threads=2):
        decoder(features).square().sum().backward()

    assert torch.allclose(cast(Tensor, features.grad), whole, rtol=1e-9, atol=1e-9)
    assert [p.grad is None for p in decoder.parameters()] == [True] * 2 + [False] * 6


class Picky(Divisible):
    """Layers that take whole parts alone."""

    def __init__(self) -> None:
        super().__init__()

        self.net = nn.Sequential(Layers())


class Layers(nn.Module):
    def forward(self, inputs: Tensor) -> Tensor:
        if len(inputs) != PART:
            raise ArithmeticError(f"a part of {len(inputs)}")
        return inputs


def test_errors_of_other_threads_come_out_and_all_is_put_back(images: Tensor) -> None:
    network = Picky()

    with pytest.raises(ArithmeticError, match="a part of 9"), shared(network, threads=2):
        network(images)

    assert network.threads is None
