"""The sentences of the report. No result is typed: all of them are computed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence, Sized
from typing import get_args

from latentq.report.statistics import Summary
from latentq.report.wording import MISSING, count, decimals, listed, number, ratio_text
from latentq.study.arms import ARMS
from latentq.study.report.findings import TOLERANCE, Findings
from latentq.study.results import StudyResults
from latentq.study.verdict import LEVEL, RECALL, RECALL_MARGIN, SEEDS, Pairs, Result, Verdict

PROTOCOLS = {True: "docs/protocol-first-edition.md", False: "docs/protocol.md, second edition"}
BOTH = (
    "Better is better in one of the two and not worse in the other, by the same margins; better "
    "in one and worse in the other is a trade-off. "
)
FIRST_EDITION = (
    "This is the study of the first edition of the protocol: seeds 0 to 4, one data set, one "
    "endpoint, and settings of the quantum arm that were chosen with more effort, on a seed "
    "that was tested."
)
SMALLEST = 1e-4  # Smaller p-values are not told apart.


def images_text(study: StudyResults, size: int) -> str:
    """Writes a number of images to train on, with that of the jobs' names where two are equal."""
    images = study.images(size)
    same = [other for other in study.sizes if study.images(other) == images]
    return f"{images:,}" if len(same) == 1 else f"{images:,} (n{size})"


def pairs_text(pairs: Pairs) -> str:
    """Writes the ratio of two arms with its interval."""
    return ratio_text(None if pairs.ratio is None else Summary(pairs.ratio, pairs.interval))


def p_text(p: float | None) -> str:
    """Writes a p-value."""
    if p is None:
        return MISSING
    return f"< {SMALLEST:.4f}" if p < SMALLEST else number(p, max(2, min(4, decimals(p, 2))))


def _arm(arm: str) -> str:
    return f"“{ARMS[arm].title}”"


def verdict_title(findings: Sequence[Findings]) -> str:
    """Writes the verdict at the largest number of images, on each data set if they differ."""
    found = {of.name: of.judgement.headline for of in findings}
    if len({*found.values()}) > 1:
        return "; ".join(f"{name}: {verdict}" for name, verdict in found.items())
    title = next(iter(found.values())).capitalize()
    return title if len(found) == 1 else f"{title}, on {listed(found)}"


def headline(findings: Findings) -> str:
    """Says the verdict at the largest number of images, and on what it stands."""
    results = findings.judgement.at(findings.largest)
    at = f"{findings.prefix}At {images_text(findings.study, findings.largest)} training images"
    said = f"{at} {_opening(findings, results)}"
    if findings.study.edition == 1:
        return f"{said}. {ratios(findings)}"
    counts = Counter(result.verdict for result in results)
    order = get_args(Verdict)
    told = listed(f"{verdict}: {counts[verdict]}" for verdict in order if counts[verdict])
    return f"{said}. Of {len(results)} arms, {told}."


def ratios(findings: Findings) -> str:
    """Says how quantum compares with each matched arm at the largest number of images."""
    results = findings.judgement.at(findings.largest)
    told = "; ".join(_ratio_clause(result) for result in results)
    return f"FID, quantum ÷ classical: {told}."


def _opening(findings: Findings, results: Sequence[Result]) -> str:
    """Says the verdict over all matched arms."""
    better = [result for result in results if result.verdict == "classical better"]
    n = len(results)
    match findings.judgement.headline:
        case "quantum better":
            return f"the quantum prior is better than {_each(n)}"
        case "classical better":
            are = "is" if len(better) == 1 else "are"
            return (
                f"{len(better)} of {n} classical priors of the same size {are} better than the "
                "quantum prior"
            )
        case "trade-off":
            return (
                f"none of {n} classical priors of the same size is better than the quantum prior, "
                "and against some it is better in FID or recall and worse in the other"
            )
        case "no difference":
            return (
                f"none of {n} classical priors of the same size is better than the quantum prior, "
                "and it is not better than all of them"
            )
    return (
        "there is not enough data to say whether the quantum prior is better than classical "
        "priors of the same size, as good or worse"
    )


def _each(n: int) -> str:
    """Names all matched arms."""
    return (
        "the classical prior of the same size"
        if n == 1
        else f"each of {n} classical priors of the same size"
    )


def _ratio_clause(result: Result) -> str:
    """Says the ratio to one arm with its verdict, or that there are too few seeds."""
    n = len(result.pairs.seeds)
    if n < SEEDS:
        seeds = f"{n or 'no'} seed{'' if n == 1 else 's'} in common"
        return f"{_arm(result.arm)} {seeds}, and {SEEDS} are needed"
    if (recall := result.endpoints.get(RECALL.key)) is None:
        return f"{_arm(result.arm)} {pairs_text(result.pairs)}, {result.verdict}"
    more = MISSING if recall.pairs.difference is None else signed(recall.pairs.difference.mean)
    return f"{_arm(result.arm)} {pairs_text(result.pairs)}, recall {more}, {result.verdict}"


def efficiency(findings: Findings) -> str:
    """Says whether the quantum prior needs fewer images."""
    study, judgement = findings.study, findings.judgement
    smaller = [size for size in study.sizes if size < findings.largest]
    if not smaller:
        return "Whether the quantum prior needs fewer images was not asked: there is one number."
    if found := judgement.fewer_images:
        at = listed(images_text(study, size) for size in found)
        return f"The quantum prior needs fewer images: it is better than all at {at} images."

    told = [f"{judgement.overall[size]} at {images_text(study, size)}" for size in smaller]
    return f"That the quantum prior needs fewer images is not shown: {listed(told)} images."


def rule(findings: Sequence[Findings]) -> str:
    """Says how the rule of the verdict was applied."""
    first = findings[0].study.edition == 1
    results = [result for of in findings for result in of.judgement.results]
    tested = [t for result in results for t in result.endpoints.values()]
    arms, sizes = {r.arm for r in results}, {r.size for r in results}
    tests = sum(t.pairs.p is not None for t in tested)
    most = max(len(t.pairs.seeds) for t in tested)
    compared = "is log FID" if first else "are log FID and recall"
    recall = "" if first else f", and that of the difference of recalls within {RECALL_MARGIN:g}"
    data = f" on {count_of(findings, 'data set')}" if len(findings) > 1 else ""
    return (
        f"The rule is that of {PROTOCOLS[first]}. Compared {compared} at "
        f"equal seeds, {most} at the most: {len(arms)} matched arms at "
        f"{count_of(sizes, 'number')} of images{data}, "
        f"{tests} of these {len(tested)} with the {SEEDS} seeds that a paired two-sided t-test "
        f"asks for. Their p-values are adjusted together by Holm's method. Below {LEVEL:g} "
        "one side is better; otherwise there is no difference if the 95% interval of the ratio "
        f"lies within 0.8 to 1.25{recall}, and not enough data if it does not. "
        + ("" if first else BOTH)
        + "Quantum is better only if "
        "it is better than every matched arm; one that is better than quantum decides against it."
    )


def warnings(findings: Findings) -> list[str]:
    """Says what has to be known to read the result."""
    study = findings.study
    said = [FIRST_EDITION] if study.edition == 1 else []
    said += study.notes
    if failed := [arm for arm in study.tuning.get("failed", []) if arm in ARMS]:
        arms = listed(_arm(arm) for arm in failed)
        said.append(f"No trial of the tuning was finished of {arms}: default settings were used.")
    missing = [job for job in study.jobs if job.state != "finished"]
    if missing:
        have = "has" if len(missing) == 1 else "have"
        said.append(f"{len(missing)} of {len(study.jobs)} jobs {have} no value: see below.")
    for arm, excess in findings.unmatched():
        said.append(
            f"{_arm(arm)} is not of the same size: the free reals of its prior differ from "
            f"quantum's by {percent(excess)}, and {TOLERANCE:.0%} are allowed."
        )
    if others := findings.other_decoders():
        said.append(
            "These jobs do not reconstruct as quantum does at their seed, so they have another "
            f"decoder, and their differences are not of the priors alone: {', '.join(others)}."
        )
    if any(run.split != "test" for run in study.runs.values()):
        said.append("The jobs are measured against validation images, and not test images.")
    return said


def count_of(items: Sized, what: str) -> str:
    """Writes how many there are: `1 number`, `2 numbers`."""
    return f"{len(items)} {what}{'' if len(items) == 1 else 's'}"


def signed(value: float) -> str:
    """Writes a difference of recalls with its sign."""
    return f"{value:+.3f}".replace("-", "\N{MINUS SIGN}")


def percent(value: float | None) -> str:
    """Writes a difference in percent, with its sign."""
    if value is None:
        return MISSING
    text = f"{100 * value:+.1f}%" if abs(value) < 10 else f"{100 * value:+,.0f}%"
    return text.replace("-", "\N{MINUS SIGN}") if float(f"{100 * value:.1f}") else "0%"


def seeds_text(have: int, planned: int) -> str:
    """Writes how many seeds there are, and of how many if some are missing."""
    return count(have) if have == planned else f"{have} of {planned}"
