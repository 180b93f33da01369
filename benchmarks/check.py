"""Whether an engine computes what ours computes: nothing is timed that does not."""

from dataclasses import dataclass

import numpy as np

from benchmarks.engines import Iteration

LOSS_RTOL = 1e-4
GRADIENT_RTOL, GRADIENT_ATOL = 1e-3, 1e-5
ANGLES_ATOL = 1e-5
# The first step of Adam is the sign of the gradient, which is rounding where there is none.
SLOPE = 1e-4


class Disagreement(RuntimeError):
    """An engine that does not compute what ours does."""


@dataclass(frozen=True)
class Observation:
    """What an engine says of the first iteration.

    Arguments:
        loss: The loss at the first angles.
        gradient: Its gradient, with shape (P).
        angles: The angles in radians after one step of Adam, with shape (P).
    """

    loss: float
    gradient: np.ndarray
    angles: np.ndarray


def observe(iteration: Iteration) -> Observation:
    """Runs the first iteration of an engine; its angles are one step further afterwards."""
    loss, gradient = iteration.gradient()
    iteration.step()
    iteration.wait()
    return Observation(loss, gradient, iteration.angles())


def compare(name: str, seen: Observation, ours: Observation) -> None:
    """Compares an engine with ours.

    Arguments:
        name: The engine.
        seen: Its observation.
        ours: That of our engine.

    Raises:
        Disagreement: If loss, gradient or angles differ beyond the tolerances above, or are not
            finite.
    """
    steep = np.abs(ours.gradient) > SLOPE
    pairs = (
        ("loss", np.array(seen.loss), np.array(ours.loss), LOSS_RTOL, 0.0),
        ("gradient", seen.gradient, ours.gradient, GRADIENT_RTOL, GRADIENT_ATOL),
        ("angles", seen.angles[steep], ours.angles[steep], 0.0, ANGLES_ATOL),
    )
    for what, a, b, rtol, atol in pairs:
        if not (np.isfinite(b).all() and np.allclose(a, b, rtol=rtol, atol=atol)):
            gap = np.max(np.abs(a - b), initial=0.0)
            raise Disagreement(
                f"{name}: its {what} differs from that of our engine by up to {gap:.3g}"
            )
