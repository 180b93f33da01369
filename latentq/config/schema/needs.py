"""The memory that parts of a run take at their peak, estimated from its settings."""

from dataclasses import dataclass

FLOAT, COMPLEX, DOUBLE = 4, 8, 8
SAMPLES = 10_000


@dataclass(frozen=True)
class Need:
    """What a part of a run takes at its peak.

    Arguments:
        what: The part.
        size: The bytes.
        keys: The keys that it grows with, the one to lower first in front.
    """

    what: str
    size: float
    keys: tuple[str, ...]


def batch_need(batch: int, channels: int) -> Need:
    """Estimates the inputs and outputs of three layers each of the encoder and of its mirror."""
    size = batch * (6 * 358 * channels + 6 * 784) * FLOAT
    return Need("a batch of images", size, ("images.batch_size", "model.channels"))


def chain_need(steps: int, qubits: int, vectors: float = 1.0) -> Need:
    """Estimates the states of a generation, each of so many vectors: above 1 if it is mixed."""
    wide = ("prior.ancillas",) if vectors > 1 else ()
    size = (steps + 1) * SAMPLES * 2**qubits * COMPLEX * vectors
    return Need("the generated states", size, ("prior.steps", "prior.qubits", *wide))


def network_need(batch: int, width: int, depth: int) -> Need:
    """Estimates the neurons of a classical diffusion."""
    size = 3 * batch * width * (depth + 1) * FLOAT
    return Need("a batch of the prior", size, ("denoising.batch_size", "prior.width"))


def fit_need(fitted: int, parts: int, reals: int, key: str, matrices: bool = False) -> Need:
    """Estimates the fit of some parts to states, each with a covariance matrix or without."""
    size = 3 * fitted * (parts + reals) * DOUBLE
    if matrices:
        size += 4 * parts * reals**2 * DOUBLE
    return Need("the fit", size, (key, "prior.fitted"))
