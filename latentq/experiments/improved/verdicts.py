"""Verdicts on sizes in bits, and on their slopes in bits per qubit."""

from latentq.experiments.verdicts import Verdict, above, within
from latentq.report.statistics import Judged, Summary, judge_interval

ORDERS = 6.64  # The binary logarithm of 100: what "orders of magnitude" says at least.
NEAR = 0.15  # A slope that is nearer than this to a law in bits per qubit agrees with it.
FLAT = 0.25  # A gradient that loses less than this for each qubit has no plateau here.
TWICE = 0.322  # The binary logarithm of 1.25, the margin of a ratio.


def order(value: Summary, margin: float = 0.0) -> Judged:
    """Judges on which side of 0 a difference is."""
    return judge_interval(value.ends, margin)


def side(value: Summary, *, above: Verdict, below: Verdict, margin: float = 0.0) -> Verdict:
    """Returns a verdict by the side of 0 on which a difference is."""
    found = order(value, margin).side
    if found == "no difference" or found == "not enough data":
        return found
    return above if found == "higher" else below


def decay(slope: Summary) -> Verdict:
    """Judges whether a size falls as 2^-n."""
    found = order(slope).side
    if found == "higher":
        return "refuted"
    return within(slope.ends, -1 - NEAR, -1 + NEAR) if found == "lower" else "not enough data"


def flatness(slope: Summary) -> Verdict:
    """Judges whether a size does not fall exponentially."""
    found = above(slope.ends, -FLAT).side
    if found == "higher":
        return "confirmed"
    return "refuted" if found == "lower" else "not enough data"


def larger(ratio: Summary) -> Verdict:
    """Judges whether a ratio in bits is one of orders of magnitude."""
    if above(ratio.ends, ORDERS).side == "higher":
        return "confirmed"
    if above(ratio.ends, ORDERS).side != "lower":
        return "not enough data"
    return side(ratio, above="corrected", below="refuted", margin=TWICE)
