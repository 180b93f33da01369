"""Numbers and verdicts as text. No result is typed: every sentence is computed."""

import math
from collections.abc import Iterable, Sequence

from latentq.report.runs import Arm, Group
from latentq.report.statistics import Comparison, Summary, compare, summarize

MISSING = "missing"
ABSENT = "\N{EN DASH}"  # Not missing: there is no such number.
NAMES = {"mnist": "MNIST", "digits": "Digits, not MNIST"}
SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def decimals(value: float, digits: int = 3) -> int:
    """Returns the number of decimals that shows three significant digits, or some others."""
    return max(0, digits - 1 - math.floor(math.log10(abs(value)))) if value else 0


def number(value: float | None, places: int | None = None) -> str:
    """Writes a number with three significant digits, or with given decimals; `missing` if none."""
    if value is None:
        return MISSING
    if value == 0 and places is None:
        return "0"

    places = decimals(value) if places is None else places
    text = f"{value:.1e}" if places > 6 else f"{value:,.{places}f}"
    return text.replace("-", "\N{MINUS SIGN}")


def interval(summary: Summary | None, runs: int = 0) -> str:
    """Writes a mean with the half width of its interval, which has two significant digits.

    Arguments:
        summary: The mean.
        runs: How many runs there are; if more than the values, the text says so.
    """
    if summary is None:
        return MISSING

    text = number(summary.mean)
    if summary.half is not None and summary.half > 1e-9 * abs(summary.mean):  # Not rounding.
        places = min(decimals(summary.half, 2), decimals(summary.mean) + 2)
        text = f"{number(summary.mean, places)} ± {number(summary.half, places)}"
    elif summary.half is not None:
        text += " ± 0"
    n = len(summary.values)
    return f"{text} ({n} of {runs} seeds)" if n < runs else text


def count(value: float | None) -> str:
    """Writes a whole number."""
    return MISSING if value is None else f"{value:,.0f}"


def listed(items: Iterable[object]) -> str:
    """Writes a list: `0, 1 and 2`."""
    words = ["none" if item is None else str(item) for item in items]
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def seeds(values: Sequence[int | None]) -> str:
    """Writes which seeds: `seed 0`, `seeds 0 and 1`."""
    return f"seed{'s' if len(values) > 1 else ''} {listed(values)}"


def step(t: int) -> str:
    """Writes the name of the ensemble of a step: `S₃`."""
    return f"S{t}".translate(SUBSCRIPTS)


def sentence(one: Arm, two: Arm, result: Comparison) -> str:
    """Says in one sentence how the FIDs of two arms compare.

    Arguments:
        one: The first arm.
        two: The second arm.
        result: Their comparison.
    """
    if result.pairing == "missing":
        return (
            ", of ".join(
                f"{'FID of ' if arm is one else ''}{arm.label} samples {_alone(arm, summary)}"
                for arm, summary in ((one, result.first), (two, result.second))
            )
            + ": there is nothing to compare."
        )

    at = [seeds(of) for of in result.seeds]
    both = f" ({at[0]})" if at[0] == at[1] else ""
    each = [f" ({text})" if not both else "" for text in at]
    text = (
        f"FID of {one.label} samples {interval(result.first)}{each[0]}, "
        f"of {two.label} samples {interval(result.second)}{each[1]}{both}"
    )
    if result.ratio is not None:
        text += f"; ratio {number(result.ratio)}"
    return f"{text}; {_verdict(one, two, result)}."


def _alone(arm: Arm, summary: Summary | None) -> str:
    """Says the FID of an arm, or why there is none."""
    if summary is not None:
        return f"{interval(summary)} ({seeds(arm.seeds)})"
    return MISSING if arm.runs else f"{MISSING} (no finished run)"


def _verdict(one: Arm, two: Arm, result: Comparison) -> str:
    """Says what the intervals say about a difference."""
    arms = zip((one, two), result.seeds, strict=True)
    alone = [arm.label for arm, found in arms if len(found) == 1]
    if len(alone) == 2:
        return "with a single seed no interval can be given"
    if alone:
        return f"{alone[0]} has a single seed, so no interval of the difference can be given"

    if result.difference is not None and (ends := result.difference.ends) is not None:
        places = max(0, decimals(max(ends, key=abs)))
        low, high = (number(end, places) for end in ends)
        what = f"the 95% interval of the difference at equal seeds, [{low}, {high}],"
        equal, apart = f"{what} contains 0", f"{what} does not contain 0"
    else:
        equal, apart = "the 95% intervals overlap", "the 95% intervals do not overlap"
    if result.verdict == "no difference":
        return f"no difference: {equal}"
    return f"the FID of {one.label} is {result.verdict} than that of {two.label}: {apart}"


def comparisons(group: Group) -> list[tuple[Arm, Arm, Comparison]]:
    """Compares the FID of every quantum arm with that of every other model."""
    return [
        (one, two, compare(one.values("fid"), two.values("fid")))
        for one in group.arms
        for two in group.arms
        if one.model == "quantum" and two.model != "quantum"
    ]


def group_title(group: Group) -> str:
    """Says on which data the numbers of a group are, and with how many samples."""
    run = group.runs[0]
    name = run.get("data.name")
    title = f"{NAMES.get(name, name) or 'unnamed data'}, {count(run.number('n_samples'))} samples"
    if run.conditional:
        title += ", given the class"
    if run.split == "validation":
        title += ", against validation images"
    limit = run.number("data.limit")
    return title if limit is None else f"{title}, data limited to {count(limit)} images"


def group_titles(groups: Sequence[Group]) -> list[str]:
    """Names groups so that no two have the same title."""
    titles = [group_title(group) for group in groups]
    for key, what in (("features.sha256", "features"), ("data.sha256", "data")):
        parts = [f"{what} {str(group.runs[0].get(key) or MISSING)[:8]}" for group in groups]
        titles = [
            f"{title}, {part}" if titles.count(title) > 1 else title
            for title, part in zip(titles, parts, strict=True)
        ]
    return [
        title if titles.count(title) == 1 else f"{title}, kind {1 + titles[:i].count(title)}"
        for i, title in enumerate(titles)
    ]


def headlines(groups: Sequence[Group]) -> list[str]:
    """Says the results, a sentence for each comparison, with the data where it is in doubt."""
    named = len(groups) > 1 or any(group.digits for group in groups)
    return [
        (f"{title}: " if named else "") + sentence(*compared)
        for group, title in zip(groups, group_titles(groups), strict=True)
        for compared in comparisons(group)
    ]


def _floors(group: Group) -> list[float]:
    """Returns the different floors that the runs of a group measured, in order."""
    found = {run.number("fid_floor") for run in group.runs}
    return sorted(value for value in found if value is not None)


def floor_text(group: Group) -> str:
    """Writes the floor of a group: one number, or the range where runs do not agree."""
    values = _floors(group)
    if not values:
        return MISSING
    ends = dict.fromkeys(number(value) for value in (values[0], values[-1]))
    return " to ".join(ends)


def floor_value(group: Group) -> float | None:
    """Returns the mean of the floors that the runs of a group measured."""
    summary = summarize(_floors(group))
    return None if summary is None else summary.mean
