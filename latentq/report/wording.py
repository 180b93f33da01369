"""Numbers and verdicts as text. No result is typed: every sentence is computed."""

import math
from collections.abc import Iterable, Sequence

from latentq.report.finished import Group, Replicates
from latentq.report.statistics import RATIO_MARGIN, Comparison, Summary, compare, summarize

MISSING = "missing"
ABSENT = "\N{EN DASH}"  # Not missing: there is no such number.
NAMES = {
    "mnist": "MNIST",
    "fashion": "Fashion-MNIST",
    "kmnist": "Kuzushiji-MNIST",
    "digits": "Digits, not MNIST",
    "folder": "Own images",
}
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
    """Writes a mean with the ends of its interval, `17.8 [16.1, 19.7]`, and its remark.

    Arguments:
        summary: The mean.
        runs: How many runs there are; if more than the values, the text says so.
    """
    if summary is None:
        return MISSING

    text = number(summary.mean)
    if summary.ends is not None:
        text = bracketed(summary.mean, summary.ends)
    n = len(summary.values)
    notes = [summary.note] if summary.note else []
    notes += [f"{n} of {runs} seeds"] if n < runs else []
    return f"{text} ({', '.join(notes)})" if notes else text


def bracketed(mean: float, ends: tuple[float, float]) -> str:
    """Writes a mean and two ends with as many decimals as the width has two digits."""
    low, high = ends
    width = (high - low) / 2
    if 0 < low < high / 10:  # No number of decimals suits both.
        return f"{number(mean)} [{number(low)}, {number(high)}]"
    if width <= 1e-9 * abs(mean):  # Rounding.
        return f"{number(mean)} [{number(mean)}, {number(mean)}]"
    places = max(0, min(decimals(width, 2), decimals(mean) + 2 if mean else 9))
    if places > 5:
        return f"{number(mean)} [{number(low)}, {number(high)}]"
    return f"{number(mean, places)} [{number(low, places)}, {number(high, places)}]"


def ratio_text(ratio: Summary | None) -> str:
    """Writes a ratio with its interval: `0.81 [0.72, 0.92]`."""
    if ratio is None or ratio.ends is None:
        return number(None if ratio is None else ratio.mean)

    low, high = ratio.ends
    if high > 10 * low:  # No number of decimals suits both.
        return f"{number(ratio.mean)} [{number(low)}, {number(high)}]"
    places = min(3, max(decimals(end, 2) for end in (low, high, ratio.mean)))
    return f"{number(ratio.mean, places)} [{number(low, places)}, {number(high, places)}]"


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


def sentence(one: Replicates, two: Replicates, result: Comparison) -> str:
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
        text += f"; ratio {ratio_text(result.ratio)}"
    return f"{text}; {_verdict(one, two, result)}."


def _alone(arm: Replicates, summary: Summary | None) -> str:
    """Says the FID of an arm, or why there is none."""
    if summary is not None:
        return f"{interval(summary)} ({seeds(arm.seeds)})"
    return MISSING if arm.runs else f"{MISSING} (no finished run)"


def _verdict(one: Replicates, two: Replicates, result: Comparison) -> str:
    """Says what the interval of the ratio says about a difference."""
    arms = zip((one, two), result.seeds, strict=True)
    alone = [arm.label for arm, found in arms if len(found) == 1]
    if result.pairing == "zero":
        return "a FID that is not positive has no ratio, so nothing is said"
    if len(alone) == 2:
        return "with a single seed no interval can be given"
    if alone or result.verdict is None:
        return f"{alone[0]} has a single seed, so no interval of the ratio can be given"

    how = " at equal seeds" if result.pairing == "paired" else ""
    what = f"the 95% interval of the ratio{how}"
    low, high = (number(math.exp(sign * RATIO_MARGIN)) for sign in (-1, 1))
    margin = f"within {low} to {high}"
    match result.verdict.side:
        case "no difference":
            return f"no difference: {what} lies {margin}"
        case "not enough data":
            return f"not enough data: {what} contains 1 and does not lie {margin}"
    small = f", though by little: it lies {margin}" if result.verdict.inside else ""
    side = result.verdict.side
    return (
        f"the FID of {one.label} is {side} than that of {two.label}: {what} does not contain 1"
        f"{small}"
    )


def comparisons(group: Group) -> list[tuple[Replicates, Replicates, Comparison]]:
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
    named = len(groups) > 1 or groups[0].runs[0].get("data.name") in {*NAMES} - {"mnist"}
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
    summary = summarize(_floors(group), "ratio")
    return None if summary is None else summary.mean
