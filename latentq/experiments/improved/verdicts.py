"""Verdicts by intervals over seeds."""

from latentq.experiments.improved.statistics import ends
from latentq.experiments.record import Verdict
from latentq.report.statistics import Summary

ORDERS = 6.64  # The binary logarithm of 100: what "orders of magnitude" says at least.
NEAR = 0.15  # A slope that is nearer than this to a law in bits per qubit agrees with it.
FLAT = 0.25  # A gradient that loses less than this for each qubit has no plateau here.


def order(value: Summary, level: float = 0.0) -> int:
    """Says whether an interval is above (1) or below (-1) a level, or holds it (0)."""
    low, high = ends(value)
    return int(low > level) - int(high < level)


def side(value: Summary, *, above: Verdict, below: Verdict, level: float = 0.0) -> Verdict:
    """Returns a verdict by the side of a level on which an interval is."""
    found: dict[int, Verdict] = {1: above, 0: "no difference", -1: below}
    return found[order(value, level)]


def decay(slope: Summary) -> Verdict:
    """Judges whether a size falls as 2^-n."""
    if order(slope) >= 0:
        return side(slope, above="refuted", below="confirmed")
    low, high = ends(slope)
    return "confirmed" if low - NEAR <= -1 <= high + NEAR else "corrected"


def flatness(slope: Summary) -> Verdict:
    """Judges whether a size does not fall exponentially."""
    if not order(slope, -FLAT):
        return "cannot be compared"
    return side(slope, above="confirmed", below="refuted", level=-FLAT)


def larger(ratio: Summary) -> Verdict:
    """Judges whether a ratio in bits is one of orders of magnitude."""
    if order(ratio, ORDERS) > 0:
        return "confirmed"
    if order(ratio) > 0 and not order(ratio, ORDERS):
        return "cannot be compared"
    return side(ratio, above="corrected", below="refuted")
