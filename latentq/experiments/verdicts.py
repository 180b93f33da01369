"""Verdicts on statements, all by the one rule of `latentq.report.statistics.judge_interval`.

A statement names what it says: a difference, equality, or a number. Each has a margin, which the
page shows with its reason.
"""

from collections.abc import Sequence
from typing import Literal

from latentq.report.statistics import Ends, Judged, Summary, judge_interval

Verdict = Literal[
    "confirmed",
    "corrected",
    "refuted",
    "no difference",
    "not enough data",
    "cannot be compared",
]
RATIO = "ratio from 0.8 to 1.25, as in the study"
EXACT = "none: a count or a closed form"


def higher(found: Sequence[Judged]) -> Verdict:
    """Says of a statement of the form `this is higher` how it fared in several settings."""
    sides = {one.side for one in found}
    if sides == {"higher"}:
        return "confirmed"
    if "higher" in sides:
        return "corrected"
    if "lower" in sides:
        return "refuted"
    return "no difference" if sides == {"no difference"} else "not enough data"


def equal(found: Sequence[Judged], otherwise: Verdict = "corrected") -> Verdict:
    """Says of a statement of the form `there is no difference` how it fared in several settings.

    Arguments:
        found: The differences judged; one that is shown, but inside of the margin, counts as none.
        otherwise: The verdict if there is a difference that may be larger than the margin.
    """
    if found and all(one.inside for one in found):
        return "confirmed"
    shown = any(one.side in ("lower", "higher") and not one.inside for one in found)
    return otherwise if shown else "not enough data"


def within(
    ends: Ends | None, low: float, high: float, otherwise: Verdict = "corrected"
) -> Verdict:
    """Says of a number that stands for all from `low` to `high` whether an interval agrees.

    It does if all of the interval is there, and does not if nothing of it is.
    """
    if ends is None:
        return "not enough data"
    middle, half = (low + high) / 2, (high - low) / 2
    if judge_interval((ends[0] - middle, ends[1] - middle), half).inside:
        return "confirmed"
    return otherwise if ends[0] > high or ends[1] < low else "not enough data"


def above(ends: Ends | None, level: float) -> Judged:
    """Judges on which side of a level an interval is; a level has no margin."""
    return judge_interval(None if ends is None else (ends[0] - level, ends[1] - level), 0.0)


def of_logs(difference: Summary | None) -> Summary | None:
    """Returns the factor of a difference of binary logarithms."""
    if difference is None:
        return None
    ends = difference.ends
    powers = None if ends is None else (2.0 ** ends[0], 2.0 ** ends[1])
    return Summary(2.0**difference.mean, powers)


def small(found: Sequence[Judged]) -> str:
    """Says if a difference is shown but inside of the margin."""
    shown = [one for one in found if one.side in ("lower", "higher")]
    if not shown or not any(one.inside for one in shown):
        return ""
    some = "" if all(one.inside for one in shown) else "in part "
    return f"; shown, but {some}inside of the margin"
