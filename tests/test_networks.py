import pytest
import torch

from latentq.models.networks import Decoder, Encoder


@pytest.mark.parametrize("channels", [4, 16])
def test_decoder_mirrors_encoder(channels: int) -> None:
    encoder, decoder = Encoder(32, channels), Decoder(32, channels)

    forward = [p.shape for name, p in encoder.named_parameters() if "weight" in name]
    backward = [p.shape for name, p in decoder.named_parameters() if "weight" in name]

    down = [shape[:2] for shape in forward[:3]]
    # A transposed convolution holds its weight as (inputs, outputs), the mirror of (out, in).
    assert down == [shape[:2] for shape in backward[:0:-1]]
    assert forward[-1] == torch.Size((32, 16 * 4 * channels))
    assert backward[0] == torch.Size((16 * 4 * channels, 32))


def test_shapes_and_independence_of_the_batch(generator: torch.Generator) -> None:
    encoder, decoder = Encoder(32), Decoder(256)
    images = torch.rand(5, 1, 28, 28, generator=generator)
    features = torch.rand(5, 256, generator=generator)

    assert encoder(images).shape == (5, 32)
    assert decoder(features).shape == (5, 1, 28, 28)
    assert torch.allclose(encoder(images[2:3]), encoder(images)[2:3], atol=1e-6)
    assert torch.allclose(decoder(features[2:3]), decoder(features)[2:3], atol=1e-6)


def test_encoder_sees_every_quarter_of_the_image() -> None:
    encoder, images = Encoder(32), torch.zeros(1, 1, 28, 28, requires_grad=True)

    (gradient,) = torch.autograd.grad(encoder(images).square().sum(), images)

    quarters = gradient.abs().reshape(2, 14, 2, 14).sum(dim=(1, 3))
    assert (quarters > 0).all()


def test_pixels_of_training_are_those_of_sampling(generator: torch.Generator) -> None:
    decoder = Decoder(32, channels=4)
    features = torch.rand(3, 32, generator=generator, requires_grad=True)
    found = []

    for training in (True, False):
        pixels = decoder.train(training)(features)
        found.append(
            (pixels, *torch.autograd.grad(pixels.square().sum(), [*decoder.parameters()]))
        )

    names = {type(pixels.grad_fn).__name__ for pixels, *_ in found}
    assert names == {"SlowConvTranspose2DBackward0", "ConvolutionBackward0"}
    for trained, sampled in zip(*found, strict=True):
        assert torch.allclose(trained, sampled, rtol=1e-4, atol=1e-4)
